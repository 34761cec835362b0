"""When what a shape asks of values certainly holds, and which terms bring a node before a shape or a rule."""

from __future__ import annotations

from itertools import product
from math import inf

import pytest

from reasoner.records.constraints import PathConstraint, constraints_of, mentioned_in
from reasoner.records.contract import (
    All,
    Beyond,
    Contract,
    CountShape,
    OfKind,
    Pattern,
    Rule,
    Target,
    ValueShape,
    Vocabulary,
)

IRI = OfKind(("iri",))


@pytest.mark.parametrize("low, high", [(0, None), (0, 0), (0, 2), (1, None), (1, 1)])
def test_a_count_holds_only_if_it_does_whatever_is_unsure(low: int, high: int | None) -> None:
    constraint = PathConstraint("urn:p", IRI, False, low, high)
    for size in range(4):
        for verdicts in product((True, False, None), repeat=size):
            settled = [[v if v is not None else now for v, now in zip(verdicts, picks, strict=True)]
                       for picks in product((True, False), repeat=size)]  # fmt: skip
            always = all(low <= one.count(True) <= (inf if high is None else high) for one in settled)
            assert constraint.holds(verdicts) == always
            assert always or size > constraint.holds_up_to


def test_every_value_has_to_pass() -> None:
    constraint = PathConstraint("urn:p", IRI, True)
    assert constraint.holds([]) and constraint.holds([True, True])
    assert not constraint.holds([True, None]) and not constraint.holds([False])
    assert constraint.holds_up_to == -1


def contract() -> Contract:
    target = Target("class", ("urn:A", "urn:B")), Target("objects", ("urn:q",))
    rule = Rule("urn:r", 0, (("urn:n",),), (Pattern("?p", "urn:has", "", ("urn:C",)),), (), (), ())
    values = (ValueShape("urn:s", target, "urn:p", IRI),)
    counts = (CountShape("urn:s", target[:1], "", All(()), 1, None),)
    above = {"urn:D": ("urn:C",), "urn:E": ("urn:F",)}
    beyond = (Beyond("urn:t", (("urn:m",),)),)
    return Contract(Vocabulary((), (), (), (), ()), values, counts, (rule,), beyond, above)


def test_constraints_by_what_brings_a_node_before_them() -> None:
    found = constraints_of(contract())
    value, count = PathConstraint("urn:p", IRI, True), PathConstraint("", All(()), False, 1, None)
    assert found == {("class", "urn:A"): [value, count], ("class", "urn:B"): [value, count],
                     ("objects", "urn:q"): [value]}  # fmt: skip


def test_terms_that_shapes_and_rules_mention() -> None:
    assert mentioned_in(contract()) == {f"urn:{name}" for name in ("A", "B", "q", "p", "n", "m", "has", "C", "D")}
