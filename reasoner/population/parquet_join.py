"""How complete little files are encoded, and joined to one file without encoding anything again.

Parquet: the bytes of the row groups are copied and the footer is written anew, with every offset in it shifted
(https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift). What this module does not know is
refused, never copied. Page indexes hold offsets of their own and are left out: they are optional.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import BinaryIO, Protocol, TypeAlias

import pyarrow as pa

from reasoner.population.thrift import I16, I64, LIST, STRUCT, Struct, read_struct, refused, write_struct

Body: TypeAlias = "pa.Table | pa.RecordBatch | bytes | pa.Buffer"
"""What a part holds: rows of a table or lines of N-Quads, or, as a buffer, what they are encoded to."""

_MAGIC = b"PAR1"
_CHUNK = 1 << 22


class Sink(Protocol):
    """One format of output: the bytes of a part, and the whole that parts are joined to."""

    @property
    def suffix(self) -> str:
        """The ending of the names of such files, as ".csv"."""

    def encode(self, body: Body) -> bytes | pa.Buffer:
        """The bytes of one part; the same for the same rows."""

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """Write to `out` the file that holds the parts in their order."""


@dataclass(frozen=True)
class ParquetSink:
    """Parquet, a row group for each part; statistics for all but Booleans, whose minimum and maximum tell nothing."""

    schema: pa.Schema
    suffix: str = ".parquet"

    def encode(self, body: Body) -> pa.Buffer:
        """A whole Parquet file of one row group."""
        from pyarrow import parquet

        names = [field.name for field in self.schema if not pa.types.is_boolean(field.type)]
        coded = [field.name for field in self.schema if pa.types.is_dictionary(field.type)]
        table, out = _table(body, self.schema), pa.BufferOutputStream()
        parquet.write_table(table, out, compression="zstd", compression_level=1, write_statistics=names or False,
                            use_dictionary=coded or False, row_group_size=max(1, table.num_rows))  # fmt: skip
        return out.getvalue()

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """One Parquet file, by `join_parquet`."""
        if parts:
            join_parquet(parts, out)
        else:
            out.write(self.encode(self.schema.empty_table()))


@dataclass(frozen=True)
class ArrowSink:
    """Arrow IPC, the file form; dictionaries are made one for the whole file, in the order in which values come."""

    schema: pa.Schema
    suffix: str = ".arrow"

    def encode(self, body: Body) -> pa.Buffer:
        """A whole Arrow IPC file of one batch."""
        out = pa.BufferOutputStream()
        with pa.ipc.new_file(out, self.schema) as writer:
            writer.write_table(_table(body, self.schema))
        return out.getvalue()

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """The parts' batches in one file; one part at a time is in memory."""
        empty = [self.schema.empty_table(), *(_mapped(part).slice(0, 0) for part in parts)]
        known = pa.concat_tables(empty).unify_dictionaries().combine_chunks()
        with pa.ipc.new_file(out, self.schema) as writer:
            for part in parts:
                rows = pa.concat_tables([known, _mapped(part)]).unify_dictionaries()
                for batch in rows.to_batches():
                    if batch.num_rows:
                        writer.write_batch(batch)


@dataclass(frozen=True)
class CsvSink:
    """CSV (RFC 4180) with one header; unknown is an empty field."""

    schema: pa.Schema
    suffix: str = ".csv"

    def encode(self, body: Body) -> bytes:
        """The lines without the header."""
        return _csv(_table(body, self.schema), header=False)

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """The header and then the parts."""
        out.write(_csv(self.schema.empty_table(), header=True))
        _concatenate(parts, out)


@dataclass(frozen=True)
class QuadsSink:
    """N-Quads: lines that are rendered already."""

    suffix: str = ".nq"

    def encode(self, body: Body) -> bytes:
        """The lines as they are."""
        if not isinstance(body, bytes):
            raise refused("a part of N-Quads is not given as bytes")
        return body

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """The parts one after the other."""
        _concatenate(parts, out)


