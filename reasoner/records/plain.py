"""Records answered without rdflib or pySHACL: read, tested by the compiled contract, completed by the compiled rules.

A patient is answered here only where every shape is certainly met and nothing beyond the compiled fragment is touched
but queries over the whole data, which are asked of all such patients together (`reasoner.records.whole_data`). Any
other is left to the reference, `reasoner.records.record`, so that each refusal is the reference's own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, partial, reduce
from itertools import islice
from math import inf
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from reasoner.caches import BoundedCache
from reasoner.logic.facts import Observation
from reasoner.records import conform
from reasoner.records.canonical import canonical
from reasoner.records.contract import (
    PATIENT,
    TYPE,
    Beyond,
    Contract,
    CountShape,
    Rule,
    Test,
    ValueShape,
)
from reasoner.records.materialise import Needs, Rules, UnsureError
from reasoner.records.nodes import LiteralTerm, Nodes, RecordSource, Term, Triple, Values, reachable, read
from reasoner.records.observe import Observer
from reasoner.records.words import AS_OF, Words

if TYPE_CHECKING:  # for patients with dates and the like; others need not wait for it
    from reasoner.records.whole_data import Groups, Met, WholeData

_NOTHING: Values = {}

#: How many patients queries over the whole data go over at once: of more each would take longer.
_TOGETHER = 1000


class Seen(NamedTuple):
    """What a record says of one patient, and the content hash of that."""

    observations: tuple[Observation, ...]
    digest: str


class Validated(Struct, frozen=True):
    """The patients of some files that are answered, the nodes of their records, and whether other patients are left."""

    seen: dict[str, Seen]
    nodes: Collection[str]
    left: bool


# -- the shapes --


class _Asked(NamedTuple):
    """What a shape asks of the values of one path: with `every` that each passes a test, else how many do."""

    path: str
    test: Test
    every: bool
    low: int = 0
    high: int | None = None

    @property
    def enough(self) -> float:
        """Of so many values, and of fewer, it is met by any; -1 where the values decide."""
        return -1 if self.every or self.low else inf if self.high is None else self.high

    def met_by(self, found: Sequence[bool | None]) -> bool:
        """Whether values with these verdicts (None: unsure) certainly meet it."""
        if self.every:
            return all(found)
        passing = found.count(True)
        return self.low <= passing and (self.high is None or passing + found.count(None) <= self.high)


def _asked(contract: Contract) -> dict[tuple[str, str], list[_Asked]]:
    """What is asked of a node, by what brings it before a shape: a type, a property of it or one that leads to it."""
    found: dict[tuple[str, str], list[_Asked]] = {}
    asked = [(c.targets, _Asked(c.path, c.test, True)) for c in contract.checks]
    asked += [(c.targets, _Asked(c.path, c.test, False, c.low, c.high)) for c in contract.counts]
    for targets, one in asked:
        for target in targets:
            for iri in target.iris:
                found.setdefault((target.kind, iri), []).append(one)
    return found


class _Property(NamedTuple):
    """What is known of a property. `leaf` gives for a value that is no node of the record whether it conforms."""

    allowed: bool
    spoken: bool
    mentioned: bool
    leaf: Mapping[Term, bool]


class _Plan(NamedTuple):
    """What is left to test at a node of which types and properties are known, and the needs that these meet.

    What is asked stands with the number of values that are enough for it, and with verdicts on values.
    """

    conforms: bool
    asked: tuple[tuple[_Asked, float, Mapping[Term, bool | None]], ...]
    met: int


class _Record:
    """The nodes of one patient, each with the properties that lead to it, and all nodes that these link to."""

    def __init__(self, patient: str, nodes: dict[str, list[str]], conforms: bool, links: set[str]) -> None:
        self.patient, self.nodes, self.conforms, self.links = patient, nodes, conforms, links


class CompiledContract:
    """Answers the patients of one guideline who need no reference."""

    def __init__(self, contract: Contract, observer: Observer, taxonomy: Iterable[tuple[str, str, str]] = ()) -> None:
        self._words, self._asked, self._observer = Words(contract.vocabulary), _asked(contract), observer
        self._node_properties = frozenset(contract.vocabulary.node_properties)
        self._needs = Needs(contract)
        self._rules = Rules(contract, self._needs)
        whole = {query.shape for query in (*contract.selects, *contract.constructs)}
        beyond = [self._needs.of(one.needs) for one in contract.beyond if one.shape not in whole]
        together = [self._needs.of(one.needs) for one in contract.beyond if one.shape in whole]
        self._beyond: Mapping[int, bool] = BoundedCache(partial(_touched, beyond))
        self._together: Mapping[int, bool] = BoundedCache(partial(_touched, together))
        self._contract, self._taxonomy = contract, taxonomy
        self._mentioned = _mentioned(contract)
        self._properties: Mapping[str, _Property] = BoundedCache(self._property)
        self._plans: Mapping[_Key, _Plan] = BoundedCache(self._plan)

    @cached_property
    def _whole(self) -> WholeData:
        from reasoner.records.whole_data import WholeData

        return WholeData(self._contract, self._needs, self._taxonomy)

    def answer(self, sources: Sequence[RecordSource], as_of: date) -> Validated | None:
        """What is seen of the patients who need no reference; None where it has to read the files as a whole."""
        file = read(sources)
        if file is None or not file.nodes.keys().isdisjoint(self._words.terms) or AS_OF in file.said:
            return None
        records = self._records(file.nodes)
        if records is None:
            return None
        alone = {p: self._alone(file.nodes, record) for p, record in records.items() if record.conforms}
        seen = {patient: found for patient, found in alone.items() if isinstance(found, Seen)}
        waiting = {patient: found for patient, found in alone.items() if isinstance(found, int)}
        for start in range(0, len(waiting), _TOGETHER):
            some = {p: list(records[p].nodes) for p in islice(waiting, start, start + _TOGETHER)}
            seen |= self._seen_together(file.nodes, some, waiting, as_of)
        nodes = {node for patient in seen for node in records[patient].nodes}
        return Validated(seen, nodes, len(seen) < len(records))

    # -- whose each node is --

    def _records(self, nodes: Nodes) -> dict[str, _Record] | None:
        """The record of each patient; None where the guideline speaks of a node that is of no patient."""
        patients = [node for node, said in nodes.items() if PATIENT in said.get(TYPE, _NOTHING)]
        owners = {patient: patient for patient in patients}
        records = {patient: self._record(nodes, patient, owners) for patient in patients}
        for patient, record in records.items():
            for node in record.links:
                owner = owners.get(node, patient)
                if owner != patient:
                    record.conforms = records[owner].conforms = False
        if len(owners) < len(nodes):
            for node in nodes.keys() - owners.keys():
                if not self._is_foreign(nodes, node):
                    return None
                named = {str(o) for values in nodes[node].values() for o in values if o in owners}
                for owner in {owners[o] for o in named if self._words.speaks(o)}:
                    records[owner].conforms = False
        return records

    def _record(self, nodes: Nodes, patient: str, owners: dict[str, str]) -> _Record:
        """The nodes to which the guideline's words lead from a patient; single terms are tested on the way."""
        record = _Record(patient, {patient: []}, patient[0] != "_", set())
        reached = [patient]
        for node in reached:
            for p, values in nodes[node].items():
                allowed, spoken, mentioned, leaf = self._properties[p]
                if not allowed:
                    record.conforms = False
                for o in values:
                    if type(o) is str and o in nodes:
                        if spoken and owners.setdefault(o, patient) == patient and o not in record.nodes:
                            record.nodes[o] = []
                            reached.append(o)
                        _link(record, mentioned, p, o)
                    elif not leaf[o]:
                        record.conforms = False
        return record

    def _is_foreign(self, nodes: Nodes, node: str) -> bool:
        """Whether neither the guideline nor its contract has a word for anything that is said of a node."""
        for p, values in nodes[node].items():
            known = self._properties[p]
            if not known.allowed or known.spoken or known.mentioned:
                return False
            leaves = [o for o in values if o not in nodes]
            spoken = p == TYPE and any(self._words.speaks(str(o)) or o in self._mentioned for o in leaves)
            if spoken or not all(known.leaf[o] for o in leaves):
                return False
        return True

    def _property(self, p: str) -> _Property:
        asked = self._asked.get(("objects", p), ())

        def leaf(value: Term) -> bool:
            met = all(_met_by_leaf(one, value, self._words.terms) for one in asked)
            is_name = isinstance(value, str) and value[0] != "_"
            return met and (not is_name or self._words.may_name(p, str(value)))

        return _Property(self._words.may_say(p), self._words.speaks(p), p in self._mentioned, BoundedCache(leaf))

    # -- what is seen of a patient --

    def _alone(self, nodes: Nodes, record: _Record) -> Seen | int | None:
        """What is seen of one patient, or the needs that the record meets where it has to be looked at with others.

        None where it may not conform, or where more may follow from it.
        """
        met = self._needs_of(nodes, record)
        if met is None or self._beyond[met]:
            return None
        if self._together[met]:
            return met
        before = met
        try:
            derived, met = self._rules.run(nodes, list(record.nodes), met)
        except UnsureError:
            return None
        if self._beyond[met]:
            return None
        if self._together[met]:
            _take_back(nodes, derived)
            return before
        return self._observed(nodes, record.patient, derived)

    def _seen_together(self, nodes: Nodes, groups: Groups, met: Met, as_of: date) -> dict[str, Seen]:
        """What is seen of patients whom shapes and rules over the whole data touch, of as many as need no reference."""
        try:
            completed = self._whole.complete(nodes, groups, met, as_of)
        except UnsureError:
            return {}
        return {patient: self._observed(nodes, patient, completed.derived)
                for patient, found in completed.met.items() if not self._beyond[found]}  # fmt: skip

    def _observed(self, nodes: Nodes, patient: str, derived: frozenset[Triple]) -> Seen:
        names, digest = canonical(nodes, reachable(nodes, patient, self._node_properties), derived)
        return Seen(self._observer.observe(nodes, patient, derived, names), digest)

    def _needs_of(self, nodes: Nodes, record: _Record) -> int | None:
        """The needs that the record of a patient meets; None where it may not conform."""
        met = 0
        for node, incoming in record.nodes.items():
            said = nodes[node]
            plan = self._plans[node[0] == "_", tuple(incoming), tuple(said), tuple(said.get(TYPE, _NOTHING))]
            if not plan.conforms:
                return None
            for one, enough, verdicts in plan.asked:
                values = said[one.path]
                if len(values) > enough and not one.met_by([_verdict(one, verdicts, nodes, o) for o in values]):
                    return None
            met |= plan.met
        return met

    def _plan(self, key: _Key) -> _Plan:
        """What is asked of a node, for as far as that depends on its values."""
        blank, incoming, own, types = key
        places = [("objects", incoming), ("subjects", own), ("class", types)]
        asked = {one for kind, iris in places for iri in iris for one in self._asked.get((kind, str(iri)), ())}
        itself = conform.Term("blank" if blank else "iri", "", "", frozenset(map(str, types)))
        conforms, left = True, []
        for one in asked:
            if one.path in own and one.path != TYPE:
                left.append((one, one.enough, BoundedCache(partial(_passes, one.test))))
            else:
                values = [itself] if not one.path else [_conform(t) for t in types] if one.path == TYPE else []
                conforms = conforms and one.met_by([conform.passes(one.test, value) for value in values])
        terms = {*own, *types}
        return _Plan(conforms, tuple(left), reduce(or_, (self._needs.met_by(str(term)) for term in terms), 0))


