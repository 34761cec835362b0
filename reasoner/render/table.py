"""The answers of queries: a table for people, and the W3C result formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pyoxigraph as ox
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reasoner.errors import Problem, QueryError
from reasoner.escapes import visible
from reasoner.patient.query import Answer
from reasoner.terms import curie

_FORMATS = {
    "csv": ox.QueryResultsFormat.CSV,
    "tsv": ox.QueryResultsFormat.TSV,
    "json": ox.QueryResultsFormat.JSON,
    "xml": ox.QueryResultsFormat.XML,
}


def serialise(answer: Answer, kind: str, prefixes: Mapping[str, str]) -> bytes:
    """The answer in a W3C format. Raises QueryError where the kind of query does not have it."""
    if isinstance(answer, (ox.QueryTriples, list)):
        if kind not in ("turtle", "csv"):
            raise QueryError(Problem("bad-format", f"a CONSTRUCT query is not written as {kind}", "choose turtle"))
        return ox.serialize(answer, format=ox.RdfFormat.TURTLE, prefixes=dict(prefixes)) or b""
    if kind == "turtle" or (isinstance(answer, ox.QueryBoolean) and kind in ("csv", "tsv")):
        if isinstance(answer, ox.QueryBoolean) and kind != "turtle":
            return f"{str(bool(answer)).lower()}\n".encode()
        raise QueryError(
            Problem("bad-format", "only a CONSTRUCT query is written as turtle", "choose csv, json or xml")
        )
    written = answer.serialize(format=_FORMATS[kind]) or b""
    return visible(written.decode()).encode() if kind in ("csv", "tsv") else written


def tabulate(answer: Answer, prefixes: Mapping[str, str]) -> Callable[[Console], None]:
    """A function that prints the answer as a table."""
    if isinstance(answer, (ox.QueryTriples, list)):
        text = serialise(answer, "turtle", prefixes).decode()
        return lambda console: console.print(text, markup=False, highlight=False)
    if isinstance(answer, ox.QueryBoolean):
        yes = "yes" if answer else "no"
        return lambda console: console.print(yes)
    variables = [variable.value for variable in answer.variables]
    rows = [[_shown(row[name], prefixes) for name in variables] for row in answer]
    return lambda console: _print(console, variables, rows)


def _print(console: Console, variables: list[str], rows: list[list[str]]) -> None:
    table = Table(header_style="bold")
    for variable in variables:
        table.add_column(variable, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console.print(table)
    console.print(f"{len(rows)} row{'' if len(rows) == 1 else 's'}", style="dim")


def _shown(term: Any, prefixes: Mapping[str, str]) -> str:
    if term is None:
        return ""
    return visible(curie(term.value, prefixes) if isinstance(term, ox.NamedNode) else str(term.value))
