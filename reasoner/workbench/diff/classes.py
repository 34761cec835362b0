"""The classes that patients gain or lose between two versions, exactly, each with a witness and the axioms responsible.

Whatever some record may state is covered: a class that is entailed by one version's implicant and excluded by one of
the other's differs for complete profiles, and these are counted; one that is only undetermined on a side differs for
records that leave something open.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, cached_property, reduce
from itertools import combinations, islice
from itertools import product as cartesian
from operator import or_

from reasoner.errors import GuidelineError, GuideproofError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, absorb, bits, product
from reasoner.logic.decide import State
from reasoner.logic.expressions import named_in
from reasoner.logic.theory import Atom
from reasoner.workbench.diff.axioms import ADDED, BOTH, DEFINITION, REMOVED, Body, Change, assembled, body_of, changes
from reasoner.workbench.diff.logic import Logic, Space, compiled_jointly, extended
from reasoner.workbench.diff.witnesses import CONTRADICTORY, EMPTY, POSSIBLE, UNKNOWN, Finder, Witness, shifts
from reasoner.workbench.lookup import reachable

_TRIED = 12
_MOST_DERIVATIONS = 500
_FEW_ACTS = 5

#: A condition and whether it holds.
Condition = tuple[tuple[Atom, bool], ...]


@dataclass(frozen=True)
class Shift:
    """Patients whose answer for one class changes from `old` to `new`.

    `conditions` are the minimal descriptions of what a record states of them. `profiles` counts complete profiles; None
    where only records that leave something open differ. `because` are the changed axioms that bring it about.
    """

    old: str
    new: str
    conditions: tuple[Condition, ...]
    profiles: int | None
    witness: Witness | None
    because: tuple[Change, ...]


@dataclass(frozen=True)
class ClassDifference:
    """A class that is not the same for all patients, or that one version does not have."""

    iri: str
    presence: str
    shifts: tuple[Shift, ...]


class Causes:
    """Finds which changed axioms bring about a difference: the fewest that give the old version the new one's answers.

    The old version is compiled with some changes made. Each is tried by itself first; where none is enough, changes are
    taken out of all of them as long as the rest still gives the answers.
    """

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


class Comparison:
    """Compares the classes of two versions. Raises GuidelineError where a version leaves no patient possible."""

    def __init__(self, old: Guideline, new: Guideline) -> None:
        bodies = body_of(old), body_of(new)
        self.changes = changes(*bodies)
        self.old, self.new, self.atoms = compiled_jointly(*bodies, self.changes)
        for name, logic in (("old", self.old), ("new", self.new)):
            if logic.states(EMPTY) is None:
                what = f"the {name} version: the axioms contradict each other, and no patient is possible"
                raise GuidelineError(Problem("no-patient", what, "run guideproof check, and correct what it names"))
        self.space = Space(self.old, self.new, len(self.atoms))
        self.finder = Finder((old, new), (self.old, self.new))
        self.causes = Causes(bodies, self.changes, self.new, self.atoms)

    # -- classes --

    def classes(self) -> Iterator[ClassDifference]:
        """Every class that differs, by its IRI."""
        for iri in sorted({*self.old.rules, *self.new.rules}):
            presence = ADDED if iri not in self.old.rules else REMOVED if iri not in self.new.rules else BOTH
            found = self._shifts(iri) if presence == BOTH else (self._alone(iri, presence),)
            if found:
                yield ClassDifference(iri, presence, tuple(found))

    def _alone(self, iri: str, presence: str) -> Shift:
        """A class that one version has: who is in it there."""
        logic = self.new if presence == ADDED else self.old
        terms = [logic.shared(term) for term in logic.rules[iri].entailed_by]
        states = (UNKNOWN, State.ENTAILED) if presence == ADDED else (State.ENTAILED, UNKNOWN)
        because = tuple(change for change in self.changes if change.term == iri)
        return self._shift(iri, states, terms, self.space.count(self.space.members_alone(logic, iri)), because)

    def _shifts(self, iri: str) -> list[Shift]:
        """Gained and lost; and where no record in common words shows these, what becomes or was undetermined."""
        found = [self._moved(iri, truth) for truth in (True, False)]
        moved = [shift for shift in found if shift is not None]
        if any(map(_in_common_words, moved)):
            return moved
        opened = self._opened(iri)
        return moved + [shift for shift in opened if not moved or _in_common_words(shift)]

    def _moved(self, iri: str, truth: bool) -> Shift | None:
        """The patients who gain a class (`truth`), or who lose it."""
        old, new = self.old.rules[iri].implicants(not truth), self.new.rules[iri].implicants(truth)
        pairs = product([self.old.shared(term) for term in old], [self.new.shared(term) for term in new])
        terms = [cube for cube in pairs if None not in (self.old.states(cube), self.new.states(cube))]
        if not terms:
            return None
        before, after = self.space.members(self.old, iri), self.space.members(self.new, iri)
        profiles = self.space.minus(after, before) if truth else self.space.minus(before, after)
        states = (State.EXCLUDED, State.ENTAILED) if truth else (State.ENTAILED, State.EXCLUDED)
        because = self.causes.of(lambda logic: self.space.members(logic, iri), iri)
        return self._shift(iri, states, terms, self.space.count(profiles), because)

    def _opened(self, iri: str) -> list[Shift]:
        """Where the two versions give a record that leaves something open different answers."""
        found: dict[tuple[State, State], set[Cube]] = defaultdict(set)
        for cube in self._candidates(iri):
            old, new = self.old.state(cube, iri), self.new.state(cube, iri)
            if old is not None and new is not None and old is not new:
                found[old, new].add(cube)
        return [self._open_shift(iri, pair, absorb(cubes)) for pair, cubes in sorted(found.items())]

    def _open_shift(self, iri: str, states: tuple[State, State], records: list[Cube]) -> Shift:
        because = self.causes.of(lambda logic: [logic.state(cube, iri) for cube in records], iri)
        return self._shift(iri, states, records, None, because)

    def _candidates(self, iri: str) -> Iterator[Cube]:
        """The terms that settle a class by either version, also without the absences that a version assumes.

        A literal may follow from what entails it in that version alone: no more is needed for a difference,
        because what entails it in both can be replaced by the literal itself. Where something entails it so, some of
        the acts that are assumed absent may also be present, so that they do not settle the class by themselves.
        """
        for logic in (self.old, self.new):
            for term in (*logic.rules[iri].entailed_by, *logic.rules[iri].excluded_by):
                for cube in islice(self._derivations(logic, logic.shared(term)), _MOST_DERIVATIONS):
                    assumed = {0, self.old.closable_atoms, self.new.closable_atoms}
                    yield from (Cube(cube.pos | done & ~cube.atoms, cube.neg & ~acts)
                                for acts in assumed for done in self._done)  # fmt: skip

    @cached_property
    def _done(self) -> list[int]:
        """Sets of acts, among those that a version assumes absent, to be present: all where there are few."""
        acts = list(bits(self.old.closable_atoms | self.new.closable_atoms))
        if not any(self._entailing.values()):
            return [0]
        sizes = range(len(acts) + 1) if len(acts) <= _FEW_ACTS else (0, 1, len(acts))
        return [sum(1 << act for act in some) for size in sizes for some in combinations(acts, size)]

    def _derivations(self, logic: Logic, term: Cube) -> Iterator[Cube]:
        """A term, each of its literals as it is or by what entails it in this version alone."""
        literals = [Cube(1 << i, 0) if term.pos >> i & 1 else Cube(0, 1 << i) for i in bits(term.atoms)]
        choices = [[one, *self._entailing[logic].get(one, ())] for one in literals]
        for chosen in cartesian(*choices):
            cube = Cube(reduce(or_, (c.pos for c in chosen), 0), reduce(or_, (c.neg for c in chosen), 0))
            if not cube.pos & cube.neg:
                yield cube

    @cached_property
    def _entailing(self) -> dict[Logic, dict[Cube, list[Cube]]]:
        """For each version and literal the terms that entail it there and not in the other version.

        Such is also a term with an absence that one version alone assumes.
        """
        found: dict[Logic, dict[Cube, list[Cube]]] = {}
        assumed = self.old.closable_atoms ^ self.new.closable_atoms
        for logic, other in ((self.old, self.new), (self.new, self.old)):
            heads = found[logic] = defaultdict(list)
            for clause in logic.clauses:
                alone = not clause.atoms & ~other.known and other.states(clause.negated) is not None
                for i in bits(clause.atoms):
                    head = Cube(clause.pos & 1 << i, clause.neg & 1 << i)
                    rest = Cube(clause.neg & ~(1 << i), clause.pos & ~(1 << i))
                    if alone or rest.neg & assumed:
                        heads[head].append(rest)
        return found

    def _shift(self, iri: str, states: tuple[str, str], terms: list[Cube], profiles: int | None,
               because: tuple[Change, ...]) -> Shift:  # fmt: skip
        witness = self.finder.find(terms[:_TRIED], shifts(iri, *states))
        described = tuple(tuple((self.atoms[i], bool(cube.pos >> i & 1)) for i in bits(cube.atoms)) for cube in terms)
        return Shift(*states, described, profiles, witness, because)

    # -- patients who are possible in one version only --

    def patients(self) -> Iterator[Shift]:
        """The patients whom one version allows and the other rules out: newly possible, and possible no more."""
        newly = (self.old, self.new, self.space.only_new, (CONTRADICTORY, POSSIBLE))
        no_more = (self.new, self.old, self.space.only_old, (POSSIBLE, CONTRADICTORY))
        for rules_out, allows, only, states in (newly, no_more):
            cubes = (clause.negated for clause in rules_out.clauses if not clause.atoms & ~allows.known)
            terms = absorb(cube for cube in cubes if allows.states(cube) is not None)
            if terms:
                yield self._shift("", states, terms, self.space.count(only), self._ruling_out(terms))

    def _ruling_out(self, records: list[Cube]) -> tuple[Change, ...]:
        """Why records are, or are no longer, contradictory."""
        return self.causes.of(lambda logic: [logic.states(cube) is None for cube in records])

    def affected(self, differences: Sequence[ClassDifference], advising: frozenset[str]) -> int:
        """How many profiles differ in a class, in being possible, or are in a class of `advising` on one side only."""
        parts = [self.space.only_old, self.space.only_new]
        for one in differences:
            found = [self.space.members(logic, one.iri) for logic in (self.old, self.new)
                     if one.iri in logic.rules and (one.presence == BOTH or one.iri in advising)]  # fmt: skip
            if found:
                before, after = found if one.presence == BOTH else (0, found[0])
                parts += [self.space.minus(before, after), self.space.minus(after, before)]
        return self.space.count(self.space.diagrams.any_of(parts))


def _in_common_words(shift: Shift) -> bool:
    return shift.witness is not None and not shift.witness.rank[0]
