"""What holds between the facts of any one patient: clauses, their prime implicates, and closure under them.

An `Atom` is a patient-level condition that can be true, false or unknown. The clauses over atoms follow from the
ontology's axioms; all their prime implicates are kept, so that every literal that known facts entail is found by
unit resolution, and every contradiction is a falsified implicate (R. Reiter and J. de Kleer, Foundations of
assumption-based truth maintenance systems, AAAI 1987).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import cached_property, reduce
from operator import or_
from typing import NamedTuple

from msgspec import Struct

from reasoner.caches import BoundedCache
from reasoner.logic.clauses import Cube, bits, prime
from reasoner.logic.index import Union, complements, literals, union_of


class Atom(Struct, frozen=True, order=True):
    """A condition under a path of properties from the patient.

    `kind` is `class` (some filler of the path is in the class), `exists` (the path has a value), `value` (the value
    is the individual) or `above` (the value is greater than `bound`, or equal to it unless `strict`).
    """

    path: tuple[str, ...]
    kind: str
    target: str = ""
    bound: Decimal = Decimal(0)
    strict: bool = False

    @property
    def cut(self) -> tuple[Decimal, bool]:
        """The position of an `above` atom in the order of thresholds: later is harder to pass."""
        return self.bound, self.strict


class Literals(NamedTuple):
    """What is known: the atoms that are true and those that are false, as bits.

    >>> Literals(pos=0b01, neg=0b10).satisfy(Cube(0b01, 0))
    True
    """

    pos: int = 0
    neg: int = 0

    def union(self, other: Literals) -> Literals:
        """The literals of both."""
        return Literals(self.pos | other.pos, self.neg | other.neg)

    @property
    def clash(self) -> bool:
        """Whether some atom is both true and false."""
        return bool(self.pos & self.neg)

    def satisfy(self, term: Cube) -> bool:
        """Whether every literal of `term` is known."""
        return not (term.pos & ~self.pos or term.neg & ~self.neg)


#: Literals from which another follows, and the axioms used, as bits.
Support = tuple[int, int]


class Theory(Struct, frozen=True, dict=True):
    """The atoms, and all prime implicates of the clauses between them, smallest first.

    Several threads may share one. Sets of literals are `Literals` or, faster, one number (see `index`).

    >>> theory = Theory.of([Atom(("urn:p",), "class", name) for name in "ab"], [Cube(0b10, 0b01)])
    >>> theory.close(Literals(pos=0b01))
    Literals(pos=3, neg=0)
    """

    atoms: tuple[Atom, ...]
    implicates: tuple[Cube, ...]

    @classmethod
    def of(cls, atoms: Sequence[Atom], clauses: Iterable[Cube]) -> Theory:
        """The theory of `clauses`, each connected component brought to its prime implicates by itself."""
        found = [clause for part in components(clauses) for clause in prime(part)]
        return cls(tuple(atoms), tuple(sorted(found, key=lambda c: (c.size, c))))

    @cached_property
    def _always(self) -> int:
        """What holds of every patient; a clash where no patient can exist."""
        always = 0
        for clause in self.implicates:
            if clause.size == 0:
                return self.to_bits(Literals(1, 1))
            if clause.size == 1:
                always |= self.to_bits(clause)
        return always

    @cached_property
    def long(self) -> tuple[Cube, ...]:
        """The implicates of more than two literals: by which facts entail something only jointly."""
        return tuple(clause for clause in self.implicates if clause.size > 2)

    def close(self, known: Literals | Cube) -> Literals:
        """`known` with every literal that the theory entails from it; with a `clash` where no patient can have it."""
        return self.from_bits(self.closed(self.to_bits(known)))

    def closed(self, known: int) -> int:
        """`close` for a set of literals as one number.

        One pass is enough: all prime implicates are there, so that a literal is entailed just where it is the only one
        of an implicate that `known` does not make false.
        """
        return self._units(known | self._always | self._implied(known), known)

    def extended(self, closed: int, more: int) -> int:
        """`closed(closed | more)` for literals that are closed already, and a few more."""
        found = closed | more
        for literal in bits(more):
            found |= self._gives[literal]
        return self._units(found, closed | more)

    def entailed(self, stated: Iterable[Literals]) -> int:
        """`closed` of the union of some sets of literals, from their own closures, which are remembered."""
        found = reduce(or_, map(self._closures.__getitem__, stated), self._always)
        return self._units(found, found)

    def _units(self, closed: int, known: int) -> int:
        """`closed` with what the implicates of more than two literals give from `known`."""
        if known & self._against_long:
            false = complements(known, self.size)
            for clause in self._long:
                left = clause & ~false
                if not left & left - 1:
                    closed |= left or clause
        return closed

    def clashes(self, known: int) -> bool:
        """Whether some atom is both true and false in a set of literals."""
        return bool(known & known >> self.size & (1 << self.size) - 1)

    def to_bits(self, known: Literals | Cube) -> int:
        """Literals as one number."""
        return literals(known.pos, known.neg, self.size)

    def from_bits(self, known: int) -> Literals:
        """Literals from one number."""
        return Literals(known & (1 << self.size) - 1, known >> self.size)

    @cached_property
    def size(self) -> int:
        """How many atoms there are; one where there is none."""
        return max(1, len(self.atoms))

    @cached_property
    def _gives(self) -> list[int]:
        """For each literal those, as bits, that two-literal implicates give."""
        gives = [0] * (2 * self.size)
        for literal, supports in enumerate(self.antecedents):
            for support, _ in supports:
                if support.bit_count() == 1:
                    gives[support.bit_length() - 1] |= 1 << literal
        return gives

    @cached_property
    def _closures(self) -> BoundedCache[Literals, int]:
        return BoundedCache(lambda stated: self.closed(self.to_bits(stated)))

    @cached_property
    def _implied(self) -> Union:
        return Union(self._gives)

    @cached_property
    def _long(self) -> list[int]:
        return list(map(self.to_bits, self.long))

    @cached_property
    def _against_long(self) -> int:
        """The complements of all literals of those: without any of them none of those gives anything."""
        return complements(union_of(self._long), self.size)

    def consistent(self, known: Literals | Cube) -> bool:
        """Whether some patient has all of `known`."""
        return not self.clashes(self.closed(self.to_bits(known)))

    def supports(self, atom: int, truth: bool, known: Literals) -> list[Cube]:
        """The minimal terms over `known` that entail a literal, with the axioms used; the literal itself first."""
        literal, given = atom if truth else atom + self.size, self.to_bits(known)
        return [Cube(*self.from_bits(support), axioms) for support, axioms in
                [(1 << literal, 0), *self.antecedents[literal]] if not support & ~given]  # fmt: skip

    @cached_property
    def antecedents(self) -> list[list[Support]]:
        """For each literal the minimal sets of others from which one implicate concludes it.

        With the literal itself these are the environments in its label in an ATMS (J. de Kleer, An assumption-based
        TMS, Artificial Intelligence 28, 1986), of one patient those that consist of known literals.
        """
        found: list[list[Support]] = [[] for _ in range(2 * self.size)]
        for clause in self.implicates:
            either = self.to_bits(clause)
            for literal in bits(either):
                rest = complements(either & ~(1 << literal), self.size)
                found[literal].append((rest, clause.axioms))
        return found

    def relevant(self, atoms: int) -> int:
        """`atoms`, as bits, and all that long implicates tie to them.

        The rest of the theory can be left out of a definition over `atoms`: through two-literal implicates, known
        facts act on it by the literals that closure gives.
        """
        while growing := [clause.atoms for clause in self.long if clause.atoms & atoms and clause.atoms & ~atoms]:
            atoms |= union_of(growing)
        return atoms

    def over(self, atoms: int) -> list[Cube]:
        """The implicates over `atoms` alone: the projection of the theory on them."""
        return [clause for clause in self.implicates if not clause.atoms & ~atoms]


def components(clauses: Iterable[Cube]) -> list[list[Cube]]:
    """`clauses` in groups that share no atom: the connected components."""
    groups: dict[int, list[Cube]] = {}
    for clause in clauses:
        touching = [atoms for atoms in groups if atoms & clause.atoms]
        members = [other for atoms in touching for other in groups.pop(atoms)]
        groups.setdefault(union_of((clause.atoms, *touching)), []).extend((*members, clause))
    return list(groups.values())