def _touched(parts: Iterable[int], met: int) -> bool:
    """Whether all that some shape or rule needs is met."""
    return any(needs & met == needs for needs in parts)


def _take_back(nodes: Nodes, derived: Iterable[Triple]) -> None:
    """Take out of `nodes` what rules have added."""
    for s, p, o in derived:
        del nodes[s][p][o]
        if not nodes[s][p]:
            del nodes[s][p]


_Key = tuple[bool, tuple[str, ...], tuple[str, ...], tuple[Term, ...]]


def _mentioned(contract: Contract) -> frozenset[str]:
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


def _link(record: _Record, mentioned: bool, p: str, node: str) -> None:
    """Note that a property leads to a node; one that a shape looks at has to lead to a node of the patient."""
    record.links.add(node)
    if mentioned:
        if node in record.nodes:
            record.nodes[node].append(p)
        else:
            record.conforms = False


def _passes(test: Test, term: Term) -> bool | None:
    return conform.passes(test, _conform(term))


def _conform(term: Term, types: Iterable[Term] = ()) -> conform.Term:
    """A term as the tests take it; of a node of the record no more than its types."""
    if isinstance(term, LiteralTerm):
        return conform.Term("literal", term.value, "@" if term.language else term.datatype)
    kind = "blank" if term[0] == "_" else "iri"
    return conform.Term(kind, "" if types else term, "", frozenset(map(str, types)))


def _verdict(one: _Asked, verdicts: Mapping[Term, bool | None], nodes: Nodes, value: Term) -> bool | None:
    """Whether a value passes the test of a shape."""
    if isinstance(value, str) and value in nodes:
        return conform.passes(one.test, _conform(value, nodes[value].get(TYPE, _NOTHING)))
    return verdicts[value]


def _met_by_leaf(one: _Asked, value: Term, terms: Collection[str]) -> bool:
    """Whether a value of which the record says nothing certainly meets a shape."""
    if one.path:
        return value not in terms and one.met_by([])
    return one.met_by([_passes(one.test, value)])
