"""Texts made safe for where they are shown: a terminal, a cell of a spreadsheet, a page of Markdown.

What a record or a guideline holds may move a cursor, turn the direction of reading, or be a formula. JSON, XML and RDF
have escapes of their own and keep every character.
"""

from __future__ import annotations

import re
from html import escape

#: Controls but tab and line feed, delete, C1, marks of direction, other ends of lines, and bytes that are no UTF-8.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_MARKUP = re.compile(r"([\\`*_\[\]<>|~])")


def visible(text: str) -> str:
    r"""The text with each character that a terminal would act upon written as `\uXXXX`; a carriage return before a
    line feed stays.

    >>> visible("\x1b[31mred")
    '\\u001B[31mred'
    """
    return _UNSAFE.sub(_escaped, text) if not text.isprintable() else text


def _escaped(found: re.Match[str]) -> str:
    if found[0] == "\r" and found.string[found.end() : found.end() + 1] == "\n":
        return "\r"
    return f"\\u{ord(found[0]):04X}"


def cell(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula: with an apostrophe before what would begin one.

    A number is left as it is.

    >>> cell("=1+1"), cell("-5")
    ("'=1+1", '-5')
    """
    shown = visible(text)
    return f"'{shown}" if text.startswith(_FORMULA) and not _NUMBER.match(text) else shown


def markdown(text: str) -> str:
    r"""The text as Markdown shows it letter by letter.

    >>> markdown("a | *b*")
    'a \\| \\*b\\*'
    """
    return _MARKUP.sub(r"\\\1", visible(text))


def html(text: str) -> str:
    r"""The text as HTML, and Markdown in it, show it letter by letter.

    >>> html("a <b> *c*")
    'a &lt;b&gt; &#42;c&#42;'
    """
    return _MARKUP.sub(lambda found: f"&#{ord(found[0])};", escape(visible(text), quote=False))
