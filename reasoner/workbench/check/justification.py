"""Why a class can have no member: a minimal set of axioms, without any of which it could have one.

Minimal sets are found by QuickXplain (U. Junker, QUICKXPLAIN: Preferred explanations and relaxations for
over-constrained problems, AAAI 2004), with HermiT as the judge.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from rdflib import OWL, RDF, RDFS, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.errors import EngineError
from reasoner.patient.hermit import Logical
from reasoner.patient.hermit_process import classified, taxonomy_of
from reasoner.workbench.check.files import Sources
from reasoner.workbench.lookup import reachable

#: How long the search for a minimal set may take, in seconds; what is left then is shown as it is.
TIMEOUT = 60
_LINKS = (RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith, OWL.disjointUnionOf, OWL.unionOf, OWL.intersectionOf,
          OWL.complementOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, OWL.members)  # fmt: skip


class StatedAxiom(NamedTuple):
    """One axiom: the triple that states it, and all triples that it consists of."""

    stated: tuple[Node, Node, Node]
    triples: tuple[tuple[Node, Node, Node], ...]


def minimal_axioms(sources: Sources, cls: URIRef) -> list[StatedAxiom]:
    """Axioms that leave a class empty, as few as the time allows. Raises EngineError where HermiT fails."""
    search = _Search(sources.ontology, cls, time.monotonic() + TIMEOUT)
    candidates = _bearing(sources.ontology, cls)
    return search.explained([], candidates, False) if search.is_empty(candidates) else []


def _bearing(graph: Graph, cls: URIRef) -> list[StatedAxiom]:
    """The axioms about the class, and about what these name, and so on; those nearest to the class first."""
    found: dict[tuple[Node, Node, Node], StatedAxiom] = {}
    terms: list[Node] = [cls]
    for term in terms:
        for axiom in _about(graph, term):
            if axiom.stated not in found:
                found[axiom.stated] = axiom
                named = {o for triple in axiom.triples for o in triple if isinstance(o, URIRef)}
                terms += sorted(named - set(terms), key=str)
    return list(found.values())


def _about(graph: Graph, term: Node) -> list[StatedAxiom]:
    """The axioms that describe a term, or set it apart from others."""
    stated = [(term, p, o) for p in _LINKS for o in graph.objects(term, p)]
    stated += [(s, OWL.disjointWith, term) for s in graph.subjects(OWL.disjointWith, term)]
    stated += [(term, RDF.type, kind) for kind in (OWL.FunctionalProperty,) if (term, RDF.type, kind) in graph]
    stated += [(node, RDF.type, OWL.AllDisjointClasses) for node in graph.subjects(RDF.type, OWL.AllDisjointClasses)
               if term in reachable([node], lambda n: graph.objects(n) if isinstance(n, BNode) else ())]  # fmt: skip
    return [StatedAxiom(one, _whole(graph, one)) for one in sorted(stated, key=str)]


def _whole(graph: Graph, stated: tuple[Node, Node, Node]) -> tuple[tuple[Node, Node, Node], ...]:
    """A triple with all that its nodes without names state."""
    nodes = reachable([stated[0], stated[2]], lambda n: graph.objects(n) if isinstance(n, BNode) else ())
    inner = (triple for node in nodes if isinstance(node, BNode) for triple in graph.triples((node, None, None)))
    return tuple(dict.fromkeys([stated, *inner]))


class _Search:
    """Looks for a minimal set of axioms that leaves a class empty."""

    def __init__(self, graph: Graph, cls: URIRef, deadline: float) -> None:
        kinds = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty, OWL.NamedIndividual)
        self._declared = [(s, RDF.type, kind) for kind in kinds for s in graph.subjects(RDF.type, kind)
                          if isinstance(s, URIRef)]  # fmt: skip
        self._cls, self._deadline = cls, deadline

    def is_empty(self, axioms: Sequence[StatedAxiom]) -> bool:
        """Whether these axioms leave the class empty."""
        graph = Graph()
        for triple in (*self._declared, *(triple for axiom in axioms for triple in axiom.triples)):
            graph.add(triple)
        try:
            same = taxonomy_of(classified(Logical([graph]).triples, self._deadline)).get(str(OWL.Nothing), set())
        except EngineError as error:
            if "Inconsistent" in error.problem.what:
                return True
            raise
        return str(self._cls) in same

    def explained(self, kept: list[StatedAxiom], candidates: list[StatedAxiom], grown: bool) -> list[StatedAxiom]:
        """The fewest of the candidates that, beside those kept, leave the class empty."""
        if time.monotonic() > self._deadline:
            return candidates
        if grown and self.is_empty(kept):
            return []
        if len(candidates) < 2:
            return candidates
        half = len(candidates) // 2
        first, second = candidates[:half], candidates[half:]
        later = self.explained([*kept, *first], second, bool(first))
        sooner = self.explained([*kept, *later], first, bool(later))
        return [*sooner, *later]
