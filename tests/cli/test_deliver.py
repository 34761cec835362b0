"""What is printed and written: with styles for a terminal alone, as wide as its reader, and whole."""

from __future__ import annotations

import io
import os
from contextlib import redirect_stdout
from datetime import date
from pathlib import Path

import pytest
from rich.console import Console

from reasoner.cli.deliver import Writer, as_of_date, deliver, progress
from reasoner.errors import InputError
from reasoner.render.paragraphs import Page, paragraph

TEXT = "one two three four five six seven eight nine ten eleven twelve thirteen"
PAGE = Page([paragraph((TEXT, "bold"))])


@pytest.fixture(autouse=True)
def no_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    """No standard stream is a terminal, and nothing is said of one."""
    monkeypatch.setattr(os, "get_terminal_size", missing)
    for name in ("COLUMNS", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)


def missing(_: int) -> os.terminal_size:
    raise OSError


def printed(content: Writer, encoding: str = "utf-8") -> str:
    """What is printed on a pipe of that encoding."""
    found = io.BytesIO()
    with redirect_stdout(io.TextIOWrapper(found, encoding)) as out:
        deliver(content, None)
        out.flush()
        return found.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("columns", "width"), [(None, 80), ("40", 40), ("0", 80), ("wide", 80), ("-7", 80), ("", 80), ("1", 20)]
)
def test_the_width_is_that_of_columns(columns: str | None, width: int, monkeypatch: pytest.MonkeyPatch) -> None:
    if columns is not None:
        monkeypatch.setenv("COLUMNS", columns)
    assert printed(PAGE) == PAGE.plain(width)


def test_the_width_is_that_of_the_terminal_beside_a_pipe(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = {2: os.terminal_size((33, 9))}
    monkeypatch.setattr(os, "get_terminal_size", lambda stream: sizes.get(stream) or missing(stream))
    assert printed(PAGE) == PAGE.plain(33)


def test_colours_are_shown_where_they_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    assert "\x1b[1m" in printed(PAGE)


def test_an_output_that_cannot_write_all_characters() -> None:
    assert printed(Page([paragraph("✔ done")]), "ascii") == "? done\n"


def test_texts_and_bytes_are_printed_as_they_are() -> None:
    assert printed("é\n") == "é\n"
    assert printed(b"\x00\n") == "\x00\n"


def test_files_hold_no_styles(tmp_path: Path) -> None:
    path = tmp_path / "answer.txt"
    deliver(PAGE, path)
    assert path.read_text("utf-8") == PAGE.plain(120)
    deliver(lambda console: console.print("[bold]bold[/bold]"), path)
    assert path.read_text("utf-8") == "bold\n"
    deliver(b"\x00", path)
    assert path.read_bytes() == b"\x00"


def test_functions_print_to_a_console(capsys: pytest.CaptureFixture[str]) -> None:
    seen: list[Console] = []
    deliver(seen.append, None)
    assert isinstance(seen[0], Console)
    assert capsys.readouterr().out == ""


def test_dates() -> None:
    assert as_of_date("2026-11-22") == date(2026, 11, 22)
    assert as_of_date("") == date.today()
    with pytest.raises(InputError, match="bad-date"):
        as_of_date("soon")


def test_progress_gives_every_item() -> None:
    assert list(progress(range(3), "few")) == [0, 1, 2]
    assert list(progress(iter(range(80)), "many")) == list(range(80))
