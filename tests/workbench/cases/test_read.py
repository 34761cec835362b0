"""What is no case is refused, and every fault of every file is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from author_cases import HEAD, WATERED, failures, write
from clean_guideline import CLEAN, guideline_of

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.workbench.cases.read import case_folder, read_cases


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    return guideline_of(tmp_path_factory.mktemp("plant"), CLEAN)


def test_cases_of_an_author_pass(plant: Guideline, tmp_path: Path) -> None:
    write(tmp_path, "dry", "case:entails pot:WaterNow ; case:excludes pot:LetDry ; case:assumes pot:Watering")
    write(
        tmp_path / "deeper", "watered", "case:entails pot:LetDry ; case:excludes pot:WaterNow , pot:WellPlant", WATERED
    )
    assert failures(plant, tmp_path) == {"dry": [], "deeper/watered": []}


PATIENT = "\nex:p a gp:Patient ."
#: What stands in the file after the prefixes, the code, and what the message names.
BAD = [
    ("ex:p a gp:Patient ; pot:dryDays 1.0 .", "no-case", "case:record"),
    ("ex:c case:record ex:p ; case:entails pot:LetDry .", "no-record", "no record of"),
    ("ex:c case:record ex:p ; case:entails pot:LetDry ." + PATIENT + "\nex:q a gp:Patient .", "no-record", "others"),
    ("ex:c case:record ex:p , ex:q ; case:entails pot:LetDry ." + PATIENT, "no-record", "one patient"),
    ("ex:c case:record ex:p .\nex:d case:record ex:p ." + PATIENT, "no-case", "more than one subject"),
    ("ex:c case:record ex:p ." + PATIENT, "empty-case", "nothing"),
    ("ex:c case:record ex:p ; case:entails pot:LetDri ." + PATIENT, "unknown-class", "did you mean pot:LetDry?"),
    ("ex:c case:record ex:p ; case:entales pot:LetDry ." + PATIENT, "unknown-word", "did you mean case:entails?"),
    ("ex:c a case:Sort ; case:record ex:p ; case:entails pot:LetDry ." + PATIENT, "unknown-word", "case:Sort"),
    ("ex:c case:record ex:p ; case:statement pot:rule-9 ." + PATIENT, "unknown-statement", "pot:rule-9"),
    ("ex:c case:record ex:p ; case:present pot:Soggy ." + PATIENT, "unknown-fact", "pot:SoggySoil"),
    ("ex:c case:record ex:p ; case:assumes pot:Leaving ." + PATIENT, "unknown-act", "pot:Leaving"),
    ("ex:c case:record ex:p ; case:alert pot:none ." + PATIENT, "unknown-shape", "pot:none"),
    ("ex:c case:record ex:p ; case:status \"unsure\" ." + PATIENT, "unknown-value", "unsure"),
    ("ex:c case:record ex:p ; case:entails pot:LetDry ; case:excludes pot:LetDry ." + PATIENT,
     "contradictory-case", "case:entails and by case:excludes"),
    ("ex:c case:record ex:p ; case:present pot:SoggySoil ; case:absent pot:SoggySoil ." + PATIENT,
     "contradictory-case", "case:present and by case:absent"),
    ("ex:c case:record ex:p ; case:refused \"x\" ; case:entails pot:LetDry ." + PATIENT,
     "contradictory-case", "refused"),
    ("ex:c case:record ex:p ; case:status \"silent\" , \"decided\" ." + PATIENT,
     "contradictory-case", "more than once"),
    ("ex:c case:record ex:p ; case:state case:True ." + PATIENT, "incomplete-case", "case:criterion"),
    ("ex:c a case:OfOrder ; case:record ex:p ; case:entails pot:LetDry ." + PATIENT, "incomplete-case", "verdict"),
    ("ex:c case:record ex:p ; case:entails pot:LetDry ; case:asOf \"soon\" ." + PATIENT, "bad-date", "soon"),
    ("ex:c case:record ex:p ; case:entails pot:LetDry " + PATIENT, "syntax-error", "not well-formed"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "code", "said"), BAD, ids=[f"{code}-{i}" for i, (_, code, _) in enumerate(BAD)])
def test_what_is_no_case_is_refused(text: str, code: str, said: str, plant: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "case.ttl"
    path.write_text(HEAD + text + "\n", "utf-8")
    with pytest.raises(InputError) as caught:
        read_cases(plant, tmp_path)
    problem = caught.value.problem
    assert problem.code == code and problem.file == str(path) and problem.remedy
    assert said in str(problem)
    assert (problem.line is None) == text.startswith("ex:p"), "there is a line where there is a subject"


def test_every_fault_of_every_file_is_named(plant: Guideline, tmp_path: Path) -> None:
    write(tmp_path, "one", "case:entails pot:Nothing , pot:Nobody")
    write(tmp_path, "two", "case:asks pot:Nowhere")
    with pytest.raises(InputError) as caught:
        read_cases(plant, tmp_path)
    assert [p.code for p in caught.value.problems] == ["unknown-class", "unknown-class", "unknown-fact"]
    assert all(p.line == 7 for p in caught.value.problems)


def test_two_cases_of_one_patient_are_refused(plant: Guideline, tmp_path: Path) -> None:
    write(tmp_path, "dry", "case:entails pot:WaterNow")
    (tmp_path / "again.ttl").write_text((tmp_path / "dry.ttl").read_text("utf-8"), "utf-8")
    with pytest.raises(InputError) as caught:
        read_cases(plant, tmp_path)
    assert caught.value.problem.code == "duplicate-patient" and caught.value.problem.line == 7


def test_an_empty_folder_and_a_missing_one_are_refused(plant: Guideline, tmp_path: Path) -> None:
    for given in (tmp_path, tmp_path / "nowhere", None):
        with pytest.raises(InputError) as caught:
            read_cases(plant, given)
        assert caught.value.problem.code == "no-cases" and caught.value.exit_code == 2


def test_where_cases_are_looked_for(tmp_path: Path) -> None:
    (tmp_path / "tests" / "cases").mkdir(parents=True)
    assert case_folder(tmp_path) == tmp_path / "tests" / "cases"
    (tmp_path / "cases").mkdir()
    assert case_folder(tmp_path) == tmp_path / "cases"
