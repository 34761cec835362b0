"""Another guideline, on watering a pot plant, goes through the same commands: the engine knows no guideline.

`tiny/` is a directory such as an author keeps: an ontology, a record contract, and a few records.
"""

from __future__ import annotations

import csv
import io
import json
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from conftest import TESTS, as_horned, in_pairs
from pyhornedowl.profile import check_profile
from rdflib import OWL, RDF, Graph, URIRef

from reasoner.guideline.guideline import home, load_guideline
from reasoner.patient.query import named_queries

TINY = TESTS / "tiny"
RECORDS = TINY / "records"
pytestmark = pytest.mark.filterwarnings("ignore:'click.utils:DeprecationWarning")  # typer's own
RESULTS: list[tuple[str, str, str, str]] = [
    # record, status, state of pot:WaterNow, state of pot:LetDry
    ("dry", "decided", "entailed", "excluded"),
    ("almost-dry", "silent", "excluded", "excluded"),
    ("watered", "silent", "excluded", "entailed"),
    ("flooded", "silent", "excluded", "entailed"),
    ("unseen", "undetermined", "undetermined", "undetermined"),
]


@dataclass(frozen=True)
class Done:
    """What a command printed."""

    stdout: str
    stderr: str


def run(*arguments: str | Path, code: int = 0) -> Done:
    """A command on the tiny guideline, as the command line runs it; any exit code but `code` fails."""
    from reasoner.cli.main import main

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    command = ["guideproof", *map(str, arguments), "--guideline", str(TINY)]
    status: object = 0
    with patch.object(sys, "argv", command), redirect_stdout(out), redirect_stderr(err):
        try:
            main()
        except SystemExit as done:
            status = done.code or 0
    out.flush()
    assert status == code, err.getvalue()
    return Done(out.buffer.getvalue().decode(), err.getvalue())  # type: ignore[attr-defined]


def classified(record: str, *options: str) -> dict[str, Any]:
    """The JSON of a record, its conclusions by class."""
    path = RECORDS / f"{record}.ttl"
    answer = json.loads(run("classify", path, "--as-of", "2026-11-22", "--format", "json", *options).stdout)
    return {**answer, "conclusions": {c["class"]: c for c in answer["conclusions"]}}


def reasons(answer: dict[str, Any], cls: str) -> list[dict[str, Any]]:
    """The reasons of a class without the places of their axioms."""
    return [{k: v for k, v in reason.items() if k != "axioms"} for reason in answer["conclusions"][cls]["reasons"]]


def fact(name: str, state: str, by: str, source: str | None, days: str = "") -> dict[str, str | None]:
    quantity = {"value": days, "unit": "d"} if days else {}
    return {"fact": name, "state": state, "source": source, "by": by, **quantity}


def test_every_record_is_used() -> None:
    expected = {row[0] for row in RESULTS} | {"impossible", "too-dry"}
    assert {path.stem for path in RECORDS.glob("*.ttl")} == expected


def test_it_is_owl_2_dl() -> None:
    graph = Graph() + load_guideline(TINY).graph
    for header in list(graph.subjects(RDF.type, OWL.Ontology)):
        graph.remove((header, None, None))
    graph.add((URIRef("urn:merged"), RDF.type, OWL.Ontology))
    assert check_profile(as_horned(in_pairs(graph)), "DL").conformant


@pytest.mark.parametrize(("record", "status", "water", "dry"), RESULTS)
def test_classify(record: str, status: str, water: str, dry: str) -> None:
    answer = classified(record)
    assert answer["status"] == status
    states = {name: conclusion["state"] for name, conclusion in answer["conclusions"].items()}
    assert states == {"pot:WaterNow": water, "pot:LetDry": dry}


def test_reference_reasoner_agrees() -> None:
    assert classified("dry", "--engine", "hermit") == classified("dry")


