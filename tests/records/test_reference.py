"""The reference observes records, refuses what does not conform, and changes nothing that it is given."""

from __future__ import annotations

from datetime import date

import pytest
from record_parts import GOOD, turtle

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.records.nodes import RecordSource
from reasoner.records.reference import Reference

DAY = date(2026, 11, 22)


def test_what_conforms_is_observed_and_what_does_not_is_refused(guideline: Guideline) -> None:
    records = turtle("ex:p a gp:Patient ; gp:hasFinding ex:n . ex:n a sn:SchmorlsNode .\n"
                     "ex:q a gp:Patient ; gp:hasFinding [ a sn:Feverr ] .")  # fmt: skip
    before, taxonomy = set(records.graph), set(guideline.taxonomy)
    observed, refused = guideline.reference.observe(records, DAY)
    (patient,), (other,) = observed, refused
    assert patient.endswith("p") and observed[patient].digest and not observed[patient].problems
    assert [problem.code for problem in refused[other]] == ["unknown-term"]
    assert any(one.path[-1].endswith("indexNode") for one in observed[patient].observations)
    assert set(records.graph) == before and set(guideline.taxonomy) == taxonomy


def test_the_compiled_contract_observes_the_same(guideline: Guideline) -> None:
    records = turtle(GOOD)
    text = "\n".join(parsed.graph.serialize(format="nt") for parsed in records.files)
    validated = guideline.compiled_contract.validate([RecordSource("record.nt", None, text.encode())], DAY)
    assert validated is not None and not validated.left
    assert validated.observed == guideline.reference.observe(records, DAY)[0]


def test_without_a_contract_and_rules_everything_is_observed_as_it_stands(guideline: Guideline) -> None:
    reference = Reference(guideline.taxonomy, (), (), guideline.observer)
    observed, refused = reference.observe(turtle("ex:p a gp:Patient ; gp:hasFinding 5 ."), DAY)
    assert len(observed) == 1 and not refused


def test_strays(guideline: Guideline) -> None:
    lines = b"<urn:x> <http://www.w3.org/1999/02/22-rdf-syntax-ns#type> <https://w3id.org/guideproof/core#Finding> .\n"
    (problem,) = guideline.reference.stray_problems(lines, "r.nt", DAY)
    assert (problem.code, problem.file, problem.line) == ("dangling-node", "r.nt", 1)
    assert not guideline.reference.stray_problems(b"<urn:x> <urn:y> <urn:z> .\n", "r.nt", DAY)


def test_what_belongs_to_no_patient_is_an_error(guideline: Guideline) -> None:
    with pytest.raises(RecordError, match="dangling-node"):
        guideline.reference.observe(turtle("ex:p a gp:Patient . ex:lost a sn:SchmorlsNode ."), DAY)
