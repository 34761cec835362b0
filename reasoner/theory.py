"""What holds between the facts of any one patient: clauses, their prime implicates, and closure under them.

An `Atom` is a patient-level condition that can be true, false or unknown. The clauses over atoms follow from the
ontology's axioms; all their prime implicates are kept, so that every literal that known facts entail is found by
unit resolution, and every contradiction is a falsified implicate.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import NamedTuple

from reasoner.clauses import Cube, bits, prime

_REMEMBERED = 100_000


@dataclass(frozen=True, order=True)
class Atom:
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
        """The place of an `above` atom in the order of thresholds: later is harder to pass."""
        return self.bound, self.strict


class Literals(NamedTuple):
    """What is known: the atoms that are true and those that are false, as bits."""

    pos: int = 0
    neg: int = 0

    def union(self, other: Literals) -> Literals:
        """What is known by either."""
        return Literals(self.pos | other.pos, self.neg | other.neg)

    @property
    def clash(self) -> bool:
        """Whether some atom is both true and false."""
        return bool(self.pos & self.neg)

    def satisfy(self, term: Cube) -> bool:
        """Whether every literal of `term` is known."""
        return not (term.pos & ~self.pos or term.neg & ~self.neg)

    def contradict(self, term: Cube) -> bool:
        """Whether some literal of `term` is known to be false."""
        return bool(term.pos & self.neg or term.neg & self.pos)

    def falsify(self, clause: Cube) -> bool:
        """Whether every literal of `clause` is known to be false."""
        return not (clause.pos & ~self.neg or clause.neg & ~self.pos)


@dataclass(frozen=True)
class Theory:
    """The atoms, and all prime implicates of the clauses between them."""

    atoms: tuple[Atom, ...]
    implicates: tuple[Cube, ...]

    @classmethod
    def of(cls, atoms: Sequence[Atom], clauses: Iterable[Cube]) -> Theory:
        """The theory of `clauses`, each connected component brought to its prime implicates by itself."""
        found = [clause for part in components(clauses) for clause in prime(part)]
        return cls(tuple(atoms), tuple(sorted(found, key=lambda c: (c.size, c))))

    @cached_property
    def _units(self) -> Literals:
        """What holds of every patient."""
        known = Literals()
        for clause in self.implicates:
            if clause.size == 0:
                return Literals(1, 1)  # no patient can exist
            if clause.size == 1:
                known = known.union(Literals(clause.pos, clause.neg))
        return known

    @cached_property
    def _implied(self) -> tuple[list[Literals], list[Literals]]:
        """For each atom when true, and when false: the literals that two-literal implicates give."""
        when_true = [Literals() for _ in self.atoms]
        when_false = [Literals() for _ in self.atoms]
        for clause in self.implicates:
            if clause.size == 2:
                for atom in bits(clause.atoms):
                    rest = Literals(clause.pos & ~(1 << atom), clause.neg & ~(1 << atom))
                    table = when_true if clause.neg >> atom & 1 else when_false
                    table[atom] = table[atom].union(rest)
        return when_true, when_false

    @cached_property
    def long(self) -> tuple[Cube, ...]:
        """The implicates of more than two literals: where facts entail something only together."""
        return tuple(clause for clause in self.implicates if clause.size > 2)

    def close(self, known: Literals) -> Literals:
        """`known` with every literal that the theory entails from it. Clashes where it is contradictory."""
        found = self._closures.get(known)
        if found is None:
            if len(self._closures) >= _REMEMBERED:
                self._closures.clear()
            found = self._closures[known] = self._close(known)
        return found

    @cached_property
    def _closures(self) -> dict[Literals, Literals]:
        return {}

    def _close(self, known: Literals) -> Literals:
        closed = self._spread(known.union(self._units))
        changed = True
        while changed:
            more = closed
            for clause in self.long:
                more = more.union(_unit(clause, closed))
            changed = more != closed
            closed = self._spread(more) if changed else closed
        return closed

    def _spread(self, known: Literals) -> Literals:
        when_true, when_false = self._implied
        pos, neg = known
        for atom in bits(known.pos):
            pos, neg = pos | when_true[atom].pos, neg | when_true[atom].neg
        for atom in bits(known.neg):
            pos, neg = pos | when_false[atom].pos, neg | when_false[atom].neg
        return Literals(pos, neg)

    def consistent(self, known: Literals) -> bool:
        """Whether some patient has all of `known`."""
        return not self.close(known).clash

    def supports(self, atom: int, truth: bool, known: Literals) -> list[Cube]:
        """The minimal terms over `known` that entail a literal, with the axioms used; the literal itself first."""
        literal = Cube(1 << atom, 0) if truth else Cube(0, 1 << atom)
        found = [literal] if known.satisfy(literal) else []
        return found + [rest for rest in self._antecedents.get((atom, truth), ()) if known.satisfy(rest)]

    @cached_property
    def _antecedents(self) -> dict[tuple[int, bool], list[Cube]]:
        """For each literal the minimal terms that entail it by one implicate."""
        found: dict[tuple[int, bool], list[Cube]] = {}
        for clause in self.implicates:
            for atom in bits(clause.atoms):
                rest = Cube(clause.pos & ~(1 << atom), clause.neg & ~(1 << atom), clause.axioms).negated
                found.setdefault((atom, bool(clause.pos >> atom & 1)), []).append(rest)
        return found

    def relevant(self, atoms: int) -> int:
        """`atoms` and all that long implicates tie to them.

        The rest of the theory can be left out of a definition over `atoms`: through two-literal implicates, known
        facts act on it by the literals that closure gives.
        """
        grown = True
        while grown:
            before = atoms
            for clause in self.long:
                if clause.atoms & atoms:
                    atoms |= clause.atoms
            grown = atoms != before
        return atoms

    def over(self, atoms: int) -> list[Cube]:
        """The implicates that speak of `atoms` alone: the projection of the theory on them."""
        return [clause for clause in self.implicates if not clause.atoms & ~atoms]


def _unit(clause: Cube, known: Literals) -> Literals:
    """The one literal of `clause` that is left when all others are false; all of them where none is left."""
    open_pos, open_neg = clause.pos & ~known.neg, clause.neg & ~known.pos
    left = open_pos.bit_count() + open_neg.bit_count()
    if left == 1:
        return Literals(open_pos, open_neg)
    return Literals(clause.pos, clause.neg) if left == 0 else Literals()


def components(clauses: Iterable[Cube]) -> list[list[Cube]]:
    """`clauses` grouped by the atoms that they share."""
    groups: list[tuple[int, list[Cube]]] = []
    for clause in clauses:
        touching = [group for group in groups if group[0] & clause.atoms]
        groups = [group for group in groups if not group[0] & clause.atoms]
        mask = clause.atoms
        for other in touching:
            mask |= other[0]
        groups.append((mask, [c for _, members in touching for c in members] + [clause]))
    return [members for _, members in groups]
