"""Whether two guidelines answer alike, against the answers to every record that there can be."""

from __future__ import annotations

import random
from copy import deepcopy

from random_logic import FINDINGS, HAS, SEED, as_term, axioms, combination, facts_of, terms, worlds

from reasoner.errors import ContradictionError
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.decide import State, decide
from reasoner.logic.equivalence import compile_over, difference, over_same_atoms
from reasoner.logic.expressions import And, Name
from reasoner.logic.owl import Axioms
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT


def answers(compiled: Compiled) -> list[object]:
    """The states of all classes for every record; None for a contradictory one."""
    found: list[object] = []
    for term in terms(len(compiled.theory.atoms)):
        try:
            found.append(dict(decide(compiled, facts_of(compiled, term)).states))
        except ContradictionError:
            found.append(None)
    return found


def changed(rng: random.Random, given: Axioms) -> Axioms:
    """The same guideline with one definition or one axiom changed, or none."""
    other = deepcopy(given)
    kind = rng.randrange(3)
    if kind == 0:
        iri, (_, origin) = rng.choice(list(given.definitions.items()))
        other.definitions[iri] = And((Name(ROOT), combination(rng, int(iri[-1]), 2))), origin
    if kind == 1 and given.inclusions:
        other.inclusions.remove(rng.choice(given.inclusions))
    return other


def test_guidelines_differ_just_where_some_record_is_answered_otherwise() -> None:
    rng, outcomes = random.Random(SEED), []
    for _ in range(80):
        given = axioms(rng)
        others = changed(rng, given)
        one, other = over_same_atoms(given, compile_axioms(given), others, compile_axioms(others))
        assert one.theory.atoms == other.theory.atoms
        found, alike = difference(one, other), answers(one) == answers(other)
        assert found.none == alike
        for term in found.classes:
            decided = [decide(compiled, facts_of(compiled, term)).states for compiled in (one, other)]
            assert any({a, decided[1][iri]} == {State.ENTAILED, State.EXCLUDED} for iri, a in decided[0].items())
        for forbidden, theory, allowing in ((found.forbidden, one.theory, other.theory),
                                            (found.allowed, other.theory, one.theory)):  # fmt: skip
            for term in forbidden:
                assert not theory.consistent(term) and allowing.consistent(term)
        outcomes.append(alike)
    assert 15 < sum(outcomes) < 65


def test_a_guideline_over_more_atoms_answers_alike() -> None:
    rng = random.Random(SEED)
    for _ in range(30):
        given = axioms(rng, classes=2)
        plain = compile_axioms(given)
        more = compile_over(given, [Atom((HAS,), "class", iri) for iri in FINDINGS])
        assert {*plain.theory.atoms, *FINDINGS} <= {*more.theory.atoms, *(atom.target for atom in more.theory.atoms)}
        assert more.rules.keys() == plain.rules.keys()
        number = {atom: i for i, atom in enumerate(more.theory.atoms)}
        for world in worlds(len(plain.theory.atoms), plain.theory.implicates):
            moved = [term for term in terms(len(more.theory.atoms)) if as_term(term, sum(
                1 << number[atom] for i, atom in enumerate(plain.theory.atoms) if world >> i & 1))
                and term.atoms == sum(1 << number[atom] for atom in plain.theory.atoms)]  # fmt: skip
            full = next(term for term in terms(len(plain.theory.atoms)) if as_term(term, world)
                        and term.size == len(plain.theory.atoms))  # fmt: skip
            expected = decide(plain, facts_of(plain, full)).states
            assert all(decide(more, facts_of(more, term)).states == expected for term in moved) and moved


def test_what_the_properties_say_counts_too() -> None:
    given = axioms(random.Random(SEED))
    others = deepcopy(given)
    others.properties[HAS].functional = True
    others.definitions, given.definitions = {}, {}
    assert not difference(compile_axioms(given), compile_axioms(others)).read_alike
