"""Assessments as N-Triples and N-Quads, canonical: https://www.w3.org/TR/rdf-canon/#canonical-quads.

PROV-O, https://www.w3.org/TR/prov-o/, for where an answer comes from; CiTO, http://purl.org/spar/cito, for what it
cites. The IRIs of results are content hashes: the same record, guideline and as-of date give the same triples, but for
the time of the run. What does not depend on the patient is written once, and remembered by the object that it tells of;
the hashes and what has them in it are made for each patient.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from functools import cache
from typing import NamedTuple

from reasoner.caches import BoundedDict, IdentityCache
from reasoner.guideline.guideline import Guideline, version
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.facts import Fact
from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal
from reasoner.patient.orders import Order
from reasoner.pause import collection_paused
from reasoner.records.canonical import content_hash
from reasoner.render.as_json import JsonRenderer
from reasoner.terms import CORE, PREFIXES

#: What is said of each subject, as N-Triples write it: the predicate and the object.
Described = dict[str, list[str]]
Ordered = Callable[[Iterable[str]], list[str]]

_STATES = {State.ENTAILED: "Entailed", State.EXCLUDED: "Excluded", State.UNDETERMINED: "Undetermined"}
_STATUS = {
    "decided": "Decided", "undetermined": "OpenStatus", "silent": "SilentStatus", "outOfScope": "OutOfScopeStatus",
}  # fmt: skip
_VERDICTS = {
    "supported": "SupportedOrder", "judgement": "JudgementOrder", "notSupported": "NotSupportedOrder",
    "undecided": "UndecidedOrder", "silent": "SilentOrder",
}  # fmt: skip
_ORIGINS = {"recorded": "Recorded", "derived": "Derived", "assumed": "Assumed"}

#: How many conclusions, and how many other things, are remembered.
_CONCLUSIONS, _OTHERS = 10_000, 5_000

_ESCAPED = str.maketrans({"\\": "\\\\", "\n": "\\n", '"': '\\"', "\r": "\\r"})


# -- terms --


def _core(name: str) -> str:
    return f"<{CORE}{name}>"


def _predicate(curie: str) -> str:
    prefix, _, name = curie.partition(":")
    return f"<{PREFIXES[prefix]}{name}> "


def _core_predicate(name: str) -> str:
    return f"{_core(name)} "


def _english(text: str) -> str:
    return f'"{text.translate(_ESCAPED)}"@en'


def _typed(text: object, datatype: str) -> str:
    return f'"{text}"^^<{PREFIXES["xsd"]}{datatype}>'


_A, _COMMENT, _LABEL, _CITES = map(_predicate, ("rdf:type", "rdfs:comment", "rdfs:label", "cito:citesAsEvidence"))
_SHAPE, _MESSAGE, _SEVERITY, _FOCUS = map(
    _predicate, ("sh:sourceShape", "sh:resultMessage", "sh:resultSeverity", "sh:focusNode")
)
_GENERATED_BY, _DERIVED_FROM, _USED, _ASSOCIATED, _ENDED = map(
    _predicate,
    ("prov:wasGeneratedBy", "prov:wasDerivedFrom", "prov:used", "prov:wasAssociatedWith", "prov:endedAtTime"),
)
_PATIENT, _AS_OF, _HAS_STATUS, _CONCLUSION, _QUESTION, _ALERT, _REVIEW, _ASSUMED = map(
    _core_predicate, ("patient", "asOf", "status", "conclusion", "hasQuestion", "alert", "review", "assumedFact")
)
_CLASS, _STATE, _RANK, _REASON, _FACT, _CRITERION, _AXIOM, _ASSUMPTION, _STATEMENT = map(
    _core_predicate, ("class", "state", "rank", "reason", "fact", "criterion", "axiom", "assumption", "statement")
)
_RECOMMENDS, _ESTABLISHES, _ASK, _DECIDES, _ACTION, _VERDICT, _NEEDED, _BY, _SOURCE, _EXCLUDED = map(
    _core_predicate, ("recommends", "establishes", "ask", "decides", "action", "verdict", "neededFact", "by", "source",
                      "excludedFrom")
)  # fmt: skip
_ACTIVITY, _ENTITY, _AGENT = (f"<{PREFIXES['prov']}{name}>" for name in ("Activity", "Entity", "SoftwareAgent"))


@cache
def _ranked(rank: int) -> str:
    return _RANK + _typed(rank, "integer")


def _all(predicate: str, iris: Iterable[str]) -> list[str]:
    return [f"{predicate}<{iri}>" for iri in iris]


# -- what does not depend on the patient --


class _Node(NamedTuple):
    """A node whose IRI is the hash of its `key` and of what it hangs on, and what is said of it."""

    key: str
    tails: list[str]


class _Reason(NamedTuple):
    """A reason, and its facts."""

    node: _Node
    facts: tuple[Fact, ...]


class _Concluded(NamedTuple):
    """A conclusion, and its reasons."""

    node: _Node
    reasons: list[_Reason]


class _Parts:
    """Writes what assessments by one guideline share, once; what is said of a node is `ordered`."""

    def __init__(self, guideline: Guideline, ordered: Ordered) -> None:
        self.catalogue, self.ordered = guideline.catalogue, ordered
        self.conclusion = IdentityCache(self._conclusion, _CONCLUSIONS)
        self.question, self.order = IdentityCache(self._question, _OTHERS), IdentityCache(self._order, _OTHERS)
        self.alert = IdentityCache(self._alert, _OTHERS)
        self._facts: BoundedDict[tuple[str, bool, str], _Node] = BoundedDict(_OTHERS)
        self._told: BoundedDict[int, list[str]] = BoundedDict(_OTHERS)
        self._classes = [(place, f"{_A}<{iri}>", f"{_EXCLUDED}<{iri}>")
                         for iri, place in guideline.compiled.index.class_bits.items()]  # fmt: skip

    def _cited(self, statements: Iterable[str]) -> list[str]:
        """The references that statements cite."""
        references = self.catalogue.references
        return _all(_CITES, (references[n] for n in self.catalogue.citations(statements) if n in references))

    def _grounds(self, statements: Iterable[str]) -> list[str]:
        """Statements, and the references that they cite."""
        return [*_all(_STATEMENT, statements), *self._cited(statements)]

    def _conclusion(self, conclusion: Conclusion) -> _Concluded:
        cls, state = conclusion.cls, conclusion.state
        tails = [_A + _core("Conclusion"), f"{_CLASS}<{cls.iri}>"]
        tails.append(_STATE + _core(_STATES[state]))
        if state is State.ENTAILED:
            tails += _all(_RECOMMENDS, (r.iri for r in cls.recommendations))
            tails += _all(_ESTABLISHES, cls.diagnoses)
        for justified in conclusion.reasons:
            tails += self._cited(justified.statements)
        reasons = [self._reason(rank, justified) for rank, justified in enumerate(conclusion.reasons, 1)]
        return _Concluded(self._node(cls.iri, tails), reasons)

    def _reason(self, rank: int, justified: Justified) -> _Reason:
        reason = justified.reason
        tails = [_A + _core("Reason"), _ranked(rank)]
        tails += _all(_CRITERION, reason.criteria)
        tails += _all(_AXIOM, (origin.term for origin in reason.axioms))
        tails += _all(_ASSUMPTION, justified.readings)
        return _Reason(self._node(str(rank), tails + self._grounds(justified.statements)), reason.facts)

    def _question(self, question: Question) -> list[str]:
        """What is said of a question besides its rank."""
        asked, decided = _all(_ASK, question.ask), _all(_DECIDES, question.decides)
        return self._node("", [_A + _core("Question"), *asked, *decided]).tails

    def _alert(self, check: StateShape) -> _Node:
        """An alert is a SHACL validation result; whose is not said yet."""
        tails = [_A + f"<{PREFIXES['sh']}ValidationResult>", *self._reported(check)]
        tails += _all(_SEVERITY, [check.severity])
        return self._node(check.shape, tails + self._grounds(check.statements))

    def _reported(self, check: StateShape) -> list[str]:
        shape = _all(_SHAPE, [check.shape])
        return [*shape, _MESSAGE + _english(check.message)]

    def _order(self, order: Order) -> _Node:
        tails = [_A + _core("OrderReview"), _VERDICT + _core(_VERDICTS[order.verdict])]
        tails += _all(_ACTION, [order.action])
        tails += _all(_NEEDED, order.needs)
        tails += self._reported(order.check) if order.check else []
        return self._node(order.action, tails + self._grounds(order.statements))

    def fact(self, fact: Fact) -> _Node:
        """A fact, wherever it was recorded."""
        key = fact.term, fact.present, fact.by
        return self._facts.get(key) or self._facts.keep(key, self._fact(fact))

    def _fact(self, fact: Fact) -> _Node:
        state = "Present" if fact.present else "Absent"
        tails = [_A + _core("Fact"), f"{_CLASS}<{fact.term}>"]
        tails += [_STATE + _core(state), _BY + _core(_ORIGINS[fact.by])]
        return self._node(f"{fact.term}|{fact.state}|{fact.by}", tails)

    def classes(self, answers: int) -> list[str]:
        """Every criterion and class that a patient is in, or is excluded from, by the bits of all answers."""
        return self._told.get(answers) or self._told.keep(answers, self._states(answers))

    def _states(self, answers: int) -> list[str]:
        found = [entailed if answers & place.entailed else excluded
                 for place, entailed, excluded in self._classes if answers & place.answers]  # fmt: skip
        return self.ordered(dict.fromkeys([_A + _core("Patient"), *found]))

    def _node(self, key: str, tails: Iterable[str]) -> _Node:
        return _Node(key, self.ordered(dict.fromkeys(tails)))


# -- one patient --


class TripleRenderer:
    """Writes assessments of one guideline as triples; with `timed`, each run says when it ended.

    `ordered` is the order in which the triples of a node are found: as they are told, or sorted.
    """

    def __init__(
        self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True, ordered: Ordered = list
    ) -> None:
        self.ended = ended or datetime.now(UTC) if timed else None
        self.json, self.parts = JsonRenderer(guideline), _Parts(guideline, ordered)
        self.versions = guideline.content.versions
        self.version = version()
        self.software = f"<urn:guideproof:software:{self.version}>"
        self._by = "|".join([self.version, *self.versions])

    @property
    def ending(self) -> list[str]:
        """When the run ended, if that is told."""
        return [_ENDED + _typed(self.ended.isoformat(timespec="seconds"), "dateTime")] if self.ended else []

    @collection_paused
    def triples(self, results: Iterable[Assessment | Refusal]) -> list[str]:
        """All triples in the order of telling, each once, as lines without ends; a refused record leaves none."""
        found = [f"{subject} {tail} ." for result in results if isinstance(result, Assessment)
                 for subject, tails in self._described(result)[1].items() for tail in tails]  # fmt: skip
        return list(dict.fromkeys(found))

    def canonical(self, results: Iterable[Assessment | Refusal]) -> str:
        """All triples in canonical order, as the text of a file; their nodes all have IRIs."""
        return "".join(f"{line}\n" for line in sorted(self.triples(results)))

    def quads(self, assessment: Assessment) -> str:
        """The triples of one assessment in canonical order, in a graph that has its IRI."""
        name, described = self._described(assessment)
        end, blocks = f" {name} .\n", []
        for subject in sorted(described):
            said = f"{end}{subject} ".join(sorted(described[subject]))
            blocks.append(f"{subject} {said}{end}")
        return "".join(blocks)

    def _described(self, assessment: Assessment) -> tuple[str, Described]:
        """The IRI of an assessment, and all that is said with it."""
        above = _iri("assessment", f"{self.json.canonical(assessment)}|{assessment.record}|{self._by}")
        return f"<{above}>", _One(self, assessment, above).described()


def _iri(kind: str, content: str) -> str:
    return f"urn:guideproof:{kind}:{content_hash(content)}"


class _One:
    """Describes one assessment, whose IRI is `above`."""

    def __init__(self, renderer: TripleRenderer, assessment: Assessment, above: str) -> None:
        self.renderer, self.parts = renderer, renderer.parts
        self.assessment, self.above, self.patient = assessment, above, f"<{assessment.patient}>"
        self.found: Described = {}
        self._facts: dict[Fact, str] = {}

    def described(self) -> Described:
        """All that is said, each thing once, in the order of telling."""
        said = self._about(f"<{self.above}>")
        said += [*self._head(), *self._provenance()]
        self._about(self.patient).extend(self.parts.classes(self.assessment.decision.answers))
        said += [*self._answers(), *self._assumed()]
        return self.found

    def _about(self, subject: str) -> list[str]:
        """What is said of something, to be added to."""
        return self.found.setdefault(subject, [])

    def _named(self, kind: str, above: str, key: str, tails: list[str]) -> tuple[str, list[str]]:
        """The IRI of a node that hangs on another, and what is said of it, to be added to."""
        iri = f"<{_iri(kind, f'{above}|{key}')}>"
        said = self.found[iri] = tails.copy()
        return iri, said

    def _head(self) -> Iterable[str]:
        of = self.assessment
        day, status = _typed(of.as_of, "date"), _core(_STATUS[of.status])
        head = (_A + _core("Assessment"), _PATIENT + self.patient, _AS_OF + day, _HAS_STATUS + status)
        return dict.fromkeys((*head, *(_COMMENT + _english(note) for note in of.notes)))

    def _provenance(self) -> list[str]:
        renderer, run = self.renderer, f"<{_iri('run', self.above)}>"
        record, software = f"<urn:guideproof:record:{self.assessment.record}>", renderer.software
        used = dict.fromkeys((_USED + record, *_all(_USED, renderer.versions)))
        self._about(run).extend([_A + _ACTIVITY, *used, _ASSOCIATED + software, *renderer.ending])
        self._about(record).append(_A + _ENTITY)
        self._about(software).extend([_A + _AGENT, _LABEL + _english(f"guideproof {renderer.version}")])
        return [_GENERATED_BY + run, _DERIVED_FROM + record]

    def _answers(self) -> list[str]:
        of, parts, above = self.assessment, self.parts, self.above
        found = [_CONCLUSION + self._conclusion(parts.conclusion(conclusion)) for conclusion in of.conclusions]
        for rank, question in enumerate(of.questions, 1):
            iri, said = self._named("question", above, str(rank), parts.question(question))
            said.append(_ranked(rank))
            found.append(_QUESTION + iri)
        for check in of.alerts:
            iri, said = self._named("alert", above, *parts.alert(check))
            said.append(_FOCUS + self.patient)
            found.append(_ALERT + iri)
        return found + [_REVIEW + self._named("review", above, *parts.order(order))[0] for order in of.orders]

    def _conclusion(self, concluded: _Concluded) -> str:
        iri, said = self._named("conclusion", self.above, *concluded.node)
        for node, facts in concluded.reasons:
            reason, why = self._named("reason", iri[1:-1], *node)
            why += [_FACT + self._fact(fact) for fact in facts]
            said.append(_REASON + reason)
        return iri

    def _assumed(self) -> Iterable[str]:
        """The facts that are assumed, each with the readings that say so."""
        found: dict[str, None] = {}
        for fact, reading in self.assessment.assumptions:
            assumed = self._fact(fact)
            found[_ASSUMED + assumed] = None
            self._about(assumed).extend([f"{_ASSUMPTION}<{reading}>"] if reading else [])
        return found

    def _fact(self, fact: Fact) -> str:
        return self._facts.get(fact) or self._facts.setdefault(fact, self._new(fact))

    def _new(self, fact: Fact) -> str:
        """A fact, told of for the first time."""
        of, source = self.assessment, fact.source
        iri, said = self._named("fact", f"{of.record}|{of.patient}|{source or ''}", *self.parts.fact(fact))
        if source:
            named = f"<{self._source(source)}>"
            said += [_SOURCE + named, _DERIVED_FROM + named]
        return iri

    def _source(self, source: str) -> str:
        """The node of the record; a blank node by its canonical label in the record of that content."""
        return f"urn:guideproof:node:{self.assessment.record}:{source[2:]}" if source.startswith("_:") else source
