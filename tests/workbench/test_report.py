"""The parts of reports, and how a block of text is broken into lines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from reasoner.logic.compiled import Origin
from reasoner.render.paragraphs import Page, Paragraph
from reasoner.workbench.finding import Finding
from reasoner.workbench.report import ReportWriter, block, bullets, fenced, place, place_json, table, times

TURTLE = "@prefix ex: <https://example.org/> .\n\nex:p ex:q ex:a-name-that-is-long .\n"


def printed(parts: Iterator[Paragraph], width: int) -> list[str]:
    return [line.rstrip() for line in Page(list(parts)).plain(width).splitlines()]


def test_a_block_is_broken_at_the_width_and_its_record_is_not() -> None:
    found = block((("[code] ", "bold"), "what it is"), ["a line that is broken here"], TURTLE)
    assert printed(found, 24) == [
        "[code] what it is",
        "    a line that is",
        "    broken here",
        "      @prefix ex: <https://example.org/> .",
        "",
        "      ex:p ex:q ex:a-name-that-is-long .",
    ]


def test_a_block_without_a_head_stands_where_it_is_put() -> None:
    assert printed(block((), ["one", "two"], indent=2), 40) == ["      one", "      two"]


@pytest.mark.parametrize(("file", "short"), [
    ("/home/me/guide/ontology/mine.ttl", "ontology/mine.ttl"),
    ("/home/me/guide/shapes/record.ttl", "shapes/record.ttl"),
    ("elsewhere/core.ttl", "core.ttl"),
])  # fmt: skip
def test_places_are_those_in_the_guideline(file: str, short: str) -> None:
    origin = Origin("urn:x", file, 7)
    assert place(origin) == f"{short}:7"
    assert place_json(origin) == {"file": short, "line": 7}


def test_parts_of_markdown() -> None:
    assert table(("a", "b"), [(1, "x"), (2, "y")]) == "| a | b |\n|---|---|\n| 1 | x |\n| 2 | y |\n"
    assert table(("a",), []) == "" and fenced(None) == "" and place(Origin("urn:x", "", None)) == ""
    assert bullets(["one", "two"]) == "- one\n- two\n"
    assert fenced(TURTLE) == f"\n```turtle\n{TURTLE}```\n"
    assert [times(count, "case") for count in (0, 1, 2)] == ["0 cases", "1 case", "2 cases"]


class EmptyReport(ReportWriter):
    """A report in which nothing was found."""

    def document(self) -> dict[str, object]:
        return {}

    def paragraphs(self) -> Iterator[Paragraph]:
        return iter(())

    def markdown(self) -> str:
        return ""

    def findings(self) -> Iterator[Finding]:
        return iter(())


def test_names_are_shortened() -> None:
    writer = EmptyReport({"ex": "https://example.org/"})
    assert writer.page().plain(80) == ""
    assert writer.names(["https://example.org/a", "urn:b"]) == ["ex:a", "urn:b"]
