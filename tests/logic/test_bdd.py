"""Decision diagrams against truth tables: every connective, equality and counting."""

from __future__ import annotations

import random

import pytest
from random_logic import SEED, cubes, worlds

from reasoner.logic.bdd import FALSE, TRUE, Diagrams, good_order
from reasoner.logic.clauses import bits

ATOMS = 4


@pytest.fixture
def diagrams() -> Diagrams:
    return Diagrams([2, 0, 3, 1])


def table(rng: random.Random, diagrams: Diagrams) -> tuple[int, int]:
    """A random function, as a diagram and as the bits of the worlds that satisfy it."""
    clauses = cubes(rng, ATOMS, 4)
    return diagrams.all_of(map(diagrams.clause, clauses)), sum(1 << world for world in worlds(ATOMS, clauses))


def test_functions_have_one_diagram_each_and_connectives_are_those_of_tables(diagrams: Diagrams) -> None:
    rng, every = random.Random(SEED), (1 << (1 << ATOMS)) - 1
    diagram_of: dict[int, int] = {0: FALSE, every: TRUE}
    for _ in range(300):
        (one, first), (other, second), (test, third) = (table(rng, diagrams) for _ in range(3))
        found = {
            first: one,
            first & second: diagrams.all_of([one, other]),
            first | second: diagrams.any_of([one, other]),
            every & ~first: diagrams.complement(one),
            third & first | every & ~third & second: diagrams.choose(test, one, other),
        }
        for truth_table, diagram in found.items():
            assert diagram_of.setdefault(truth_table, diagram) == diagram
            assert diagrams.count(diagram) == truth_table.bit_count()
    assert len(set(diagram_of.values())) == len(diagram_of) > 200


def test_literals_and_empty_combinations(diagrams: Diagrams) -> None:
    for variable in range(ATOMS):
        assert diagrams.complement(diagrams.literal(variable)) == diagrams.literal(variable, False)
        assert diagrams.count(diagrams.literal(variable)) == 8
    assert diagrams.all_of([]) == TRUE and diagrams.any_of([]) == FALSE
    assert diagrams.count(TRUE) == 16 and diagrams.count(FALSE) == 0


def test_the_order_of_the_variables_changes_no_count() -> None:
    rng = random.Random(SEED)
    for _ in range(50):
        clauses = cubes(rng, 6, 8)
        order = good_order(6, [clause.atoms for clause in clauses])
        assert sorted(order) == list(range(6))
        for chosen in (order, list(range(6))):
            diagrams = Diagrams(chosen)
            assert diagrams.count(diagrams.all_of(map(diagrams.clause, clauses))) == len(worlds(6, clauses))


def test_a_good_order_keeps_groups_together() -> None:
    groups = [1 << i | 1 << i + 10 for i in range(10)]  # each variable is tied to one that is ten further
    place = {variable: i for i, variable in enumerate(good_order(20, groups))}
    reach = sum(abs(place[a] - place[b]) for a, b in (bits(group) for group in groups))
    assert reach < 100 / 4
