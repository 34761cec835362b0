"""Asking: what would settle the classes that are undetermined.

A question is an inclusion-minimal set of unknown facts for which some answer settles a class, read off the implicants
that are still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from reasoner.logic.clauses import atoms_of, bits
from reasoner.logic.compiled import ClassBits, Compiled
from reasoner.logic.decide import Decision
from reasoner.logic.index import BoundedCache, BoundedDict

Ask = tuple[frozenset[str], int]


class Question(NamedTuple):
    """Facts to ask for together, and the classes that some answer to them settles."""

    ask: tuple[str, ...]
    decides: tuple[str, ...]


class Asker:
    """Finds the questions of one guideline, and remembers them. `names` gives the fact to ask for each atom."""

    def __init__(self, compiled: Compiled, names: Mapping[int, str]) -> None:
        self.compiled, self.theory, self.index, self.names = compiled, compiled.theory, compiled.index, names
        self._tied = self._both(atoms_of(self.theory.long))
        self._owned: dict[int, int] = {}
        self._asks: BoundedDict[tuple[int, int], list[Ask]] = BoundedDict()
        self._found: BoundedDict[tuple[int, int], tuple[Question, ...]] = BoundedDict()
        self._plainest: BoundedDict[tuple[int, int], int] = BoundedDict()
        self._asked: BoundedCache[tuple[int, int], frozenset[str]] = BoundedCache(self._asking)
        self._same: BoundedDict[Question, Question] = BoundedDict()

    def _both(self, atoms: int) -> int:
        return atoms | atoms << self.theory.size

    def questions(self, decision: Decision, classes: Iterable[str]) -> tuple[Question, ...]:
        """The inclusion-minimal sets of facts that can settle some undetermined class, smallest first."""
        return self.settling(open_places([self.index.places[iri] for iri in classes], decision.answers), decision)

    def settling(self, places: Sequence[ClassBits], decision: Decision) -> tuple[Question, ...]:
        """The questions for the classes at some places, which are undetermined."""
        terms = 0
        for place in places:
            terms |= place.entailing | place.excluding
        key = terms, decision.literals & self.bearing(terms)
        found = self._found.get(key)
        return self._found.keep(key, self._questions(places, key[1])) if found is None else found

    def _questions(self, places: Sequence[ClassBits], known: int) -> tuple[Question, ...]:
        found: dict[frozenset[str], tuple[dict[int, None], list[ClassBits]]] = {}
        for place in places:
            for ask, answer in self._asks_of(place.terms, known):
                options, settling = found.setdefault(ask, ({}, []))
                options[answer] = None
                if not settling or settling[-1] is not place:
                    settling.append(place)
        result = [Question(tuple(sorted(ask)), settled)
                  for ask, (options, settling) in found.items()
                  for settled in self._settled(known, options, settling)]  # fmt: skip
        return tuple([self._same.get(one) or self._same.keep(one, one) for one in sorted(result, key=_rank)])

    def _asks_of(self, terms: int, known: int) -> list[Ask]:
        """The minimal sets of facts that can settle the class of some implicants, each with an answer that does."""
        key = terms, known & self._own(terms)
        asks = self._asks.get(key)
        return self._asks.keep(key, self._minimal(known, terms)) if asks is None else asks

    def bearing(self, terms: int) -> int:
        """The literals on which the answers that some implicants leave open depend, and what they settle."""
        return self._own(terms) | self._tied

    def _own(self, terms: int) -> int:
        """The literals on which those answers alone depend: implicates of three or more bear on what they speak of."""
        found = self._owned.get(terms)
        if found is None:
            own = self._both(atoms_of(self.index.cubes[term] for term in bits(terms)))
            found = self._owned[terms] = own | self._tied if own & self._tied else own
        return found

    def _minimal(self, known: int, terms: int) -> list[Ask]:
        asks = [(self.asked(known, answer), answer) for answer in self.open_answers(known, terms)]
        sets = {ask for ask, _ in asks}
        return [(ask, answer) for ask, answer in asks if not any(other < ask for other in sets)]

    def open_answers(self, known: int, terms: int) -> Iterator[int]:
        """What closed literals leave open of each of some implicants that can still be satisfied.

        An implicant is consistent: what is open of it clashes with closed literals by an implicate of three or more.
        """
        for term in bits(terms & ~self.index.terms.contradicted(known)):
            answer = self.index.terms.literals[term] & ~known
            if answer and not (answer & self._tied and self.theory.clashes(self.theory.extended(known, answer))):
                yield answer

    def asked(self, known: int, answer: int) -> frozenset[str]:
        """The facts to ask for to get an answer."""
        return self._asked[answer, known & self._tied if answer & self._tied else 0]

    def _asking(self, asked: tuple[int, int]) -> frozenset[str]:
        answer, known = asked
        atoms = bits((answer | answer >> self.theory.size) & (1 << self.theory.size) - 1)
        return frozenset([self.names[self._plain(known, atom)] for atom in atoms])

    def _plain(self, known: int, atom: int) -> int:
        """The most specific atom that, with what is known, comes to the same as `atom`: the easier one to ask for."""
        if not self._tied >> atom & 1:
            return atom
        key = known & self._tied, atom
        found = self._plainest.get(key)
        return self._plainest.keep(key, self._lower(known, atom)) if found is None else found

    def _lower(self, known: int, atom: int) -> int:
        closed = self.theory.split(known)
        for clause in self.theory.long:
            open_atoms = clause.atoms & ~(closed.pos | closed.neg)
            decided = clause.pos & closed.pos or clause.neg & closed.neg
            if not decided and open_atoms >> atom & 1 and open_atoms.bit_count() == 2:
                other = next(bits(open_atoms & ~(1 << atom)))
                if self._comes_to(known, atom, other) and self.theory.closed(1 << other) >> atom & 1:
                    return self._plain(known, other)
        return atom

    def _comes_to(self, known: int, one: int, other: int) -> bool:
        """Whether two atoms have the same value in every completion."""
        return all(self.theory.extended(known, 1 << a) >> b & 1 for a, b in ((one, other), (other, one)))

    def _settled(self, known: int, options: Iterable[int], places: Sequence[ClassBits]) -> list[tuple[str, ...]]:
        """The largest sets of classes that one of the answers settles together."""
        if len(places) == 1:
            return [(places[0].iri,)]
        found = set()
        for answer in options:
            answers = self.index.settled(self.theory.extended(known, answer))
            found.add(tuple([place.iri for place in places if answers & place.answers]))
        return [one for one in found if one and not any(set(one) < set(other) for other in found)]


def open_places(places: Iterable[ClassBits], answers: int) -> tuple[ClassBits, ...]:
    """Those of some places whose classes are undetermined."""
    return tuple([place for place in places if not answers & (place.entailed | place.excluded)])


def _rank(question: Question) -> tuple[object, ...]:
    return len(question.ask), -len(question.decides), question.ask, question.decides


def questions(
    compiled: Compiled, decision: Decision, names: Mapping[int, str], classes: Iterable[str]
) -> tuple[Question, ...]:
    """What to ask next: see `Asker`."""
    return Asker(compiled, names).questions(decision, classes)
