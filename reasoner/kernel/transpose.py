"""Bitmaps of patients turned into flags, into the literals of one patient, or into groups."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from reasoner.kernel.cohort import Bitmap, Bitmaps, words


def bitmap(flags: NDArray[np.bool_]) -> Bitmap:
    """The bitmap of flags, one a patient; shape (words,)."""
    found = np.zeros(words(len(flags)), np.uint64)
    packed = np.packbits(flags, bitorder="little")
    found.view(np.uint8)[: len(packed)] = packed
    return found


def flags_of(found: Bitmap, rows: int) -> NDArray[np.uint8]:
    """The bits of a bitmap, 0 or 1 for each of `rows` patients."""
    return np.unpackbits(found.view(np.uint8), count=rows, bitorder="little")


def positions_among(found: Sequence[Bitmap], rows: int) -> NDArray[np.int32]:
    """For each of `rows` patients the position of the one bitmap that it is in, of disjoint ones; 0 if in none."""
    numbers = np.zeros(rows, np.int32)
    for bit in range(max(len(found) - 1, 0).bit_length()):
        plane = np.bitwise_or.reduce([one for position, one in enumerate(found) if position >> bit & 1])
        numbers |= flags_of(plane, rows).astype(np.int32) << bit
    return numbers


def column_of(found: Bitmaps, row: int) -> int:
    """The literals of one patient, as one number with a bit for each."""
    column = found[:, row // 64] >> np.uint64(row % 64) & np.uint64(1)
    return sum(1 << atom for atom in np.flatnonzero(column).tolist())


def split(within: Bitmap, by: Sequence[tuple[int, Bitmap]]) -> Iterator[tuple[int, Bitmap]]:
    """The patients of `within` in groups that are in the same of the bitmaps `by`, with the union of their bits.

    `by` are pairs of bits and a bitmap. No group is empty; no more are held at a time than there are bitmaps.
    """
    left = [(0, within, 0)] if within.any() else []
    while left:
        found, group, start = left.pop()
        for further, (bit, having) in enumerate(by[start:], start + 1):
            inside = group & having
            if not inside.any():
                continue
            outside = group ^ inside
            if outside.any():
                left.append((found, outside, further))
            found, group = found | bit, inside
        yield found, group
