"""Assessments as JSON: one form for every door. IRIs are written as CURIEs; `@context` expands them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from pathlib import PurePath
from typing import Any

from reasoner.errors import Problem
from reasoner.guideline.catalogue import Recommendation
from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.facts import Fact
from reasoner.patient.assess import Assessment, Conclusion, ContextNote, Justified, Refusal
from reasoner.patient.orders import Order
from reasoner.render.identity import BASE, assessment_iri, guideline_iri, record_iri
from reasoner.terms import curie, shorten

Json = dict[str, Any]

_IRI_KEYS = {
    "patient": "gp:patient", "class": "gp:class", "action": "gp:action", "strength": "gp:strength",
    "statements": "gp:statement", "fact": "gp:class", "source": "gp:source", "criteria": "gp:criterion",
    "ask": "gp:ask", "shape": "sh:sourceShape", "severity": "sh:resultSeverity", "needs": "gp:neededFact",
    "decides": "gp:decides", "assumption": "gp:assumption", "assumptions": "gp:assumption",
    "record": "prov:wasDerivedFrom", "guideline": "gp:guideline", "rules": "gp:rule", "nodes": "gp:order",
    "node": "rdf:subject", "property": "rdf:predicate",
}  # fmt: skip
_PLAIN_KEYS = {
    "status": "gp:status", "label": "rdfs:label", "state": "gp:state", "text": "skos:definition", "by": "gp:by",
    "citations": "gp:citation", "conclusions": "gp:conclusion", "recommendations": "gp:recommends",
    "reasons": "gp:reason", "facts": "gp:fact", "axioms": "gp:axiom", "questions": "gp:hasQuestion",
    "notes": "rdfs:comment", "alerts": "gp:alert", "orders": "gp:review", "message": "sh:resultMessage",
    "verdict": "gp:verdict", "unit": "gp:unit", "context": "gp:context", "from": "gp:evidence", "object": "rdf:object",
}  # fmt: skip


class JsonRenderer:
    """Writes assessments of one guideline."""

    def __init__(self, guideline: Guideline, base: str = BASE) -> None:
        self.guideline, self.base = guideline, base
        self.prefixes = dict(guideline.prefixes)
        self._curies: dict[str, str] = {}
        self._members: dict[str, Callable[[Any], Json]] = {
            "conclusions": self._conclusion, "context": self._note, "questions": self._question, "assumptions": self._assumption,
            "alerts": self._alert, "orders": self._order,
        }  # fmt: skip

    def render(self, results: Iterable[Assessment | Refusal]) -> Json | list[Json]:
        """One object for one patient, an array for several; a refused record is an object with `error`."""
        found = [self.result(result) for result in results]
        return found[0] if len(found) == 1 else found

    def result(self, result: Assessment | Refusal) -> Json:
        """The object of one patient."""
        return self.refusal(result) if isinstance(result, Refusal) else self.assessment(result)

    def context(self) -> Json:
        """The JSON-LD context of an assessment."""
        keys: Json = {key: {"@id": iri, "@type": "@id"} for key, iri in _IRI_KEYS.items()}
        keys |= _PLAIN_KEYS | {"asOf": {"@id": "gp:asOf", "@type": "xsd:date"}}
        keys |= {key: {"@id": f"gp:{key}", "@type": "xsd:decimal"} for key in ("value", "atLeast", "atMost")}
        return {**self.prefixes, **keys}

    def refusal(self, refusal: Refusal) -> Json:
        """The object of a patient whose record is refused: `patient`, and `error` with code, what, where and remedy."""
        first, *others = (self._problem(problem) for problem in refusal.problems)
        error = {**first, "others": others} if others else first
        return {"patient": refusal.patient, "error": error}

    def _problem(self, problem: Problem) -> Json:
        return {key: shorten(text, self.prefixes) for key, text in problem.as_json().items()}

    def assessment(self, assessment: Assessment) -> Json:
        """The object of a patient who was assessed."""
        rendered: Json = {
            "@context": self.context(),
            "@id": assessment_iri(self.guideline, assessment, self.base),
            "record": record_iri(assessment, self.base),
            "guideline": guideline_iri(self.guideline, self.base),
            "patient": assessment.patient,
            "asOf": assessment.as_of.isoformat(),
            "status": assessment.status,
        }
        rendered |= {key: [written(one) for one in getattr(assessment, key)] for key, written in self._members.items()}
        return rendered | ({"notes": list(assessment.notes)} if assessment.notes else {})

    def _note(self, note: ContextNote) -> Json:
        named = {"class": self._name(note.cls), "statements": self._names(note.statements)}
        return {**named, "citations": list(note.citations), "text": note.text}

    def _question(self, question: Question) -> Json:
        return {"ask": self._names(question.ask), "decides": self._names(question.decides)}

    def _assumption(self, assumed: tuple[Fact, str]) -> Json:
        fact, reading = assumed
        return {"fact": self._name(fact.term), "state": fact.state, "assumption": self._name(reading)}

    def _alert(self, check: StateShape) -> Json:
        catalogue = self.guideline.catalogue
        statements = catalogue.in_text_order(check.statements)
        return {
            "shape": self._name(check.shape),
            "severity": self._name(check.severity),
            "message": check.message,
            "statements": self._names(statements),
            "citations": list(catalogue.citations(statements)),
        }

    def _order(self, order: Order) -> Json:
        return {
            "action": self._name(order.action),
            "verdict": order.verdict,
            "statements": self._names(self.guideline.catalogue.in_text_order(order.statements)),
            "needs": self._names(order.needs),
            "nodes": list(order.nodes),
        }

    def _conclusion(self, conclusion: Conclusion) -> Json:
        """One class; only an entailed one carries what it recommends."""
        recommendations = conclusion.cls.recommendations if conclusion.state is State.ENTAILED else ()
        return {
            "class": self._name(conclusion.cls.iri),
            "label": self.guideline.catalogue.label(conclusion.cls.iri),
            "state": str(conclusion.state),
            "recommendations": [self._recommendation(recommendation) for recommendation in recommendations],
            "reasons": [self.reason(justified) for justified in conclusion.reasons],
        }

    def _recommendation(self, recommendation: Recommendation) -> Json:
        return {
            "action": self._name(recommendation.action),
            "strength": self._name(recommendation.strength),
            "text": recommendation.text,
            "statements": self._names(recommendation.statements),
        }

    def reason(self, justified: Justified) -> Json:
        """One reason, with what it rests on and cites."""
        reason = justified.reason
        return {
            "facts": [self._fact(fact) for fact in reason.facts],
            "criteria": self._names(reason.criteria),
            "axioms": [
                {"class": self._name(origin.term), "file": ontology_file(origin.file), "line": origin.line}
                for origin in reason.axioms
            ],
            "statements": self._names(justified.statements),
            "citations": list(justified.citations),
            "assumptions": self._names(justified.readings),
        }

    def _fact(self, fact: Fact) -> Json:
        """One fact; a quantity with its value or bounds and the unit, and what is derived with what it comes from."""
        found: Json = {"fact": self._name(fact.term), "state": fact.state, "source": fact.source, "by": fact.by}
        if known := quantity(fact):
            found |= known | self._unit(fact.term)
        if fact.basis.rules:
            found |= {
                "rules": self._names(fact.basis.rules),
                "from": [self._stated(one) for one in fact.basis.statements],
            }
        return found

    def _unit(self, term: str) -> Json:
        unit = self.guideline.unit(term)
        return {"unit": unit} if unit else {}

    def _stated(self, statement: tuple[str, str, str, str]) -> Json:
        node, prop, value, datatype = statement
        return {"node": node, "property": self._name(prop), "object": value if datatype else self._name(value)}

    def _name(self, iri: str) -> str:
        if iri not in self._curies:
            self._curies[iri] = curie(iri, self.prefixes)
        return self._curies[iri]

    def _names(self, iris: Iterable[str]) -> list[str]:
        return [self._name(iri) for iri in iris]


def quantity(fact: Fact) -> dict[str, str]:
    """The `value` of a fact that is a threshold on a quantity, or its bounds: `atLeast` and `atMost`."""
    if fact.low is not None and fact.low == fact.high:
        return {"value": format(fact.low, "f")}
    bounds = {"atLeast": fact.low, "atMost": fact.high}
    return {key: format(bound, "f") for key, bound in bounds.items() if bound is not None}


@cache
def ontology_file(path: str) -> str:
    """An ontology file as results name it: by its path in the guideline, not on the machine."""
    return f"ontology/{PurePath(path).name}"
