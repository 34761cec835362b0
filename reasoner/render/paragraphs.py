"""Paragraphs of styled text, wrapped to a width: plain for a pipe or a file, with styles for a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from reasoner.escapes import visible

if TYPE_CHECKING:  # rich is slow to import, and needed where styles are seen
    from rich.console import Console

#: A piece of text and its style, as rich names it; empty where it has none.
Span = tuple[str, str]

#: Narrower than this nothing is wrapped.
_NARROWEST = 20


class Paragraph(NamedTuple):
    """A paragraph: its pieces, how many cells it stands from the left, and how it is set.

    A title has a rule to its right; what is not `wrapped` is one line, however long.
    """

    spans: tuple[Span, ...]
    indent: int = 0
    title: bool = False
    wrapped: bool = True


class Page(NamedTuple):
    """Paragraphs, one below the other."""

    paragraphs: Sequence[Paragraph]

    def plain(self, width: int) -> str:
        """The text without styles in lines of at most `width` characters; a longer word has a line to itself."""
        return "".join(f"{''.join(text for text, _ in line)}\n" for line in self._lines(width))

    def __call__(self, console: Console) -> None:
        """Print the same lines with styles, as wide as the console."""
        from rich.text import Text

        for line in self._lines(console.width):
            console.print(Text.assemble(*line), soft_wrap=True)

    def _lines(self, width: int) -> Iterator[list[Span]]:
        for one in self.paragraphs:
            if one.title:
                yield _ruled(one, width)
            elif one.wrapped:
                yield from _wrapped(one, width)
            else:
                yield [(" " * one.indent, ""), *one.spans]


def paragraph(*spans: str | Span, indent: int = 0) -> Paragraph:
    """A paragraph of these pieces; a blank line where there is none."""
    pieces = ((span, "") if isinstance(span, str) else span for span in spans)
    return Paragraph(tuple((visible(text), style) for text, style in pieces), indent)


def below_blank(*spans: str | Span) -> tuple[Paragraph, Paragraph]:
    """A blank line, and a paragraph below it: what begins a part of a page."""
    return paragraph(), paragraph(*spans)


def unbroken(*spans: str | Span, indent: int = 0) -> Paragraph:
    """A paragraph that is one line, however long: a position that editors find, or a line of code."""
    return paragraph(*spans, indent=indent)._replace(wrapped=False)


def heading(title: str) -> Paragraph:
    """A title with a rule to its right."""
    return Paragraph(((visible(title), "bold"),), title=True)


def _ruled(title: Paragraph, width: int) -> list[Span]:
    [(text, _)] = title.spans
    return [*title.spans, (f" {'─' * (width - len(text) - 1)}", "dim")]


def _wrapped(of: Paragraph, width: int) -> Iterator[list[Span]]:
    """The lines of a paragraph, each in pieces; a text that ends a line ends it here too."""
    whole, position = "".join(text for text, _ in of.spans), 0
    for text in whole.splitlines() or [""]:
        for line in _wrap(text, width - of.indent):
            start = whole.index(line, position)
            position = start + len(line)
            yield [(" " * of.indent, "")] * bool(line) + list(_between(of.spans, start, position))


def _wrap(text: str, room: int) -> list[str]:
    return textwrap.wrap(
        text, max(room, _NARROWEST), expand_tabs=False, replace_whitespace=False, break_long_words=False,
        break_on_hyphens=False,
    ) or [""]  # fmt: skip


def _between(spans: Sequence[Span], start: int, end: int) -> Iterator[Span]:
    """The pieces of a text from one position to another."""
    offset = 0
    for text, style in spans:
        if piece := text[max(start - offset, 0) : max(end - offset, 0)]:
            yield piece, style
        offset += len(text)
