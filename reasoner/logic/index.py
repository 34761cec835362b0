"""Where literals occur: many terms at once, each of them one bit.

A set of literals over *n* atoms is one number: bit *i* says that atom *i* is true, bit *n + i* that it is false. For
each literal the terms in which it occurs are kept as bits too. The terms that a set of literals contradicts are then
the union over its complements, and those that it satisfies are all in which no other literal occurs: the transposed
form of asking term by term.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import reduce
from operator import getitem, or_

from reasoner.logic.clauses import Cube, bits


def union_of(sets: Iterable[int]) -> int:
    """The union of sets of bits.

    >>> bin(union_of([0b001, 0b100]))
    '0b101'
    """
    return reduce(or_, sets, 0)


class Union:
    """The union of the sets that belong to the members of a set of bits, looked up a byte at a time.

    >>> bin(Union([0b1, 0b10, 0b1100])(0b101))
    '0b1101'
    """

    def __init__(self, sets: Sequence[int]) -> None:
        self._size = (len(sets) + 7) // 8
        self._rows = [_Row(sets[start : start + 8]) for start in range(0, len(sets), 8)]

    def __call__(self, members: int) -> int:
        return union_of(map(getitem, self._rows, members.to_bytes(self._size, "little")))


class _Row(dict[int, int]):
    """For each subset of eight members, as a byte, the union of their sets; computed when it is first asked for."""

    def __init__(self, sets: Sequence[int]) -> None:
        self._sets = sets

    def __missing__(self, byte: int) -> int:
        found = self[byte] = union_of(self._sets[member] for member in bits(byte))
        return found


class TermIndex:
    """Terms over `atoms` atoms, each with the number of its bit; `literals` gives the literals of each, as one number.

    >>> index = TermIndex({0: Cube(0b01, 0b10), 1: Cube(0b10, 0)}, atoms=2)
    >>> bin(index.satisfied(0b1001)), bin(index.contradicted(0b1001))
    ('0b1', '0b10')
    """

    def __init__(self, terms: Mapping[int, Cube], atoms: int) -> None:
        self.atoms = atoms
        self.literals = {number: literals(term.pos, term.neg, atoms) for number, term in terms.items()}
        self._all = sum(1 << number for number in terms)
        self._everything = (1 << 2 * atoms) - 1
        self._occurring = Union(_occurrences(self.literals, 2 * atoms))

    def satisfied(self, known: int) -> int:
        """The terms, as bits, of which every literal is in `known`."""
        return self._all & ~self._occurring(self._everything & ~known)

    def contradicted(self, known: int) -> int:
        """The terms, as bits, of which some literal is false by `known`."""
        return self._occurring(complements(known, self.atoms))


def _occurrences(terms: Mapping[int, int], size: int) -> list[int]:
    """For each of `size` literals the terms in which it occurs, as bits."""
    found = [0] * size
    for number, term in terms.items():
        for literal in bits(term):
            found[literal] |= 1 << number
    return found


def literals(pos: int, neg: int, atoms: int) -> int:
    """The true and the false atoms, each given as bits, as one set of literals."""
    return pos | neg << atoms


def complements(known: int, atoms: int) -> int:
    """The complement of every literal in `known`."""
    return known >> atoms | (known & (1 << atoms) - 1) << atoms
