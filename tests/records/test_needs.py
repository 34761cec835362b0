"""Sets of needed terms are satisfied by any term of theirs, and by what stands below it."""

from __future__ import annotations

from reasoner.records.contract import Beyond, Contract, Vocabulary
from reasoner.records.needs import Needs

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
