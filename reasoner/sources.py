"""Inputs of a batch, each cut into units that are read by themselves: tables by rows, N-Triples by bytes.

Parquet, Arrow IPC and CSV hold fact tables (`guideproof schema`); N-Triples and the other syntaxes of RDF hold
records. Records in another syntax are first written as N-Triples.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from reasoner import rdf
from reasoner.cohort import Cohort
from reasoner.errors import InputError, Problem
from reasoner.facttable_read import FactTableReader, csv_options
from reasoner.grouping import cuts, regroup
from reasoner.guideline import Guideline
from reasoner.judge import Judge
from reasoner.ntriples import as_lines, blocks
from reasoner.parts import Unit
from reasoner.rdf_cohort import ScatteredError, TripleReader
from reasoner.triples import Triples, read_block

#: About how many rows, and how many bytes of text, make a unit.
ROWS = 1 << 19
BYTES = 16 << 20

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
    """What reads the records of one guideline, for each thread its own."""

    guideline: Guideline
    as_of: date

    @cached_property
    def table(self) -> FactTableReader:
        """The reader of fact tables."""
        return FactTableReader(self.guideline)

    @cached_property
    def _own(self) -> threading.local:
        return threading.local()

    @property
    def triples(self) -> TripleReader:
        """This thread's reader of N-Triples."""
        if not hasattr(self._own, "triples"):
            self._own.triples = TripleReader(self.guideline, Judge(self.guideline), self.as_of)
        found: TripleReader = self._own.triples
        return found


def files_of(path: Path) -> list[Path]:
    """The input files that a path stands for: itself, or in a directory every file, in the order of their names."""
    if not path.exists():
        raise InputError(Problem("no-such-file", "there is no such file", "check the path", str(path)))
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
        written = scratch / "records.nt"
        with written.open("wb") as out:
            out.writelines(as_lines(path))
        return _grouped(path, written, readers, scratch)
    return _SOURCES[kind](path, readers)


# -- tables --


@dataclass(frozen=True)
class ParquetSource:
    """A fact table in Parquet; a unit is some of its row groups."""

    path: Path
    readers: Readers

    @cached_property
    def _file(self) -> pyarrow.parquet.ParquetFile:
        try:
            return pyarrow.parquet.ParquetFile(self.path, memory_map=True)
        except pa.ArrowInvalid as error:
            raise _unreadable(self.path, error) from error

    def units(self) -> list[Unit]:
        metadata = self._file.metadata
        return _gathered(str(self.path), [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)])

    def cohort(self, unit: Unit) -> Cohort:
        metadata = self._file.metadata
        ends = np.cumsum([0, *(metadata.row_group(i).num_rows for i in range(metadata.num_row_groups))])
        groups = [i for i in range(len(ends) - 1) if unit.start <= ends[i] < unit.stop]
        file = pyarrow.parquet.ParquetFile(self.path, metadata=metadata, memory_map=True)
        try:
            table = file.read_row_groups(groups, use_threads=False)
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(self.path, error) from error
        return self.readers.table.read(table, str(self.path), unit.start + 1)


@dataclass(frozen=True)
class ArrowSource:
    """A fact table in the file format of Arrow IPC; a unit is some of its record batches."""

    path: Path
    readers: Readers

    def _open(self) -> pa.ipc.RecordBatchFileReader:
        try:
            return pa.ipc.open_file(pa.memory_map(str(self.path)))
        except pa.ArrowInvalid as error:
            raise _unreadable(self.path, error) from error

    @cached_property
    def _ends(self) -> list[int]:
        file = self._open()
        sizes = [file.get_batch(i).num_rows for i in range(file.num_record_batches)]
        return [int(end) for end in np.cumsum([0, *sizes])]

    def units(self) -> list[Unit]:
        return _gathered(str(self.path), np.diff(self._ends).tolist())

    def cohort(self, unit: Unit) -> Cohort:
        file = self._open()
        chosen = [i for i, start in enumerate(self._ends[:-1]) if unit.start <= start < unit.stop]
        table = pa.Table.from_batches([file.get_batch(i) for i in chosen], schema=file.schema)
        return self.readers.table.read(table, str(self.path), unit.start + 1)


