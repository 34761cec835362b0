"""A file of many records as N-Triples, block by block, in bounded memory: whole lines, found again by their offset.

N-Triples are cut at line ends as they stand. Any other syntax goes through the full parser, after the same checks as
for a single record, and is written as N-Triples; its blank nodes get labels that no other file has.
"""

from __future__ import annotations

import codecs
import io
import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import IO, NoReturn

import numpy as np
import pyoxigraph as ox
from pyoxigraph import RdfFormat
from rdflib import OWL

from reasoner import rdf
from reasoner.errors import RecordError

#: The size of a block in bytes; the blocks of a file end at the last line end within it.
SIZE = 4 << 20
#: The longest line that is read, in bytes.
MAX_LINE = 1 << 28

# How many statements are written at once; between them another thread can run.
_AT_ONCE = 1000
_BOM = codecs.BOM_UTF8
_READ = 1 << 20
_QUOTE = 2
_DECIMAL = b"XMLSchema#decimal"
_IMPORTS = f"<{OWL.imports}>".encode()
_GRAPHS = (RdfFormat.TRIG, RdfFormat.JSON_LD)

# What stands in a term that no record holds, and maybe elsewhere; the first character is looked for first, being rare.
_BEYOND = ((b"(", b"<<("), (b"@", b"--"))
_NO_NAME = ((b".invalid", f"<{rdf._UNDEFINED}".encode()), (b".invalid", f"<{rdf._RELATIVE}".encode()))
_EXPONENT = re.compile(rb'"(-?[0-9]\.[0-9]{1,20}E-?[0-9]{1,2})"(?=\^\^<http://www\.w3\.org/2001/XMLSchema#decimal> )')

# JSON: what a document nests; what the full check must judge.
_MARK = np.zeros(256, np.int8)
_MARK[[*b"[{"]], _MARK[[*b"]}"]], _MARK[ord('"')] = 1, -1, _QUOTE
_CONTEXT = re.compile(rb'@context"\s*:\s*[^{\s]')


@dataclass(frozen=True)
class Block:
    """Whole lines of N-Triples: the bytes of the file from `start` up to `stop`."""

    path: Path
    start: int
    stop: int
    data: memoryview

    def first_line(self) -> int:
        """The number, from 1, of the first line; the file is read up to it."""
        with self.path.open("rb") as file:
            parts = (file.read(min(_READ, self.start - at)) for at in range(0, self.start, _READ))
            return 1 + sum(part.count(b"\n") for part in parts)


def blocks(path: Path, size: int = SIZE, start: int = 0) -> Iterator[Block]:
    """The blocks of a file of N-Triples from `start`: 0, or where a block stopped, also one of another size.

    A line longer than `size` is a block of its own. Raises RecordError where the file cannot be read.
    """
    refuse = rdf._Refusal(str(path), RecordError)
    with _open(path, refuse) as file:
        if start == 0 and file.read(len(_BOM)) == _BOM:
            start = len(_BOM)
        while data := _lines_at(file, start, size):
            if len(data) > MAX_LINE and len(data) > size:
                what = f"a line is longer than {MAX_LINE >> 20} MiB"
                refuse(
                    "line-too-long",
                    what,
                    "write one statement on each line",
                    Block(path, start, start, data).first_line(),
                )
            yield Block(path, start, start + len(data), data)
            start += len(data)


def _open(path: Path, refuse: rdf._Refusal) -> IO[bytes]:
    try:
        return path.open("rb")
    except (OSError, ValueError):
        rdf._bytes(path, refuse)
        raise


def _lines_at(file: IO[bytes], start: int, size: int) -> memoryview:
    """About `size` bytes up to a line end; more where the first line is longer; less at the end of the file."""
    file.seek(start)
    data = file.read(size)
    end = data.rfind(b"\n") + 1
    while not end and len(data) <= MAX_LINE and (more := file.read(len(data))):
        data += more
        end = data.rfind(b"\n") + 1
    return memoryview(data)[: end or len(data)]


# -- any other syntax --


