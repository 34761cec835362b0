"""Turtle and TriG cut into pieces: plain ones are read by columns, the others written as N-Triples by processes.

Processes, since a parser holds the GIL, and since the columns read no more than `reasoner.turtle_columns` says.

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
import json
import os
import re
import subprocess
import sys
import threading
import weakref
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pyoxigraph as ox
from pyoxigraph import RdfFormat

from reasoner import turtle_worker
from reasoner.judge import PATIENT, TYPE
from reasoner.rdf import SUFFIXES
from reasoner.triples import Data
from reasoner.turtle_columns import directives, read_plain
from reasoner.turtle_worker import SIZE

T = TypeVar("T")

#: How far from where it is wanted a cut may lie, in bytes; at first only so far as most patients reach.
_NEAR, _FAR = 1 << 16, 1 << 20
#: The longest header that is repeated for each piece.
_HEADER = 1 << 14

# A line that ends with a dot, lines that are empty or a comment, and the first line that is neither, nor indented.
_STATEMENT = re.compile(rb"\.[ \t]*\r?\n(?:[ \t]*(?:#[^\n]*)?\r?\n)*(?=[^\s#@])")
_TYPED = (ox.NamedNode(TYPE.strip("<>")), ox.NamedNode(PATIENT.strip("<>")))


class UncutError(Exception):
    """The pieces of a file do not give what the whole file gives, or an error; the whole file tells."""


@dataclass(frozen=True)
class Turtle:
    """A file of Turtle or TriG, the prefixes and the base that hold after its first directives, and where to cut it."""

    path: Path
    prefixes: dict[str, str]
    base: str | None
    offsets: tuple[int, ...]

    @property
    def header(self) -> str:
        """Directives that bring these prefixes and this base about."""
        return directives(self.prefixes) + (f"@base <{self.base}> .\n" if self.base is not None else "")

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Where each piece starts and stops."""
        return list(pairwise(self.offsets))

    def question(self, start: int, stop: int) -> dict[str, Any]:
        """What `as_ntriples` is asked for the piece from `start` up to `stop`."""
        header, graphs = self.header if start > self.offsets[0] else "", _format(self.path) == RdfFormat.TRIG
        return {"path": str(self.path), "start": start, "stop": stop, "header": header, "prefixes": self.prefixes,
                "base": self.base, "graphs": graphs}  # fmt: skip


def cut(path: Path, size: int) -> Turtle | None:
    """A file cut before patients into pieces of about `size` bytes, the first smaller; None where it had better not be.

    That is: where it is in another syntax, too small, broken at its beginning, or not written patient by patient.
    """
    if _format(path) not in (RdfFormat.TURTLE, RdfFormat.TRIG) or path.stat().st_size < 2 * size:
        return None
    with path.open("rb") as file:
        marked = len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0
        file.seek(marked)
        try:
            parser = ox.parse(file, _format(path))
            next(parser)
        except (SyntaxError, StopIteration):
            return None
    turtle = Turtle(path, dict(parser.prefixes), parser.base_iri, (marked,))
    if len(turtle.header) > _HEADER:
        return None
    offsets = _offsets(turtle, size)
    return Turtle(path, turtle.prefixes, turtle.base, offsets) if offsets else None


def _format(path: Path) -> RdfFormat | None:
    return SUFFIXES.get(path.suffix.lower().removeprefix("."))


def _offsets(turtle: Turtle, size: int) -> tuple[int, ...]:
    """Where the pieces start, and the end of the file; nothing where no patient begins near where a cut is wanted."""
    length, found = turtle.path.stat().st_size, [turtle.offsets[0]]
    with turtle.path.open("rb") as file:
        for wanted in (size // 16, *range(size, length, size)):
            offset = next((o for span in (_NEAR, _FAR) if (o := _patient(turtle, file.fileno(), wanted, span))), None)
            if offset is None and wanted + _FAR < length:
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
        return any((q.predicate, q.object) == _TYPED for q in ox.parse(text, RdfFormat.TRIG))
    except SyntaxError:
        return False


def read_piece(turtle: Turtle, start: int, stop: int, workers: Workers) -> Data:
    """One piece, the first of them, being small, without a process. Raises UncutError."""
    if start == turtle.offsets[0]:
        found = turtle_worker.as_ntriples(**turtle.question(start, stop))
        return _whole(found, turtle, start, stop)
    if turtle.base is None:
        with turtle.path.open("rb") as file:
            plain = read_plain(os.pread(file.fileno(), stop - start, start), turtle.prefixes)
        if plain is not None:
            return plain
    return workers.ntriples(turtle, start, stop)


def _whole(found: T | None, turtle: Turtle, start: int, stop: int) -> T:
    if found is None:
        raise UncutError(f"the bytes {start} to {stop} of {turtle.path} are no document by themselves")
    return found


class Workers:
    """Processes that write pieces as N-Triples, started when one is asked for and none is idle; they end with this."""

    def __init__(self) -> None:
        self._idle: list[subprocess.Popen[bytes]] = []
        self._lock = threading.Lock()
        self._all: list[subprocess.Popen[bytes]] = []
        weakref.finalize(self, _end, self._all)

    def ntriples(self, turtle: Turtle, start: int, stop: int) -> memoryview:
        """One piece as N-Triples. Raises UncutError."""
        try:
            worker = self._worker()
            answer = _answer(worker, json.dumps(turtle.question(start, stop)).encode() + b"\n")
        except OSError as error:
            raise UncutError(f"no process can be used: {error}") from error
        with self._lock:
            self._idle.append(worker)
        return _whole(answer, turtle, start, stop)

    def _worker(self) -> subprocess.Popen[bytes]:
        with self._lock:
            if self._idle:
                return self._idle.pop()
            # Of a session of its own, so that an interrupt from the keyboard meets this process alone.
            worker = subprocess.Popen(
                [sys.executable, "-P", turtle_worker.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL, start_new_session=True, bufsize=0,
            )  # fmt: skip
            self._all.append(worker)
            return worker


def _answer(worker: subprocess.Popen[bytes], question: bytes) -> memoryview | None:
    """What a worker answers. Raises OSError where it has ended."""
    assert worker.stdin and worker.stdout
    worker.stdin.write(question)
    size = int.from_bytes(_bytes(worker, SIZE), "little", signed=True)
    return None if size < 0 else _bytes(worker, size)


def _bytes(worker: subprocess.Popen[bytes], size: int) -> memoryview:
    assert worker.stdout
    found, done = memoryview(bytearray(size)), 0
    while done < size:
        count = os.readv(worker.stdout.fileno(), [found[done:]])
        if not count:
            raise OSError("it has ended")
        done += count
    return found


def _end(workers: list[subprocess.Popen[bytes]]) -> None:
    for worker in workers:
        worker.kill()
    for worker in workers:
        with worker:
            pass
