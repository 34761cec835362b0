"""What an answer claims, in one form, whether it is JSON or RDF.

Only what has to be known to write the answer anew is read; all else in it is compared with what is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any, Literal, NoReturn

import msgspec
from msgspec import Struct
from rdflib import PROV, RDF, SH, Graph, URIRef
from rdflib import Literal as RdfLiteral
from rdflib.term import Node

from reasoner.errors import InputError, Problem
from reasoner.logic.decide import State
from reasoner.records.nodes import XSD_STRING
from reasoner.render.identity import BASE
from reasoner.render.triples import FULL, LEAN
from reasoner.terms import GP, expand, local_name

Texts = tuple[str, ...]

#: The members of the JSON whose names of terms are read.
_NAMES = frozenset({"class", "fact", "shape", "action", "ask", "decides", "needs", "rules"})


class Evidence(Struct, frozen=True, rename={"prop": "property", "value": "object"}):
    """What a derived fact comes from: a statement of the record."""

    node: str
    prop: str
    value: str
    datatype: str = XSD_STRING


class ClaimedFact(Struct, frozen=True, rename={"term": "fact", "low": "atLeast", "high": "atMost", "evidence": "from"}):
    """A fact of a reason; a quantity with its value or its bounds."""

    term: str
    state: Literal["present", "absent"]
    by: Literal["recorded", "derived", "assumed"]
    source: str | None = None
    value: Decimal | None = None
    low: Decimal | None = None
    high: Decimal | None = None
    rules: Texts = ()
    evidence: tuple[Evidence, ...] = ()

    @property
    def bounds(self) -> tuple[Decimal | None, Decimal | None]:
        """The least and the greatest value."""
        return (self.low, self.high) if self.value is None else (self.value, self.value)


class ClaimedAxiom(Struct, frozen=True, rename={"term": "class"}):
    """An axiom, by the term that it is about."""

    term: str


class ClaimedReason(Struct, frozen=True):
    """A reason, by its facts and axioms."""

    facts: tuple[ClaimedFact, ...]
    axioms: tuple[ClaimedAxiom, ...]


class ClaimedConclusion(Struct, frozen=True, rename={"iri": "class"}):
    """What is concluded of one class."""

    iri: str
    state: State
    reasons: tuple[ClaimedReason, ...]


class ClaimedQuestion(Struct, frozen=True):
    """What is asked, and what that decides."""

    ask: Texts
    decides: Texts


class ClaimedOrder(Struct, frozen=True):
    """The verdict on an action."""

    action: str
    verdict: Literal["supported", "judgement", "notSupported", "undecided", "silent"]
    needs: Texts
    nodes: Texts


class ClaimedAlert(Struct, frozen=True):
    """An alert, by its shape."""

    shape: str


class ClaimedNote(Struct, frozen=True, rename={"term": "class"}):
    """What is told besides, by the class whose patients it is told of."""

    term: str


class ClaimedAssumption(Struct, frozen=True, rename={"term": "fact"}):
    """A fact that is assumed."""

    term: str


class ClaimedAssessment(Struct, frozen=True, dict=True, rename={"iri": "@id", "as_of": "asOf", "settled": "@settled"}):
    """One assessment as it is stated. `settled` are the classes that RDF says are entailed, and those excluded."""

    iri: str
    record: str
    guideline: str
    patient: str
    as_of: date
    conclusions: tuple[ClaimedConclusion, ...]
    questions: tuple[ClaimedQuestion, ...]
    assumptions: tuple[ClaimedAssumption, ...]
    alerts: tuple[ClaimedAlert, ...]
    orders: tuple[ClaimedOrder, ...]
    context: tuple[ClaimedNote, ...]
    notes: Texts = ()
    settled: tuple[Texts, Texts] | None = None

    @cached_property
    def base(self) -> str:
        """What the IRIs of the answer begin with."""
        return self.iri.rpartition("assessment/")[0] or BASE

    @property
    def digest(self) -> str:
        """The content hash of the record."""
        return self.record.rpartition("/")[2]


def no_answer(file: str, what: str) -> NoReturn:
    """Raise InputError for what is no answer."""
    remedy = "give what guideproof classify or batch wrote, as JSON or RDF"
    raise InputError(Problem("no-answer", what, remedy, file))


# -- JSON --


def json_objects(data: bytes) -> list[dict[str, Any]] | None:
    """The assessments of an answer in JSON; None for what is none, as JSON-LD."""
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return None
    every = found if isinstance(found, list) else [found]
    if not every or not all(isinstance(one, dict) and ("conclusions" in one or "error" in one) for one in every):
        return None
    return [one for one in every if "error" not in one]


def json_claim(written: Mapping[str, Any], prefixes: Mapping[str, str], file: str) -> ClaimedAssessment:
    """What an object claims. Raises InputError where it is no assessment."""
    try:
        return msgspec.convert(_expanded(written, prefixes), ClaimedAssessment)
    except (msgspec.ValidationError, RecursionError) as error:
        no_answer(file, f"this is no assessment: {error}")


def _expanded(value: Any, prefixes: Mapping[str, str], key: str = "") -> Any:
    """The value with the names of terms as IRIs."""
    if isinstance(value, dict):
        return {key: _expanded(one, prefixes, key) for key, one in value.items() if key not in ("@context", "@settled")}
    if isinstance(value, list):
        return [_expanded(one, prefixes, key) for one in value]
    return expand(value, prefixes) or value if key in _NAMES and isinstance(value, str) else value


# -- RDF --

_STATES = {GP.Entailed: State.ENTAILED, GP.Excluded: State.EXCLUDED, GP.Undetermined: State.UNDETERMINED}


class RdfClaims:
    """Reads what a graph claims. Raises InputError for an assessment that lacks a part."""

    def __init__(self, graph: Graph, file: str) -> None:
        self.graph, self.file = graph, file
        found = sorted(graph.subjects(RDF.type, GP.Assessment), key=str)
        self.claims = [self._claim(one) for one in found]

    @property
    def types(self) -> bool:
        """Whether patients are typed by what is entailed of them."""
        return any(self.graph.subjects(RDF.type, GP.Patient))

    @property
    def profile(self) -> str:
        """How much is written."""
        return FULL if any(self.graph.subjects(PROV.hadMember)) else LEAN

    def _one(self, subject: Node, predicate: URIRef) -> Node:
        found = list(self.graph.objects(subject, predicate))
        if len(found) != 1:
            count = "several values" if found else "no value"
            no_answer(self.file, f"{subject} has {count} of {local_name(str(predicate))}")
        return found[0]

    def _all(self, subject: Node, predicate: URIRef) -> list[Node]:
        return sorted(self.graph.objects(subject, predicate), key=str)

    def _texts(self, subject: Node, predicate: URIRef) -> Texts:
        return tuple(map(str, self._all(subject, predicate)))

    def _ranked(self, subject: Node, predicate: URIRef) -> Iterable[Node]:
        found = [(str(self._one(node, GP["rank"])), node) for node in self._all(subject, predicate)]
        return [node for _, node in sorted(found, key=lambda one: (len(one[0]), one[0]))]

    def _claim(self, iri: Node) -> ClaimedAssessment:
        record = str(self._one(iri, PROV.wasDerivedFrom))
        nodes = f"{str(iri).rpartition('assessment/')[0]}node/{record.rpartition('/')[2]}/"
        return ClaimedAssessment(
            iri=str(iri), record=record, guideline=str(self._one(iri, GP.guideline)),
            patient=str(self._one(iri, GP.patient)), as_of=self._date(iri),
            conclusions=tuple(self._conclusion(one, nodes) for one in self._all(iri, GP.conclusion)),
            questions=tuple(ClaimedQuestion(self._texts(one, GP.ask), self._texts(one, GP.decides))
                            for one in self._ranked(iri, GP.hasQuestion)),
            assumptions=tuple(ClaimedAssumption(str(self._one(one, GP["class"])))
                              for one in self._all(iri, GP.assumedFact)),
            alerts=tuple(ClaimedAlert(str(self._one(one, SH.sourceShape))) for one in self._all(iri, GP.alert)),
            orders=tuple(self._order(one, nodes) for one in self._all(iri, GP.review)),
            context=tuple(ClaimedNote(str(self._one(one, GP["class"]))) for one in self._all(iri, GP.context)),
            notes=self._texts(iri, URIRef("http://www.w3.org/2000/01/rdf-schema#comment")),
            settled=(self._texts(iri, GP.entails), self._texts(iri, GP.excludes)),
        )  # fmt: skip

    def _date(self, iri: Node) -> date:
        try:
            return date.fromisoformat(str(self._one(iri, GP.asOf)))
        except ValueError as error:
            no_answer(self.file, f"{iri} is as of no date: {error}")

    def _conclusion(self, node: Node, nodes: str) -> ClaimedConclusion:
        reasons = (self._reason(one, nodes) for one in self._ranked(node, GP.reason))
        state = self._among(_STATES, node, GP.state)
        return ClaimedConclusion(str(self._one(node, GP["class"])), state, tuple(reasons))

    def _reason(self, node: Node, nodes: str) -> ClaimedReason:
        axioms = tuple(map(ClaimedAxiom, self._texts(node, GP.axiom)))
        return ClaimedReason(tuple(self._fact(one, nodes) for one in self._all(node, GP.fact)), axioms)

    def _among(self, values: Mapping[URIRef, Any], node: Node, predicate: URIRef) -> Any:
        found = URIRef(str(self._one(node, predicate)))
        if found not in values:
            no_answer(self.file, f"{node} has {found} as {local_name(str(predicate))}")
        return values[found]

    def _fact(self, node: Node, nodes: str) -> ClaimedFact:
        known = {key: self._number(node, name) for key, name in
                 (("value", GP["value"]), ("low", GP.atLeast), ("high", GP.atMost))}  # fmt: skip
        sources = [_node(one, nodes) for one in self._texts(node, GP.source)]
        return ClaimedFact(
            term=str(self._one(node, GP["class"])),
            state=self._among({GP.Present: "present", GP.Absent: "absent"}, node, GP.state),
            by=self._among({GP.Recorded: "recorded", GP.Derived: "derived", GP.Assumed: "assumed"}, node, GP.by),
            source=sources[0] if sources else None, rules=self._texts(node, GP.rule), **known,
            evidence=tuple(self._evidence(one, nodes) for one in self._all(node, GP.evidence)),
        )  # fmt: skip

    def _number(self, node: Node, predicate: URIRef) -> Decimal | None:
        found = self.graph.value(node, predicate)
        value = found.toPython() if isinstance(found, RdfLiteral) else None
        return value if isinstance(value, Decimal) else None

    def _evidence(self, node: Node, nodes: str) -> Evidence:
        value = self._one(node, RDF.object)
        datatype = str(value.datatype or XSD_STRING) if isinstance(value, RdfLiteral) else ""
        subject = _node(str(self._one(node, RDF.subject)), nodes)
        return Evidence(subject, str(self._one(node, RDF.predicate)), str(value), datatype)

    def _order(self, node: Node, nodes: str) -> ClaimedOrder:
        verdicts = {GP[f"{name[0].upper()}{name[1:]}Order"]: name for name in
                    ("supported", "judgement", "notSupported", "undecided", "silent")}  # fmt: skip
        return ClaimedOrder(
            str(self._one(node, GP.action)), self._among(verdicts, node, GP.verdict),
            self._texts(node, GP.neededFact), tuple(_node(one, nodes) for one in self._texts(node, GP.order)),
        )  # fmt: skip


def _node(iri: str, nodes: str) -> str:
    """A node as the record names it: a blank one by its canonical label."""
    return f"_:{iri.removeprefix(nodes)}" if iri.startswith(nodes) else iri


def differences(given: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Where a JSON value differs from the one expected, in its order."""
    if isinstance(given, dict) and isinstance(expected, dict):
        for key in dict.fromkeys([*expected, *given]):
            yield from differences(given.get(key), expected.get(key), f"{path}.{key}".removeprefix("."))
    elif isinstance(given, list) and isinstance(expected, list) and len(given) == len(expected):
        for i, (one, other) in enumerate(zip(given, expected, strict=True)):
            yield from differences(one, other, f"{path}[{i}]")
    elif given != expected or type(given) is not type(expected):
        yield f"{path} is {_short(given)}, and should be {_short(expected)}"


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) < 120 else f"{text[:119]}…"
