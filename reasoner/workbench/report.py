"""What the commands for authors report: findings, and the page on which each command writes what it found.

`check`, `prove`, `test` and `diff` find different things; each thing is a `Finding`, with a stable code, how grave it
is, what it is, where it stands and what to do. A `ReportWriter` writes a report as text, JSON, Markdown or SARIF.
"""

from __future__ import annotations

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import PurePath
from typing import Any

from reasoner.escapes import markdown, visible
from reasoner.logic.compiled import Origin
from reasoner.render.paragraphs import Page, Paragraph, Span, paragraph, unbroken
from reasoner.terms import curie
from reasoner.workbench.finding import Finding, sarif_log

Json = dict[str, Any]
#: Hands out items, and may show how far they are; the second argument says what is done with them.
Progress = Callable[[Iterable[Any], str], Iterable[Any]]


def unwatched(items: Iterable[Any], _: str) -> Iterable[Any]:
    """The items, with no progress shown."""
    return items


class ReportWriter(ABC):
    """Writes a report; each command has its own kind. `prefixes` shorten IRIs."""

    def __init__(self, prefixes: Mapping[str, str]) -> None:
        self.prefixes = dict(prefixes)

    @abstractmethod
    def document(self) -> Json:
        """The whole report as a JSON object."""

    @abstractmethod
    def paragraphs(self) -> Iterable[Paragraph]:
        """The report as people read it."""

    @abstractmethod
    def markdown(self) -> str:
        """The report for a pull request."""

    @abstractmethod
    def findings(self) -> Iterator[Finding]:
        """What was found, each thing by itself."""

    def page(self) -> Page:
        """The report as a page of text."""
        return Page(list(self.paragraphs()))

    def json(self) -> str:
        """The whole report as the text of a JSON object."""
        return json.dumps(self.document(), indent=2, ensure_ascii=False) + "\n"

    def sarif(self) -> str:
        """The findings as the text of a SARIF log."""
        return json.dumps(sarif_log(self.findings()), indent=2, ensure_ascii=False) + "\n"

    def name(self, iri: str) -> str:
        """A term as people read it: its CURIE, or its IRI where it has none."""
        return curie(iri, self.prefixes)

    def names(self, iris: Iterable[str]) -> list[str]:
        """Terms as people read them."""
        return [self.name(iri) for iri in iris]


# -- parts of reports --


def times(count: int, noun: str) -> str:
    """A count with its noun, in the plural where there is not just one."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def short_file(origin: Origin) -> str:
    """A file by its place in the guideline, not on the machine."""
    path = PurePath(origin.file)
    return f"{path.parent.name}/{path.name}" if path.parent.name in ("ontology", "shapes") else path.name


def place(origin: Origin) -> str:
    """The file and the line, as people read them; empty where there is no file."""
    return f"{short_file(origin)}:{origin.line}" if origin.file else ""


def place_json(origin: Origin) -> Json:
    """The file and the line as members of a JSON object."""
    return {"file": short_file(origin), "line": origin.line}


def block(
    head: Sequence[str | Span] = (), lines: Iterable[str | Span] = (), turtle: str | None = None, indent: int = 0
) -> Iterator[Paragraph]:
    """A part of a page: a head, lines that stand below it, and a record that shows it, as Turtle."""
    if head:
        yield paragraph(*head, indent=indent)
    yield from (paragraph(line, indent=indent + 4) for line in lines)
    for line in (turtle or "").splitlines():
        yield unbroken((line, "cyan"), indent=indent + 6) if line else paragraph()


class Markup(str):
    """A text that is Markdown already; any other is written so that Markdown shows it letter by letter."""

    __slots__ = ()


def marked(text: object) -> str:
    """A text as Markdown."""
    return text if isinstance(text, Markup) else markdown(str(text))


def code(text: str) -> Markup:
    """A name or a code as Markdown."""
    return Markup(f"`{visible(text)}`")


def bullets(lines: Iterable[str]) -> str:
    """Lines as a list in Markdown."""
    return "".join(f"- {marked(line)}\n" for line in lines)


def table(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """A table in Markdown; empty where there is no row."""
    found = ["".join(f"| {marked(cell)} " for cell in row) + "|\n" for row in rows]
    head = f"| {' | '.join(columns)} |\n|{'---|' * len(columns)}\n"
    return head + "".join(found) if found else ""


def fenced(text: str | None, language: str = "turtle") -> str:
    """A record, or other code, as a block in Markdown, after a blank line; empty where there is none."""
    fence = "`" * max(3, *(len(run) + 1 for run in re.findall("`+", text or "")), 0)
    return f"\n{fence}{language}\n{visible(text)}{fence}\n" if text else ""
