"""The commands on records: what `classify`, `explain` and `query` do, whoever read their options.

Each gives the exit code: 0 done, 2 where a record was refused. What cannot be done at all is raised.
"""

from __future__ import annotations

import sys
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

from reasoner.cli.deliver import Writer, as_of_date, deliver, load, progress, report_refusals
from reasoner.errors import InputError, Problem


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


def classify(
    records: list[str],
    as_of: str = "",
    engine: Engine = Engine.COMPILED,
    format: Format | None = None,
    out: Path | None = None,
    guideline: Path | None = None,
    input: str | None = None,
) -> int:
    """Classify each patient; the format is by the suffix of `out` where none is given."""
    from reasoner.patient.classify import classify_files

    loaded, day = load(guideline), as_of_date(as_of)
    results = classify_files(loaded, records, day, format=input, engine=engine, progress=progress)
    kind = format or _SUFFIXES.get(out.suffix if out else "", Format.TEXT)
    deliver(_written(loaded, results, kind), out)
    return _refused(loaded, results)


def explain(
    record: str,
    cls: str,
    as_of: str = "",
    engine: Engine = Engine.COMPILED,
    format: Format = Format.TEXT,
    out: Path | None = None,
    guideline: Path | None = None,
    input: str | None = None,
) -> int:
    """Why a class is entailed, why it is excluded, or what would decide it."""
    from reasoner.patient.classify import classify_files, explained

    if format not in (Format.TEXT, Format.JSON):
        raise InputError(Problem("bad-format", f"explain does not write {format}", "choose text or json"))
    loaded, day = load(guideline), as_of_date(as_of)
    iri = _class(loaded, cls)
    results = classify_files(loaded, [record], day, format=input, engine=engine, progress=progress)
    deliver(_written(loaded, [explained(loaded, result, iri) for result in results], format, only=iri), out)
    return _refused(loaded, results)


def query(
    name: str,
    records: list[str],
    bind: list[str],
    as_of: str = "",
    engine: Engine = Engine.COMPILED,
    format: Table | None = None,
    out: Path | None = None,
    guideline: Path | None = None,
    input: str | None = None,
) -> int:
    """Ask the ontology and the results in SPARQL."""
    from reasoner.patient.query import ask, binding, read_query

    loaded, day = load(guideline), as_of_date(as_of)
    if not name:
        raise InputError(Problem("no-query", "no query is named", "give NAME or FILE.rq, or --list"))
    text = read_query(name, loaded.queries)
    bindings = dict(binding(one, loaded.prefixes) for one in bind)
    store, refused = _store(loaded, records, day, input, engine)
    answer = ask(store, text, bindings, loaded.prefixes)
    deliver(_tabulated(answer, format, loaded.prefixes), out)
    return 2 if refused else 0


def list_queries(guideline: Path | None = None) -> int:
    """Print the named queries, each with its title."""
    from reasoner.patient.query import named_queries, title

    for stem, path in named_queries(load(guideline).queries).items():
        print(f"{stem:32} {title(path)}")
    return 0


def _refused(guideline: Any, results: list[Any]) -> int:
    """The exit code; what was refused is reported."""
    from reasoner.patient.classify import has_refusals

    if not has_refusals(results):
        return 0
    report_refusals(guideline, results)
    return 2


def _class(guideline: Any, name: str) -> str:
    from reasoner.patient.classify import find_class
    from reasoner.terms import curie

    found = find_class(guideline, name)
    if found is None:
        from difflib import get_close_matches

        names = [curie(iri, guideline.prefixes) for iri in guideline.compiled.rules]
        near = get_close_matches(name, names, 1, 0.3)
        remedy = f"did you mean {near[0]}?" if near else "name a class of the guideline"
        raise InputError(Problem("unknown-class", f"the guideline defines no class {name}", remedy))
    return str(found)


def _store(guideline: Any, records: list[str], day: date, syntax: str | None, engine: Engine) -> tuple[Any, bool]:
    """A store with the ontology and the results, and whether any record was refused."""
    from reasoner.patient.classify import classify_files, has_refusals
    from reasoner.patient.query import store_of
    from reasoner.render.as_rdf import RdfRenderer

    results = (
        classify_files(guideline, records, day, format=syntax, engine=engine, progress=progress) if records else []
    )
    report_refusals(guideline, results)
    return store_of(guideline.graph, RdfRenderer(guideline).render(results)), has_refusals(results)


def _written(guideline: Any, results: list[Any], kind: Format, only: str | None = None) -> Writer:
    if kind is Format.TEXT:
        from reasoner.render.as_text import TextRenderer

        return TextRenderer(guideline).page(results, only)
    if kind is Format.JSON:
        import json

        from reasoner.render.as_json import JsonRenderer

        return json.dumps(JsonRenderer(guideline).render(results), indent=2, ensure_ascii=False) + "\n"
    if kind is Format.N_TRIPLES:
        from reasoner.render.as_triples import TripleRenderer

        return TripleRenderer(guideline).canonical(results)
    from reasoner.render.as_rdf import RdfRenderer, serialise

    return serialise(RdfRenderer(guideline).render(results), kind)


def _tabulated(answer: Any, kind: Table | None, prefixes: Any) -> Writer:
    from reasoner.render.as_table import serialise, tabulate

    kind = kind or (Table.TABLE if sys.stdout.isatty() else Table.CSV)
    return tabulate(answer, prefixes) if kind is Table.TABLE else serialise(answer, kind, prefixes)
