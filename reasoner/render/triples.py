"""Assessments as N-Triples and N-Quads, canonical: https://www.w3.org/TR/rdf-canon/#canonical-quads.

PROV-O, https://www.w3.org/TR/prov-o/, for where an answer comes from; CiTO, http://purl.org/spar/cito, for what an
entailed conclusion cites. The IRIs of results are content hashes (`identity`): the same record, guideline and date give
the same triples, but for the time of the run. What does not depend on the patient is written once, and kept by the
object that it describes; the hashes and what has them in it are written for each patient.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from reasoner.caches import BoundedDict, IdentityCache
from reasoner.guideline.guideline import Guideline, version
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.expressions import And, HasValue, Name, Not, Or
from reasoner.logic.facts import Fact
from reasoner.patient.assess import Assessment, Conclusion, ContextNote, Justified, Refusal
from reasoner.patient.orders import Order
from reasoner.records.nodes import XSD_STRING
from reasoner.render.identity import BASE, assessment_iri, guideline_iri, named, node_iri, record_iri
from reasoner.render.json import quantity
from reasoner.terms import PREFIXES

_STATES = {State.ENTAILED: "gp:Entailed", State.EXCLUDED: "gp:Excluded", State.UNDETERMINED: "gp:Undetermined"}
_STATUS = {
    "decided": "gp:Decided", "undetermined": "gp:OpenStatus", "silent": "gp:SilentStatus",
    "outOfScope": "gp:OutOfScopeStatus",
}  # fmt: skip
_VERDICTS = {
    "supported": "gp:SupportedOrder", "judgement": "gp:JudgementOrder", "notSupported": "gp:NotSupportedOrder",
    "undecided": "gp:UndecidedOrder", "silent": "gp:SilentOrder",
}  # fmt: skip
_COMPONENTS = {Not: "Not", Or: "Or", And: "And", Name: "Class", HasValue: "HasValue"}
_ORIGINS = {"recorded": "gp:Recorded", "derived": "gp:Derived", "assumed": "gp:Assumed"}

#: How many conclusions, and how many other objects of each kind, are kept as text.
_CONCLUSIONS, _OTHERS = 10_000, 5_000

#: How much is written of an assessment.
FULL, LEAN = "full", "lean"

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"', "\r": "\\r"})


# -- terms, as N-Triples write them; a tail is a triple without its subject --


@cache
def _term(curie: str) -> str:
    prefix, _, name = curie.partition(":")
    return f"<{PREFIXES[prefix]}{name}>"


def _tail(predicate: str, term: str) -> str:
    return f"{_term(predicate)} {term}"


def _links(predicate: str, iris: Iterable[str]) -> list[str]:
    start = _term(predicate)
    return [f"{start} <{iri}>" for iri in iris]


@cache
def _type(curie: str) -> str:
    return _tail("rdf:type", _term(curie))


@cache
def _rank(rank: int) -> str:
    return _tail("gp:rank", _typed(rank, "xsd:integer"))


def _english(text: str) -> str:
    return f"{_text(text)}@en"


def _text(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"'


def _typed(text: object, datatype: str) -> str:
    return f'"{text}"^^{_term(datatype)}'


# -- what does not depend on the patient --


class SharedNode(NamedTuple):
    """A node whose IRI is the hash of its `key` and of what it hangs on; its tails, reasons and facts."""

    key: str
    tails: list[str]
    reasons: tuple[SharedNode, ...] = ()
    facts: tuple[Fact, ...] = ()


def _node(key: str, tails: Iterable[str]) -> SharedNode:
    return SharedNode(key, list(dict.fromkeys(tails)))


class _SharedParts:
    """Writes what assessments by one guideline share, once."""

    def __init__(self, guideline: Guideline, lean: bool) -> None:
        self.guideline, self.catalogue, self.lean = guideline, guideline.catalogue, lean
        self.conclusion = IdentityCache(self._conclusion, _CONCLUSIONS)
        self.question, self.order = IdentityCache(self._question, _OTHERS), IdentityCache(self._order, _OTHERS)
        self.alert, self.note = IdentityCache(self._alert, _OTHERS), IdentityCache(self._note, _OTHERS)
        self._states: BoundedDict[int, tuple[list[str], list[str]]] = BoundedDict(_OTHERS)

    def _cited(self, statements: Iterable[str]) -> list[str]:
        """The references that statements cite."""
        references = self.catalogue.references
        cited = self.catalogue.citations(statements)
        return _links("cito:citesAsEvidence", (references[number] for number in cited if number in references))

    def _conclusion(self, conclusion: Conclusion) -> SharedNode:
        cls, state = conclusion.cls, conclusion.state
        tails = [_type("gp:Conclusion"), *_links("gp:class", [cls.iri]), _tail("gp:state", _term(_STATES[state]))]
        if state is State.ENTAILED:
            tails += _links("gp:recommends", (r.iri for r in cls.recommendations))
            tails += _links("gp:establishes", cls.diagnoses)
            tails += self._cited(statement for justified in conclusion.reasons for statement in justified.statements)
        reasons = (self._reason(rank, justified) for rank, justified in enumerate(conclusion.reasons, 1))
        return _node(cls.iri, tails)._replace(reasons=tuple(reasons))

    def _reason(self, rank: int, justified: Justified) -> SharedNode:
        reason = justified.reason
        tails = [_type("gp:Reason"), _rank(rank), *_links("gp:statement", justified.statements)]
        if not self.lean:
            tails += _links("gp:criterion", reason.criteria)
            tails += _links("gp:axiom", (origin.term for origin in reason.axioms))
            tails += _links("gp:assumption", justified.readings)
        return _node(str(rank), tails)._replace(facts=reason.facts)

    def _question(self, question: Question) -> SharedNode:
        """A question without its rank."""
        asked, decided = _links("gp:ask", question.ask), _links("gp:decides", question.decides)
        return _node("", [_type("gp:Question"), *asked, *decided])

    def _note(self, note: ContextNote) -> SharedNode:
        of, told = _links("gp:class", [note.cls]), _links("gp:statement", note.statements)
        return _node(note.cls, [_type("gp:ContextNote"), *of, *told])

    def _alert(self, check: StateShape) -> SharedNode:
        """An alert is a SHACL validation result; its focus node is the patient."""
        component = _term(f"sh:{_COMPONENTS[type(check.condition)]}ConstraintComponent")
        tails = [_type("sh:ValidationResult"), *self._reported(check), _tail("sh:sourceConstraintComponent", component)]
        tails += [*_links("sh:resultSeverity", [check.severity]), *_links("gp:statement", check.statements)]
        return _node(check.shape, tails)

    def _reported(self, check: StateShape) -> list[str]:
        return [*_links("sh:sourceShape", [check.shape]), _tail("sh:resultMessage", _english(check.message))]

    def _order(self, order: Order) -> SharedNode:
        tails = [_type("gp:OrderReview"), _tail("gp:verdict", _term(_VERDICTS[order.verdict]))]
        tails += _links("gp:action", [order.action])
        tails += _links("gp:neededFact", order.needs)
        tails += self._reported(order.check) if order.check else []
        return _node(order.action, tails + _links("gp:statement", order.statements))

    def fact(self, fact: Fact) -> list[str]:
        """What a fact says, wherever it was recorded; a quantity with its value or bounds and the unit."""
        state = _term("gp:Present" if fact.present else "gp:Absent")
        tails = [_type("gp:Fact"), *_links("gp:class", [fact.term]), _tail("gp:state", state)]
        tails += [_tail("gp:by", _term(_ORIGINS[fact.by])), *_links("gp:rule", fact.basis.rules)]
        if known := quantity(fact):
            tails += [_tail(f"gp:{key}", _typed(value, "xsd:decimal")) for key, value in known.items()]
            unit = self.guideline.unit(fact.term)
            tails += [_tail("gp:unit", _text(unit))] if unit else []
        return tails

    def states(self, answers: int) -> tuple[list[str], list[str]]:
        """Every criterion and class that holds or is excluded by the bits of all answers: of whom, and of a patient."""
        return self._states.get(answers) or self._states.keep(answers, self._classified(answers))

    def _classified(self, answers: int) -> tuple[list[str], list[str]]:
        settled = [(bits.value(answers), iri) for iri, bits in self.guideline.compiled.index.class_bits.items()]
        entailed = [iri for value, iri in settled if value is True]
        excluded = [iri for value, iri in settled if value is False]
        types = [_type("gp:Patient"), *_links("rdf:type", entailed), *_links("gp:excludedFrom", excluded)]
        return [*_links("gp:entails", entailed), *_links("gp:excludes", excluded)], types


# -- one patient --


class TripleRenderer:
    """Writes assessments of one guideline as triples.

    With `timed`, each run states when it began and ended; without `types`, nothing is said of the patient but by the
    assessment. The profile `lean` leaves out the conclusions that exclude (`gp:excludes` names these classes), the
    criteria, axioms and readings of reasons, and what the guideline consists of. IRIs of results begin with `base`.
    """

    def __init__(self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True, types: bool = True,
                 profile: str = FULL, base: str = BASE) -> None:  # fmt: skip
        self.begun, self.ended, self.timed = ended or datetime.now(UTC), ended, timed
        self.guideline, self.types, self.base = guideline, types, base
        self.parts = _SharedParts(guideline, profile == LEAN)
        self.version = version()

    def triples(self, results: Iterable[Assessment | Refusal]) -> list[str]:
        """All triples, each once, as lines without ends, an assessment first."""
        found = [f"{subject} {tail} ." for result in results
                 for subject, tails in self._described(result)[1].items() for tail in tails]  # fmt: skip
        return list(dict.fromkeys(found))

    def canonical(self, results: Iterable[Assessment | Refusal]) -> str:
        """All triples in canonical order, as the text of a file; their nodes all have IRIs."""
        return "".join(f"{line}\n" for line in sorted(self.triples(results)))

    def quads(self, result: Assessment | Refusal) -> str:
        """The triples of one result in canonical order, in a graph that has its IRI."""
        name, described = self._described(result)
        end, blocks = f" {name} .\n", []
        for subject in sorted(described):
            tails = f"{end}{subject} ".join(sorted(set(described[subject])))
            blocks.append(f"{subject} {tails}{end}")
        return "".join(blocks)

    def _described(self, result: Assessment | Refusal) -> tuple[str, dict[str, list[str]]]:
        """The IRI of a result, and the tails of every subject that belongs to it."""
        if isinstance(result, Refusal):
            return self._refused(result)
        above = assessment_iri(self.guideline, result, self.base)
        return f"<{above}>", _Description(self, result, above).described()

    def _refused(self, refusal: Refusal) -> tuple[str, dict[str, list[str]]]:
        """A refusal, with each problem as a node."""
        patient, told = refusal.patient or "", sorted({(one.code, one.what, one.remedy) for one in refusal.problems})
        above = named(self.base, "refusal", patient, *map("|".join, told), self.guideline.content.digest)
        tails = [_type("gp:Refusal"), *_links("gp:patient", [patient] if ":" in patient[1:] else [])]
        found = {f"<{above}>": tails}
        for rank, (code, what, remedy) in enumerate(told, 1):
            node = f"<{named(self.base, 'problem', above, str(rank))}>"
            tails.append(_tail("gp:problem", node))
            found[node] = [_type("gp:Problem"), _rank(rank), _tail("gp:code", _text(code)),
                           _tail("rdfs:comment", _english(what)), _tail("gp:remedy", _english(remedy))]  # fmt: skip
        if not patient:
            tails += [_tail("rdfs:label", _text(file)) for file in sorted({one.file or "" for one in refusal.problems})]
        return f"<{above}>", found


def _not_excluded(conclusion: Conclusion) -> bool:
    return conclusion.state is not State.EXCLUDED


class _Description:
    """Describes one assessment, whose IRI is `above`."""

    def __init__(self, renderer: TripleRenderer, assessment: Assessment, above: str) -> None:
        self.renderer, self.parts, self.base = renderer, renderer.parts, renderer.base
        self.assessment, self.above, self.patient = assessment, above, f"<{assessment.patient}>"
        self.found: dict[str, list[str]] = {}
        self._facts: dict[Fact, str] = {}

    def described(self) -> dict[str, list[str]]:
        """The tails by subject, the assessment first."""
        about, types = self.parts.states(self.assessment.decision.answers)
        tails = self._tails(f"<{self.above}>")
        tails += [*self._head(), *about, *self._provenance()]
        if self.renderer.types and not self.parts.lean:
            self._tails(self.patient).extend(types)
        tails += [*self._answers(), *self._assumed()]
        return self.found

    def _tails(self, subject: str) -> list[str]:
        """The tails of a subject, to be added to."""
        return self.found.setdefault(subject, [])

    def _add(self, kind: str, above: str, node: SharedNode, *tails: str, key: str = "") -> str:
        """The IRI of a node that hangs on another; its tails are added."""
        return self._new(kind, above, key or node.key, [*node.tails, *tails])

    def _new(self, kind: str, above: str, key: str, tails: list[str]) -> str:
        iri = f"<{named(self.base, kind, above, key)}>"
        self.found[iri] = tails
        return iri

    def _head(self) -> Iterable[str]:
        of = self.assessment
        yield from (_type("gp:Assessment"), _tail("gp:patient", self.patient))
        yield from (_tail("gp:asOf", _typed(of.as_of, "xsd:date")), _tail("gp:status", _term(_STATUS[of.status])))
        yield from (_tail("rdfs:comment", _english(note)) for note in of.notes)

    def _provenance(self) -> list[str]:
        """The run, what it used, by content, and the software."""
        renderer, run = self.renderer, f"<{named(self.base, 'run', self.above)}>"
        record = f"<{record_iri(self.assessment, self.base)}>"
        rules = f"<{guideline_iri(renderer.guideline, self.base)}>"
        software = f"<{self.base}software/{renderer.version}>"
        used = [_tail("prov:used", record), _tail("prov:used", rules), _tail("prov:wasAssociatedWith", software)]
        self._tails(run).extend([_type("prov:Activity"), *used, *self._times()])
        self._tails(record).extend([_type("prov:Entity"), _tail("gp:contentHash", _text(self.assessment.record))])
        self._tails(rules).extend([_type("prov:Collection"), *self._versions()])
        label = _tail("rdfs:label", _english(f"guideproof {renderer.version}"))
        self._tails(software).extend([_type("prov:SoftwareAgent"), label])
        return [_tail("prov:wasGeneratedBy", run), _tail("prov:wasDerivedFrom", record), _tail("gp:guideline", rules)]

    def _times(self) -> Iterable[str]:
        if self.renderer.timed:
            times = (("started", self.renderer.begun), ("ended", self.renderer.ended or datetime.now(UTC)))
            for name, time in times:
                yield _tail(f"prov:{name}AtTime", _typed(time.isoformat(timespec="seconds"), "xsd:dateTime"))

    def _versions(self) -> Iterable[str]:
        """The ontologies and shapes by what they contain, each with the version that has this content."""
        for part in () if self.parts.lean else self.renderer.guideline.content.versions:
            content = f"<{self.base}content/{part.digest}>"
            hashed = _tail("gp:contentHash", _text(part.digest))
            self._tails(content).extend([*_links("prov:specializationOf", [part.iri]), hashed])
            yield _tail("prov:hadMember", content)

    def _answers(self) -> Iterable[str]:
        of, parts, above = self.assessment, self.parts, self.above
        for conclusion in of.conclusions if not parts.lean else filter(_not_excluded, of.conclusions):
            yield _tail("gp:conclusion", self._conclusion(parts.conclusion(conclusion)))
        for rank, question in enumerate(of.questions, 1):
            iri = self._add("question", above, parts.question(question), _rank(rank), key=str(rank))
            yield _tail("gp:hasQuestion", iri)
        for note in of.context:
            yield _tail("gp:context", self._add("context", above, parts.note(note)))
        for order in of.orders:
            nodes = _links("gp:order", (self._node(node) for node in order.nodes))
            yield _tail("gp:review", self._add("review", above, parts.order(order._replace(nodes=())), *nodes))
        yield from self._alerts()

    def _alerts(self) -> Iterable[str]:
        """The alerts, which are the results of one validation report."""
        about = _tail("sh:focusNode", self.patient), _tail("sh:value", self.patient)
        alerts = [self._add("alert", self.above, self.parts.alert(check), *about) for check in self.assessment.alerts]
        if alerts:
            conforms = _tail("sh:conforms", _typed("false", "xsd:boolean"))
            results = [_tail("sh:result", alert) for alert in alerts]
            report = self._new("report", self.above, "", [_type("sh:ValidationReport"), conforms, *results])
            yield from (_tail("gp:report", report), *(_tail("gp:alert", alert) for alert in alerts))

    def _conclusion(self, node: SharedNode) -> str:
        iri = self._add("conclusion", self.above, node)
        for reason in node.reasons:
            below = self._add("reason", iri[1:-1], reason)
            self._tails(below).extend(_tail("gp:fact", self._fact(fact)) for fact in reason.facts)
            self._tails(iri).append(_tail("gp:reason", below))
        return iri

    def _assumed(self) -> Iterable[str]:
        """The facts that are assumed, each with the readings that say so."""
        found: dict[str, None] = {}
        for fact, reading in self.assessment.assumptions:
            assumed = self._fact(fact)
            found[_tail("gp:assumedFact", assumed)] = None
            self._tails(assumed).extend(_links("gp:assumption", [reading] if reading else []))
        return found

    def _fact(self, fact: Fact) -> str:
        return self._facts.get(fact) or self._facts.setdefault(fact, self._add_fact(fact))

    def _add_fact(self, fact: Fact) -> str:
        """The IRI of a fact, which is described here for the first time."""
        source = fact.source or ""
        tails = [*self.parts.fact(fact), *_links("gp:source", [self._node(source)] if source else [])]
        tails += _links("prov:wasDerivedFrom", dict.fromkeys(self._node(one[0]) for one in fact.basis.statements))
        tails += [_tail("gp:evidence", self._statement(*statement)) for statement in fact.basis.statements]
        return self._new("fact", self.above, f"{source}|{fact.term}|{fact.state}|{fact.by}", tails)

    def _statement(self, node: str, prop: str, value: str, datatype: str) -> str:
        """The IRI of a statement of the record, as RDF describes one."""
        of = self.assessment
        written = f"{_text(value)}^^<{datatype}>" if datatype else f"<{value}>"
        written = _text(value) if datatype == XSD_STRING else written
        tails = [_type("rdf:Statement"), *_links("rdf:subject", [self._node(node)]), *_links("rdf:predicate", [prop])]
        return self._new(
            "statement", f"{of.record}|{node}", f"{prop}|{written}", [*tails, _tail("rdf:object", written)]
        )

    def _node(self, node: str) -> str:
        return node_iri(self.assessment, node, self.base)
