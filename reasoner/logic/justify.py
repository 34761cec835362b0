"""Justifying: why a class is entailed, and why it is excluded.

A reason is a subset-minimal set of recorded or assumed facts that entails the answer, read off the implicants that
the facts satisfy. Which sets these are depends on what the facts say and not on who said it: it is found once for
each combination of what bears on an implicant, and remembered.
"""

from __future__ import annotations

from _thread import allocate_lock
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import reduce
from itertools import product
from operator import attrgetter, itemgetter, or_
from typing import NamedTuple

from msgspec import Struct

from reasoner.logic.clauses import bits
from reasoner.logic.compiled import ClassBits, Compiled, Origin
from reasoner.logic.decide import Decision, State
from reasoner.logic.expressions import And, Expr, Name, Not, Or
from reasoner.logic.facts import ASSUMED, Fact, kleene
from reasoner.logic.index import BoundedCache, BoundedDict
from reasoner.logic.theory import Literals, Support

#: What a fact claims: its term, whether that is present, by what it is known, and the literals that it states.
Said = tuple[str, bool, str, Literals]
_said: Callable[[Fact], Said] = attrgetter("term", "present", "by", "literals")

#: Takes the facts of some numbers, in order.
Pick = Callable[[Mapping[int, Fact]], tuple[Fact, ...]]

#: What a reason cites: by the terms that it shows to hold, those of its axioms, and those that it assumes.
Citing = Callable[[Sequence[str], Sequence[str], Sequence[str]], tuple[tuple[str, ...], ...]]

_ENTAILED, _EXCLUDED, _OPEN = State

#: Of how many sets of implicants it is kept what bears on them.
_BEARINGS = 10_000


class Reason(NamedTuple):
    """Why: the facts, the named classes that they settle on the way to the answer, and the axioms that lead there."""

    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]


class Assertion(NamedTuple):
    """What a fact says, whoever said it."""

    term: str
    present: bool
    assumed: bool
    literals: Literals

    @property
    def spare(self) -> tuple[int, bool, Assertion]:
        """Of several that state a literal, the first by this states the least else."""
        return self.literals.pos.bit_count() + self.literals.neg.bit_count(), self.assumed, self


class Derivation(Struct, frozen=True, eq=False):
    """How some claims settle a class: the criteria and the axioms that lead there.

    `numbers` are theirs, as bits; `pick` takes the facts of these numbers.
    """

    pick: Pick
    numbers: int
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]
    cited: tuple[tuple[str, ...], ...]
    rank: tuple[object, ...]


def reasons(compiled: Compiled, decision: Decision, iri: str) -> tuple[Reason, ...]:
    """The reasons for the state of a class, fewest assumptions and then fewest facts first; none if undetermined."""
    justifier = Justifier(compiled)
    told = FactSet(justifier, decision.facts, decision.held, decision.answers)
    return tuple(told.reason(way) for way in justifier.answer(told, compiled.index.places[iri])[1])


class _Numbers(dict[Said, int]):
    """The number of what each fact claims, given when it is first asked for."""

    def __init__(self, new: Callable[[Said], int]) -> None:
        super().__init__()
        self._new = new

    def __missing__(self, said: Said) -> int:
        return self._new(said)


class FactSet:
    """Facts by the numbers of what they claim; `numbers` are those, as bits.

    `sourced` says whether a fact names a node of the record; `held` and `answers` are those of the decision.
    """

    def __init__(self, justifier: Justifier, facts: Sequence[Fact], held: int = 0, answers: int = 0) -> None:
        self.held, self.answers = held, answers
        self.facts = dict(zip(map(justifier.number.__getitem__, map(_said, facts)), facts, strict=True))
        self.sourced = any(fact.source for fact in facts)
        self.numbers = sum(map((1).__lshift__, self.facts))

    def used(self, ways: Iterable[Derivation]) -> tuple[Fact, ...]:
        """The facts of some ways, one way after the other."""
        return tuple([fact for way in ways for fact in way.pick(self.facts)])

    def reason(self, way: Derivation) -> Reason:
        """A way as it is that of this patient."""
        return Reason(way.pick(self.facts), way.criteria, way.axioms)


