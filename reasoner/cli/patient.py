"""The commands on records: `guideproof classify`, `explain` and `query`.

Exit codes: 0 done, 2 where a record was refused or cannot be read, 3 our fault.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from reasoner.cli.deliver import Writer, as_of_date, deliver, is_terminal, load, progress, report_refusals
from reasoner.cli.options import AsOf, GuidelineDir, Input, Out, Records
from reasoner.errors import InputError, Problem
from reasoner.escapes import visible
from reasoner.guideline.guideline import Guideline, home
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify_files, explained, find_class, has_refusals
from reasoner.render.identity import BASE, checked_base
from reasoner.render.json import JsonRenderer
from reasoner.render.text import TextRenderer
from reasoner.render.triples import TripleRenderer
from reasoner.terms import curie

if TYPE_CHECKING:  # the answers of queries are of pyoxigraph, and tables of rich: both are imported where they are used
    from reasoner.patient.query import Answer

Results = Sequence[Assessment | Refusal]

app = typer.Typer()


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

EXAMPLES = {
    "classify": "guideproof classify patient.ttl\n\nguideproof classify ward.nt --format json --out ward.json\n\n"
    "cat patient.ttl | guideproof classify - --as-of 2026-11-01",
    "explain": "guideproof explain patient.ttl CLASS\n\nguideproof explain patient.ttl CLASS --format json\n\n"
    "guideproof explain unknown-term",
    "query": "guideproof query --list\n\nguideproof query what-to-ask patient.ttl\n\n"
    "guideproof query statements-by-citation --bind number='\"6\"' --format csv\n\n"
    "guideproof query my.rq patient.ttl --format json",
}


class Profile(StrEnum):
    """How much of an assessment is written as RDF."""

    FULL = "full"
    LEAN = "lean"


Base = Annotated[str, typer.Option(metavar="IRI", help="What the IRIs of results begin with, in JSON and RDF.")]
ProfileOption = Annotated[
    Profile, typer.Option(help="RDF: lean leaves out what excludes, and the axioms, criteria and readings of reasons.")
]
Types = Annotated[
    bool, typer.Option("--types/--no-types", help="RDF: whether the patient is typed by each class that is entailed.")
]
EngineOption = Annotated[Engine, typer.Option(help="hermit asks the reference reasoner too, and the two must agree.")]
FormatOption = Annotated[Format | None, typer.Option(help="text if not given, or by the suffix of --out.")]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['classify']}")
def classify(
    records: Records,
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: FormatOption = None,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
    profile: ProfileOption = Profile.FULL,
    types: Types = True,
    base: Base = BASE,
) -> None:
    """Classify each patient: what holds, what is excluded, what is missing, why, and by which citations."""
    loaded, day = load(guideline), as_of_date(as_of)
    how = _Rdf(types, profile, checked_base(base))
    results = classify_files(loaded, records, day, format=input, engine=engine, progress=progress)
    deliver(_written(loaded, results, format or _SUFFIXES.get(out.suffix if out else "", Format.TEXT), how), out)
    _leave(loaded, results)


def _complete_class(incomplete: str) -> Iterator[str]:
    guideline = load(None)
    names = (curie(cls.iri, guideline.prefixes) for cls in guideline.catalogue.management)
    return (name for name in names if name.startswith(incomplete) or name.split(":")[-1].startswith(incomplete))


ClassName = Annotated[
    str,
    typer.Argument(
        metavar="CLASS", help="A class or criterion, by CURIE or local name.", autocompletion=_complete_class
    ),
]


Explained = Annotated[
    str, typer.Argument(metavar="RECORD|CODE", help="A record as RDF (- is standard input); alone, an error's code.")
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['explain']}")
def explain(
    record: Explained,
    cls: ClassName = "",
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: Annotated[Format, typer.Option(help="text or json.")] = Format.TEXT,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
) -> None:
    """Why a class is entailed, why it is excluded, or what would decide it; or what the code of an error means."""
    if not cls:
        deliver(_code(record, load(guideline)), out)
        return
    if format not in (Format.TEXT, Format.JSON):
        raise InputError(Problem("bad-format", f"explain does not write {format}", "choose text or json"))
    loaded, day = load(guideline), as_of_date(as_of)
    iri = _class(loaded, cls)
    results = classify_files(loaded, [record], day, format=input, engine=engine, progress=progress)
    deliver(_written(loaded, [explained(loaded, result, iri) for result in results], format, only=iri), out)
    _leave(loaded, results)


def _code(code: str, guideline: Guideline) -> str:
    """What a code means. Raises InputError for one that nothing uses."""
    from reasoner.guideline.explained_codes import explained, nearest

    text = explained(code, guideline)
    if text is None:
        near = nearest(code, guideline)
        remedy = f"did you mean {near}? " if near else ""
        remedy += "For a patient, name the class too: guideproof explain RECORD CLASS"
        raise InputError(Problem("unknown-code", f"{code!r} is no code of an error or a finding", remedy))
    return f"{code}\n\n{text}\n"


def _complete_query(incomplete: str) -> Iterator[tuple[str, str]]:
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
TableOption = Annotated[Table | None, typer.Option(help="table on a terminal and csv elsewhere, if not given.")]


def _seconds(given: float) -> float:
    """A number of seconds. Raises BadParameter for what is none."""
    if not 0 < given < math.inf:
        raise typer.BadParameter("give a number of seconds above 0")
    return given


Timeout = Annotated[
    float, typer.Option(metavar="SECONDS", callback=_seconds, help="How long the query may take at most.")
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{EXAMPLES['query']}")
def query(
    name: QueryName = "",
    records: AskedRecords = None,
    bind: Bindings = None,
    listed: Annotated[bool, typer.Option("--list", help="List the named queries.")] = False,
    as_of: AsOf = "",
    engine: EngineOption = Engine.COMPILED,
    format: TableOption = None,
    timeout: Timeout = 60.0,
    out: Out = None,
    guideline: GuidelineDir = None,
    input: Input = None,
) -> None:
    """Ask the ontology and the results in SPARQL."""
    from reasoner.patient.query import ask_apart, binding, read_query
    from reasoner.render.rdf import RdfRenderer

    loaded, day = load(guideline), as_of_date(as_of)
    if listed:
        _list_queries(loaded)
        return
    if not name:
        raise InputError(Problem("no-query", "no query is named", "give NAME or FILE.rq, or --list"))
    text = read_query(name, loaded.queries)
    bindings = dict(binding(one, loaded.prefixes) for one in bind or [])
    results: Results = []
    if records:  # what was refused is reported before anything is asked
        results = classify_files(loaded, records, day, format=input, engine=engine, progress=progress)
        report_refusals(loaded, results)
    graphs = [loaded.graph, RdfRenderer(loaded).render(results)]
    answer = ask_apart(graphs, text, bindings, loaded.prefixes, timeout)
    deliver(_tabulated(answer, format, loaded.prefixes), out)
    if has_refusals(results):
        raise typer.Exit(2)


def _list_queries(guideline: Guideline) -> None:
    """Print the named queries, each with its title."""
    from reasoner.patient.query import named_queries, title

    named = named_queries(guideline.queries).items()
    deliver("".join(f"{stem:32} {visible(title(path))}\n" for stem, path in named), None)


def _leave(guideline: Guideline, results: Results) -> None:
    """Report each record that was refused, and leave with exit code 2 where one was."""
    report_refusals(guideline, results)
    if has_refusals(results):
        raise typer.Exit(2)


def _class(guideline: Guideline, name: str) -> str:
    """The IRI of a class that is named. Raises InputError for one that the guideline does not define."""
    found = find_class(guideline, name)
    if found is None:
        names = [curie(iri, guideline.prefixes) for iri in guideline.compiled.rules]
        near = get_close_matches(name, names, 1, 0.3)
        remedy = f"did you mean {near[0]}?" if near else "name a class of the guideline"
        raise InputError(Problem("unknown-class", f"the guideline defines no class {name}", remedy))
    return found


class _Rdf(NamedTuple):
    """How results are written as RDF."""

    types: bool = True
    profile: str = Profile.FULL
    base: str = BASE


_AS_RDF = _Rdf()


def _written(
    guideline: Guideline, results: Results, kind: Format, rdf: _Rdf = _AS_RDF, only: str | None = None
) -> Writer:
    if kind is Format.TEXT:
        return TextRenderer(guideline).page(results, only)
    if kind is Format.JSON:
        return json.dumps(JsonRenderer(guideline, rdf.base).render(results), indent=2, ensure_ascii=False) + "\n"
    if kind is Format.N_TRIPLES:
        return TripleRenderer(guideline, **rdf._asdict()).canonical(results)
    from reasoner.render.rdf import RdfRenderer, serialise

    return serialise(RdfRenderer(guideline, **rdf._asdict()).render(results), kind)


def _tabulated(answer: Answer, kind: Table | None, prefixes: Mapping[str, str]) -> Writer:
    from reasoner.render.table import serialise, tabulate

    kind = kind or (Table.TABLE if is_terminal() else Table.CSV)
    return tabulate(answer, prefixes) if kind is Table.TABLE else serialise(answer, kind, prefixes)
