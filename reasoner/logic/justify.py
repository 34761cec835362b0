"""Justifying: why a class is entailed, and why it is excluded.

A reason is a subset-minimal set of recorded or assumed facts that entails the answer, read off the prime implicants
that the facts satisfy (A. Shih, A. Choi and A. Darwiche, A symbolic approach to explaining Bayesian network
classifiers, IJCAI 2018). A literal that no fact states is replaced by those from which one implicate concludes it, as
in an ATMS (see `Theory.antecedents`).

Which sets these are depends on what the facts assert and not on the nodes of the record that they come from. So it is
found for numbered assertions, once for each combination of those that bear on an implicant, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import product
from operator import attrgetter, itemgetter
from threading import Lock
from typing import NamedTuple

from msgspec import Struct

from reasoner.caches import BoundedCache, bytes_of
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import ClassBits, Compiled, Origin
from reasoner.logic.decide import Decision, State
from reasoner.logic.expressions import And, Expr, Name, Not, Or
from reasoner.logic.facts import ASSUMED, Fact, kleene
from reasoner.logic.index import union_of
from reasoner.logic.theory import Literals, Support

#: What a fact asserts: its term, whether that is present, how it is known, and the literals that it states.
Content = tuple[str, bool, str, Literals]
_content: Callable[[Fact], Content] = attrgetter("term", "present", "by", "literals")

#: Takes the facts of some assertions, in order.
Pick = Callable[[Mapping[int, Fact]], tuple[Fact, ...]]

#: What a reason cites: by the terms that it shows to hold, those of its axioms, and those that it assumes.
Citing = Callable[[Sequence[str], Sequence[str], Sequence[str]], tuple[tuple[str, ...], ...]]

_ENTAILED, _EXCLUDED, _OPEN = State

#: When what is remembered starts afresh: bytes, about, and assertions (each is a bit of many numbers).
_MOST_BYTES, _MOST_ASSERTIONS = 48 << 20, 4_000
_DERIVATION_BYTES, _SUPPORT_BYTES = 1_500, 1_000


class Reason(NamedTuple):
    """Why: the facts, the named classes that they settle for the answer, and the axioms that lead there."""

    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]


class Assertion(NamedTuple):
    """What a fact asserts, whatever node of the record it comes from."""

    term: str
    present: bool
    assumed: bool
    literals: Literals

    @property
    def cost(self) -> tuple[int, bool, Assertion]:
        """Of several that state a literal the first by this is cited: it states the least besides."""
        return self.literals.pos.bit_count() + self.literals.neg.bit_count(), self.assumed, self


class Derivation(Struct, frozen=True, eq=False):
    """How some assertions settle a class: by which criteria and axioms, and what that cites.

    `numbers` are those of the assertions, as bits; `pick` takes their facts; the least `rank` comes first.
    """

    pick: Pick
    numbers: int
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]
    cited: tuple[tuple[str, ...], ...]
    rank: tuple[object, ...]


def reasons(compiled: Compiled, decision: Decision, iri: str) -> tuple[Reason, ...]:
    """The reasons for the state of a class, fewest assumptions and then fewest facts first; none if undetermined."""
    facts = FactSet(Justifier(compiled), decision.facts, decision.satisfied, decision.answers)
    return tuple(map(facts.reason, facts.answer(compiled.index.class_bits[iri])[1]))


class Justifier:
    """Finds the reasons for the answers of one guideline; `cites` gives what a reason cites.

    It remembers what it found, in bounded memory, and several threads may share it.
    """

    def __init__(self, compiled: Compiled, cites: Citing = lambda *_: ()) -> None:
        self.compiled, self.cites = compiled, cites
        self.tied = [union_of([1 << literal, *(support for support, _ in supports)])
                     for literal, supports in enumerate(compiled.theory.antecedents)]  # fmt: skip
        self._derivations = _Derivations(self)

    @property
    def derivations(self) -> _Derivations:
        """What is remembered: where that is too much, nothing as yet."""
        if self._derivations.full:
            self._derivations = _Derivations(self)
        return self._derivations


class FactSet:
    """The facts of one patient by the numbers of what they assert; `numbers` are those, as bits.

    `satisfied` are the implicants that the facts satisfy and `answers` what these settle, as in a `Decision`; `sourced`
    says whether some fact names a node of the record.
    """

    def __init__(self, justifier: Justifier, facts: Sequence[Fact], satisfied: int = 0, answers: int = 0) -> None:
        self.satisfied, self.answers, self._derivations = satisfied, answers, justifier.derivations
        self.facts = dict(zip(map(self._derivations.number, map(_content, facts)), facts, strict=True))
        self.sourced = any(fact.source for fact in facts)
        self.numbers = sum(map((1).__lshift__, self.facts))

    def answer(self, cls: ClassBits) -> tuple[State, tuple[Derivation, ...]]:
        """The state of a class, and its derivations: fewest assumptions and then fewest facts first."""
        _, entailed, excluded, entailing, excluding = cls
        if self.answers & entailed:
            state, satisfied = _ENTAILED, self.satisfied & entailing
        elif self.answers & excluded:
            state, satisfied = _EXCLUDED, self.satisfied & excluding
        else:
            return _OPEN, ()
        known, numbers = self._derivations, self.numbers
        support = known.supports.get(satisfied) or known.support(satisfied)
        return state, support.found.get(numbers & support.bearing) or known.of_class(cls, satisfied, support, numbers)

    def first_derivation(self, cls: ClassBits, term: int) -> Derivation:
        """The first derivation of the answer for a class by one implicant, which the facts satisfy."""
        terms = cls.entailing if cls.entailing >> term & 1 else cls.excluding
        return self._derivations.of_term(cls, term, self.numbers, terms)[0]

    def used(self, derivations: Iterable[Derivation]) -> tuple[Fact, ...]:
        """The facts of some derivations, of one after the other."""
        return tuple([fact for derivation in derivations for fact in derivation.pick(self.facts)])

    def reason(self, derivation: Derivation) -> Reason:
        """A derivation with the facts of this patient."""
        return Reason(derivation.pick(self.facts), derivation.criteria, derivation.axioms)


class _Support:
    """Implicants that give one answer for a class, the assertions that bear on them, and the derivations by those.

    An assertion bears on an implicant where it states a literal of it, or one from which the theory concludes a literal
    of it, that is one of `tied`. `bearing` are the numbers of these assertions, as bits; by them goes what was `found`.
    """

    __slots__ = ("bearing", "found", "literals", "tied")

    def __init__(self, literals: int, tied: int, stating: Sequence[int]) -> None:
        self.literals, self.tied = literals, tied
        self.bearing = union_of(stating[literal] for literal in bits(tied))
        self.found: dict[int, tuple[Derivation, ...]] = {}


class _Derivations:
    """The assertions that were numbered so far, and the derivations that were found for them.

    All that grows is changed under the lock; what is read beside it is looked up in single steps.
    """

    def __init__(self, justifier: Justifier) -> None:
        self.compiled, self.theory, self.index = justifier.compiled, justifier.compiled.theory, justifier.compiled.index
        self._cites, self._tied = justifier.cites, justifier.tied
        self._lock = Lock()
        self._bytes = 0
        self.full = False
        self.supports: dict[int, _Support] = {}
        self._numbers: dict[Content, int] = {}
        self._assertions: list[Assertion] = []
        self._stated: list[int] = []
        self._stating = [0] * (2 * self.theory.size)
        self._traced: dict[tuple[tuple[int, ...], str, bool, int], Derivation] = {}
        self._bits: BoundedCache[int, tuple[int, ...]] = BoundedCache(lambda mask: tuple(bits(mask)))
        self._entailed: BoundedCache[tuple[int, ...], int] = BoundedCache(self._entailed_by)

    def number(self, content: Content) -> int:
        """The number of what a fact asserts, given when it is first asked for."""
        found = self._numbers.get(content)
        return self._new(content) if found is None else found

    def _new(self, content: Content) -> int:
        with self._lock:
            if content not in self._numbers:
                (term, present, by, literals), number = content, len(self._assertions)
                stated = self.theory.to_bits(literals)
                self._assertions.append(Assertion(term, present, by == ASSUMED, literals))
                self._stated.append(stated)
                for literal in bits(stated):
                    self._stating[literal] |= 1 << number
                for support in self.supports.values():
                    support.bearing |= bool(stated & support.tied) << number
                self._grow(bytes_of(content, 1))
                self._numbers[content] = number
            return self._numbers[content]

    def _grow(self, size: int) -> None:
        self._bytes += size
        self.full = self._bytes > _MOST_BYTES or len(self._assertions) > _MOST_ASSERTIONS

    def support(self, satisfied: int) -> _Support:
        """What bears on some implicants of a class, remembered from now on."""
        literals = union_of(self.index.terms.literals[term] for term in self._bits[satisfied])
        tied = union_of(self._tied[literal] for literal in self._bits[literals])
        with self._lock:
            if satisfied not in self.supports:
                self._grow(_SUPPORT_BYTES)
                self.supports[satisfied] = _Support(literals, tied, self._stating)
            return self.supports[satisfied]

    def of_class(self, cls: ClassBits, satisfied: int, support: _Support, numbers: int) -> tuple[Derivation, ...]:
        """The derivations by some assertions of an answer that the implicants `satisfied` give, by rank."""
        found = [one for term in self._bits[satisfied] for one in self.of_term(cls, term, numbers, satisfied)]
        return self._keep(support, numbers, found)

    def of_term(self, cls: ClassBits, term: int, numbers: int, satisfied: int) -> tuple[Derivation, ...]:
        """Those by one of these implicants: by fewer assertions than satisfy it there are none but these."""
        own = self.supports.get(1 << term) or self.support(1 << term)
        found = own.found.get(numbers & own.bearing)
        if found:
            return found
        truth, axioms = bool(cls.entailing >> term & 1), self.index.cubes[term].axioms
        terms = [self.index.terms.literals[one] for one in self._bits[satisfied]]
        every = [self._derivation(self._minimal(some, terms), cls.iri, truth, axioms | more)
                 for some, more in self._entailing(own, numbers)]  # fmt: skip
        return self._keep(own, numbers, every)

    def _keep(self, support: _Support, numbers: int, found: Iterable[Derivation]) -> tuple[Derivation, ...]:
        """The least of some derivations, remembered from now on."""
        key, least = numbers & support.bearing, _least(found)
        with self._lock:
            self._grow(100 + bytes_of((key, least), 1))
            return support.found.setdefault(key, least)

    def _entailing(self, own: _Support, numbers: int) -> Iterator[tuple[set[int], int]]:
        """Sets of assertions that entail every literal of a satisfied implicant, each with the axioms used."""
        numbers &= own.bearing
        given = union_of(self._stated[number] for number in bits(numbers))
        for choice in product(*[self._environments(given, literal) for literal in self._bits[own.literals]]):
            needed, axioms = union_of(some for some, _ in choice), union_of(used for _, used in choice)
            yield self._stating_all(numbers, needed), axioms

    def _environments(self, given: int, literal: int) -> list[Support]:
        """What entails a literal: where an assertion states it, that alone."""
        if given >> literal & 1:
            return [(1 << literal, 0)]
        return [support for support in self.theory.antecedents[literal] if not support[0] & ~given]

    def _stating_all(self, numbers: int, literals: int) -> set[int]:
        """For each of some literals the assertion that states it at the least cost."""
        stating = [bits(numbers & self._stating[literal]) for literal in self._bits[literals]]
        return {min(some, key=lambda number: self._assertions[number].cost) for some in stating}

    def _minimal(self, numbers: Iterable[int], terms: Iterable[int]) -> tuple[int, ...]:
        """Some assertions without those whose deletion leaves an implicant standing; the assumed are deleted first."""
        kept = sorted(numbers, key=self._assertions.__getitem__)
        for one in sorted(kept, key=lambda number: not self._assertions[number].assumed):
            rest = [other for other in kept if other != one]
            missing = ~self._entailed[tuple(rest)]
            if not all(term & missing for term in terms):
                kept = rest
        return tuple(kept)

    def _entailed_by(self, numbers: Iterable[int]) -> int:
        return self.theory.entailed([self._assertions[number].literals for number in numbers])

    def _derivation(self, numbers: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Derivation:
        """The one derivation of a class or its complement by some assertions and axioms."""
        key = numbers, iri, truth, axioms
        found = self._traced.get(key) or self._trace(*key)
        with self._lock:
            self._grow(0 if key in self._traced else _DERIVATION_BYTES)
            return self._traced.setdefault(key, found)

    def _trace(self, numbers: tuple[int, ...], iri: str, truth: bool, axioms: int) -> Derivation:
        used = _Trace(self.compiled, self._entailed[numbers]).follow(Name(iri), truth)
        origins = {self.compiled.rules[name].origin for name in used} | {self.compiled.axioms[i] for i in bits(axioms)}
        asserted = [self._assertions[number] for number in numbers]
        assumed = tuple(one.term for one in asserted if one.assumed)
        criteria = tuple(name for name, value in used.items() if value == truth and name != iri)
        ordered = tuple(sorted(origins, key=lambda o: (o.file, o.line or 0, o.term)))
        return Derivation(
            pick=_picking(numbers),
            numbers=sum(1 << number for number in numbers),
            criteria=criteria,
            axioms=ordered,
            cited=self._cites((iri, *criteria) if truth else (iri,), [origin.term for origin in ordered], assumed),
            rank=(len(assumed), len(asserted), [(one.term, one.present) for one in asserted]),
        )


def _least(derivations: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """Those by rank that take no more assertions than another; of two by the same assertions the first."""
    found: dict[int, Derivation] = {}
    for one in derivations:
        found.setdefault(one.numbers, one)
    least = [one for numbers, one in found.items() if [other & ~numbers for other in found].count(0) == 1]
    return tuple(sorted(least, key=attrgetter("rank")))


def _picking(numbers: tuple[int, ...]) -> Pick:
    if len(numbers) > 1:
        return itemgetter(*numbers)
    return lambda facts: tuple([facts[number] for number in numbers])


class _Trace:
    """Collects the named classes by which an expression gets its value under closed literals."""

    def __init__(self, compiled: Compiled, closed: int) -> None:
        self.compiled, self.given = compiled, compiled.theory.from_bits(closed)
        self.settled = compiled.index.settled(closed)
        self.used: dict[str, bool] = {}

    def follow(self, expr: Expr, truth: bool) -> dict[str, bool]:
        """The classes that lead to the value `truth` of an expression, in the order of use, each with its own value."""
        match expr:
            case Name(iri):
                if iri not in self.used:
                    self.used[iri] = truth
                    self.follow(self.compiled.rules[iri].definition, truth)
            case Not(part):
                self.follow(part, not truth)
            case And(parts) | Or(parts):
                for part in parts:
                    if kleene(part, self.given, self._of_class) is truth:
                        self.follow(part, truth)
        return self.used

    def _of_class(self, iri: str) -> bool | None:
        """The value of a class, which is exact; that of an expression of several is Kleene's."""
        return self.compiled.index.class_bits[iri].value(self.settled)
