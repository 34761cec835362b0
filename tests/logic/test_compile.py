"""Implicants against all partial assignments: consistent, minimal, sufficient, and enough to find every entailment."""

from __future__ import annotations

import random
from pathlib import Path

from random_logic import (
    SEED,
    as_patient,
    as_term,
    axioms,
    cubes,
    is_in,
    terms,
    theory_of,
    worlds,
)
from small_ontologies import written

from reasoner.logic.clauses import Cube
from reasoner.logic.compile import compile_axioms, implicants, weakest
from reasoner.logic.expressions import AtomLeaf, Name, Some
from reasoner.logic.theory import Literals
from reasoner.terms import GP


def test_implicants_modulo_a_theory() -> None:
    rng, found = random.Random(SEED), 0
    for _ in range(80):
        clauses, given = cubes(rng, 4, 4), cubes(rng, 4, 4)
        theory, models = theory_of(4, clauses), worlds(4, clauses)
        positive = {world for world in models if any(as_term(term, world) for term in given)}
        kept = implicants(given, theory)
        below = {term: {world for world in models if as_term(term, world)} for term in terms(4)}
        for term in kept:
            own = below[term._replace(axioms=0)]
            assert own and own <= positive
        for term, own in below.items():
            entails = bool(own) and own <= positive
            assert entails == (bool(own) and any(theory.close(term).satisfy(one) for one in kept))
        for one in kept:
            assert not any(other is not one and theory.close(one).satisfy(other) for other in kept)
        found += len(kept)
    assert found > 100


def test_the_weakest_of_equivalent_terms_is_the_smallest() -> None:
    theory = theory_of(3, [Cube(0b010, 0b001), Cube(0b001, 0b010)])  # atoms 0 and 1 are equivalent
    assert weakest([Cube(0b011, 0), Cube(0b010, 0), Cube(0b101, 0), Cube(0b001, 0)], theory) == [Cube(0b001, 0)]


def test_a_guideline_entails_what_holds_of_all_patients_of_whom_it_is_known() -> None:
    """Random guidelines: every partial record, against all patients that there can be."""
    rng, tried = random.Random(SEED), 0
    for _ in range(40):
        given = axioms(rng)
        compiled = compile_axioms(given)
        size = len(compiled.theory.atoms)
        models = worlds(size, compiled.theory.implicates)
        for iri, rule in compiled.rules.items():
            inside = {world for world in models if is_in(given, Name(iri), as_patient(compiled, world))}
            for term in terms(size):
                possible = {world for world in models if as_term(term, world)}
                if possible:
                    closed = compiled.theory.close(term)
                    assert any(map(closed.satisfy, rule.entailed_by)) == (possible <= inside)
                    assert any(map(closed.satisfy, rule.excluded_by)) == possible.isdisjoint(inside)
                    tried += 1
    assert tried > 1000


def test_axioms_of_an_implicant_lead_from_it_to_the_class(tmp_path: Path) -> None:
    """Of ex:A, below ex:B, a patient with a finding in ex:B is a ex:D: the axiom is cited where it is used alone."""
    text = """ex:A rdfs:subClassOf ex:B . ex:D a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
    gp:Patient [ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom ex:B ] ) ] ."""
    compiled = compile_axioms(written(text, tmp_path)[0])
    number = {atom.target: i for i, atom in enumerate(compiled.theory.atoms) if atom.path == (str(GP.hasFinding),)}
    [support] = [one for one in compiled.theory.supports(number["urn:ex:B"], True, Literals(-1, 0))
                 if one.pos == 1 << number["urn:ex:A"]]  # fmt: skip
    assert [origin.term for i, origin in enumerate(compiled.axioms) if support.axioms >> i & 1] == ["urn:ex:A"]


RESTRICTED = "[ a owl:Restriction ; owl:onProperty {} ; {} ]"
QUANTITY = RESTRICTED.format("ex:k", "owl:someValuesFrom xsd:decimal")
FINDING = RESTRICTED.format("gp:hasFinding", "owl:someValuesFrom ex:A")
VALUE = RESTRICTED.format("ex:f", "owl:hasValue ex:I")


def test_attributes_are_criteria_on_one_value_or_quantity(tmp_path: Path) -> None:
    both = f"[ a owl:Class ; owl:unionOf ( {QUANTITY} {VALUE} ) ]"
    parts = {"D": QUANTITY, "E": VALUE, "F": both, "G": FINDING, "H": f"{QUANTITY} {VALUE}", "J": "ex:D", "K": ""}
    text = "".join(f"ex:{name} a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf "
                   f"( gp:Patient {part} ) ] .\n" for name, part in parts.items())  # fmt: skip
    compiled = compile_axioms(written(text, tmp_path)[0])
    assert {iri[-1] for iri in compiled.attributes} == {"D", "E", "F"}
    assert compiled.properties["urn:ex:k"].data
    assert all(compiled.properties[iri].functional for iri in ("urn:ex:k", "urn:ex:f"))


def test_what_is_mentioned_has_an_atom_and_changes_no_answer() -> None:
    rng = random.Random(SEED)
    for _ in range(30):
        given = axioms(rng)
        plain, more = compile_axioms(given), compile_axioms(given, [Some("urn:has", Name("urn:A"))])
        assert {atom.target for atom in more.theory.atoms} >= {"urn:A"}
        assert more.rules.keys() == plain.rules.keys() and more.attributes == plain.attributes
        if more.theory.atoms == plain.theory.atoms:
            assert more.rules == plain.rules and more.theory.implicates == plain.theory.implicates


def test_acts_and_findings_that_a_record_can_name_have_atoms(tmp_path: Path) -> None:
    text = f"ex:D a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient {FINDING} ) ] ."
    compiled = compile_axioms(written(text, tmp_path)[0])
    named = {atom.target for atom in compiled.theory.atoms if atom.path == (str(GP.hasFinding),)}
    assert named == {"urn:ex:A", "urn:ex:B", str(GP.Finding)}
    assert isinstance(compiled.rules["urn:ex:D"].definition.parts[1], AtomLeaf)  # type: ignore[union-attr]
