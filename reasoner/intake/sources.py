"""Inputs of a batch, each cut into units that are read by themselves: tables by rows, RDF by bytes.

Parquet, Arrow IPC and CSV hold fact tables (`guideproof schema`); N-Triples and the other syntaxes of RDF hold
records. Documents in these other syntaxes are cut too; one that cannot be cut is first written as N-Triples.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np

from reasoner import rdf
from reasoner.errors import InputError, Problem, RecordError
from reasoner.guidelines.guideline import Guideline
from reasoner.intake.block import Block
from reasoner.intake.documents import cut
from reasoner.intake.facttable_read import FactTableReader
from reasoner.intake.grouping import cuts, regroup, types_patient
from reasoner.intake.judge import Judge
from reasoner.intake.ntriples import as_lines, blocks
from reasoner.intake.pieces import Document, UncutError
from reasoner.intake.rdf_cohort import ScatteredError, TripleReader
from reasoner.intake.table_sources import OPENED
from reasoner.intake.triples import Triples, read_block
from reasoner.intake.unit import Unit
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.kernel.kernel import Kernel
from reasoner.records.words import SHARED

#: About how many bytes of text make a unit.
BYTES = 32 << 20
#: About how many times as long N-Triples are as other syntaxes.
_LONGER = 4

# A label of 128 random bits whose first hexadecimal digits are zero, which are not written, as subject or as object.
_LABEL = 34
_SHORT = re.compile(rb"(_:[a-f][0-9a-f]{0,30})( (?=<)| \.\n)")
_LINE_END = ord("\n")

_TABLES = {"parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
           "arrows": "stream", "csv": "csv"}  # fmt: skip


class Source(Protocol):
    """One input file."""

    @property
    def path(self) -> Path:
        """The file that was given."""

    def units(self) -> list[Unit]:
        """The pieces that make up the file, in order."""

    def cohort(self, unit: Unit) -> Cohort:
        """The patients of one piece."""


@dataclass(frozen=True)
class Readers:
    """What reads the records of one guideline, for each thread its own; units of tables are `cut` times smaller."""

    guideline: Guideline
    as_of: date
    cut: int = 1

    def __getstate__(self) -> dict[str, object]:
        return {"guideline": self.guideline, "as_of": self.as_of, "cut": self.cut}

    @cached_property
    def table(self) -> FactTableReader:
        """The reader of fact tables."""
        return FactTableReader(self.guideline)

    @cached_property
    def kernel(self) -> Kernel:
        """What tells the patients whose record contradicts itself."""
        return Kernel(self.guideline)

    @cached_property
    def judge(self) -> Judge:
        """What judges triples, and remembers its verdicts; one for all threads."""
        return Judge(self.guideline)

    @cached_property
    def _own(self) -> threading.local:
        return threading.local()

    @property
    def triples(self) -> TripleReader:
        """This thread's reader of N-Triples."""
        if not hasattr(self._own, "triples"):
            self._own.triples = TripleReader(self.guideline, self.judge, self.kernel, self.as_of)
        found: TripleReader = self._own.triples
        return found


def files_of(path: Path) -> list[Path]:
    """The input files that a path stands for: itself, or in a directory every file, in the order of their names."""
    if not path.exists():
        raise InputError(Problem("no-such-file", "there is no such file", "check the path", str(path)))
    if not path.is_dir() and not path.is_file():
        raise InputError(Problem("not-a-file", "this is no ordinary file", "write it to a file first", str(path)))
    found = [path] if not path.is_dir() else sorted(
        file for file in path.rglob("*")
        if file.is_file() and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )  # fmt: skip
    if not found:
        raise InputError(Problem("no-input", "the directory holds no file", "name a directory of records", str(path)))
    for file in found:
        kind_of(file)
    return found


def kind_of(path: Path) -> str:
    """`parquet`, `arrow`, `stream`, `csv`, `nt`, or `rdf` for any other syntax of RDF. Raises InputError."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in _TABLES:
        return _TABLES[suffix]
    if suffix == "nt":
        return "nt"
    if suffix in rdf.SUFFIXES:
        return "rdf"
    remedy = f"give the file one of the suffixes {', '.join(sorted({*_TABLES, *rdf.SUFFIXES}))}"
    raise InputError(Problem("unknown-format", f"the suffix {path.suffix!r} names no format", remedy, str(path)))


def open_source(path: Path, readers: Readers, scratch: Path) -> Source:
    """The source of one file; `scratch` is an empty directory for what has to be written anew."""
    kind = kind_of(path)
    if kind == "nt":
        return _grouped(path, path, readers, scratch)
    if kind == "rdf":
        document = cut(path, BYTES // _LONGER)
        return _cut(path, document, readers, scratch) if document else _written(path, readers, scratch)
    return OPENED[kind](path, readers, scratch)


# -- triples --


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
        """How long it takes to read what threads cannot read side by side: so many bytes of N-Triples take as long."""
        weight = self.document.weight if self.document else 0
        return weight * sum(stop - start for _, start, stop in self.pieces)

    def units(self) -> list[Unit]:
        sizes = np.cumsum([0, *(stop - start for _, start, stop in self.pieces)]).tolist()
        return [Unit(str(self.path), sizes[i], sizes[i + 1]) for i in range(len(self.pieces))]

    def cohort(self, unit: Unit) -> Cohort:
        file, start, stop = self.pieces[self.units().index(unit)]
        if self.document:
            return self._piece(self.document, start, stop)
        reader = self.readers.triples
        text = reader.buffer.read(file, start, stop)
        return reader.read(text, str(self.path), lambda: _line(file, start), grouped=self.regrouped)

    def shared(self, unit: Unit, names: Collection[str]) -> list[Reject]:
        """The patients of a unit in whose records stand the nodes of such names, which other files describe too."""
        file, start, stop = self.pieces[self.units().index(unit)]
        reader = self.readers.triples
        owners = reader.owners(reader.buffer.read(file, start, stop), str(self.path), names)
        return [Reject(patient, str(self.path), *SHARED) for patient in owners]

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
        return regrouped(source, scratch)
    return source


def regrouped(source: TripleSource, scratch: Path) -> TripleSource:
    """The same records, written anew so that each patient's triples stand together, or a document as a whole."""
    if source.document:
        return _written(source.path, source.readers, scratch)
    folder = scratch / "regrouped"
    folder.mkdir()
    written = source.pieces[0][0]
    reader = source.readers.triples
    count = max(1, written.stat().st_size // BYTES)
    paths = regroup(lambda: _triples(written, source.path), reader.judge, folder, count)
    return TripleSource(source.path, tuple((p, 0, p.stat().st_size) for p in paths), source.readers, regrouped=True)


def _triples(path: Path, source: Path) -> Iterator[Triples]:
    for block in blocks(path):
        yield read_block(block.data, str(source), block.first_line)