def as_lines(
    given: Path | bytes, format: str | None = None, source: str | None = None, *, rename: bool = True
) -> Iterator[bytes]:
    """Read RDF in any syntax as blocks of N-Triples, graphs merged; `format` as for `rdf.read_graph`.

    `source` stands for the file in errors. Without `rename` blank nodes keep the labels that the text gives them.
    Turtle and TriG are read in bounded memory, RDF/XML and JSON-LD at once. Raises RecordError as `rdf.read_graph`
    does, save for nesting of blank nodes, which no block shows; an error may come after some blocks.
    """
    refuse = rdf._Refusal(source or (str(given) if isinstance(given, Path) else rdf.STDIN), RecordError)
    with _open(given, refuse) if isinstance(given, Path) else io.BytesIO(given) as file:
        kind = rdf._format("" if isinstance(given, Path) else rdf._text(given, refuse), format, refuse)
        yield from _gathered(_Writer(_checked(file, kind, refuse), kind, refuse, rename).parts())


def _gathered(parts: Iterator[bytes]) -> Iterator[bytes]:
    """Parts joined to blocks of about SIZE bytes."""
    block, size = [], 0
    for part in parts:
        block.append(part)
        size += len(part)
        if size >= SIZE:
            yield b"".join(block)
            block, size = [], 0
    if block:
        yield b"".join(block)


def _checked(file: IO[bytes], kind: RdfFormat, refuse: rdf._Refusal) -> IO[bytes]:
    """What the parser is to read, from where the file stands, once it is known that this is safe."""
    if kind not in (RdfFormat.JSON_LD, RdfFormat.RDF_XML):
        _check_stream(file, refuse)
        return file
    text = rdf._text(file.read(), refuse)
    if kind == RdfFormat.RDF_XML:
        rdf._check_xml(text, refuse)
        return io.BytesIO(text.encode())
    if not _is_plain_json(text.encode()):
        rdf._check_json(text, refuse)
    return io.BytesIO(rdf._wrapped(text).encode())


def _check_stream(file: IO[bytes], refuse: rdf._Refusal) -> None:
    """Refuse what is not UTF-8, empty or too deep; leave the file after the mark of its byte order, if any."""
    marked = len(_BOM) if file.read(len(_BOM)) == _BOM else 0
    file.seek(marked)
    decoder = codecs.getincrementaldecoder("utf-8")()
    line, nested, blank = 1, 0, True
    while chunk := file.read(_READ):
        try:
            text = decoder.decode(chunk)
        except UnicodeDecodeError as error:
            line += error.object[: error.start].count(b"\n")
            refuse("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", line)
        line += text.count("\n")
        nested += text.count("<<(")
        blank = blank and not text.strip()
    if decoder.getstate()[0]:
        refuse("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", line)
    if blank:
        refuse("empty-file", "the file is empty", "give a file that holds RDF statements")
    if nested > rdf.MAX_DEPTH:
        rdf._refuse_depth(refuse)
    file.seek(marked)


def _is_plain_json(text: bytes) -> bool:
    """Whether the brackets close one value, not nested too deep, and no context but an object; if not, look closer."""
    if b"@import" in text or b"\\u0040" in text or _CONTEXT.search(text):
        return False
    bare = (re.sub(rb"\\.", b"", text, flags=re.DOTALL) if b"\\" in text else text).strip()
    marks = _MARK[np.frombuffer(bare, np.uint8)]
    marks = marks[marks != 0]
    quotes = marks == _QUOTE
    depth = np.cumsum(np.where(np.logical_xor.accumulate(quotes) | quotes, 0, marks), dtype=np.int32)
    return (
        bare[:1] in (b"{", b"[")
        and bare[-1:] in (b"}", b"]")
        and bool(depth[-1] == 0 and (depth[:-1] > 0).all() and depth.max() <= rdf.MAX_DEPTH)
    )


