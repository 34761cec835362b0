"""Guideproof: a clinical guideline as a knowledge graph that proves its advice.

    >>> from datetime import date
    >>> from reasoner import classify_files, load_guideline
    >>> guideline = load_guideline()
    >>> [result] = classify_files(guideline, ["docs/examples/patient.ttl"], date(2026, 11, 22))
    >>> result.status
    'decided'

Names are imported on first use, so that the command line starts fast.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from reasoner.errors import GuideproofError, Problem
    from reasoner.guideline.guideline import Guideline, load_guideline
    from reasoner.logic.ask import Question
    from reasoner.logic.decide import Decision, State, decide
    from reasoner.logic.facts import Fact, Observation
    from reasoner.logic.justify import Reason
    from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal, assess
    from reasoner.patient.classify import classify, classify_files
    from reasoner.records.record import Records, load
    from reasoner.render.as_json import JsonRenderer
    from reasoner.render.as_rdf import RdfRenderer

_HOMES = {
    "reasoner.patient.assess": ("Assessment", "Conclusion", "Justified", "Refusal", "assess"),
    "reasoner.patient.classify": ("classify", "classify_files"),
    "reasoner.logic.decide": ("Decision", "State", "decide"),
    "reasoner.errors": ("GuideproofError", "Problem"),
    "reasoner.logic.facts": ("Fact", "Observation"),
    "reasoner.guideline.guideline": ("Guideline", "load_guideline"),
    "reasoner.logic.ask": ("Question",),
    "reasoner.logic.justify": ("Reason",),
    "reasoner.records.record": ("Records", "load"),
    "reasoner.render.as_json": ("JsonRenderer",),
    "reasoner.render.as_rdf": ("RdfRenderer",),
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}

__all__ = [
    "Assessment",
    "Conclusion",
    "Decision",
    "Fact",
    "Guideline",
    "GuideproofError",
    "JsonRenderer",
    "Justified",
    "Observation",
    "Problem",
    "Question",
    "RdfRenderer",
    "Reason",
    "Records",
    "Refusal",
    "State",
    "assess",
    "classify",
    "classify_files",
    "decide",
    "load",
    "load_guideline",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)
