"""Reading the triples about one patient as observations.

A property that `gp:negates` another says that the patient has no filler in the class that it names. A functional
property of the patient leads to one node, whose own values and quantities are read too.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal

from rdflib import OWL, RDF, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.compile import PropertyRule
from reasoner.facts import DERIVED, RECORDED, Observation

Triple = tuple[Node, Node, Node]


def observe(
    graph: Graph,
    patient: Node,
    properties: Mapping[str, PropertyRule],
    negations: Mapping[str, str],
    derived: Collection[Triple] = (),
) -> tuple[Observation, ...]:
    """What `graph` says of `patient`; observations resting on a triple of `derived` are marked so."""
    reader = _Observer(graph, patient, properties, derived)
    found = set(reader.absences(negations)) | set(reader.of_node(patient, ()))
    return tuple(sorted(found, key=lambda seen: (seen.path, seen.kind, seen.target, seen.present, seen.source)))


class _Observer:
    def __init__(
        self, graph: Graph, patient: Node, properties: Mapping[str, PropertyRule], derived: Collection[Triple]
    ) -> None:
        self.graph, self.patient, self.properties, self.derived = graph, patient, properties, derived

    def absences(self, negations: Mapping[str, str]) -> Iterator[Observation]:
        for prop, denied in negations.items():
            for cls in self.graph.objects(self.patient, URIRef(prop)):
                by = self._by((self.patient, URIRef(prop), cls))
                yield Observation((denied,), "class", str(cls), False, source=name_of(self.patient), by=by)

    def of_node(self, node: Node, path: tuple[str, ...], by: str = RECORDED) -> Iterator[Observation]:
        for p, o in self.graph.predicate_objects(node):
            rule = self.properties.get(str(p))
            if rule is not None:
                origin = by if by == DERIVED else self._by((node, p, o))
                yield from self._value(node, (*path, str(p)), o, rule, origin)

    def _value(
        self, node: Node, path: tuple[str, ...], value: Node, rule: PropertyRule, by: str
    ) -> Iterator[Observation]:
        if rule.data:
            number = Decimal(str(value)) if isinstance(value, Literal) else None
            yield Observation(path, "number", low=number, high=number, source=name_of(node), by=by)
            return
        if isinstance(value, URIRef):
            yield Observation(path, "value", str(value), source=name_of(node), by=by)
        for cls in self.graph.objects(value, RDF.type):
            if cls != OWL.NamedIndividual:
                yield Observation(path, "class", str(cls), source=name_of(value), by=by)
        if rule.functional:
            yield from self.of_node(value, path, by)

    def _by(self, triple: Triple) -> str:
        return DERIVED if triple in self.derived else RECORDED


def name_of(node: Node) -> str:
    """A node as results write it: an IRI, or a blank node's label."""
    return str(node) if isinstance(node, URIRef) else f"_:{node}"
