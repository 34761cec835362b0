"""Paragraphs are wrapped as rich wraps them, and are the same with styles and without."""

from __future__ import annotations

import io
import random
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from reasoner.guideline.guideline import load_guideline
from reasoner.patient.classify import classify_files, explained
from reasoner.render.paragraphs import Page, Paragraph, below_blank, heading, paragraph, unbroken
from reasoner.render.text import TextRenderer

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "tiny"


def stripped(text: str) -> list[str]:
    return [line.rstrip() for line in text.splitlines()]


def by_rich(one: Paragraph, width: int) -> list[str]:
    """The lines into which rich wraps a paragraph."""
    console = Console(file=io.StringIO(), width=width, color_system=None)
    console.print(Padding(Text("".join(text for text, _ in one.spans)), (0, 0, 0, one.indent)))
    return stripped(console.file.getvalue())  # type: ignore[attr-defined]


def styled(page: Page, width: int, colours: bool = False) -> str:
    system = "truecolor" if colours else None
    console = Console(file=io.StringIO(), width=width, force_terminal=colours, color_system=system)
    page(console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 66, 80, 110, 200])
@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_answers_are_wrapped_as_rich_wraps_them(directory: Path | None, width: int) -> None:
    loaded = load_guideline(directory)
    path = ROOT / "docs/examples/patient.ttl" if directory is None else sorted((TINY / "records").glob("*.ttl"))[0]
    results = classify_files(loaded, [path], date(2026, 11, 22))
    renderer = TextRenderer(loaded)
    pages = [renderer.page(results)]
    pages += [renderer.page([explained(loaded, result, iri) for result in results], iri)
              for iri in loaded.compiled.rules]  # fmt: skip
    for page in pages:
        for one in page.paragraphs:
            if not one.title:
                assert stripped(Page([one]).plain(width)) == by_rich(one, width)
        assert stripped(styled(page, width)) == stripped(page.plain(width))


def test_random_words_are_wrapped_as_rich_wraps_them() -> None:
    rng = random.Random(7)
    for _ in range(500):
        words = ["x" * rng.randint(1, 9) + rng.choice(["", "-", "–", ",", "-y"]) for _ in range(rng.randint(0, 30))]
        one = paragraph((" " * rng.randint(1, 2)).join(words), indent=rng.choice([0, 2, 4]))
        width = rng.randint(24, 60)
        assert stripped(Page([one]).plain(width)) == by_rich(one, width)


def test_styles_follow_their_pieces_over_lines() -> None:
    page = Page([paragraph(("bold words", "bold"), " plain ", ("red words that go on", "red"))])
    assert page.plain(20) == "bold words plain red\nwords that go on\n"
    first, second = styled(page, 20, colours=True).splitlines()
    assert first == "\x1b[1mbold words\x1b[0m plain \x1b[31mred\x1b[0m"
    assert second == "\x1b[31mwords that go on\x1b[0m"


def test_lines_of_a_text_stay_lines() -> None:
    assert Page([paragraph("one\n\ntwo\tthree", indent=2)]).plain(40) == "  one\n\n  two\tthree\n"


def test_a_word_that_fits_no_line_is_not_broken() -> None:
    assert Page([paragraph("a " + "x" * 50 + " b")]).plain(30) == f"a\n{'x' * 50}\nb\n"


@pytest.mark.parametrize("width", [-1, 0, 5, 20])
def test_nothing_is_too_narrow(width: int) -> None:
    assert Page([paragraph("a line of twenty cells", indent=4)]).plain(width).splitlines()[0] == "    a line of twenty"


def test_a_title_has_a_rule_where_there_is_room() -> None:
    assert Page([heading("title")]).plain(12) == "title ──────\n"
    assert Page([heading("x" * 30)]).plain(12).strip() == "x" * 30


def test_an_unbroken_line_is_one_line_however_narrow_the_page() -> None:
    line = "/a/path/to a file that goes on:7"
    assert Page([unbroken((line, "bold"), " [code]", indent=2)]).plain(20) == f"  {line} [code]\n"


def test_a_blank_line() -> None:
    assert Page(below_blank("one", " two")).plain(80) == "\none two\n"
    assert Page([paragraph(), paragraph("", indent=4)]).plain(80) == "\n\n"
