"""What an assessor remembers of one patient, however little or much, changes no answer for another, nor do threads."""

from __future__ import annotations

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from functools import cache
from pathlib import Path
from threading import Barrier

import pytest
from random_records import Records

from reasoner import caches
from reasoner.errors import ContradictionError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessor, assess
from reasoner.render.json import JsonRenderer
from reasoner.terms import GP

SEED = 20261122
DAY = date(2026, 11, 22)
TINY = Path(__file__).parents[1] / "tiny"
Record = tuple[Observation, ...]


@cache
def loaded(directory: Path | None) -> Guideline:
    return load_guideline(directory)


def drawn(guideline: Guideline, number: int) -> list[Record]:
    """Random records, some of them with orders."""
    rng = random.Random(SEED)
    records = Records(guideline.compiled, SEED, tuple(guideline.catalogue.closable))
    actions = sorted({check.action for check in guideline.content.checks if check.action}) or ["urn:x"]
    ordered = [Observation((str(GP.proposes),), "class", action) for action in actions]
    return [(*records.draw(), *(rng.sample(ordered, 1) if rng.random() < 0.4 else ())) for _ in range(number)]


def answer(guideline: Guideline, renderer: JsonRenderer, record: Record) -> object:
    try:
        return renderer.result(assess(guideline, "urn:x", record, DAY))
    except ContradictionError as error:
        return str(error)


def answers(guideline: Guideline, records: Iterable[Record], forget: bool) -> list[object]:
    """The JSON of each record, assessed by one assessor that remembers or by a new one each."""
    renderer, found = JsonRenderer(guideline), list[object]()
    guideline.__dict__["assessor"] = Assessor(guideline)
    for record in records:
        if forget:
            guideline.__dict__["assessor"] = Assessor(guideline)
        found.append(answer(guideline, renderer, record))
    return found


@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_memory_changes_no_answer(directory: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    guideline = loaded(directory)
    records = drawn(guideline, 120)
    fresh = answers(guideline, records, forget=True)
    assert answers(guideline, records, forget=False) == fresh
    assert answers(guideline, reversed(records), forget=False) == fresh[::-1]
    monkeypatch.setattr(caches, "_ENTRIES", 3)
    assert answers(guideline, records, forget=False) == fresh


@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_eight_threads_answer_as_one(directory: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    guideline = loaded(directory)
    records = drawn(guideline, 60)
    fresh = answers(guideline, records, forget=True)
    monkeypatch.setattr(caches, "_ENTRIES", 20)
    guideline.__dict__["assessor"] = Assessor(guideline)
    renderer, start = JsonRenderer(guideline), Barrier(8)

    def run(seed: int) -> bool:
        order = random.Random(seed).sample(range(len(records)), len(records))
        start.wait()
        return all(answer(guideline, renderer, records[i]) == fresh[i] for i in order)

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(8)))
