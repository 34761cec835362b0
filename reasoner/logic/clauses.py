"""Clauses and terms as pairs of bit masks, and the consensus method over them.

A `Cube` holds literals over numbered atoms: bit *i* of `pos` for atom *i*, of `neg` for its complement. Read as a
conjunction it is a term, read as a disjunction a clause; consensus is the same for both readings. `prime` computes
the Blake canonical form by Tison's method (P. Tison, Generalization of consensus theory and application to the
minimization of Boolean functions, IEEE Trans. EC-16, 1967).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import reduce
from operator import or_
from typing import NamedTuple


class Cube(NamedTuple):
    """Literals, and the numbers (as bits) of the axioms that they were obtained from.

    >>> Cube(pos=0b001, neg=0b110).negated
    Cube(pos=6, neg=1, axioms=0)
    """

    pos: int
    neg: int
    axioms: int = 0

    @property
    def negated(self) -> Cube:
        """The term for a clause, the clause for a term: every literal complemented."""
        return Cube(self.neg, self.pos, self.axioms)

    @property
    def atoms(self) -> int:
        """The atoms that occur, as bits."""
        return self.pos | self.neg

    @property
    def size(self) -> int:
        """How many literals there are."""
        return self.pos.bit_count() + self.neg.bit_count()

    def within(self, pos: int, neg: int) -> bool:
        """Whether every literal is among those given."""
        return not (self.pos & ~pos or self.neg & ~neg)


def bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, lowest first.

    >>> list(bits(0b1010))
    [1, 3]
    """
    while mask:
        low = mask & -mask
        yield low.bit_length() - 1
        mask ^= low


#: How many clauses or terms of one form may be kept, and how many pairs looked at, before it is too large to compile.
MOST_CUBES, MOST_PAIRS = 20_000, 4_000_000


class TooManyError(ValueError):
    """A form that has too many clauses or terms, and the axioms behind it, as bits."""

    def __init__(self, what: str, axioms: int = 0) -> None:
        super().__init__(what)
        self.axioms = axioms


def absorb(cubes: Iterable[Cube]) -> list[Cube]:
    """Those of `cubes` that contain no other of them; of equals, the one from the fewest axioms.

    Raises TooManyError where more than `MOST_CUBES` are left.
    """
    ranked = sorted(cubes, key=lambda c: (c.size, c.axioms.bit_count(), c))
    width = max((cube.pos.bit_length() for cube in ranked), default=0)
    kept: list[Cube] = []
    smaller: dict[int, list[int]] = {}  # those of fewer literals, by their lowest
    same: dict[int, None] = {}
    size = 0
    for cube in ranked:
        literals = cube.pos | cube.neg << width
        if cube.size > size:
            for other in same:
                smaller.setdefault(other & -other, []).append(other)
            size, same = cube.size, {}
        if literals not in same and not _contains_any(literals, smaller):
            kept.append(cube)
            same[literals] = None
    if len(kept) > MOST_CUBES:
        raise TooManyError(f"more than {MOST_CUBES:,} combinations of conditions", kept[-1].axioms)
    return kept


def _contains_any(literals: int, others: dict[int, list[int]]) -> bool:
    """Whether some other set of literals, known by its lowest, is part of these."""
    outside, left = ~literals, literals
    while left:
        low = left & -left
        left ^= low
        for other in others.get(low, ()):  # not by any(): this loop is most of compiling
            if not other & outside:
                return True
    return 0 in others and bool(others[0])


def prime(cubes: Iterable[Cube]) -> list[Cube]:
    """All prime implicates of the clauses (or prime implicants of the terms) `cubes`: the Blake canonical form.

    >>> a, b, c = 0b001, 0b010, 0b100
    >>> [cube[:2] for cube in prime([Cube(a | b, 0), Cube(c, a)])]
    [(3, 0), (4, 1), (6, 0)]

    Raises TooManyError where there are more than `MOST_CUBES`, or more than `MOST_PAIRS` pairs to be resolved.
    """
    pairs = 0
    kept = absorb(cube for cube in cubes if not cube.pos & cube.neg)
    for atom in bits(atoms_of(kept)):
        resolved = _consensus(kept, 1 << atom)
        pairs += len(resolved)
        known = {(cube.pos, cube.neg): cube.axioms.bit_count() for cube in kept} if resolved else {}
        found = [c for c in resolved if known.get((c.pos, c.neg), c.axioms.bit_count() + 1) > c.axioms.bit_count()]
        if found:
            kept = absorb(kept + found)
        if pairs > MOST_PAIRS:
            raise TooManyError(f"more than {MOST_PAIRS:,} pairs of combinations of conditions", kept[-1].axioms)
    return kept


def atoms_of(cubes: Iterable[Cube]) -> int:
    """Every atom that occurs in `cubes`, as bits."""
    return reduce(or_, [cube.atoms for cube in cubes], 0)


def _consensus(cubes: list[Cube], atom: int) -> list[Cube]:
    """The resolvents of all pairs on one atom."""
    positive = [cube for cube in cubes if cube.pos & atom]
    negative = [cube for cube in cubes if cube.neg & atom]
    found = []
    for one in positive:
        for other in negative:
            pos, neg = (one.pos | other.pos) & ~atom, (one.neg | other.neg) & ~atom
            if not pos & neg:
                found.append(Cube(pos, neg, one.axioms | other.axioms))
    return found


def product(left: list[Cube], right: list[Cube]) -> list[Cube]:
    """The conjunction of two disjunctions of terms (or the disjunction of two sets of clauses). Raises TooManyError."""
    if len(left) * len(right) > MOST_PAIRS:
        raise TooManyError(f"more than {MOST_PAIRS:,} pairs of combinations of conditions", left[0].axioms)
    pairs = (Cube(a.pos | b.pos, a.neg | b.neg, a.axioms | b.axioms) for a in left for b in right)
    return absorb(cube for cube in pairs if not cube.pos & cube.neg)
