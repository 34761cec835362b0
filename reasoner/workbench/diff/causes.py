"""Which changed axioms bring about a difference: the fewest that, put into the old version, give the new one's answers.

Each changed axiom is tried by itself first; where none is enough, axioms are taken out of all changes as long
as the rest still gives the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

from reasoner.errors import GuideproofError
from reasoner.logic.clauses import Cube
from reasoner.logic.theory import Atom
from reasoner.logic.translate import named_in
from reasoner.workbench.diff.axioms import DEFINITION, Body, Change, assembled
from reasoner.workbench.diff.logic import Logic, Space, closing_in, extended
from reasoner.workbench.lookup import reachable

Reproduces = Callable[[Logic], bool]


class Causes:
    """Finds the changes responsible, by compiling the old version with some of them made."""

    def __init__(self, old: Body, new: Body, changes: tuple[Change, ...], space: Space, atoms: Sequence[Atom]) -> None:
        self.old, self.new, self.changes, self.space, self.atoms = old, new, changes, space, atoms
        self.between = cache(self._between)

    def of_members(self, iri: str) -> tuple[Change, ...]:
        """Why a class has other members."""
        space = self.space
        wanted = space.members(space.new, iri)

        def reproduces(logic: Logic) -> bool:
            found = _members(space, logic, iri)
            if found is None or wanted is None:
                return False
            return not space.count(space.minus(found, wanted)) and not space.count(space.minus(wanted, found))

        return self._fewest(reproduces, iri)

    def of_records(self, iri: str, records: Sequence[Cube]) -> tuple[Change, ...]:
        """Why a class has other states where records state just `records`."""
        wanted = [self.space.new.state(cube, iri) for cube in records]
        return self._fewest(lambda logic: [logic.state(cube, iri) for cube in records] == wanted, iri)

    def of_patients(self, records: Sequence[Cube]) -> tuple[Change, ...]:
        """Why records are, or are no longer, contradictory."""
        wanted = [self.space.new.states(cube) is None for cube in records]
        return self._fewest(lambda logic: [logic.states(cube) is None for cube in records] == wanted)

    def _fewest(self, reproduces: Reproduces, iri: str = "") -> tuple[Change, ...]:
        def enough(some: frozenset[Change]) -> bool:
            logic = self.between(some)
            return logic is not None and reproduces(logic)

        ordered = self._nearest(iri)
        alone = next((change for change in ordered if enough(frozenset([change]))), None)
        if alone is not None:
            return (alone,)
        found = frozenset(self.changes)
        if not enough(found):
            return ()
        for change in reversed(ordered):
            if enough(found - {change}):
                found -= {change}
        return tuple(change for change in self.changes if change in found)

    def _nearest(self, iri: str) -> list[Change]:
        """The changes, those of definitions that the class is built from first."""
        near = self._parts(iri)
        return sorted(self.changes, key=lambda change: (change.term not in near, not _defines(change)))

    def _parts(self, iri: str) -> set[str]:
        uses: dict[str, set[str]] = {}
        for axiom in (*self.old.axioms, *self.new.axioms):
            if axiom.kind == DEFINITION and not isinstance(axiom.right, str):
                uses.setdefault(axiom.subject, set()).update(named_in(axiom.right))
        return reachable([iri], lambda name: uses.get(name, ()))

    def _between(self, some: frozenset[Change]) -> Logic | None:
        """The old version with some changes made; None where it cannot be compiled."""
        axioms = self.old.changed(change for change in self.changes if change in some)
        try:
            compiled = extended(assembled(axioms, self.old, self.new), self.atoms, self.new)
        except GuideproofError:
            return None
        return Logic(compiled, closing_in(axioms), self.atoms)


def _defines(change: Change) -> bool:
    return any(axiom.kind == DEFINITION for axiom in (*change.old, *change.new))


def _members(space: Space, logic: Logic, iri: str) -> int | None:
    return space.members(logic, iri) if iri in logic.rules else None
