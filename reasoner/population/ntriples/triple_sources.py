"""Records in RDF as inputs of a batch: as N-Triples, cut between patients into units that are read by themselves.

A file in another syntax is first written as N-Triples.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from msgspec import structs

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.population.ntriples.conversion import convert_all
from reasoner.population.ntriples.grouping import cuts, regroup, types_patient
from reasoner.population.ntriples.owners import owners_of, record_lines
from reasoner.population.ntriples.triple_block import TripleBlock
from reasoner.population.unit import ScatteredError, Unit
from reasoner.records.vocabulary import SHARED

if TYPE_CHECKING:
    from reasoner.population.sources import Readers

#: About how many bytes of text make a unit.
BYTES = 48 << 20


def open_all(paths: list[Path], readers: Readers, scratch: Path, workers: int) -> dict[Path, TripleSource]:
    """The sources of files of RDF, by path; `scratch` is an empty directory for what has to be written anew.

    Raises RecordError where a file cannot be read, or holds no patient.
    """
    others = [path for path in paths if path.suffix.lower() != ".nt"]
    written = convert_all(others, scratch, workers)
    return {path: _opened(path, written.get(path, path), readers, scratch / f"{number}")
            for number, path in enumerate(paths)}  # fmt: skip


def _opened(path: Path, written: Path, readers: Readers, scratch: Path) -> TripleSource:
    """The source of N-Triples; regrouped where already its first unit does not hold its patients whole."""
    pieces = tuple((written, start, stop) for start, stop in pairwise(cuts(written, BYTES // readers.cut)))
    source = TripleSource(path, pieces, readers, regrouped=len(pieces) < 2)
    if not types_patient(written):
        source.check_patients()
    try:
        return source if source.regrouped else replace(source, first=source.cohort(source.units()[0]))
    except ScatteredError:
        return source.whole(scratch)[0]


@dataclass(frozen=True)
class TripleSource:
    """Records in N-Triples, each patient's triples together; a unit is some of its lines. `path` is what was given.

    `first` is the cohort of the first unit where that was read already, to see early whether patients lie apart.
    """

    path: Path
    pieces: tuple[tuple[Path, int, int], ...]
    readers: Readers
    regrouped: bool
    first: Cohort | None = None

    @property
    def work(self) -> int:
        return 0

    def units(self) -> list[Unit]:
        """One for each piece, as if these followed each other."""
        bounds = accumulate((stop - start for _, start, stop in self.pieces), initial=0)
        return [Unit(str(self.path), *bound) for bound in pairwise(bounds)]

    def cohort(self, unit: Unit) -> Cohort:
        if unit.start == 0 and self.first is not None:
            return self.first
        return self.readers.triples.cohort(self._block(self._piece(unit)), str(self.path), grouped=self.regrouped)

    def records(self, unit: Unit, patients: pa.Array) -> bytes:
        block = self._block(self._piece(unit))
        chosen = np.asarray(pc.is_in(block.names(block.patients), patients))
        return record_lines(block, chosen, np.zeros(0, np.int32))

    def shared(self, unit: Unit, names: Collection[str]) -> list[Reject]:
        owners = owners_of(self._block(self._piece(unit)), names)
        return [Reject(patient, str(self.path), *SHARED) for patient in owners]

    def whole(self, scratch: Path) -> list[TripleSource]:
        """The same records, written anew so that each patient's triples stand together."""
        folder = scratch / "regrouped"
        folder.mkdir(parents=True)
        count = max(1, self.units()[-1].stop // BYTES)
        paths = regroup(lambda: map(self._block, self.pieces), self.readers.classifier, folder, count)
        pieces = tuple((path, 0, path.stat().st_size) for path in paths)
        return [replace(self, pieces=pieces, regrouped=True, first=None)]

    def check_patients(self) -> None:
        """Raise RecordError where nothing is stated, or no patient is typed, as for a single record."""
        empty = True
        for block in map(self._block, self.pieces):
            empty = empty and not block.recorded
            if len(block.patients):
                return
        from rdflib import Graph

        from reasoner.records.record import gather

        gather([rdf.read_graph(self.path) if empty else rdf.Parsed(Graph(), str(self.path))])

    def _piece(self, unit: Unit) -> tuple[Path, int, int]:
        return self.pieces[self.units().index(unit)]

    def _block(self, piece: tuple[Path, int, int]) -> TripleBlock:
        """The triples of a piece. Raises RecordError, with a line of the file."""
        try:
            return self.readers.triples.block(*piece, str(self.path))
        except RecordError as error:
            before = _lines_before(*piece[:2])
            raise RecordError(*(structs.replace(problem, line=(problem.line or 1) + before)
                                for problem in error.problems)) from None  # fmt: skip


def _lines_before(path: Path, offset: int) -> int:
    """How many lines end in the first `offset` bytes of a file."""
    with path.open("rb") as file:
        count = 0
        while offset and (data := file.read(min(offset, BYTES))):
            count, offset = count + data.count(b"\n"), offset - len(data)
    return count
