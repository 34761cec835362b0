"""Completing records: the guideline's rules run on some patients until they add nothing.

As the reference runs them (`reasoner.records.reference_rules`): in their order, each only where the terms that it needs
occur, again where such a term is new. A rule inside the fragment of `reasoner.records.contract_rules` is matched as
patterns, here, at a tenth of the cost of a query; any other is a query, which a store of the records answers
(`reasoner.records.record_store`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import or_
from typing import NamedTuple

from msgspec import Struct

from reasoner.records.constraints import Needs
from reasoner.records.contract import TYPE, Contract, Pattern, Rule
from reasoner.records.nodes import LiteralTerm, NeedsReferenceError, Nodes, Term, Triple, Values
from reasoner.records.record_store import RecordStore
from reasoner.records.vocabulary import AS_OF, AS_OF_DATE, TAXONOMY

Bindings = Mapping[str, Term]

#: How often a rule runs before the reference is asked whether it ends.
_MOST_RUNS = 50


class CompiledRules:
    """The rules of a guideline."""

    def __init__(self, contract: Contract, needs: Needs) -> None:
        matched = {rule.shape for rule in contract.rules}
        steps: list[tuple[float, str, _Step]] = [(r.order, r.shape, _pattern_step(r, needs)) for r in contract.rules]
        steps += [(query.order, query.shape, _QueryStep(query.text, needs.of(query.needs)))
                  for query in contract.constructs if query.shape not in matched]  # fmt: skip
        self._needs = needs
        self._steps = [step for _, _, step in sorted(steps, key=lambda step: step[:2])]
        self._matched = [step for step in self._steps if isinstance(step, _PatternStep)]

    def run_matched(self, nodes: Nodes, patient: str, group: Sequence[str], satisfied: int) -> Completion | None:
        """Add to `nodes` what follows about one patient by the rules that are matched; None where none of them can run.

        `group` are the nodes of the patient. Raises NeedsReferenceError where the reference has to say what follows.
        """
        if not any(step.needs & satisfied == step.needs for step in self._matched):
            return None
        completion = Completion(nodes, {patient: group}, {patient: satisfied}, self._needs)
        _expand(self._matched, completion)
        return completion

    def run_all(self, nodes: Nodes, groups: Mapping[str, Sequence[str]], satisfied: Mapping[str, int],
                store: RecordStore) -> Completion:  # fmt: skip
        """Add to `nodes` and `store` what follows about the patients of `groups` by all rules.

        Raises NeedsReferenceError where the reference has to say what follows.
        """
        completion = Completion(nodes, groups, dict(satisfied), self._needs, store)
        _expand(self._steps, completion)
        return completion


class Completion:
    """Some patients while rules complete them.

    `derived` is what rules have added about them; `satisfied` are the needs that each patient satisfies by now.
    """

    def __init__(
        self,
        nodes: Nodes,
        groups: Mapping[str, Sequence[str]],
        satisfied: dict[str, int],
        needs: Needs,
        store: RecordStore | None = None,
    ) -> None:
        self.nodes, self.groups, self.satisfied, self.store = nodes, groups, satisfied, store
        self.derived: set[Triple] = set()
        self.occurring = reduce(or_, satisfied.values(), 0)
        self._needs = needs
        self._owners = {node: patient for patient, group in groups.items() for node in group}
        self._of_the_day: Nodes = {AS_OF: {}}

    def add(self, found: Iterable[Triple]) -> tuple[int, int]:
        """Add what a rule gives: how many triples are new, and the needs that these satisfy."""
        new, gained = [], 0
        for triple in found:
            s, p, o = triple
            values = (self._of_the_day if s == AS_OF else self.nodes)[s].setdefault(p, {})
            if o not in values:
                values[o] = None
                new.append(triple)
                bits = self._needs.satisfied_by(str(o) if p == TYPE else p)
                for patient in self.satisfied if s == AS_OF else (self._owners[s],):
                    self.satisfied[patient] |= bits
                gained |= bits
        self.derived.update(triple for triple in new if triple[0] != AS_OF)
        if self.store is not None and new:
            self.store.add(new)
        self.occurring |= gained
        return len(new), gained

    def checked(self, triple: Triple) -> Triple:
        """A triple about a node of one patient or about the day. Raises NeedsReferenceError for any other."""
        s, p, o = triple
        owner = self._owners.get(s)
        strange = p == AS_OF_DATE or (p in TAXONOMY and (p != TYPE or isinstance(o, LiteralTerm) or o[0] == "_"))
        if strange or o == AS_OF or (owner is None and s != AS_OF):
            raise NeedsReferenceError
        if isinstance(o, str) and (o[0] == "_" or o in self.nodes) and self._owners.get(o, "") != owner:
            raise NeedsReferenceError
        return triple

    def take_back(self) -> None:
        """Take out of the nodes what rules have added."""
        for s, p, o in self.derived:
            del self.nodes[s][p][o]
            if not self.nodes[s][p]:
                del self.nodes[s][p]


def _expand(steps: Sequence[_Step], completion: Completion) -> None:
    """Run rules until none has more to add."""
    due, runs = list(steps), Counter[int]()
    while due and completion.satisfied:
        step = due.pop(0)
        if step.needs & completion.occurring == step.needs:
            if runs[id(step)] == _MOST_RUNS:
                raise NeedsReferenceError
            runs[id(step)] += 1
            new, gained = completion.add(step.given(completion))
            if new:
                due = [s for s in steps if s in due or not s.needs or s.needs & gained]


# -- rules that are queries --


class _QueryStep(Struct, frozen=True, eq=False):
    """A rule that the store answers, and what it needs, as bits."""

    text: str
    needs: int

    def given(self, completion: Completion) -> list[Triple]:
        """What the rule gives."""
        assert completion.store is not None
        return [completion.checked(triple) for triple in completion.store.construct(self.text)]


# -- rules that are matched --


class _BoundPattern(NamedTuple):
    """A pattern ready to match. The object is one of `wanted`, or else a variable, that is `joined` if it recurs."""

    subject: str
    predicate: str
    object: str
    wanted: frozenset[Term]
    joined: bool


class _PatternStep(Struct, frozen=True, eq=False):
    """A rule ready to match: its patterns in the order in which they are matched, and what it needs, as bits."""

    rule: Rule
    needs: int
    match: tuple[_BoundPattern, ...]
    absent: tuple[tuple[_BoundPattern, ...], ...]

    def given(self, completion: Completion) -> list[Triple]:
        """What the rule gives of each patient who satisfies its needs."""
        return [triple for patient, group in completion.groups.items()
                if self.needs & completion.satisfied[patient] == self.needs
                for triple in self._of_one(completion.nodes, group)]  # fmt: skip

    def _of_one(self, nodes: Nodes, group: Sequence[str]) -> list[Triple]:
        found = _matches(self.match, nodes, group, {})
        for absent in self.absent:
            found = [bound for bound in found if not _matches(absent, nodes, group, bound)]
        if self.rule.sole and found:
            counted = Counter(bound[self.rule.sole[0]] for bound in found)
            found = [bound for bound in found if counted[bound[self.rule.sole[0]]] == 1]
        return [(str(bound[give.subject]), give.predicate, give.values[0] if give.values else bound[give.object])
                for bound in found for give in self.rule.give]  # fmt: skip


_Step = _PatternStep | _QueryStep


def _matches(patterns: Iterable[_BoundPattern], nodes: Nodes, group: Sequence[str], bound: Bindings) -> list[Bindings]:
    """All bindings by which the patterns match the statements about the nodes of a group."""
    found = [bound]
    for pattern in patterns:
        before, found, predicate = found, [], pattern.predicate
        for here in before:
            known = here.get(pattern.subject)
            subjects = group if known is None else (str(known),) if known in nodes else ()
            stated = [(s, nodes[s][predicate]) for s in subjects if predicate in nodes[s]]
            if stated:
                found += _fitting(pattern, stated, here)
    return found


def _fitting(pattern: _BoundPattern, stated: Iterable[tuple[str, Values]], here: Bindings) -> list[Bindings]:
    """The bindings by which the values of some nodes fit a pattern; of those that it lists, one is enough."""
    subject, wanted, known = pattern.subject, pattern.wanted, here.get(pattern.object)
    if wanted:
        return [{**here, subject: s} for s, values in stated if not wanted.isdisjoint(values)]
    if known is not None:
        return [{**here, subject: s} for s, values in stated if known in values]
    if pattern.joined and any(isinstance(value, LiteralTerm) for _, values in stated for value in values):
        raise NeedsReferenceError
    return [{**here, subject: s, pattern.object: value} for s, values in stated for value in values]


def _pattern_step(rule: Rule, needs: Needs) -> _PatternStep:
    patterns = [*rule.match, *(pattern for absent in rule.absent for pattern in absent)]
    uses = Counter(name for p in (*patterns, *rule.give) for name in (p.subject, p.object) if name)
    match, bound = _ordered(rule.match, uses, frozenset())
    absent = tuple(_ordered(one, uses, bound)[0] for one in rule.absent)
    return _PatternStep(rule, needs.of(rule.needs), match, absent)


def _ordered(
    patterns: Iterable[Pattern], uses: Mapping[str, int], bound: frozenset[str]
) -> tuple[tuple[_BoundPattern, ...], frozenset[str]]:
    """The patterns, each after those that bind its variables, and what all of them bind."""
    left, found, known = list(patterns), [], bound
    while left:
        best = max(left, key=lambda p: (p.subject in known, p.object in known, bool(p.values)))
        left.remove(best)
        joined = uses[best.object] > 1 if best.object else False
        found.append(_BoundPattern(best.subject, best.predicate, best.object, frozenset(best.values), joined))
        known |= {best.subject, best.object}
    return tuple(found), known
