"""Running compiled rules over the record of one patient until they add nothing.

As `rules` runs them: in their order, each only where the terms that it needs occur, again where such a term is new.
Sets of needed terms are bits of a number.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from msgspec import Struct

from reasoner.records.contract import TYPE, Beyond, Contract, Pattern, Rule
from reasoner.records.nodes import LiteralTerm, Nodes, Term, Triple, Values

Bindings = Mapping[str, Term]

#: How often rules run on one record before the reference is asked whether they end.
_MOST_RUNS = 50


class UnsureError(Exception):
    """The reference has to say what follows from the record."""


class Needs:
    """Which sets of needed terms occur in a record, as bits."""

    def __init__(self, contract: Contract) -> None:
        parts: list[Rule | Beyond] = [*contract.rules, *contract.beyond]
        sets = sorted({need for part in parts for need in part.needs})
        self._bits = {need: 1 << i for i, need in enumerate(sets)}
        self._above = contract.above
        self._met: dict[str, int] = {}
        for need, bit in self._bits.items():
            for term in need:
                self._met[term] = self._met.get(term, 0) | bit

    def of(self, needs: Iterable[tuple[str, ...]]) -> int:
        """The bits of some sets."""
        return sum(self._bits[need] for need in set(needs))

    def met_by(self, term: str) -> int:
        """The sets in which a property or a type, or one above it, stands."""
        found = self._met.get(term, 0)
        for above in self._above.get(term, ()):
            found |= self._met.get(above, 0)
        return found


class _Pattern(NamedTuple):
    """A pattern ready to match. The object is one of `wanted`, or else a variable, that is `joined` if it recurs."""

    subject: str
    predicate: str
    object: str
    wanted: frozenset[Term]
    joined: bool


class _Step(Struct, frozen=True, eq=False):
    """A rule ready to run: its patterns in the order in which they are matched, and what it needs, as bits."""

    rule: Rule
    needs: int
    match: tuple[_Pattern, ...]
    absent: tuple[tuple[_Pattern, ...], ...]


class Rules:
    """The compiled rules of a guideline."""

    def __init__(self, contract: Contract, needs: Needs) -> None:
        self._needs = needs
        self._steps = [_step(rule, needs) for rule in contract.rules]
        self._always = any(not step.needs for step in self._steps)

    def run(self, nodes: Nodes, group: Sequence[str], met: int) -> tuple[frozenset[Triple], int]:
        """Add to `nodes` what follows about those of `group`: the new triples, and all needs that are met then.

        Raises UnsureError where the reference has to say what follows.
        """
        if not self._always and not any(step.needs & met == step.needs for step in self._steps):
            return frozenset(), met
        derived: list[Triple] = []
        due, runs = list(self._steps), 0
        while due:
            step = due.pop(0)
            if step.needs & met == step.needs:
                new = [triple for triple in _given(step, nodes, group) if add(nodes, triple)]
                if new:
                    gained = self._gained(new)
                    met |= gained
                    due = [s for s in self._steps if s in due or not s.needs or s.needs & gained]
                    derived += new
                runs += 1
                if runs > _MOST_RUNS:
                    raise UnsureError
        return frozenset(derived), met

    def _gained(self, new: Iterable[Triple]) -> int:
        found = 0
        for _, p, o in new:
            found |= self._needs.met_by(str(o) if p == TYPE else p)
        return found


def add(nodes: Nodes, triple: Triple) -> bool:
    """Add a triple; whether it is new."""
    s, p, o = triple
    values = nodes[s].setdefault(p, {})
    if o in values:
        return False
    values[o] = None
    return True


def _given(step: _Step, nodes: Nodes, group: Sequence[str]) -> list[Triple]:
    """What a rule gives."""
    found = _matches(step.match, nodes, group, {})
    for absent in step.absent:
        found = [bound for bound in found if not _matches(absent, nodes, group, bound)]
    if step.rule.sole and found:
        places = [bound[step.rule.sole[0]] for bound in found]
        found = [bound for bound, place in zip(found, places, strict=True) if places.count(place) == 1]
    return [(str(bound[give.subject]), give.predicate, give.values[0] if give.values else bound[give.object])
            for bound in found for give in step.rule.give]  # fmt: skip


def _matches(patterns: Iterable[_Pattern], nodes: Nodes, group: Sequence[str], bound: Bindings) -> list[Bindings]:
    """Each way in which the patterns match the statements about the nodes of a group."""
    found = [bound]
    for pattern in patterns:
        before, found, predicate = found, [], pattern.predicate
        for here in before:
            known = here.get(pattern.subject)
            subjects = group if known is None else (str(known),) if known in nodes else ()
            said = [(s, nodes[s][predicate]) for s in subjects if predicate in nodes[s]]
            if said:
                found += _fitting(pattern, said, here)
    return found


def _fitting(pattern: _Pattern, said: Iterable[tuple[str, Values]], here: Bindings) -> list[Bindings]:
    """The ways in which the values of some nodes fit a pattern; of those that it lists, one is enough."""
    subject, wanted, known = pattern.subject, pattern.wanted, here.get(pattern.object)
    if wanted:
        return [{**here, subject: s} for s, values in said if not wanted.isdisjoint(values)]
    if known is not None:
        return [{**here, subject: s} for s, values in said if known in values]
    if pattern.joined and any(isinstance(value, LiteralTerm) for _, values in said for value in values):
        raise UnsureError
    return [{**here, subject: s, pattern.object: value} for s, values in said for value in values]


# -- the order in which patterns are matched --


def _step(rule: Rule, needs: Needs) -> _Step:
    patterns = [*rule.match, *(pattern for absent in rule.absent for pattern in absent)]
    places = Counter(name for p in (*patterns, *rule.give) for name in (p.subject, p.object) if name)
    match, bound = _ordered(rule.match, places, frozenset())
    absent = tuple(_ordered(one, places, bound)[0] for one in rule.absent)
    return _Step(rule, needs.of(rule.needs), match, absent)


def _ordered(
    patterns: Iterable[Pattern], places: Mapping[str, int], bound: frozenset[str]
) -> tuple[tuple[_Pattern, ...], frozenset[str]]:
    """The patterns, each after those that bind its variables, and what all of them bind."""
    left, found, known = list(patterns), [], bound
    while left:
        best = max(left, key=lambda p: (p.subject in known, p.object in known, bool(p.values)))
        left.remove(best)
        joined = places[best.object] > 1 if best.object else False
        found.append(_Pattern(best.subject, best.predicate, best.object, frozenset(best.values), joined))
        known |= {best.subject, best.object}
    return tuple(found), known
