"""Closure, consistency, supports and projection against all complete assignments."""

from __future__ import annotations

import random

from random_logic import SEED, as_clause, as_term, cubes, partial, terms, theory_of, worlds

from reasoner.logic.clauses import Cube, bits
from reasoner.logic.theory import Literals, Theory, components


def test_closure_is_what_holds_in_every_completion() -> None:
    rng, consistent = random.Random(SEED), 0
    for _ in range(300):
        atoms = rng.randint(1, 6)
        clauses = cubes(rng, atoms, 8)
        theory, models = theory_of(atoms, clauses), worlds(atoms, clauses)
        for _ in range(8):
            given = partial(rng, atoms)
            possible = [world for world in models if as_term(given, world)]
            assert theory.consistent(given) == bool(possible) != theory.close(given).clash
            if possible:
                consistent += 1
                always = [i for i in range(atoms) if all(w >> i & 1 for w in possible)]
                never = [i for i in range(atoms) if not any(w >> i & 1 for w in possible)]
                expected = Literals(sum(1 << i for i in always), sum(1 << i for i in never))
                assert theory.close(given) == expected
                more = theory.to_bits(partial(rng, atoms))
                again = theory.extended(theory.to_bits(expected), more)
                assert theory.clashes(again) == theory.clashes(theory.closed(theory.to_bits(given) | more))
                if not theory.clashes(again):
                    assert again == theory.closed(theory.to_bits(given) | more)
    assert consistent > 500


def test_what_parts_entail_is_what_their_union_entails() -> None:
    rng = random.Random(SEED)
    for _ in range(300):
        atoms = rng.randint(1, 6)
        theory = theory_of(atoms, cubes(rng, atoms, 8))
        parts = [partial(rng, atoms) for _ in range(rng.randint(0, 3))]
        whole = Literals()
        for part in parts:
            whole = whole.union(part)
        closed = theory.closed(theory.to_bits(whole))
        assert theory.clashes(theory.entailed(parts)) == theory.clashes(closed)
        assert theory.clashes(closed) or theory.entailed(parts) == closed
        assert theory.from_bits(theory.to_bits(whole)) == whole


def test_supports_are_the_minimal_terms_that_entail_a_literal() -> None:
    rng, found = random.Random(SEED), 0
    for _ in range(60):
        clauses = cubes(rng, 4, 5)
        theory, models = theory_of(4, clauses), worlds(4, clauses)
        if not models:
            continue
        possible = [term for term in terms(4) if any(as_term(term, world) for world in models)]
        for atom, truth in [(i, truth) for i in range(4) for truth in (True, False)]:
            literal = Cube(1 << atom, 0) if truth else Cube(0, 1 << atom)
            entailing = [term for term in possible if all(as_term(literal, world) for world in models
                                                          if as_term(term, world))]  # fmt: skip
            minimal = {term for term in entailing if not any(other != term and other.within(term.pos, term.neg)
                                                             for other in entailing)}  # fmt: skip
            given = partial(rng, 4)
            supports = [support._replace(axioms=0) for support in theory.supports(atom, truth, given)]
            assert set(supports) - {literal} == {term for term in minimal - {literal} if given.satisfy(term)}
            assert (literal in supports) == given.satisfy(literal)
            found += len(supports)
    assert found > 100


def test_the_projection_on_some_atoms_is_that_of_the_models() -> None:
    rng = random.Random(SEED)
    for _ in range(200):
        clauses, atoms = cubes(rng, 5, 6), rng.randrange(1 << 5)
        theory = theory_of(5, clauses)
        projected = {world & atoms for world in worlds(5, clauses)}
        assert {world & atoms for world in worlds(5, theory.over(atoms))} == projected
        relevant = theory.relevant(atoms)
        assert not atoms & ~relevant
        assert all(not clause.atoms & relevant or not clause.atoms & ~relevant for clause in theory.long)


def test_components_share_no_atom_and_lose_no_clause() -> None:
    rng = random.Random(SEED)
    for _ in range(100):
        clauses = cubes(rng, 12, 8)
        parts = components(clauses)
        assert sorted(clause for part in parts for clause in part) == sorted(clauses)
        masks = [set().union(*(bits(clause.atoms) for clause in part)) for part in parts]
        assert sum(map(len, masks)) == len(set().union(*masks))
        for part in parts:  # and none could be split further
            assert len(components(part)) == 1


def test_every_atom_is_named_and_a_theory_may_have_none() -> None:
    empty = Theory.of([], [])
    assert empty.size == 1 and empty.close(Literals()) == Literals()
    impossible = theory_of(2, [Cube(1, 0), Cube(0, 1)])
    assert impossible.close(Literals()).clash and not impossible.consistent(Literals())
    assert not any(as_clause(clause, world) for clause in impossible.implicates for world in worlds(2))
