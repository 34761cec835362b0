"""The clauses of axioms against the patients that there can be, written out, and small ontologies clause by clause."""

from __future__ import annotations

import random
import re
from pathlib import Path

import pytest
from random_logic import FINDINGS, HAS, SEED, as_patient, axioms, possible_patients, worlds
from small_ontologies import refusal, written

from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.expressions import And, AtomLeaf, Name, Not, Or
from reasoner.logic.theory import Atom
from reasoner.logic.unfold import Unfold


def test_worlds_of_the_theory_are_the_patients_that_there_can_be() -> None:
    """Each patient has findings of some kinds; what of them is recorded in classes is all that the atoms say."""
    rng, restricted = random.Random(SEED), 0
    for _ in range(150):
        given = axioms(rng, taxonomy=4)
        compiled = compile_axioms(given)
        atoms = compiled.theory.atoms
        assert {atom.path for atom in atoms} <= {(HAS,)} and {atom.target for atom in atoms} <= {*FINDINGS, ""}
        named = frozenset(atom.target for atom in atoms)
        found = {as_patient(compiled, world) for world in worlds(len(atoms), compiled.theory.implicates)}
        assert found == {patient & named for patient in possible_patients(given)}
        restricted += len(found) < 1 << len(atoms)
    assert restricted > 50


def readable(compiled: Compiled) -> set[str]:
    """The implicates as `A -> B | C`, each atom by the local names of its path, class, individual or bound."""

    def short(iri: str) -> str:
        return re.split("[#:/]", iri)[-1]

    def name(atom: Atom) -> str:
        path = ".".join(map(short, atom.path))
        if atom.kind == "above":
            return f"{path}{'>' if atom.strict else '>='}{atom.bound}"
        return f"{path}:{short(atom.target)}" if atom.target else path

    names = [name(atom) for atom in compiled.theory.atoms]
    sides = [(sorted(names[i] for i in bits(c.neg)), sorted(names[i] for i in bits(c.pos)))
             for c in compiled.theory.implicates]  # fmt: skip
    return {f"{' & '.join(left)} -> {' | '.join(right)}".strip() for left, right in sides}


def defined(*restrictions: str) -> str:
    """A class ex:D of the patients with all of some restrictions (`property`, rest)."""
    parts = " ".join(f"[ a owl:Restriction ; owl:onProperty {one} ]" for one in restrictions)
    return f"ex:D a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( gp:Patient {parts} ) ] ."


HAS_A = "gp:hasFinding ; owl:someValuesFrom ex:A"
DECIMAL = "[ a rdfs:Datatype ; owl:onDatatype xsd:decimal ; owl:withRestrictions ( [ xsd:{} {} ] ) ]"
ABOVE = [f"ex:k ; owl:someValuesFrom {DECIMAL.format(facet, bound)}"
         for facet, bound in (("minInclusive", "5.0"), ("minExclusive", "5.0"), ("maxInclusive", "3.0"))]  # fmt: skip
EXPECTED = {
    "a superclass": (defined(HAS_A), {"hasFinding:A -> hasFinding:Finding", "hasFinding:B -> hasFinding:Finding"}),
    "a taxonomy": (defined(HAS_A) + "ex:A rdfs:subClassOf ex:B .", {"hasFinding:A -> hasFinding:B"}),
    "a union": (
        defined(HAS_A) + "ex:C a owl:Class ; owl:equivalentClass [ a owl:Class ; owl:unionOf ( ex:A ex:B ) ] .",
        {"hasFinding:C -> hasFinding:A | hasFinding:B", "hasFinding:A -> hasFinding:C"},
    ),
    "a scale": (defined(*ABOVE), {"k>5.0 -> k>=5.0", "k>=5.0 -> k>3.0", "k>5.0 -> k", "k>3.0 -> k"}),
    "values": (
        defined("ex:f ; owl:hasValue ex:I")
        + defined("ex:f ; owl:hasValue ex:J").replace("ex:D", "ex:E")
        + "[ a owl:AllDifferent ; owl:distinctMembers ( ex:I ex:J ) ] .",
        {"f:I & f:J ->"},
    ),
    "a domain": (
        defined("ex:h ; owl:someValuesFrom ex:A") + "ex:h rdfs:domain ex:G ." + defined(HAS_A).replace("ex:D", "ex:G"),
        {"h:A -> hasFinding:A"},
    ),
    "a subproperty": (
        defined("ex:h ; owl:someValuesFrom ex:A") + "ex:h rdfs:subPropertyOf gp:hasFinding .",
        {"h:A -> hasFinding:A"},
    ),
    "classes of patients": (
        defined(HAS_A) + "ex:D rdfs:subClassOf ex:P . ex:P owl:disjointWith ex:Q .",
        {"hasFinding:A -> :P", ":P & :Q ->", ":Q & hasFinding:A ->"},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(EXPECTED))
def test_axioms_give_their_clauses(case: str, tmp_path: Path) -> None:
    text, expected = EXPECTED[case]
    assert expected <= readable(compile_axioms(written(text, tmp_path)[0]))


@pytest.mark.parametrize(("text", "what"), [
    (defined("ex:h ; owl:hasValue ex:I"), "has a fixed value and is not functional"),
    (defined(HAS_A) + "ex:A owl:disjointUnionOf ( ex:A ex:B ) . ex:N a owl:Class ; owl:complementOf ex:A .",
     "limited to none of them"),
    (defined(HAS_A) + "ex:A rdfs:subClassOf [ a owl:Restriction ; owl:onProperty ex:f ; owl:hasValue ex:I ] .\n"
     "ex:f rdfs:domain gp:Finding .", "described by a restriction"),
    (defined("ex:f ; owl:hasValue ex:I", "ex:g ; owl:hasValue ex:I")
     + "ex:g a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:subPropertyOf ex:f .",
     "urn:ex:f, above urn:ex:g, is functional"),
])  # fmt: skip
def test_what_has_no_clauses_is_refused(text: str, what: str, tmp_path: Path) -> None:
    assert what in refusal(text, tmp_path).what


def test_unfolding_is_the_disjunctive_normal_form() -> None:
    a, b = AtomLeaf(0), AtomLeaf(1)
    unfold = Unfold({("urn:c", True): [Cube(0b100, 0)], ("urn:c", False): [Cube(0, 0b100)]})
    expr = And((Or((a, Not(b))), Name("urn:c")))
    assert set(unfold(expr)) == {Cube(0b101, 0), Cube(0b100, 0b010)}
    assert set(unfold(expr, False)) == {Cube(0b010, 0b001), Cube(0, 0b100)}
    assert unfold(And(())) == [Cube(0, 0)] and unfold(Or(())) == []
