"""Records in RDF as inputs of a batch, cut into units that are read by themselves.

N-Triples are cut between patients, documents in other syntaxes between statements; a document that cannot be cut is
first written as N-Triples.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.population.ntriples.block import Block
from reasoner.population.ntriples.documents import cut
from reasoner.population.ntriples.grouping import cuts, regroup, types_patient
from reasoner.population.ntriples.ntriples import as_lines, blocks
from reasoner.population.ntriples.pieces import Document, UncutError
from reasoner.population.ntriples.triples import Triples, read_block
from reasoner.population.unit import ScatteredError, Unit
from reasoner.records.vocabulary import SHARED

if TYPE_CHECKING:
    from reasoner.population.sources import Readers

#: About how many bytes of text make a unit.
BYTES = 48 << 20
#: About how many times as long N-Triples are as other syntaxes.
_LONGER = 4

# A label of 128 random bits whose first hexadecimal digits are zero, which are not written, as subject or as object.
_LABEL = 34
_SHORT = re.compile(rb"(_:[a-f][0-9a-f]{0,30})( (?=<)| \.\n)")
_LINE_END = ord("\n")


def open_triples(path: Path, readers: Readers, scratch: Path) -> TripleSource:
    """The source of a file of RDF; `scratch` is an empty directory for what has to be written anew."""
    if path.suffix.lower() == ".nt":
        return _grouped(path, path, readers, scratch)
    document = cut(path, BYTES // _LONGER)
    return _cut(path, document, readers, scratch) if document else _written(path, readers, scratch)


@dataclass(frozen=True)
class TripleSource:
    """Records in N-Triples, each patient's triples together; a unit is some of its lines. `path` is what was given.

    With `document` they are in another syntax, cut there.
    """

    path: Path
    pieces: tuple[tuple[Path, int, int], ...]
    readers: Readers
    regrouped: bool
    document: Document | None = None

    @property
    def work(self) -> int:
        weight = self.document.weight if self.document else 0
        return weight * sum(stop - start for _, start, stop in self.pieces)

    def units(self) -> list[Unit]:
        return [Unit(str(self.path), *bounds) for bounds in pairwise(self._bounds)]

    @cached_property
    def _bounds(self) -> list[int]:
        """Where units begin, as if one piece followed the other, and the end."""
        return list(accumulate((stop - start for _, start, stop in self.pieces), initial=0))

    def _of(self, unit: Unit) -> tuple[Path, int, int]:
        return self.pieces[bisect_left(self._bounds, unit.start)]

    def cohort(self, unit: Unit) -> Cohort:
        file, start, stop = self._of(unit)
        if self.document:
            return self._piece(self.document, start, stop)
        reader = self.readers.triples
        text = reader.buffer.read(file, start, stop)
        return reader.read(text, str(self.path), lambda: _line(file, start), grouped=self.regrouped)

    def shared(self, unit: Unit, names: Collection[str]) -> list[Reject]:
        file, start, stop = self._of(unit)
        reader = self.readers.triples
        owners = reader.owners(reader.buffer.read(file, start, stop), str(self.path), names)
        return [Reject(patient, str(self.path), *SHARED) for patient in owners]

    def whole(self, scratch: Path) -> TripleSource:
        """The same records, written anew so that each patient's triples stand together, or a document as a whole."""
        if self.document:
            return _written(self.path, self.readers, scratch)
        folder = scratch / "regrouped"
        folder.mkdir()
        written = self.pieces[0][0]
        count = max(1, written.stat().st_size // BYTES)
        paths = regroup(lambda: _triples(written, self.path), self.readers.judge, folder, count)
        return replace(self, pieces=tuple((p, 0, p.stat().st_size) for p in paths), regrouped=True)

    def _piece(self, document: Document, start: int, stop: int) -> Cohort:
        """The patients of a piece of a document; whatever is wrong, the whole file tells what and where."""
        try:
            return self.readers.triples.read(document.read(start, stop), str(self.path))
        except (UncutError, RecordError) as error:
            raise ScatteredError(str(self.path)) from error


def _line(path: Path, offset: int) -> int:
    """The number of the line that begins at `offset`."""
    with path.open("rb") as file:
        count = 1
        while offset and (data := file.read(min(offset, BYTES))):
            count, offset = count + data.count(b"\n"), offset - len(data)
    return count


def _cut(path: Path, document: Document, readers: Readers, scratch: Path) -> TripleSource:
    """The source of a document that is cut."""
    pieces = tuple((path, start, stop) for start, stop in document.pieces)
    return _tried(TripleSource(path, pieces, readers, regrouped=False, document=document), scratch)


def _written(path: Path, readers: Readers, scratch: Path) -> TripleSource:
    """The source of records in any syntax, written as N-Triples."""
    written = scratch / "records.nt"
    with written.open("wb") as out:
        out.writelines(map(evenly, as_lines(path)))
    return _grouped(path, written, readers, scratch)


def evenly(lines: bytes) -> bytes:
    """Canonical N-Triples whose random labels of blank nodes all have one length, so that units begin where they did.

    "g" is no hexadecimal digit: labels that differ stay different.
    """

    def padded(found: re.Match[bytes]) -> bytes:
        begins = found.start() == 0 or lines[found.start() - 1] == _LINE_END
        return found[1].ljust(_LABEL, b"g") + found[2] if begins or found[2] == b" .\n" else found[0]

    return _SHORT.sub(padded, lines)


def _check_patients(path: Path, written: Path, readers: Readers) -> None:
    """Raise RecordError for N-Triples without a statement, or without a patient, as for a single record."""
    if types_patient(written):
        return
    judge, empty = readers.triples.judge, True
    for triples in _triples(written, path):
        empty = empty and not len(triples)
        if len(Block(triples, judge).patients):
            return
    from rdflib import Graph

    from reasoner.records.record import gather

    gather([rdf.read_graph(path) if empty else rdf.Parsed(Graph(), str(path))])


def _grouped(path: Path, written: Path, readers: Readers, scratch: Path) -> TripleSource:
    """The source of N-Triples."""
    _check_patients(path, written, readers)
    offsets = cuts(written, BYTES)
    pieces = tuple((written, start, stop) for start, stop in pairwise(offsets))
    return _tried(TripleSource(path, pieces, readers, regrouped=len(pieces) < 2), scratch)


def _tried(source: TripleSource, scratch: Path) -> TripleSource:
    """The source; regrouped where already its first unit does not hold its patients whole."""
    try:
        if not source.regrouped:
            source.cohort(source.units()[0])
    except ScatteredError:
        return source.whole(scratch)
    return source


def _triples(path: Path, source: Path) -> Iterator[Triples]:
    for block in blocks(path):
        yield read_block(block.data, str(source), block.first_line)
