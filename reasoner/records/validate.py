"""Records validated by the compiled contract, completed by the compiled rules and observed, without rdflib or pySHACL.

A patient is answered here only where every shape certainly holds and nothing beyond the compiled fragment is touched
but queries, which are asked of many such patients at once (`reasoner.records.record_store`). Any other is left to the
reference, `reasoner.records.reference`, so that each refusal is the reference's own. What is remembered of records are
verdicts on terms of the guideline alone, never a value that a patient has.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property, partial, reduce
from itertools import islice
from operator import or_
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from reasoner.caches import BoundedCache
from reasoner.errors import Problem, RecordError
from reasoner.logic.facts import Observation
from reasoner.records import conform
from reasoner.records.canonical import canonical
from reasoner.records.constraints import Needs, mentioned_in, shapes_by_target
from reasoner.records.contract import PATIENT, TYPE, Contract, Shape, Test
from reasoner.records.nodes import (
    LiteralTerm,
    NeedsReferenceError,
    Nodes,
    RecordSource,
    Term,
    Triple,
    Values,
    reachable,
    read,
)
from reasoner.records.observe import Observer
from reasoner.records.record_store import Constraints, RecordStore, taxonomy_quads
from reasoner.records.rules import CompiledRules
from reasoner.records.vocabulary import AS_OF, PermittedTerms

if TYPE_CHECKING:
    import pyoxigraph as ox

_NOTHING: Values = {}

#: How many patients queries go over at once: of more each would take longer.
_AT_ONCE = 1000


class ObservedRecord(NamedTuple):
    """What a record states of one patient, and the content hash of that; or `problems`, why it cannot be used.

    `notes` say of what in it nothing is decided.
    """

    observations: tuple[Observation, ...]
    digest: str
    problems: tuple[Problem, ...] = ()
    notes: tuple[str, ...] = ()


class Validated(Struct, frozen=True):
    """The patients of some files that are answered, the nodes of their records, and whether other patients are left."""

    observed: dict[str, ObservedRecord]
    nodes: Collection[str]
    left: bool


def observed_record(
    nodes: Nodes, patient: str, derived: frozenset[Triple], observer: Observer, node_properties: frozenset[str]
) -> ObservedRecord:
    """What is stated of a patient whose record conforms and is completed by the triples `derived`."""
    among = reachable(nodes, patient, node_properties)
    try:
        names, digest = canonical(nodes, among, derived)
    except RecordError as error:
        return ObservedRecord((), "", error.problems)
    if problems := observer.contradicted(nodes, among, derived):
        return ObservedRecord((), digest, problems)
    return ObservedRecord(
        observer.observe(nodes, patient, derived, names), digest, (), observer.further(nodes, patient)
    )


class _PropertyUse(NamedTuple):
    """What is known of a property, and what is asked of each value that it leads to."""

    permitted: bool
    in_namespace: bool
    mentioned: bool
    asked: tuple[Shape, ...]


class _NodePlan(NamedTuple):
    """What is left to test at a node of which types and properties are known, and the needs that these satisfy."""

    conforms: bool
    asked: tuple[tuple[Shape, float], ...]
    satisfied: int


class _PatientNodes:
    """The nodes of one patient, each with the properties that lead to it, and all nodes that these link to."""

    def __init__(self, patient: str) -> None:
        self.patient, self.conforms = patient, patient[0] != "_"
        self.nodes: dict[str, list[str]] = {patient: []}
        self.links: set[str] = set()

    def link(self, mentioned: bool, p: str, node: str) -> None:
        """Note that a property leads to a node; one that a shape looks at has to lead to a node of the patient."""
        self.links.add(node)
        if mentioned:
            if node in self.nodes:
                self.nodes[node].append(p)
            else:
                self.conforms = False


_PlanKey = tuple[bool, tuple[str, ...], tuple[str, ...], tuple[Term, ...]]


class CompiledContract:
    """Answers the patients of one guideline who need no reference."""

    def __init__(self, contract: Contract, observer: Observer, taxonomy: Iterable[tuple[str, str, str]] = ()) -> None:
        self._permitted, self._observer = PermittedTerms(contract.vocabulary), observer
        self._shapes, self._mentioned = shapes_by_target(contract), mentioned_in(contract)
        self._node_properties = frozenset(contract.vocabulary.node_properties)
        self._needs = Needs(contract)
        self._rules = CompiledRules(contract, self._needs)
        queries = {query.shape for query in (*contract.selects, *contract.constructs)}
        beyond = [self._needs.of(one.needs) for one in contract.beyond if one.shape not in queries]
        queried = [self._needs.of(one.needs) for one in contract.beyond if one.shape in queries]
        self._beyond: Mapping[int, bool] = BoundedCache(partial(_touched, beyond))
        self._queried: Mapping[int, bool] = BoundedCache(partial(_touched, queried))
        self._contract, self._taxonomy = contract, taxonomy
        self._known = self._permitted.terms | self._mentioned | {TYPE}
        self._uses = {p: self._use(p) for p in self._known}
        self._plans: dict[_PlanKey, _NodePlan] = {}
        self._verdicts: dict[tuple[int, str], bool | None] = {}

    @cached_property
    def _quads(self) -> list[ox.Quad]:
        return taxonomy_quads(self._taxonomy)

    @cached_property
    def _queries(self) -> Constraints:
        return Constraints(self._contract, self._needs)

    def validate(self, sources: Sequence[RecordSource], as_of: date) -> Validated | None:
        """What is observed of the patients who need no reference; None where it has to read the files as a whole."""
        file = read(sources)
        if file is None or not file.nodes.keys().isdisjoint(self._permitted.terms) or AS_OF in file.subjects:
            return None
        records = self._records(file.nodes)
        if records is None:
            return None
        observed, waiting = dict[str, ObservedRecord](), dict[str, int]()
        for patient, record in records.items():
            found = self._alone(file.nodes, record) if record.conforms else None
            if isinstance(found, ObservedRecord):
                observed[patient] = found
            elif found is not None:
                waiting[patient] = found
        for start in range(0, len(waiting), _AT_ONCE):
            some = {p: list(records[p].nodes) for p in islice(waiting, start, start + _AT_ONCE)}
            observed |= self._by_queries(file.nodes, some, waiting, as_of)
        nodes = {node for patient in observed for node in records[patient].nodes}
        return Validated(observed, nodes, len(observed) < len(records))

    # -- whose each node is --

    def _records(self, nodes: Nodes) -> dict[str, _PatientNodes] | None:
        """The record of each patient; None where the guideline has a term for a node that is of no patient."""
        patients = [node for node, stated in nodes.items() if PATIENT in stated.get(TYPE, _NOTHING)]
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
                for owner in {owners[o] for o in named if self._permitted.in_namespace(o)}:
                    records[owner].conforms = False
        return records

    def _record(self, nodes: Nodes, patient: str, owners: dict[str, str]) -> _PatientNodes:
        """The nodes to which the guideline's terms lead from a patient; single terms are tested on the way."""
        record = _PatientNodes(patient)
        reached = [patient]
        for node in reached:
            for p, values in nodes[node].items():
                use = self._uses.get(p) or self._use(p)
                if not use.permitted:
                    record.conforms = False
                for o in values:
                    if type(o) is str and o in nodes:
                        if use.in_namespace and owners.setdefault(o, patient) == patient and o not in record.nodes:
                            record.nodes[o] = []
                            reached.append(o)
                        record.link(use.mentioned, p, o)
                    elif not self._leaf_conforms(p, use, o):
                        record.conforms = False
        return record

    def _is_foreign(self, nodes: Nodes, node: str) -> bool:
        """Whether neither the guideline nor its contract has a term for anything that is stated of a node."""
        for p, values in nodes[node].items():
            use = self._uses.get(p) or self._use(p)
            if not use.permitted or use.in_namespace or use.mentioned:
                return False
            leaves = [o for o in values if o not in nodes]
            if p == TYPE and any(self._permitted.in_namespace(str(o)) or o in self._mentioned for o in leaves):
                return False
            if not all(self._leaf_conforms(p, use, o) for o in leaves):
                return False
        return True

    def _use(self, p: str) -> _PropertyUse:
        asked = tuple(self._shapes.get(("objects", p), ()))
        permitted = self._permitted.permits_property(p)
        return _PropertyUse(permitted, self._permitted.in_namespace(p), p in self._mentioned, asked)

    def _leaf_conforms(self, p: str, use: _PropertyUse, value: Term) -> bool:
        """Whether a value of which the record states nothing certainly conforms."""
        if type(value) is str and value[0] != "_" and not self._permitted.permits_object(p, value):
            return False
        return not use.asked or all(self._holds_of_leaf(one, value) for one in use.asked)

    def _holds_of_leaf(self, shape: Shape, value: Term) -> bool:
        if shape.path:
            return value not in self._permitted.terms and shape.holds([])
        return shape.holds([self._verdict(shape.test, value)])

    # -- what is observed of a patient --

    def _alone(self, nodes: Nodes, record: _PatientNodes) -> ObservedRecord | int | None:
        """What is observed of one patient, or the needs that the record satisfies where queries have to be asked.

        None where it may not conform, or where more may follow from it.
        """
        satisfied = self._satisfied(nodes, record)
        if satisfied is None or self._beyond[satisfied]:
            return None
        return satisfied if self._queried[satisfied] else self._completed(nodes, record, satisfied)

    def _completed(self, nodes: Nodes, record: _PatientNodes, satisfied: int) -> ObservedRecord | int | None:
        """As `_alone`, of a patient whose record conforms and satisfies some needs."""
        try:
            completion = self._rules.run_matched(nodes, record.patient, list(record.nodes), satisfied)
        except NeedsReferenceError:
            return None
        after = completion.satisfied[record.patient] if completion else satisfied
        if self._beyond[after]:
            return None
        if completion and self._queried[after]:
            completion.take_back()
            return satisfied
        return self._observed(nodes, record.patient, frozenset(completion.derived if completion else ()))

    def _by_queries(
        self, nodes: Nodes, groups: Mapping[str, Sequence[str]], satisfied: Mapping[str, int], as_of: date
    ) -> dict[str, ObservedRecord]:
        """What is observed of patients whom queries touch, of as many as need no reference."""
        among = [node for group in groups.values() for node in group]
        try:
            store = RecordStore(self._quads, nodes, among, as_of)
            occurring = reduce(or_, (satisfied[patient] for patient in groups), 0)
            refused = self._queries.violators(store, groups, occurring)
            for patient in refused:
                store.remove(nodes, groups[patient])
            left = {patient: group for patient, group in groups.items() if patient not in refused}
            completion = self._rules.run_all(nodes, left, {patient: satisfied[patient] for patient in left}, store)
        except NeedsReferenceError:
            return {}
        derived = frozenset(completion.derived)
        return {patient: self._observed(nodes, patient, derived)
                for patient, found in completion.satisfied.items() if not self._beyond[found]}  # fmt: skip

    def _observed(self, nodes: Nodes, patient: str, derived: frozenset[Triple]) -> ObservedRecord:
        return observed_record(nodes, patient, derived, self._observer, self._node_properties)

    def _satisfied(self, nodes: Nodes, record: _PatientNodes) -> int | None:
        """The needs that the record of a patient satisfies; None where it may not conform."""
        satisfied = 0
        for node, incoming in record.nodes.items():
            stated = nodes[node]
            key = node[0] == "_", tuple(incoming), tuple(stated), tuple(stated.get(TYPE, _NOTHING))
            plan = self._plans.get(key) or self._plan(key)
            if not plan.conforms:
                return None
            for shape, holds_up_to in plan.asked:
                values = stated[shape.path]
                if len(values) > holds_up_to and not self._holds(shape, nodes, values):
                    return None
            satisfied |= plan.satisfied
        return satisfied

    def _plan(self, key: _PlanKey) -> _NodePlan:
        """What is asked of a node, for as far as that depends on its values; remembered where all terms are known."""
        blank, incoming, own, types = key
        brought = [("objects", incoming), ("subjects", own), ("class", types)]
        asked = {one for kind, iris in brought for iri in iris for one in self._shapes.get((kind, str(iri)), ())}
        itself = conform.Term("blank" if blank else "iri", "", "", frozenset(map(str, types)))
        conforms, left = True, []
        for one in asked:
            if one.path in own and one.path != TYPE:
                left.append((one, one.holds_up_to))
            else:
                values = [itself] if not one.path else [_conform(t) for t in types] if one.path == TYPE else []
                conforms = conforms and one.holds([conform.passes(one.test, value) for value in values])
        terms = {*own, *types}
        satisfied = reduce(or_, (self._needs.satisfied_by(str(term)) for term in terms), 0)
        plan = _NodePlan(conforms, tuple(left), satisfied)
        if len(self._plans) < _MOST_PLANS and self._known.issuperset(terms):
            self._plans[key] = plan
        return plan

    def _holds(self, shape: Shape, nodes: Nodes, values: Iterable[Term]) -> bool:
        test = shape.test
        return shape.holds([
            conform.passes(test, _conform(o, nodes[o].get(TYPE, _NOTHING))) if type(o) is str and o in nodes
            else self._verdict(test, o) for o in values
        ])  # fmt: skip

    def _verdict(self, test: Test, value: Term) -> bool | None:
        """Whether a value of which the record states nothing passes a test."""
        if value not in self._permitted.terms:
            return conform.passes(test, _conform(value))
        key = id(test), str(value)
        if key not in self._verdicts:
            self._verdicts[key] = conform.passes(test, _conform(value))
        return self._verdicts[key]


#: How many combinations of a guideline's terms at one node are remembered.
_MOST_PLANS = 10_000


def _touched(parts: Iterable[int], satisfied: int) -> bool:
    """Whether all that some shape or rule needs is satisfied."""
    return any(needs & satisfied == needs for needs in parts)


def _conform(term: Term, types: Iterable[Term] = ()) -> conform.Term:
    """A term as the tests take it; of a node of the record no more than its types."""
    if isinstance(term, LiteralTerm):
        return conform.Term("literal", term.value, "@" if term.language else term.datatype)
    kind = "blank" if term[0] == "_" else "iri"
    return conform.Term(kind, "" if types else term, "", frozenset(map(str, types)))
