"""What cases reach is counted, and what they miss says what to write."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from author_cases import DAY, write
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS

from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import assess
from reasoner.terms import local_name
from reasoner.workbench.cases.coverage import Measure, coverage
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import run_cases


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    return guideline_of(tmp_path_factory.mktemp("plant"), CLEAN)


def measures(guideline: Guideline, folder: Path) -> dict[str, Measure]:
    return {m.kind: m for m in coverage(guideline, run_cases(guideline, read_cases(guideline, folder), DAY))}


def test_the_shipped_cases_cover_everything(guideline: Guideline) -> None:
    found = measures(guideline, TESTS / "cases")
    assert {kind: (m.total, [one.what for one in m.missing]) for kind, m in found.items()} == {
        "statements": (31, []),
        "criteria": (3 * len(guideline.compiled.rules), []),
        "implicants": (120, []),
        "thresholds": (12, []),
    }
    rules = [guideline.compiled.rules[cls.iri] for cls in guideline.catalogue.management]
    assert sum(len(rule.entailed_by) + len(rule.excluded_by) for rule in rules) == 120


def test_without_its_cases_of_a_kind_something_is_uncovered(guideline: Guideline) -> None:
    cases = read_cases(guideline, TESTS / "cases")
    for folder, kind in (("criteria", "criteria"), ("thresholds", "thresholds"), ("classes", "implicants")):
        left = [case for case in cases if not case.name.startswith(folder)]
        found = {m.kind: m for m in coverage(guideline, run_cases(guideline, left, DAY))}
        assert found[kind].missing and found[kind].reached + len(found[kind].missing) == found[kind].total


def said(missing: Iterable[object]) -> str:
    return "\n".join(f"{one.what}: {one.remedy}" for one in missing)  # type: ignore[attr-defined]


def test_what_is_uncovered_says_what_to_write(plant: Guideline, tmp_path: Path) -> None:
    write(tmp_path, "dry", "case:entails pot:WaterNow")
    found = measures(plant, tmp_path)
    assert [local_name(one.term) for one in found["statements"].missing] == ["rule-2"]
    assert "expect one of pot:LetDry, pot:WateredPlant" in said(found["statements"].missing)
    criteria = said(found["criteria"].missing)
    assert "no case leaves pot:WaterNow open: write one with case:leavesOpen pot:WaterNow" in criteria
    assert "no case expects pot:WaterNow to be entailed" not in criteria
    assert "no case has pot:WateredPlant excluded by an assumption" in criteria
    thresholds = said(found["thresholds"].missing)
    assert "no case has pot:dryDays at 5.0, where pot:LongDryPlant changes" in thresholds
    assert "no case has pot:dryDays just below 5.0" in thresholds
    implicants = said(found["implicants"].missing)
    assert "no case shows that pot:LetDry is entailed by: pot:SoggySoil" in implicants
    assert "pot:WaterNow is entailed by" not in implicants


def test_only_what_is_expected_counts_and_only_where_it_passes(plant: Guideline, tmp_path: Path) -> None:
    at = "a gp:Patient ; pot:dryDays 5.0 ."
    write(tmp_path / "silent", "at", 'case:status "undetermined"', at)
    write(tmp_path / "failing", "at", "case:excludes pot:LongDryPlant", at)
    write(tmp_path / "right", "at", "case:entails pot:LongDryPlant", at)
    reached = {name: measures(plant, tmp_path / name)["thresholds"].reached for name in ("silent", "failing", "right")}
    assert reached == {"silent": 0, "failing": 0, "right": 1}


def test_the_records_to_begin_with_show_what_is_missing(plant: Guideline, tmp_path: Path) -> None:
    write(tmp_path, "dry", "case:entails pot:WaterNow")
    for kind in ("implicants", "criteria"):
        for one in measures(plant, tmp_path)[kind].missing:
            if one.record:
                state = assess(plant, "urn:x", one.record, DAY).decision.state(one.term)
                assert f"is {state}" in one.what or f"to be {state}" in one.what
                assert state is not State.UNDETERMINED
