"""The queries that come with a guideline, and the queries that ask of a guideline what should have no answer.

Each file of `queries/qc/` is such a question: `# Problem:` and `# Solution:` in its header give what a row means and
what to do, and the file's name is the code of the finding. A query returns `?term`, and where the fault is in one
triple, `?property` and `?value`; `?detail` is appended to the problem. A guideline's own ones may give `# Severity:`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pyoxigraph as ox
from rdflib import SH, BNode, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import QueryError
from reasoner.guideline.guideline import home
from reasoner.patient.query import ask, store_of
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.check.files import Sources
from reasoner.workbench.check.terms import DeclaredTerms, terms_in_query, undeclared
from reasoner.workbench.finding import Finding, Severity

_SPARQL = (SH.select, SH.construct, SH.ask)
_HEADER = re.compile(r"^# (Problem|Solution|Severity):\s*(.*)$", re.MULTILINE)
_POSITION = re.compile(r"error at (\d+):\d+: ?")
_NOISE = re.compile(r"#[^\n]*|<[^<>\s]*>|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'")
_SELECT = re.compile(r"\bSELECT\b(.*?)(?:\bWHERE\b|\{)", re.IGNORECASE | re.DOTALL)
_COMPUTED = re.compile(r"\([^()]*(?:\([^()]*(?:\([^()]*\)[^()]*)*\)[^()]*)*\)")


# -- queries as texts --


@dataclass(frozen=True)
class PlacedQuery:
    """A query, of a file or in a shape: the text, its file and first line, and the prefixes that it knows."""

    text: str
    file: str
    line: int
    prefixes: Mapping[str, str]


def _placed(sources: Sources) -> Iterator[PlacedQuery]:
    """All queries of a guideline: those of its files, then the SPARQL of its shapes."""
    for query in sources.queries:
        yield PlacedQuery(query.text, query.file, 1, sources.prefixes)
    for parsed in sources.shapes:
        for predicate in _SPARQL:
            for shape, text in parsed.graph.subject_objects(predicate):
                start = (parsed.lines[shape, predicate, text] or 1) - str(text).count("\n")
                prefixes = {**sources.prefixes, **_declared(sources, shape)}
                yield PlacedQuery(str(text), sources.relative(parsed.file), start, prefixes)


def _declared(sources: Sources, shape: Node) -> dict[str, str]:
    """The prefixes that sh:declare gives to the SPARQL of a shape."""
    graph = sources.graph
    found = [d for header in graph.objects(shape, SH.prefixes) for d in graph.objects(header, SH.declare)]
    return {str(graph.value(d, SH.prefix)): str(graph.value(d, SH.namespace)) for d in found}


def check_query_texts(sources: Sources) -> Iterator[Finding]:
    """Queries that no engine accepts, and columns that stay empty whatever the data."""
    for query in _placed(sources):
        try:
            ask(ox.Store(), query.text, {}, query.prefixes)
        except QueryError as error:
            yield _unreadable(query, error.problem.what)
            continue
        for name, offset in unbound(query.text):
            what = f"the query returns ?{name} and binds it nowhere: the column is always empty"
            remedy = "correct the name of the variable"
            yield check_finding(query.file, query.line + offset, "query-unbound", what, remedy)


def _unreadable(query: PlacedQuery, reason: str) -> Finding:
    position = _POSITION.search(reason)
    offset = int(position[1]) - 1 if position else 0
    at = query.text.splitlines()[offset : offset + 1] if position else []
    what = f"no engine can read this query; it goes wrong at or before “{at[0].strip()}”" if at else reason
    return check_finding(query.file, query.line + offset, "query-syntax", what, "correct it (SPARQL 1.1)")


def unbound(text: str) -> Iterator[tuple[str, int]]:
    """The variables that a SELECT returns and that its pattern does not have, each with its line from 0."""
    bare = _NOISE.sub(lambda found: " " * len(found[0]), text)
    head = _SELECT.search(bare)
    if head is None or "*" in head[1]:
        return
    columns = _COMPUTED.sub(lambda found: " " * len(found[0]), head[1])
    body = bare[bare.index("{", head.start()) : bare.rindex("}") + 1]
    for found in re.finditer(r"[?$](\w+)", columns):
        if found[1] != "this" and not re.search(rf"[?$]{found[1]}\b", body):
            yield found[1], bare.count("\n", 0, head.start(1) + found.start())


def check_query_terms(sources: Sources) -> Iterator[Finding]:
    """Terms in queries, and in the SPARQL of shapes, that nothing declares: such a pattern matches nothing."""
    declared = DeclaredTerms(sources)
    for query in _placed(sources):
        lines: dict[str, list[int]] = {}
        for iri, offset in terms_in_query(query.text, query.prefixes):
            if declared.lacks(iri):
                lines.setdefault(iri, []).append(query.line + offset)
        for iri, found in lines.items():
            yield undeclared(sources, declared, iri, "term", query.file, found, "query-term")


# -- questions that should have no answer --


def check_quality(sources: Sources) -> Iterator[Finding]:
    """Each row of each query of `queries/qc/`, the shared ones and the guideline's own."""
    store = store_of(sources.graph)
    for path in quality_queries(sources.directory):
        text = path.read_text("utf-8")
        try:
            yield from _rows(sources, store, path.stem, text)
        except QueryError:  # named by check_query_texts
            continue


def quality_queries(directory: Path) -> list[Path]:
    """The queries of both folders, one for each name: the shared one comes first."""
    found = {path.name: path for root in (directory, home()) for path in (root / "queries" / "qc").glob("*.rq")}
    return [found[name] for name in sorted(found)]


def _rows(sources: Sources, store: ox.Store, code: str, text: str) -> Iterator[Finding]:
    header = {key: value.strip() for key, value in _HEADER.findall(text)}
    rows = ask(store, text, {}, sources.prefixes)
    if not isinstance(rows, ox.QuerySolutions):
        return
    names = {variable.value for variable in rows.variables}
    for row in rows:
        bound = {name: _node(row[name]) for name in names}
        yield _row(sources, code, header, {name: node for name, node in bound.items() if node is not None})


def _row(sources: Sources, code: str, header: dict[str, str], row: dict[str, Node]) -> Finding:
    term = row.get("term", URIRef(""))
    triple = (term, row["property"], row["value"]) if {"property", "value"} <= row.keys() else None
    what = header.get("Problem", f"the query {code} has a row")
    if "detail" in row:
        detail = row["detail"]
        what += f": {detail if isinstance(detail, Literal) else sources.name(detail)}"
    own = header.get("Severity", "")
    severity = Severity(own) if own in set(Severity) else Severity.WARNING
    remedy = header.get("Solution", "see the query")
    return sources.finding(code, what, remedy, triple or term, about=[term], severity=severity)


def _node(term: object) -> Node | None:
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    if isinstance(term, ox.Literal):
        datatype = None if term.language or term.datatype.value.endswith("#string") else URIRef(term.datatype.value)
        return Literal(term.value, lang=term.language or None, datatype=datatype, normalize=False)
    return None
