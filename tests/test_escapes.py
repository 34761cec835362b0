"""Texts that are safe where they are shown."""

from __future__ import annotations

import pytest

from reasoner.escapes import cell, markdown, visible


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("é ✔ 日本", "é ✔ 日本"),
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\r\nb"),
        ("a\rb", "a\\u000Db"),
        ("\x1b[0m", "\\u001B[0m"),
        ("\u202eabc", "\\u202Eabc"),
        ("\udce9", "\\uDCE9"),
    ],
)
def test_what_a_terminal_acts_upon_is_made_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", ["=1", "+a", "-a", "@a", "\t=1", "-1+1"])
def test_a_cell_is_no_formula(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "a", "-1", "+2.5", "-1e-3", "https://example.org/p"])
def test_other_cells_are_left(text: str) -> None:
    assert cell(text) == text


def test_markdown_is_shown_letter_by_letter() -> None:
    assert markdown("<b> | [x](y) `z` *e* _f_") == "\\<b\\> \\| \\[x\\](y) \\`z\\` \\*e\\* \\_f\\_"
