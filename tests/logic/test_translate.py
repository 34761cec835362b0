"""Translating keeps the meaning: expressions over fillers against patients written out; order, circles and guards."""

from __future__ import annotations

import random
from collections.abc import Mapping
from pathlib import Path

import pytest
from random_logic import AT, SEED, axioms, is_in
from small_ontologies import refusal, written

from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import TOP, And, AtomLeaf, Expr, HasValue, Name, Not, Or, Some, Threshold, named_in
from reasoner.logic.owl import Axioms, Inclusion, Property
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT, Translator

A, B = Name("urn:A"), Name("urn:B")


@pytest.fixture
def given() -> Axioms:
    """A functional path f.g, a property h of several values, quantities k (one) and m (several)."""
    found = Axioms(classes=dict.fromkeys(("urn:A", "urn:B", "urn:D"), AT))
    for name in "fghkm":
        data = name in "km"
        found.properties[name] = Property(
            name, AT, data, name in "fgk", domains=[ROOT] if name in "fhkm" else ["urn:A"]
        )
    found.definitions["urn:D"] = And((Name(ROOT), Some("h", A))), AT
    return found


def translated(given: Axioms, expr: Expr) -> tuple[Expr, list[Atom]]:
    translator = Translator(given)
    return translator.translate(expr, AT), list(translator.numbers)


def test_restrictions_become_atoms(given: Axioms) -> None:
    leaf = [AtomLeaf(i) for i in range(5)]
    h_a, h_b = Atom(("h",), "class", "urn:A"), Atom(("h",), "class", "urn:B")
    f, f_a, f_b = Atom(("f",), "exists"), Atom(("f",), "class", "urn:A"), Atom(("f",), "class", "urn:B")
    k = Atom(("k",), "exists")
    assert translated(given, Some("h", A)) == (leaf[0], [h_a])
    assert translated(given, Some("h", Or((A, B)))) == (Or((leaf[0], leaf[1])), [h_a, h_b])
    assert translated(given, Some("h", TOP)) == (leaf[0], [Atom(("h",), "exists")])
    assert translated(given, HasValue("f", "urn:i")) == (leaf[0], [Atom(("f",), "value", "urn:i")])
    both = And((leaf[0], And((leaf[1], Not(leaf[2])))))
    assert translated(given, Some("f", And((A, Not(B))))) == (both, [f, f_a, f_b])
    nested = And((leaf[0], And((leaf[1], leaf[2]))))
    assert translated(given, Some("f", Some("g", A))) == (
        nested, [f, Atom(("f", "g"), "exists"), Atom(("f", "g"), "class", "urn:A")]
    )  # fmt: skip
    for facet, strict, present in ((">=", False, True), (">", True, True), ("<", False, False), ("<=", True, False)):
        atom = Atom(("k",), "above", bound=5, strict=strict)
        side = leaf[1] if present else Not(leaf[1])
        assert translated(given, Threshold("k", ((facet, 5),))) == (And((leaf[0], side)), [k, atom])


def test_names(given: Axioms) -> None:
    assert translated(given, And((Name(ROOT), Name("urn:D")))) == (And((TOP, Name("urn:D"))), [])
    given.inclusions.append(Inclusion(Name("urn:P"), Name(ROOT), AT))
    assert translated(given, Name("urn:P")) == (AtomLeaf(0), [Atom((), "class", "urn:P")])
    assert Translator(given).patient_level == {ROOT, "urn:D", "urn:P"}
    assert Translator(given).is_patient_level(Not(Name("urn:D"))) and not Translator(given).is_patient_level(A)


def value(expr: Expr, world: int, definitions: Mapping[str, Expr]) -> bool:
    """A translated expression where the atoms of the bits `world` are true and all others false."""
    match expr:
        case AtomLeaf(atom):
            return bool(world >> atom & 1)
        case Name(iri):
            return value(definitions[iri], world, definitions)
        case Not(part):
            return not value(part, world, definitions)
        case And(parts):
            return all(value(part, world, definitions) for part in parts)
        case Or(parts):
            return any(value(part, world, definitions) for part in parts)
    raise TypeError(expr)


def test_translating_keeps_the_patients_of_an_expression() -> None:
    rng = random.Random(SEED)
    for _ in range(100):
        some = axioms(rng, classes=2, taxonomy=0)
        translator = Translator(some)
        definitions = {iri: translator.translate(expr, AT) for iri, (expr, _) in some.definitions.items()}
        atoms = list(translator.numbers)

        for world in range(1 << len(atoms)):
            patient = frozenset(atom.target for i, atom in enumerate(atoms) if world >> i & 1)
            for iri, definition in definitions.items():
                assert value(definition, world, definitions) == is_in(some, Name(iri), patient)


def test_an_axiom_has_one_bit() -> None:
    translator, one, other = Translator(axioms(random.Random(SEED))), Origin("urn:a", "f", 1), Origin("urn:b", "f", 2)
    assert [translator.axiom(origin) for origin in (one, other, one)] == [1, 2, 1]
    assert list(translator.origins) == [one, other]


def test_definitions_come_after_what_they_use() -> None:
    rng = random.Random(SEED)
    for _ in range(100):
        some = axioms(rng, classes=5)
        shuffled = dict(rng.sample(sorted(some.definitions.items()), 5))
        some.definitions = shuffled
        order = Translator(some).order
        assert sorted(order) == sorted(shuffled)
        for position, iri in enumerate(order):
            assert (named_in(shuffled[iri][0]) & shuffled.keys()) <= set(order[:position])


def test_names_inside_restrictions_do_not_count() -> None:
    assert named_in(And((A, Not(Or((B, Some("h", Name("urn:C")))))))) == {"urn:A", "urn:B"}


def test_a_circle_is_refused_and_named(tmp_path: Path) -> None:
    text = """ex:P owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient ex:Q ) ] .
    ex:Q owl:equivalentClass [ a owl:Class ; owl:unionOf ( ex:P ex:P ) ] ."""
    assert "urn:ex:P → urn:ex:Q → urn:ex:P" in refusal(text, tmp_path).what


@pytest.mark.parametrize(("axiom", "refused"), [
    ("[ a owl:Class ; owl:complementOf ex:P ] rdfs:subClassOf ex:Q .", True),
    ("[ a owl:Class ; owl:intersectionOf ( gp:Patient [ owl:complementOf ex:P ] ) ] rdfs:subClassOf ex:Q .", False),
    ("[ a owl:Class ; owl:complementOf ex:P ] rdfs:subClassOf [ a owl:Class ; owl:complementOf ex:Q ] .", False),
    ("ex:P rdfs:subClassOf ex:Q .", False),
])  # fmt: skip
def test_an_axiom_between_classes_of_patients_is_limited_to_patients(axiom: str, refused: bool, tmp_path: Path) -> None:
    axioms, _ = written(axiom, tmp_path)
    translator, inclusion = Translator(axioms), axioms.inclusions[-1]
    if not refused:
        translator.refuse_unguarded(inclusion.sub, inclusion.sup, Origin("urn:x", "f", 1))
        return
    with pytest.raises(Exception, match="not limited to patients"):
        translator.refuse_unguarded(inclusion.sub, inclusion.sup, Origin("urn:x", "f", 1))


def test_a_class_with_members_is_no_filler(tmp_path: Path) -> None:
    restriction = "[ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom ex:A ]"
    text = f"ex:I a ex:A . ex:D a owl:Class ; owl:intersectionOf ( gp:Patient {restriction} ) ."
    assert "named members" in refusal(text, tmp_path).what
