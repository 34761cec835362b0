"""Many small files as one source: read together where no file names a node of another, and else each by itself.

To read a file by columns takes some milliseconds however short it is, and exports often write a file for each patient.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from reasoner.kernel.cohort import Cohort, Reject
from reasoner.population.ntriples.conversion import convert
from reasoner.population.ntriples.triple_sources import BYTES, TripleSource, open_all
from reasoner.population.unit import ScatteredError, Unit
from reasoner.records.contract import PATIENT, TYPE

if TYPE_CHECKING:
    from reasoner.population.sources import Readers

#: How many bytes a small file has at most, and how many such files are read together at least.
SMALL, MANY = 1 << 16, 16

_SUBJECT = re.compile(rb"(?m)^<([^>]*)> ")
_OBJECT = re.compile(rb"(?m)<([^>]*)> \.$")
_PATIENT = re.compile(rf"(?m)^<[^>]*> <{re.escape(TYPE)}> <{re.escape(PATIENT)}> \.$".encode())


def open_small(paths: Sequence[Path], readers: Readers, scratch: Path) -> SmallFiles | None:
    """The source of those files that are small, if these are many and have nothing in common; None where they have.

    `scratch` is an empty directory. Raises RecordError for a file that cannot be read.
    """
    small = [path for path in paths if path.stat().st_size <= SMALL]
    if len(small) < MANY:
        return None
    together, ends, owners = scratch / "small.nt", [0], dict[str, Path]()
    with together.open("wb") as written:
        for path in small:
            convert(path, scratch / "one.nt", in_parts=False)
            text = (scratch / "one.nt").read_bytes()
            subjects = [iri.decode() for iri in set(_SUBJECT.findall(text))]
            if not _PATIENT.search(text) or not owners.keys().isdisjoint(subjects):
                return None
            owners |= dict.fromkeys(subjects, path)
            written.write(text)
            ends.append(written.tell())
    if _names_another(together, ends, small, owners):
        return None
    pieces = tuple((together, *piece) for piece in _pieces(ends, BYTES // readers.cut))
    return SmallFiles(small[0].parent, pieces, readers, regrouped=True, files=tuple(small), owners=owners)


def _names_another(together: Path, ends: Sequence[int], files: Sequence[Path], owners: Mapping[str, Path]) -> bool:
    """Whether some file names a node of another."""
    with together.open("rb") as file:
        for path, (start, end) in zip(files, pairwise(ends), strict=True):
            found = {iri.decode() for iri in _OBJECT.findall(file.read(end - start))}
            if any(owners.get(iri, path) != path for iri in found):
                return True
    return False


def _pieces(ends: Sequence[int], size: int) -> Iterator[tuple[int, int]]:
    """Spans of whole files, each of about so many bytes."""
    start = 0
    for end in ends:
        if end - start >= size or (end == ends[-1] and end > start):
            yield start, end
            start = end


@dataclass(frozen=True)
class SmallFiles(TripleSource):
    """Small files as one piece of N-Triples; `owners` gives the file of each node with a name."""

    files: tuple[Path, ...] = ()
    owners: Mapping[str, Path] | None = None

    def cohort(self, unit: Unit) -> Cohort:
        found = super().cohort(unit)
        return replace(found, rejects=tuple(sorted(self._in_its_file(reject) for reject in found.rejects)))

    def shared(self, _unit: Unit, _names: Collection[str]) -> list[Reject]:
        raise ScatteredError(str(self.path))

    def whole(self, scratch: Path) -> list[TripleSource]:
        """Each file by itself."""
        return list(open_all(list(self.files), self.readers, scratch, 1).values())

    def _in_its_file(self, reject: Reject) -> Reject:
        """The reject under the name of its file. Raises ScatteredError for one that names no node."""
        file = (self.owners or {}).get(reject.patient)
        if file is None:
            raise ScatteredError(str(self.path))
        return reject._replace(source=str(file))
