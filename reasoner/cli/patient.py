"""The commands on records as the command line offers them: options, help and completion. See `commands`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from reasoner.cli import commands
from reasoner.cli.commands import Engine, Format, Table
from reasoner.cli.door import AsOf, GuidelineDir, Input, OneRecord, Out, Records

app = typer.Typer()

EXAMPLES = {
    "classify": "guideproof classify patient.ttl\n\nguideproof classify ward.nt --format json --out ward.json\n\n"
    "cat patient.ttl | guideproof classify - --as-of 2026-11-01",
    "explain": "guideproof explain patient.ttl CLASS\n\nguideproof explain patient.ttl CLASS --format json",
    "query": "guideproof query --list\n\nguideproof query what-to-ask patient.ttl\n\n"
    "guideproof query statements-by-citation --bind number='\"6\"' --format csv\n\n"
    "guideproof query my.rq patient.ttl --format json",
}

EngineOption = Annotated[Engine, typer.Option(help="hermit asks the reference reasoner too, and the two must agree.")]


def _leave(code: int) -> None:
    if code:
        raise typer.Exit(code)


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['classify']}")
def classify(
    records: Records,
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: Annotated[Format | None, typer.Option(help="text if not given, or by the suffix of --out.")] = None,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
) -> None:
    """Classify each patient: what holds, what is excluded, what is missing, why, and by which citations."""
    _leave(commands.classify(records, as_of, engine, format, out, guideline, input))


def _complete_class(incomplete: str) -> Iterator[str]:
    from reasoner.guideline.guideline import load_guideline
    from reasoner.terms import curie

    guideline = load_guideline()
    names = (curie(cls.iri, guideline.prefixes) for cls in guideline.catalogue.management)
    return (name for name in names if name.startswith(incomplete) or name.split(":")[-1].startswith(incomplete))


ClassName = Annotated[
    str,
    typer.Argument(
        metavar="CLASS", help="A class or criterion, by CURIE or local name.", autocompletion=_complete_class
    ),
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['explain']}")
def explain(
    record: OneRecord,
    cls: ClassName,
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: Annotated[Format, typer.Option(help="text or json.")] = Format.TEXT,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
) -> None:
    """Why a class is entailed, why it is excluded, or what would decide it."""
    _leave(commands.explain(record, cls, as_of, engine, format, out, guideline, input))


def _complete_query(incomplete: str) -> Iterator[tuple[str, str]]:
    from reasoner.guideline.guideline import home
    from reasoner.patient.query import named_queries, title

    named = named_queries(home() / "queries")
    return ((name, title(path)) for name, path in named.items() if name.startswith(incomplete))


QueryName = Annotated[
    str, typer.Argument(metavar="NAME|FILE.rq", help="A named query, or a file.", autocompletion=_complete_query)
]
AskedRecords = Annotated[
    list[str] | None, typer.Argument(metavar="RECORD...", help="Records to assess first; none asks the ontology alone.")
]
Bindings = Annotated[
    list[str] | None,
    typer.Option(metavar="NAME=VALUE", help="Bind a variable: an IRI, a CURIE, a number or a string. Repeatable."),
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['query']}")
def query(
    name: QueryName = "",
    records: AskedRecords = None,
    bind: Bindings = None,
    listed: Annotated[bool, typer.Option("--list", help="List the named queries.")] = False,
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: Annotated[Table | None, typer.Option(help="table on a terminal and csv elsewhere, if not given.")] = None,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
) -> None:
    """Ask the ontology and the results in SPARQL."""
    if listed:
        commands.list_queries(guideline)
    else:
        _leave(commands.query(name, records or [], bind or [], as_of, engine, format, out, guideline, input))
