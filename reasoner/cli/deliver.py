"""What commands share besides their options: the guideline, the date, what is printed or written, progress."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from reasoner.errors import InputError, Problem
from reasoner.files import unwritable, write_whole
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.render.paragraphs import Page
from reasoner.terms import shorten

if TYPE_CHECKING:  # rich is slow to import, and needed where a table, colours or a progress bar are seen
    from rich.console import Console

T = TypeVar("T")

#: How wide a text is that is written to a file, and one whose reader's width is not known.
FILE_WIDTH, USUAL_WIDTH = 120, 80

#: What a command gives out: a page, a text, bytes, or a function that prints to a console.
Writer = Callable[["Console"], None] | Page | str | bytes


def load(directory: Path | None) -> Guideline:
    """The guideline in a directory, or the one that comes with the package. Raises GuidelineError."""
    return load_guideline(directory)


def as_of_date(text: str) -> date:
    """The date that an option gives; today where it gives none. Raises InputError for what is no date."""
    try:
        return date.fromisoformat(text) if text else date.today()
    except ValueError as error:
        raise InputError(Problem("bad-date", f"{text!r} is no date", "write --as-of YYYY-MM-DD")) from error


def deliver(content: Writer, out: Path | None) -> None:
    """Print, or write a file whole or not at all. Raises InputError where it cannot be written."""
    if out is not None:
        whole = _without_styles(content)
        write_whole(out, whole if isinstance(whole, bytes) else _encoded(whole))
        return
    if sys.stdout is None:
        raise unwritable(OSError("it is closed"), "standard output")
    with _standard_output():
        if isinstance(content, Page) and not _styled():
            _print(content.plain(_width()).encode(sys.stdout.encoding or "utf-8", "replace"))
        elif callable(content):
            from rich.console import Console

            content(Console())
        else:
            _print(content if isinstance(content, bytes) else _encoded(content))


def flush() -> None:
    """Give out what is still held back for standard output. Raises InputError where it cannot be written."""
    if sys.stdout is not None:
        with _standard_output():
            sys.stdout.flush()


@contextmanager
def _standard_output() -> Iterator[None]:
    """Turns an OSError into an InputError, but for a reader who has read enough: then the rest goes nowhere."""
    try:
        yield
    except OSError as error:
        _close_standard_output()
        if not isinstance(error, BrokenPipeError):
            raise unwritable(error, "standard output") from error
    except SystemExit as leaving:  # by rich, where a pipe closes
        if not isinstance(leaving.__context__, BrokenPipeError):
            raise
        _close_standard_output()


def _close_standard_output() -> None:
    """Send to nowhere what is still to be printed."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _print(data: bytes) -> None:
    sys.stdout.buffer.write(data)
    sys.stdout.buffer.flush()


def _encoded(text: str) -> bytes:
    r"""A text as UTF-8; bytes of a file's name that are no UTF-8 are written as `\udcXX`, as JSON does."""
    return text.encode("utf-8", "backslashreplace")


def _without_styles(content: Writer) -> str | bytes:
    """What is written to a file."""
    if isinstance(content, Page):
        return content.plain(FILE_WIDTH)
    if not callable(content):
        return content
    from rich.console import Console

    with Path(os.devnull).open("w") as nowhere:
        console = Console(record=True, file=nowhere, width=FILE_WIDTH)
        content(console)
    return console.export_text()


def _styled() -> bool:
    """Whether standard output shows styles: it is a terminal, or is said to be one."""
    return is_terminal() or bool(os.environ.get("FORCE_COLOR"))


def is_terminal() -> bool:
    """Whether standard output is read by a person."""
    return sys.stdout is not None and sys.stdout.isatty()


def _width() -> int:
    """The width of `$COLUMNS`, or else of the terminal that one of the standard streams is."""
    return shutil.get_terminal_size((_terminal_width(), 24)).columns


def _terminal_width() -> int:
    for descriptor in range(3):
        try:
            return os.get_terminal_size(descriptor).columns or USUAL_WIDTH
        except OSError:
            continue
    return USUAL_WIDTH


def report_refusals(guideline: Guideline, results: Iterable[Assessment | Refusal]) -> None:
    """Print every problem of every record that was refused on standard error."""
    for result in results:
        if isinstance(result, Refusal):
            for problem in result.problems:
                print(shorten(str(problem), guideline.prefixes), file=sys.stderr)


def progress(items: Iterable[T], what: str) -> Iterable[T]:
    """The items, with a progress bar on a terminal's standard error for more than a handful."""
    todo: Sequence[T] = list(items)
    if len(todo) < 50 or not sys.stderr.isatty():
        return todo
    from rich.console import Console
    from rich.progress import track

    return track(todo, description=what, console=Console(stderr=True), transient=True)
