"""Guideproof: a clinical guideline as a knowledge graph that proves its advice.

A guideline is loaded once and shared by threads; each patient gets an `Assessment`, or a `Refusal` that says why not:

    >>> from datetime import date
    >>> from pathlib import Path
    >>> from reasoner import GuideproofError, JsonRenderer, Refusal, State, classify_files, load_guideline
    >>> guideline = load_guideline()
    >>> [result] = classify_files(guideline, ["docs/examples/patient.ttl"], date(2026, 11, 22))
    >>> result.status
    'decided'

The conclusions stand in reading order, each with its state and minimal reasons:

    >>> entailed = [conclusion for conclusion in result.conclusions if conclusion.state is State.ENTAILED]
    >>> len(entailed), entailed[0].reasons[0].citations
    (3, ('1', '2'))
    >>> answer = JsonRenderer(guideline).render([result])
    >>> answer["patient"], len(answer["conclusions"])
    ('https://example.org/patient', 15)

What cannot be read leaves the others alone; what is wrong for all is raised. Both have stable codes:

    >>> refused, _ = classify_files(guideline, ["no-such.ttl", "docs/examples/patient.ttl"], date(2026, 11, 22))
    >>> isinstance(refused, Refusal), refused.problems[0].code
    (True, 'no-such-file')
    >>> try:
    ...     load_guideline(Path("docs"))
    ... except GuideproofError as error:
    ...     print(error.problem.code, "—", error.problem.remedy)
    no-guideline — give a directory with ontology/*.ttl in it
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from reasoner.errors import GuideproofError, Problem, extras_explained
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.ask import Question
from reasoner.logic.decide import Decision, State, decide
from reasoner.logic.facts import Fact, Observation
from reasoner.logic.justify import Reason
from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal, assess
from reasoner.patient.classify import classify, classify_files
from reasoner.render.json import JsonRenderer

if TYPE_CHECKING:
    from reasoner.population.decide import Answers, decide_batches
    from reasoner.records.record import Records, load
    from reasoner.render.rdf import RdfRenderer

__all__ = [
    "Answers",
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
    "decide_batches",
    "load",
    "load_guideline",
]

#: The names whose modules import a heavy library, as rdflib or one of an extra, and are imported on first use.
_HEAVY = {
    "Answers": "reasoner.population.decide",
    "RdfRenderer": "reasoner.render.rdf",
    "Records": "reasoner.records.record",
    "decide_batches": "reasoner.population.decide",
    "load": "reasoner.records.record",
}


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def __getattr__(name: str) -> Any:
    if name not in _HEAVY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    with extras_explained():
        return getattr(import_module(_HEAVY[name]), name)
