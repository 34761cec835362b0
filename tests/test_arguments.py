"""What callers give is looked at before it is read as something else."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from reasoner.arguments import check_day, check_engine, checked_paths


@pytest.mark.parametrize("given", [datetime(2026, 11, 22), "2026-11-22", 20261122, None])
def test_a_day_is_a_date(given: object) -> None:
    check_day(date(2026, 11, 22))
    with pytest.raises(TypeError, match="as_of"):
        check_day(given)


@pytest.mark.parametrize("given", ["Compiled", "", None, 1])
def test_an_engine_is_one_of_two(given: object) -> None:
    check_engine("hermit")
    with pytest.raises(ValueError, match="compiled"):
        check_engine(given)


@pytest.mark.parametrize("given", ["p.ttl", b"p.ttl", Path("p.ttl"), [1], [None]])
def test_paths_are_a_list_of_paths(given: Any) -> None:
    assert checked_paths(iter(["a", Path("b")])) == ["a", Path("b")]
    with pytest.raises(TypeError, match="path"):
        checked_paths(given)
