"""`guideproof test`: what is no case is refused, what a case expects is compared, and what cases reach is counted.

The plant guideline serves as an author's; the cases of the guideline of the package are in `test_cases.py`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import date
from pathlib import Path

import pytest
import typer
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS
from faults.faults import MEANT_OTHERWISE, Fault, copied, seed

from reasoner.cli.author import ReportFormat
from reasoner.cli.author import test as command
from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import assess
from reasoner.rdf import read_text
from reasoner.terms import local_name
from reasoner.workbench.cases.coverage import Measure, coverage
from reasoner.workbench.cases.mutation import KILLED
from reasoner.workbench.cases.read import case_folder, read_cases
from reasoner.workbench.cases.render import CaseWriter
from reasoner.workbench.cases.run import run_cases
from reasoner.workbench.cases.tested import CaseReport, concerned, run_tests

DAY = date(2026, 11, 22)
HEAD = """@prefix case: <https://w3id.org/guideproof/case#> .
@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix pot: <https://example.org/pot#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DRY = "a gp:Patient ; pot:dryDays 7.0 ; gp:lacksFinding pot:SoggySoil ."
WATERED = "a gp:Patient ; pot:dryDays 1.0 ; gp:underwent [ a pot:Watering ] ."


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    return guideline_of(tmp_path_factory.mktemp("plant"), CLEAN)


def write(folder: Path, name: str, expectation: str, record: str = DRY, kind: str = "Case") -> Path:
    """A case of a plant of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"ex:case a case:{kind} ; case:record ex:{name} ; {expectation} .\nex:{name} {record}\n"
    (folder / f"{name}.ttl").write_text(HEAD + text, "utf-8")
    return folder


def failures(guideline: Guideline, folder: Path) -> dict[str, list[str]]:
    outcomes = run_cases(guideline, read_cases(guideline, folder), DAY)
    return {outcome.case.name: [failure.what for failure in outcome.failures] for outcome in outcomes}


# -- what is a case --


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


# -- coverage --


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


# -- faults of the guideline that its cases find --


@pytest.mark.parametrize("fault", MEANT_OTHERWISE, ids=lambda fault: fault.name)
def test_cases_find_what_is_meant_otherwise(fault: Fault, tmp_path: Path) -> None:
    root = seed(fault, copied(tmp_path))
    guideline = load_guideline(root, cache=False)
    report = run_tests(guideline, DAY, TESTS / "cases")
    places = {(origin.file, origin.line) for origin in concerned(guideline, report.failed)}
    assert report.failed and (str(root / fault.file), fault.line(root)) in places, places


# -- the command --


@pytest.fixture
def author(tmp_path: Path) -> Path:
    guideline_of(tmp_path, CLEAN)
    write(tmp_path / "cases", "dry", "case:entails pot:WaterNow ; case:excludes pot:LetDry")
    write(tmp_path / "cases", "watered", "case:entails pot:LetDry", WATERED)
    return tmp_path


def run(folder: Path, out: Path, form: str = "json", *, mutants: bool = False) -> tuple[int, str]:
    try:
        command(folder, None, mutants, "2026-11-22", ReportFormat(form), out)
        code = 0
    except typer.Exit as leaving:
        code = leaving.exit_code
    return code, out.read_text("utf-8")


def test_the_command_finds_the_cases_of_a_directory(author: Path) -> None:
    code, text = run(author, author / "report.json")
    document = json.loads(text)
    assert code == 0 and document["cases"] == 2 and document["failed"] == [] and "mutants" not in document
    assert document["coverage"]["thresholds"]["of"] == 2


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_failing_case_is_reported_with_its_line(form: str, author: Path) -> None:
    write(author / "cases", "wrong", "case:excludes pot:LongDryPlant")
    code, text = run(author, author / "report", form)
    assert code == 1
    assert "pot:LongDryPlant is entailed, and is to be excluded" in " ".join(text.split())
    assert "ontology/plant.ttl" in text and "wrong" in text


@pytest.mark.parametrize("form", ["text", "json", "markdown"])
def test_a_surviving_mutant_is_reported_with_a_record(form: str, author: Path) -> None:
    code, text = run(author, author / "report", form, mutants=True)
    assert code == 1
    shown = text if form != "json" else "\n".join(
        m["witness"] for m in json.loads(text)["mutants"]["all"] if m["state"] == "survived")  # fmt: skip
    assert "pot:dryDays 5.0" in shown
    assert "pot:dryDays > 5.0 instead of pot:dryDays >= 5.0" in " ".join(text.split())


def test_a_witness_that_is_made_a_case_kills_its_mutant(author: Path) -> None:
    _, text = run(author, author / "report.json", mutants=True)
    survivors = [m for m in json.loads(text)["mutants"]["all"] if m["state"] == "survived"]
    assert len(survivors) > 5
    for number, one in enumerate(m for m in survivors if m["answers"][0]["of"]):
        body = one["witness"].replace("https://example.org/patient", f"https://example.org/w{number}")
        words = {"entailed": "entails", "excluded": "excludes", "undetermined": "leavesOpen"}
        told = one["answers"][0]
        word = words.get(told["guideline"]) or ("assumes" if told["guideline"] == "assumed absent" else "")
        extra = f"ex:c{number} case:record ex:w{number} ; case:{word} {told['of']} .\n"
        if word:
            (author / "cases" / f"w{number}.ttl").write_text(body + HEAD + extra, "utf-8")
    _, text = run(author, author / "after.json", mutants=True)
    after = json.loads(text)
    assert after["failed"] == []
    state = {m["what"]: m["state"] for m in after["mutants"]["all"]}
    noticed = [m for m in survivors if m["answers"][0]["of"] and m["answers"][0]["guideline"] != "-"]
    assert noticed and {state[m["what"]] for m in noticed} == {KILLED}


def test_bad_input_is_an_error_and_no_report(author: Path) -> None:
    write(author / "cases", "wrong", "case:entails pot:Nobody")
    with pytest.raises(InputError) as caught:
        run(author, author / "report.json")
    assert caught.value.exit_code == 2 and not (author / "report.json").exists()


def test_records_in_a_report_can_be_read(plant: Guideline, tmp_path: Path) -> None:
    report = run_tests(plant, DAY, write(tmp_path, "dry", "case:entails pot:WaterNow"), mutants=True)
    assert isinstance(report, CaseReport) and not report.clean
    document = json.loads(CaseWriter(plant, report).json())
    texts = [m.get("witness") for m in document["mutants"]["all"]]
    texts += [one["record"] for measure in document["coverage"].values() for one in measure["missing"]]
    written = [text for text in texts if text]
    assert len(written) > 10
    assert all(len(read_text(text, "record", format="turtle").graph) > 0 for text in written)
