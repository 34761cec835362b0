"""Reading the triples about one patient as observations.

A property that `gp:negates` another says that the patient has no filler in the class that it names. A functional
property of the patient leads to one node, whose own values and quantities are read too. Properties that state a lower
and an upper bound of a quantity (`gp:lowerBoundOf`, `gp:upperBoundOf`) are read together, as one number between them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from types import MappingProxyType

from rdflib import OWL, RDF, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.compiled import PropertyRule
from reasoner.facts import DERIVED, RECORDED, Observation

Triple = tuple[Node, Node, Node]


def observe(
    graph: Graph,
    patient: Node,
    properties: Mapping[str, PropertyRule],
    negations: Mapping[str, str],
    derived: Collection[Triple] = (),
    bounds: Mapping[str, tuple[str, str]] = MappingProxyType({}),
) -> tuple[Observation, ...]:
    """What `graph` says of `patient`; observations resting on a triple of `derived` are marked so.

    `bounds` gives the quantity and the side (`low` or `high`) of each property that states a bound.
    """
    reader = _Observer(graph, patient, properties, derived, bounds)
    found = set(reader.absences(negations)) | set(reader.of_node(patient, ()))
    return tuple(sorted(found, key=lambda seen: (seen.path, seen.kind, seen.target, seen.present, seen.source)))


class _Observer:
    def __init__(
        self,
        graph: Graph,
        patient: Node,
        properties: Mapping[str, PropertyRule],
        derived: Collection[Triple],
        bounds: Mapping[str, tuple[str, str]],
    ) -> None:
        self.graph, self.patient, self.properties = graph, patient, properties
        self.derived, self.bounds = derived, bounds

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
        yield from self._ranges(node, path, by)

    def _ranges(self, node: Node, path: tuple[str, ...], by: str) -> Iterator[Observation]:
        """The quantities of `node` of which it has bounds; of several bounds on one side the narrowest."""
        found: dict[str, dict[str, list[Decimal]]] = {}
        for prop, (quantity, side) in self.bounds.items():
            for value in self.graph.objects(node, URIRef(prop)):
                found.setdefault(quantity, {}).setdefault(side, []).append(Decimal(str(value)))
                by = by if by == DERIVED else self._by((node, URIRef(prop), value))
        for quantity, sides in found.items():
            low, high = max(sides.get("low", ()), default=None), min(sides.get("high", ()), default=None)
            yield Observation((*path, quantity), "number", low=low, high=high, source=name_of(node), by=by)

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
                typed = by if by == DERIVED else self._by((value, RDF.type, cls))
                yield Observation(path, "class", str(cls), source=name_of(value), by=typed)
        if rule.functional:
            yield from self.of_node(value, path, by)

    def _by(self, triple: Triple) -> str:
        return DERIVED if triple in self.derived else RECORDED


def name_of(node: Node) -> str:
    """A node as results write it: an IRI, or a blank node's label."""
    return str(node) if isinstance(node, URIRef) else f"_:{node}"