def _table(body: Body, schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches([body]) if isinstance(body, pa.RecordBatch) else body
    if not isinstance(table, pa.Table) or not table.schema.equals(schema):
        raise refused("the rows of a part have another schema than the output")
    return table


def _mapped(part: Path) -> pa.Table:
    with pa.memory_map(str(part)) as source:
        return pa.ipc.open_file(source).read_all()


def _csv(table: pa.Table, *, header: bool) -> bytes:
    import polars as pl

    out = io.BytesIO()
    pl.DataFrame(pl.from_arrow(table)).write_csv(out, include_header=header)
    return out.getvalue()


def _concatenate(parts: Sequence[Path], out: BinaryIO) -> None:
    for part in parts:
        with part.open("rb") as file:
            shutil.copyfileobj(file, out, _CHUNK)


def join_parquet(parts: Sequence[Path], out: BinaryIO) -> None:
    """Write to `out`, from its first byte, one Parquet file with the row groups of `parts` in their order.

    The parts have one schema; at least one is given. Raises EngineError for a part that is no plain Parquet file.
    """
    first = _Footer.read(parts[0])
    footers = [first, *(_Footer.read(part, first) for part in parts[1:])]
    groups: list[Struct] = []
    out.write(_MAGIC)
    written = len(_MAGIC)
    for part, footer in zip(parts, footers, strict=True):
        footer.check_alike(footers[0], part)
        if footer.rows:
            groups += (shifted(group, written - len(_MAGIC), len(groups) + i) for i, group in enumerate(footer.groups))
            written += _copy(part, footer.start, out)
    content = write_struct(footers[0].with_groups(groups, sum(footer.rows for footer in footers)))
    out.write(content + len(content).to_bytes(4, "little") + _MAGIC)


def _copy(part: Path, stop: int, out: BinaryIO) -> int:
    """Copy what stands between the magic number and the footer; give its length."""
    left = stop - len(_MAGIC)
    with part.open("rb") as file:
        file.seek(len(_MAGIC))
        while chunk := file.read(min(left, _CHUNK)):
            out.write(chunk)
            left -= len(chunk)
    return stop - len(_MAGIC)


# Fields of FileMetaData, RowGroup, ColumnChunk and ColumnMetaData by the numbers of parquet.thrift.
_VERSION, _SCHEMA, _NUM_ROWS, _ROW_GROUPS, _KEY_VALUES, _CREATED_BY, _ORDERS = range(1, 8)
_COLUMNS, _GROUP_OFFSET, _ORDINAL = 1, 5, 7
_CHUNK_OFFSET, _META_DATA = 2, 3
_PAGE_INDEXES = (4, 5, 6, 7)
_PAGE_OFFSETS = (9, 10, 11, 14)
_KNOWN = {"file": range(1, 8), "row group": range(1, 8), "column chunk": range(2, 8), "column": range(1, 18)}
_MOST_ORDINAL = (1 << 15) - 1


@dataclass(frozen=True)
class _Footer:
    """The FileMetaData of one Parquet file, and where it starts in it."""

    fields: Struct
    start: int

    @classmethod
    def read(cls, part: Path, like: _Footer | None = None) -> _Footer:
        """The footer of a file. Where it begins with the schema of another one, that is not read again."""
        size = part.stat().st_size
        with part.open("rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(max(0, size - 8))
            length, tail = int.from_bytes(file.read(4), "little"), file.read(4)
            start = size - 8 - length
            if head != _MAGIC or tail != _MAGIC or start < len(_MAGIC):
                raise refused("a part is no Parquet file, or an encrypted one", part)
            file.seek(start)
            data = file.read(length)
        known = like.head if like and data.startswith(like.head) else b""
        fields = {**(like.schema if like and known else {}), **read_struct(data, len(known), _SCHEMA if known else 0)}
        return cls(_known(fields, "file"), start)

    @property
    def schema(self) -> Struct:
        """The fields that come first."""
        return {number: self.fields[number] for number in (_VERSION, _SCHEMA)}

    @cached_property
    def head(self) -> bytes:
        """The bytes of these."""
        return write_struct(self.schema)[:-1]

    @property
    def rows(self) -> int:
        return int(self.fields[_NUM_ROWS][1])

    @property
    def groups(self) -> list[Struct]:
        found: list[Struct] = self.fields[_ROW_GROUPS][1][1]
        return found

    def check_alike(self, other: _Footer, part: Path) -> None:
        for field in (_VERSION, _SCHEMA, _KEY_VALUES, _ORDERS):
            if self.fields.get(field) != other.fields.get(field):
                raise refused("two parts have different schemas", part)

    def with_groups(self, groups: list[Struct], rows: int) -> Struct:
        changed = {_NUM_ROWS: (I64, rows), _ROW_GROUPS: (LIST, (STRUCT, groups))}
        return {number: changed.get(number, field) for number, field in self.fields.items()}


def shifted(group: Struct, by: int, ordinal: int) -> Struct:
    """A RowGroup moved by so many bytes, as number `ordinal` of its file, without page indexes."""
    kind, columns = _known(group, "row group")[_COLUMNS][1]
    moved = _moved(group, (_GROUP_OFFSET,), by) | {_COLUMNS: (LIST, (kind, [_shifted_chunk(c, by) for c in columns]))}
    if _ORDINAL in moved:
        moved[_ORDINAL] = (I16, ordinal)
    if ordinal > _MOST_ORDINAL:
        moved.pop(_ORDINAL, None)
    return moved


def _shifted_chunk(chunk: Struct, by: int) -> Struct:
    kept = {n: field for n, field in _known(chunk, "column chunk").items() if n not in _PAGE_INDEXES}
    meta = _moved(_known(chunk[_META_DATA][1], "column"), _PAGE_OFFSETS, by)
    return _moved(kept, (_CHUNK_OFFSET,), by) | {_META_DATA: (STRUCT, meta)}


def _moved(fields: Struct, offsets: Sequence[int], by: int) -> Struct:
    """With the offsets moved; a 0 says that there is none."""
    moved = dict(fields)
    for number in offsets:
        kind, value = fields.get(number, (I64, 0))
        if value:
            moved[number] = (kind, value + by)
    return moved


def _known(fields: Struct, what: str) -> Struct:
    if strange := sorted(set(fields) - set(_KNOWN[what])):
        raise refused(f"a part has field {strange[0]} in the footer's {what}, which is not known")
    return fields
