"""Which changed axioms bring about a difference: the fewest that, put into the old version, give the new one's answers.

Each changed axiom is tried by itself first; where none is enough, axioms are taken out of all changes as long
as the rest still gives the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cache

from reasoner.errors import GuideproofError
from reasoner.logic.theory import Atom
from reasoner.logic.translate import named_in
from reasoner.workbench.diff.axioms import DEFINITION, Body, Change, assembled
from reasoner.workbench.diff.logic import Logic, extended
from reasoner.workbench.lookup import reachable


class Causes:
    """Finds the changes responsible, by compiling the old version with some of them made."""

    def __init__(
        self, bodies: tuple[Body, Body], changes: tuple[Change, ...], new: Logic, atoms: Sequence[Atom]
    ) -> None:
        self.bodies, self.changes, self.new, self.atoms = bodies, changes, new, atoms
        self._between = cache(self._compiled_between)

    def of(self, answer: Callable[[Logic], object], iri: str = "") -> tuple[Change, ...]:
        """The fewest changes with which the old version gives the new one's `answer`; those that `iri` uses first.

        A version for which `answer` raises KeyError does not give it.
        """
        wanted = answer(self.new)

        def enough(some: frozenset[Change]) -> bool:
            logic = self._between(some)
            try:
                return logic is not None and answer(logic) == wanted
            except KeyError:
                return False

        near = reachable([iri], self._named)
        ordered = sorted(self.changes, key=lambda change: (change.term not in near, not _defines(change)))
        return next(((one,) for one in ordered if enough(frozenset([one]))), None) or self._fewest(ordered, enough)

    def _fewest(self, ordered: Sequence[Change], enough: Callable[[frozenset[Change]], bool]) -> tuple[Change, ...]:
        """A set of changes that is enough, and without any of them is not; none where not even all are."""
        found = frozenset(self.changes)
        if not enough(found):
            return ()
        for change in reversed(ordered):
            if enough(found - {change}):
                found -= {change}
        return tuple(change for change in self.changes if change in found)

    def _named(self, iri: str) -> Iterator[str]:
        """The names in the definitions of a class."""
        for axiom in (axiom for body in self.bodies for axiom in body.axioms):
            if axiom.kind == DEFINITION and axiom.subject == iri and not isinstance(axiom.right, str):
                yield from named_in(axiom.right)

    def _compiled_between(self, some: frozenset[Change]) -> Logic | None:
        """The old version with some changes made; None where it cannot be compiled."""
        old, new = self.bodies
        axioms = old.changed(change for change in self.changes if change in some)
        try:
            return Logic(extended(assembled(axioms, old, new), self.atoms, new), axioms, self.atoms)
        except GuideproofError:
            return None


def _defines(change: Change) -> bool:
    return any(axiom.kind == DEFINITION for axiom in (*change.old, *change.new))
