"""Findings as SARIF 2.1.0: what the standard requires is there, and each finding leads to its line and its page."""

from __future__ import annotations

import json
from pathlib import Path

from clean_guideline import CLEAN, guideline_of

from reasoner.guideline.explained_codes import sections
from reasoner.logic.compiled import Origin
from reasoner.terms import PREFIXES
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.finding import Finding, Severity, sarif_log
from reasoner.workbench.prove.prove import prove
from reasoner.workbench.prove.render import ProofWriter

TERM = PREFIXES["gp"] + "Act"


def run(*findings: Finding) -> dict[str, object]:
    """The one run of a log, checked against what the standard requires."""
    log = json.loads(json.dumps(sarif_log(findings)))
    assert log["version"] == "2.1.0" and log["$schema"].endswith("sarif-schema-2.1.0.json")
    [found] = log["runs"]
    driver = found["tool"]["driver"]
    assert driver["name"] and driver["version"]
    assert len({rule["id"] for rule in driver["rules"]}) == len(driver["rules"])
    for result in found["results"]:
        assert driver["rules"][result["ruleIndex"]]["id"] == result["ruleId"]
        assert result["level"] in ("error", "warning", "note") and result["message"]["text"]
    for rule in driver["rules"]:
        assert "helpUri" not in rule and rule["help"]["text"]
    assert isinstance(found, dict)
    return found


def test_a_finding_has_its_line_its_term_and_its_page() -> None:
    found = run(check_finding("ontology/mine.ttl", 12, "undeclared-term", "no such term", "declare it", term=TERM))
    assert found["results"] == [{
        "ruleId": "undeclared-term", "ruleIndex": 0, "level": "error",
        "message": {"text": "no such term — declare it"},
        "locations": [{
            "physicalLocation": {"artifactLocation": {"uri": "ontology/mine.ttl"}, "region": {"startLine": 12}},
            "logicalLocations": [{"fullyQualifiedName": TERM}],
        }],
    }]  # fmt: skip
    [rule] = found["tool"]["driver"]["rules"]  # type: ignore[index]
    assert rule["help"]["markdown"] == sections()["undeclared-term"]


def test_rules_stand_once_and_are_pointed_to() -> None:
    one, other = (check_finding("a.ttl", line, "no-triples", "w", "r") for line in (1, 2))
    third = check_finding("a b.ttl", 0, "long-label", "w", "", severity=Severity.INFO)
    found = run(one, other, third)
    assert [result["ruleIndex"] for result in found["results"]] == [0, 0, 1]  # type: ignore[attr-defined]
    last = found["results"][2]  # type: ignore[index]
    assert last["level"] == "note" and last["message"] == {"text": "w"}
    assert last["locations"] == [{"physicalLocation": {"artifactLocation": {"uri": "a%20b.ttl"}}}]
    own = found["tool"]["driver"]["rules"][1]  # type: ignore[index]
    assert "queries/qc/long-label.rq" in own["help"]["text"]


def test_a_file_outside_the_guideline_and_a_finding_without_a_file() -> None:
    outside = check_finding("/elsewhere/core.ttl", 3, "no-triples", "w", "r")
    nowhere = Finding("conflict", Severity.ERROR, "w", Origin("", "", None), "r", "docs/authoring.md")
    first, second = run(outside, nowhere)["results"]  # type: ignore[misc]
    assert first["locations"][0]["physicalLocation"]["artifactLocation"]["uri"] == "file:///elsewhere/core.ttl"
    assert second["locations"] == [{}]


def test_nothing_found_is_a_log_without_results() -> None:
    assert run()["results"] == []


def test_an_accepted_finding_of_a_proof_is_suppressed_with_its_reason(tmp_path: Path) -> None:
    accepted = """
pot:Dust a owl:Class ; rdfs:subClassOf gp:Finding .
pot:a1 a gp:AcceptedFinding ; gp:code "idle-fact" ; gp:concerns pot:Dust ; gp:rationale "kept for later" .
"""
    guideline = guideline_of(tmp_path, CLEAN + accepted)
    [result] = json.loads(ProofWriter(guideline, prove(guideline)).sarif())["runs"][0]["results"]
    assert (result["ruleId"], result["level"]) == ("idle-fact", "note")
    assert result["suppressions"] == [{"kind": "external", "justification": "kept for later"}]
