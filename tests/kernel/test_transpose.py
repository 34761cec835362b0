"""Bitmaps to flags, masks, positions and literals, and back, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest

import reasoner.kernel.transpose
from reasoner.kernel.cohort import words
from reasoner.kernel.transpose import bitmap, column_of, flags_of, masks, positions_among

SEED = 20261122
SIZES = [0, 1, 8, 63, 64, 65, 200]


@pytest.mark.parametrize("size", SIZES)
def test_a_bitmap_has_a_bit_for_each_flag_and_none_beyond(size: int) -> None:
    flags = np.random.default_rng(SEED).random(size) < 0.5
    found = bitmap(flags)
    assert found.dtype == np.uint64 and found.shape == (words(size),)
    assert sum(int(word).bit_count() for word in found) == flags.sum()
    assert [bool(found[row // 64] >> np.uint64(row % 64) & np.uint64(1)) for row in range(size)] == flags.tolist()
    assert flags_of(found, size).tolist() == flags.astype(int).tolist()


@pytest.mark.parametrize("rows", SIZES)
@pytest.mark.parametrize("atoms", [1, 64, 70])
def test_masks_and_columns_are_the_bits_of_one_patient(rows: int, atoms: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reasoner.kernel.transpose, "_TURNED", 128)
    flags = np.random.default_rng(SEED).random((atoms, rows)) < 0.4
    bitmaps = np.array([bitmap(row) for row in flags], np.uint64).reshape(atoms, words(rows))
    turned = masks(bitmaps, rows)
    assert turned.shape == (rows, words(atoms))
    for row in range(rows):
        expected = sum(1 << atom for atom in range(atoms) if flags[atom, row])
        assert sum(int(word) << 64 * i for i, word in enumerate(turned[row])) == expected == column_of(bitmaps, row)


@pytest.mark.parametrize("number", [1, 2, 5, 300])
def test_positions_are_those_of_the_bitmaps(number: int) -> None:
    size = 1000
    which = np.random.default_rng(SEED).integers(0, number, size)
    which[::7] = 0
    assert positions_among([bitmap(which == i) for i in range(number)], size).tolist() == which.tolist()
    assert positions_among([], 3).tolist() == [0, 0, 0]
