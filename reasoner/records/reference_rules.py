"""What the reference's shapes look at, and running SHACL rules (https://www.w3.org/TR/shacl-af/#rules) until they end.

pySHACL validates and runs the rules. A query that starts from the node with the as-of date goes over all records at
once, and Oxigraph answers it: rdflib would take minutes, and the compiled contract asks Oxigraph too. A shape says by
`gp:needs` what its rules cannot do without.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pyoxigraph as ox
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, URIRef, Variable
from rdflib.query import Result
from rdflib.term import Identifier, Node

from reasoner.errors import GuidelineError, Problem
from reasoner.rdf import Triple
from reasoner.records import vocabulary
from reasoner.records.contract_queries import asks_of_one_node
from reasoner.records.conversion import to_quad
from reasoner.records.record_store import constructed, solutions
from reasoner.terms import GP

#: The same for rdflib.
AS_OF = URIRef(vocabulary.AS_OF)

_SERVICE = re.compile(r"\bSERVICE\b", re.IGNORECASE)


class Scene(Graph):
    """What constraints look at: records, and a background."""

    def __init__(self, records: Iterable[Triple], background: Iterable[Triple]) -> None:
        super().__init__(bind_namespaces="none")
        self.addN((*triple, self) for triple in records)
        self._background = [triple for triple in background if triple not in self]
        self.addN((*triple, self) for triple in self._background)
        self._store: ox.Store | None = None

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Result:
        """The result of a constraint's query: of one that is compiled as Oxigraph answers it."""
        text = str(query_object)
        if _this(args, kwargs) != AS_OF or not asks_of_one_node(text):
            return super().query(query_object, *args, **kwargs)
        result, found = Result("SELECT"), solutions(self._filled(), text) or []
        result.vars = [Variable(name) for name in _selected(text)]
        result.bindings = [
            {name: _term(row[str(name)]) for name in result.vars if row[str(name)] is not None} for row in found
        ]
        return result

    def _filled(self) -> ox.Store:
        """The same triples in a store of Oxigraph."""
        if self._store is None:
            self._store = ox.Store()
            self._store.bulk_extend(to_quad(triple) for triple in self)
        return self._store


@lru_cache(1000)
def _selected(text: str) -> tuple[str, ...]:
    """The variables that a query selects."""
    found = ox.Store().query(text)
    assert isinstance(found, ox.QuerySolutions)
    return tuple(variable.value for variable in found.variables)


def _this(args: Iterable[Any], kwargs: Mapping[str, Any]) -> object:
    """The focus node that pySHACL binds for a query."""
    bound = kwargs.get("initBindings") or next((a for a in args if isinstance(a, Mapping) and "this" in a), {})
    return bound.get("this")


class RuleScene(Scene):
    """What rules look at and add to."""

    def __init__(self, records: Iterable[Triple], background: Iterable[Triple]) -> None:
        super().__init__(records, background)
        self.added: list[Triple] = []

    def records(self) -> Graph:
        """The records with what was added, and no background. The scene is over."""
        for triple in [*self._background, *self.triples((AS_OF, None, None))]:
            self.remove(triple)
        return Graph(self.store, self.identifier, bind_namespaces="none")

    def add(self, triple: Any) -> RuleScene:
        """Add what a rule gives."""
        if triple not in self:
            super().add(triple)
            self.added.append(triple)
            if self._store is not None:
                self._store.add(to_quad(triple))
        return self

    def query(self, query_object: Any, *args: Any, **kwargs: Any) -> Result:
        """The result of a rule's query. Raises ValueError for one that leads to the network or that is none."""
        if _SERVICE.search(str(query_object)):
            raise ValueError("a rule may not call SERVICE")
        if _this(args, kwargs) != AS_OF:
            return Graph.query(self, query_object, *args, **kwargs)
        result = Result("CONSTRUCT")
        result.graph = Graph("SimpleMemory", bind_namespaces="none")
        for triple in self._constructed(str(query_object)):
            result.graph.add(triple)
        return result

    def _constructed(self, query: str) -> list[Triple]:
        try:
            found = constructed(self._filled(), query)
        except SyntaxError as error:
            raise ValueError(f"the query of a rule cannot be read: {error}") from error
        if found is None:
            raise ValueError("the query of a rule is no CONSTRUCT")
        return [(_term(t.subject), _term(t.predicate), _term(t.object)) for t in found]


