"""What files state, together or each alone, and problems at the place of their patient."""

from __future__ import annotations

from datetime import date

import pytest

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.patient.observed import observations_of, observe, observe_each, observe_records
from reasoner.rdf import read_text
from reasoner.records.nodes import RecordSource
from reasoner.records.record import gather

DAY = date(2026, 11, 22)
HEAD = "@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sn: <https://w3id.org/guideproof/schmorl#> .\n"
GOOD = "<urn:p> a gp:Patient ; gp:hasFinding <urn:n> . <urn:n> a sn:SchmorlsNode .\n"
BAD = "<urn:q> a gp:Patient ; gp:hasFinding [ a sn:Feverr ] .\n"


def source(text: str, name: str) -> RecordSource:
    return RecordSource(name, None, (HEAD + text).encode())


@pytest.mark.parametrize("compiled", [True, False])
def test_patients_are_observed_or_refused(compiled: bool, guideline: Guideline) -> None:
    files = observe(guideline, [source(GOOD + BAD, "r.ttl")], DAY, compiled)
    assert files.observed.keys() == {"urn:p"} and files.refused.keys() == {"urn:q"}
    assert files.refused["urn:q"][0].code == "unknown-term"
    loaded = observe_records(guideline, gather([read_text(HEAD + GOOD + BAD, "r.ttl")]), DAY)
    assert (loaded.observed, loaded.refused) == (files.observed, files.refused)


def test_one_file_that_cannot_be_used_is_refused_among_others(guideline: Guideline) -> None:
    first, second = observe_each(guideline, [source(GOOD, "a.ttl"), source("<urn:q> a", "b.ttl")], DAY)
    assert first.observed.keys() == {"urn:p"} and not first.refused
    assert second.refused[None][0].code == "syntax-error" and not second.observed


def test_a_single_file_and_a_patient_in_two_files_are_errors(guideline: Guideline) -> None:
    with pytest.raises(RecordError, match="syntax-error"):
        observe_each(guideline, [source("<urn:q> a", "b.ttl")], DAY)
    with pytest.raises(RecordError, match="duplicate-patient"):
        observe_each(guideline, [source(GOOD, "a.ttl"), source(GOOD, "b.ttl")], DAY)


def test_a_problem_is_located_at_its_patient(guideline: Guideline) -> None:
    files = observe(guideline, [source("\n" + GOOD, "r.ttl")], DAY)
    assert files.located(Problem("code", "what", "remedy"), "urn:p") == Problem(
        "code", "what", "remedy", "r.ttl", 3, "urn:p"
    )


def test_observations_of_n_triples(guideline: Guideline) -> None:
    lines = read_text(HEAD + GOOD + BAD, "r.ttl").graph.serialize(format="nt").encode()
    found = observations_of(guideline, lines, "r.nt", DAY)
    assert [type(one).__name__ for one in found["urn:q"]] == ["Problem"]
    assert {type(one).__name__ for one in found["urn:p"]} == {"Observation"}
