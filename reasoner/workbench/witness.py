"""Records that show a claim: from what has to be known of a patient to the few observations that state it.

A witness is minimal: without any of its observations it no longer states all. What no record can state (that a quantity
has no value, for instance) has no witness.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from decimal import Decimal

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.facts import Observation, literals_of
from reasoner.logic.theory import Literals
from reasoner.workbench.recordable import recordable

Record = tuple[Observation, ...]


class Witnesses:
    """Finds records of one guideline."""

    def __init__(self, guideline: Guideline) -> None:
        self.compiled, self.reader = guideline.compiled, guideline.reader
        found = [(one, self.closed([one])) for one in recordable(guideline)]
        self.observable = [(one, closed) for one, closed in found if not closed.clash]
        self._everything = Literals(*[(1 << len(self.compiled.theory.atoms)) - 1] * 2)

    def closed(self, record: Iterable[Observation]) -> Literals:
        """All that a record states, closed under the theory."""
        return self.compiled.theory.close(literals_of(self.reader.read(record)))

    def record(self, need: Cube, shows: Callable[[Record], bool] = lambda _: True) -> Record | None:
        """A minimal record that states all of `need` and passes `shows`; None where none is found."""
        wanted = self.compiled.theory.close(Literals(need.pos, need.neg))
        if wanted.clash:
            return None
        for found in self._covers(need, wanted):
            record = minimal(found, lambda rest: self.closed(rest).satisfy(need))
            if shows(record):
                return record
        return None

    def _covers(self, need: Cube, wanted: Literals) -> Iterator[Record]:
        """Records that state all of `need`: directly, or by what entails the parts that no record states."""
        record, left = self._grown(need, wanted)
        if not left.size:
            yield record
            return
        atom = next(bits(left.atoms))
        for rest in self.compiled.theory.supports(atom, bool(left.pos >> atom & 1), self._everything)[1:]:
            more = Cube(
                (need.pos | rest.pos) & ~(left.pos & 1 << atom), (need.neg | rest.neg) & ~(left.neg & 1 << atom)
            )
            closed = self.compiled.theory.close(wanted.union(Literals(rest.pos, rest.neg)))
            if not closed.clash:
                found, still = self._grown(more, closed)
                if not still.size:
                    yield found

    def _grown(self, need: Cube, wanted: Literals) -> tuple[Record, Cube]:
        """Observations that state as much of `need` as can be stated one by one, and what is left of it."""
        serving = [(one, closed) for one, closed in self.observable if not closed.union(wanted).clash]
        record: Record = ()
        left = _missing(need, self.closed(record))
        while left.size:
            best = min(serving, key=lambda item: _rank(item, left, wanted), default=None)
            if best is None or _missing(left, best[1]).size == left.size:
                break
            record = (*record, best[0])
            left = _missing(left, self.closed(record))
            serving = [item for item in serving if not _rivals(item[0], best[0])]
        return record, left


def minimal(record: Record, serves: Callable[[Record], object]) -> Record:
    """A record without the observations that it can lose, the last first, while what is left still serves."""
    for one in record[::-1]:
        rest = tuple(other for other in record if other is not one)
        if serves(rest):
            record = rest
    return record


def _missing(need: Cube, closed: Literals) -> Cube:
    return Cube(need.pos & ~closed.pos, need.neg & ~closed.neg)


def _rank(item: tuple[Observation, Literals], left: Cube, wanted: Literals) -> tuple[object, ...]:
    """The order in which observations are tried: those that state much of what is left, little else, and are simple."""
    one, closed = item
    beside = (closed.pos & ~wanted.pos).bit_count() + (closed.neg & ~wanted.neg).bit_count()
    return _missing(left, closed).size, beside, len(one.path), one.target, one.low or Decimal(0)


def _rivals(one: Observation, other: Observation) -> bool:
    """Whether a record can hold at most one of two: values of one property."""
    return one.path == other.path and one.kind == other.kind != "class"
