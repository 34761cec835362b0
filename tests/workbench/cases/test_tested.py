"""`guideproof test`: what is no case is refused, what a case expects is compared, and what cases reach is counted.

The plant guideline serves as an author's; the cases of the guideline of the package are in `test_cases.py`.
"""

from __future__ import annotations

import html
import json
from pathlib import Path

import pytest
import typer
from author_cases import DAY, HEAD, WATERED, write
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS
from faults.faults import MEANT_OTHERWISE, Fault, copied, seed

from reasoner.cli.author import ReportFormat
from reasoner.cli.author import test as command
from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.rdf import read_text
from reasoner.workbench.cases.mutation import KILLED
from reasoner.workbench.cases.tested import CaseReport, CaseWriter, concerned, run_tests


@pytest.fixture(scope="module")
def plant(tmp_path_factory: pytest.TempPathFactory) -> Guideline:
    return guideline_of(tmp_path_factory.mktemp("plant"), CLEAN)


# -- faults of the guideline that its cases find --


@pytest.mark.parametrize(
    "fault",
    [*MEANT_OTHERWISE[:2], *(pytest.param(fault, marks=pytest.mark.exhaustive) for fault in MEANT_OTHERWISE[2:])],
    ids=lambda fault: fault.name,
)
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


def test_a_surviving_mutant_is_reported_with_a_record(author: Path) -> None:
    code, text = run(author, author / "report", mutants=True)
    assert code == 1
    shown = [m["witness"] for m in json.loads(text)["mutants"]["all"] if m["state"] == "survived"]
    assert any("pot:dryDays 5.0" in witness for witness in shown)
    assert "pot:dryDays > 5.0 instead of pot:dryDays >= 5.0" in text


def test_every_form_of_the_report_has_the_surviving_mutants(author: Path) -> None:
    guideline = load_guideline(author, cache=False)
    writer = CaseWriter(guideline, run_tests(guideline, DAY, mutants=True))
    for text in (writer.page().plain(100), html.unescape(writer.markdown()).replace("\\", "")):
        assert "pot:dryDays 5.0" in text
        assert "pot:dryDays > 5.0 instead of pot:dryDays >= 5.0" in " ".join(text.split())
    results = json.loads(writer.sarif())["runs"][0]["results"]
    survived = [result for result in results if result["ruleId"] == "mutant-survived"]
    assert len(survived) > 5 and {result["level"] for result in survived} == {"error"}
    assert {result["ruleId"] for result in results} == {"mutant-survived", "not-covered"}


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
