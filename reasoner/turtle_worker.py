"""A process that writes pieces of Turtle or TriG as N-Triples: asked on standard input, it answers on standard output.

A question is a line of JSON, the arguments of `as_ntriples`. An answer is a length in eight bytes, then as many bytes;
the length -1 says that the piece is no document by itself. The process ends with its input. It is run as a file, and
imports nothing that is slow to import.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Mapping
from operator import attrgetter

import pyoxigraph as ox

#: How many bytes of N-Triples a piece may give.
MOST = 1 << 30

SIZE = 8
NONE = (-1).to_bytes(SIZE, "little", signed=True)
_BEYOND = b"<<("


def as_ntriples(
    path: str, start: int, stop: int, header: str, prefixes: Mapping[str, str], base: str | None, graphs: bool
) -> bytes | None:
    """The bytes of a file from `start` up to `stop`, read after `header`, as N-Triples; with `graphs` it is TriG.

    None where they are not a whole document by themselves that leaves these prefixes and this base behind, or where
    they may state something about a statement.
    """
    with open(path, "rb") as file:  # noqa: PTH123 - pathlib takes as long to import as all the rest
        data = os.pread(file.fileno(), stop - start, start)
    if len(data) < stop - start or _BEYOND in data or not _is_utf8(data):
        return None
    try:
        parser = ox.parse(header.encode() + data, ox.RdfFormat.TRIG if graphs else ox.RdfFormat.TURTLE)
        merged: Iterable[ox.Triple] | Iterable[ox.Quad] = map(attrgetter("triple"), parser) if graphs else parser
        written = ox.serialize(merged, format=ox.RdfFormat.N_TRIPLES) or b""
    except SyntaxError:
        return None
    same = parser.prefixes == prefixes and parser.base_iri == base
    return written if same and len(written) <= MOST else None


def _is_utf8(data: bytes) -> bool:
    try:
        return data.isascii() or bool(data.decode())
    except UnicodeDecodeError:
        return False


def main() -> None:
    """Answer until the input ends."""
    for line in sys.stdin.buffer:
        found = as_ntriples(**json.loads(line))
        sys.stdout.buffer.write(NONE if found is None else len(found).to_bytes(SIZE, "little", signed=True))
        sys.stdout.buffer.write(found or b"")
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
