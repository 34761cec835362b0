"""When a shape certainly holds, which terms bring a node before it, and which needs they satisfy."""

from __future__ import annotations

from itertools import product
from math import inf

import pytest

from reasoner.records.constraints import Needs, mentioned_in, shapes_by_target
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
    shape = CountShape("urn:s", (), "urn:p", IRI, low, high)
    for size in range(4):
        for verdicts in product((True, False, None), repeat=size):
            settled = [[v if v is not None else now for v, now in zip(verdicts, picks, strict=True)]
                       for picks in product((True, False), repeat=size)]  # fmt: skip
            always = all(low <= one.count(True) <= (inf if high is None else high) for one in settled)
            assert shape.holds(verdicts) == always
            assert always or size > shape.holds_up_to


def test_every_value_has_to_pass() -> None:
    shape = ValueShape("urn:s", (), "urn:p", IRI)
    assert shape.holds([]) and shape.holds([True, True])
    assert not shape.holds([True, None]) and not shape.holds([False])
    assert shape.holds_up_to == -1


def contract() -> Contract:
    target = Target("class", ("urn:A", "urn:B")), Target("objects", ("urn:q",))
    rule = Rule("urn:r", 0, (("urn:n",),), (Pattern("?p", "urn:has", "", ("urn:C",)),), (), (), ())
    values = (ValueShape("urn:s", target, "urn:p", IRI),)
    counts = (CountShape("urn:s", target[:1], "", All(()), 1, None),)
    above = {"urn:D": ("urn:C",), "urn:E": ("urn:F",)}
    beyond = (Beyond("urn:t", (("urn:m",),)),)
    return Contract(Vocabulary((), (), (), (), ()), values, counts, (rule,), beyond, above)


def test_shapes_by_what_brings_a_node_before_them() -> None:
    (value,), (count,) = contract().checks, contract().counts
    assert shapes_by_target(contract()) == {("class", "urn:A"): [value, count], ("class", "urn:B"): [value, count],
                     ("objects", "urn:q"): [value]}  # fmt: skip


def test_terms_that_shapes_and_rules_mention() -> None:
    assert mentioned_in(contract()) == {f"urn:{name}" for name in ("A", "B", "q", "p", "n", "m", "has", "C", "D")}


# -- needs --

AB, C = ("urn:a", "urn:b"), ("urn:c",)


def needs() -> Needs:
    beyond = (Beyond("urn:s", (AB, C)), Beyond("urn:t", (C,)))
    return Needs(Contract(Vocabulary((), (), (), (), ()), (), (), (), beyond, {"urn:below": ("urn:b",)}))


def test_each_set_has_a_bit_of_its_own() -> None:
    found = needs()
    assert found.of([]) == 0 and found.of([AB]) != found.of([C])
    assert found.of([AB, C, C]) == found.of([AB]) | found.of([C])


def test_a_term_satisfies_the_sets_in_which_it_or_one_above_it_stands() -> None:
    found = needs()
    assert found.satisfied_by("urn:a") == found.satisfied_by("urn:b") == found.of([AB])
    assert found.satisfied_by("urn:below") == found.of([AB])
    assert found.satisfied_by("urn:c") == found.of([C])
    assert found.satisfied_by("urn:d") == 0
