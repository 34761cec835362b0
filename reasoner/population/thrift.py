"""Structures of Thrift in the compact protocol, which Parquet's footers are.

https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md. What is not known is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reasoner.errors import EngineError, Problem

Struct = dict[int, tuple[int, Any]]
"""A Thrift structure: for each field its kind and its value, in the order in which they are written."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, STRUCT = 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12
_INTEGERS = frozenset({I16, I32, I64})


def refused(what: str, part: Path | None = None) -> EngineError:
    """The error of a part that cannot be joined."""
    return EngineError(Problem("bad-part", what, "please report it", str(part) if part else None))


def read_struct(data: bytes, start: int = 0, last: int = 0) -> Struct:
    """The structure that `data` is: its fields from `start` on, which come after the number `last`.

    Raises EngineError where it is anything else.
    """
    reader = _Reader(data, start)
    try:
        found = reader.struct(last)
    except IndexError:
        raise refused("the footer of a part ends too soon") from None
    if reader.at != len(data):
        raise refused("the footer of a part is longer than what it says")
    return found


class _Reader:
    """A place in bytes of the compact protocol."""

    def __init__(self, data: bytes, at: int = 0) -> None:
        self.data, self.at = data, at

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

    def struct(self, number: int = 0) -> Struct:
        found: Struct = {}
        data = self.data
        while header := data[self.at]:
            self.at += 1
            kind = header & 15
            number = number + (header >> 4) if header > 15 else self.integer()
            found[number] = (kind, kind == TRUE if kind <= FALSE else self.reads(kind)(self))
        self.at += 1
        return found

    def items(self) -> tuple[int, list[Any]]:
        header = self.take(1)[0]
        count, kind = header >> 4, header & 15
        count = self.varint() if count == 15 else count
        if kind <= FALSE:
            return kind, list(self.take(count))
        read = self.reads(kind)
        return kind, [read(self) for _ in range(count)]

    @staticmethod
    def reads(kind: int) -> Callable[[_Reader], Any]:
        """What reads a value of a kind."""
        if kind not in _READS:
            raise refused(f"the footer of a part has a value of kind {kind}, which Parquet does not use")
        return _READS[kind]


_READS: dict[int, Callable[[_Reader], Any]] = {
    **dict.fromkeys(_INTEGERS, _Reader.integer), BINARY: _Reader.text, STRUCT: _Reader.struct,
    **dict.fromkeys((LIST, SET), _Reader.items), BYTE: lambda at: at.take(1), DOUBLE: lambda at: at.take(8),
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
        if kind > FALSE:
            _PUTS[kind](out, value)
        last = number
    out.append(0)


def _put_items(out: bytearray, given: tuple[int, Sequence[Any]]) -> None:
    kind, items = given
    out.append(min(len(items), 15) << 4 | kind)
    if len(items) > 14:
        _put_varint(out, len(items))
    if kind <= FALSE:
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
    **dict.fromkeys(_INTEGERS, _put_integer), BINARY: _put_text, STRUCT: _put_struct,
    **dict.fromkeys((LIST, SET), _put_items), **dict.fromkeys((BYTE, DOUBLE), bytearray.extend),
}  # fmt: skip
