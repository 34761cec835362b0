"""Assessments as N-Triples and N-Quads, canonical: https://www.w3.org/TR/rdf-canon/#canonical-quads.

PROV-O, https://www.w3.org/TR/prov-o/, for where an answer comes from; CiTO, http://purl.org/spar/cito, for what it
cites. The IRIs of results are content hashes: the same record, guideline and as-of date give the same triples, but for
the time of the run. What does not depend on the patient is written once, and kept by the object that it describes; the
hashes and what has them in it are written for each patient.
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
from reasoner.logic.facts import Fact
from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal
from reasoner.patient.orders import Order
from reasoner.records.canonical import content_hash
from reasoner.render.json import JsonRenderer
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
_ORIGINS = {"recorded": "gp:Recorded", "derived": "gp:Derived", "assumed": "gp:Assumed"}

#: How many conclusions, and how many other objects of each kind, are kept as text.
_CONCLUSIONS, _OTHERS = 10_000, 5_000

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
    return f'"{text.translate(_ESCAPED)}"@en'


def _typed(text: object, datatype: str) -> str:
    return f'"{text}"^^{_term(datatype)}'


def _iri(kind: str, content: str) -> str:
    return f"urn:guideproof:{kind}:{content_hash(content)}"


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

    def __init__(self, guideline: Guideline) -> None:
        self.catalogue = guideline.catalogue
        self.conclusion = IdentityCache(self._conclusion, _CONCLUSIONS)
        self.question, self.order = IdentityCache(self._question, _OTHERS), IdentityCache(self._order, _OTHERS)
        self.alert = IdentityCache(self._alert, _OTHERS)
        self._facts: BoundedDict[tuple[str, bool, str], SharedNode] = BoundedDict(_OTHERS)
        self._states: BoundedDict[int, list[str]] = BoundedDict(_OTHERS)
        self._classes = [(bits, _tail("rdf:type", f"<{iri}>"), _tail("gp:excludedFrom", f"<{iri}>"))
                         for iri, bits in guideline.compiled.index.class_bits.items()]  # fmt: skip

    def _cited(self, statements: Iterable[str]) -> list[str]:
        """The references that statements cite."""
        references = self.catalogue.references
        cited = self.catalogue.citations(statements)
        return _links("cito:citesAsEvidence", (references[number] for number in cited if number in references))

    def _grounds(self, statements: Iterable[str]) -> list[str]:
        """Statements, and the references that they cite."""
        return [*_links("gp:statement", statements), *self._cited(statements)]

    def _conclusion(self, conclusion: Conclusion) -> SharedNode:
        cls, state = conclusion.cls, conclusion.state
        tails = [_type("gp:Conclusion"), *_links("gp:class", [cls.iri]), _tail("gp:state", _term(_STATES[state]))]
        if state is State.ENTAILED:
            tails += _links("gp:recommends", (r.iri for r in cls.recommendations))
            tails += _links("gp:establishes", cls.diagnoses)
        for justified in conclusion.reasons:
            tails += self._cited(justified.statements)
        reasons = (self._reason(rank, justified) for rank, justified in enumerate(conclusion.reasons, 1))
        return _node(cls.iri, tails)._replace(reasons=tuple(reasons))

    def _reason(self, rank: int, justified: Justified) -> SharedNode:
        reason = justified.reason
        tails = [_type("gp:Reason"), _rank(rank)]
        tails += _links("gp:criterion", reason.criteria)
        tails += _links("gp:axiom", (origin.term for origin in reason.axioms))
        tails += _links("gp:assumption", justified.readings)
        return _node(str(rank), tails + self._grounds(justified.statements))._replace(facts=reason.facts)

    def _question(self, question: Question) -> SharedNode:
        """A question without its rank."""
        asked, decided = _links("gp:ask", question.ask), _links("gp:decides", question.decides)
        return _node("", [_type("gp:Question"), *asked, *decided])

    def _alert(self, check: StateShape) -> SharedNode:
        """An alert is a SHACL validation result; its focus node is the patient."""
        tails = [_type("sh:ValidationResult"), *self._reported(check)]
        tails += _links("sh:resultSeverity", [check.severity])
        return _node(check.shape, tails + self._grounds(check.statements))

    def _reported(self, check: StateShape) -> list[str]:
        return [*_links("sh:sourceShape", [check.shape]), _tail("sh:resultMessage", _english(check.message))]

    def _order(self, order: Order) -> SharedNode:
        tails = [_type("gp:OrderReview"), _tail("gp:verdict", _term(_VERDICTS[order.verdict]))]
        tails += _links("gp:action", [order.action])
        tails += _links("gp:neededFact", order.needs)
        tails += self._reported(order.check) if order.check else []
        return _node(order.action, tails + self._grounds(order.statements))

    def fact(self, fact: Fact) -> SharedNode:
        """A fact, wherever it was recorded."""
        key = fact.term, fact.present, fact.by
        return self._facts.get(key) or self._facts.keep(key, self._fact(fact))

    def _fact(self, fact: Fact) -> SharedNode:
        state = _term("gp:Present" if fact.present else "gp:Absent")
        tails = [_type("gp:Fact"), *_links("gp:class", [fact.term])]
        tails += [_tail("gp:state", state), _tail("gp:by", _term(_ORIGINS[fact.by]))]
        return _node(f"{fact.term}|{fact.state}|{fact.by}", tails)

    def states(self, answers: int) -> list[str]:
        """Every criterion and class that a patient is in, or is excluded from, by the bits of all answers."""
        return self._states.get(answers) or self._states.keep(answers, self._classified(answers))

    def _classified(self, answers: int) -> list[str]:
        found = [entailed if answers & bits.entailed else excluded
                 for bits, entailed, excluded in self._classes if answers & bits.answers]  # fmt: skip
        return list(dict.fromkeys([_type("gp:Patient"), *found]))


# -- one patient --


class TripleRenderer:
    """Writes assessments of one guideline as triples; with `timed`, each run states when it ended."""

    def __init__(self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True) -> None:
        self.ended = ended or datetime.now(UTC) if timed else None
        self.json, self.parts = JsonRenderer(guideline), _SharedParts(guideline)
        self.versions = guideline.content.versions
        self.version = version()
        self.software = f"<urn:guideproof:software:{self.version}>"
        self._by = "|".join([self.version, *self.versions])

    @property
    def ending(self) -> list[str]:
        """The tail that states when the run ended, in a list; none where runs are not timed."""
        if self.ended is None:
            return []
        return [_tail("prov:endedAtTime", _typed(self.ended.isoformat(timespec="seconds"), "xsd:dateTime"))]

    def triples(self, results: Iterable[Assessment | Refusal]) -> list[str]:
        """All triples, each once, as lines without ends, an assessment first; a refused record leaves none."""
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
            tails = f"{end}{subject} ".join(sorted(described[subject]))
            blocks.append(f"{subject} {tails}{end}")
        return "".join(blocks)

    def _described(self, assessment: Assessment) -> tuple[str, dict[str, list[str]]]:
        """The IRI of an assessment, and the tails of every subject that belongs to it."""
        above = _iri("assessment", f"{self.json.canonical(assessment)}|{assessment.record}|{self._by}")
        return f"<{above}>", _Description(self, assessment, above).described()


class _Description:
    """Describes one assessment, whose IRI is `above`."""

    def __init__(self, renderer: TripleRenderer, assessment: Assessment, above: str) -> None:
        self.renderer, self.parts = renderer, renderer.parts
        self.assessment, self.above, self.patient = assessment, above, f"<{assessment.patient}>"
        self.found: dict[str, list[str]] = {}
        self._facts: dict[Fact, str] = {}

    def described(self) -> dict[str, list[str]]:
        """The tails by subject, each once, the assessment first."""
        tails = self._tails(f"<{self.above}>")
        tails += [*self._head(), *self._provenance()]
        self._tails(self.patient).extend(self.parts.states(self.assessment.decision.answers))
        tails += [*self._answers(), *self._assumed()]
        return self.found

    def _tails(self, subject: str) -> list[str]:
        """The tails of a subject, to be added to."""
        return self.found.setdefault(subject, [])

    def _add(self, kind: str, above: str, node: SharedNode, *tails: str, key: str = "") -> str:
        """The IRI of a node that hangs on another; its tails are added."""
        iri = f"<{_iri(kind, f'{above}|{key or node.key}')}>"
        self.found[iri] = [*node.tails, *tails]
        return iri

    def _head(self) -> Iterable[str]:
        of = self.assessment
        yield from (_type("gp:Assessment"), _tail("gp:patient", self.patient))
        yield from (_tail("gp:asOf", _typed(of.as_of, "xsd:date")), _tail("gp:status", _term(_STATUS[of.status])))
        yield from dict.fromkeys(_tail("rdfs:comment", _english(note)) for note in of.notes)

    def _provenance(self) -> list[str]:
        renderer, run = self.renderer, f"<{_iri('run', self.above)}>"
        record, software = f"<urn:guideproof:record:{self.assessment.record}>", renderer.software
        used = dict.fromkeys((_tail("prov:used", record), *_links("prov:used", renderer.versions)))
        by = _tail("prov:wasAssociatedWith", software)
        self._tails(run).extend([_type("prov:Activity"), *used, by, *renderer.ending])
        self._tails(record).append(_type("prov:Entity"))
        label = _tail("rdfs:label", _english(f"guideproof {renderer.version}"))
        self._tails(software).extend([_type("prov:SoftwareAgent"), label])
        return [_tail("prov:wasGeneratedBy", run), _tail("prov:wasDerivedFrom", record)]

    def _answers(self) -> Iterable[str]:
        of, parts, above = self.assessment, self.parts, self.above
        for conclusion in of.conclusions:
            yield _tail("gp:conclusion", self._conclusion(parts.conclusion(conclusion)))
        for rank, question in enumerate(of.questions, 1):
            iri = self._add("question", above, parts.question(question), _rank(rank), key=str(rank))
            yield _tail("gp:hasQuestion", iri)
        for check in of.alerts:
            iri = self._add("alert", above, parts.alert(check), _tail("sh:focusNode", self.patient))
            yield _tail("gp:alert", iri)
        for order in of.orders:
            yield _tail("gp:review", self._add("review", above, parts.order(order)))

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
        of, source, tails = self.assessment, fact.source, list[str]()
        if source:
            node = f"<{self._source(source)}>"
            tails = [_tail("gp:source", node), _tail("prov:wasDerivedFrom", node)]
        return self._add("fact", f"{of.record}|{of.patient}|{source or ''}", self.parts.fact(fact), *tails)

    def _source(self, source: str) -> str:
        """The node of the record; a blank node by its canonical label in the record of that content."""
        return f"urn:guideproof:node:{self.assessment.record}:{source[2:]}" if source.startswith("_:") else source
