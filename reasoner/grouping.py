"""Cutting a file of N-Triples between patients, and regrouping one in which a patient's triples lie apart.

A cut lies before the run of lines of one subject in which that subject is typed as a patient. In a file that was
written patient by patient every unit then holds whole patients. Where one does not, a node turns up to which no
patient of its unit leads (or a patient twice), and the file is regrouped: lines go to buckets by the component of
patients and nodes that they belong to.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.block import Block
from reasoner.judge import PATIENT, TYPE, Judge
from reasoner.triples import Triples

_TYPED = f" {TYPE} {PATIENT} .".encode()
_WINDOW = 1 << 20
Hashes = NDArray[np.uint64]


def cut(data: bytes, start: int = 0) -> int:
    """Where the first run of lines with a typed patient begins, at or after the line at `start`; -1 if nowhere."""
    found = data.find(_TYPED, start)
    if found < 0:
        return -1
    line = data.rfind(b"\n", 0, found) + 1
    subject = data[line:found] + b" "
    while line > 0:
        before = data.rfind(b"\n", 0, line - 1) + 1
        if not data.startswith(subject, before):
            break
        line = before
    return line


def cuts(path: Path, size: int) -> list[int]:
    """Offsets that cut the file into units of about `size` bytes; the first is 0, the last the file's length."""
    length = path.stat().st_size
    found = [0]
    with path.open("rb") as file:
        for nominal in range(size, length, size):
            offset = _cut_after(file.fileno(), max(nominal, found[-1] + 1), length)
            if offset > found[-1]:
                found.append(offset)
    return [*found, length] if length else [0]


def _cut_after(file: int, nominal: int, length: int) -> int:
    """The first cut after `nominal` of which the line before is at hand too; -1 where there is none."""
    window = _WINDOW
    while nominal < length:
        data = os.pread(file, window, nominal)
        first = data.find(b"\n") + 1
        start = first
        while first and (offset := cut(data, start)) >= 0:
            if offset > first:
                return nominal + offset
            start = data.find(b"\n", data.find(_TYPED, start)) + 1
        if nominal + window >= length:
            break
        window *= 4
    return -1


def regroup(blocks: Callable[[], Iterable[Triples]], judge: Judge, folder: Path, buckets: int) -> list[Path]:
    """Write the triples of a file anew, what belongs together into one of `buckets` files; those that hold any.

    `blocks` gives the file's triples, and is called twice. Takes 16 bytes of memory for each link between nodes.
    """
    ends = [_links(Block(triples, judge)) for triples in blocks()]
    component = _Components(np.concatenate([e for e, _ in ends]), np.concatenate([e for _, e in ends]))
    paths = [folder / f"{number:05}.nt" for number in range(buckets)]
    with ExitStack() as stack:
        files = [stack.enter_context(path.open("wb")) for path in paths]
        for triples in blocks():
            bucket = component.of(hashes(triples.nodes))[triples.subject] % np.uint64(buckets)
            for number in np.unique(bucket):
                files[number].write(lines(triples, np.flatnonzero(bucket == number)))
    return [path for path in paths if path.stat().st_size]


def hashes(terms: pa.Array) -> Hashes:
    """A 64-bit number for each term."""
    return pl.Series(terms).hash().to_numpy()


def _links(block: Block) -> tuple[Hashes, Hashes]:
    """The two ends of each triple that leads from node to node by a word of the guideline."""
    literal = pc.starts_with(block.terms, '"').to_numpy(zero_copy_only=False)
    led = block.spoken[block.pair_p] & ~literal[block.pair_o]
    ours = np.zeros(block.count, bool)
    ends = np.unique(block.pair_o[led])
    ours[ends] = [block.judge.speaks(term) for term in block.terms.take(pa.array(ends)).to_pylist()]
    rows = block.rows_of(led & ~ours[block.pair_o])
    numbers = hashes(block.terms)
    return numbers[block.s[rows]], numbers[block.objects(rows)]


class _Components:
    """Connected components of nodes, by propagating the least hash along links."""

    def __init__(self, left: Hashes, right: Hashes) -> None:
        self.known, places = np.unique(np.concatenate([left, right]), return_inverse=True)
        one, other = places[: len(left)], places[len(left) :]
        self.label = np.arange(len(self.known))
        changed = bool(len(self.known))
        while changed:
            before = self.label.copy()
            least = np.minimum(self.label[one], self.label[other])
            np.minimum.at(self.label, one, least)
            np.minimum.at(self.label, other, least)
            self.label = self.label[self.label]
            changed = not np.array_equal(before, self.label)

    def of(self, numbers: Hashes) -> Hashes:
        """The component of each node, as a number; a node without links is its own."""
        if not len(self.known):
            return numbers
        places = np.minimum(np.searchsorted(self.known, numbers), len(self.known) - 1)
        return np.where(self.known[places] == numbers, self.known[self.label[places]], numbers)


def lines(triples: Triples, rows: NDArray[np.intp]) -> bytes:
    """The triples at `rows`, as N-Triples."""
    nodes, predicates = triples.nodes, triples.predicates
    columns = (nodes.take(pa.array(triples.subject[rows])), predicates.take(pa.array(triples.predicate[rows])),
               nodes.take(pa.array(triples.object[rows])))  # fmt: skip
    joined = pc.binary_join_element_wise(*columns, pa.scalar(".\n"), " ")
    return b"".join(text.encode() for text in joined.to_pylist())
