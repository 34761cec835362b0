"""Fact tables as inputs of a batch, cut into units of rows: Parquet, Arrow IPC, CSV (`guideproof schema`)."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
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


@contextmanager
def _readable(path: Path, skipped: int = 0) -> Iterator[None]:
    """One InputError for a file that is broken, or not what its suffix says; a library has not seen `skipped` rows."""
    try:
        yield
    except (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, UnicodeError, OSError) as error:
        message = re.sub(r"Row #(\d+)", lambda row: f"line {int(row[1]) + skipped}", _in_a_line(error))
        what = f"the file cannot be read: {message}"
        remedy = "check that it is whole and what its suffix says"
        raise InputError(Problem("not-readable", what, remedy, str(path))) from error


def _in_a_line(error: BaseException) -> str:
    text = " ".join((getattr(error, "strerror", "") or str(error)).split())
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


@dataclass(frozen=True)
class _TableFile:
    """What all tables have in common: a row is a patient.

    `path` is as it was given, `file` is what is read, from any directory. Units are `cut` times smaller than usual.
    """

    path: Path
    file: Path
    reader: FactTableReader
    cut: int
    regrouped: ClassVar = True

    def records(self, _unit: Unit, _patients: pa.Array) -> None:
        return None

    def shared(self, _unit: Unit, _names: Collection[str]) -> list[Reject]:
        return []

    def whole(self, _scratch: Path) -> list[Self]:
        return [self]

    def _units(self, rows: int) -> list[Unit]:
        """Units of so many rows in all; a single one where there is no row."""
        size = max(1, ROWS // self.cut)
        return [Unit(str(self.path), at, min(at + size, rows)) for at in range(0, max(1, rows), size)]


@dataclass(frozen=True)
class ParquetSource(_TableFile):
    """A fact table in Parquet, read by Polars."""

    def units(self) -> list[Unit]:
        with _readable(self.path):
            metadata = pyarrow.parquet.read_metadata(self.file)
            schema = metadata.schema.to_arrow_schema()
        self.reader.check(schema, str(self.path))
        return self._units(metadata.num_rows)

    def cohort(self, unit: Unit) -> Cohort:
        with _readable(self.path):
            rows = pl.scan_parquet(self.file, glob=False, hive_partitioning=False)
            table = rows.slice(unit.start, unit.stop - unit.start).collect().rechunk().to_arrow()
        return self.reader.read(table, str(self.path), unit.start + 1)


@dataclass(frozen=True)
class ArrowSource(_TableFile):
    """A fact table in the file format of Arrow IPC. Polars fails on some compressed columns of text (string_view)."""

    def _open(self) -> pa.ipc.RecordBatchFileReader:
        return pa.ipc.open_file(pa.memory_map(str(self.file)))

    @cached_property
    def _starts(self) -> list[int]:
        """The first row of each record batch, and the number of all rows."""
        with _readable(self.path):
            file = self._open()
            sizes = [file.get_batch(i).num_rows for i in range(file.num_record_batches)]
        return list(accumulate(sizes, initial=0))

    def units(self) -> list[Unit]:
        return self._units(self._starts[-1])

    def cohort(self, unit: Unit) -> Cohort:
        chosen = [
            i for i, (start, stop) in enumerate(pairwise(self._starts)) if start < unit.stop and stop > unit.start
        ]
        before = unit.start - self._starts[chosen[0]] if chosen else 0
        with _readable(self.path):
            file = self._open()
            table = pa.Table.from_batches(map(file.get_batch, chosen), file.schema)
            table.validate(full=True)  # what Arrow does not look at by itself, and would end the process
        return self.reader.read(table.slice(before, unit.stop - unit.start), str(self.path), unit.start + 1)


def _file_of_stream(path: Path, reader: FactTableReader, written: Path) -> Path:
    """A stream of Arrow IPC, whose batches may each bring new dictionaries, written as a file without any."""
    with _readable(path):
        given = pa.ipc.open_stream(pa.memory_map(str(path)))
        reader.check(given.schema, str(path))
        plain = pa.schema([
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in given.schema
        ])  # fmt: skip
        with pa.ipc.new_file(written, plain) as file:
            for batch in given:
                batch.validate(full=True)
                file.write_batch(batch.cast(plain))
    return written


@dataclass(frozen=True)
class CsvSource(_TableFile):
    """A fact table in CSV, UTF-8, one row a line; a unit is some of its lines."""

    @cached_property
    def _plan(self) -> tuple[bytes, list[tuple[int, int, int]]]:
        """The header, and the offsets of each unit with the number of its first row."""
        found, row, size = [], 1, max(1, BYTES // self.cut)
        with _readable(self.path), self.file.open("rb") as file:
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
        self.reader.check(self._table(b"", 0).schema, str(self.path))
        return [Unit(str(self.path), start, stop) for start, stop, _ in self._plan[1]]

    def cohort(self, unit: Unit) -> Cohort:
        first = next(row for start, _, row in self._plan[1] if start == unit.start)
        with _readable(self.path), self.file.open("rb") as file:
            file.seek(unit.start)
            lines = file.read(unit.stop - unit.start)
        self._check(lines, first)
        return self.reader.read(self._table(lines, first), str(self.path), first)

    def _table(self, lines: bytes, first: int) -> pa.Table:
        """Some lines, of which the first holds the row number `first`, as columns."""
        data = self._plan[0] + b"\n" + lines
        with _readable(self.path, first - 1):
            return pyarrow.csv.read_csv(
                pa.BufferReader(data), pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
                convert_options=csv_options(self.reader.guideline),
            )  # fmt: skip

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


TableSource = ParquetSource | ArrowSource | CsvSource


def open_table(kind: str, path: Path, reader: FactTableReader, cut: int, scratch: Path) -> TableSource:
    """The source of a table that is `parquet`, `arrow`, an Arrow `stream` or `csv`; its units are `cut` times smaller.

    `scratch` is an empty directory for what has to be written anew.
    """
    file = _file_of_stream(path, reader, scratch / "table.arrow") if kind == "stream" else path.absolute()
    kinds: dict[str, Callable[[Path, Path, FactTableReader, int], TableSource]] = {
        "parquet": ParquetSource, "arrow": ArrowSource, "stream": ArrowSource, "csv": CsvSource,
    }  # fmt: skip
    return kinds[kind](path, file, reader, cut)
