"""What several commands look up in a guideline."""

from __future__ import annotations

from pathlib import Path

from clean_guideline import CLEAN, guideline_of

from reasoner.logic.facts import Observation
from reasoner.terms import GP
from reasoner.workbench.lookup import declared_at, known_terms, reachable, unfolded
from reasoner.workbench.witness import Witnesses, minimal

POT = "https://example.org/pot#"


def test_reachable_goes_round_circles_once() -> None:
    steps = {1: [2, 3], 2: [1], 3: [], 4: [1]}
    assert reachable([1], lambda item: steps[item]) == {1, 2, 3}
    assert reachable([], lambda item: steps[item]) == set()


def test_definitions_are_unfolded(tmp_path: Path) -> None:
    compiled = guideline_of(tmp_path, CLEAN).compiled
    assert unfolded(compiled, [f"{POT}WaterNow", "urn:no-class"]) == {
        POT + name for name in ("WaterNow", "LongDryPlant", "LetDry", "WateredPlant")
    }


def test_where_terms_are_declared(tmp_path: Path) -> None:
    guideline = guideline_of(tmp_path, CLEAN)
    found = declared_at(guideline, f"{POT}LetDry")
    lines = Path(found.file).read_text("utf-8").splitlines()
    assert lines[(found.line or 0) - 1].startswith("pot:LetDry a ")
    assert declared_at(guideline, "urn:nothing").file == ""


def test_what_a_record_settles_and_a_minimal_record(tmp_path: Path) -> None:
    guideline = guideline_of(tmp_path, CLEAN)
    witnesses = Witnesses(guideline)
    wet = Observation((str(GP.hasFinding),), "class", f"{POT}StandingWater")
    done = Observation((str(GP.underwent),), "class", f"{POT}Watering")
    known = known_terms(guideline.compiled, witnesses.closed([wet]))
    assert known[f"{POT}SoggySoil"] and known[f"{POT}StandingWater"] and f"{POT}Watering" not in known
    assert minimal((wet, done), lambda record: wet in record) == (wet,)
    assert minimal((wet, done), lambda _: False) == (wet, done)
