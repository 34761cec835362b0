"""Bitmaps to flags, positions, literals and groups, and back, bit by bit."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reasoner.kernel.cohort import Bitmap, words
from reasoner.kernel.transpose import bitmap, column_of, flags_of, positions_among, split

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
def test_columns_are_the_bits_of_one_patient(rows: int, atoms: int) -> None:
    flags = np.random.default_rng(SEED).random((atoms, rows)) < 0.4
    bitmaps = np.array([bitmap(row) for row in flags], np.uint64).reshape(atoms, words(rows))
    for row in range(rows):
        assert column_of(bitmaps, row) == sum(1 << atom for atom in range(atoms) if flags[atom, row])


@pytest.mark.parametrize("number", [1, 2, 5, 300])
def test_positions_are_those_of_the_bitmaps(number: int) -> None:
    size = 1000
    which = np.random.default_rng(SEED).integers(0, number, size)
    which[::7] = 0
    assert positions_among([bitmap(which == i) for i in range(number)], size).tolist() == which.tolist()
    assert positions_among([], 3).tolist() == [0, 0, 0]


# -- groups --


def flags(size: int, often: float = 0.5) -> NDArray[np.bool_]:
    return np.random.default_rng(SEED + size).random(size) < often


def drawn(number: int, size: int) -> list[Bitmap]:
    draw = np.random.default_rng(SEED)
    return [bitmap(draw.random(size) < 0.3) for _ in range(number)]


@pytest.mark.parametrize("size", [1, 64, 65, 1000])
def test_groups_have_each_patient_once_with_the_bitmaps_that_have_it(size: int) -> None:
    within, by = bitmap(flags(size)), drawn(6, size)
    groups = list(split(within, [(1 << 3 * i, one) for i, one in enumerate(by)]))
    assert len({found for found, _ in groups}) == len(groups)
    assert np.bitwise_or.reduce([group for _, group in groups]).tolist() == within.tolist()
    for found, group in groups:
        for row in np.flatnonzero(flags_of(group, size)):
            having = [1 << 3 * i for i, one in enumerate(by) if flags_of(one, size)[row]]
            assert sum(having) == found


def test_there_is_no_group_of_no_patient() -> None:
    nobody = np.zeros(2, np.uint64)
    assert list(split(nobody, [(1, nobody)])) == []
    assert [(found, group.tolist()) for found, group in split(~nobody, [(1, nobody)])] == [(0, (~nobody).tolist())]
