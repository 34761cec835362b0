"""What a batch on Spark reads, and what executors do with its rows: decide them, and tell answers from rejects.

Executors get the guideline as the JSON of what was computed from it, and need this package. A row of Parquet comes with
its file and number. CSV comes as lines with the block of the file in which they stand: its cells are read by the reader
of the embedded engine, whatever Spark would make of them.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields
from datetime import date
from functools import cached_property, lru_cache
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from reasoner.errors import InputError, Problem
from reasoner.guideline.content import Content
from reasoner.guideline.guideline import SHARED, Guideline, home, read_files
from reasoner.kernel.cohort import Reject
from reasoner.kernel.kernel import Kernel
from reasoner.population.fact_table.reader import FactTableReader, csv_options
from reasoner.population.fact_table.table import PATIENT
from reasoner.population.identities import Duplicate
from reasoner.population.reasons import Reasons
from reasoner.population.results import ResultTable, contradictions
from reasoner.population.sources import kind_of
from reasoner.population.spark.session import told_by_executor

if TYPE_CHECKING:
    from rdflib import Graph

#: The columns beside those of the answers: the number of the file, whether the row could be read, and the reject.
FILE, READ = "_file", "_read"
REJECT = tuple(f"_{column.name}" for column in fields(Reject)[1:])

Piece = tuple[pa.Table, int, str, int]
"""Rows of one file: the table, the number of the file, what rejects call it, and the number of the first row."""


@dataclass(frozen=True)
class Shipped:
    """A guideline as executors are sent it: its content as JSON, and the text of its record shapes.

    The shapes say how a reject is worded. The rest are options of the batch.
    """

    content: str
    record: str
    as_of: date
    reasons: bool
    only: tuple[str, ...] = ()

    @classmethod
    def of(cls, guideline: Guideline, as_of: date, reasons: bool, only: tuple[str, ...] = ()) -> Shipped:
        """What is sent of a guideline."""
        record = "".join(path.read_text("utf-8") for path in guideline.shape_files("record"))
        content = msgspec.json.encode(guideline.content).decode()
        return cls(content, record, as_of, reasons, only)


@dataclass(frozen=True)
class FactFiles:
    """Fact tables with the same columns: Parquet files, or CSV files with the same header.

    `files` are numbered by their absolute path; `names` are the names of all files of the batch by their number.
    """

    schema: pa.Schema
    header: bytes | None
    files: Mapping[str, int]
    names: tuple[str, ...]


def fact_files(guideline: Guideline, files: Sequence[Path]) -> list[FactFiles]:
    """The fact tables that files hold, those with the same columns together.

    Raises InputError for what is no fact table in Parquet or CSV, and for one of which no row can be read.
    """
    reader, csv_types = FactTableReader(guideline), csv_options(guideline)
    alike: dict[tuple[pa.Schema, bytes | None], dict[str, int]] = {}
    for number, path in enumerate(files):
        schema, header = _columns(path, csv_types)
        if (schema, header) not in alike:
            reader.read(schema.empty_table(), str(path))
        alike.setdefault((schema, header), {})[os.path.abspath(path)] = number  # noqa: PTH100 (it follows no link)
    names = tuple(map(str, files))
    return [FactFiles(_told(schema), header, numbered, names) for (schema, header), numbered in alike.items()]


def _told(schema: pa.Schema) -> pa.Schema:
    """The columns of a type that can tell anything."""
    return pa.schema([column for column in schema if not pa.types.is_null(column.type)])


def _columns(path: Path, csv_types: Any) -> tuple[pa.Schema, bytes | None]:
    """The columns of a file, and the header of one in CSV."""
    kind = kind_of(path)
    try:
        if kind == "parquet":
            with pyarrow.parquet.ParquetFile(path) as file:
                return file.schema_arrow.remove_metadata(), None
        if kind == "csv":
            with path.open("rb") as text:
                header = text.readline().rstrip(b"\r\n")
            return parsed(header, b"", csv_types).schema, header
    except (pa.ArrowInvalid, OSError) as error:
        raise unreadable(str(path), error) from error
    remedy = "write a fact table in Parquet or CSV (guideproof schema tells its columns), or leave out --spark"
    raise InputError(Problem("no-fact-table", "on Spark a batch reads fact tables only", remedy, str(path)))


# -- on the executors --


@dataclass(frozen=True)
class Rows:
    """The rows of such tables: what `DataFrame.mapInArrow` is given."""

    shipped: Shipped
    tables: FactFiles

    def decided(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """A row for each patient who is answered, and one for each reject."""
        with told_by_executor():
            decider = _decider(self.shipped)
            for table, number, source, first in self._pieces(batches, decider.csv):
                yield from decider.rows(table, number, (self.tables.names[number], source), first)

    def _pieces(self, batches: Iterable[pa.RecordBatch], options: pyarrow.csv.ConvertOptions) -> Iterator[Piece]:
        return self._parquet(batches) if self.tables.header is None else self._csv(batches, options)

    def _parquet(self, batches: Iterable[pa.RecordBatch]) -> Iterator[Piece]:
        """The rows by files; the last two columns are the file and the number of the row in it, from 0."""
        for batch in batches:
            *columns, paths, numbers = batch.columns
            at, codes = numbers.to_numpy(), _codes(paths)
            for start, stop in _runs((np.diff(codes) != 0) | (np.diff(at) != 1), len(at)):
                cells = [_typed(column.slice(start, stop - start), kind)
                         for column, kind in zip(columns, self.tables.schema.types, strict=True)]  # fmt: skip
                number = self._number(paths[start])
                table = pa.Table.from_arrays(cells, names=self.tables.schema.names)
                yield table, number, self.tables.names[number], int(at[start]) + 1

    def _csv(self, batches: Iterable[pa.RecordBatch], options: pyarrow.csv.ConvertOptions) -> Iterator[Piece]:
        """The lines by blocks of a file; the last two columns are the file and the byte at which the block starts."""
        here, lines = ("", 0), 0
        for batch in batches:
            texts, paths, blocks = batch.columns
            at, codes = blocks.to_numpy(), _codes(paths)
            for start, stop in _runs((np.diff(codes) != 0) | (np.diff(at) != 0), len(at)):
                place = (paths[start].as_py(), int(at[start]))
                here, lines = place, lines if place == here else 0
                number = self._number(paths[start])
                head = int(not lines and not here[1])  # the header itself
                table = self._table(texts.slice(start + head, stop - start - head), options, number)
                name = self.tables.names[number]
                yield table, number, f"{name} after byte {here[1]}" if here[1] else name, max(1, lines + bool(here[1]))
                lines += stop - start

    def _table(self, lines: pa.Array, options: pyarrow.csv.ConvertOptions, number: int) -> pa.Table:
        whole = pa.ListArray.from_arrays(pa.array([0, len(lines)], pa.int32()), lines.cast(pa.binary()))
        try:
            return parsed(self.tables.header or b"", pc.binary_join(whole, pa.scalar(b"\n"))[0].as_py(), options)
        except pa.ArrowInvalid as error:
            raise unreadable(self.tables.names[number], error) from error

    def _number(self, uri: pa.Scalar) -> int:
        return self.tables.files[unquote(urlsplit(uri.as_py()).path)]


def duplicates(places: pa.Table) -> list[Duplicate]:
    """The patients who are described more than once, from every place of those who are met more than once.

    A patient is described once by each row that can be read, and once by all those of a file that cannot.
    """
    found: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    for patient, file, read in zip(*(column.to_pylist() for column in places.columns), strict=True):
        found[patient].append((file, read))
    parts = {patient: [*(file for file, read in met if read), *{file for file, read in met if not read}]
             for patient, met in found.items()}  # fmt: skip
    return [Duplicate(patient, tuple(sorted(parts[patient]))) for patient in sorted(parts)]


class _Received(Guideline, frozen=True, dict=True):
    """The guideline as it was sent; its directory may not be here."""

    record: str

    def shapes(self, *names: str) -> list[Graph]:
        """The shared shapes of those names, and the record shapes."""
        from reasoner.rdf import read_text

        own = [read_text(self.record, "record.ttl", imports=True).graph] if "record" in names and self.record else []
        return [*super().shapes(*(name for name in names if name in SHARED)), *own]


class _Decider:
    """Reads and decides rows, ready for one guideline."""

    def __init__(self, shipped: Shipped) -> None:
        content = msgspec.json.decode(shipped.content, type=Content)
        self.guideline = _Received(home(), content, read_files(home()), shipped.record)
        self.reader, self.kernel = FactTableReader(self.guideline), Kernel(self.guideline)
        self.table = ResultTable(self.guideline, shipped.as_of, reasons=shipped.reasons, only=shipped.only)
        self.reasons = Reasons(self.guideline, self.table.reasoned) if shipped.reasons else None
        self.schema = flat_schema(self.table.schema)

    @cached_property
    def csv(self) -> pyarrow.csv.ConvertOptions:
        return csv_options(self.guideline)

    def rows(self, table: pa.Table, number: int, names: tuple[str, str], first: int) -> Iterator[pa.RecordBatch]:
        """The answers for the rows of a table, then its rejects."""
        cohort = self.reader.read(table, names[1], first)
        decided = self.kernel.decide(cohort)
        body = self.table.batch(cohort, decided, self.reasons.columns(cohort, decided) if self.reasons else ())
        yield self._answers(body, number)
        clashes = contradictions(self.guideline, cohort, decided, names[0])
        for rejects, read in ((cohort.rejects, False), (clashes, True)):
            if rejects:
                yield self._rejects(rejects, number, read)

    def _answers(self, body: pa.RecordBatch, number: int) -> pa.RecordBatch:
        size = body.num_rows
        columns = [column.cast(field.type) for column, field in zip(body.columns, self.schema, strict=False)]
        beside = [_repeat(number, pa.int32(), size), _repeat(True, pa.bool_(), size)]
        return pa.record_batch([*columns, *beside, *(pa.nulls(size, pa.string()) for _ in REJECT)], schema=self.schema)

    def _rejects(self, rejects: tuple[Reject, ...], number: int, read: bool) -> pa.RecordBatch:
        told = dict(zip((PATIENT, *REJECT), zip(*map(astuple, rejects), strict=True), strict=True))
        beside = {FILE: number, READ: read}
        columns = []
        for field in self.schema:
            nothing = None if field.nullable else False if pa.types.is_boolean(field.type) else ""
            columns.append(
                pa.array(told[field.name], pa.string()) if field.name in told
                else _repeat(beside.get(field.name, nothing), field.type, len(rejects))
            )  # fmt: skip
        return pa.record_batch(columns, schema=self.schema)


_decider = lru_cache(maxsize=1)(_Decider)


def flat_schema(answers: pa.Schema) -> pa.Schema:
    """The columns of the answers without dictionaries, which Spark does not have, and those beside them."""
    columns = [field.with_type(_plain(field.type)) for field in answers]
    beside = [pa.field(FILE, pa.int32(), False), pa.field(READ, pa.bool_(), False)]
    return pa.schema([*columns, *beside, *(pa.field(name, pa.string()) for name in REJECT)])


def parsed(header: bytes, lines: bytes, options: pyarrow.csv.ConvertOptions) -> pa.Table:
    """The fact table of lines of CSV under a header. Raises ArrowInvalid where they are none."""
    data = header + b"\n" + lines
    return pyarrow.csv.read_csv(
        pa.BufferReader(data), pyarrow.csv.ReadOptions(use_threads=False, block_size=len(data) + 1),
        convert_options=options,
    )  # fmt: skip


def unreadable(file: str, error: Exception) -> InputError:
    """The error that a file is no table."""
    what = f"the file cannot be read: {' '.join(str(error).split())}"
    return InputError(Problem("not-readable", what, "check that it is whole and what its suffix says", file))


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def _typed(column: pa.Array, kind: pa.DataType) -> pa.Array:
    """The column as the file has it, where Spark has no such type of whole numbers."""
    return column.cast(kind) if pa.types.is_integer(kind) else column


def _codes(paths: pa.Array) -> Any:
    return paths.dictionary_encode().indices.to_numpy()


def _runs(breaks: Any, size: int) -> Iterator[tuple[int, int]]:
    """Where rows that belong together start and end; `breaks` says of each row but the first whether it is another."""
    edges = [0, *(np.flatnonzero(breaks) + 1).tolist(), size]
    return pairwise(edges) if size else iter(())


def _repeat(value: Any, kind: pa.DataType, size: int) -> pa.Array:
    return pa.repeat(pa.scalar(value, kind), size)
