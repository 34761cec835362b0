"""Justifying: why a class is entailed, and why it is excluded.

A reason is a subset-minimal set of recorded or assumed facts that entails the answer, read off the implicants that
the facts satisfy. Which sets these are depends on what the facts say and not on who said it: it is found once for
each combination of what bears on an implicant, and remembered.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Iterable, Sequence
from itertools import product
from typing import NamedTuple

from reasoner.frozen import frozen
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled, Origin, Place
from reasoner.logic.decide import Decision
from reasoner.logic.expressions import And, Expr, Name, Not, Or
from reasoner.logic.facts import ASSUMED, Fact, kleene
from reasoner.logic.index import Memory, literals
from reasoner.logic.theory import Literals


class Reason(NamedTuple):
    """Why: the facts, the named classes that they settle on the way to the answer, and the axioms that lead there."""

    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]


class Claim(NamedTuple):
    """What a fact says, whoever said it."""

    term: str
    present: bool
    assumed: bool
    literals: Literals

    def states(self, atom: int, truth: bool) -> bool:
        """Whether a literal is among those that it states."""
        return bool((self.literals.pos if truth else self.literals.neg) >> atom & 1)

    @property
    def spare(self) -> tuple[int, bool, Claim]:
        """Of several that state a literal, the first by this states the least else."""
        return self.literals.pos.bit_count() + self.literals.neg.bit_count(), self.assumed, self


@frozen(eq=False)
class Way:
    """How some claims settle a class: the criteria and the axioms that lead there.

    `claims` are their numbers in order, `numbers` the same as bits.
    """

    claims: tuple[int, ...]
    numbers: int
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]
    assumed: tuple[str, ...]
    rank: tuple[object, ...]


def reasons(compiled: Compiled, decision: Decision, iri: str) -> tuple[Reason, ...]:
    """The reasons for the state of a class, fewest assumptions and then fewest facts first; none if undetermined."""
    justifier = Justifier(compiled)
    told = Told(justifier, decision.facts)
    return tuple(told.reason(way) for way in justifier.ways(told, decision, iri))


class Told:
    """Facts by the numbers of what they claim; `numbers` are those, as bits.

    `sourced` says whether a fact names a node of the record.
    """

    def __init__(self, justifier: Justifier, facts: Sequence[Fact]) -> None:
        self.facts = {justifier.number(fact): fact for fact in facts}
        self.sourced = any(fact.source for fact in facts)
        self.numbers = 0
        for number in self.facts:
            self.numbers |= 1 << number

    def used(self, ways: Iterable[Way]) -> tuple[Fact, ...]:
        """The facts of some ways, one way after the other."""
        facts = self.facts
        return tuple([facts[number] for way in ways for number in way.claims])

    def reason(self, way: Way) -> Reason:
        """A way as it is that of this patient."""
        facts = self.facts
        return Reason(tuple([facts[number] for number in way.claims]), way.criteria, way.axioms)


class Bearing:
    """Some implicants that give one answer for a class, the claims that bear on them, and the ways that were found.

    A claim bears on an implicant where it states a literal of it, or one from which the theory concludes a literal of
    it. `near` are the numbers of those claims, as bits.
    """

    def __init__(self, iri: str, truth: bool, terms: int, relevant: int) -> None:
        self.iri, self.truth, self.terms, self.relevant = iri, truth, terms, relevant
        self.near = 0
        self.ways: Memory[int, tuple[Way, ...]] = Memory()

    def meet(self, number: int, stated: int) -> None:
        """Take note of a claim that states some literals."""
        if stated & self.relevant:
            self.near |= 1 << number


class Justifier:
    """Finds the reasons for the answers of one guideline, and remembers the ways that it found."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled, self.index = compiled, compiled.index
        self._lock = allocate_lock()
        self._numbers: dict[tuple[object, ...], int] = {}
        self._claims: list[Claim] = []
        self._of_answers: dict[int, Bearing] = {}
        self._of_implicants: dict[int, Bearing] = {}
        self._made: Memory[tuple[tuple[int, ...], str, bool, int], Way] = Memory()

    def number(self, fact: Fact) -> int:
        """The number of what a fact claims."""
        term, present, _, by, stated = fact
        key = term, present, by == ASSUMED, stated
        number = self._numbers.get(key)
        return self._new(key) if number is None else number

    def _new(self, key: tuple[str, bool, bool, Literals]) -> int:
        with self._lock:
            if key not in self._numbers:
                for bearing in (*self._of_answers.values(), *self._of_implicants.values()):
                    bearing.meet(len(self._claims), self.compiled.theory.joined(key[3]))
                self._claims.append(Claim(*key))
                self._numbers[key] = len(self._claims) - 1
            return self._numbers[key]

    def ways(self, told: Told, decision: Decision, iri: str) -> tuple[Way, ...]:
        """The ways to the state of a class that is decided from what is told, in order of their rank."""
        place = self.index.places[iri]
        truth = bool(decision.answers & place.entailed)
        held = decision.held & (place.entailing if truth else place.excluding)
        if not held:
            return ()
        bearing = self._of_answer(place, truth)
        numbers = told.numbers & bearing.near
        found = bearing.ways.get(numbers)
        return bearing.ways.keep(numbers, self._found(bearing, told.numbers, held)) if found is None else found

    def way_by(self, told: Told, iri: str, term: int) -> Way:
        """Of the ways to the state of a class by one implicant, which what is told satisfies, the first by rank."""
        place = self.index.places[iri]
        bearing = self._of_answer(place, bool(place.entailing >> term & 1))
        return min(self._by(bearing, term, told.numbers), key=lambda way: way.rank)

    def _of_answer(self, place: Place, truth: bool) -> Bearing:
        """What bears on the implicants that give an answer."""
        terms = place.entailing if truth else place.excluding
        return self._of_answers.get(terms) or self._bearing(self._of_answers, terms, place.iri, truth, terms)

    def _bearing(self, kept: dict[int, Bearing], key: int, iri: str, truth: bool, terms: int) -> Bearing:
        """What bears on some implicants of a class, from now on kept."""
        with self._lock:
            found = Bearing(iri, truth, terms, self._relevant(terms))
            for number, claim in enumerate(self._claims):
                found.meet(number, self.compiled.theory.joined(claim.literals))
            return kept.setdefault(key, found)

    def _relevant(self, terms: int) -> int:
        """The literals of some implicants, and those from which the theory concludes them."""
        found, theory = 0, self.compiled.theory
        for term in bits(terms):
            for atom, truth in _literals(self.index.cubes[term]):
                for support in theory.supports(atom, truth, Literals(-1, -1)):
                    found |= literals(support.pos, support.neg, theory.size)
        return found

    def _found(self, bearing: Bearing, numbers: int, held: int) -> tuple[Way, ...]:
        """The ways to an answer by the implicants that are `held`: of two of the same claims, by the first."""
        found: dict[int, Way] = {}
        for term in bits(held):
            for way in self._by(bearing, term, numbers):
                found.setdefault(way.numbers, way)
        if len(found) == 1:
            return tuple(found.values())
        least = [way for way in found.values() if not any(o != way.numbers and not o & ~way.numbers for o in found)]
        return tuple(sorted(least, key=lambda way: way.rank))

    def _by(self, bearing: Bearing, term: int, numbers: int) -> tuple[Way, ...]:
        """The ways to an answer by one implicant that some claims satisfy, remembered."""
        kept = self._of_implicants
        alone = kept.get(term) or self._bearing(kept, term, bearing.iri, bearing.truth, 1 << term)
        ways = alone.ways.get(numbers & alone.near)
        return self._of_term(bearing, term, alone, numbers & alone.near) if ways is None else ways

    def _of_term(self, bearing: Bearing, term: int, alone: Bearing, numbers: int) -> tuple[Way, ...]:
        """The ways to an answer by one implicant that some claims satisfy."""
        told, cube = list(bits(numbers)), self.index.cubes[term]
        ways = [self._way(self._minimal(claims, bearing.terms), bearing.iri, bearing.truth, cube.axioms | axioms)
                for claims, axioms in self._claim_sets(cube, told)]  # fmt: skip
        return alone.ways.keep(numbers, tuple(ways))

    def _stated(self, numbers: Iterable[int]) -> Literals:
        pos = neg = 0
        for number in numbers:
            stated = self._claims[number].literals
            pos, neg = pos | stated.pos, neg | stated.neg
        return Literals(pos, neg)

    def _closed(self, numbers: Iterable[int]) -> int:
        theory = self.compiled.theory
        return theory.closed(theory.joined(self._stated(numbers)))

    def _claim_sets(self, term: Cube, told: Sequence[int]) -> list[tuple[list[int], int]]:
        """Sets of claims that entail every literal of a satisfied implicant, each with the axioms used."""
        given = self._stated(told)
        sets = []
        for choice in product(*(self._supports(given, atom, truth) for atom, truth in _literals(term))):
            pos = neg = axioms = 0
            for support in choice:
                pos, neg, axioms = pos | support.pos, neg | support.neg, axioms | support.axioms
            sets.append((self._stating(told, Cube(pos, neg)), axioms))
        return sets

    def _supports(self, given: Literals, atom: int, truth: bool) -> list[Cube]:
        """What entails a literal: where a claim states it, that alone."""
        found = self.compiled.theory.supports(atom, truth, given)
        return found[:1] if found and found[0].size == 1 and found[0].atoms == 1 << atom else found

    def _stating(self, told: Sequence[int], needed: Cube) -> list[int]:
        """For each literal the claim that states it: the one that states the least else."""
        chosen: dict[int, None] = {}
        for atom, truth in _literals(needed):
            stating = [number for number in told if self._claims[number].states(atom, truth)]
            chosen[min(stating, key=lambda number: self._claims[number].spare)] = None
        return list(chosen)

    def _minimal(self, claims: list[int], terms: int) -> tuple[int, ...]:
        """`claims` without those whose deletion leaves the answer standing; assumptions are dropped first."""
        kept = sorted(claims, key=self._claims.__getitem__)
        for one in sorted(kept, key=lambda number: not self._claims[number].assumed):
            rest = [other for other in kept if other != one]
            if self.index.terms.satisfied(self._closed(rest)) & terms:
                kept = rest
        return tuple(kept)

    # -- the way from the facts to the answer --

    def _way(self, claims: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Way:
        """The one way by some claims and the axioms of the bits `axioms`."""
        key = claims, iri, truth, axioms
        made = self._made.get(key)
        return self._made.keep(key, self._traced(*key)) if made is None else made

    def _traced(self, claims: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Way:
        used = _Walk(self.compiled, self._closed(claims)).walk(Name(iri), truth)
        origins = {self.compiled.rules[name].origin for name in used} | {self.compiled.axioms[i] for i in bits(axioms)}
        said = [self._claims[number] for number in claims]
        assumed = tuple(claim.term for claim in said if claim.assumed)
        return Way(
            claims=claims,
            numbers=sum(1 << number for number in claims),
            criteria=tuple(name for name, value in used.items() if value == truth and name != iri),
            axioms=tuple(sorted(origins, key=lambda o: (o.file, o.line or 0, o.term))),
            assumed=assumed,
            rank=(len(assumed), len(said), [(claim.term, claim.present) for claim in said]),
        )


def _literals(term: Cube) -> list[tuple[int, bool]]:
    return [(i, True) for i in bits(term.pos)] + [(i, False) for i in bits(term.neg)]


class _Walk:
    """Collects the named classes by which an expression gets its value under closed literals."""

    def __init__(self, compiled: Compiled, closed: int) -> None:
        self.compiled, self.given = compiled, compiled.theory.split(closed)
        self.settled = compiled.index.settled(closed)
        self.used: dict[str, bool] = {}

    def walk(self, expr: Expr, truth: bool) -> dict[str, bool]:
        match expr:
            case Name(iri):
                if iri not in self.used:
                    self.used[iri] = truth
                    self.walk(self.compiled.rules[iri].definition, truth)
            case Not(part):
                self.walk(part, not truth)
            case And(parts) | Or(parts):
                for part in parts:
                    if kleene(part, self.given, self._of_class) is truth:
                        self.walk(part, truth)
        return self.used

    def _of_class(self, iri: str) -> bool | None:
        """The value of an expression is exact for atoms and classes, and Kleene's above them."""
        place = self.compiled.index.places[iri]
        return True if self.settled & place.entailed else False if self.settled & place.excluded else None
