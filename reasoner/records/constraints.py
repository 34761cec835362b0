"""What the shapes and rules of a contract ask for, by the terms that bring a node or a record before them."""

from __future__ import annotations

from collections.abc import Iterable

from reasoner.records.contract import TYPE, Beyond, Contract, Rule, Shape


def shapes_by_target(contract: Contract) -> dict[tuple[str, str], list[Shape]]:
    """The shapes by what brings a node before them: a type, a property of it or one that leads to it."""
    found: dict[tuple[str, str], list[Shape]] = {}
    for shape in _shapes(contract):
        for target in shape.targets:
            for iri in target.iris:
                found.setdefault((target.kind, iri), []).append(shape)
    return found


def mentioned_in(contract: Contract) -> frozenset[str]:
    """Every term by which a shape or a rule may come upon a node."""
    shapes = _shapes(contract)
    found = {iri for shape in shapes for target in shape.targets for iri in (*target.iris, shape.path)}
    found |= {iri for part in _needing(contract) for need in part.needs for iri in need}
    found |= {iri for query in (*contract.selects, *contract.constructs) for iri in query.terms}
    for rule in contract.rules:
        for pattern in (*rule.match, *(p for absent in rule.absent for p in absent)):
            found |= {pattern.predicate, *pattern.values}
    found |= {term for term, above in contract.above.items() if not found.isdisjoint(above)}
    return frozenset(found - {TYPE, ""})


def _shapes(contract: Contract) -> list[Shape]:
    return [*contract.checks, *contract.counts]


def _needing(contract: Contract) -> list[Rule | Beyond]:
    return [*contract.rules, *contract.beyond]


class Needs:
    """Sets of needed terms, `gp:needs`, as bits of a number: a record satisfies a set of which a term occurs in it."""

    def __init__(self, contract: Contract) -> None:
        sets = sorted({need for part in _needing(contract) for need in part.needs})
        self._bits = {need: 1 << i for i, need in enumerate(sets)}
        self._above = contract.above
        self._satisfied: dict[str, int] = {}
        for need, bit in self._bits.items():
            for term in need:
                self._satisfied[term] = self._satisfied.get(term, 0) | bit

    def of(self, needs: Iterable[tuple[str, ...]]) -> int:
        """The bits of some sets."""
        return sum(self._bits[need] for need in set(needs))

    def satisfied_by(self, term: str) -> int:
        """The sets in which a property or a type, or one above it, stands."""
        found = self._satisfied.get(term, 0)
        for above in self._above.get(term, ()):
            found |= self._satisfied.get(above, 0)
        return found