def test_reason_with_threshold_assumption_and_citations() -> None:
    answer = classified("dry")
    fern = "https://example.org/fern"
    assert reasons(answer, "pot:WaterNow") == [
        {
            "facts": [
                fact("pot:LongDryPlant", "present", "recorded", fern, "5.0"),
                fact("pot:SoggySoil", "absent", "recorded", fern),
                fact("pot:Watering", "absent", "assumed", None),
            ],
            "criteria": ["pot:LongDryPlant"],
            "statements": ["pot:rule-1"],
            "citations": ["1", "10"],
            "assumptions": ["pot:R1"],
        }
    ]
    assert answer["assumptions"] == [{"fact": "pot:Watering", "state": "absent", "assumption": "pot:R1"}]
    assert answer["conclusions"]["pot:WaterNow"]["recommendations"] == [
        {
            "action": "pot:Watering",
            "strength": "gp:Recommended",
            "text": "Water the plant.",
            "statements": ["pot:rule-1"],
        }
    ]


def test_why_not_below_the_threshold() -> None:
    (reason,) = reasons(classified("almost-dry"), "pot:WaterNow")
    assert reason["facts"] == [fact("pot:LongDryPlant", "absent", "recorded", "https://example.org/cactus", "4.9")]
    assert (reason["statements"], reason["citations"]) == (["pot:rule-1"], ["1", "10"])


def test_an_act_on_record_is_not_assumed_absent() -> None:
    answer = classified("watered")
    assert answer["assumptions"] == []
    (reason,) = reasons(answer, "pot:LetDry")
    assert [(f["fact"], f["state"], f["by"]) for f in reason["facts"]] == [("pot:Watering", "present", "recorded")]
    assert (reason["criteria"], reason["citations"]) == (["pot:WateredPlant"], ["2"])


def test_a_narrower_finding_is_enough() -> None:
    answer = classified("flooded")
    assert [[f["fact"] for f in r["facts"]] for r in reasons(answer, "pot:LetDry")] == [["pot:StandingWater"]]
    assert [[f["fact"] for f in r["facts"]] for r in reasons(answer, "pot:WaterNow")] == [["pot:StandingWater"]]


def test_question_where_a_finding_is_not_recorded() -> None:
    answer = classified("unseen")
    assert answer["questions"] == [{"ask": ["pot:SoggySoil"], "decides": ["pot:WaterNow", "pot:LetDry"]}]


@pytest.mark.parametrize(("record", "code"), [("impossible", "contradictory-record"), ("too-dry", "out-of-range")])
def test_refusal(record: str, code: str) -> None:
    done = run("classify", RECORDS / f"{record}.ttl", "--format", "json", code=2)
    assert json.loads(done.stdout)["error"]["code"] == code
    assert done.stderr.startswith(f"error [{code}] ")


def test_several_plants_at_once() -> None:
    paths = [RECORDS / f"{row[0]}.ttl" for row in RESULTS]
    answers = json.loads(run("classify", *paths, "--format", "json").stdout)
    assert {a["patient"].rsplit("/", 1)[-1]: a["status"] for a in answers} == {
        "fern": "decided", "cactus": "silent", "ivy": "silent", "lily": "silent", "palm": "undetermined",
    }  # fmt: skip


def test_explain() -> None:
    why = run("explain", RECORDS / "dry.ttl", "WaterNow").stdout
    assert "water it now" in why and "rule-1" in why
    assert "soggy soil" in run("explain", RECORDS / "unseen.ttl", "pot:LetDry").stdout
    assert "unknown-class" in run("explain", RECORDS / "dry.ttl", "sn:NoFollowUpImaging", code=2).stderr


def rows(*arguments: str | Path) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(run("query", *arguments, "--format", "csv").stdout)))


def test_query_from_a_file() -> None:
    (row,) = rows(TINY / "dry-plants.rq", RECORDS / "dry.ttl")
    assert row == {"plant": "https://example.org/fern", "text": "Water the plant."}


def test_named_query_with_a_parameter() -> None:
    found = rows("statements-by-citation", "--bind", 'number="10"')
    assert [row["statement"] for row in found] == ["https://example.org/pot#rule-1"]


@pytest.mark.parametrize("name", named_queries(home() / "queries"))
def test_named_queries_say_nothing_of_another_guideline(name: str) -> None:
    done = run("query", name, RECORDS / "dry.ttl", RECORDS / "unseen.ttl", "--format", "csv")
    assert done.stdout and "schmorl" not in done.stdout.lower()
