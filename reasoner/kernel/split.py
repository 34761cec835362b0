"""Patients grouped by which of some bitmaps they are in; the groups are bitmaps too."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reasoner.kernel.cohort import Bitmap


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
