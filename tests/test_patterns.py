"""Patterns of authors: matched in time that does not depend on their form, and refused where engines differ."""

from __future__ import annotations

import pytest

from reasoner.patterns import PatternError, compiled


@pytest.mark.parametrize("pattern", ["^(([a-z:/.])+)+$!", "^(a*)*b$", "^(a|a)*b$", "^(a{1,30}){1,30}b$"])
def test_what_backtracks_without_end_elsewhere_is_matched(pattern: str) -> None:
    assert not compiled(pattern).search("a" * 5_000)


def test_the_end_of_a_text_is_not_before_its_last_line_feed() -> None:
    assert compiled("wk$").search("8 wk") and not compiled("wk$").search("8 wk\n")


def test_flags_are_those_of_xpath() -> None:
    assert compiled("^A", "i").search("abc") and compiled("^b$", "m").search("a\nb\nc")


@pytest.mark.parametrize(("pattern", "flags"), [
    ("([", ""), (r"^\i\c*$", ""), ("(?=a)b", ""), (r"(a)\1", ""), ("[a-z-[aeiou]]", ""), ("a", "x"), ("a", "%"),
])  # fmt: skip
def test_what_engines_read_otherwise_or_not_at_all_is_refused(pattern: str, flags: str) -> None:
    with pytest.raises(PatternError):
        compiled(pattern, flags)
