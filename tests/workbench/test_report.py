"""The parts of reports, and how a block of text is broken into lines."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pytest
from rich.console import Console

from reasoner.logic.compiled import Origin
from reasoner.workbench.finding import Finding
from reasoner.workbench.report import ReportBlock, ReportWriter, bullets, fenced, place, place_json, table, times

TURTLE = "@prefix ex: <https://example.org/> .\n\nex:p ex:q ex:a-name-that-is-long .\n"


def printed(block: ReportBlock, width: int, indent: int = 0) -> list[str]:
    console = Console(file=io.StringIO(), record=True, width=width)
    block.print(console, indent)
    return [line.rstrip() for line in console.export_text().splitlines()]


def test_a_block_is_broken_at_the_width_and_its_record_is_not() -> None:
    block = ReportBlock((("[code] ", "bold"), "what it is"), ["a line that is broken here"], TURTLE)
    assert printed(block, 20) == [
        "",
        "[code] what it is",
        "    a line that is",
        "    broken here",
        "      @prefix ex: <https://example.org/> .",
        "",
        "      ex:p ex:q ex:a-name-that-is-long .",
    ]


def test_a_block_without_a_head_stands_where_it_is_put() -> None:
    assert printed(ReportBlock((), ["one", "two"], apart=False), 40, 2) == ["      one", "      two"]


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

    def text(self, console: Console) -> None:
        """Print nothing."""

    def markdown(self) -> str:
        return ""

    def findings(self) -> Iterator[Finding]:
        return iter(())


def test_names_are_shortened() -> None:
    writer = EmptyReport({"ex": "https://example.org/"})
    assert writer.names(["https://example.org/a", "urn:b"]) == ["ex:a", "urn:b"]
