"""Progress over many patients, in a bar and in words: how many, how fast, how long; and that something is under way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def counted(patients: int) -> str:
    """So many patients, in words."""
    return f"{patients:,} patient{'' if patients == 1 else 's'}"


@contextmanager
def bar(total: int, done: int) -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal's standard error; it is given the weight of a part, and the patients worked on until then."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

    console, began = Console(stderr=True), time.monotonic()
    text = TextColumn("{task.fields[counted]}, {task.fields[rate]:,.0f} a second,")
    columns = (BarColumn(), TaskProgressColumn(), text, TimeRemainingColumn(), TextColumn("left"))
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task("", total=total, completed=done, counted=counted(0), rate=0.0)

        def advance(weight: int, patients: int) -> None:
            shown.update(task, advance=weight, counted=counted(patients), rate=patients / (time.monotonic() - began))

        yield advance


@contextmanager
def busy(what: str) -> Iterator[None]:
    """Says on a terminal's standard error what is being done, as long as it takes."""
    from rich.console import Console

    console = Console(stderr=True)
    if not console.is_terminal:
        yield
        return
    with console.status(what):
        yield
