"""Answering SPARQL over the ontology and the results, in one default graph.

SPARQL 1.1 Query, https://www.w3.org/TR/sparql11-query/. Queries are run by Oxigraph; parameters are bound, never
spliced into the text; whatever would reach the network (SERVICE, FROM) is refused before the query runs.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal, InvalidOperation
from difflib import get_close_matches
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from reasoner.errors import Problem, QueryError
from reasoner.records.conversion import to_quad
from reasoner.terms import expand

Answer = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples
Term = ox.NamedNode | ox.Literal
MAX_NESTING = 100
_TOKENS = re.compile(
    r"#[^\n]*|<[^<>\"{}|^`\\\s]*>|\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.S
)
_PARAMETERS = re.compile(r"^# Parameters:(.*)$", re.M)
_VARIABLE = re.compile(r"[?$]?([A-Za-z_]\w*)\Z")


def named_queries(directory: Path) -> dict[str, Path]:
    """The queries of a folder by name."""
    return {path.stem: path for path in sorted(directory.glob("*.rq"))}


def title(path: Path) -> str:
    """The question that a query answers: the first line of its header."""
    first = path.read_text("utf-8").splitlines()[:1]
    return first[0].lstrip("# ").removeprefix("Question:").strip() if first else ""


def read_query(name: str, directory: Path) -> str:
    """The text of a named query or of a file. Raises QueryError where there is neither."""
    known = named_queries(directory)
    path = known.get(name.removesuffix(".rq"), Path(name))
    if not path.is_file():
        near = get_close_matches(name, known, 1, 0.4)
        remedy = f"did you mean {near[0]}? " if near else ""
        raise QueryError(Problem("no-query", f"there is no query {name}",
                                 f"{remedy}the named ones are {', '.join(known)}; or give a file"))  # fmt: skip
    try:
        return path.read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = Problem("unreadable", f"the query cannot be read: {error}", "give a UTF-8 file", str(path))
        raise QueryError(problem) from error


def store_of(*graphs: Graph) -> ox.Store:
    """One store with all triples of `graphs` in its default graph."""
    store = ox.Store()
    for graph in graphs:
        store.extend(to_quad(triple) for triple in graph)
    return store


def ask(store: ox.Store, text: str, bindings: Mapping[str, Term], prefixes: Mapping[str, str]) -> Answer:
    """Run a query with its parameters bound. Raises QueryError for a query that cannot be parsed or is refused."""
    _refuse_network(text)
    _refuse_unknown(text, bindings)
    substitutions = {ox.Variable(name): term for name, term in bindings.items()}
    try:
        return store.query(text, substitutions=substitutions, prefixes=dict(prefixes))  # type: ignore[arg-type]
    except (SyntaxError, ValueError, RuntimeError) as error:
        what = " ".join(str(error).split())
        raise QueryError(
            Problem("bad-query", f"the query cannot be used: {what}", "correct it (SPARQL 1.1)")
        ) from error


def parameters(text: str) -> list[str] | None:
    """The variables that a query's header names as its parameters; None where it has no such header."""
    header = _PARAMETERS.search(text)
    return re.findall(r"\?(\w+)", header[1]) if header else None


def _refuse_unknown(text: str, bindings: Iterable[str]) -> None:
    """Refuse a variable that is no parameter: bound elsewhere, it could fill rows that do not match."""
    allowed = parameters(text)
    if allowed is None:
        allowed = sorted(set(re.findall(r"[?$](\w+)", _TOKENS.sub(" ", text))))
    for name in bindings:
        if name not in allowed:
            remedy = f"bind {', '.join(f'?{one}' for one in allowed)}" if allowed else "it takes none"
            raise QueryError(Problem("unknown-parameter", f"?{name} is no parameter of the query", remedy))


def _refuse_network(text: str) -> None:
    bare = _TOKENS.sub(" ", text)
    for word in ("SERVICE", "FROM", "LOAD"):
        if re.search(rf"(?<![?$:\w]){word}\b", bare, re.IGNORECASE):
            raise QueryError(Problem("remote-query", f"the query uses {word}, which could reach the network",
                                     "ask of the default graph alone"))  # fmt: skip
    depth = deepest = 0
    for char in bare:
        depth += (char in "({[") - (char in ")}]")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise QueryError(Problem("deep-query", f"the query is nested {deepest} deep", f"stay below {MAX_NESTING}"))


def binding(text: str, prefixes: Mapping[str, str]) -> tuple[str, Term]:
    """`name=value` as a variable and a term: an IRI, a CURIE, a number, true or false, or a string.

    Raises QueryError where it is not of that form.
    """
    name, equals, value = text.partition("=")
    variable = _VARIABLE.match(name.strip())
    if not equals or not variable or not value:
        raise QueryError(Problem("bad-binding", f"{text!r} binds nothing", "write --bind name=value"))
    return variable[1], _term(value, prefixes)


def _term(value: str, prefixes: Mapping[str, str]) -> Term:
    if value[0] in "\"'" and value[-1] == value[0] and len(value) > 1:
        return ox.Literal(value[1:-1])
    iri = expand(value, prefixes)
    if iri is not None:
        return _iri(iri, value)
    if value in ("true", "false"):
        return ox.Literal(value == "true")
    try:
        number = Decimal(value)
    except InvalidOperation:
        return ox.Literal(value)
    kind = "integer" if number == number.to_integral_value() and "." not in value else "decimal"
    return ox.Literal(value, datatype=ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{kind}"))


def _iri(iri: str, value: str) -> Term:
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise QueryError(Problem("bad-binding", f"{value!r} is no IRI", "write <IRI> or prefix:name")) from error
