"""An answer as it was given is verified; one that was changed by a hand is found out."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from random_records import Records
from rdflib import Graph

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.assess import Assessment, assess
from reasoner.patient.classify import classify_files
from reasoner.rdf import read_text
from reasoner.render.json import JsonRenderer
from reasoner.render.rdf import RdfRenderer, serialise
from reasoner.render.triples import TripleRenderer
from reasoner.workbench.verify.verify import JsonAnswer, RdfAnswer, Verifier, verify

TESTS = Path(__file__).parents[2]
TINY = TESTS / "tiny"
CASES = sorted((TESTS / "cases").rglob("*.ttl"))
DAY = date(2026, 11, 22)
EXAMPLE = TESTS.parent / "docs" / "examples" / "patient.ttl"


@pytest.fixture(scope="module")
def verifier(guideline: Guideline) -> Verifier:
    return Verifier(guideline)


def assessed(guideline: Guideline, path: Path) -> list[Assessment]:
    return [one for one in classify_files(guideline, [path], DAY) if isinstance(one, Assessment)]


def written(guideline: Guideline, one: Assessment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(JsonRenderer(guideline).assessment(one)))
    return found


def answers(guideline: Guideline, one: Assessment) -> Iterator[JsonAnswer | RdfAnswer]:
    """The answer in JSON, and in RDF: full, lean, and under another base."""
    yield JsonAnswer(guideline, [written(guideline, one)], "answer.json")
    options: list[dict[str, Any]] = [{}, {"profile": "lean"}, {"types": False, "base": "https://example.org/r#"}]
    for option in options:
        lines = TripleRenderer(guideline, **option).triples([one])
        yield RdfAnswer(guideline, read_text("\n".join(lines), "answer.nt").graph, "answer.nt")


def faults(verifier: Verifier, one: Assessment, record: Path | None = None) -> list[tuple[str, str]]:
    reports = [verifier.verify(answer, "answer", record, "compiled") for answer in answers(verifier.guideline, one)]
    return [(finding.code, finding.what) for report in reports for finding in report.findings]


def random_assessments(guideline: Guideline, size: int) -> list[Assessment]:
    closable = list(guideline.catalogue.closable)
    records = Records(guideline.compiled, 13, closable)
    classes = list(guideline.compiled.rules)
    found = []
    for case in records.stratified(classes, size * 2, quota=1):
        if records.states(case) is not None and len(found) < size:
            try:
                found.append(assess(guideline, "urn:p", case.record, DAY, "0" * 64))
            except InputError:
                continue
    return found


# -- as it was given --


@pytest.mark.parametrize("path", [*CASES[::8], *(pytest.param(one, marks=pytest.mark.exhaustive) for one in CASES)],
                         ids=lambda path: path.stem)  # fmt: skip
def test_every_answer_of_a_case_is_accepted(verifier: Verifier, path: Path) -> None:
    assert [fault for one in assessed(verifier.guideline, path) for fault in faults(verifier, one, path)] == []


def test_answers_by_another_guideline_are_accepted_by_it(guideline: Guideline) -> None:
    tiny = load_guideline(TINY)
    found = [one for path in sorted((TINY / "records").glob("*.ttl")) for one in assessed(tiny, path)]
    assert len(found) > 3 and [fault for one in found for fault in faults(Verifier(tiny), one)] == []
    lent = Verifier(guideline).verify(JsonAnswer(tiny, [written(tiny, found[0])], "a.json"), "a.json")
    assert [one.code for one in lent.findings] == ["guideline-differs"]


@pytest.mark.parametrize("size", [30, pytest.param(500, marks=pytest.mark.exhaustive)])
def test_answers_of_random_records_are_accepted(verifier: Verifier, size: int) -> None:
    found = random_assessments(verifier.guideline, size)
    assert len(found) == size
    assert [fault for one in found for fault in faults(verifier, one)] == []


@pytest.mark.parametrize("size", [2, pytest.param(100, marks=pytest.mark.exhaustive)])
def test_hermit_proves_the_reasons(verifier: Verifier, size: int) -> None:
    for one in random_assessments(verifier.guideline, size):
        (answer, *_) = answers(verifier.guideline, one)
        assert verifier.verify(answer, "answer").findings == ()


@pytest.mark.parametrize("kind", ["turtle", "json-ld"])
def test_every_syntax_is_read(guideline: Guideline, tmp_path: Path, kind: str) -> None:
    file = tmp_path / {"turtle": "answer.ttl", "json-ld": "answer.jsonld"}[kind]
    file.write_text(serialise(RdfRenderer(guideline).render(assessed(guideline, EXAMPLE)), kind), "utf-8")
    report = verify(guideline, file, EXAMPLE, engine="compiled")
    assert report.clean and report.assessments == 1 and report.reasons > 3


def test_quads_are_read(guideline: Guideline, tmp_path: Path) -> None:
    file = tmp_path / "answer.nq"
    file.write_text("".join(TripleRenderer(guideline).quads(one) for one in assessed(guideline, EXAMPLE)), "utf-8")
    assert verify(guideline, file, EXAMPLE, engine="compiled").clean


@pytest.mark.parametrize("text", ["", "{}", "[1]", "<urn:a> <urn:b> <urn:c> .", '{"conclusions": 1}'])
def test_what_is_no_answer_is_refused(guideline: Guideline, tmp_path: Path, text: str) -> None:
    file = tmp_path / "answer.ttl"
    file.write_text(text, "utf-8")
    with pytest.raises(InputError):
        verify(guideline, file)


# -- changed by a hand --

Change = Callable[[dict[str, Any], random.Random], None]


def _reasons(answer: dict[str, Any]) -> list[dict[str, Any]]:
    return [reason for one in answer["conclusions"] for reason in one["reasons"]]


def _state(answer: dict[str, Any], draw: random.Random) -> None:
    one = draw.choice(answer["conclusions"])
    one["state"] = draw.choice([s for s in ("entailed", "excluded", "undetermined") if s != one["state"]])


def _fact(answer: dict[str, Any], draw: random.Random) -> None:
    one = draw.choice(_reasons(answer))
    fact = draw.choice(one["facts"])
    if draw.random() < 0.5:
        fact["state"] = "absent" if fact["state"] == "present" else "present"
    else:
        one["facts"].remove(fact)


def _member(name: str) -> Change:
    def change(answer: dict[str, Any], draw: random.Random) -> None:
        values = draw.choice([reason[name] for reason in _reasons(answer) if reason[name]])
        if draw.random() < 0.5:
            values.remove(draw.choice(values))
        elif name == "axioms":
            draw.choice(values)["line"] += 1
        else:
            values.append(f"{draw.choice(values)}0")

    return change


def _hash(name: str) -> Change:
    def change(answer: dict[str, Any], draw: random.Random) -> None:
        at = draw.randrange(len(answer[name]) - 20, len(answer[name]))
        digit = draw.choice([c for c in "0123456789abcdef" if c != answer[name][at]])
        answer[name] = answer[name][:at] + digit + answer[name][at + 1 :]

    return change


CHANGES: dict[str, Change] = {
    "state": _state, "fact": _fact, "axiom": _member("axioms"), "statement": _member("statements"),
    "citation": _member("citations"), "record": _hash("record"), "guideline": _hash("guideline"),
}  # fmt: skip


@pytest.mark.parametrize("kind", CHANGES)
def test_forged_json_is_found_out_by_itself(verifier: Verifier, kind: str) -> None:
    """Twenty of each kind: 140 in all."""
    draw, guideline = random.Random(kind), verifier.guideline
    found = [one for path in CASES[::5] for one in assessed(guideline, path)]
    fit = [one for one in (written(guideline, one) for one in found) if any(r["citations"] for r in _reasons(one))]
    for _ in range(20):
        forged = copy.deepcopy(draw.choice(fit))
        CHANGES[kind](forged, draw)
        assert not verifier.verify(JsonAnswer(guideline, [forged], "a.json"), "a.json", engine="compiled").clean


@pytest.mark.parametrize("about", ["state", "class", "axiom", "statement", "citesAsEvidence", "entails", "contentHash"])
def test_a_triple_that_is_left_out_is_found_out(verifier: Verifier, about: str) -> None:
    """Of a whole answer in RDF, ten triples with each predicate, or refused as no answer."""
    draw, guideline = random.Random(about), verifier.guideline
    lines = TripleRenderer(guideline).triples(assessed(guideline, EXAMPLE))
    for line in draw.sample(chosen := [one for one in lines if f"{about}> " in one], min(10, len(chosen))):
        graph = Graph().parse(data="\n".join(one for one in lines if one != line), format="nt")
        try:
            answer = RdfAnswer(guideline, graph, "a.nt")
        except InputError as error:
            assert error.problem.code == "no-answer"
        else:
            assert not verifier.verify(answer, "a.nt", engine="compiled").clean


def test_what_only_the_record_tells_is_found_with_it(verifier: Verifier) -> None:
    (one,) = assessed(verifier.guideline, EXAMPLE)
    forged = written(verifier.guideline, one)
    fact = next(fact for reason in _reasons(forged) for fact in reason["facts"] if fact["source"])
    fact["source"] = "https://example.org/another"
    answer = JsonAnswer(verifier.guideline, [forged], "a.json")
    assert verifier.verify(answer, "a.json", engine="compiled").clean
    (found, *_) = verifier.verify(answer, "a.json", EXAMPLE, "compiled").findings
    assert found.code == "record-differs" and "another" in found.what
