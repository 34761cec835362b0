"""Asking: what would settle the classes that are undetermined.

A question is an inclusion-minimal set of unknown facts for which some answer settles a class, read off the implicants
that known facts leave open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reasoner.caches import BoundedCache, BoundedDict
from reasoner.logic.clauses import atoms_of, bits
from reasoner.logic.compiled import ClassBits, Compiled
from reasoner.logic.decide import Decision
from reasoner.logic.index import union_of

#: Facts to ask for, and the literals that some answer to them gives, which settle a class.
Ask = tuple[frozenset[str], int]


class Question(NamedTuple):
    """Facts to ask for jointly, and the classes that some answer to them settles."""

    ask: tuple[str, ...]
    decides: tuple[str, ...]


class Asker:
    """Finds the questions of one guideline; `names` gives the fact to ask for each atom.

    It remembers what it found, in bounded memory, and several threads may share it. Sets of literals and of implicants
    are bits (see `index`).
    """

    def __init__(self, compiled: Compiled, names: Mapping[int, str]) -> None:
        self.compiled, self.theory, self.index, self.names = compiled, compiled.theory, compiled.index, names
        self._tied = self._both(atoms_of(self.theory.long))
        self._own: BoundedCache[int, int] = BoundedCache(self._own_literals)
        self._asks: BoundedDict[tuple[int, int], list[Ask]] = BoundedDict()
        self._found: BoundedDict[tuple[int, int], tuple[Question, ...]] = BoundedDict()
        self._asked: BoundedCache[tuple[int, int], frozenset[str]] = BoundedCache(self._names_of)
        self._same: BoundedCache[Question, Question] = BoundedCache(lambda question: question)

    def _both(self, atoms: int) -> int:
        return atoms | atoms << self.theory.size

    def questions(self, decision: Decision, classes: Iterable[str]) -> tuple[Question, ...]:
        """The inclusion-minimal sets of facts that can settle some undetermined class, smallest first."""
        known = [self.index.class_bits[iri] for iri in classes]
        return self.settling(undetermined(known, decision.answers), decision)

    def settling(self, classes: Sequence[ClassBits], decision: Decision) -> tuple[Question, ...]:
        """The questions for some classes, all of them undetermined."""
        terms = union_of(cls.terms for cls in classes)
        key = terms, decision.literals & self.bearing(terms)
        found = self._found.get(key)
        return self._found.keep(key, self._questions(classes, key[1])) if found is None else found

    def _questions(self, classes: Sequence[ClassBits], known: int) -> tuple[Question, ...]:
        found: dict[frozenset[str], tuple[dict[int, None], dict[str, ClassBits]]] = {}
        for cls in classes:
            for ask, answer in self._asks_of(cls.terms, known):
                answers, settled = found.setdefault(ask, ({}, {}))
                answers[answer], settled[cls.iri] = None, cls
        result = [Question(tuple(sorted(ask)), iris)
                  for ask, (answers, settled) in found.items()
                  for iris in self._settled(known, answers, tuple(settled.values()))]  # fmt: skip
        return tuple([self._same[question] for question in sorted(result, key=_rank)])

    def _asks_of(self, terms: int, known: int) -> list[Ask]:
        """The minimal sets of facts that can settle the class of some implicants, each with an answer that does."""
        key = terms, known & self._own[terms]
        asks = self._asks.get(key)
        return self._asks.keep(key, self._minimal(known, terms)) if asks is None else asks

    def bearing(self, terms: int) -> int:
        """The literals on which the answers that some implicants leave open depend, and what they settle."""
        return self._own[terms] | self._tied

    def _own_literals(self, terms: int) -> int:
        """Those on which the open answers alone depend: those of long implicates only where these have a literal."""
        own = self._both(atoms_of(self.index.cubes[term] for term in bits(terms)))
        return own | self._tied if own & self._tied else own

    def _minimal(self, known: int, terms: int) -> list[Ask]:
        asks = [(self.asked(known, answer), answer) for answer in self.open_answers(known, terms)]
        sets = {ask for ask, _ in asks}
        return [(ask, answer) for ask, answer in asks if not any(other < ask for other in sets)]

    def open_answers(self, known: int, terms: int) -> Iterator[int]:
        """The literals that closed ones leave open, of each of some implicants that can still be satisfied.

        An implicant is consistent: what is open of it clashes with closed literals by an implicate of three or more.
        """
        for term in bits(terms & ~self.index.terms.contradicted(known)):
            answer = self.index.terms.literals[term] & ~known
            if answer and not (answer & self._tied and self.theory.clashes(self.theory.extended(known, answer))):
                yield answer

    def asked(self, known: int, answer: int) -> frozenset[str]:
        """The facts to ask for to get an answer."""
        return self._asked[answer, known & self._tied if answer & self._tied else 0]

    def _names_of(self, key: tuple[int, int]) -> frozenset[str]:
        answer, known = key
        atoms = bits((answer | answer >> self.theory.size) & (1 << self.theory.size) - 1)
        return frozenset([self.names[self._plainest(known, atom)] for atom in atoms])

    def _plainest(self, known: int, atom: int) -> int:
        """The most specific atom that, with what is known, comes to the same as an atom: the easier one to ask for."""
        for other in self._partners(known, atom):
            if self._comes_to(known, atom, other) and self.theory.closed(1 << other) >> atom & 1:
                return self._plainest(known, other)
        return atom

    def _partners(self, known: int, atom: int) -> Iterator[int]:
        """The atoms of which one each, with `atom`, is all that known literals leave open of a long implicate."""
        closed = self.theory.from_bits(known)
        for clause in self.theory.long if self._tied >> atom & 1 else ():
            open_atoms = clause.atoms & ~(closed.pos | closed.neg)
            satisfied = clause.pos & closed.pos or clause.neg & closed.neg
            if not satisfied and open_atoms >> atom & 1 and open_atoms.bit_count() == 2:
                yield from bits(open_atoms & ~(1 << atom))

    def _comes_to(self, known: int, one: int, other: int) -> bool:
        """Whether two atoms have the same value in every completion."""
        return all(self.theory.extended(known, 1 << a) >> b & 1 for a, b in ((one, other), (other, one)))

    def _settled(self, known: int, answers: Iterable[int], classes: Sequence[ClassBits]) -> list[tuple[str, ...]]:
        """The largest sets of classes that one of the answers settles."""
        if len(classes) == 1:
            return [(classes[0].iri,)]
        found = set()
        for answer in answers:
            settled = self.index.settled(self.theory.extended(known, answer))
            found.add(tuple([cls.iri for cls in classes if settled & cls.answers]))
        return [one for one in found if one and not any(set(one) < set(other) for other in found)]


def undetermined(classes: Iterable[ClassBits], answers: int) -> tuple[ClassBits, ...]:
    """Those of some classes of which `answers`, as bits, say nothing."""
    return tuple([cls for cls in classes if not answers & cls.answers])


def _rank(question: Question) -> tuple[object, ...]:
    return len(question.ask), -len(question.decides), question.ask, question.decides
