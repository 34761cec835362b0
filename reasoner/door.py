"""What the doors of the command line share: their options, loading a guideline, writing whole, and progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console

from reasoner.errors import InputError, Problem

Records = Annotated[list[str], typer.Argument(metavar="RECORD...", help="Records as RDF; - is standard input.")]
OneRecord = Annotated[str, typer.Argument(metavar="RECORD", help="A record as RDF; - is standard input.")]
GuidelineDir = Annotated[
    Path | None, typer.Option("--guideline", metavar="DIR", help="A guideline: a directory with ontology/ and shapes/.")
]
AsOf = Annotated[
    str, typer.Option(metavar="DATE", help="The date for which records are read, YYYY-MM-DD; today if not given.")
]
Input = Annotated[
    str | None,
    typer.Option("--input", metavar="SYNTAX", help="The records' syntax, as ttl or jsonld; else the suffix's."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Write to a file, whole or not at all, not to standard output.")
]

Writer = Callable[[Console], None] | str | bytes


def load(directory: Path | None) -> Any:
    """The guideline in a directory, or the one that comes with the package."""
    from reasoner.guideline import load_guideline

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
        if callable(content):
            content(Console())
        else:
            sys.stdout.buffer.write(content if isinstance(content, bytes) else content.encode())
            sys.stdout.buffer.flush()
        return
    from reasoner.files import write_whole

    if callable(content):
        console = Console(record=True, file=open(os.devnull, "w"), width=120)  # noqa: PTH123, SIM115
        content(console)
        content = console.export_text()
    write_whole(out, content if isinstance(content, bytes) else content.encode())


def report_refusals(guideline: Any, results: Iterable[Any]) -> None:
    """Every problem of every record that was refused, on standard error."""
    from reasoner.assess import Refusal
    from reasoner.terms import shorten

    for result in results:
        if isinstance(result, Refusal):
            for problem in result.problems:
                typer.echo(shorten(str(problem), guideline.prefixes), err=True)


def progress(items: Iterable[Any], what: str) -> Iterable[Any]:
    """A progress bar on a terminal's standard error, for more than a handful of patients."""
    todo = list(items)
    console = Console(stderr=True)
    if len(todo) < 50 or not console.is_terminal:
        return todo
    from rich.progress import track

    return track(todo, description=what, console=console, transient=True)
