"""Reading the statements about one patient as observations.

A property that `gp:negates` another says that the patient has no filler in the class that it names. A functional
property of the patient leads to one node, whose own values and quantities are read too. Properties that state a lower
and an upper bound of a quantity (`gp:lowerBoundOf`, `gp:upperBoundOf`) are read together, as one number between them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from decimal import Decimal
from types import MappingProxyType

from reasoner.logic.compiled import PropertyRule
from reasoner.logic.facts import DERIVED, RECORDED, Observation
from reasoner.records.contract import TYPE
from reasoner.records.nodes import LiteralTerm, Nodes, Term, Triple, Values

_NAMED_INDIVIDUAL = "http://www.w3.org/2002/07/owl#NamedIndividual"
_NOTHING: Values = {}


class Observer:
    """Observes patients by the properties of one guideline.

    `negations` give the property that each denies, `bounds` the quantity and the side (`low` or `high`) of each
    property that states a bound.
    """

    def __init__(
        self,
        properties: Mapping[str, PropertyRule],
        negations: Mapping[str, str],
        bounds: Mapping[str, tuple[str, str]],
    ) -> None:
        self.properties, self.negations, self.bounds = properties, negations, bounds

    def observe(
        self,
        nodes: Nodes,
        patient: str,
        derived: Collection[Triple] = frozenset(),
        names: Mapping[str, str] = MappingProxyType({}),
    ) -> tuple[Observation, ...]:
        """What `nodes` say of `patient`, blank nodes under their `names`; what rests on `derived` is marked so."""
        observed = _Observed(self, nodes, derived, names)
        observed.absences(patient)
        observed.of_node(patient, (), RECORDED)
        several = len(set(observed.numbers)) < len(observed.numbers)
        return tuple(dict.fromkeys(sorted(observed.found, key=_ordered if several else None)))


def _ordered(observation: Observation) -> tuple[object, ...]:
    """Where an observation stands among others: numbers of one quantity by their source, and no bound after a bound."""
    path, kind, target, present, low, high, source, by = observation
    return path, kind, target, present, source, by, low is None, low, high is None, high


class _Observed:
    """The statements of a record while they are observed, and what is found."""

    def __init__(self, by: Observer, nodes: Nodes, derived: Collection[Triple], names: Mapping[str, str]) -> None:
        self.properties, self.negations, self.bounds = by.properties, by.negations, by.bounds
        self.nodes, self.derived, self.names = nodes, derived, names
        self.found: list[Observation] = []
        self.numbers: list[tuple[str, ...]] = []

    def absences(self, patient: str) -> None:
        """The classes of which the patient has no filler."""
        stated, source = self.nodes.get(patient, {}), self.names.get(patient, patient)
        for prop in self.negations.keys() & stated.keys():
            path = (self.negations[prop],)
            for cls in stated[prop]:
                by = self._by(patient, prop, cls)
                self.found.append(Observation(path, "class", _text(cls), False, None, None, source, by))

    def of_node(self, node: str, path: tuple[str, ...], by: str) -> None:
        """What is stated of a node at the end of `path`."""
        stated = self.nodes.get(node, {})
        source = self.names.get(node, node)
        for p, values in stated.items():
            rule = self.properties.get(p)
            if rule is not None:
                here = (*path, p)
                for value in values:
                    origin = self._by(node, p, value) if self.derived and by == RECORDED else by
                    if rule.data:
                        number = Decimal(value.value) if isinstance(value, LiteralTerm) else None
                        self._number(here, number, number, source, origin)
                    elif type(value) is str:
                        self._filler(here, value, source, origin)
                        if rule.functional:
                            self.of_node(value, here, origin)
        if not self.bounds.keys().isdisjoint(stated):
            self._ranges(node, stated, path, by)

    def _filler(self, path: tuple[str, ...], value: str, source: str, by: str) -> None:
        """An individual and its classes."""
        found = self.found
        if value[0] != "_":
            found.append(Observation(path, "value", value, True, None, None, source, by))
        stated = self.nodes.get(value)
        for cls in stated.get(TYPE, _NOTHING) if stated else ():
            if cls != _NAMED_INDIVIDUAL:
                named = self.names.get(value, value)
                typed = self._by(value, TYPE, cls) if self.derived and by == RECORDED else by
                found.append(Observation(path, "class", _text(cls), True, None, None, named, typed))

    def _ranges(self, node: str, stated: Mapping[str, Values], path: tuple[str, ...], by: str) -> None:
        """The quantities of `node` of which it has bounds; of several bounds on one side the narrowest."""
        found: dict[str, dict[str, list[Decimal]]] = {}
        for prop, (quantity, side) in self.bounds.items():
            for value in stated.get(prop, _NOTHING):
                found.setdefault(quantity, {}).setdefault(side, []).append(Decimal(_text(value)))
                by = by if by == DERIVED else self._by(node, prop, value)
        for quantity, sides in found.items():
            low, high = max(sides.get("low", ()), default=None), min(sides.get("high", ()), default=None)
            self._number((*path, quantity), low, high, self.names.get(node, node), by)

    def _number(self, path: tuple[str, ...], low: Decimal | None, high: Decimal | None, source: str, by: str) -> None:
        self.numbers.append(path)
        self.found.append(Observation(path, "number", "", True, low, high, source, by))

    def _by(self, s: str, p: str, o: Term) -> str:
        return DERIVED if self.derived and (s, p, o) in self.derived else RECORDED


def _text(term: Term) -> str:
    return term.value if isinstance(term, LiteralTerm) else term
