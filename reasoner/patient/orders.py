"""Alerts, and verdicts on orders under review, from the states of the classes.

An order is *supported*, a matter of *judgement*, *not supported*, *undecided*, or one on which the guideline is
*silent*: what the pathway shapes report of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from reasoner.caches import BoundedCache, BoundedDict
from reasoner.guideline.shapes import StateShape, classes_in
from reasoner.logic.ask import Asker
from reasoner.logic.compiled import Index
from reasoner.logic.decide import Assumptions, Decision, state_of
from reasoner.terms import CORE

#: What a result of each severity says of an order; without a result the order is supported.
VERDICTS = {
    f"{CORE}NotSupported": "notSupported",
    f"{CORE}Judgement": "judgement",
    f"{CORE}Undecided": "undecided",
    f"{CORE}Silent": "silent",
}
SUPPORTED, SILENT, UNDECIDED = "supported", "silent", "undecided"
RED_FLAG = f"{CORE}RedFlag"


class Order(NamedTuple):
    """The verdict on one proposed action: the shape that gave it (none where supported), and what could change it.

    `nodes` are the orders in the record that propose it.
    """

    action: str
    verdict: str
    check: StateShape | None
    statements: tuple[str, ...]
    needs: tuple[str, ...]
    nodes: tuple[str, ...] = ()


class StateShapes:
    """Some shapes, and what they look at: `answers` are the bits of the answers for their classes.

    `terms` are the bits of the implicants of these classes. Which shapes report something is remembered by the answers.
    """

    def __init__(self, index: Index, checks: Iterable[StateShape]) -> None:
        self.checks = tuple(checks)
        classes = {cls for check in self.checks for cls in classes_in(check.condition)}
        self._class_bits = [index.class_bits[cls] for cls in sorted(classes)]
        self.answers = sum(cls.answers for cls in self._class_bits)
        self.terms = sum(cls.terms for cls in self._class_bits)
        self._reporting = BoundedCache(self._reporting_by)

    def of(self, answers: int) -> tuple[StateShape, ...]:
        """Those that report something of a patient with these answers, as bits."""
        return self._reporting[answers & self.answers]

    def _reporting_by(self, answers: int) -> tuple[StateShape, ...]:
        states = {cls.iri: state_of(cls, answers) for cls in self._class_bits}
        return tuple([check for check in self.checks if check.violated(states)])


def alerts_among(index: Index, checks: Iterable[StateShape]) -> StateShapes:
    """The shapes about the patient as such: red flags first, then what was not recorded."""
    about = [check for check in checks if not check.action]
    return StateShapes(index, sorted(about, key=lambda check: (check.severity != RED_FLAG, check.shape)))


class OrderReview(StateShapes):
    """The pathway shapes that review one action."""

    def verdict(self, answers: int) -> tuple[StateShape | None, str]:
        """The shape that reports on the order, and what that says."""
        check = reported(self.of(answers))
        return check, verdict_of(check)


class Reviewer:
    """Reviews orders by one guideline, and remembers what it found.

    `checks_of` gives the pathway shapes that review an action.
    """

    def __init__(self, asker: Asker, closing: Assumptions, checks_of: Callable[[str], Iterable[StateShape]]) -> None:
        self.asker, self.closing = asker, closing
        self.index, self.theory = asker.index, asker.theory
        self._rows = BoundedCache[str, OrderReview](lambda action: OrderReview(self.index, checks_of(action)))
        self._orders: BoundedDict[tuple[str, int, int], Order] = BoundedDict()

    def order(self, action: str, decision: Decision) -> Order:
        """The verdict on `action` by the pathway shapes; silent where there is none."""
        row = self._rows[action]
        bearing = self.asker.bearing(row.terms) | self.closing.acts | self.closing.acts << self.theory.size
        key = action, decision.recorded & bearing, decision.answers & row.answers
        order = self._orders.get(key)
        return self._orders.keep(key, self._order(action, row, decision)) if order is None else order

    def _order(self, action: str, row: OrderReview, decision: Decision) -> Order:
        if not row.checks:
            return Order(action, SILENT, None, (), ())
        check, verdict = row.verdict(decision.answers)
        statements = {statement for one in row.checks for statement in one.statements}
        needs = self._needs(row, decision.recorded, verdict)
        return Order(action, verdict, check, tuple(sorted(statements)), tuple(sorted(needs)))

    def _needs(self, row: OrderReview, recorded: int, verdict: str) -> set[str]:
        """The facts, unknown or assumed, of the minimal answers that change the verdict.

        Where no answer changes it by itself, those of the minimal answers that settle a class of the row.
        """
        answers = list(self.asker.open_answers(recorded, row.terms))
        asked = [self.asker.asked(recorded, answer) for answer in answers]
        changing = [ask for ask, answer in zip(asked, answers, strict=True)
                    if row.verdict(self._after(recorded, answer))[1] != verdict]  # fmt: skip
        if not changing and verdict == UNDECIDED:
            changing = asked
        return {name for ask in changing if not any(other < ask for other in changing) for name in ask}

    def _after(self, recorded: int, answer: int) -> int:
        """The answers where the record says `answer` too."""
        closed = self.theory.extended(recorded, answer)
        assumed = self.closing.assumed(closed)
        return self.index.settled(self.theory.extended(closed, assumed) if assumed else closed)


def verdict_of(check: StateShape | None) -> str:
    """What the report of a shape says of an order; no report supports it."""
    return VERDICTS[check.severity] if check else SUPPORTED


def reported(violated: Iterable[StateShape]) -> StateShape | None:
    """The shape that reports on an order: of those that are violated the first in the order of `VERDICTS`."""
    rank = list(VERDICTS)
    return min(violated, key=lambda check: (rank.index(check.severity), check.shape), default=None)
