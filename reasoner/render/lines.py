"""Lines of styled text: printed by rich where they are seen, and written by themselves where nothing is styled.

Importing rich takes longer than answering for a patient. A pipe and a file show no style, and there the same
characters are found without it, as long as each takes one cell and every word fits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from rich.console import Console, RenderableType
    from rich.text import Text

Part = tuple[str, str]

#: Characters of one cell each: what European languages and the marks of this project need. No blank but the space.
ONE_CELL = re.compile("[ -~\u00a1-\u00ac\u00ae-\u024f\u2010-\u2015\u2018-\u2022\u2026\u2190-\u2193\u2212\u2260-\u2265"
                      "\u2691\u2714\u2718]*")  # fmt: skip
_WORD = re.compile(r" *[^ ]+ *")
_NARROWEST = 20


class Line(NamedTuple):
    """A paragraph: its parts, each with a style. `indent` is None where it is not indented and fills no line."""

    parts: tuple[Part, ...]
    indent: int | None = None
    heading: bool = False

    @property
    def text(self) -> str:
        """The text without styles."""
        return "".join(text for text, _ in self.parts)


def line(*parts: str | Part) -> Line:
    """A paragraph of these parts; a blank line where there is none."""
    return Line(tuple((part, "") if isinstance(part, str) else part for part in parts))


def indented(of: Line, by: int) -> Line:
    """The paragraph so many cells from the left, its lines filled to the right."""
    return of._replace(indent=by)


def heading(title: str) -> Line:
    """A title with a rule to its right."""
    return Line(((title, "bold"),), heading=True)


# -- as rich shows them --


def show(lines: Iterable[Line], console: Console) -> None:
    """Print to a console."""
    from rich.console import Group

    console.print(Group(*map(_renderable, lines)))


def _renderable(of: Line) -> RenderableType:
    from rich.padding import Padding
    from rich.rule import Rule

    text = _text(of)
    if of.heading:
        return Rule(text, align="left", style="dim")
    return text if of.indent is None else Padding(text, (0, 0, 0, of.indent))


def _text(of: Line) -> Text:
    from rich.text import Text

    if len(of.parts) == 1:
        return Text(of.parts[0][0], style=of.parts[0][1])
    return Text.assemble(*of.parts)


# -- as they stand without styles --


def as_plain(lines: Iterable[Line], width: int) -> str | None:
    """What a console of that width prints of them without styles; None where only rich can tell."""
    if width < _NARROWEST:
        return None
    found: list[str] = []
    for one in lines:
        wrapped = list(_wrapped(one, width)) if ONE_CELL.fullmatch(one.text) else [None]
        if None in wrapped:
            return None
        found += [text for text in wrapped if text is not None]
    return "".join(f"{text}\n" for text in found)


def _wrapped(of: Line, width: int) -> Iterator[str | None]:
    """The lines of a paragraph; None where a word is wider than they are."""
    text = of.text
    if of.heading:
        yield f"{text} {'─' * (width - len(text) - 1)}" if len(text) <= width - 2 else None
        return
    left, room = " " * (of.indent or 0), width - (of.indent or 0)
    starts = list(_breaks(text, room))
    for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
        if start < 0 or end < 0:
            yield None
        elif of.indent is None:
            yield _cut(text[start:end], room)
        else:
            yield left + _cut(text[start:end], room).ljust(room)


def _breaks(text: str, room: int) -> Iterator[int]:
    """Where each line starts: a word that does not fit begins the next; -1 for one that fits no line."""
    yield 0
    used = 0
    for word in _WORD.finditer(text):
        size = len(word.group().rstrip())
        if size > room:
            yield -1
        elif size > room - used and used:
            yield word.start()
            used = 0
        used += len(word.group())


def _cut(text: str, room: int) -> str:
    """The text without the blanks at its end that are beyond its room."""
    return text[: max(room, len(text.rstrip()))]