class Bearing:
    """Implicants that hold and give one answer for a class, the claims that bear on them, and the ways that were found.

    A claim bears on an implicant where it states a literal of it, or one from which the theory concludes a literal of
    it. `own` and `near` are the numbers of those that do the first, and of all, as bits. Where claims state every
    literal, the first alone decide.
    """

    __slots__ = ("by_entailed", "by_stated", "literals", "near", "own", "relevant")

    def __init__(self, literals: int, relevant: int, own: int, near: int) -> None:
        self.literals, self.relevant, self.own, self.near = literals, relevant, own, near
        self.by_stated: BoundedDict[int, tuple[Derivation, ...]] = BoundedDict()
        self.by_entailed: BoundedDict[int, tuple[Derivation, ...]] = BoundedDict()

    def meet(self, number: int, stated: int) -> None:
        """Take note of a claim that states some literals."""
        self.own |= bool(stated & self.literals) << number
        self.near |= bool(stated & self.relevant) << number

    def ways(self, told: int) -> tuple[Derivation, ...] | None:
        """The ways by some claims, where they were found."""
        return self.by_stated.get(told & self.own) or self.by_entailed.get(told & self.near)

    def keep(self, told: int, ways: tuple[Derivation, ...], stated: bool) -> tuple[Derivation, ...]:
        """The ways by some claims, from now on remembered; `stated` says whether these state every literal."""
        return self.by_stated.keep(told & self.own, ways) if stated else self.by_entailed.keep(told & self.near, ways)


