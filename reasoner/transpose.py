"""From a word of literals for each patient to a bitmap of patients for each literal, and back for single rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reasoner.cohort import Bitmap, Bitmaps, words

#: How many patients are turned at a time; a multiple of 64.
_TURNED = 1 << 15


def bitmaps(masks: NDArray[np.uint64], atoms: int) -> Bitmaps:
    """The bitmaps of `atoms` literals, from masks of the shape (patients, words of atoms)."""
    rows = len(masks)
    found = np.zeros((atoms, words(rows)), np.uint64)
    bytewise = found.view(np.uint8)
    for start in range(0, rows, _TURNED):
        part = np.ascontiguousarray(masks[start : start + _TURNED]).view(np.uint8)
        flags = np.unpackbits(part, axis=1, count=atoms, bitorder="little")
        packed = np.packbits(flags.T, axis=1, bitorder="little")
        bytewise[:, start // 8 : start // 8 + packed.shape[1]] = packed
    return found


def bitmap(flags: NDArray[np.bool_]) -> Bitmap:
    """The bitmap of one flag a patient."""
    found = np.zeros(words(len(flags)), np.uint64)
    packed = np.packbits(flags, bitorder="little")
    found.view(np.uint8)[: len(packed)] = packed
    return found
