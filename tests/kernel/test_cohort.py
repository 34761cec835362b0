"""Cohorts: how many words hold how many patients, and the order of what is refused."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from reasoner.kernel.cohort import Cohort, Reject, strings, words


@pytest.mark.parametrize(("rows", "expected"), [(0, 0), (1, 1), (63, 1), (64, 1), (65, 2), (128, 2), (129, 3)])
def test_words_hold_all_rows_and_no_word_more(rows: int, expected: int) -> None:
    assert words(rows) == expected


def test_a_cohort_has_a_row_for_each_patient() -> None:
    none = np.zeros((2, 1), np.uint64)
    cohort = Cohort(pa.array(["urn:a", "urn:b"]), none, none)
    assert cohort.rows == 2 and cohort.rejects == () and cohort.proposed == {} and cohort.derived_pos is None
    with pytest.raises(AttributeError):
        cohort.referred = 1  # type: ignore[misc]


def test_rejects_are_in_the_order_of_patients_and_sources() -> None:
    first, second, third = (Reject(*parts, "", "") for parts in (("a", "f", "x"), ("a", "g", "a"), ("b", "", "")))
    assert sorted([third, second, first]) == [first, second, third]


def test_texts_stay_as_they_are() -> None:
    texts = ["", "a", "ä\0b", "𝔄" * 100]
    for given in (texts, iter(texts), dict.fromkeys(texts)):
        found = strings(given)
        assert found.type == pa.string() and found.to_pylist() == texts
    assert strings([]).type == pa.string() and len(strings([])) == 0
