"""The reasons of many patients at once are for each the first that is given of that patient alone."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from fact_rows import SEED, both, main, random_rows, read_cohort, table_of

from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Cohort
from reasoner.kernel.kernel import Kernel
from reasoner.kernel.transpose import bitmap, column_of, flags_of
from reasoner.logic.decide import decide
from reasoner.logic.facts import DERIVED
from reasoner.logic.theory import Literals
from reasoner.patient.assess import assessor_of
from reasoner.population.known import KnownBits, facts_of, origin
from reasoner.population.reasons import Reasons
from reasoner.render.json import JsonRenderer

SIZE = 600


def cohort_of(of: Callable[[], Guideline], size: int) -> Cohort:
    """Random patients, of whom some literals are derived, and one whose record contradicts itself."""
    found = read_cohort(table_of(of(), random_rows(of, size)), of(), "rows.parquet")
    draw = np.random.default_rng(SEED)
    derived = [bitmap(draw.random(found.rows) < 0.3) for _ in range(2)]
    neg = found.neg.copy()
    neg[:, 0] |= found.pos[:, 0] & np.uint64(1 << 7)
    return replace(found, neg=neg, derived_pos=found.pos & derived[0], derived_neg=found.neg & derived[1])


def alone(guideline: Guideline, cohort: Cohort, row: int) -> list[str | None]:
    """The first reason of each management class of one patient, as JSON."""
    sides = (cohort.pos, cohort.neg, cohort.derived_pos, cohort.derived_neg)
    told = KnownBits(*(0 if side is None else column_of(side, row) for side in sides), 0)
    facts = [origin(fact, told) for fact in facts_of(guideline, Literals(told.pos, told.neg))]
    decision = decide(guideline.compiled, facts, guideline.catalogue.closable)
    renderer = JsonRenderer(guideline)
    found = assessor_of(guideline).conclusions(decision, guideline.catalogue.management)
    firsts = [next(iter(conclusion.reasons), None) for conclusion in found]
    return [
        None if one is None else json.dumps(renderer.reason(one), ensure_ascii=False, separators=(",", ":"))
        for one in firsts
    ]


@both
def test_reasons_are_the_first_of_each_patient_alone(of: Callable[[], Guideline]) -> None:
    guideline, cohort = of(), cohort_of(of, SIZE)
    decided = Kernel(guideline).decide(cohort)
    reasons = Reasons(guideline, guideline.catalogue.management)
    columns = [column.to_pylist() for column in reasons.columns(cohort, decided)]
    assert columns == [column.to_pylist() for column in reasons.columns(cohort, decided)]
    clash = flags_of(decided.clash, decided.rows)
    assert clash[7] and clash.sum() == 1
    for row in range(cohort.rows):
        expected = [None] * len(columns) if clash[row] else alone(guideline, cohort, row)
        assert [column[row] for column in columns] == expected, row
    texts = {text for column in columns for text in column if text}
    assert any(f'"by":"{DERIVED}"' in text for text in texts)
    assert len(texts) > 20 and all(column.count(None) < cohort.rows for column in columns)


@pytest.mark.parametrize("rows", [0, 1, 70])
def test_columns_of_few_patients_and_of_none(rows: int) -> None:
    cohort = read_cohort(table_of(main(), random_rows(main, rows)), main(), "rows.parquet")
    for column in Reasons(main(), main().catalogue.management).columns(cohort, Kernel(main()).decide(cohort)):
        column.validate(full=True)
        assert len(column) == cohort.rows and set(column.dictionary.to_pylist()) == set(column.to_pylist()) - {None}
