"""Groups of patients, against patient by patient."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from reasoner.kernel.cohort import Bitmap
from reasoner.kernel.split import split
from reasoner.kernel.transpose import bitmap, flags_of

SEED = 20261122


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
