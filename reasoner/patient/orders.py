"""Alerts, and verdicts on orders under review, from the states of the classes.

An order is *supported*, a matter of *judgement*, *not supported*, *undecided*, or one on which the guideline is
*silent*: what the pathway shapes report of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import NamedTuple

from reasoner.caches import BoundedDict
from reasoner.guideline.shapes import StateShape, classes_in
from reasoner.logic.ask import Asker
from reasoner.logic.compiled import ClassBits, Index
from reasoner.logic.decide import Assumptions, Decision, State, state_of
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
    """The verdict on one proposed action: the shape that gave it (none where supported), and what could change it."""

    action: str
    verdict: str
    check: StateShape | None
    statements: tuple[str, ...]
    needs: tuple[str, ...]


class _Reports(dict[int, bool]):
    """Whether a shape reports something, by those of the answers that it looks at."""

    def __init__(self, check: StateShape, index: Index) -> None:
        self.check, self.class_bits = check, {cls: index.class_bits[cls] for cls in sorted(classes_in(check.condition))}
        self.answers = _answers(self.class_bits.values())

    def __missing__(self, answers: int) -> bool:
        states = {cls: state_of(place, answers) for cls, place in self.class_bits.items()}
        found = self[answers] = self.check.violated(states)
        return found


def _answers(class_bits: Iterable[ClassBits]) -> int:
    return sum(place.answers for place in class_bits)


class Alerts:
    """The shapes about the patient as such: red flags first, then what was not recorded."""

    def __init__(self, index: Index, checks: Iterable[StateShape]) -> None:
        about = [check for check in checks if not check.action]
        about.sort(key=lambda check: (check.severity != RED_FLAG, check.shape))
        self._reports = [_Reports(check, index) for check in about]

    def of(self, answers: int) -> tuple[StateShape, ...]:
        """Those that report something."""
        return tuple([reports.check for reports in self._reports if reports[answers & reports.answers]])


class OrderReview:
    """The pathway shapes that review one action, and what they say by the answers that they look at."""

    def __init__(self, index: Index, checks: Iterable[StateShape]) -> None:
        self.checks = tuple(checks)
        self.statements = tuple(sorted({statement for check in self.checks for statement in check.statements}))
        classes = sorted({cls for check in self.checks for cls in classes_in(check.condition)})
        self._class_bits = [index.class_bits[cls] for cls in classes]
        self.answers, self.terms = _answers(self._class_bits), sum(place.terms for place in self._class_bits)
        self._verdicts: BoundedDict[int, tuple[StateShape | None, str]] = BoundedDict()

    def verdict(self, answers: int) -> tuple[StateShape | None, str]:
        """The shape that reports on the order, and what that says."""
        relevant = answers & self.answers
        found = self._verdicts.get(relevant)
        if found is None:
            check = reported(self.checks, {place.iri: state_of(place, relevant) for place in self._class_bits})
            found = self._verdicts.keep(relevant, (check, verdict_of(check)))
        return found


class Reviewer:
    """Reviews orders by one guideline, and remembers what it found.

    `checks_of` gives the pathway shapes that review an action.
    """

    def __init__(self, asker: Asker, closing: Assumptions, checks_of: Callable[[str], Iterable[StateShape]]) -> None:
        self.asker, self.closing, self.checks_of = asker, closing, checks_of
        self.index, self.theory = asker.index, asker.theory
        self._rows: BoundedDict[str, OrderReview] = BoundedDict()
        self._orders: BoundedDict[tuple[str, int, int], Order] = BoundedDict()

    def order(self, action: str, decision: Decision) -> Order:
        """The verdict on `action` by the pathway shapes; silent where there is none."""
        row = self._rows.get(action)
        if row is None:
            row = self._rows.keep(action, OrderReview(self.index, self.checks_of(action)))
        bearing = self.asker.bearing(row.terms) | self.closing.acts | self.closing.acts << self.theory.size
        key = action, decision.recorded & bearing, decision.answers & row.answers
        order = self._orders.get(key)
        return self._orders.keep(key, self._order(action, row, decision)) if order is None else order

    def _order(self, action: str, row: OrderReview, decision: Decision) -> Order:
        if not row.checks:
            return Order(action, SILENT, None, (), ())
        check, verdict = row.verdict(decision.answers)
        needs = self._needs(row, decision.recorded, verdict)
        return Order(action, verdict, check, row.statements, tuple(sorted(needs)))

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


def reported(checks: Iterable[StateShape], states: Mapping[str, State]) -> StateShape | None:
    """The shape that reports on an order; of several, the first in the order of `VERDICTS`."""
    rank = list(VERDICTS)
    found = [check for check in checks if check.violated(states)]
    return min(found, key=lambda check: (rank.index(check.severity), check.shape), default=None)
