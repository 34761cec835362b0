"""Alerts, and verdicts on orders under review, from the states of the classes.

An order is *supported*, a matter of *judgement*, *not supported*, *undecided*, or one on which the guideline is
*silent*: what the pathway shapes report of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reasoner.clauses import bits
from reasoner.compiled import Compiled
from reasoner.decide import Decision, State, assume, state
from reasoner.facts import ASSUMED, known
from reasoner.justify import plainest
from reasoner.shapes import Check, classes_in
from reasoner.terms import GP
from reasoner.theory import Literals

#: What a result of each severity says of an order; without a result the order is supported.
VERDICTS = {
    str(GP.NotSupported): "notSupported",
    str(GP.Judgement): "judgement",
    str(GP.Undecided): "undecided",
    str(GP.Silent): "silent",
}
SUPPORTED, SILENT, UNDECIDED = "supported", "silent", "undecided"


@dataclass(frozen=True)
class Order:
    """The verdict on one proposed action: the shape that gave it (none where supported), and what could change it."""

    action: str
    verdict: str
    check: Check | None
    statements: tuple[str, ...]
    needs: tuple[str, ...]


def alerts(checks: Iterable[Check], states: Mapping[str, State]) -> tuple[Check, ...]:
    """The shapes about the patient as such that report something: red flags first, then what was not recorded."""
    found = [check for check in checks if not check.action and check.violated(states)]
    return tuple(sorted(found, key=lambda check: (check.severity != str(GP.RedFlag), check.shape)))


class Review:
    """Reviews the orders of one patient."""

    def __init__(
        self, compiled: Compiled, decision: Decision, closable: Iterable[str], names: Mapping[int, str]
    ) -> None:
        self.compiled, self.decision, self.names = compiled, decision, names
        self.closable = tuple(closable)
        recorded = [fact for fact in decision.facts if fact.by != ASSUMED]
        self.recorded = compiled.theory.close(known(recorded))

    def order(self, action: str, checks: Sequence[Check]) -> Order:
        """The verdict on `action` by the pathway shapes `checks`; silent where there is none."""
        statements = tuple(sorted({statement for check in checks for statement in check.statements}))
        if not checks:
            return Order(action, SILENT, None, (), ())
        check = reported(checks, self.decision.states)
        verdict = verdict_of(check)
        return Order(action, verdict, check, statements, tuple(sorted(self._needs(checks, verdict))))

    def _needs(self, checks: Sequence[Check], verdict: str) -> set[str]:
        """The facts, unknown or assumed, of the minimal answers that change the verdict.

        Where no answer changes it by itself, those of the minimal answers that settle a class of the row.
        """
        row = sorted({cls for check in checks for cls in classes_in(check.condition)})
        answers = [(self._asked(answer), answer) for answer in self._answers(row)]
        changing = [ask for ask, answer in answers if self._verdict_after(answer, row, checks) != verdict]
        if not changing and verdict == UNDECIDED:
            changing = [ask for ask, _ in answers]
        return {name for ask in changing if not any(other < ask for other in changing) for name in ask}

    def _asked(self, answer: Literals) -> frozenset[str]:
        atoms = bits(answer.pos | answer.neg)
        return frozenset(self.names[plainest(self.compiled, self.recorded, atom)] for atom in atoms)

    def _answers(self, row: Iterable[str]) -> Iterator[Literals]:
        """What the record leaves open of each implicant of the classes in a row and of their complements."""
        for cls in row:
            for term in (*self.compiled.rules[cls].entailed_by, *self.compiled.rules[cls].excluded_by):
                answer = Literals(term.pos & ~self.recorded.pos, term.neg & ~self.recorded.neg)
                possible = not self.recorded.contradict(term) and answer != Literals()
                if possible and self.compiled.theory.consistent(self.recorded.union(answer)):
                    yield answer

    def _verdict_after(self, answer: Literals, row: Iterable[str], checks: Sequence[Check]) -> str:
        closed = self.compiled.theory.close(self.recorded.union(answer))
        assumed = assume(self.compiled.theory, closed, self.closable)
        closed = self.compiled.theory.close(closed.union(known(assumed)))
        states = {cls: state(self.compiled.rules[cls], closed) for cls in row}
        return verdict_of(reported(checks, states))


def verdict_of(check: Check | None) -> str:
    """What the report of a shape says of an order; no report supports it."""
    return VERDICTS[check.severity] if check else SUPPORTED


def reported(checks: Iterable[Check], states: Mapping[str, State]) -> Check | None:
    """The shape that reports on an order; of several, the first in the order of `VERDICTS`."""
    rank = list(VERDICTS)
    found = [check for check in checks if check.violated(states)]
    return min(found, key=lambda check: (rank.index(check.severity), check.shape), default=None)