@dataclass(frozen=True)
class _Writer:
    """Writes what the full parser reads from where a file stands as N-Triples."""

    file: IO[bytes]
    kind: RdfFormat
    refuse: rdf._Refusal
    rename: bool

    def parts(self) -> Iterator[bytes]:
        """A part for each thousand statements; never none."""
        start, some, imports = self.file.tell(), False, False
        parser = self._parser(self.file)
        try:
            while part := self._part(islice(parser, _AT_ONCE)):
                if self._is_suspect(part) and not self._fits(part):
                    self._explain(start)
                some, imports = True, imports or _IMPORTS in part
                yield part
        except SyntaxError:
            self._explain(start)
        if not some:
            self.refuse("no-triples", "the file states nothing", "give a file that holds RDF statements")
        if imports:
            self._check_imports(start)

    @property
    def _is_json(self) -> bool:
        return self.kind == RdfFormat.JSON_LD

    def _parser(self, file: IO[bytes]) -> Iterator[ox.Quad]:
        base = rdf._RELATIVE if self._is_json else None
        return iter(ox.parse(file, self.kind, base_iri=base, rename_blank_nodes=self.rename))

    def _part(self, quads: Iterator[ox.Quad]) -> bytes:
        merged = map(attrgetter("triple"), quads) if self.kind in _GRAPHS else quads
        part = ox.serialize(merged, format=RdfFormat.N_TRIPLES) or b""
        if self._is_json and _DECIMAL in part:
            return _EXPONENT.sub(lambda found: b'"%s"' % format(Decimal(found[1].decode()), "f").encode(), part)
        return part

    def _is_suspect(self, part: bytes) -> bool:
        marks = _BEYOND + (_NO_NAME if self._is_json else ())
        return any(first in part and mark in part for first, mark in marks)

    def _fits(self, part: bytes) -> bool:
        try:
            for quad in ox.parse(part, RdfFormat.N_TRIPLES):
                self._look_at(quad, None)
        except RecordError:
            return False
        return True

    def _look_at(self, quad: ox.Quad, line: int | None) -> None:
        terms = rdf._Terms("", self._is_json, self.refuse)
        for term in (quad.subject, quad.predicate, quad.object):
            terms.of(term, line)

    def _check_imports(self, start: int) -> None:
        """Read again, line by line, to refuse an `owl:imports`, if there is one."""
        self.file.seek(start)
        feed, terms = _Feed(self.file), rdf._Terms("", self._is_json, self.refuse)
        for quad in self._parser(feed):  # type: ignore[arg-type]
            if str(quad.predicate).encode() == _IMPORTS:
                what = f"the record imports {terms.of(quad.object, None)}, which is never fetched"
                remedy = "delete owl:imports; the guideline is at hand already"
                self.refuse("owl-imports", what, remedy, None if self._is_json else feed.line)

    def _explain(self, start: int) -> NoReturn:
        """Read again, line by line, to raise the error of the statement that cannot be used, with its line."""
        self.file.seek(start)
        if self._is_json:
            wrapped = self.file.read().decode()
            rdf._check_json(wrapped[wrapped.index("\n") : wrapped.rindex("\n")].removeprefix("\n"), self.refuse)
            self.file.seek(start)
        feed = _Feed(self.file)
        try:
            for quad in self._parser(feed):  # type: ignore[arg-type]
                self._look_at(quad, None if self._is_json else feed.line)
        except SyntaxError as error:
            rdf._refuse_syntax(error, feed.text(self._is_json), self.kind, feed.line, self.refuse)
        raise AssertionError("what is refused is refused again")


class _Feed(io.RawIOBase):
    """Hands out one line a time, knows how many it has handed out, and keeps the last of them."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file = file
        self._last: deque[bytes] = deque(maxlen=1000)
        self._whole = True
        self.line = 0

    def read(self, size: int = -1) -> bytes:
        part = self._file.readline(size)
        self.line += bool(part) and self._whole
        self._whole = part.endswith(b"\n")
        self._last.append(part)
        return part

    def text(self, wrapped: bool) -> str:
        """As many lines as were handed out, the last of them as they are; none as it is where they are wrapped."""
        if wrapped:
            return "\n" * max(self.line - 1, 1)
        last = b"".join(self._last)
        return "\n" * (self.line - last.count(b"\n") - (not self._whole)) + last.decode(errors="replace")
