"""Boolean combinations: their leaves, what replaces them, and Kleene's tables."""

from __future__ import annotations

import random
from itertools import product

from random_logic import SEED

from reasoner.logic.expressions import (
    BOTTOM,
    TOP,
    And,
    AtomLeaf,
    Expr,
    Name,
    Not,
    Or,
    Some,
    leaves,
    truth_value,
    with_leaves,
)

VALUES = (True, False, None)


def drawn(rng: random.Random, depth: int) -> Expr:
    kind = rng.randrange(4 if depth else 1)
    if kind == 0:
        return AtomLeaf(rng.randrange(3))
    if kind == 1:
        return Not(drawn(rng, depth - 1))
    return (And, Or)[kind - 2](tuple(drawn(rng, depth - 1) for _ in range(rng.randint(0, 3))))


def plain(expr: Expr, values: tuple[bool, ...]) -> bool:
    match expr:
        case AtomLeaf(atom):
            return values[atom]
        case Not(part):
            return not plain(part, values)
        case And(parts):
            return all(plain(part, values) for part in parts)
        case Or(parts):
            return any(plain(part, values) for part in parts)
    raise TypeError(expr)


def test_kleenes_tables() -> None:
    a, b = Name("urn:a"), Name("urn:b")
    order = {False: 0, None: 1, True: 2}
    for one, other in product(VALUES, repeat=2):
        of_leaf = {a: one, b: other}.get
        assert truth_value(And((a, b)), of_leaf) is min(one, other, key=order.__getitem__)
        assert truth_value(Or((a, b)), of_leaf) is max(one, other, key=order.__getitem__)
        assert truth_value(Not(a), of_leaf) is (None if one is None else not one)
    assert truth_value(TOP, of_leaf) is True and truth_value(BOTTOM, of_leaf) is False


def test_a_value_that_is_known_is_that_of_every_completion() -> None:
    rng, known = random.Random(SEED), 0
    for _ in range(300):
        expr = drawn(rng, 3)
        for values in product(VALUES, repeat=3):
            found = truth_value(expr, lambda leaf, values=values: values[leaf.atom])
            completions = product(*[(True, False) if value is None else (value,) for value in values])
            everywhere = {plain(expr, completion) for completion in completions}
            assert found is None or everywhere == {found}
            assert None in values or found is not None
            known += found is not None and None in values
    assert known > 500


def test_leaves_are_found_and_replaced_in_place() -> None:
    expr = And((Name("urn:a"), Not(Or((Some("urn:p", And((Name("urn:b"),))), Name("urn:a"), TOP)))))
    assert list(leaves(expr)) == [Name("urn:a"), Some("urn:p", And((Name("urn:b"),))), Name("urn:a")]
    met: list[Expr] = []

    def change(leaf: Expr) -> Expr:
        met.append(leaf)
        return AtomLeaf(len(met))

    assert with_leaves(expr, change) == And((AtomLeaf(1), Not(Or((AtomLeaf(2), AtomLeaf(3), TOP)))))
    assert met == list(leaves(expr))
