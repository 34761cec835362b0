"""The terms that a guideline declares, and faults as a reader sees them."""

from __future__ import annotations

import pytest
from rdflib import Graph, Literal, Namespace, URIRef
from record_parts import EX, SN, ontology, turtle

from reasoner.errors import Problem
from reasoner.records.reference_faults import FaultReport, RecordFault, ReferenceTerms, in_order, vocabulary
from reasoner.terms import GP

CORE = Namespace(str(GP))


@pytest.fixture(scope="module")
def guideline() -> Graph:
    return ontology()


def test_terms_are_known_in_their_roles(guideline: Graph) -> None:
    terms = ReferenceTerms(guideline)
    assert terms.knows(SN.vertebra, "property") and not terms.knows(SN.vertebra, "class")
    assert terms.knows(SN.BackPain, "class") and terms.knows(SN.L4, "value")
    assert not any(terms.knows(SN.Nothing, role) for role in ("property", "class", "value"))
    assert terms.nearest(SN.BackPainn, "class") == SN.BackPain
    assert terms.nearest(SN.zzzzzz, "class") is None


def test_the_vocabulary_is_what_is_declared(guideline: Graph) -> None:
    found = vocabulary(guideline)
    assert str(SN.vertebra) in found.properties and str(SN.BackPain) in found.classes
    assert {str(GP.hasFinding), str(SN.indexNode)} <= set(found.node_properties) <= set(found.properties)
    assert set(found.properties) | set(found.classes) <= set(found.terms)


@pytest.mark.parametrize("value, shown", [
    (SN.BackPain, "sn:BackPain"), (Literal("a\n b"), '"a b"'),
    (Literal("é", lang="fr"), '"é"@fr'), (Literal("y" * 70), '"' + "y" * 60 + '…"'),
])  # fmt: skip
def test_a_fault_shows_its_value_and_its_place(value: URIRef, shown: str, guideline: Graph) -> None:
    report = FaultReport(turtle("ex:p a gp:Patient ."), ReferenceTerms(guideline))
    problem = report.problem(RecordFault(1, "code", "is wrong", "mend it", EX.p, GP.hasFinding, value))
    assert problem.what == f"gp:hasFinding {shown}: is wrong" and problem.remedy == "mend it"
    assert problem.file == "record.ttl" and problem.node == "ex:p"


def test_only_the_most_basic_fault_of_a_value_is_a_problem(guideline: Graph) -> None:
    report = FaultReport(turtle("ex:p a gp:Patient ."), ReferenceTerms(guideline))
    faults = [
        RecordFault(stage, f"stage-{stage}", "is wrong", "mend it", EX.p, GP.hasFinding, EX.n) for stage in (2, 1, 4)
    ]
    assert [problem.code for problem in report.by_patient(faults)[EX.p]] == ["stage-1"]


def test_problems_stand_once_in_the_order_of_their_places() -> None:
    first, second = Problem("b", "x", "y", "a.ttl", 2), Problem("a", "x", "y", "a.ttl", 10)
    assert in_order([second, first, second]) == [first, second]
