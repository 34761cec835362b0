"""Rows grouped by kind."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from reasoner.population.ntriples.triple_block import grouped


@pytest.mark.parametrize("kinds", [1, 7, 3_000, 100_000])
def test_rows_are_grouped_each_in_order(kinds: int) -> None:
    kind = np.random.default_rng(kinds).integers(0, kinds, 20_000).astype(np.int32)
    rows, ends = grouped(kind, kinds)
    found = [rows[start:stop].tolist() for start, stop in pairwise(ends)]
    assert len(found) == kinds
    assert [(kind[row], row) for group in found for row in group] == sorted(zip(kind, range(len(kind)), strict=True))
    assert all(len(set(kind[group])) <= 1 for group in found)
