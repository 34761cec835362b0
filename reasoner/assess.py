"""One function assesses a patient; every door calls it.

facts → decide → justify: the states of all classes, the reasons of the management classes with their statements and
citations, the questions, the assumptions, the alerts, the verdicts on orders, and the status that they amount to.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from reasoner.catalogue import ManagementClass
from reasoner.decide import Decision, State, decide
from reasoner.errors import Problem
from reasoner.facts import ASSUMED, Fact, Observation
from reasoner.guideline import Guideline
from reasoner.justify import Question, Reason, questions, reasons
from reasoner.orders import Order, Review, alerts
from reasoner.shapes import Check
from reasoner.terms import GP, curie
from reasoner.together import refuse_together


@dataclass(frozen=True)
class Justified:
    """A reason with what it cites: the statements in text order, the numbers they cite, and the readings used."""

    reason: Reason
    statements: tuple[str, ...]
    citations: tuple[str, ...]
    readings: tuple[str, ...]


@dataclass(frozen=True)
class Conclusion:
    """What is decided of one management class."""

    cls: ManagementClass
    state: State
    reasons: tuple[Justified, ...]


@dataclass(frozen=True)
class Assessment:
    """The whole answer for one patient as of one date."""

    patient: str
    as_of: date
    status: str
    conclusions: tuple[Conclusion, ...]
    questions: tuple[Question, ...]
    assumptions: tuple[tuple[Fact, str], ...]
    decision: Decision
    alerts: tuple[Check, ...]
    orders: tuple[Order, ...]
    notes: tuple[str, ...] = ()
    record: str = ""


@dataclass(frozen=True)
class Refusal:
    """A record that is not classified, and why."""

    patient: str | None
    problems: tuple[Problem, ...]


def assess(
    guideline: Guideline, patient: str, observations: Iterable[Observation], as_of: date, record: str = ""
) -> Assessment:
    """Assess one patient from what the record says; `record` is the content hash of it.

    Raises ContradictionError for facts that cannot hold together, and RecordError for classes of one node that say more
    together.
    """
    seen = tuple(observations)
    refuse_together(guideline.compiled, seen)
    decision = decide(guideline.compiled, guideline.reader.read(seen), guideline.catalogue.closable)
    management = guideline.catalogue.management
    open_classes = questions(guideline.compiled, decision, guideline.reader.names, [cls.iri for cls in management])
    return Assessment(
        patient=patient,
        as_of=as_of,
        status=status(management, decision.states),
        conclusions=tuple(conclude(guideline, decision, cls) for cls in management),
        questions=open_classes,
        assumptions=_assumptions(guideline, decision),
        decision=decision,
        alerts=alerts(guideline.content.checks, decision.states),
        orders=_orders(guideline, decision, seen),
        notes=tuple(_unnamed_index(guideline, seen)),
        record=record,
    )


def _orders(guideline: Guideline, decision: Decision, seen: Iterable[Observation]) -> tuple[Order, ...]:
    """The verdict on each action that the record proposes."""
    proposed = sorted({s.target for s in seen if s.path == (str(GP.proposes),) and s.kind == "class" and s.present})
    review = Review(guideline.compiled, decision, guideline.catalogue.closable, guideline.reader.names)
    return tuple(review.order(action, guideline.checks_of(action)) for action in proposed)


def status(management: Iterable[ManagementClass], states: Mapping[str, State]) -> str:
    """`outOfScope`, `decided`, `undetermined` or `silent`: the first that fits."""
    classes = list(management)
    if any(cls.scope_exit and states[cls.iri] is State.ENTAILED for cls in classes):
        return "outOfScope"
    advising = [states[cls.iri] for cls in classes if not cls.restriction]
    if State.ENTAILED in advising:
        return "decided"
    return "undetermined" if State.UNDETERMINED in advising else "silent"


def conclude(guideline: Guideline, decision: Decision, cls: ManagementClass) -> Conclusion:
    """What is decided of one class, with every reason."""
    found = reasons(guideline.compiled, decision, cls.iri)
    state = decision.states[cls.iri]
    return Conclusion(cls, state, tuple(justified(guideline, cls.iri, state, reason) for reason in found))


def justified(guideline: Guideline, iri: str, state: State, reason: Reason) -> Justified:
    """A reason with its statements (the class's own and, where entailed, its criteria's), citations and readings."""
    catalogue = guideline.catalogue
    terms = [iri, *reason.criteria] if state is State.ENTAILED else [iri]
    statements = catalogue.in_text_order(s for term in terms for s in catalogue.warrants.get(term, ()))
    axioms = [origin.term for origin in reason.axioms if origin.term not in catalogue.closable]
    resting = axioms + [fact.term for fact in reason.facts if fact.by == ASSUMED]
    readings = {reading for term in resting for reading in catalogue.assumes.get(term, ())}
    return Justified(reason, statements, catalogue.citations(statements), catalogue.numbered(readings))


def _assumptions(guideline: Guideline, decision: Decision) -> tuple[tuple[Fact, str], ...]:
    closable = guideline.catalogue.closable
    return tuple((fact, reading) for fact in decision.assumed for reading in closable[fact.term] or ("",))


def _unnamed_index(guideline: Guideline, seen: Sequence[Observation]) -> list[str]:
    """Why attributes stay unknown where several findings could be the one that a functional property names."""
    notes = []
    for iri, rule in guideline.compiled.properties.items():
        if not rule.functional or rule.data or not rule.supers or any(s.path[0] == iri for s in seen):
            continue
        nodes = {s.source for s in seen if s.kind == "class" and s.present and len(s.path) == 1
                 and s.path[0] in rule.supers and s.target in rule.ranges}  # fmt: skip
        if len(nodes) > 1:
            name, kind = (curie(term, guideline.prefixes) for term in (iri, rule.ranges[0]))
            notes.append(f"{len(nodes)} findings of {kind} are recorded and none is named as {name}: what depends on "
                         f"its attributes stays undetermined until the record names one.")  # fmt: skip
    return notes
