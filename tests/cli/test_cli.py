"""The command line: formats, exit codes, files, and one clear line for whatever goes wrong."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import rdflib

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"


def run(*arguments: str | Path, stdin: str = "", **env: str) -> subprocess.CompletedProcess[str]:
    """The command in a process of its own, in a directory that is not the project's."""
    env = {**os.environ, "COLUMNS": "100", **env}
    line = [sys.executable, "-m", "reasoner.cli", *map(str, arguments)]
    return subprocess.run(line, input=stdin, text=True, capture_output=True, timeout=120, check=False, cwd="/", env=env)


def refused(result: subprocess.CompletedProcess[str], code: str) -> str:
    """The one line of an error: exit code 2, no traceback, nothing on standard output."""
    assert (result.returncode, result.stdout) == (2, ""), result
    [line] = result.stderr.splitlines()
    assert line.startswith(f"error [{code}] ") and " — " in line
    return line


def test_text_puts_red_flags_first() -> None:
    shown = run("classify", EXAMPLE).stdout
    assert shown.index("Red flags absent") < shown.index("sn:NoTreatmentOrFollowUp") < shown.index("Statements")
    assert "No medical device" in shown


def test_json_is_one_object_with_the_specified_keys() -> None:
    answer = json.loads(run("classify", EXAMPLE, "--format", "json", "--as-of", "2026-11-22").stdout)
    assert list(answer) == [
        "@context", "@id", "record", "guideline", "patient", "asOf", "status", "conclusions", "context",
        "questions", "assumptions", "alerts", "orders",
    ]  # fmt: skip
    assert (answer["patient"], answer["asOf"], answer["status"]) == (
        "https://example.org/patient",
        "2026-11-22",
        "decided",
    )
    assert list(answer["conclusions"][0]) == ["class", "label", "state", "recommendations", "reasons"]
    assert answer["alerts"] == answer["orders"] == []


def test_json_expands_by_its_context() -> None:
    text = run("classify", EXAMPLE, "--format", "json").stdout
    graph = rdflib.Graph().parse(data=text, format="json-ld")
    gp = rdflib.Namespace("https://w3id.org/guideproof/core#")
    mri = rdflib.URIRef("https://w3id.org/guideproof/schmorl#MriAssessment")
    assert (None, gp["class"], mri) in graph
    assert (None, gp.patient, rdflib.URIRef("https://example.org/patient")) in graph


@pytest.mark.parametrize(("kind", "syntax"), [("turtle", "turtle"), ("n-triples", "nt"), ("json-ld", "json-ld")])
def test_rdf_formats_hold_the_same_graph(kind: str, syntax: str) -> None:
    graph = rdflib.Graph().parse(data=run("classify", EXAMPLE, "--format", kind).stdout, format=syntax)
    gp = rdflib.Namespace("https://w3id.org/guideproof/core#")
    assert len(set(graph.subjects(rdflib.RDF.type, gp.Conclusion))) == 15
    assert not [term for triple in graph for term in triple if isinstance(term, rdflib.BNode)]


def test_n_triples_are_the_same_but_for_the_time() -> None:
    runs = [run("classify", EXAMPLE, "--format", "n-triples").stdout.splitlines() for _ in range(2)]
    first, second = ([line for line in lines if "edAtTime" not in line] for lines in runs)
    assert first == second == sorted(first)
    assert len(runs[0]) - len(first) == 2


def test_standard_input_and_syntax_option() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert (
        json.loads(run("classify", "-", "--input", "ttl", "--format", "json", stdin=text).stdout)["status"] == "decided"
    )


def test_out_writes_the_format_of_the_suffix_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "answer.json"
    assert run("classify", EXAMPLE, "--out", path).stdout == ""
    assert json.loads(path.read_text("utf-8"))["status"] == "decided"
    assert list(tmp_path.iterdir()) == [path]


def test_out_that_cannot_be_written(tmp_path: Path) -> None:
    refused(run("classify", EXAMPLE, "--out", tmp_path / "no" / "answer.json"), "unwritable")


def test_several_patients_one_bad() -> None:
    record = EXAMPLE.read_text("utf-8") + "ex:other a gp:Patient ; gp:hasFinding [ a sn:Feverr ] .\n"
    result = run("classify", "-", "--input", "ttl", "--format", "json", stdin=record)
    other, patient = json.loads(result.stdout)
    assert result.returncode == 2
    assert patient["status"] == "decided"
    assert other["error"]["code"] == "unknown-term" and "sn:Fever?" in other["error"]["remedy"]
    assert len(result.stderr.splitlines()) == 1