class Justifier:
    """Finds the reasons for the answers of one guideline, and remembers the ways that it found.

    `cites` tells what a reason cites.
    """

    def __init__(self, compiled: Compiled, cites: Citing = lambda *_: ()) -> None:
        self.compiled, self.index, self._cites = compiled, compiled.index, cites
        self._lock = allocate_lock()
        self.number = _Numbers(self._new)
        self._claims: list[Assertion] = []
        self._stated: list[int] = []
        self._stating = [0] * (2 * compiled.theory.size)
        self._antecedents = compiled.theory.antecedents
        self._leading = [_union([1 << literal, *(support for support, _ in supports)])
                         for literal, supports in enumerate(self._antecedents)]  # fmt: skip
        self._bits: BoundedCache[int, tuple[int, ...]] = BoundedCache(lambda mask: tuple(bits(mask)))
        self._entailed: BoundedCache[tuple[int, ...], int] = BoundedCache(self._entailed_by)
        self._bearings: BoundedDict[int, Bearing] = BoundedDict(_BEARINGS)
        self._made: BoundedDict[tuple[tuple[int, ...], str, bool, int], Derivation] = BoundedDict()

    def _new(self, key: Said) -> int:
        """The number of a claim that was not met before."""
        with self._lock:
            if key not in self.number:
                (term, present, by, said), number = key, len(self._claims)
                stated = self.compiled.theory.joined(said)
                self._claims.append(Assertion(term, present, by == ASSUMED, said))
                self._stated.append(stated)
                for literal in bits(stated):
                    self._stating[literal] |= 1 << number
                for bearing in self._bearings.values():
                    bearing.meet(number, stated)
                self.number[key] = number
            return self.number[key]

    def answer(self, told: FactSet, place: ClassBits) -> tuple[State, tuple[Derivation, ...]]:
        """The state of the class at a place, and the ways to it: fewest assumptions and then fewest facts first."""
        _, entailed, excluded, entailing, excluding = place
        if told.answers & entailed:
            state, held = _ENTAILED, told.held & entailing
        elif told.answers & excluded:
            state, held = _EXCLUDED, told.held & excluding
        else:
            return _OPEN, ()
        bearing, numbers = self._bearings.get(held) or self._bearing(held), told.numbers
        return state, (
            bearing.by_stated.get(numbers & bearing.own)
            or bearing.by_entailed.get(numbers & bearing.near)
            or self._found(place, numbers, held, bearing)
        )

    def way_by(self, told: FactSet, place: ClassBits, term: int) -> Derivation:
        """Of the ways to an answer by one implicant, which what is told satisfies, the first by rank."""
        terms = place.entailing if place.entailing >> term & 1 else place.excluding
        return self._by_term(place, term, told.numbers, terms)[0]

    def _bearing(self, held: int) -> Bearing:
        """What bears on some implicants of a class, from now on kept."""
        own = _union(self.index.terms.literals[term] for term in self._bits[held])
        relevant = _union(self._leading[literal] for literal in self._bits[own])
        with self._lock:
            stating = [_union(self._stating[literal] for literal in self._bits[one]) for one in (own, relevant)]
            return self._bearings.keep(held, Bearing(own, relevant, *stating))

    def _found(self, place: ClassBits, told: int, held: int, bearing: Bearing) -> tuple[Derivation, ...]:
        """The ways to an answer by the implicants that are `held`."""
        found = [way for term in self._bits[held] for way in self._by_term(place, term, told, held)]
        return bearing.keep(told, _least(found), self._state_all(told, bearing.literals))

    def _by_term(self, place: ClassBits, term: int, told: int, held: int) -> tuple[Derivation, ...]:
        """Those by one of them, remembered."""
        alone = self._bearings.get(1 << term) or self._bearing(1 << term)
        return alone.ways(told) or self._of_term(place, term, alone, told, held)

    def _of_term(self, place: ClassBits, term: int, alone: Bearing, told: int, held: int) -> tuple[Derivation, ...]:
        """The ways to an answer by one implicant that some claims satisfy; fewer claims satisfy no other than these."""
        truth, cube, terms = bool(place.entailing >> term & 1), self.index.cubes[term], self.index.terms.literals
        others, stated = [terms[one] for one in self._bits[held]], self._state_all(told, alone.literals)
        sets = [(self._chosen(told, terms[term]), 0)] if stated else self._claim_sets(terms[term], told & alone.near)
        ways = [self._way(self._minimal(claims, others), place.iri, truth, cube.axioms | axioms)
                for claims, axioms in sets]  # fmt: skip
        return alone.keep(told, _least(ways), stated)

    def _state_all(self, told: int, literals: int) -> bool:
        """Whether some claims state every one of some literals."""
        return all(told & self._stating[literal] for literal in self._bits[literals])

    def _claim_sets(self, term: int, told: int) -> list[tuple[set[int], int]]:
        """Sets of claims that entail every literal of a satisfied implicant, each with the axioms used."""
        given, sets = _union(self._stated[number] for number in bits(told)), []
        for choice in product(*[self._supports(given, literal) for literal in self._bits[term]]):
            needed = axioms = 0
            for support, used in choice:
                needed, axioms = needed | support, axioms | used
            sets.append((self._chosen(told, needed), axioms))
        return sets

    def _supports(self, given: int, literal: int) -> list[Support]:
        """What entails a literal: where a claim states it, that alone."""
        if given >> literal & 1:
            return [(1 << literal, 0)]
        return [support for support in self._antecedents[literal] if not support[0] & ~given]

    def _chosen(self, told: int, needed: int) -> set[int]:
        """For each literal the claim that states it: the one that states the least else."""
        chosen = set()
        for literal in self._bits[needed]:
            stating = told & self._stating[literal]
            one = stating.bit_length() - 1
            if stating != 1 << one:
                one = min(bits(stating), key=lambda number: self._claims[number].spare)
            chosen.add(one)
        return chosen

    def _minimal(self, claims: Iterable[int], terms: Iterable[int]) -> tuple[int, ...]:
        """`claims` without those whose deletion leaves an implicant standing; assumptions are dropped first."""
        kept = sorted(claims, key=self._claims.__getitem__)
        for one in sorted(kept, key=lambda number: not self._claims[number].assumed):
            rest = [other for other in kept if other != one]
            missing = ~self._entailed[tuple(rest)]
            if not all(term & missing for term in terms):
                kept = rest
        return tuple(kept)

    def _entailed_by(self, numbers: Iterable[int]) -> int:
        """What some claims entail."""
        return self.compiled.theory.entailed([self._claims[number].literals for number in numbers])

    # -- the way from the facts to the answer --

    def _way(self, claims: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Derivation:
        """The one way by some claims and the axioms of the bits `axioms`."""
        key = claims, iri, truth, axioms
        made = self._made.get(key)
        return self._made.keep(key, self._traced(*key)) if made is None else made

    def _traced(self, claims: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Derivation:
        used = _Walk(self.compiled, self._entailed[claims]).walk(Name(iri), truth)
        origins = {self.compiled.rules[name].origin for name in used} | {self.compiled.axioms[i] for i in bits(axioms)}
        said = [self._claims[number] for number in claims]
        assumed = tuple(claim.term for claim in said if claim.assumed)
        criteria = tuple(name for name, value in used.items() if value == truth and name != iri)
        ordered = tuple(sorted(origins, key=lambda o: (o.file, o.line or 0, o.term)))
        return Derivation(
            pick=_picking(claims),
            numbers=sum(1 << number for number in claims),
            criteria=criteria,
            axioms=ordered,
            cited=self._cites((iri, *criteria) if truth else (iri,), [origin.term for origin in ordered], assumed),
            rank=(len(assumed), len(said), [(claim.term, claim.present) for claim in said]),
        )


def _least(ways: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """The ways in order, without those that take more claims than another; of two of the same claims the first."""
    found: dict[int, Derivation] = {}
    for way in ways:
        found.setdefault(way.numbers, way)
    least = [way for numbers, way in found.items() if [other & ~numbers for other in found].count(0) == 1]
    return tuple(sorted(least, key=lambda way: way.rank))


def _union(sets: Iterable[int]) -> int:
    return reduce(or_, sets, 0)


def _picking(numbers: tuple[int, ...]) -> Pick:
    """What takes the facts of some numbers, in order."""
    if not numbers:
        return lambda _: ()
    first, *others = numbers
    return itemgetter(*numbers) if others else lambda facts: (facts[first],)


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
