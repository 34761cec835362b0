"""What documents that are cut into pieces have in common, whatever their syntax: what a piece is and how it is read.

The argument that pieces give what the whole gives stands with each syntax. What is refused in a piece is not reported:
the whole file is read then, which tells what is wrong, and where.
"""

from __future__ import annotations

import os
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import ClassVar

import pyoxigraph as ox
from pyoxigraph import RdfFormat

from reasoner import rdf
from reasoner.population.ntriples.judge import PATIENT, TYPE
from reasoner.population.ntriples.ntriples import as_lines
from reasoner.population.ntriples.triples import Data

#: How far from where it is wanted a cut may lie, in bytes; at first only so far as most patients reach.
NEAR, FAR = 1 << 16, 1 << 20
#: The longest header, in bytes: it is repeated.
HEADER = 1 << 14
#: The most bytes of N-Triples that a piece may give.
_MOST = 1 << 29
#: Predicate and object of what types a patient.
TYPED = (ox.NamedNode(TYPE.strip("<>")), ox.NamedNode(PATIENT.strip("<>")))


class UncutError(Exception):
    """The pieces of a file do not give what the whole file gives, or an error; the whole file tells."""


class Document(ABC):
    """A file that is cut."""

    #: How many times as long as N-Triples of as many bytes it takes to read.
    weight: ClassVar[int]
    #: Where each piece starts, and where the last one stops.
    offsets: tuple[int, ...]

    @property
    def pieces(self) -> list[tuple[int, int]]:
        """Where each piece starts and stops."""
        return list(pairwise(self.offsets))

    @abstractmethod
    def read(self, start: int, stop: int) -> Data:
        """The piece from `start` up to `stop`. Raises UncutError or RecordError where the whole has to be read."""


def format_of(path: Path) -> RdfFormat | None:
    """The syntax that the suffix of a file says."""
    return rdf.SUFFIXES.get(path.suffix.lower().removeprefix("."))


def bytes_at(path: Path, start: int, stop: int) -> bytes:
    """The bytes of a file from `start` up to `stop`."""
    with path.open("rb") as file:
        return os.pread(file.fileno(), stop - start, start)


def joined(parts: Iterable[bytes]) -> bytes:
    """The N-Triples of one piece. Raises UncutError where they are too long."""
    found, size = [], 0
    for part in parts:
        found.append(part)
        size += len(part)
        if size > _MOST:
            raise UncutError("it is too long as N-Triples")
    return b"".join(found)


@dataclass(frozen=True)
class Enclosed(Document):
    """A document whose pieces stand between what begins it and what ends it, and are documents between these too."""

    #: The name of the syntax.
    syntax: ClassVar[str]

    path: Path
    header: bytes
    footer: bytes
    offsets: tuple[int, ...]

    def ntriples(self, piece: bytes) -> bytes:
        """A piece as N-Triples, after the checks that a file has to pass; its blank nodes keep their labels."""
        return joined(as_lines(self.header + piece + self.footer, self.syntax, str(self.path), rename=False))

    def statements(self, piece: bytes) -> Iterator[ox.Quad]:
        """What a piece says, as far as it can be read."""
        base = rdf._RELATIVE if self.syntax == "json-ld" else None
        try:
            yield from ox.parse(self.header + piece + self.footer, rdf.NAMES[self.syntax], base_iri=base)
        except SyntaxError:
            return


def patient(document: Enclosed, parts: Iterable[tuple[int, bytes]]) -> int | None:
    """Where the first of neighbouring parts begins that types a patient of whom the part before says nothing."""
    before: set[object] | None = None
    for start, part in parts:
        quads = list(document.statements(part))
        typed = {quad.subject for quad in quads if (quad.predicate, quad.object) == TYPED}
        if typed and before is not None and typed.isdisjoint(before):
            return start
        before = {quad.subject for quad in quads}
    return None
