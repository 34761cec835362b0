"""Threads share what is public: eight of them, on the same records, get the answers that one gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path

import pytest

import reasoner
from faults.outcomes import PREFIXES

THREADS, CALLS = 8, 48
AS_OF = date(2026, 11, 22)
WARD = PREFIXES + "\n".join(
    f"""ex:p{n} a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; sn:diameterMillimetre {n + 1}.0 ] ,
        [ a sn:BackPain ] ;
    gp:lacksFinding sn:RadicularSymptom , sn:ConstitutionalSymptom , sn:ProgressiveNeurologicalDeficit ;
    gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-0{n + 1}-01"^^xsd:date ; gp:ongoing true ] ."""
    for n in range(6)
)


@pytest.fixture(autouse=True)
def switching() -> Iterator[None]:
    """Threads take turns as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.fixture
def ward(tmp_path: Path) -> Path:
    path = tmp_path / "ward.ttl"
    path.write_text(WARD, "utf-8")
    return path


def rendered(guideline: reasoner.Guideline, results: object) -> object:
    return reasoner.JsonRenderer(guideline).render(results)  # type: ignore[arg-type]


def test_shared_records(ward: Path) -> None:
    guideline = reasoner.load_guideline()
    records = reasoner.load([ward])
    right = rendered(guideline, reasoner.classify(guideline, records, AS_OF))
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(reasoner.classify, guideline, records, AS_OF) for _ in range(CALLS)]
    assert [rendered(guideline, call.result()) == right for call in calls] == [True] * CALLS


def test_shared_guideline(ward: Path) -> None:
    guideline = reasoner.load_guideline()
    right = rendered(guideline, reasoner.classify_files(guideline, [ward], AS_OF))
    with ThreadPoolExecutor(THREADS) as pool:
        calls = [pool.submit(reasoner.classify_files, guideline, [ward], AS_OF) for _ in range(CALLS)]
    assert [rendered(guideline, call.result()) == right for call in calls] == [True] * CALLS


def test_guidelines_loaded_at_once(ward: Path) -> None:
    with ThreadPoolExecutor(THREADS) as pool:
        loaded = [call.result() for call in [pool.submit(reasoner.load_guideline) for _ in range(THREADS)]]
    answers = [rendered(one, reasoner.classify_files(one, [ward], AS_OF)) for one in loaded]
    assert answers == [answers[0]] * THREADS
