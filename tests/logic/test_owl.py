"""Axioms are read as they are written in RDF; what lies outside the fragment is refused by name, file and line."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest
from small_ontologies import refusal, written

from reasoner.errors import GuidelineError
from reasoner.logic.expressions import BOTTOM, TOP, And, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.logic.owl import Axioms
from reasoner.terms import GP


def restriction(prop: str, rest: str) -> str:
    return f"[ a owl:Restriction ; owl:onProperty {prop} ; {rest} ]"


def defined(prop: str, rest: str) -> str:
    both = f"[ a owl:Class ; owl:intersectionOf ( gp:Patient {restriction(prop, rest)} ) ]"
    return f"ex:D a owl:Class ; owl:equivalentClass {both} ."


def some(prop: str, filler: str) -> str:
    return defined(prop, f"owl:someValuesFrom {filler}")


def number(prop: str, datatype: str, facet: str) -> str:
    return some(prop, f"[ a rdfs:Datatype ; owl:onDatatype {datatype} ; owl:withRestrictions ( [ {facet} ] ) ]")


PART = "neither a class nor a union"
ORDER = "none of xsd:decimal's order"
CIRCLE = """ex:P owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient ex:Q ) ] .
ex:Q owl:equivalentClass [ a owl:Class ; owl:unionOf ( ex:P ex:P ) ] ."""
REFUSED = {
    "all values": (defined("gp:hasFinding", "owl:allValuesFrom ex:A"), "allValuesFrom", "D"),
    "cardinality": (defined("gp:hasFinding", "owl:minCardinality 2"), "minCardinality", "D"),
    "self": (defined("gp:hasFinding", "owl:hasSelf true"), "hasSelf", "D"),
    "one of": (some("ex:f", "[ a owl:Class ; owl:oneOf ( ex:I ) ]"), "oneOf", "D"),
    "inverse": ("ex:h owl:inverseOf ex:f .", "inverseOf", "h"),
    "chain": ("ex:h owl:propertyChainAxiom ( ex:f ex:f ) .", "propertyChainAxiom", "h"),
    "transitive": ("ex:h a owl:TransitiveProperty .", "TransitiveProperty", "h"),
    "same": ("ex:I owl:sameAs ex:J .", "sameAs", "I"),
    "key": ("ex:P owl:hasKey ( ex:k ) .", "hasKey", "P"),
    "several values": (number("ex:m", "xsd:decimal", "xsd:minInclusive 1.0"), "not functional", "D"),
    "nested": (some("ex:h", restriction("ex:f", "owl:someValuesFrom ex:B")), PART, "D"),
    "both in one": (some("gp:hasFinding", "[ a owl:Class ; owl:intersectionOf ( ex:A ex:B ) ]"), PART, "D"),
    "all but": (some("gp:hasFinding", "[ a owl:Class ; owl:complementOf ex:A ]"), PART, "D"),
    "fixed value": (defined("ex:h", "owl:hasValue ex:I"), "not functional", "h"),
    "integer": (number("ex:k", "xsd:integer", "xsd:minInclusive 1"), "other than xsd:decimal facets", "D"),
    "pattern": (number("ex:k", "xsd:decimal", 'xsd:pattern "1"'), ORDER, "D"),
    "double bound": (number("ex:k", "xsd:decimal", "xsd:minInclusive 1.0e0"), ORDER, "D"),
    "range of doubles": ("ex:k rdfs:range xsd:double .", "not xsd:decimal", "k"),
    "range of integers": ("ex:k rdfs:range xsd:integer .", "not xsd:decimal", "k"),
    "patients as findings": (some("gp:hasFinding", "ex:Q"), "a class of patients", "D"),
    "undeclared class": (some("gp:hasFinding", "ex:Missing"), "used and not declared", "D"),
    "undeclared property": (some("ex:missing", "ex:A"), "used in a restriction and not declared", "D"),
    "circle": (CIRCLE, "goes in a circle", "P"),
}


@pytest.mark.parametrize("axiom", sorted(REFUSED))
def test_what_lies_outside_the_fragment_is_refused_by_name_and_line(axiom: str, tmp_path: Path) -> None:
    text, what, term = REFUSED[axiom]
    problem = refusal(text, tmp_path)
    assert what in problem.what and problem.node == f"urn:ex:{term}"


# -- what is read --

A, B, P, Q = (Name(f"urn:ex:{local}") for local in "ABPQ")
FILLER = "[ a rdfs:Datatype ; owl:onDatatype xsd:decimal ; owl:withRestrictions ( {} ) ]"
FACETS = "[ xsd:minInclusive 1.5 ] [ xsd:maxExclusive 7 ]"
EXPRESSIONS: dict[str, tuple[str, Expr]] = {
    "thing": ("owl:Thing", TOP),
    "nothing": ("owl:Nothing", BOTTOM),
    "union": ("[ a owl:Class ; owl:unionOf ( ex:P ex:Q ) ]", Or((P, Q))),
    "complement": ("[ a owl:Class ; owl:complementOf ex:P ]", Not(P)),
    "some": (restriction("ex:h", "owl:someValuesFrom ex:A"), Some("urn:ex:h", A)),
    "value": (restriction("ex:f", "owl:hasValue ex:I"), HasValue("urn:ex:f", "urn:ex:I")),
    "any number": (restriction("ex:k", "owl:someValuesFrom xsd:decimal"), Threshold("urn:ex:k", ())),
    "between": (
        restriction("ex:k", f"owl:someValuesFrom {FILLER.format(FACETS)}"),
        Threshold("urn:ex:k", ((">=", Decimal("1.5")), ("<", Decimal("7")))),
    ),
}


@pytest.mark.parametrize("case", sorted(EXPRESSIONS))
def test_class_expressions(case: str, tmp_path: Path) -> None:
    text, expected = EXPRESSIONS[case]
    axioms, _ = written(f"ex:D a owl:Class ; owl:equivalentClass {text} .", tmp_path)
    assert axioms.definitions["urn:ex:D"][0] == expected


def own(axioms: Axioms) -> list[tuple[Expr, Expr]]:
    """The inclusions that do not belong to the declarations."""
    declared = {Name(str(GP.Finding)), Name(str(GP.Patient))}
    return [(one.sub, one.sup) for one in axioms.inclusions if one.origin.file.endswith("outside.ttl")
            and one.sup not in declared]  # fmt: skip


@pytest.mark.parametrize(("text", "expected"), [
    ("ex:A rdfs:subClassOf ex:B .", [(A, B)]),
    ("ex:A owl:disjointWith ex:B .", [(And((A, B)), BOTTOM)]),
    ("[ a owl:AllDisjointClasses ; owl:members ( ex:A ex:B ex:P ) ] .",
     [(And((A, B)), BOTTOM), (And((A, P)), BOTTOM), (And((B, P)), BOTTOM)]),
    ("ex:D a owl:Class ; owl:disjointUnionOf ( ex:A ex:B ) .", [(And((A, B)), BOTTOM)]),
    ("ex:P owl:equivalentClass ex:Q , ex:A .", [(P, A), (A, P)]),
    ("[ a owl:Class ; owl:unionOf ( ex:A ex:B ) ] rdfs:subClassOf ex:P .", [(Or((A, B)), P)]),
])  # fmt: skip
def test_class_axioms(text: str, expected: list[tuple[Expr, Expr]], tmp_path: Path) -> None:
    """The first equivalence of a name is its definition; a further one is two inclusions."""
    assert sorted(map(repr, own(written(text, tmp_path)[0]))) == sorted(map(repr, expected))


def test_a_class_that_is_a_boolean_combination_by_itself_is_defined_by_it(tmp_path: Path) -> None:
    axioms, file = written("ex:D a owl:Class ; owl:unionOf ( ex:A ex:B ) .\nex:E a owl:Class ; owl:complementOf ex:A .",
                           tmp_path)  # fmt: skip
    (union, origin), (complement, _) = axioms.definitions["urn:ex:D"], axioms.definitions["urn:ex:E"]
    assert (union, complement) == (Or((A, B)), Not(A))
    assert origin.file == str(file) and "owl:unionOf" in file.read_text(encoding="utf-8").splitlines()[origin.line - 1]


def test_properties_and_individuals(tmp_path: Path) -> None:
    text = """ex:f rdfs:subPropertyOf ex:h ; rdfs:domain gp:Patient , owl:Thing ; rdfs:range ex:A .
    ex:k rdfs:range xsd:decimal .
    ex:h rdfs:subPropertyOf owl:topObjectProperty . ex:I owl:differentFrom ex:J . ex:K a owl:NamedIndividual , ex:B .
    [ a owl:AllDifferent ; owl:distinctMembers ( ex:I ex:K ) ] ."""
    axioms, _ = written(text, tmp_path)
    f, h, k = (axioms.properties[f"urn:ex:{local}"] for local in "fhk")
    assert (f.functional, f.data, f.supers) == (True, False, ["urn:ex:h"])
    assert (f.domains, f.ranges) == ([str(GP.Patient)], [A.iri])
    assert (h.functional, h.supers) == (False, []) and (k.functional, k.data, k.ranges) == (True, True, [])
    assert axioms.different.keys() == {frozenset((f"urn:ex:{other}", "urn:ex:I")) for other in "JK"}
    assert axioms.with_supers(["urn:ex:f"]) == ["urn:ex:f", "urn:ex:h"]
    assert axioms.ranges_of("urn:ex:f") == [A.iri] and axioms.domains_of("urn:ex:f") == {str(GP.Patient)}
    assert B.iri in axioms.populated and A.iri not in axioms.populated


def test_facts_of_a_patient_belong_in_a_record(tmp_path: Path) -> None:
    with pytest.raises(GuidelineError) as caught:
        written("ex:someone a gp:Patient .", tmp_path)
    assert (caught.value.problem.code, caught.value.problem.node) == ("patient-in-ontology", "urn:ex:someone")