def test_one_file_that_cannot_be_read_leaves_the_others(tmp_path: Path) -> None:
    bad = tmp_path / "bad.ttl"
    bad.write_text("@prefix gp: <https://w3id.org/guideproof/core#> .\n<urn:x> a gp:Patient ;", "utf-8")
    result = run("classify", bad, EXAMPLE, "--format", "json")
    broken, fine = json.loads(result.stdout)
    assert (result.returncode, broken["patient"], fine["status"]) == (2, None, "decided")


def test_contradiction_names_a_minimal_set() -> None:
    record = EXAMPLE.read_text("utf-8").replace("gp:hasFinding ex:node ;", "gp:hasFinding ex:node , [ a sn:Fever ] ;")
    result = run("classify", "-", "--input", "ttl", "--format", "json", stdin=record)
    error = json.loads(result.stdout)["error"]
    assert error["code"] == "contradictory-record"
    assert "sn:Fever present" in error["what"] and "sn:ConstitutionalSymptom absent" in error["what"]
    assert "BackPain" not in error["what"]


def test_engines_give_the_same_bytes() -> None:
    both = [
        run("classify", EXAMPLE, "--format", "json", "--engine", engine).stdout for engine in ("compiled", "hermit")
    ]
    assert both[0] == both[1] != ""


def test_explain_says_why_not_and_names_axioms() -> None:
    shown = run("explain", EXAMPLE, "MriAssessment").stdout
    assert "excluded" in shown and "no: back pain" in shown and "ontology/schmorl.ttl:" in shown


def test_explain_a_criterion_as_json() -> None:
    answer = json.loads(run("explain", EXAMPLE, "sn:RedFlagFreePatient", "--format", "json").stdout)
    assert [(c["class"], c["state"]) for c in answer["conclusions"]] == [("sn:RedFlagFreePatient", "entailed")]


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["classify", "no-such.ttl"], "no-such-file", "no-such.ttl"),
        (["classify", EXAMPLE, "--as-of", "soon"], "bad-date", "YYYY-MM-DD"),
        (["classify", EXAMPLE, "--guideline", "/nowhere"], "no-guideline", "/nowhere"),
        (["explain", EXAMPLE, "sn:MriAsessment"], "unknown-class", "sn:MriAssessment"),
        (["explain", EXAMPLE, "sn:MriAssessment", "--format", "turtle"], "bad-format", "text or json"),
        (["query", "what-to-aks"], "no-query", "what-to-ask"),
        (["query", "what-to-ask", "--bind", "patient"], "bad-binding", "name=value"),
        (["query", "what-to-ask", "--bind", "nobody=ex:x"], "unknown-parameter", "?nobody"),
    ],
)
def test_bad_arguments_get_one_line(arguments: list[str | Path], code: str, says: str) -> None:
    assert says in refused(run(*arguments), code)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("SELECT * { SERVICE <http://127.0.0.1:9/> { ?s ?p ?o } }", "remote-query"),
        ("SELECT * FROM <http://127.0.0.1:9/> { ?s ?p ?o }", "remote-query"),
        ("SELECT * { ?s ?p }", "bad-query"),
        ("DELETE { ?s ?p ?o } WHERE { ?s ?p ?o }", "bad-query"),
        ("SELECT * { " + "{" * 200 + "?s ?p ?o" + "}" * 200 + " }", "deep-query"),
    ],
)
def test_bad_queries_get_one_line(text: str, code: str, tmp_path: Path) -> None:
    path = tmp_path / "own.rq"
    path.write_text(text, "utf-8")
    refused(run("query", path), code)


def test_help_has_examples_and_every_command() -> None:
    for command in ("classify", "explain", "query"):
        shown = run(command, "--help").stdout
        assert "Examples" in shown and f"guideproof {command}" in shown


def test_version() -> None:
    assert run("--version").stdout.startswith("guideproof 0.")


def test_damaged_cache_is_rebuilt(tmp_path: Path) -> None:
    first = run("classify", EXAMPLE, "--format", "json", GUIDEPROOF_CACHE=str(tmp_path)).stdout
    [cached] = tmp_path.glob("*.json")
    whole = cached.read_text("utf-8")
    for damaged in ("", "{}", whole[: len(whole) // 2], whole.replace("MriAssessment", "MriAssessmenu"), "x" * 100):
        cached.write_text(damaged, "utf-8")
        assert run("classify", EXAMPLE, "--format", "json", GUIDEPROOF_CACHE=str(tmp_path)).stdout == first
        assert cached.read_text("utf-8") == whole


def test_cache_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("", "utf-8")
    assert run("classify", EXAMPLE, GUIDEPROOF_CACHE=str(blocked / "below")).returncode == 0
