"""Fact tables as inputs of a batch, cut into units of rows: Parquet, Arrow IPC, CSV (`guideproof schema`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import ClassVar, Self

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from reasoner.errors import InputError, Problem
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.population.fact_table.reader import FactTableReader, csv_options
from reasoner.population.unit import Unit

#: About how many rows, and how many bytes of text, make a unit.
ROWS = 1 << 19
BYTES = 16 << 20

#: How much of a library's message is shown.
_SHOWN = 300
#: Batches of a stream may bring new dictionaries, those of a file all have one.
_ALIKE = pa.ipc.IpcWriteOptions(unify_dictionaries=True)


@contextmanager
def _readable(path: Path, skipped: int = 0) -> Iterator[None]:
    """One InputError for a file that is broken, or not what its suffix says; a library has not seen `skipped` rows."""
    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        message = re.sub(r"Row #(\d+)", lambda row: f"line {int(row[1]) + skipped}", _in_a_line(error))
        what = f"the file cannot be read: {message}"
        remedy = "check that it is whole and what its suffix says"
        raise InputError(Problem("not-readable", what, remedy, str(path))) from error


def _in_a_line(error: BaseException) -> str:
    text = " ".join((getattr(error, "strerror", "") or str(error)).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


class _TableFile:
    """What all tables have in common: a row is a patient."""

    regrouped: ClassVar = True
    work: ClassVar = 0

    def shared(self, _unit: Unit, _names: Collection[str]) -> list[Reject]:
        return []

    def whole(self, _scratch: Path) -> Self:
        return self


@dataclass(frozen=True)
class ParquetSource(_TableFile):
    """A fact table in Parquet, read by Polars; a unit is some of its row groups, or some rows of a large one."""

    path: Path
    reader: FactTableReader
    cut: int

    def units(self) -> list[Unit]:
        with _readable(self.path):
            metadata = pyarrow.parquet.read_metadata(self.path)
            schema = metadata.schema.to_arrow_schema()
            sizes = [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)]
        self.reader.check(schema, str(self.path))
        return _gathered(str(self.path), sizes, max(1, ROWS // self.cut))

    def cohort(self, unit: Unit) -> Cohort:
        with _readable(self.path):
            rows = pl.scan_parquet(self.path, glob=False, hive_partitioning=False)
            # Of columns whose distinct texts are looked at, each text is read once.
            coded = [
                name for name, kind in rows.collect_schema().items() if name in self.reader.coded and kind == pl.String
            ]
            rows = rows.slice(unit.start, unit.stop - unit.start).with_columns(pl.col(coded).cast(pl.Categorical))
            table = rows.collect().to_arrow()
        return self.reader.read(table, str(self.path), unit.start + 1)


@dataclass(frozen=True)
class ArrowSource(_TableFile):
    """A fact table in the file format of Arrow IPC; a unit is some of its record batches, or rows of a large one."""

    path: Path
    reader: FactTableReader
    cut: int
    file: Path | None = None

    def _open(self) -> pa.ipc.RecordBatchFileReader:
        return pa.ipc.open_file(pa.memory_map(str(self.file or self.path)))

    @cached_property
    def _sizes(self) -> list[int]:
        with _readable(self.path):
            file = self._open()
            return [file.get_batch(i).num_rows for i in range(file.num_record_batches)]

    def units(self) -> list[Unit]:
        return _gathered(str(self.path), self._sizes, max(1, ROWS // self.cut))

    def cohort(self, unit: Unit) -> Cohort:
        chosen, skipped = _pieces(self._sizes, unit)
        with _readable(self.path):
            file = self._open()
            table = _cut_rows(map(file.get_batch, chosen), file.schema, skipped, unit.stop - unit.start)
        return self.reader.read(table, str(self.path), unit.start + 1)


def _from_stream(path: Path, reader: FactTableReader, cut: int, scratch: Path) -> ArrowSource:
    """A fact table in the stream format of Arrow IPC, written as a file, of which any batch can be read first."""
    written = scratch / "table.arrow"
    with _readable(path):
        given = pa.ipc.open_stream(pa.memory_map(str(path)))
        with pa.ipc.new_file(written, given.schema, options=_ALIKE) as file:
            for batch in given:
                file.write_batch(batch)
    return ArrowSource(path, reader, cut, written)


def _pieces(sizes: Sequence[int], unit: Unit) -> tuple[list[int], int]:
    """The pieces that hold the rows of a unit, and how many rows of the first come before it."""
    ends = np.cumsum([0, *sizes])
    chosen = [i for i in range(len(sizes)) if ends[i] < unit.stop and ends[i + 1] > unit.start]
    return chosen, unit.start - int(ends[chosen[0]]) if chosen else 0


def _cut_rows(batches: Iterable[pa.RecordBatch], schema: pa.Schema, skipped: int, rows: int) -> pa.Table:
    """So many rows, after those that are skipped; of the other batches none is kept."""
    kept, at = [], -skipped
    for batch in batches:
        part = batch.slice(max(0, -at), max(0, rows - max(0, at)))
        at += batch.num_rows
        if part.num_rows:
            kept.append(part)
        if at >= rows:
            break
    return pa.Table.from_batches(kept, schema)


@dataclass(frozen=True)
class CsvSource(_TableFile):
    """A fact table in CSV, UTF-8, one row a line; a unit is some of its lines."""

    path: Path
    reader: FactTableReader
    cut: int

    @cached_property
    def _plan(self) -> tuple[bytes, list[tuple[int, int, int]]]:
        """The header, and the offsets of each unit with the number of its first row."""
        found, row, size = [], 1, max(1, BYTES // self.cut)
        with _readable(self.path), self.path.open("rb") as file:
            header = file.readline()
            start = file.tell()
            while data := file.read(size):
                data += file.readline()
                found.append((start, start + len(data), row))
                start, row = start + len(data), row + data.count(b"\n")
        self._check(header, 0)
        try:
            header.decode()
        except UnicodeDecodeError:
            problem = Problem("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", str(self.path), 1)
            raise InputError(problem) from None
        if not header.strip():
            raise InputError(Problem("empty-file", "the file has no header", "give a table", str(self.path)))
        return header.rstrip(b"\r\n"), found or [(start, start, 1)]

    def units(self) -> list[Unit]:
        return [Unit(str(self.path), start, stop) for start, stop, _ in self._plan[1]]

    def cohort(self, unit: Unit) -> Cohort:
        header, plan = self._plan
        first = next(row for start, _, row in plan if start == unit.start)
        with _readable(self.path, first - 1), self.path.open("rb") as file:
            file.seek(unit.start)
            lines = file.read(unit.stop - unit.start)
            self._check(lines, first)
            data = header + b"\n" + lines
            table = pyarrow.csv.read_csv(
                pa.BufferReader(data), pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
                convert_options=csv_options(self.reader.guideline),
            )  # fmt: skip
        return self.reader.read(table, str(self.path), first)

    def _check(self, lines: bytes, first: int) -> None:
        """Refuse line ends that are not those of rows."""
        marks = np.frombuffer(lines, np.uint8)
        ends, quotes = np.flatnonzero(marks == ord("\n")), np.flatnonzero(marks == ord('"'))
        before = np.searchsorted(quotes, np.append(ends, len(marks)))
        if (before % 2).any():
            row = first + int(np.argmax(before % 2))
            what = f"line {row + 1} ends within quotes: no cell of a fact table has two lines"
            raise InputError(Problem("broken-row", what, "keep each row on one line", str(self.path), row + 1))
        returns = np.flatnonzero(marks == ord("\r"))
        if (np.append(marks, ord("\n"))[returns + 1] != ord("\n")).any():
            what = "a line ends with a carriage return alone"
            raise InputError(Problem("broken-row", what, "save it with ordinary line ends", str(self.path)))


def _gathered(file: str, sizes: Sequence[int], rows: int) -> list[Unit]:
    """Units of about so many rows, from pieces of the given sizes; a single one where there is no row."""
    units, start, stop = [], 0, 0
    for size in sizes:
        if size > 2 * rows:
            units += [Unit(file, start, stop)] if stop > start else []
            starts = range(stop, stop + size, rows)
            units += [Unit(file, at, min(at + rows, stop + size)) for at in starts]
            start = stop + size
        stop += size
        if stop - start >= rows:
            units.append(Unit(file, start, stop))
            start = stop
    return [*units, Unit(file, start, stop)] if start < stop or not units else units


TableSource = ParquetSource | ArrowSource | CsvSource


def open_table(kind: str, path: Path, reader: FactTableReader, cut: int, scratch: Path) -> TableSource:
    """The source of a table that is `parquet`, `arrow`, an Arrow `stream` or `csv`; its units are `cut` times smaller.

    `scratch` is an empty directory for what has to be written anew.
    """
    if kind == "stream":
        return _from_stream(path, reader, cut, scratch)
    kinds: dict[str, Callable[[Path, FactTableReader, int], TableSource]] = {
        "parquet": ParquetSource, "arrow": ArrowSource, "csv": CsvSource,
    }  # fmt: skip
    return kinds[kind](path, reader, cut)
