"""Statements about a patient as observations: what is found, denied, derived, and between which bounds."""

from __future__ import annotations

from decimal import Decimal

from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import DERIVED, RECORDED
from reasoner.rdf import read_text
from reasoner.records.conversion import to_nodes
from reasoner.records.nodes import Nodes

SN = "https://w3id.org/guideproof/schmorl#"
GP = "https://w3id.org/guideproof/core#"
TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"


def nodes(text: str) -> Nodes:
    return to_nodes(read_text(f"@prefix gp: <{GP}> . @prefix sn: <{SN}> . {text}", "r.ttl").lines)


def test_classes_of_findings_and_their_denial(guideline: Guideline) -> None:
    stated = nodes("<urn:p> gp:hasFinding <urn:n> ; gp:lacksFinding sn:Fever . <urn:n> a sn:SchmorlsNode .")
    found = {(one.path, one.kind, one.target, one.present) for one in guideline.observer.observe(stated, "urn:p")}
    path = (f"{GP}hasFinding",)
    assert found == {
        (path, "class", f"{SN}SchmorlsNode", True),
        (path, "value", "urn:n", True),
        (path, "class", f"{SN}Fever", False),
        ((f"{GP}lacksFinding",), "value", f"{SN}Fever", True),
    }


def test_a_functional_property_leads_on(guideline: Guideline) -> None:
    stated = nodes("<urn:p> sn:indexNode <urn:n> . <urn:n> sn:vertebra sn:L4 ; sn:diameterMillimetre 6.5 .")
    found = {one.path: one for one in guideline.observer.observe(stated, "urn:p")}
    assert found[f"{SN}indexNode", f"{SN}vertebra"].target == f"{SN}L4"
    number = found[f"{SN}indexNode", f"{SN}diameterMillimetre"]
    assert (number.low, number.high, number.by) == (Decimal("6.5"), Decimal("6.5"), RECORDED)


def test_bounds_are_one_number_and_the_narrowest(guideline: Guideline) -> None:
    weeks = f"{SN}conservativeTherapyWeeks"
    stated = nodes(f"<urn:p> <{weeks}AtLeast> 2.0 , 3.0 ; <{weeks}AtMost> 9.0 , 8.0 .")
    (number,) = guideline.observer.observe(stated, "urn:p")
    assert (number.path, number.low, number.high) == ((weeks,), Decimal("3.0"), Decimal("8.0"))


def test_what_rests_on_a_derived_triple_is_derived(guideline: Guideline) -> None:
    stated = nodes("<urn:p> gp:hasFinding _:n . _:n a sn:LocalizedBackPain .")
    (node,) = (node for node in stated if node[0] == "_")
    derived = {(node, TYPE, f"{SN}LocalizedBackPain")}
    (pain,) = guideline.observer.observe(stated, "urn:p", derived, {node: "_:c14n0"})
    assert (pain.by, pain.source) == (DERIVED, "_:c14n0")


NODE = "gp:hasFinding <urn:n> . <urn:n> a sn:SchmorlsNode ; sn:vertebra sn:L4"


def test_a_second_value_by_a_rule_is_a_problem(guideline: Guideline) -> None:
    """What a rule gives beside another value of a functional property contradicts it, in the words of its shape."""
    observer = guideline.observer
    stated = nodes(
        f"<urn:p> {NODE} ; gp:hasFinding <urn:e> . <urn:e> a sn:MarrowEdemaOnMri ; sn:vertebra sn:L1 , sn:L4 ."
    )
    given = {("urn:e", f"{SN}vertebra", f"{SN}L4")}
    (problem,) = observer.contradicted(stated, ["urn:p", "urn:n", "urn:e"], given)
    assert (
        problem.code == "not-of-index-node"
        and f"{SN}L1" in problem.what
        and "sn:VertebralMarrowEdema" in problem.remedy
    )
    assert observer.contradicted(stated, ["urn:p", "urn:n"], given) == ()
    assert observer.contradicted(stated, ["urn:e"], {*given, ("urn:e", f"{SN}vertebra", f"{SN}L1")}) == ()
    assert observer.contradicted(stated, ["urn:e"], frozenset()) == ()


def test_further_nodes_are_named_with_their_attributes(guideline: Guideline) -> None:
    text = f"<urn:p> sn:indexNode <urn:n> ; {NODE} . <urn:p> gp:hasFinding <urn:m> , <urn:f> . <urn:f> a sn:Fever ."
    other = " <urn:m> a sn:SchmorlsNode ; sn:vertebra sn:L1 ; sn:diameterMillimetre 12.0 ."
    (note,) = guideline.observer.further(nodes(text + other), "urn:p")
    assert f"{SN}diameterMillimetre 12.0, {SN}vertebra {SN}L1" in note and "urn:m" not in note
    (note,) = guideline.observer.further(nodes(text + " <urn:m> a sn:SchmorlsNode ."), "urn:p")
    assert "without attributes" in note
    assert guideline.observer.further(nodes(f"<urn:p> {NODE} ."), "urn:p") == ()
