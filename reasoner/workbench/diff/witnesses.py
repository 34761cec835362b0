"""Records that two versions of a guideline answer differently, each checked by classifying it under both.

A witness is a file: its Turtle is classified as it stands. It is minimal: without any of its observations the two
versions no longer differ as claimed. Where a record is found whose terms both versions accept, that one is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence, Set
from copy import copy
from dataclasses import dataclass
from datetime import date
from functools import cache

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify_text
from reasoner.terms import CORE
from reasoner.workbench.diff.logic import Logic
from reasoner.workbench.lookup import with_content
from reasoner.workbench.recordable import turtle
from reasoner.workbench.witness import Record, Witnesses, minimal

#: No witness has a date, so that any day gives the same answer.
DAY = date(2000, 1, 1)
CONTRADICTORY, REFUSED, UNKNOWN, POSSIBLE = "contradictory", "refused", "unknown", "possible"
EMPTY = Cube(0, 0)

Answer = Assessment | Refusal
Shows = Callable[[Answer, Answer], bool]


@dataclass(frozen=True)
class Witness:
    """A record as Turtle, and which of `old` and `new` accept it (a contradiction is an answer, not a refusal).

    Where a version does not know a term of the record, its answer is that to the record without it.
    """

    turtle: str
    accepted_by: tuple[str, ...]

    @property
    def rank(self) -> tuple[bool, int]:
        """Better witnesses first: accepted by both, then short."""
        return len(self.accepted_by) < 2, len(self.turtle)


class Finder:
    """Finds witnesses between two guidelines."""

    def __init__(self, guidelines: tuple[Guideline, Guideline], logics: tuple[Logic, Logic]) -> None:
        self.guidelines, self.logics = guidelines, logics
        sides = zip(guidelines, logics, strict=True)
        self._own = [Witnesses(with_content(guideline, compiled=logic.compiled)) for guideline, logic in sides]
        self._stated = [dict(found.observable) for found in self._own]
        shared = self._stated[0].keys() & self._stated[1].keys()
        self._common = [_limited(found, shared) for found in self._own]
        self._answer = cache(lambda side, text: _answered(guidelines[side], text))

    def find(self, cubes: Iterable[Cube], shows: Shows, order: str = "") -> Witness | None:
        """The best witness among records that state one of `cubes`; each also proposes an act `order`, where given."""
        best: Witness | None = None
        for cube in cubes:
            for record in self.records(cube):
                found = self._shown(record, shows, order)
                if found is not None and (best is None or found.rank < best.rank):
                    best = found
                if best is not None and not best.rank[0]:
                    return best
        return best

    def records(self, cube: Cube) -> Iterator[Record]:
        """Records that state all of a term: and nothing else if that can be; in words of both versions, then of one."""
        only = self._stating_only(cube)
        for witnesses in ([_limited(found, only) for found in self._common], self._common, self._own):
            for logic, found in reversed(list(zip(self.logics, witnesses, strict=True))):
                if not cube.atoms & ~logic.known:
                    record = found.record(Cube(*logic.own(cube)))
                    if record is not None:
                        yield record

    def _stating_only(self, cube: Cube) -> set[Observation]:
        """The observations that state nothing beyond a term, by either version."""
        wanted = [logic.compiled.theory.close(logic.own(cube)) for logic in self.logics]
        return {one for one in self._stated[0].keys() & self._stated[1].keys()
                if all(wanted[i].satisfy(Cube(*self._stated[i][one])) for i in (0, 1))}  # fmt: skip

    def answers(self, record: Record, order: str = "") -> tuple[Answer, Answer]:
        """What both versions answer to a record, as far as each has its terms."""
        texts = (self.text([one for one in record if one in stated], order) for stated in self._stated)
        old, new = (self._answer(side, text) for side, text in enumerate(texts))
        return old, new

    def text(self, record: Sequence[Observation], order: str = "") -> str:
        """A record as Turtle, in the words of the first version that has all its properties: the new one, if it can."""
        proposal = (Observation((f"{CORE}proposes",), "class", order),) if order else ()
        whole = (*record, *proposal)
        sides = [g for g in reversed(self.guidelines) if all(_has(g, one) for one in whole)]
        return turtle(whole, (sides or [self.guidelines[1]])[0])

    def _shown(self, record: Record, shows: Shows, order: str) -> Witness | None:
        if not shows(*self.answers(record, order)):
            return None
        record = minimal(record, lambda rest: shows(*self.answers(rest, order)))
        sides = zip(("old", "new"), self._stated, self.answers(record, order), strict=True)
        accepted = (
            name for name, stated, answer in sides if {*record} <= stated.keys() and state_in(answer) != REFUSED
        )
        return Witness(self.text(record, order), tuple(accepted))


def _limited(found: Witnesses, allowed: Set[Observation]) -> Witnesses:
    """The same search among fewer observations."""
    fewer = copy(found)
    fewer.observable = [item for item in found.observable if item[0] in allowed]
    return fewer


def _has(guideline: Guideline, one: Observation) -> bool:
    denied = one.present or one.path[-1] in guideline.catalogue.negations.values()
    return denied and all(prop in guideline.compiled.properties for prop in one.path)


def _answered(guideline: Guideline, text: str) -> Answer:
    try:
        return classify_text(guideline, text, DAY)[0]
    except RecordError as error:
        return Refusal(None, error.problems)


# -- what an answer holds --


def state_in(answer: Answer, iri: str = "") -> str:
    """The state of a class in an answer, or of the patient; what became of the record where there is no answer."""
    if isinstance(answer, Refusal):
        return CONTRADICTORY if answer.problems[0].code == "contradictory-record" else REFUSED
    return str(answer.decision.states.get(iri, UNKNOWN)) if iri else POSSIBLE


def shifts(iri: str, old: str, new: str) -> Shows:
    """Whether a class (or, where `iri` is empty, the patient) has one state by the old version, another by the new."""
    return lambda one, other: (state_in(one, iri), state_in(other, iri)) == (old, new)


def quoted(answer: Answer) -> frozenset[str]:
    """What an answer rests on: the classes that hold, their advice, criteria and statements, and what is assumed."""
    if isinstance(answer, Refusal):
        return frozenset()
    found = {iri for iri, state in answer.decision.states.items() if state is State.ENTAILED}
    found |= {fact.term for fact in answer.decision.assumed} | {check.shape for check in answer.alerts}
    found |= {order.check.shape for order in answer.orders if order.check}
    for conclusion in answer.conclusions:
        found |= {reading for justified in conclusion.reasons for reading in justified.readings}
        if conclusion.state is State.ENTAILED:
            found |= {r.iri for r in conclusion.cls.recommendations}
            found |= {s for r in conclusion.cls.recommendations for s in r.statements}
            found |= {one for j in conclusion.reasons for one in (*j.statements, *j.reason.criteria)}
    return frozenset(found)


def quoted_texts(answer: Answer) -> tuple[object, ...]:
    """What an answer shows: status, states, advice, citations, alerts and verdicts."""
    if isinstance(answer, Refusal):
        return tuple(problem.code for problem in answer.problems)
    conclusions = tuple((c.cls, c.state, tuple(justified[1:] for justified in c.reasons)) for c in answer.conclusions)
    alerts = tuple((check.shape, check.severity, check.message, check.statements) for check in answer.alerts)
    orders = tuple((order.action, order.verdict, order.statements) for order in answer.orders)
    return answer.status, conclusions, alerts, orders, tuple(fact.term for fact in answer.decision.assumed)
