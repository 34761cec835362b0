"""What the shapes of a contract ask of the nodes of a record, by what brings a node before a shape."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import NamedTuple

from reasoner.records.contract import TYPE, Beyond, Contract, CountShape, Rule, Test, ValueShape


class PathConstraint(NamedTuple):
    """What a shape asks of the values of one path: with `every` that each passes a test, else how many do."""

    path: str
    test: Test
    every: bool
    low: int = 0
    high: int | None = None

    @property
    def holds_up_to(self) -> float:
        """The largest number of values for which it holds whatever the values are; -1 where the values decide."""
        return -1 if self.every or self.low else inf if self.high is None else self.high

    def holds(self, found: Sequence[bool | None]) -> bool:
        """Whether it certainly holds of values with these verdicts (None: unsure)."""
        if self.every:
            return all(found)
        passing = found.count(True)
        return self.low <= passing and (self.high is None or passing + found.count(None) <= self.high)


def constraints_of(contract: Contract) -> dict[tuple[str, str], list[PathConstraint]]:
    """What is asked of a node, by what brings it before a shape: a type, a property of it or one that leads to it."""
    found: dict[tuple[str, str], list[PathConstraint]] = {}
    asked = [(c.targets, PathConstraint(c.path, c.test, True)) for c in contract.checks]
    asked += [(c.targets, PathConstraint(c.path, c.test, False, c.low, c.high)) for c in contract.counts]
    for targets, constraint in asked:
        for target in targets:
            for iri in target.iris:
                found.setdefault((target.kind, iri), []).append(constraint)
    return found


def mentioned_in(contract: Contract) -> frozenset[str]:
    """Every term by which a shape or a rule may come upon a node."""
    shapes: list[ValueShape | CountShape] = [*contract.checks, *contract.counts]
    parts: list[Rule | Beyond] = [*contract.rules, *contract.beyond]
    found = {iri for shape in shapes for target in shape.targets for iri in (*target.iris, shape.path)}
    found |= {iri for part in parts for need in part.needs for iri in need}
    found |= {iri for query in (*contract.selects, *contract.constructs) for iri in query.terms}
    for rule in contract.rules:
        for pattern in (*rule.match, *(p for absent in rule.absent for p in absent)):
            found |= {pattern.predicate, *pattern.values}
    found |= {term for term, above in contract.above.items() if not found.isdisjoint(above)}
    return frozenset(found - {TYPE, ""})