def _term(term: object) -> Identifier:
    """The same term in rdflib's types."""
    if isinstance(term, ox.NamedNode):
        return URIRef(term.value)
    if isinstance(term, ox.BlankNode):
        return BNode(term.value)
    assert isinstance(term, ox.Literal)
    if term.language:
        return Literal(term.value, lang=term.language)
    return Literal(term.value, datatype=URIRef(term.datatype.value), normalize=False)


@dataclass(frozen=True)
class _RuleShape:
    """A shape with rules. Of each set of `needs` some term has to occur."""

    shape: URIRef
    order: float
    needs: tuple[frozenset[Node], ...]

    def ready(self, terms: set[Node]) -> bool:
        return not any(need.isdisjoint(terms) for need in self.needs)

    def touched(self, terms: set[Node]) -> bool:
        """Whether the rules may give more once `terms` are new."""
        return bool(terms) if not self.needs else any(not need.isdisjoint(terms) for need in self.needs)


def expand(scene: RuleScene, shapes: Graph, passes: int) -> None:
    """Run the rules of `shapes` on `scene`, in the order of `sh:order`, until none has more to add.

    Raises GuidelineError for rules that cannot be used, or where one still adds triples after `passes` runs.
    """
    steps = _steps(shapes)
    due, runs, terms = list(steps), Counter[_RuleShape](), _terms(scene, scene)
    while due:
        step = due.pop(0)
        if step.ready(terms):
            if runs[step] == passes:
                what = f"the rules of {step.shape} still add triples after {passes} passes"
                raise GuidelineError(Problem("endless-rules", what, "write rules that create no new nodes"))
            new = _terms(_apply(scene, shapes, step.shape), scene)
            runs[step] += 1
            terms |= new
            due = [s for s in steps if s in due or s.touched(new)]


def _steps(shapes: Graph) -> list[_RuleShape]:
    found = []
    for shape in {s for s in shapes.subjects(SH.rule) if isinstance(s, URIRef)}:
        orders = [float(str(o)) for rule in shapes.objects(shape, SH.rule) for o in shapes.objects(rule, SH.order)]
        needs = [frozenset(shapes.items(need)) or frozenset({need}) for need in shapes.objects(shape, GP.needs)]
        found.append(_RuleShape(shape, min(orders, default=0), tuple(needs)))
    return sorted(found, key=lambda step: (step.order, step.shape))


def _terms(triples: Iterable[Triple], taxonomy: Graph) -> set[Node]:
    """The properties and the types that stand in `triples`, and all above them."""
    used = {o if p == RDF.type else p for _, p, o in triples}
    above = (RDFS.subClassOf, RDFS.subPropertyOf)
    return used | {term for p in above for t in used for term in taxonomy.transitive_objects(t, p) if term is not None}


def _apply(scene: RuleScene, shapes: Graph, shape: URIRef) -> list[Triple]:
    """What the rules of one shape add."""
    import pyshacl  # slow to import; needed only here

    before = len(scene.added)
    try:
        pyshacl.shacl_rules(scene, shacl_graph=shapes, inplace=True, use_shapes=[str(shape)])
    except (RuntimeError, ValueError, AttributeError) as error:
        what = f"the shapes cannot be used: {' '.join(str(error).split())}"
        raise GuidelineError(Problem("bad-shapes", what, "correct them", node=str(shape))) from error
    return scene.added[before:]