@dataclass(frozen=True)
class StreamSource:
    """A fact table in the stream format of Arrow IPC, which is read in one piece."""

    path: Path
    readers: Readers

    def units(self) -> list[Unit]:
        return [Unit(str(self.path), 0, max(1, self.path.stat().st_size))]

    def cohort(self, unit: Unit) -> Cohort:
        try:
            table = pa.ipc.open_stream(pa.memory_map(unit.file)).read_all()
        except (pa.ArrowInvalid, OSError) as error:
            raise _unreadable(self.path, error) from error
        return self.readers.table.read(table, str(self.path))


@dataclass(frozen=True)
class CsvSource:
    """A fact table in CSV, UTF-8, one row a line; a unit is some of its lines."""

    path: Path
    readers: Readers

    @cached_property
    def _plan(self) -> tuple[bytes, list[tuple[int, int, int]]]:
        """The header, and the offsets of each unit with the number of its first row."""
        found, row = [], 1
        with self.path.open("rb") as file:
            header = file.readline()
            start = file.tell()
            while data := file.read(BYTES):
                data += file.readline()
                found.append((start, start + len(data), row))
                start, row = start + len(data), row + data.count(b"\n")
        return header, found

    def units(self) -> list[Unit]:
        return [Unit(str(self.path), start, stop) for start, stop, _ in self._plan[1]]

    def cohort(self, unit: Unit) -> Cohort:
        header, plan = self._plan
        first = next(row for start, _, row in plan if start == unit.start)
        with self.path.open("rb") as file:
            file.seek(unit.start)
            data = header.rstrip(b"\r\n") + b"\n" + file.read(unit.stop - unit.start)
        try:
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data), pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
                convert_options=csv_options(self.readers.guideline),
            )  # fmt: skip
        except pa.ArrowInvalid as error:
            raise _unreadable(self.path, error) from error
        return self.readers.table.read(table, str(self.path), first)


def _gathered(file: str, sizes: Sequence[int]) -> list[Unit]:
    """Units of at least ROWS rows, where there are so many, from pieces of the given sizes."""
    units, start, stop = [], 0, 0
    for size in sizes:
        stop += size
        if stop - start >= ROWS:
            units.append(Unit(file, start, stop))
            start = stop
    return units if start == stop else [*units, Unit(file, start, stop)]


def _unreadable(path: Path, error: Exception) -> InputError:
    what = f"the file cannot be read: {' '.join(str(error).split())}"
    return InputError(Problem("not-readable", what, "check that it is whole and what its suffix says", str(path)))


_SOURCES: dict[str, Callable[[Path, Readers], Source]] = {
    "parquet": ParquetSource, "arrow": ArrowSource, "stream": StreamSource, "csv": CsvSource,
}  # fmt: skip

# -- triples --


@dataclass(frozen=True)
class TripleSource:
    """Records in N-Triples, each patient's triples together; a unit is some of its lines. `path` is what was given."""

    path: Path
    pieces: tuple[tuple[Path, int, int], ...]
    readers: Readers
    regrouped: bool

    def units(self) -> list[Unit]:
        sizes = np.cumsum([0, *(stop - start for _, start, stop in self.pieces)]).tolist()
        return [Unit(str(self.path), sizes[i], sizes[i + 1]) for i in range(len(self.pieces))]

    def cohort(self, unit: Unit) -> Cohort:
        file, start, stop = self.pieces[self.units().index(unit)]
        with file.open("rb") as opened:
            opened.seek(start)
            data = opened.read(stop - start)
        return self.readers.triples.read(data, str(self.path), lambda: _line(file, start), grouped=self.regrouped)


def _line(path: Path, offset: int) -> int:
    """The number of the line that begins at `offset`."""
    with path.open("rb") as file:
        count = 1
        while offset and (data := file.read(min(offset, BYTES))):
            count, offset = count + data.count(b"\n"), offset - len(data)
    return count


def _grouped(path: Path, written: Path, readers: Readers, scratch: Path) -> TripleSource:
    """The source of N-Triples; regrouped where already its first unit does not hold its patients whole."""
    offsets = cuts(written, BYTES)
    pieces = tuple((written, start, stop) for start, stop in pairwise(offsets))
    source = TripleSource(path, pieces, readers, regrouped=len(pieces) < 2)
    try:
        if not source.regrouped:
            source.cohort(source.units()[0])
    except ScatteredError:
        return regrouped(source, scratch)
    return source


def regrouped(source: TripleSource, scratch: Path) -> TripleSource:
    """The same records, written anew so that each patient's triples stand together."""
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
