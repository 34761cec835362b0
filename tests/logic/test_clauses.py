"""Prime implicants, absorption and products against truth tables."""

from __future__ import annotations

import random
from functools import reduce
from operator import or_

import pytest
from random_logic import SEED, as_clause, as_term, cubes, terms, worlds

from reasoner.logic.clauses import Cube, absorb, atoms_of, bits, prime, product


def literals(cube: Cube) -> Cube:
    return cube._replace(axioms=0)


@pytest.mark.parametrize("atoms", [1, 2, 3, 4])
@pytest.mark.parametrize("seed", range(30))
def test_prime_implicants_are_the_minimal_terms_that_entail(atoms: int, seed: int) -> None:
    given = cubes(random.Random(SEED + seed), atoms, 6)
    satisfying = [world for world in worlds(atoms) if any(as_term(term, world) for term in given)]
    implicants = {term for term in terms(atoms)
                  if all(world in satisfying for world in worlds(atoms) if as_term(term, world))}  # fmt: skip
    minimal = {term for term in implicants if not any(other != term and other.within(term.pos, term.neg)
                                                      for other in implicants)}  # fmt: skip
    assert {literals(term) for term in prime(given)} == minimal


def test_axioms_of_an_implicate_are_those_it_was_obtained_from() -> None:
    a, b, c = 1, 2, 4
    found = prime([Cube(b, a, 0b01), Cube(c, b, 0b10)])
    assert set(found) == {Cube(b, a, 0b01), Cube(c, b, 0b10), Cube(c, a, 0b11)}


def test_absorb_keeps_the_smallest_and_of_equals_that_of_the_fewest_axioms() -> None:
    rng = random.Random(SEED)
    for _ in range(200):
        given = [cube._replace(axioms=rng.randrange(8)) for cube in cubes(rng, 5, 8)]
        kept = absorb(given)
        for cube in given:
            assert sum(other.within(cube.pos, cube.neg) for other in kept) >= 1
        for one in kept:
            same = [cube.axioms.bit_count() for cube in given if literals(cube) == literals(one)]
            assert one in given and one.axioms.bit_count() == min(same)
            assert not any(other != one and other.within(one.pos, one.neg) for other in kept)


def test_a_product_is_the_conjunction() -> None:
    rng = random.Random(SEED)
    for _ in range(100):
        left, right = cubes(rng, 4, 5), cubes(rng, 4, 5)
        both = product(left, right)
        for world in worlds(4):
            expected = all(any(as_term(term, world) for term in side) for side in (left, right))
            assert any(as_term(term, world) for term in both) == expected


def test_small_things() -> None:
    cube = Cube(0b001, 0b110, 7)
    assert list(bits(0b10110)) == [1, 2, 4] and list(bits(0)) == []
    assert (cube.atoms, cube.size, cube.negated) == (0b111, 3, Cube(0b110, 0b001, 7))
    assert cube.within(0b011, 0b110) and not cube.within(0b001, 0b010)
    assert atoms_of([]) == 0 and atoms_of([cube, Cube(0b1000, 0)]) == 0b1111
    assert all(as_clause(cube, world) != as_term(cube.negated, world) for world in worlds(3))
    assert reduce(or_, (1 << i for i in bits(12345)), 0) == 12345
