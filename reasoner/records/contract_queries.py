"""Which shapes and rules go over the whole data from the node with the as-of date, and by which queries.

SPARQL-based constraints, https://www.w3.org/TR/shacl/#sparql-constraints, and SPARQL rules,
https://www.w3.org/TR/shacl-af/#SPARQLRule. Oxigraph answers a rule for the reference too, so that any rule will do that
gives the same each time. A constraint is answered for the reference by rdflib: it has to be one on which the two agree,
triple patterns whose literals are compared as texts alone.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyoxigraph as ox
from pyparsing import ParseResults
from rdflib import RDF, SH, Graph, Literal, URIRef, Variable
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
        needs = needs_of_rule(self.graph, shape, self.background)
        return Query(str(shape), order_of(self.graph, rule), needs, text, _terms(_algebra(text, ox.QueryTriples).p))

    def _select(self, beyond: Beyond) -> Query:
        _, text = _asked(self.graph, URIRef(beyond.shape), SH.sparql, SH.select)
        algebra = _algebra(text, ox.QuerySolutions)
        if algebra.p.name != "Project" or Variable("value") not in algebra.p.PV:
            raise BeyondError
        _Texts().read(algebra.p.p)
        return Query(beyond.shape, 0.0, beyond.needs, text, _terms(algebra.p))


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


class _Texts:
    """Reads a constraint that compares literals as texts alone. Whatever else it does raises BeyondError."""

    def __init__(self) -> None:
        self._values: set[Variable] = set()
        self._texts: set[Variable] = set()

    def read(self, part: Any) -> set[Variable]:
        """The variables that the patterns of a part bind to values, which may be literals."""
        match part.name:
            case "BGP":
                return self._bound(part.triples)
            case "Join":
                return self._apart(self.read(part.p1), self.read(part.p2))
            case "Union":
                return self.read(part.p1) | self.read(part.p2)
            case "Extend":
                found = self.read(part.p)
                self._extend(part.var, part.expr)
                return found
            case "Filter":
                found = self.read(part.p)
                self._compares(part.expr)
                return found
        raise BeyondError

    def _bound(self, triples: Sequence[Any]) -> set[Variable]:
        found = set[Variable]()
        for s, p, o in triples:
            if not isinstance(s, Variable) or not isinstance(p, URIRef) or (s == Variable("this")) != (p == GP.asOf):
                raise BeyondError
            if isinstance(o, Variable):
                found = self._apart(found, {o})
            elif not isinstance(o, URIRef):
                raise BeyondError
        self._values |= found
        nodes = {s for s, _, _ in triples}
        return self._apart(found, nodes) - nodes

    def _apart(self, one: set[Variable], other: set[Variable]) -> set[Variable]:
        """Both sets, which have nothing in common: stores differ in which literals they call equal."""
        if not one.isdisjoint(other):
            raise BeyondError
        return one | other

    def _extend(self, var: Variable, expr: Any) -> None:
        if not isinstance(expr, URIRef):
            self._is_text(expr)
            self._texts.add(var)

    def _compares(self, expr: Any) -> None:
        if getattr(expr, "name", "") != "RelationalExpression" or expr.op not in ("<", ">", "<=", ">=", "=", "!="):
            raise BeyondError
        self._is_text(expr.expr)
        self._is_text(expr.other)

    def _is_text(self, expr: Any) -> None:
        name = getattr(expr, "name", "")
        if name == "Builtin_SUBSTR":
            if getattr(expr.length, "name", "") != "Builtin_STRLEN" or expr.start != Literal(1):
                raise BeyondError
            self._is_text(expr.arg)
            self._is_text(expr.length.arg)
        elif name == "Builtin_STR":
            if not isinstance(expr.arg, Variable) or expr.arg not in self._values:
                raise BeyondError
        elif expr not in self._texts:
            raise BeyondError
