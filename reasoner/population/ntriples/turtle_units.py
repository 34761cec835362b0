"""Turtle and TriG cut into pieces: plain ones are read by columns, the others are written as N-Triples.

Why this gives what the whole file gives, wherever a cut lies: a parser of Turtle <https://www.w3.org/TR/turtle/> reads
from left to right, and between two statements all that it knows is the prefixes and the base. A piece ends with a line
end, which is part of no token but a string or a comment, and ends a comment. If the first piece by itself is a whole
document, the parser of the file stands between two statements where that piece ends; so the second piece is read as
after a header with the prefixes and the base that hold there; and so on. A piece that is no whole document, or that
leaves other prefixes or another base behind, raises UncutError: then the file has to be read as one. Where cuts lie is
therefore a matter of speed alone. Blank nodes keep their labels; those without one get random labels of 128 bits.
"""

from __future__ import annotations

import codecs
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice, pairwise
from operator import attrgetter
from pathlib import Path
from typing import ClassVar

import pyoxigraph as ox
from pyoxigraph import RdfFormat

from reasoner.population.ntriples.pieces import (
    FAR,
    HEADER,
    NEAR,
    TYPED,
    Document,
    UncutError,
    bytes_at,
    format_of,
    joined,
)
from reasoner.population.ntriples.triples import Data
from reasoner.population.ntriples.turtle_columns import directives, read_plain

#: The longest IRI that a prefix may stand for, in characters: it is repeated.
_IRI = 500
#: How many statements are written at once.
_AT_ONCE = 1000
_BEYOND = b"<<("

# A line that ends with a dot, lines that are empty or a comment, and the first line that is neither, nor indented.
_STATEMENT = re.compile(rb"\.[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?=[^\s#@])")


@dataclass(frozen=True)
class Turtle(Document):
    """A file of Turtle or TriG, the prefixes and the base that hold after its first directives, and where to cut it."""

    weight: ClassVar[int] = 4

    path: Path
    prefixes: dict[str, str]
    base: str | None
    offsets: tuple[int, ...]

    @property
    def header(self) -> str:
        """Directives that bring these prefixes and this base about."""
        return directives(self.prefixes) + (f"@base <{self.base}> .\n" if self.base is not None else "")

    def read(self, start: int, stop: int) -> Data:
        """The piece from `start` up to `stop`. Raises UncutError."""
        first = start == self.offsets[0]
        data = bytes_at(self.path, start, stop)
        if _BEYOND in data:
            raise UncutError("it may state something about a statement, which errors have to name")
        plain = None if first or self.base is not None else read_plain(data, self.prefixes)
        return plain if plain is not None else self.ntriples(data if first else self.header.encode() + data)

    def ntriples(self, piece: bytes) -> bytes:
        """A piece, the header before it, as N-Triples. Raises UncutError."""
        try:
            piece.isascii() or piece.decode()
            parser = ox.parse(piece, format_of(self.path))
            written = joined(_written(parser, graphs=format_of(self.path) == RdfFormat.TRIG))
        except (SyntaxError, UnicodeDecodeError) as error:
            raise UncutError("it is no document by itself") from error
        if parser.prefixes != self.prefixes or parser.base_iri != self.base:
            raise UncutError("it changes what names stand for")
        return written


def _written(quads: Iterator[ox.Quad], *, graphs: bool) -> Iterator[bytes]:
    """Quads as N-Triples, graphs merged; between parts another thread can run."""
    merged = map(attrgetter("triple"), quads) if graphs else quads
    while part := ox.serialize(islice(merged, _AT_ONCE), format=RdfFormat.N_TRIPLES):
        yield part


def cut(path: Path, size: int) -> Turtle | None:
    """A file cut before patients into pieces of about `size` bytes, the first smaller; None where it had better not be.

    That is: where it is in another syntax, too small, broken at its beginning, or not written patient by patient.
    """
    if format_of(path) not in (RdfFormat.TURTLE, RdfFormat.TRIG) or path.stat().st_size < 2 * size:
        return None
    with path.open("rb") as file:
        marked = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        file.seek(marked)
        try:
            parser = ox.parse(file, format_of(path))
            next(parser)
        except (SyntaxError, StopIteration):
            return None
    turtle = Turtle(path, dict(parser.prefixes), parser.base_iri, (marked,))
    if len(turtle.header) > HEADER or max(map(len, turtle.prefixes.values()), default=0) > _IRI:
        return None
    offsets = _offsets(turtle, size)
    return replace(turtle, offsets=offsets) if offsets else None


def _offsets(turtle: Turtle, size: int) -> tuple[int, ...]:
    """Where the pieces start, and the end of the file; nothing where no patient begins near where a cut is wanted."""
    length, found = turtle.path.stat().st_size, [turtle.offsets[0]]
    with turtle.path.open("rb") as file:
        for wanted in (size // 16, *range(size, length, size)):
            offset = next((o for span in (NEAR, FAR) if (o := _patient(turtle, file.fileno(), wanted, span))), None)
            if offset is None and wanted + FAR < length:
                return ()
            if offset is not None and offset > found[-1]:
                found.append(offset)
    return (*found, length) if len(found) > 1 else ()


def _patient(turtle: Turtle, file: int, start: int, span: int) -> int | None:
    """Where, from `start` on, the statements about a patient begin that is typed in them."""
    data, header = os.pread(file, span, start), turtle.header.encode()
    places = [found.end() for found in _STATEMENT.finditer(data)]
    begins, before = None, None
    for place, end in pairwise(places):
        subject = data[place:end].split(maxsplit=1)[0]
        if subject != before:
            begins = place if before is not None else None
        before = subject
        if begins is not None and _types_patient(header + data[place:end]):
            return start + begins
    return None


def _types_patient(text: bytes) -> bool:
    try:
        return any((q.predicate, q.object) == TYPED for q in ox.parse(text, RdfFormat.TRIG))
    except SyntaxError:
        return False
