"""Memories of a bounded size, in entries and in bytes, that threads may share.

A memory that is full is emptied and filled again. What is then computed a second time costs time and changes no answer.
"""

from __future__ import annotations

from collections.abc import Callable
from sys import getsizeof
from threading import Lock
from typing import Generic, TypeVar

K = TypeVar("K")
V = TypeVar("V")
_ENTRIES = 50_000
_BYTES = 8 << 20
_ENTRY_BYTES = 100


def bytes_of(thing: object, depth: int) -> int:
    """About how many bytes a value takes with what it holds: tuples, lists and frozensets are opened to `depth`."""
    held = thing if depth and isinstance(thing, (tuple, list, frozenset)) else ()
    return getsizeof(thing) + sum([bytes_of(part, depth - 1) for part in held])


class BoundedDict(dict[K, V], Generic[K, V]):
    """A dict of at most `entries` entries of about `most_bytes` bytes in all. Read it by `get`, write it by `keep`.

    An entry may go at any time, so that `in` promises nothing. The bytes are those of keys and, but for what lies
    deeper than one level, of values.

    >>> memory = BoundedDict(entries=2)
    >>> [memory.keep(number, number**2) for number in (1, 2, 3)], memory
    ([1, 4, 9], {3: 9})
    """

    def __init__(self, entries: int | None = None, most_bytes: int | None = None) -> None:
        super().__init__()
        self.entries = _ENTRIES if entries is None else entries
        self.most_bytes = _BYTES if most_bytes is None else most_bytes
        self.bytes = 0
        self._lock = Lock()

    def keep(self, key: K, value: V) -> V:
        """What is remembered under `key` from now on: `value`, or what another thread has put there before."""
        size = _ENTRY_BYTES + bytes_of(key, 2) + bytes_of(value, 1)
        with self._lock:
            if key in self:
                return self[key]
            if len(self) >= self.entries or self.bytes + size > self.most_bytes:
                self.clear()
                self.bytes = 0
            if size <= self.most_bytes:
                self.bytes += size
                self[key] = value
        return value


class BoundedCache(BoundedDict[K, V]):
    """The values of a function, each computed when it is first looked up: read it by `cache[key]`.

    >>> squares = BoundedCache(lambda number: number**2)
    >>> squares[3]
    9
    """

    def __init__(self, function: Callable[[K], V], entries: int | None = None, most_bytes: int | None = None) -> None:
        super().__init__(entries, most_bytes)
        self._function = function

    def __missing__(self, key: K) -> V:
        return self.keep(key, self._function(key))


class IdentityCache(Generic[K, V]):
    """The values of a function of objects, remembered by which object it is: each is kept, so its id stays its own."""

    def __init__(self, function: Callable[[K], V], entries: int | None = None) -> None:
        self._function = function
        self._kept: BoundedDict[int, tuple[K, V]] = BoundedDict(entries)

    def __call__(self, of: K) -> V:
        found = self._kept.get(id(of))
        return self._kept.keep(id(of), (of, self._function(of)))[1] if found is None else found[1]
