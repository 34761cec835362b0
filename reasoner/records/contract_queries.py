"""Which shapes and rules go over the whole data from the node with the as-of date, and by which queries.

SPARQL-based constraints, https://www.w3.org/TR/shacl/#sparql-constraints, and SPARQL rules,
https://www.w3.org/TR/shacl-af/#SPARQLRule. Oxigraph answers them for the reference too, so that any will do that gives
the same each time; a constraint has to look at each node by itself, for not all patients are asked about at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from functools import lru_cache
from typing import Any

import pyoxigraph as ox
from pyparsing import ParseResults
from rdflib import RDF, SH, Graph, URIRef, Variable
from rdflib.paths import AlternativePath, InvPath, MulPath, NegatedPath, SequencePath
from rdflib.term import Node

from reasoner.records.algebra import needs_of_rule, order_of, query_of, read_query
from reasoner.records.contract import Beyond, Query, Rule
from reasoner.records.contract_shapes import Background, BeyondError
from reasoner.terms import GP

#: Where pySHACL looks for the focus node.
_THIS = re.compile(r"[\s{}()][$?]this\b")
#: What may lead elsewhere, or give another result another time.
_FICKLE = re.compile(
    r"(?<![?$])\b(?:SERVICE|GRAPH|FROM|NOW|RAND|UUID|STRUUID|BNODE|GROUP_CONCAT|REDUCED|LIMIT|OFFSET|VALUES|MINUS)\b",
    re.I,
)
#: What a filter finds in a graph.
_ELSEWHERE = re.compile(r"(?<![?$])\bEXISTS\b", re.I)
#: What gives any of several, which is the same each time only in a rule that is compiled: it knows that there is one.
_ANY = re.compile(r"(?<![?$])\bSAMPLE\b", re.I)


class Queries:
    """The queries of the shapes in `graph` that go over the whole data."""

    def __init__(self, graph: Graph, background: Background) -> None:
        self.graph, self.background = graph, background

    def constructs(self, compiled: Iterable[Rule]) -> tuple[Query, ...]:
        """Those of rules, in the order in which they run."""
        known, found = {rule.shape for rule in compiled}, []
        for shape in {s for s in self.graph.subjects(SH.rule) if isinstance(s, URIRef)}:
            try:
                found.append(self._construct(shape, str(shape) in known))
            except BeyondError:
                continue
        return tuple(sorted(found, key=lambda query: (query.order, query.shape)))

    def selects(self, beyond: Iterable[Beyond]) -> tuple[Query, ...]:
        """Those of constraints that are `beyond` the fragment."""
        found = []
        for one in beyond:
            try:
                found.append(self._select(one))
            except BeyondError:
                continue
        return tuple(found)

    def _construct(self, shape: URIRef, compiled: bool) -> Query:
        rule, text = _asked(self.graph, shape, SH.rule, SH.construct)
        if (rule, RDF.type, SH.SPARQLRule) not in self.graph or (not compiled and _ANY.search(text)):
            raise BeyondError
        needs, algebra = needs_of_rule(self.graph, shape, self.background), _algebra(text, ox.QueryTriples)
        name = str(rule if isinstance(rule, URIRef) else shape)
        return Query(str(shape), order_of(self.graph, rule), needs, text, _terms(algebra.p), name, _given(algebra),
                     self._fault(shape))  # fmt: skip

    def _fault(self, shape: URIRef) -> tuple[str, str, str] | None:
        """What is wrong with a record that the rule of a shape contradicts: code, message, remedy."""
        code, message, remedy = (str(self.graph.value(shape, p) or "") for p in (GP.code, SH.message, GP.remedy))
        return (code, message, remedy) if code else None

    def _select(self, beyond: Beyond) -> Query:
        _, text = _asked(self.graph, URIRef(beyond.shape), SH.sparql, SH.select)
        if not asks_of_one_node(text):
            raise BeyondError
        return Query(beyond.shape, 0.0, beyond.needs, text, _terms(read_query(text).algebra.p))


@lru_cache(maxsize=256)
def asks_of_one_node(text: str) -> bool:
    """Whether a query selects by what one node states, each by itself, and the as-of date."""
    try:
        project = _algebra(text, ox.QuerySolutions).p
        triples = list(_triples(project.p)) if project.name == "Project" and Variable("value") in project.PV else []
    except BeyondError:
        return False
    stated = [(s, p) for s, p, _ in triples if s != Variable("this")]
    plain = all(isinstance(s, Variable) and isinstance(p, URIRef) for s, p in stated)
    dated = {p for s, p, _ in triples if s == Variable("this")} == {GP.asOf}
    return plain and dated and len({s for s, _ in stated}) == 1 and not _ELSEWHERE.search(text)


def _triples(part: Any) -> Iterator[Any]:
    """The triple patterns of a part without groups of its own. Raises BeyondError for any other part."""
    match part.name:
        case "BGP":
            yield from part.triples
        case "Join" | "LeftJoin" | "Union":
            yield from _triples(part.p1)
            yield from _triples(part.p2)
        case "Extend" | "Filter":
            yield from _triples(part.p)
        case _:
            raise BeyondError


def _asked(graph: Graph, shape: URIRef, link: URIRef, text: URIRef) -> tuple[Node, str]:
    """A node with a query, and the query, which gives the same each time."""
    node, found = query_of(graph, shape, link, text)
    if _FICKLE.search(found) or not _THIS.search(found):
        raise BeyondError
    return node, found


def _algebra(text: str, kind: type) -> Any:
    """The algebra of a query, which Oxigraph has to read too, and to give results of a kind."""
    try:
        if not isinstance(ox.Store().query(text), kind):
            raise BeyondError
        return read_query(text).algebra
    except Exception as error:  # whatever is wrong with the query, the reference says it when it asks it
        raise BeyondError from error


def _given(algebra: Any) -> tuple[str, ...]:
    """The properties and the classes that a CONSTRUCT adds; for one in a variable, all that the query binds."""
    terms = [o if p == RDF.type else p for _, p, o in algebra.template]
    bound = (iri for part in _parts(algebra.p) if getattr(part, "name", "") in ("Extend", "ToMultiSet", "values")
             for iri in _terms(part.get("expr", part)))  # fmt: skip
    named = {str(term) for term in terms if isinstance(term, URIRef)}
    return tuple(sorted(named if len(named) == len(set(terms)) else named.union(bound)))


def _terms(part: Any) -> tuple[str, ...]:
    """The IRIs that stand in a part of a query."""
    return tuple(sorted({str(one) for one in _parts(part) if isinstance(one, URIRef)}))


def _parts(part: Any) -> Iterator[Any]:
    """A part of a query, and all that it consists of."""
    yield part
    inner: Iterable[Any] = ()
    match part:
        case MulPath():
            inner = (part.path,)
        case InvPath():
            inner = (part.arg,)
        case SequencePath() | AlternativePath() | NegatedPath():
            inner = part.args
        case Mapping():
            inner = part.values()
        case list() | tuple() | set() | ParseResults():
            inner = part
    for one in inner:
        yield from _parts(one)
