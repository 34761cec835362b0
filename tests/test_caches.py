"""Memories keep to their bounds, give what was put in, and may be shared between threads."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from reasoner.caches import BoundedCache, BoundedDict, IdentityCache, bytes_of


def test_a_full_memory_starts_afresh() -> None:
    memory: BoundedDict[int, int] = BoundedDict(3)
    for key in range(20):
        assert memory.keep(key, -key) == memory[key] == -key
        assert len(memory) <= 3


def test_what_was_put_first_stays() -> None:
    memory: BoundedDict[str, list[int]] = BoundedDict()
    first = [1]
    assert memory.keep("a", first) is first and memory.keep("a", [1]) is first


def test_bytes_are_bounded_and_what_is_too_large_is_not_kept() -> None:
    memory: BoundedDict[str, str] = BoundedDict(most_bytes=10_000)
    most = 0
    for number in range(200):
        assert memory.keep(str(number), "x" * 500) == "x" * 500
        assert sum(map(bytes_of, memory.values(), [0] * len(memory))) <= memory.bytes <= 10_000
        most = max(most, len(memory))
    assert 10 < most < 20
    assert memory.keep("large", "x" * 20_000) == "x" * 20_000
    assert "large" not in memory and memory.bytes <= 10_000


def test_the_bytes_of_keys_and_of_what_tuples_hold_count() -> None:
    assert bytes_of(("x" * 1000, ("y" * 1000,)), 2) > 2000 > bytes_of(("x" * 1000, ("y" * 1000,)), 1) > 1000
    memory: BoundedDict[tuple[str], int] = BoundedDict(most_bytes=10_000)
    for number in range(100):
        memory.keep((f"{number:1000}",), 1)
    assert len(memory) < 10


def test_a_cache_computes_what_it_does_not_have() -> None:
    computed = []
    cache = BoundedCache(lambda key: computed.append(key) or key * 2, 2)
    assert [cache[key] for key in (1, 1, 2, 1, 3, 1)] == [2, 2, 4, 2, 6, 2]
    assert computed == [1, 2, 3, 1]


def test_an_object_is_told_from_its_equals_and_kept() -> None:
    cache = IdentityCache(lambda some: [*some])
    one, other = [1, 2], [1, 2]
    assert cache(one) is cache(one) and cache(one) is not cache(other)
    assert all(cache([number]) == [number] for number in range(1000))  # ids of the dead are used again


def test_threads_never_miss_what_they_look_up() -> None:
    """Three entries and eight threads: nearly each look-up finds the memory emptied by another."""
    cache: BoundedCache[int, int] = BoundedCache(lambda key: key * key, 3)
    memory: BoundedDict[int, int] = BoundedDict(3)
    identity = IdentityCache(tuple, 3)
    lists, start = [[number] for number in range(9)], Barrier(8)

    def look_up(seed: int) -> bool:
        rng = random.Random(seed)
        start.wait()
        right = True
        for _ in range(20_000):
            key = rng.randrange(9)
            found = memory.get(key)
            kept = memory.keep(key, -key) if found is None else found
            right &= kept == -key and cache[key] == key * key and identity(lists[key]) == (key,)
            right &= len(memory) <= 3 and len(cache) <= 3
        return right

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(look_up, range(8)))
