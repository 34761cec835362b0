"""What a case expects is compared, each expectation by itself."""

from __future__ import annotations

from pathlib import Path

import pytest
from author_cases import DAY, DRY, HEAD, WATERED, failures, write
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS

from reasoner.guideline.guideline import Guideline
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import run_cases


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    return guideline_of(tmp_path_factory.mktemp("plant"), CLEAN)


# -- what is compared: each expectation fails where it is not so --

WRONG = [
    ("case:entails pot:LetDry", DRY, "pot:LetDry is excluded, and is to be entailed"),
    ("case:excludes pot:WaterNow", DRY, "pot:WaterNow is entailed, and is to be excluded"),
    ("case:leavesOpen pot:WaterNow", DRY, "pot:WaterNow is entailed, and is to be undetermined"),
    ("case:status \"silent\"", DRY, "the status is decided"),
    ("case:present pot:SoggySoil", DRY, "pot:SoggySoil is absent by the record"),
    ("case:absent pot:Watering", DRY, "pot:Watering is not known by the record"),
    ("case:assumes pot:Watering", WATERED, "pot:Watering is expected, and is not in the answer"),
    ("case:asks pot:SoggySoil", DRY, "pot:SoggySoil is expected, and is not in the answer"),
    ("case:statement pot:rule-2", DRY, "pot:rule-2 is expected, and is not in the answer"),
    ("case:citation \"77\"", DRY, "77 is expected, and is not in the answer"),
    ("case:refused \"contradictory-record\"", DRY, "not refused as contradictory-record"),
    ("case:entails pot:WaterNow", "a gp:Patient ; pot:dryDays -7.0 .", "the record is refused"),
    ("case:criterion pot:LongDryPlant ; case:state case:False", DRY, "pot:LongDryPlant is entailed"),
    ("case:criterion pot:WateredPlant ; case:state case:Unknown", DRY, "pot:WateredPlant is excluded"),
    ("case:threshold pot:LongDryPlant ; case:side case:At ; case:entails pot:LongDryPlant", DRY, "lies at"),
    ("case:action pot:Watering ; case:verdict \"supported\"", DRY, "the verdict is not asked for"),
]  # fmt: skip


@pytest.mark.parametrize(("expectation", "record", "said"), WRONG)
def test_what_is_not_so_is_a_failure(
    expectation: str, record: str, said: str, plant: Guideline, tmp_path: Path
) -> None:
    outcomes = run_cases(plant, read_cases(plant, write(tmp_path, "p", expectation, record)), DAY)
    assert any(said in failure.what for failure in outcomes[0].failures), outcomes[0].failures
    assert all(failure.line == 7 for failure in outcomes[0].failures)


RIGHT = [
    ("case:status \"decided\" ; case:statement pot:rule-1", DRY),
    ("case:absent pot:SoggySoil , pot:StandingWater ; case:assumes pot:Watering", DRY),
    ("case:present pot:SoggySoil", "a gp:Patient ; gp:hasFinding [ a pot:StandingWater ] ."),
    ("case:criterion pot:WateredPlant ; case:state case:Unknown ; case:assumes pot:Watering", DRY),
    ("case:threshold pot:LongDryPlant ; case:side case:Below ; case:excludes pot:LongDryPlant",
     "a gp:Patient ; pot:dryDays 4.9 ."),
    ("case:leavesOpen pot:WaterNow ; case:asks pot:LongDryPlant", "a gp:Patient ; gp:lacksFinding pot:SoggySoil ."),
    ("case:refused \"contradictory-record\"",
     "a gp:Patient ; gp:lacksFinding pot:SoggySoil ; gp:hasFinding [ a pot:StandingWater ] ."),
]  # fmt: skip


@pytest.mark.parametrize(("expectation", "record"), RIGHT)
def test_what_is_so_is_no_failure(expectation: str, record: str, plant: Guideline, tmp_path: Path) -> None:
    assert failures(plant, write(tmp_path, "p", expectation, record)) == {"p": []}


def test_a_worked_case_is_complete(plant: Guideline, tmp_path: Path) -> None:
    whole = "case:entails pot:WaterNow ; case:statement pot:rule-1 ; case:assumes pot:Watering"
    cited = plant.catalogue.citations(["https://example.org/pot#rule-1"])
    whole += "".join(f' ; case:citation "{number}"' for number in cited)
    assert failures(plant, write(tmp_path / "whole", "p", whole, DRY, "Worked")) == {"p": []}
    short = failures(plant, write(tmp_path / "short", "p", 'case:status "decided"', DRY, "Worked"))["p"]
    assert "pot:WaterNow is entailed, and is to be excluded, because the case does not name it" in short
    assert "pot:rule-1 is in the answer, and the case does not name it" in short
    assert "pot:Watering is in the answer, and the case does not name it" in short


def test_orders_and_alerts_are_compared(guideline: Guideline, tmp_path: Path) -> None:
    orders = next(path for path in (TESTS / "shapes" / "orders", TESTS / "cases" / "orders") if path.is_dir())
    outcomes = run_cases(guideline, read_cases(guideline, orders), DAY)
    assert len(outcomes) > 25 and all(outcome.passed for outcome in outcomes)
    text = (orders / "vertebroplasty.week-20.ttl").read_text("utf-8")
    for old, new, said in (
        ('"judgement"', '"supported"', "the verdict is judgement"),
        ("case:statement sn:alg-8 , sn:pit-4", "case:statement sn:alg-8", "sn:pit-4 is in the answer"),
        ("case:needsNothing true", "case:needs sn:Fever", "sn:Fever is expected"),
        ("case:needsNothing true", "case:alert sn:shape-alert-red-3", "sn:shape-alert-red-3 is expected"),
    ):
        assert old in text
        (tmp_path / "order.ttl").write_text(text.replace(old, new), "utf-8")
        [outcome] = run_cases(guideline, read_cases(guideline, tmp_path / "order.ttl"), DAY)
        assert any(said in failure.what for failure in outcome.failures), outcome.failures


def test_a_case_is_read_as_of_its_day(guideline: Guideline, tmp_path: Path) -> None:
    text = HEAD.replace("pot: <https://example.org/pot#>", "sn: <https://w3id.org/guideproof/schmorl#>") + (
        'ex:case a case:Case ; case:record ex:p ; case:asOf "{}"^^xsd:date ; case:{} sn:AtLeast6WeeksPatient .\n'
        'ex:p a gp:Patient ; gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-01-01"^^xsd:date ; '
        "gp:ongoing true ] .\n"
    )
    for day, word in (("2026-01-20", "excludes"), ("2026-06-01", "entails")):
        (tmp_path / "case.ttl").write_text(text.format(day, word), "utf-8")
        assert failures(guideline, tmp_path) == {"case": []}
