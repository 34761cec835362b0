"""Where literals occur: many terms at once, each of them one bit.

A set of literals over *n* atoms is one number: bit *i* says that atom *i* is true, bit *n + i* that it is false. For
each literal the terms in which it occurs are kept as bits too. The terms that a set of literals contradicts are then
the union over its complements, and those that it satisfies are all in which no other literal occurs: the transposed
form of asking term by term.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import getitem, or_
from typing import Generic, TypeVar

from reasoner.logic.clauses import Cube, bits

K = TypeVar("K")
V = TypeVar("V")
_REMEMBERED = 50_000


class BoundedDict(dict[K, V], Generic[K, V]):
    """What was found before, of a bounded number of things: when it is full, it starts afresh."""

    def __init__(self, most: int = _REMEMBERED) -> None:
        super().__init__()
        self.most = most

    def keep(self, key: K, value: V) -> V:
        """`value`, from now on remembered under `key`."""
        if len(self) >= self.most:
            self.clear()
        self[key] = value
        return value


class BoundedCache(BoundedDict[K, V]):
    """What a function makes of things, looked up as if it were all there."""

    def __init__(self, make: Callable[[K], V], most: int = _REMEMBERED) -> None:
        super().__init__(most)
        self._make = make

    def __missing__(self, key: K) -> V:
        return self.keep(key, self._make(key))


class IdentityCache(Generic[K, V]):
    """What a function makes of objects, remembered by which object it is: each is kept, so no other takes its place."""

    def __init__(self, make: Callable[[K], V], most: int = _REMEMBERED) -> None:
        self._make = make
        self._kept: BoundedDict[int, tuple[K, V]] = BoundedDict(most)

    def __call__(self, of: K) -> V:
        found = self._kept.get(id(of))
        return self._kept.keep(id(of), (of, self._make(of)))[1] if found is None else found[1]


class Union:
    """The union of the sets that belong to the members of a set of bits, looked up a byte at a time."""

    def __init__(self, sets: Sequence[int]) -> None:
        self._size = (len(sets) + 7) // 8
        self._rows = [_Row(sets[start : start + 8]) for start in range(0, len(sets), 8)]

    def __call__(self, members: int) -> int:
        return reduce(or_, map(getitem, self._rows, members.to_bytes(self._size, "little")), 0)


class _Row(dict[int, int]):
    """For each subset of eight members the union of their sets, made when it is first asked for."""

    def __init__(self, sets: Sequence[int]) -> None:
        self._sets = sets

    def __missing__(self, byte: int) -> int:
        found = 0
        for member in bits(byte):
            found |= self._sets[member]
        self[byte] = found
        return found


class TermIndex:
    """Terms over `atoms` atoms, each with the number of its bit."""

    def __init__(self, terms: Mapping[int, Cube], atoms: int) -> None:
        self.atoms = atoms
        self.literals = {number: literals(term.pos, term.neg, atoms) for number, term in terms.items()}
        self._all = sum(1 << number for number in terms)
        self._everything = (1 << 2 * atoms) - 1
        self._occurring = Union(_occurrences(self.literals, 2 * atoms))

    def satisfied(self, known: int) -> int:
        """The terms of which every literal is in `known`."""
        return self._all & ~self._occurring(self._everything & ~known)

    def contradicted(self, known: int) -> int:
        """The terms of which some literal is false by `known`."""
        return self._occurring(complements(known, self.atoms))


def _occurrences(terms: Mapping[int, int], size: int) -> list[int]:
    """For each of `size` literals the terms in which it occurs."""
    found = [0] * size
    for number, term in terms.items():
        for literal in bits(term):
            found[literal] |= 1 << number
    return found


def literals(pos: int, neg: int, atoms: int) -> int:
    """The true and the false atoms as one set of literals."""
    return pos | neg << atoms


def complements(known: int, atoms: int) -> int:
    """The complement of every literal in `known`."""
    return known >> atoms | (known & (1 << atoms) - 1) << atoms
