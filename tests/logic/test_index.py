"""Many terms at once against term by term."""

from __future__ import annotations

import random

from random_logic import SEED, cubes, partial
from random_records import contradicts

from reasoner.logic.clauses import bits
from reasoner.logic.index import TermIndex, Union, complements, literals, union_of


def test_terms_are_satisfied_and_contradicted_as_one_by_one() -> None:
    rng = random.Random(SEED)
    for _ in range(300):
        atoms = rng.randint(1, 20)
        numbered = dict(zip(rng.sample(range(60), 12), cubes(rng, atoms, 12), strict=False))
        terms, given = TermIndex(numbered, atoms), partial(rng, atoms)
        known = literals(*given, atoms)
        assert set(bits(terms.satisfied(known))) == {n for n, term in numbered.items() if given.satisfy(term)}
        assert set(bits(terms.contradicted(known))) == {n for n, term in numbered.items() if contradicts(given, term)}
        assert complements(known, atoms) == literals(given.neg, given.pos, atoms)


def test_a_union_is_that_of_its_members() -> None:
    rng = random.Random(SEED)
    sets = [rng.getrandbits(40) for _ in range(37)]
    union = Union(sets)
    for members in [0, (1 << 37) - 1, *(rng.getrandbits(37) for _ in range(200))]:
        expected = 0
        for member in bits(members):
            expected |= sets[member]
        assert union(members) == expected == union_of(sets[member] for member in bits(members))
