"""JSON-LD cut into pieces, each a document again: with the context of the whole, between the brackets of its array.

Cut are documents that are an array, `[ … ]`, or a context and a graph and nothing more, in this order:
`{"@context": { … }, "@graph": [ … ]}`. Why this gives what the whole file gives, wherever a cut lies. By the grammar
of JSON <https://www.rfc-editor.org/rfc/rfc8259> an array is values with commas between them. Where two texts are each
one value or more with commas between them, so are the two with a comma between them. A piece begins behind a comma. So
where each piece gives an array that is not empty, being put between the brackets and closing none of them, all pieces
together are the values of the array of the whole file. To JSON-LD <https://www.w3.org/TR/json-ld11/> the values of such
an array are nodes, read one by one under the context of the whole; labels of nodes are kept. pyoxigraph reads JSON
strictly. What the file's check refuses (a context elsewhere, brackets too deep) it refuses in a piece, which has as
many brackets around it.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pyoxigraph import RdfFormat

from reasoner.population.ntriples.jit import compiled
from reasoner.population.ntriples.pieces import FAR, HEADER, NEAR, Enclosed, UncutError, bytes_at, format_of, patient

_BOM = codecs.BOM_UTF8
_BLANKS = b" \t\r\n"
_COMMA = np.uint8(ord(","))
_OUTSIDE, _INSIDE, _ESCAPED = range(3)
# By a byte, how much deeper in brackets the text is behind it, outside of strings; and by place and byte the place.
_DEEPER = np.zeros(256, np.int64)
_DEEPER[[*b"[{"]], _DEEPER[[*b"]}"]] = 1, -1
_NEXT = np.repeat(np.array([[_OUTSIDE], [_INSIDE], [_INSIDE]], np.int64), 256, axis=1)
_NEXT[_OUTSIDE, ord('"')], _NEXT[_INSIDE, ord('"')], _NEXT[_INSIDE, ord("\\")] = _INSIDE, _OUTSIDE, _ESCAPED
_CONTEXT = re.compile(r'\s*\{\s*"@context"\s*:\s*(?=\{)')
_GRAPH = re.compile(r'\s*,\s*"@graph"\s*:\s*\[')
_END = re.compile(rb"\]\s*\}\s*$")
_END_OF_ARRAY = re.compile(rb"\]\s*$")
#: How many bytes are searched for commas at once.
_BLOCK = 1 << 22


@dataclass(frozen=True)
class Json(Enclosed):
    """A file of JSON-LD, what stands before the values of its array and behind them, and the commas to cut it at."""

    weight: ClassVar[int] = 24
    syntax: ClassVar[str] = "json-ld"

    def read(self, start: int, stop: int) -> bytes:
        """The piece from `start` up to `stop`. Raises UncutError or RecordError."""
        piece = bytes_at(self.path, start, stop)
        if start != self.offsets[0]:
            if not piece.startswith(b","):
                raise UncutError("it does not begin with a comma")
            piece = piece[1:]
        if not piece.strip(_BLANKS) or not _is_closed(piece):
            raise UncutError("it is not values with commas between them")
        return self.ntriples(piece)


def cut(path: Path, size: int) -> Json | None:
    """A file cut before patients into pieces of about `size` bytes, the first smaller; None where it had better not be.

    That is: where it is in another syntax, too small, of another form, or not written patient by patient.
    """
    length = path.stat().st_size
    if format_of(path) != RdfFormat.JSON_LD or length < 2 * size:
        return None
    head = bytes_at(path, 0, NEAR)
    marked = len(_BOM) if head.startswith(_BOM) else 0
    header = _header(head[marked:])
    footer = _footer(bytes_at(path, max(0, length - HEADER), length), header)
    if not footer:
        return None
    whole = Json(path, header, footer, (marked + len(header), length - len(footer)))
    offsets = _offsets(whole, size)
    return Json(path, header, footer, offsets) if offsets else None


def _header(head: bytes) -> bytes:
    """What stands before the values, their bracket included; nothing where the document is of another form."""
    if head.lstrip(_BLANKS).startswith(b"["):
        return head[: head.index(b"[") + 1]
    text = head.decode(errors="ignore")
    begin = _CONTEXT.match(text)
    try:
        graph = _GRAPH.match(text, json.JSONDecoder().raw_decode(text, begin.end())[1]) if begin else None
    except (ValueError, RecursionError):
        graph = None
    header = text[: graph.end()].encode() if graph else b""
    return header if head.startswith(header) and len(header) <= HEADER else b""


def _footer(tail: bytes, header: bytes) -> bytes:
    """What stands behind the values, their bracket included; nothing where there is more than that."""
    found = (_END if header.lstrip(_BLANKS).startswith(b"{") else _END_OF_ARRAY).search(tail)
    return found[0] if found and header else b""


def _offsets(whole: Json, size: int) -> tuple[int, ...]:
    """Where the pieces start and the last one stops; nothing where no patient begins near where a cut is wanted."""
    begin, stop = whole.offsets
    found, wanted = [begin], begin + size // 16
    for start, data, places in _blocks(whole):
        while wanted < start + len(data):
            near = places[np.searchsorted(places, wanted) : np.searchsorted(places, wanted + FAR)].tolist()
            values = ((one, data[one + 1 - start : other - start]) for one, other in pairwise(near))
            offset = patient(whole, values)
            if offset is None and wanted + FAR < start + len(data):
                return ()
            if offset is None:
                break
            found.append(offset)
            wanted = offset + size
    return (*found, stop) if len(found) > 1 else ()


def _blocks(whole: Json) -> Iterator[tuple[int, bytes, NDArray[np.int64]]]:
    """Blocks of the array: where each starts, its bytes, and where in the file the commas between values are."""
    begin, stop = whole.offsets
    state, found = np.zeros(3, np.int64), np.empty(_BLOCK, np.int32)
    for start in range(begin, stop, _BLOCK):
        data = bytes_at(whole.path, start, min(start + _BLOCK, stop))
        count = commas(np.frombuffer(data, np.uint8), state, found)
        yield start, data, found[:count] + np.int64(start)


def _is_closed(piece: bytes) -> bool:
    """Whether a text closes all brackets that it opens, no other, and every string."""
    state = np.zeros(3, np.int64)
    commas(np.frombuffer(piece, np.uint8), state, np.empty(len(piece), np.int32))
    return not state.any()


@compiled
def commas(data: NDArray[np.uint8], state: NDArray[np.int64], found: NDArray[np.int32]) -> Any:
    """How many commas stand outside of strings and brackets; where they do is written to `found`.

    `state` is how deep in brackets the text is, how deep it was at least, and whether it is in a string, and there
    behind a backslash; it is carried on.
    """
    depth, least, place, count = state[0], state[1], state[2], 0
    for i in range(len(data)):
        byte = data[i]
        if place == _OUTSIDE:
            depth += _DEEPER[byte]
            least = min(least, depth)
            if byte == _COMMA and depth == 0:
                found[count] = i
                count += 1
        place = _NEXT[place, byte]
    state[0], state[1], state[2] = depth, least, place
    return count
