"""How complete little files are encoded, and joined to one file without encoding anything again.

Parquet: the bytes of the row groups are copied and the footer is written anew, with every offset in it shifted
(https://github.com/apache/parquet-format/blob/master/src/main/thrift/parquet.thrift). The footer is Thrift in the
compact protocol (https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md). What this module
does not know is refused, never copied. Page indexes hold offsets of their own and are left out: they are optional.
"""

from __future__ import annotations

import io
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Protocol, TypeAlias

import pyarrow as pa

from reasoner.errors import EngineError, Problem

Body: TypeAlias = "pa.Table | pa.RecordBatch | bytes | pa.Buffer"
"""What a part holds: rows of a table or lines of N-Quads, or, as a buffer, what they are encoded to."""

Struct = dict[int, tuple[int, Any]]
"""A Thrift structure: for each field its kind and its value, in the order in which they are written."""

_TRUE, _FALSE, _BYTE, _I16, _I32, _I64, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
_INTEGERS = frozenset({_I16, _I32, _I64})
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
            raise _refused("a part of N-Quads is not given as bytes")
        return body

    def join(self, parts: Sequence[Path], out: BinaryIO) -> None:
        """The parts one after the other."""
        _concatenate(parts, out)


def _table(body: Body, schema: pa.Schema) -> pa.Table:
    table = pa.Table.from_batches([body]) if isinstance(body, pa.RecordBatch) else body
    if not isinstance(table, pa.Table) or not table.schema.equals(schema):
        raise _refused("the rows of a part have another schema than the output")
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
    footers = [_Footer.read(part) for part in parts]
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
    def read(cls, part: Path) -> _Footer:
        size = part.stat().st_size
        with part.open("rb") as file:
            head = file.read(len(_MAGIC))
            file.seek(max(0, size - 8))
            length, tail = int.from_bytes(file.read(4), "little"), file.read(4)
            start = size - 8 - length
            if head != _MAGIC or tail != _MAGIC or start < len(_MAGIC):
                raise _refused("a part is no Parquet file, or an encrypted one", part)
            file.seek(start)
            return cls(_known(read_struct(file.read(length)), "file"), start)

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
                raise _refused("two parts have different schemas", part)

    def with_groups(self, groups: list[Struct], rows: int) -> Struct:
        changed = {_NUM_ROWS: (_I64, rows), _ROW_GROUPS: (_LIST, (_STRUCT, groups))}
        return {number: changed.get(number, field) for number, field in self.fields.items()}


def shifted(group: Struct, by: int, ordinal: int) -> Struct:
    """A RowGroup moved by so many bytes, as number `ordinal` of its file, without page indexes."""
    kind, columns = _known(group, "row group")[_COLUMNS][1]
    moved = _moved(group, (_GROUP_OFFSET,), by) | {_COLUMNS: (_LIST, (kind, [_shifted_chunk(c, by) for c in columns]))}
    if _ORDINAL in moved:
        moved[_ORDINAL] = (_I16, ordinal)
    if ordinal > _MOST_ORDINAL:
        moved.pop(_ORDINAL, None)
    return moved


def _shifted_chunk(chunk: Struct, by: int) -> Struct:
    kept = {n: field for n, field in _known(chunk, "column chunk").items() if n not in _PAGE_INDEXES}
    meta = _moved(_known(chunk[_META_DATA][1], "column"), _PAGE_OFFSETS, by)
    return _moved(kept, (_CHUNK_OFFSET,), by) | {_META_DATA: (_STRUCT, meta)}


def _moved(fields: Struct, offsets: Sequence[int], by: int) -> Struct:
    """With the offsets moved; a 0 says that there is none."""
    moved = dict(fields)
    for number in offsets:
        kind, value = fields.get(number, (_I64, 0))
        if value:
            moved[number] = (kind, value + by)
    return moved


def _known(fields: Struct, what: str) -> Struct:
    if strange := sorted(set(fields) - set(_KNOWN[what])):
        raise _refused(f"a part has field {strange[0]} in the footer's {what}, which is not known")
    return fields


def _refused(what: str, part: Path | None = None) -> EngineError:
    return EngineError(Problem("bad-part", what, "please report it", str(part) if part else None))


