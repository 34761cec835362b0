"""Assessments as RDF, triple by triple into a graph of rdflib: what faster ways of writing them are compared with.

PROV-O, https://www.w3.org/TR/prov-o/; CiTO, http://purl.org/spar/cito. Nothing is remembered from one to the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime

from rdflib import PROV, RDF, RDFS, SH, XSD, Graph, Literal, URIRef

from reasoner.guideline.guideline import Guideline, version
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.facts import Fact
from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal
from reasoner.patient.orders import Order
from reasoner.records.canonical import content_hash
from reasoner.terms import CITO, GP

RESULT = "https://w3id.org/guideproof/result/"

_STATES = {State.ENTAILED: GP.Entailed, State.EXCLUDED: GP.Excluded, State.UNDETERMINED: GP.Undetermined}
_STATUS = {
    "decided": GP.Decided, "undetermined": GP.OpenStatus, "silent": GP.SilentStatus, "outOfScope": GP.OutOfScopeStatus,
}  # fmt: skip
_VERDICTS = {
    "supported": GP.SupportedOrder, "judgement": GP.JudgementOrder, "notSupported": GP.NotSupportedOrder,
    "undecided": GP.UndecidedOrder, "silent": GP.SilentOrder,
}  # fmt: skip
_ORIGINS = {"recorded": GP.Recorded, "derived": GP.Derived, "assumed": GP.Assumed}


class GraphRenderer:
    """Writes results of one guideline into a graph; with `timed`, each run says when it began and ended."""

    def __init__(self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True) -> None:
        self.guideline = guideline
        self.ended = ended or datetime.now(UTC) if timed else None
        self.graph = Graph()
        for prefix, namespace in guideline.prefixes.items():
            self.graph.bind(prefix, namespace)

    def render(self, results: Iterable[Assessment | Refusal]) -> Graph:
        """The graph of all results."""
        for result in results:
            if isinstance(result, Assessment):
                self._assessment(result)
            else:
                self._refusal(result)
        return self.graph

    def _add(self, subject: URIRef, predicate: URIRef, *objects: URIRef | Literal) -> None:
        for obj in objects:
            self.graph.add((subject, predicate, obj))

    def _node(self, kind: str, *content: str) -> URIRef:
        return URIRef(f"{RESULT}{kind}/{content_hash('|'.join(part.removeprefix(RESULT) for part in content))}")

    def _refusal(self, refusal: Refusal) -> None:
        told = sorted({(one.code, one.what, one.remedy) for one in refusal.problems})
        node = self._node("refusal", refusal.patient or "", *map("|".join, told), self.guideline.content.digest)
        self._add(node, RDF.type, GP.Refusal)
        self._add(node, GP.patient, *([URIRef(refusal.patient)] if refusal.patient else []))
        for rank, (code, what, remedy) in enumerate(told, 1):
            below = self._node("problem", node, str(rank))
            self._add(node, GP.problem, below)
            self._add(below, RDF.type, GP.Problem)
            self._add(below, GP.rank, Literal(rank))
            self._add(below, GP.code, Literal(code))
            self._add(below, RDFS.comment, Literal(what, lang="en"))
            self._add(below, GP.remedy, Literal(remedy, lang="en"))

    def _assessment(self, assessment: Assessment) -> None:
        patient, node = URIRef(assessment.patient), self._iri(assessment)
        self._add(node, RDF.type, GP.Assessment)
        self._add(node, GP.patient, patient)
        self._add(node, GP.asOf, Literal(assessment.as_of))
        self._add(node, GP.status, _STATUS[assessment.status])
        self._add(node, RDFS.comment, *(Literal(note, lang="en") for note in assessment.notes))
        self._provenance(node, assessment)
        self._classes(node, patient, assessment)
        for conclusion in assessment.conclusions:
            self._conclusion(node, conclusion, assessment)
        for rank, question in enumerate(assessment.questions, 1):
            self._question(node, rank, question)
        self._report(node, patient, assessment.alerts)
        for order in assessment.orders:
            self._order(node, order, assessment)
        for note in assessment.context:
            told = self._node("context", node, note.cls)
            self._add(node, GP.context, told)
            self._add(told, RDF.type, GP.ContextNote)
            self._add(told, GP["class"], URIRef(note.cls))
            self._add(told, GP.statement, *map(URIRef, note.statements))
        for fact, reading in assessment.assumptions:
            assumed = self._fact(fact, assessment)
            self._add(node, GP.assumedFact, assumed)
            self._add(assumed, GP.assumption, *([URIRef(reading)] if reading else []))

    def _iri(self, assessment: Assessment) -> URIRef:
        day, digest = assessment.as_of.isoformat(), self.guideline.content.digest
        return self._node("assessment", assessment.patient, assessment.record, day, digest)

    def _report(self, above: URIRef, patient: URIRef, alerts: Iterable[StateShape]) -> None:
        """The alerts as results of one SHACL validation report."""
        for check in alerts:
            node, report = self._node("alert", above, check.shape), self._node("report", above, "")
            self._add(above, GP.report, report)
            self._add(above, GP.alert, node)
            self._add(report, RDF.type, SH.ValidationReport)
            self._add(report, SH.conforms, Literal(False))
            self._add(report, SH.result, node)
            self._add(node, RDF.type, SH.ValidationResult)
            self._add(node, SH.focusNode, patient)
            self._add(node, SH.value, patient)
            self._add(node, SH.sourceShape, URIRef(check.shape))
            self._add(node, SH.sourceConstraintComponent, SH[f"{type(check.condition).__name__}ConstraintComponent"])
            self._add(node, SH.resultSeverity, URIRef(check.severity))
            self._add(node, SH.resultMessage, Literal(check.message, lang="en"))
            self._add(node, GP.statement, *map(URIRef, check.statements))

    def _order(self, above: URIRef, order: Order, assessment: Assessment) -> None:
        node = self._node("review", above, order.action)
        self._add(above, GP.review, node)
        self._add(node, RDF.type, GP.OrderReview)
        self._add(node, GP.action, URIRef(order.action))
        self._add(node, GP.order, *(self._source(one, assessment) for one in order.nodes))
        self._add(node, GP.verdict, _VERDICTS[order.verdict])
        self._add(node, GP.neededFact, *map(URIRef, order.needs))
        self._add(node, GP.statement, *map(URIRef, order.statements))
        if order.check:
            self._add(node, SH.sourceShape, URIRef(order.check.shape))
            self._add(node, SH.resultMessage, Literal(order.check.message, lang="en"))

    def _provenance(self, node: URIRef, assessment: Assessment) -> None:
        run, software = self._node("run", node), URIRef(f"{RESULT}software/{version()}")
        record, rules = URIRef(f"{RESULT}record/{assessment.record}"), self.guideline.content
        guideline = URIRef(f"{RESULT}guideline/{rules.digest}")
        self._add(node, PROV.wasGeneratedBy, run)
        self._add(node, PROV.wasDerivedFrom, record)
        self._add(node, GP.guideline, guideline)
        self._add(run, RDF.type, PROV.Activity)
        self._add(run, PROV.used, record, guideline)
        self._add(run, PROV.wasAssociatedWith, software)
        if self.ended:
            time = Literal(self.ended.isoformat(timespec="seconds"), datatype=XSD.dateTime)
            self._add(run, PROV.startedAtTime, time)
            self._add(run, PROV.endedAtTime, time)
        self._add(record, RDF.type, PROV.Entity)
        self._add(record, GP.contentHash, Literal(assessment.record))
        self._add(guideline, RDF.type, PROV.Collection)
        for iri, digest in rules.versions:
            part = URIRef(f"{RESULT}content/{digest}")
            self._add(guideline, PROV.hadMember, part)
            self._add(part, PROV.specializationOf, URIRef(iri))
            self._add(part, GP.contentHash, Literal(digest))
        self._add(software, RDF.type, PROV.SoftwareAgent)
        self._add(software, RDFS.label, Literal(f"guideproof {version()}", lang="en"))

    def _classes(self, above: URIRef, patient: URIRef, assessment: Assessment) -> None:
        """Every criterion and class that the patient is in, or is excluded from."""
        self._add(patient, RDF.type, GP.Patient)
        for iri, state in assessment.decision.states.items():
            if state is State.ENTAILED:
                self._add(above, GP.entails, URIRef(iri))
                self._add(patient, RDF.type, URIRef(iri))
            elif state is State.EXCLUDED:
                self._add(above, GP.excludes, URIRef(iri))
                self._add(patient, GP.excludedFrom, URIRef(iri))

    def _conclusion(self, above: URIRef, conclusion: Conclusion, assessment: Assessment) -> None:
        node = self._node("conclusion", above, conclusion.cls.iri)
        self._add(above, GP.conclusion, node)
        self._add(node, RDF.type, GP.Conclusion)
        self._add(node, GP["class"], URIRef(conclusion.cls.iri))
        self._add(node, GP.state, _STATES[conclusion.state])
        if conclusion.state is State.ENTAILED:
            self._add(node, GP.recommends, *(URIRef(r.iri) for r in conclusion.cls.recommendations))
            self._add(node, GP.establishes, *(URIRef(d) for d in conclusion.cls.diagnoses))
        for rank, justified in enumerate(conclusion.reasons, 1):
            self._reason(node, rank, justified, assessment)
            if conclusion.state is State.ENTAILED:
                self._add(node, CITO.citesAsEvidence, *self._references(justified.statements))

    def _reason(self, above: URIRef, rank: int, justified: Justified, assessment: Assessment) -> None:
        node = self._node("reason", above, str(rank))
        self._add(above, GP.reason, node)
        self._add(node, RDF.type, GP.Reason)
        self._add(node, GP.rank, Literal(rank))
        self._add(node, GP.fact, *(self._fact(fact, assessment) for fact in justified.reason.facts))
        self._add(node, GP.criterion, *map(URIRef, justified.reason.criteria))
        self._add(node, GP.axiom, *(URIRef(origin.term) for origin in justified.reason.axioms))
        self._add(node, GP.statement, *map(URIRef, justified.statements))
        self._add(node, GP.assumption, *map(URIRef, justified.readings))

    def _references(self, statements: Iterable[str]) -> list[URIRef]:
        catalogue = self.guideline.catalogue
        return [URIRef(catalogue.references[n]) for n in catalogue.citations(statements) if n in catalogue.references]

    def _fact(self, fact: Fact, assessment: Assessment) -> URIRef:
        node = self._node("fact", self._iri(assessment), fact.source or "", fact.term, fact.state, fact.by)
        self._add(node, RDF.type, GP.Fact)
        self._add(node, GP["class"], URIRef(fact.term))
        self._add(node, GP.state, GP.Present if fact.present else GP.Absent)
        self._add(node, GP.by, _ORIGINS[fact.by])
        self._add(node, GP.source, *([self._source(fact.source, assessment)] if fact.source else []))
        self._add(node, GP.rule, *map(URIRef, fact.basis.rules))
        exact = fact.low is not None and fact.low == fact.high
        numbers = {GP.value: fact.low} if exact else {GP.atLeast: fact.low, GP.atMost: fact.high}
        known = {key: number for key, number in numbers.items() if number is not None}
        for key, number in known.items():
            self._add(node, key, Literal(f"{number:f}", datatype=XSD.decimal, normalize=False))
        unit = self.guideline.unit(fact.term)
        self._add(node, GP.unit, *([Literal(unit)] if known and unit else []))
        for stated in fact.basis.statements:
            self._add(node, PROV.wasDerivedFrom, self._source(stated[0], assessment))
            self._add(node, GP.evidence, self._statement(*stated, assessment))
        return node

    def _statement(self, node: str, prop: str, value: str, datatype: str, assessment: Assessment) -> URIRef:
        kind = None if datatype == str(XSD.string) else URIRef(datatype)
        obj = Literal(value, datatype=kind, normalize=False) if datatype else URIRef(value)
        found = self._node("statement", f"{assessment.record}|{node}", prop, obj.n3())
        self._add(found, RDF.type, RDF.Statement)
        self._add(found, RDF.subject, self._source(node, assessment))
        self._add(found, RDF.predicate, URIRef(prop))
        self._add(found, RDF.object, obj)
        return found

    def _source(self, source: str, assessment: Assessment) -> URIRef:
        """The node of the record; a blank node by its canonical label in the record of that content."""
        if source.startswith("_:"):
            return URIRef(f"{RESULT}node/{assessment.record}/{source[2:]}")
        return URIRef(source)

    def _question(self, above: URIRef, rank: int, question: Question) -> None:
        node = self._node("question", above, str(rank))
        self._add(above, GP.hasQuestion, node)
        self._add(node, RDF.type, GP.Question)
        self._add(node, GP.rank, Literal(rank))
        self._add(node, GP.ask, *map(URIRef, question.ask))
        self._add(node, GP.decides, *map(URIRef, question.decides))


def quads(guideline: Guideline, assessment: Assessment | Refusal) -> str:
    """The triples of a result in canonical order, in a graph that has its IRI, without the time of the run."""
    graph = GraphRenderer(guideline, timed=False).render([assessment])
    name = graph.value(predicate=RDF.type, object=GP.Assessment) or graph.value(predicate=RDF.type, object=GP.Refusal)
    return "".join(f"{line[:-1]}<{name}> .\n" for line in lines_of(graph))


def lines_of(graph: Graph) -> list[str]:
    """The triples of a graph whose nodes all have IRIs, in canonical order."""
    return sorted(line for line in graph.serialize(format="nt").split("\n") if line)
