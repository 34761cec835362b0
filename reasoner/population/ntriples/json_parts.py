"""JSON-LD as programs write many records, a few hundred at a time: documents that together say what the file says.

A file of this form is an array of nodes, or an object that holds a context and such an array, `@graph`. JSON-LD 1.1
<https://www.w3.org/TR/json-ld11-api/> reads the members of such an array one by one, each with the context that stands
beside the array; from one to the next it remembers only the labels of blank nodes. So an array may be cut between any
two members, where the context is repeated and labels are kept. Whatever is of another form is unusual: the file has to
be read as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import IO

from msgspec import DecodeError, Raw, Struct, field
from msgspec.json import decode

from reasoner.rdf_checks import MAX_DEPTH

#: How many bytes of members make a part, at least.
SIZE = 1 << 20

_KEYWORD = re.compile(rb'"@(?:context|graph)"')
# A name that is spelled otherwise; a context of a member's own, and a label that is not certainly one in N-Triples.
_ESCAPED = re.compile(rb"\\u00(?:[4-7]|3[aA])")
_UNUSUAL = re.compile(rb'@context|@import|\bnull\b|"_:(?![A-Za-z0-9]+")')


class UnusualJsonError(Exception):
    """A document is not of the form that is read in parts, or something is wrong with it."""


class _ContextAndGraph(Struct, forbid_unknown_fields=True):
    context: Raw = field(name="@context")
    graph: list[Raw] = field(name="@graph")


def json_parts(file: IO[bytes], start: int) -> Iterator[str]:
    """Documents of about SIZE bytes each that together say what a file in UTF-8 says from byte `start` on.

    Blank nodes have to keep their labels. Raises UnusualJsonError, perhaps after some parts.
    """
    file.seek(start)
    data = memoryview(file.read())
    header, footer, members = _opened(data)
    some, size = list[bytes](), 0
    for member in map(bytes, members):
        if _UNUSUAL.search(member) or member.count(b"{") + member.count(b"[") > MAX_DEPTH // 2:
            raise UnusualJsonError
        some.append(member)
        size += len(member)
        if size >= SIZE:
            yield (header + b",".join(some) + footer).decode()
            some, size = [], 0
    yield (header + b",".join(some) + footer).decode()


def _opened(data: memoryview) -> tuple[bytes, bytes, list[Raw]]:
    """What stands before the members and behind them, and these. Where a keyword stands twice, the last would count."""
    try:
        found: list[Raw] | _ContextAndGraph = decode(data, type=list[Raw] | _ContextAndGraph)
    except (DecodeError, RecursionError):
        raise UnusualJsonError from None
    if _ESCAPED.search(data):
        raise UnusualJsonError
    if isinstance(found, list):
        return b"[", b"]", found
    context = bytes(found.context)
    unusual = _UNUSUAL.search(context) or not context.startswith(b"{")
    if unusual or _keywords(data) - sum(map(_keywords, found.graph)) != 2:
        raise UnusualJsonError
    return b'{"@context":' + context + b',"@graph":[', b"]}", found.graph


def _keywords(text: memoryview | Raw) -> int:
    return sum(1 for _ in _KEYWORD.finditer(text))
