"""Classifying on shared objects: from many threads, and again and again, nothing of a patient stays behind."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from types import FunctionType, ModuleType

import pytest
from rdflib import Graph

from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import Result, classify, classify_files, classify_text, has_refusals
from reasoner.rdf import read_text
from reasoner.records.record import gather

DAY = date(2026, 11, 22)
PREFIXES = """@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sn: <https://w3id.org/guideproof/schmorl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
"""
GOOD = """<urn:p{n}> a gp:Patient ; gp:hasFinding [ a sn:BackPain ] , <urn:n{n}> . <urn:n{n}> a sn:SchmorlsNode ;
    sn:diameterMillimetre {n}.5 ."""
DATED = (
    """<urn:d{n}> a gp:Patient ; gp:underwent [ a sn:ConservativeTherapy ; gp:startDate "2026-01-0{n}"^^xsd:date ] ."""
)
BAD = "<urn:b{n}> a gp:Patient ; gp:hasFinding [ a sn:BackPainn ] ."


def text(n: int) -> str:
    return PREFIXES + "\n".join(part.replace("{n}", str(n)) for part in (GOOD, DATED, BAD))


# -- many threads --


def shown(results: list[Result]) -> list[object]:
    """Results as far as they can be compared between two guideline objects."""
    return [
        (one.patient, one.problems)
        if isinstance(one, Refusal)
        else (one.patient, one.status, one.record, dict(one.decision.states), str(one.conclusions))
        for one in results
    ]


@pytest.mark.parametrize("loaded", [True, False])
def test_eight_threads_answer_as_one(loaded: bool, tmp_path: Path) -> None:
    """Also while what a guideline makes on demand is made."""
    guideline, path = load_guideline(), tmp_path / "r.ttl"
    path.write_text("\n".join(text(n) for n in range(1, 4)), "utf-8")
    records = gather([read_text(path.read_bytes(), str(path))])
    before = set(records.graph)

    def classified(guideline: Guideline) -> list[object]:
        return shown(classify(guideline, records, DAY) if loaded else classify_files(guideline, [path], DAY))

    expected = classified(load_guideline())
    assert [len(one) for one in expected] == [2] * 3 + [5] * 6  # type: ignore[arg-type]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(classified, [guideline] * 16))
    assert found == [expected] * 16
    assert set(records.graph) == before


# -- what stays behind --


def test_the_shapes_are_parsed_once_for_all_records(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[tuple[str, ...]] = []
    shapes = Guideline.shapes

    def counted(self: Guideline, *names: str) -> list[Graph]:
        parsed.append(names)
        return shapes(self, *names)

    monkeypatch.setattr(Guideline, "shapes", counted)
    guideline = load_guideline()
    assert all(has_refusals(classify_text(guideline, text(n), DAY)) for n in range(1, 4))
    assert sorted(parsed) == [("core", "record"), ("derivation",)]


def texts_from(top: object) -> Iterator[str]:
    """All texts that an object leads to, but for those of code."""
    known, reached = {id(top)}, [top]
    for one in reached:
        if isinstance(one, str):
            yield one
        for other in gc.get_referents(one):
            if id(other) not in known and not isinstance(other, type | FunctionType | ModuleType):
                known.add(id(other))
                reached.append(other)


@pytest.mark.parametrize("statement", [
    'rdfs:comment "{secret}"',
    'gp:hasFinding [ a sn:BackPain ; rdfs:label "{secret}" ]',
    'sn:ageYears "{secret}"^^xsd:integer',
    'sn:indexNode [ a sn:SchmorlsNode ; sn:diameterMillimetre "77{secret}"^^xsd:decimal ]',
    'a "{secret}"',
    "<urn:{secret}> true",
    "gp:hasFinding <urn:{secret}>",
    'gp:underwent [ a sn:ConservativeTherapy ; gp:startDate "{secret}"^^xsd:date ]',
])  # fmt: skip
def test_nothing_that_a_patient_states_is_remembered(statement: str, guideline: Guideline) -> None:
    secret = "73219846501"
    results = classify_text(
        guideline, PREFIXES + f"<urn:p> a gp:Patient ; {statement.replace('{secret}', secret)} .", DAY
    )
    assert len(results) == 1 and isinstance(results[0], Assessment | Refusal)
    del results
    kept = [one for one in texts_from(guideline.compiled_contract) if secret in one]
    assert not kept
    assert not any(secret in one for one in texts_from(guideline.__dict__))
