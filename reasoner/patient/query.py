"""Answering SPARQL over the ontology and the results, in one default graph.

SPARQL 1.1 Query, https://www.w3.org/TR/sparql11-query/. Queries are run by Oxigraph; parameters are bound, never
spliced into the text; whatever would reach the network (SERVICE, FROM) is refused before the query runs. A query of
somebody's own runs in a process that ends with its time, its memory or an interrupt.
"""

from __future__ import annotations

import pickle
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path

import pyoxigraph as ox
from rdflib import Graph

from reasoner.errors import Problem, QueryError
from reasoner.patient.query_worker import MOST_MEMORY
from reasoner.records.conversion import to_quad
from reasoner.terms import expand

Answer = ox.QuerySolutions | ox.QueryBoolean | ox.QueryTriples | list[ox.Triple]
Term = ox.NamedNode | ox.Literal
MAX_NESTING = 100
MAX_LENGTH = 500_000
MAX_OPERATORS = 1_000
_WORKER = Path(__file__).with_name("query_worker.py")
_TOKENS = re.compile(
    r"#[^\n]*|<[^<>\"{}|^`\\\s]*>|\"\"\".*?\"\"\"|'''.*?'''|\"(?:[^\"\\\n]|\\.)*\"|'(?:[^'\\\n]|\\.)*'", re.S
)
#: What a parser descends for, once each; a point ends a triple, and a semicolon begins the next.
_OPERATORS = re.compile(r"[!*/|^+=-]|&&|[.;](?=\s)|\b(?:BIND|EXISTS|FILTER|GRAPH|MINUS|OPTIONAL|UNION)\b", re.I)
_PARAMETERS = re.compile(r"^# Parameters:(.*)$", re.M)
#: A number as SPARQL writes it, with its fraction and its exponent.
_NUMBER = re.compile(r"[+-]?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
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
    check(text, bindings)
    substitutions = {ox.Variable(name): term for name, term in bindings.items()}
    try:
        return store.query(text, substitutions=substitutions, prefixes=dict(prefixes))  # type: ignore[arg-type]
    except (SyntaxError, ValueError, RuntimeError) as error:
        raise _bad_query(str(error)) from error


def ask_apart(graphs: Iterable[Graph], text: str, bindings: Mapping[str, Term], prefixes: Mapping[str, str],
              timeout: float) -> Answer:  # fmt: skip
    """Run a query over the triples of `graphs` in a process of its own, for at most `timeout` seconds.

    Raises QueryError as `ask` does, and for one that does not end in the time and memory that it may take.
    """
    check(text, bindings)
    data = ox.serialize((to_quad(triple) for graph in graphs for triple in graph), format=ox.RdfFormat.N_TRIPLES)
    asked = pickle.dumps((text, dict(bindings), dict(prefixes), data))
    line = [sys.executable, "-P", str(_WORKER)]
    try:
        done = subprocess.run(line, input=asked, capture_output=True, timeout=timeout, check=False)
    except subprocess.TimeoutExpired as error:
        raise QueryError(Problem("query-timeout", f"the query did not end within {timeout:g} seconds",
                                 "ask for less, or allow more by --timeout")) from error  # fmt: skip
    if done.returncode:
        what = f"the query takes more memory than {MOST_MEMORY >> 30} GiB, or is nested too deep"
        raise QueryError(Problem("query-too-large", what, "ask for less, in shorter expressions"))
    return _answer(*done.stdout.split(b"\n", 1))


def _answer(kind: bytes, body: bytes) -> Answer:
    """What the process has found."""
    if kind == b"error":
        raise _bad_query(body.decode(errors="replace"))
    if kind == b"triples":
        return [quad.triple for quad in ox.parse(body, format=ox.RdfFormat.N_TRIPLES)]
    return ox.parse_query_results(body, format=ox.QueryResultsFormat.JSON)


def _bad_query(why: str) -> QueryError:
    """The error of a query that is not of SPARQL 1.1."""
    problem = Problem("bad-query", f"the query cannot be used: {' '.join(why.split())}", "correct it (SPARQL 1.1)")
    return QueryError(problem)


def check(text: str, bindings: Iterable[str] = ()) -> None:
    """Raises QueryError for a query that is too long or deep, would reach the network, or lacks a variable bound."""
    if len(text) > MAX_LENGTH:
        raise QueryError(Problem("long-query", f"the query has {len(text):,} characters",
                                 f"stay below {MAX_LENGTH:,}"))  # fmt: skip
    bare = _TOKENS.sub(" ", text)
    _refuse_network(bare)
    _refuse_depth(bare)
    _refuse_unknown(text, bindings)


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


def _refuse_network(bare: str) -> None:
    for word in ("SERVICE", "FROM", "LOAD"):
        if re.search(rf"(?<![?$:\w]){word}\b", bare, re.IGNORECASE):
            raise QueryError(Problem("remote-query", f"the query uses {word}, which could reach the network",
                                     "ask of the default graph alone"))  # fmt: skip


def _refuse_depth(bare: str) -> None:
    """Refuse what would overflow the stack of the parser, which descends for each bracket and operator."""
    depth = deepest = 0
    for char in bare:
        depth += (char in "({[") - (char in ")}]")
        deepest = max(deepest, depth)
    if deepest > MAX_NESTING:
        raise QueryError(Problem("deep-query", f"the query is nested {deepest} deep", f"stay below {MAX_NESTING}"))
    if (operators := sum(1 for _ in _OPERATORS.finditer(bare))) > MAX_OPERATORS:
        raise QueryError(
            Problem("deep-query", f"the query has {operators:,} operators", f"stay below {MAX_OPERATORS:,}")
        )


def binding(text: str, prefixes: Mapping[str, str]) -> tuple[str, Term]:
    """`name=value` as a variable and a term: an IRI, a CURIE, a number, true or false, or a string.

    Raises QueryError where it is not of that form.
    """
    name, equals, value = text.partition("=")
    variable = _VARIABLE.match(name.strip())
    if not equals or not variable or not value or not _is_text(text):
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
    number = _NUMBER.match(value)
    if not number:
        return ox.Literal(value)
    kind = "double" if number[2] else "decimal" if number[1] else "integer"
    return ox.Literal(value, datatype=ox.NamedNode(f"http://www.w3.org/2001/XMLSchema#{kind}"))


def _is_text(text: str) -> bool:
    """Whether an argument is of characters: what is no UTF-8 comes in as half of a pair."""
    return not any("\ud800" <= character <= "\udfff" for character in text)


def _iri(iri: str, value: str) -> Term:
    try:
        return ox.NamedNode(iri)
    except ValueError as error:
        raise QueryError(Problem("bad-binding", f"{value!r} is no IRI", "write <IRI> or prefix:name")) from error
