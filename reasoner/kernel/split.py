"""Patients grouped by which of some bitmaps have them. The groups are bitmaps too: no patient is looked at alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reasoner.kernel.cohort import Bitmap


def split(within: Bitmap, by: Sequence[tuple[int, Bitmap]]) -> Iterator[tuple[int, Bitmap]]:
    """The patients in `within` that the same of the bitmaps `by` have, with the bits that stand beside those.

    Groups come one at a time: no more are held than there are bitmaps.
    """
    left = [(0, within, 0)] if within.any() else []
    while left:
        found, group, start = left.pop()
        for place, (bit, having) in enumerate(by[start:], start + 1):
            inside = group & having
            if not inside.any():
                continue
            outside = group ^ inside
            if outside.any():
                left.append((found, outside, place))
            found, group = found | bit, inside
        yield found, group
