"""What the doors of the command line share besides their options: the guideline, the date, writing whole, progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from reasoner.errors import InputError, Problem

if TYPE_CHECKING:  # rich is imported where a terminal asks for it
    from rich.console import Console

#: How wide a text is that is written to a file.
FILE_WIDTH = 120


@runtime_checkable
class Page(Protocol):
    """A text that a console prints, and that can do without one where nothing is styled."""

    def __call__(self, console: Console) -> None:
        """Print to a console."""

    def plain(self, width: int) -> str | None:
        """The text without styles, as a console of that width prints it; None where only a console can tell."""


Writer = Callable[["Console"], None] | Page | str | bytes


def load(directory: Path | None) -> Any:
    """The guideline in a directory, or the one that comes with the package."""
    from reasoner.guideline.guideline import load_guideline

    return load_guideline(directory)


def as_of_date(text: str) -> date:
    """The date that an option gives; today where it gives none."""
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError as error:
        raise InputError(Problem("bad-date", f"{text!r} is no date", "write --as-of YYYY-MM-DD")) from error


def deliver(content: Writer, out: Path | None) -> None:
    """Print, or write a file whole or not at all."""
    if out is None:
        _print(content)
        return
    from reasoner.files import write_whole

    whole = _as_text(content) if callable(content) else content
    write_whole(out, whole if isinstance(whole, bytes) else whole.encode())


def _print(content: Writer) -> None:
    if isinstance(content, Page):
        width = plain_width()
        content = (content.plain(width) if width else None) or content
    if callable(content):
        from rich.console import Console

        content(Console())
    else:
        sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode())
        sys.stdout.buffer.flush()


def _as_text(content: Callable[[Console], None] | Page) -> str:
    plain = content.plain(FILE_WIDTH) if isinstance(content, Page) else None
    if plain is not None:
        return plain
    from rich.console import Console

    console = Console(record=True, file=open(os.devnull, "w"), width=FILE_WIDTH)  # noqa: PTH123, SIM115
    content(console)
    return console.export_text()


def plain_width() -> int | None:
    """How wide a console takes standard output to be; None where it might be a terminal, or may not print all."""
    told = {"FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS"} & os.environ.keys()
    unicode = (sys.stdout.encoding or "").lower().startswith("utf")
    if told or os.name == "nt" or sys.stdout.isatty() or not unicode:
        return None
    columns = os.environ.get("COLUMNS", "")
    return int(columns) if columns.isdigit() else _terminal_width() or 80


def _terminal_width() -> int:
    """The width of the terminal that one of the standard streams is; 0 where none is."""
    for descriptor in range(3):
        try:
            return os.get_terminal_size(descriptor).columns
        except OSError:
            continue
    return 0


def report_refusals(guideline: Any, results: Iterable[Any]) -> None:
    """Every problem of every record that was refused, on standard error."""
    from reasoner.patient.assess import Refusal
    from reasoner.terms import shorten

    for result in results:
        if isinstance(result, Refusal):
            for problem in result.problems:
                print(shorten(str(problem), guideline.prefixes), file=sys.stderr)


def progress(items: Iterable[Any], what: str) -> Iterable[Any]:
    """A progress bar on a terminal's standard error, for more than a handful of patients."""
    todo = list(items)
    if len(todo) < 50:
        return todo
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(todo, description=what, console=console, transient=True) if console.is_terminal else todo
