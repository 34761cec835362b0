"""Cutting a file of N-Triples between patients, and regrouping one in which a patient's triples lie apart.

A cut lies before the run of lines of one subject in which that subject is typed as a patient. In a file that was
written patient by patient every unit then holds whole patients. Where one does not, a node turns up to which no
patient of its unit leads (or a patient twice), and the file is regrouped: lines go to buckets by the component of
patients and nodes that they belong to.
"""

from __future__ import annotations

import mmap
import os
import re
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.triple_block import PATIENT, TYPE, TripleBlock

_TYPED = re.compile(rf"[ \t]{re.escape(TYPE)}[ \t]+{re.escape(PATIENT)}[ \t]*\.".encode())
#: How many bytes are looked through for a cut.
_WINDOW = 1 << 22
_BOM = b"\xef\xbb\xbf"
#: How many times smaller the first unit is: it is read before all others, to see whether patients lie apart.
_FIRST = 16
_BLANK = np.uint64(1 << 63)
Hashes = NDArray[np.uint64]


# -- cutting --


def types_patient(path: Path) -> bool:
    """Whether a file of N-Triples seems to type a patient."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            return False
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            return _TYPED.search(data) is not None


def cuts(path: Path, size: int) -> list[int]:
    """Offsets that cut the file into units of about `size` bytes, the first smaller.

    The first offset is the beginning of the file, the last its length. Where no patient is typed for long, a unit ends
    with any line.
    """
    length = path.stat().st_size
    with path.open("rb") as file:
        found = [len(_BOM) if file.read(len(_BOM)) == _BOM else 0]
        for nominal in (size // _FIRST, *range(size, length, size)):
            after = max(nominal, found[-1] + 1)
            if offset := _cut_within(os.pread(file.fileno(), _WINDOW, after), after + _WINDOW >= length):
                found.append(after + offset)
    return [*found, length] if length > found[-1] else found


def _cut_within(data: bytes, ends: bool) -> int:
    """The first cut behind the first line; else that line's end, or 0 where the file `ends` with this data."""
    first = data.find(b"\n") + 1
    for typed in _TYPED.finditer(data, first):
        if (offset := _run_start(data, typed.start())) > first:
            return offset
    return 0 if ends else first


def _run_start(data: bytes, at: int) -> int:
    """Where the run of lines begins that have the subject before which a blank stands at `at`."""
    line = data.rfind(b"\n", 0, at) + 1
    subject = data[line : at + 1]
    while line and data.startswith(subject, before := data.rfind(b"\n", 0, line - 1) + 1):
        line = before
    return line


# -- regrouping --


def regroup(
    blocks: Callable[[], Iterable[TripleBlock]], classifier: TripleClassifier, folder: Path, buckets: int
) -> list[Path]:
    """Write the triples of a file anew, what belongs together into one of `buckets` files; those that hold any.

    `blocks` gives the file's triples, their owners found, and is called twice. Takes 16 bytes of memory for each link
    between nodes. What goes where does not depend on the labels of blank nodes.
    """
    links = _links(blocks(), classifier)
    known, (start, end) = np.unique(links, return_inverse=True)
    label = components(start, end, np.arange(len(known)))
    paths = [folder / f"{number:05}.nt" for number in range(buckets)]
    for block in blocks():
        component = _component(hashes(block.terms), known, label)[block.subject]
        bucket = np.where(component < _BLANK, component % np.uint64(buckets), np.uint64(0))
        for number in np.unique(bucket).tolist():
            with paths[number].open("ab") as file:
                file.write(block.lines(np.flatnonzero(bucket == number)))
    return [path for path in paths if path.exists()]


def hashes(terms: pa.Array) -> Hashes:
    """A 64-bit number for each term; those of blank nodes are greater than all others."""
    numbers = pl.Series(terms).hash().to_numpy() & ~_BLANK
    return numbers | np.where(pc.starts_with(terms, "_"), _BLANK, np.uint64(0))


def _links(blocks: Iterable[TripleBlock], classifier: TripleClassifier) -> Hashes:
    """The two ends, shape (2, links), of each triple that leads from node to node by a word of the guideline.

    What is named in the guideline's own namespaces is a node only where something is said of it; else it is a slip.
    """
    links, described = [], []
    for block in blocks:
        numbers, ours = hashes(block.terms), classifier.are_in_namespace(block.terms)
        node = ~np.array(pc.starts_with(block.terms, '"'), bool) & ~block.is_declared
        rows = block.rows_of(block.in_namespace[block.pair_predicate] & node[block.pair_object])
        start, end = block.subject[rows], block.objects(rows)
        links.append(pl.DataFrame({"start": numbers[start], "end": numbers[end], "ours": ours[end]}))
        described.append(pl.Series(numbers[ours & block.described]))
    found = pl.concat(links).filter(~pl.col("ours") | pl.col("end").is_in(pl.concat(described).implode()))
    return found.select("start", "end").to_numpy().T


def components(one: NDArray[np.integer], other: NDArray[np.integer], label: NDArray[np.intp]) -> NDArray[np.intp]:
    """The least number in the connected component of each node; `label` are the nodes, `one` and `other` the links."""
    changed = bool(len(one))
    while changed:
        before = label.copy()
        least = np.minimum(label[one], label[other])
        np.minimum.at(label, one, least)
        np.minimum.at(label, other, least)
        label = label[label]
        changed = not np.array_equal(before, label)
    return label


def _component(numbers: Hashes, known: Hashes, label: NDArray[np.intp]) -> Hashes:
    """The component of each node, as a number; a node without links is its own."""
    if not len(known):
        return numbers
    positions = np.minimum(np.searchsorted(known, numbers), len(known) - 1)
    return np.where(known[positions] == numbers, known[label[positions]], numbers)
