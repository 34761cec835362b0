"""Reading the statements about one patient as observations.

A property that `gp:negates` another says that the patient has no filler in the class that it names. A functional
property of the patient leads to one node, whose own values and quantities are read too. Properties that state a lower
and an upper bound of a quantity (`gp:lowerBoundOf`, `gp:upperBoundOf`) are read together, as one number between them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from types import MappingProxyType
from typing import NamedTuple

from reasoner.errors import Problem
from reasoner.logic.compiled import PropertyRule
from reasoner.logic.facts import DERIVED, RECORDED, Basis, Observation
from reasoner.records.contract import TYPE, Query
from reasoner.records.nodes import LiteralTerm, Nodes, Term, Triple, Values

_NAMED_INDIVIDUAL = "http://www.w3.org/2002/07/owl#NamedIndividual"
_DERIVED_FROM = "http://www.w3.org/ns/prov#wasDerivedFrom"
_NOTHING: Values = {}


class RuleTerms(NamedTuple):
    """The rules that give a term, and the terms that they ask about, and so the rules that give those, and so on.

    `fault` is what is wrong with a record that they contradict: code, message and remedy.
    """

    rules: tuple[str, ...] = ()
    asked: frozenset[str] = frozenset()
    fault: tuple[str, str, str] = ("contradictory-record", "a rule gives another value", "correct the record")


def rule_terms(rules: Iterable[Query]) -> dict[str, RuleTerms]:
    """The rules behind each property that rules give, and behind each class that they add nodes to."""
    given: dict[str, list[Query]] = {}
    for rule in rules:
        for term in rule.gives:
            given.setdefault(term, []).append(rule)
    return {term: _behind(term, given) for term in given}


def _behind(term: str, given: Mapping[str, Sequence[Query]]) -> RuleTerms:
    found = RuleTerms(tuple(sorted(rule.rule for rule in given[term])), _asked(term, given))
    faults = [rule.fault for rule in given[term] if rule.fault]
    return found._replace(fault=faults[0]) if faults else found


def _asked(term: str, given: Mapping[str, Iterable[Query]]) -> frozenset[str]:
    found = {term: None}
    for one in (waiting := [term]):
        new = [asked for rule in given.get(one, ()) for asked in rule.terms if asked not in found]
        found |= dict.fromkeys(new)
        waiting += new
    return frozenset(found)


class Observer:
    """Observes patients by the properties of one guideline.

    `negations` give the property that each denies, `bounds` the quantity and the side (`low` or `high`) of each
    property that states a bound, `rules` what stands behind each term that rules give.
    """

    def __init__(
        self,
        properties: Mapping[str, PropertyRule],
        negations: Mapping[str, str],
        bounds: Mapping[str, tuple[str, str]],
        rules: Mapping[str, RuleTerms] = MappingProxyType({}),
    ) -> None:
        self.properties, self.negations, self.bounds, self.rules = properties, negations, bounds, rules

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
        observed.of_node(patient, (), None)
        several = len(set(observed.numbers)) < len(observed.numbers)
        return tuple(dict.fromkeys(sorted(observed.found, key=_ordered if several else None)))

    def contradicted(self, nodes: Nodes, among: Collection[str], derived: Collection[Triple]) -> tuple[Problem, ...]:
        """What is wrong with the nodes to which a rule gives another value of a functional property than they have."""
        found = []
        for node, p, given in sorted(derived, key=str) if derived else ():
            rule = self.properties.get(p)
            stated = [o for o in nodes[node][p] if (node, p, o) not in derived] if node in among else []
            if rule is not None and rule.functional and stated:
                code, message, remedy = self.rules[p].fault
                kinds = " and ".join(sorted(map(_text, nodes[node].get(TYPE, ()))))
                what = f"{kinds} with {p} {_text(stated[0])}, where {_text(given)} follows: {message}"
                found.append(Problem(code, what, remedy))
        return tuple(found)

    def further(self, nodes: Nodes, patient: str) -> tuple[str, ...]:
        """A note on each finding that could have been the one that a functional property names, and is not."""
        stated = nodes.get(patient, {})
        return tuple(sorted(
            f"A further {rule.ranges[0]} ({self._attributes(nodes[other])}) is recorded beside the {p}: "
            "nothing in the answer is about it."
            for p, rule in self.properties.items() if rule.functional and not rule.data and p in stated
            for other in _others(nodes, stated, p, rule)
        ))  # fmt: skip

    def _attributes(self, stated: Mapping[str, Values]) -> str:
        """What a node has of functional properties, as text."""
        found = [f"{p} {_text(o)}" for p in sorted(stated) if p in self.properties and self.properties[p].functional
                 for o in stated[p]]  # fmt: skip
        return ", ".join(found) or "without attributes"


def _others(nodes: Nodes, stated: Mapping[str, Values], named: str, rule: PropertyRule) -> Iterator[str]:
    """The nodes of the range of a property that only a property above it leads to."""
    for p in rule.supers:
        for node in map(_text, stated.get(p, ())):
            kinds = nodes[node].get(TYPE, _NOTHING) if node in nodes else _NOTHING
            if node not in stated[named] and not kinds.keys().isdisjoint(rule.ranges):
                yield node


def _ordered(observation: Observation) -> tuple[object, ...]:
    """Where an observation stands among others: numbers of one quantity by their source, and no bound after a bound."""
    path, kind, target, present, low, high, source, by, basis = observation
    return path, kind, target, present, source, by, basis, low is None, low, high is None, high


class _Observed:
    """The statements of a record while they are observed, and what is found."""

    def __init__(self, by: Observer, nodes: Nodes, derived: Collection[Triple], names: Mapping[str, str]) -> None:
        self.properties, self.negations, self.bounds, self.rules = by.properties, by.negations, by.bounds, by.rules
        self.nodes, self.derived, self.names = nodes, derived, names
        self.found: list[Observation] = []
        self.numbers: list[tuple[str, ...]] = []

    def absences(self, patient: str) -> None:
        """The classes of which the patient has no filler."""
        stated, source = self.nodes.get(patient, {}), self.names.get(patient, patient)
        for prop in self.negations.keys() & stated.keys():
            path = (self.negations[prop],)
            for cls in stated[prop]:
                self._find(path, "class", _text(cls), source, self._basis(patient, prop, cls), present=False)

    def of_node(self, node: str, path: tuple[str, ...], basis: Basis | None) -> None:
        """What is stated of a node at the end of `path`; that the node is there rests on `basis`, or is recorded."""
        stated = self.nodes.get(node, {})
        source = self.names.get(node, node)
        for p, values in stated.items():
            rule = self.properties.get(p)
            if rule is not None:
                here = (*path, p)
                for value in values:
                    origin = _joined(basis, self._basis(node, p, value))
                    if rule.data:
                        number = Decimal(value.value) if isinstance(value, LiteralTerm) else None
                        self._number(here, number, number, source, origin)
                    elif type(value) is str:
                        self._filler(here, value, source, origin)
                        if rule.functional:
                            self.of_node(value, here, origin)
        if not self.bounds.keys().isdisjoint(stated):
            self._ranges(node, stated, path, basis)

    def _filler(self, path: tuple[str, ...], value: str, source: str, basis: Basis | None) -> None:
        """An individual and its classes."""
        if value[0] != "_":
            self._find(path, "value", value, source, basis)
        stated = self.nodes.get(value)
        for cls in stated.get(TYPE, _NOTHING) if stated else ():
            if cls != _NAMED_INDIVIDUAL:
                named = self.names.get(value, value)
                self._find(path, "class", _text(cls), named, _joined(basis, self._basis(value, TYPE, cls)))

    def _ranges(self, node: str, stated: Mapping[str, Values], path: tuple[str, ...], basis: Basis | None) -> None:
        """The quantities of `node` of which it has bounds; of several bounds on one side the narrowest."""
        found: dict[str, dict[str, list[Decimal]]] = {}
        for prop, (quantity, side) in self.bounds.items():
            for value in stated.get(prop, _NOTHING):
                found.setdefault(quantity, {}).setdefault(side, []).append(Decimal(_text(value)))
                basis = _joined(basis, self._basis(node, prop, value))
        for quantity, sides in found.items():
            low, high = max(sides.get("low", ()), default=None), min(sides.get("high", ()), default=None)
            self._number((*path, quantity), low, high, self.names.get(node, node), basis)

    def _number(
        self, path: tuple[str, ...], low: Decimal | None, high: Decimal | None, source: str, basis: Basis | None
    ) -> None:
        self.numbers.append(path)
        by = RECORDED if basis is None else DERIVED
        self.found.append(Observation(path, "number", "", True, low, high, source, by, basis or _RECORDED))

    def _find(
        self, path: tuple[str, ...], kind: str, target: str, source: str, basis: Basis | None, present: bool = True
    ) -> None:
        by = RECORDED if basis is None else DERIVED
        self.found.append(Observation(path, kind, target, present, None, None, source, by, basis or _RECORDED))

    def _basis(self, s: str, p: str, o: Term) -> Basis | None:
        """What a triple rests on that rules gave; None for one that is recorded."""
        if not self.derived or (s, p, o) not in self.derived:
            return None
        behind = self.rules.get(str(o) if p == TYPE else p, RuleTerms())
        nodes = {s, *(str(node) for node in self._values(s, _DERIVED_FROM, derived=True))}
        return Basis(behind.rules, tuple(sorted({
            (self.names.get(node, node), asked, _text(value), getattr(value, "datatype", "")) for node in nodes
            for asked in self.nodes.get(node, {}) if asked in behind.asked and asked != TYPE
            for value in self._values(node, asked, derived=False) if value not in self.nodes
        })))  # fmt: skip

    def _values(self, node: str, p: str, *, derived: bool) -> list[Term]:
        """The values that rules gave, or those that are recorded."""
        return [o for o in self.nodes[node].get(p, _NOTHING) if ((node, p, o) in self.derived) is derived]


#: What is recorded rests on no rule.
_RECORDED = Basis()


def _joined(one: Basis | None, other: Basis | None) -> Basis | None:
    """What rests on both."""
    if one is None or other is None:
        return one or other
    rules, statements = {*one.rules, *other.rules}, {*one.statements, *other.statements}
    return Basis(tuple(sorted(rules)), tuple(sorted(statements)))


def _text(term: Term) -> str:
    return term.value if isinstance(term, LiteralTerm) else term
