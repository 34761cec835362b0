"""JSON-LD as programs write many records, a few hundred at a time: documents that together say what the file says.

A file of this form is an array of nodes, or `{"@context": {…}, "@graph": […]}`. JSON-LD 1.1
<https://www.w3.org/TR/json-ld11-api/> reads the members of such an array one by one, each with the context that stands
before the array; from one to the next it remembers only the labels of blank nodes. So an array may be cut between any
two members, where the context is repeated and labels are kept. Whatever is of another form is unusual: the file has to
be read as one.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from typing import IO

from reasoner.rdf_checks import MAX_DEPTH

#: How many characters of members make a part, at least.
SIZE = 1 << 20

_DECODER = json.JSONDecoder(parse_int=str, parse_float=str)
_BEGIN = re.compile(r'\s*(?:\[|\{\s*"@context"\s*:\s*(?=\{))')
_GRAPH = re.compile(r'\s*,\s*"@graph"\s*:\s*\[')
_SPACE = re.compile(r"\s*")
# A context of a member's own, a name spelled otherwise, and a label that is not certainly one in N-Triples.
_UNUSUAL = re.compile(r'@context|\bnull\b|@import|\\u00(?:40|5[fF]|3[aA])|"_:(?![A-Za-z0-9]+")')


class UnusualJsonError(Exception):
    """A document is not of the form that is read in parts, or something is wrong with it."""


def json_parts(file: IO[bytes]) -> Iterator[str]:
    """Documents of about SIZE characters each that together say what the rest of a file in UTF-8 says.

    Blank nodes have to keep their labels. Raises UnusualJsonError, perhaps after some parts.
    """
    window = _Window(file)
    header, footer = _header(window), "]"
    if header != "[":
        footer = "]}"
    members, size = [], 0
    for member in _members(window):
        members.append(member)
        size += len(member)
        if size >= SIZE:
            yield f"{header}{','.join(members)}{footer}"
            members, size = [], 0
    if window.rest().strip() != footer[1:]:
        raise UnusualJsonError
    yield f"{header}{','.join(members)}{footer}"


class _Window:
    """The text of a file from the first character that is still needed; `at` is where the next value begins."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file, self._decoder = file, codecs.getincrementaldecoder("utf-8")()
        self.text, self.at = "", 0

    def widen(self) -> bool:
        """Read on, as much again as there is; whether there was anything."""
        self.text, self.at = self.text[self.at :], 0
        more = self._decoder.decode(self._file.read(max(SIZE, len(self.text))))
        self.text += more
        return bool(more)

    def value(self) -> str:
        """The text of the value that begins here, which does not end with the window. Raises UnusualJsonError."""
        while True:
            self.skip()
            try:
                end = _DECODER.raw_decode(self.text, self.at)[1]
            except (ValueError, RecursionError):
                end = len(self.text)
            if _SPACE.match(self.text, end).end() < len(self.text):  # type: ignore[union-attr]
                found, self.at = self.text[self.at : end], end
                return found
            if not self.widen():
                raise UnusualJsonError

    def skip(self) -> str:
        """Go on to what is no white space, and return that character; '' at the end."""
        while True:
            self.at = _SPACE.match(self.text, self.at).end()  # type: ignore[union-attr]
            if self.at < len(self.text) or not self.widen():
                return self.text[self.at : self.at + 1]

    def rest(self) -> str:
        """What is left, if that is little; else as much of it as shows that it is not."""
        self.widen()
        return self.text[self.at :]


def _header(window: _Window) -> str:
    """What stands before the first member, which is where the window then is."""
    window.widen()
    begins = _BEGIN.match(window.text)
    if begins is None:
        raise UnusualJsonError
    window.at = begins.end()
    if begins[0].endswith("["):
        return "["
    context = window.value()
    if _UNUSUAL.search(context):
        raise UnusualJsonError
    graph = _GRAPH.match(window.text, window.at)
    if graph is None:
        raise UnusualJsonError
    window.at = graph.end()
    return f'{{"@context":{context},"@graph":['


def _members(window: _Window) -> Iterator[str]:
    """The members of the array in which the window stands; it is left behind the array."""
    while True:
        member = window.value()
        if _UNUSUAL.search(member) or member.count("{") + member.count("[") > MAX_DEPTH // 2:
            raise UnusualJsonError
        yield member
        mark = window.skip()
        window.at += 1
        if mark == "]":
            return
        if mark != ",":
            raise UnusualJsonError
