"""The command line: `guideproof classify`, `explain` and `query`. A thin door; it prints what the other modules give.

Exit codes: 0 done, 2 bad input, 3 our fault.
"""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from datetime import date
from enum import StrEnum
from typing import Annotated, Any

import typer

from reasoner.door import (
    AsOf,
    GuidelineDir,
    Input,
    OneRecord,
    Out,
    Records,
    Writer,
    as_of_date,
    deliver,
    load,
    progress,
    report_refusals,
)
from reasoner.errors import GuideproofError, InputError, Problem

app = typer.Typer(
    name="guideproof",
    help="A guideline as a knowledge graph that proves its advice.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

EXAMPLES = {
    "classify": "guideproof classify patient.ttl\n\nguideproof classify ward.nt --format json --out ward.json\n\n"
    "cat patient.ttl | guideproof classify - --as-of 2026-11-01",
    "explain": "guideproof explain patient.ttl CLASS\n\nguideproof explain patient.ttl CLASS --format json",
    "query": "guideproof query --list\n\nguideproof query what-to-ask patient.ttl\n\n"
    "guideproof query statements-by-citation --bind number='\"6\"' --format csv\n\n"
    "guideproof query my.rq patient.ttl --format json",
}


class Engine(StrEnum):
    """What decides."""

    COMPILED = "compiled"
    HERMIT = "hermit"


class Format(StrEnum):
    """How assessments are written."""

    TEXT = "text"
    JSON = "json"
    TURTLE = "turtle"
    N_TRIPLES = "n-triples"
    JSON_LD = "json-ld"


class Table(StrEnum):
    """How the answer of a query is written."""

    TABLE = "table"
    CSV = "csv"
    TSV = "tsv"
    JSON = "json"
    XML = "xml"
    TURTLE = "turtle"


_SUFFIXES = {".json": Format.JSON, ".ttl": Format.TURTLE, ".nt": Format.N_TRIPLES, ".jsonld": Format.JSON_LD}

EngineOption = Annotated[Engine, typer.Option(help="hermit asks the reference reasoner too, and the two must agree.")]


def _version(wanted: bool) -> None:
    if wanted:
        from reasoner.guideline import version

        typer.echo(f"guideproof {version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A guideline as a knowledge graph that proves its advice."""
    del version


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
    from reasoner.classify import classify_files, has_refusals

    loaded, day = load(guideline), as_of_date(as_of)
    results = classify_files(loaded, records, day, format=input, engine=engine, progress=progress)
    kind = format or _SUFFIXES.get(out.suffix if out else "", Format.TEXT)
    deliver(_written(loaded, results, kind), out)
    if has_refusals(results):
        report_refusals(loaded, results)
        raise typer.Exit(2)


def _complete_class(incomplete: str) -> Iterator[str]:
    from reasoner.guideline import load_guideline
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
    from reasoner.classify import classify_files, explained, has_refusals

    if format not in (Format.TEXT, Format.JSON):
        raise InputError(Problem("bad-format", f"explain does not write {format}", "choose text or json"))
    loaded, day = load(guideline), as_of_date(as_of)
    iri = _class(loaded, cls)
    results = classify_files(loaded, [record], day, format=input, engine=engine, progress=progress)
    deliver(_written(loaded, [explained(loaded, result, iri) for result in results], format, only=iri), out)
    if has_refusals(results):
        report_refusals(loaded, results)
        raise typer.Exit(2)


def _complete_query(incomplete: str) -> Iterator[tuple[str, str]]:
    from reasoner.guideline import home
    from reasoner.query import named_queries, title

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
    from reasoner.query import ask, binding, named_queries, read_query, title

    loaded, day = load(guideline), as_of_date(as_of)
    if listed:
        for stem, path in named_queries(loaded.queries).items():
            typer.echo(f"{stem:32} {title(path)}")
        return
    if not name:
        raise InputError(Problem("no-query", "no query is named", "give NAME or FILE.rq, or --list"))
    text = read_query(name, loaded.queries)
    bindings = dict(binding(one, loaded.prefixes) for one in bind or [])
    store, refused = _store(loaded, records or [], day, input, engine)
    answer = ask(store, text, bindings, loaded.prefixes)
    deliver(_tabulated(answer, format, loaded.prefixes), out)
    if refused:
        raise typer.Exit(2)


# -- loading and writing --


def _class(guideline: Any, name: str) -> str:
    from difflib import get_close_matches

    from reasoner.classify import find_class
    from reasoner.terms import curie

    found = find_class(guideline, name)
    if found is None:
        names = [curie(iri, guideline.prefixes) for iri in guideline.compiled.rules]
        near = get_close_matches(name, names, 1, 0.3)
        remedy = f"did you mean {near[0]}?" if near else "name a class of the guideline"
        raise InputError(Problem("unknown-class", f"the guideline defines no class {name}", remedy))
    return str(found)


def _store(guideline: Any, records: list[str], day: date, syntax: str | None, engine: Engine) -> tuple[Any, bool]:
    """A store with the ontology and the results, and whether any record was refused."""
    from reasoner.classify import classify_files, has_refusals
    from reasoner.query import store_of
    from reasoner.render_rdf import RdfRenderer

    results = (
        classify_files(guideline, records, day, format=syntax, engine=engine, progress=progress) if records else []
    )
    report_refusals(guideline, results)
    return store_of(guideline.graph, RdfRenderer(guideline).render(results)), has_refusals(results)


def _written(guideline: Any, results: list[Any], kind: Format, only: str | None = None) -> Writer:
    if kind is Format.TEXT:
        return _text(guideline, results, only)
    if kind is Format.JSON:
        import json

        from reasoner.render_json import JsonRenderer

        return json.dumps(JsonRenderer(guideline).render(results), indent=2, ensure_ascii=False) + "\n"
    from reasoner.render_rdf import RdfRenderer, serialise

    return serialise(RdfRenderer(guideline).render(results), kind)


def _text(guideline: Any, results: list[Any], only: str | None) -> Writer:
    from reasoner.render_text import TextRenderer

    renderer = TextRenderer(guideline)
    return lambda console: renderer.render(results, console, only)


def _tabulated(answer: Any, kind: Table | None, prefixes: Any) -> Writer:
    from reasoner.render_table import serialise, tabulate

    kind = kind or (Table.TABLE if sys.stdout.isatty() else Table.CSV)
    return tabulate(answer, prefixes) if kind is Table.TABLE else serialise(answer, kind, prefixes)


def main() -> None:
    """Run the command and leave by SystemExit; every error is one line and an exit code, never a traceback."""
    sys.exit(_run())


def process() -> None:
    """The command as a process of its own.

    It lives for one command: it looks for no garbage, and leaves without taking its graphs apart.
    """
    gc.disable()
    code = _run()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(code)


def _run() -> int:
    try:
        app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except GuideproofError as error:
        for problem in error.problems:
            typer.echo(str(problem), err=True)
        return error.exit_code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get("GUIDEPROOF_DEBUG"):
            raise
        remedy = "please report it; GUIDEPROOF_DEBUG=1 shows where"
        typer.echo(str(Problem("internal", f"{type(error).__name__}: {error}", remedy)), err=True)
        return 3
    return 0


if __name__ == "__main__":
    process()
