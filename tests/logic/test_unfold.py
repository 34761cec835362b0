"""Expressions as disjunctions of terms: see also the worlds of `test_background`."""

from __future__ import annotations

from reasoner.logic.clauses import Cube
from reasoner.logic.expressions import And, AtomLeaf, Name, Not, Or
from reasoner.logic.unfold import Unfold

A, B = AtomLeaf(0), AtomLeaf(1)


def test_a_class_is_unfolded_by_its_terms() -> None:
    unfold = Unfold({("urn:c", True): [Cube(0b10, 0)], ("urn:c", False): [Cube(0, 0b10)]})
    assert unfold(And((A, Name("urn:c")))) == [Cube(0b11, 0)]
    assert unfold(Not(Name("urn:c"))) == [Cube(0, 0b10)]


def test_what_contains_another_term_is_left_out() -> None:
    assert Unfold({})(Or((A, And((A, B))))) == [Cube(0b01, 0)]