def read_struct(data: bytes) -> Struct:
    """The Thrift structure that `data` is, in the compact protocol. Raises EngineError where it is anything else."""
    reader = _Reader(data)
    try:
        found = reader.struct()
    except IndexError:
        raise _refused("the footer of a part ends too soon") from None
    if reader.at != len(data):
        raise _refused("the footer of a part is longer than what it says")
    return found


class _Reader:
    """A place in bytes of the compact protocol."""

    def __init__(self, data: bytes) -> None:
        self.data, self.at = data, 0

    def take(self, length: int) -> bytes:
        start, self.at = self.at, self.at + length
        if self.at > len(self.data):
            raise IndexError
        return self.data[start : self.at]

    def varint(self) -> int:
        found = shift = 0
        while (byte := self.data[self.at]) > 0x7F:
            found |= (byte & 0x7F) << shift
            self.at, shift = self.at + 1, shift + 7
        self.at += 1
        return found | byte << shift

    def integer(self) -> int:
        found = self.varint()
        return (found >> 1) ^ -(found & 1)

    def text(self) -> bytes:
        return self.take(self.varint())

    def struct(self) -> Struct:
        found: Struct = {}
        data, number = self.data, 0
        while header := data[self.at]:
            self.at += 1
            kind = header & 15
            number = number + (header >> 4) if header > 15 else self.integer()
            found[number] = (kind, kind == _TRUE if kind <= _FALSE else self.reads(kind)(self))
        self.at += 1
        return found

    def items(self) -> tuple[int, list[Any]]:
        header = self.take(1)[0]
        count, kind = header >> 4, header & 15
        count = self.varint() if count == 15 else count
        if kind <= _FALSE:
            return kind, list(self.take(count))
        read = self.reads(kind)
        return kind, [read(self) for _ in range(count)]

    @staticmethod
    def reads(kind: int) -> Callable[[_Reader], Any]:
        """What reads a value of a kind."""
        if kind not in _READS:
            raise _refused(f"the footer of a part has a value of kind {kind}, which Parquet does not use")
        return _READS[kind]


_READS: dict[int, Callable[[_Reader], Any]] = {
    **dict.fromkeys(_INTEGERS, _Reader.integer), _BINARY: _Reader.text, _STRUCT: _Reader.struct,
    **dict.fromkeys((_LIST, _SET), _Reader.items), _BYTE: lambda at: at.take(1), _DOUBLE: lambda at: at.take(8),
}  # fmt: skip


def write_struct(fields: Struct) -> bytes:
    """The structure in the compact protocol; `read_struct` of it gives `fields`."""
    out = bytearray()
    _put_struct(out, fields)
    return bytes(out)


def _put_struct(out: bytearray, fields: Struct) -> None:
    last = 0
    for number, (kind, value) in fields.items():
        step = number - last
        if 0 < step < 16:
            out.append(step << 4 | kind)
        else:
            out.append(kind)
            _put_integer(out, number)
        if kind > _FALSE:
            _PUTS[kind](out, value)
        last = number
    out.append(0)


def _put_items(out: bytearray, given: tuple[int, Sequence[Any]]) -> None:
    kind, items = given
    out.append(min(len(items), 15) << 4 | kind)
    if len(items) > 14:
        _put_varint(out, len(items))
    if kind <= _FALSE:
        out += bytes(items)
    else:
        put = _PUTS[kind]
        for item in items:
            put(out, item)


def _put_text(out: bytearray, text: bytes) -> None:
    _put_varint(out, len(text))
    out += text


def _put_integer(out: bytearray, value: int) -> None:
    _put_varint(out, value << 1 if value >= 0 else ~value << 1 | 1)


def _put_varint(out: bytearray, value: int) -> None:
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)


_PUTS: dict[int, Callable[[bytearray, Any], None]] = {
    **dict.fromkeys(_INTEGERS, _put_integer), _BINARY: _put_text, _STRUCT: _put_struct,
    **dict.fromkeys((_LIST, _SET), _put_items), **dict.fromkeys((_BYTE, _DOUBLE), bytearray.extend),
}  # fmt: skip
