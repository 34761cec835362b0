"""Justifying: why a class is entailed, and why it is excluded.

A reason is a subset-minimal set of recorded or assumed facts that entails the answer, read off the prime implicants
that the facts satisfy (A. Shih, A. Choi and A. Darwiche, A symbolic approach to explaining Bayesian network
classifiers, IJCAI 2018). A literal that no fact states is replaced by those from which one implicate concludes it, as
in an ATMS (see `Theory.antecedents`).

Which sets these are depends on what the facts assert and not on the nodes of the record that they come from. So it is
found for assertions, once for each combination of those that bear on an implicant, and remembered.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import product
from operator import attrgetter
from typing import NamedTuple

from msgspec import Struct

from reasoner.caches import BoundedCache, BoundedDict
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import ClassBits, Compiled, Origin
from reasoner.logic.decide import State, state_of
from reasoner.logic.expressions import And, Expr, Name, Not, Or, named_in
from reasoner.logic.facts import ASSUMED, Fact, kleene
from reasoner.logic.index import union_of
from reasoner.logic.theory import Literals, Support

#: What a fact asserts: its term, whether that is present, how it is known, and the literals that it states.
Content = tuple[str, bool, str, Literals]

#: What a reason cites: by the terms that it shows to hold, those of its axioms, and those that it assumes.
Citing = Callable[[Sequence[str], Sequence[str], Sequence[str]], tuple[tuple[str, ...], ...]]

#: How many bytes the derivations may take that are remembered.
_MOST_BYTES = 48 << 20


class Reason(NamedTuple):
    """Why: the facts, the named classes that they settle for the answer, and the axioms that lead there."""

    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]


class Assertion(Struct, frozen=True, eq=False):
    """What a fact asserts, whatever node of the record it comes from; compared by identity.

    `stated` are the literals that it states, as bits. Of several the least by `order` comes first.
    """

    term: str
    present: bool
    assumed: bool
    literals: Literals
    stated: int

    @property
    def order(self) -> tuple[str, bool, bool, Literals]:
        """The order in which assertions are cited."""
        return self.term, self.present, self.assumed, self.literals

    @property
    def cost(self) -> tuple[object, ...]:
        """Of several that state a literal the first by this is cited: it states the least besides."""
        return self.stated.bit_count(), self.assumed, self.order


Assertions = tuple[Assertion, ...]


class Derivation(Struct, frozen=True, eq=False):
    """How some assertions settle a class: by which criteria and axioms, and what that cites; the least `rank` first."""

    assertions: Assertions
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]
    cited: tuple[tuple[str, ...], ...]
    rank: tuple[object, ...]


class FactSet:
    """The facts of one patient, each under what it asserts.

    `satisfied` are the implicants that the facts satisfy and `answers` what these settle, as in a `Decision`; `sourced`
    says whether some fact names a node of the record.
    """

    def __init__(self, justifier: Justifier, facts: Sequence[Fact], satisfied: int = 0, answers: int = 0) -> None:
        self.satisfied, self.answers, self._justifier = satisfied, answers, justifier
        self.facts = {justifier.assertions[fact.term, fact.present, fact.by, fact.literals]: fact for fact in facts}
        self.sourced = any(fact.source for fact in facts)

    def answer(self, cls: ClassBits) -> tuple[State, tuple[Derivation, ...]]:
        """The state of a class, and its derivations: fewest assumptions and then fewest facts first."""
        state = state_of(cls, self.answers)
        if state is State.UNDETERMINED:
            return state, ()
        satisfied = self.satisfied & (cls.entailing if state is State.ENTAILED else cls.excluding)
        return state, self._justifier.of_class(cls, satisfied, self._justifier.bearing(satisfied, self.facts))

    def first_derivation(self, cls: ClassBits, term: int) -> Derivation:
        """The first derivation of the answer for a class by one implicant, which the facts satisfy."""
        terms = cls.entailing if cls.entailing >> term & 1 else cls.excluding
        return self._justifier.of_term(cls, term, self.facts, terms)[0]

    def used(self, derivations: Iterable[Derivation]) -> tuple[Fact, ...]:
        """The facts of some derivations, of one after the other."""
        return tuple([self.facts[assertion] for derivation in derivations for assertion in derivation.assertions])

    def reason(self, derivation: Derivation) -> Reason:
        """A derivation with the facts of this patient."""
        return Reason(self.used([derivation]), derivation.criteria, derivation.axioms)


class Justifier:
    """Finds the reasons for the answers of one guideline; `cites` gives what a reason cites.

    It remembers what it found, in bounded memory, and several threads may share it.
    """

    def __init__(self, compiled: Compiled, cites: Citing = lambda *_: ()) -> None:
        self.compiled, self.theory, self.index, self._cites = compiled, compiled.theory, compiled.index, cites
        self._tied_to = [union_of([1 << literal, *(support for support, _ in supports)])
                         for literal, supports in enumerate(self.theory.antecedents)]  # fmt: skip
        self.assertions: BoundedCache[Content, Assertion] = BoundedCache(self._assertion)
        self._tied: BoundedCache[int, int] = BoundedCache(self._tied_by)
        self._entailed: BoundedCache[Assertions, int] = BoundedCache(
            lambda asserted: self.theory.entailed([one.literals for one in asserted])
        )
        self._found: BoundedDict[tuple[int, Assertions], tuple[Derivation, ...]] = BoundedDict(most_bytes=_MOST_BYTES)
        self._traced: BoundedCache[tuple[Assertions, str, bool, int], Derivation] = BoundedCache(
            lambda key: self._derivation(*key), most_bytes=_MOST_BYTES
        )

    def _assertion(self, content: Content) -> Assertion:
        term, present, by, literals = content
        return Assertion(term, present, by == ASSUMED, literals, self.theory.to_bits(literals))

    def _tied_by(self, terms: int) -> int:
        """The literals of some implicants, and those from which the theory concludes one of them."""
        literals = union_of(self.index.terms.literals[term] for term in bits(terms))
        return union_of(self._tied_to[literal] for literal in bits(literals))

    def bearing(self, terms: int, asserted: Iterable[Assertion]) -> Assertions:
        """Those of some assertions that bear on some implicants: each states a literal that is tied to them."""
        tied = self._tied[terms]
        return tuple([one for one in asserted if one.stated & tied])

    def of_class(self, cls: ClassBits, satisfied: int, asserted: Assertions) -> tuple[Derivation, ...]:
        """The derivations of an answer that the implicants `satisfied` give, by the assertions that bear on them."""
        key = satisfied, asserted
        found = self._found.get(key)
        if found is None:
            every = [one for term in bits(satisfied) for one in self.of_term(cls, term, asserted, satisfied)]
            found = self._found.keep(key, _least(every))
        return found

    def of_term(
        self, cls: ClassBits, term: int, asserted: Iterable[Assertion], satisfied: int
    ) -> tuple[Derivation, ...]:
        """Those by one of these implicants: by fewer assertions than satisfy it there are none but these."""
        key = 1 << term, self.bearing(1 << term, asserted)
        found = self._found.get(key)
        if found is None:
            every = [one for some, used in self._entailing(term, key[1])
                     for one in self._shrunk(cls, term, some, used, satisfied)]  # fmt: skip
            found = self._found.keep(key, _least(every))
        return found

    def _shrunk(
        self, cls: ClassBits, term: int, asserted: set[Assertion], used: int, satisfied: int
    ) -> tuple[Derivation, ...]:
        """The derivations by a minimal part of some assertions that satisfy an implicant.

        The part may satisfy another implicant, or this one by other axioms, so it is derived for itself.
        """
        literals = self.index.terms.literals
        kept = self._minimal(asserted, [literals[one] for one in bits(satisfied)])
        if len(kept) == len(asserted):
            truth, axioms = bool(cls.entailing >> term & 1), self.index.cubes[term].axioms
            return (self._traced[kept, cls.iri, truth, axioms | used],)
        missing = ~self._entailed[kept]
        stands = [one for one in bits(satisfied) if not literals[one] & missing]
        return self.of_term(cls, term if term in stands else stands[0], kept, satisfied)

    def _entailing(self, term: int, asserted: Assertions) -> Iterator[tuple[set[Assertion], int]]:
        """Sets of assertions that entail every literal of a satisfied implicant, each with the axioms used."""
        given = union_of(one.stated for one in asserted)
        for choice in product(*[self._environments(given, one) for one in bits(self.index.terms.literals[term])]):
            needed, axioms = union_of(some for some, _ in choice), union_of(used for _, used in choice)
            yield {_cheapest(literal, asserted) for literal in bits(needed)}, axioms

    def _environments(self, given: int, literal: int) -> list[Support]:
        """What entails a literal: where an assertion states it, that alone."""
        if given >> literal & 1:
            return [(1 << literal, 0)]
        return [support for support in self.theory.antecedents[literal] if not support[0] & ~given]

    def _minimal(self, asserted: Iterable[Assertion], terms: Iterable[int]) -> Assertions:
        """Some assertions without those whose deletion leaves an implicant standing; the assumed are deleted first."""
        kept = tuple(sorted(asserted, key=attrgetter("order")))
        for one in sorted(kept, key=lambda asserted: not asserted.assumed):
            rest = tuple([other for other in kept if other is not one])
            missing = ~self._entailed[rest]
            if not all(term & missing for term in terms):
                kept = rest
        return kept

    def _derivation(self, asserted: Assertions, iri: str, truth: bool, axioms: int) -> Derivation:
        """The one derivation of a class or its complement by some assertions and axioms."""
        used = _Trace(self.compiled, self._entailed[asserted]).follow(Name(iri), truth)
        origins = {self.compiled.rules[name].origin for name in used} | {self.compiled.axioms[i] for i in bits(axioms)}
        assumed = tuple(one.term for one in asserted if one.assumed)
        criteria = tuple(name for name, value in used.items() if value == truth and name != iri)
        ordered = tuple(sorted(origins, key=lambda o: (o.file, o.line or 0, o.term)))
        cited = self._cites((iri, *criteria) if truth else (iri,), [origin.term for origin in ordered], assumed)
        rank = len(assumed), len(asserted), [(one.term, one.present) for one in asserted]
        return Derivation(asserted, criteria, ordered, cited, rank)


def _cheapest(literal: int, asserted: Assertions) -> Assertion:
    """The assertion that states a literal at the least cost."""
    return min((one for one in asserted if one.stated >> literal & 1), key=attrgetter("cost"))


def _least(derivations: Iterable[Derivation]) -> tuple[Derivation, ...]:
    """Those by rank that take no more assertions than another; of two by the same assertions the first."""
    found: dict[frozenset[Assertion], Derivation] = {}
    for one in derivations:
        found.setdefault(frozenset(one.assertions), one)
    least = [one for taken, one in found.items() if not any(other < taken for other in found)]
    return tuple(sorted(least, key=attrgetter("rank")))


class _Trace:
    """Collects the named classes by which an expression gets its value under closed literals."""

    def __init__(self, compiled: Compiled, closed: int) -> None:
        self.compiled, self.given = compiled, compiled.theory.from_bits(closed)
        self.settled = compiled.index.settled(closed)
        self.used: dict[str, bool | None] = {}

    def follow(self, expr: Expr, truth: bool) -> dict[str, bool | None]:
        """The classes that lead to the value `truth` of an expression, in the order of use, each with its own value.

        Where cases lead there, and no part by itself, the classes in the open parts are used without a value.
        """
        match expr:
            case Name(iri):
                if iri not in self.used:
                    self.used[iri] = truth
                    self.follow(self.compiled.rules[iri].definition, truth)
            case Not(part):
                self.follow(part, not truth)
            case And(parts) | Or(parts):
                values = [kleene(part, self.given, self._of_class) for part in parts]
                for part, value in zip(parts, values, strict=True):
                    if value is truth:
                        self.follow(part, truth)
                if None in values if isinstance(expr, And) is truth else truth not in values:
                    self._open([part for part, value in zip(parts, values, strict=True) if value is None])
        return self.used

    def _open(self, parts: Iterable[Expr]) -> None:
        """Note all classes by which some parts are defined."""
        for name in sorted({name for part in parts for name in named_in(part)} - self.used.keys()):
            self.used[name] = None
            self._open([self.compiled.rules[name].definition])

    def _of_class(self, iri: str) -> bool | None:
        """The value of a class, which is exact; that of an expression of several is Kleene's."""
        return self.compiled.index.class_bits[iri].value(self.settled)
