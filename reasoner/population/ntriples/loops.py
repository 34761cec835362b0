"""Loops over rows of triples that no library has in one pass; compiled."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reasoner.population.ntriples.jit import compiled

_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio
_ROOM = 1 << 12


@compiled
def distinct(
    left: NDArray[np.int32], i: NDArray[np.int32], right: NDArray[np.int32], j: NDArray[np.int32], width: int
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """The distinct keys `left[i] * width + right[j]`, in the order in which they come, and the position of each."""
    found, positions = np.empty(len(i), np.int64), np.empty(len(i), np.int32)
    table, count = np.full(_ROOM, -1, np.int32), 0
    for row in range(len(i)):
        key = np.int64(left[i[row]]) * width + right[j[row]]
        slot = _slot(table, found, key)
        if table[slot] < 0:
            table[slot], found[count] = count, key
            count += 1
        positions[row] = table[slot]
        if 2 * count > len(table):
            table = _wider(found, count, 2 * len(table))
    return found[:count].copy(), positions


@compiled
def grouped(
    kind: NDArray[np.int32], of_row: NDArray[np.int32], kinds: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The rows, those of one kind `kind[of_row]` together, each in order; and where each kind begins, and the end."""
    ends, rows = np.zeros(kinds + 1, np.intp), np.empty(len(of_row), np.intp)
    for row in range(len(of_row)):
        ends[kind[of_row[row]] + 1] += 1
    for here in range(kinds):
        ends[here + 1] += ends[here]
    free = ends[:-1].copy()
    for row in range(len(of_row)):
        here = kind[of_row[row]]
        rows[free[here]] = row
        free[here] += 1
    return rows, ends


@compiled
def counted(codes: NDArray[np.int32], rows: NDArray[np.intp], size: int) -> tuple[NDArray[np.intp], int]:
    """How often each code, of so many, stands in some rows, and how often the one that does so most."""
    found, most = np.zeros(size, np.intp), 0
    for row in rows:
        found[codes[row]] += 1
        most = max(most, found[codes[row]])
    return found, most


@compiled
def _slot(table: Any, found: Any, key: Any) -> Any:
    """Where in the table the position of a key is, or may be put."""
    mask = np.uint64(len(table) - 1)
    hashed = np.uint64(key) * _FACTOR
    slot = (hashed ^ (hashed >> np.uint64(32))) & mask
    while table[slot] >= 0 and found[table[slot]] != key:
        slot = (slot + np.uint64(1)) & mask
    return slot


@compiled
def _wider(found: Any, count: int, size: int) -> Any:
    table = np.full(size, -1, np.int32)
    for position in range(count):
        table[_slot(table, found, found[position])] = position
    return table


@compiled
def gather_bits(
    row: NDArray[np.int32],
    context: NDArray[np.int32],
    chosen: NDArray[np.bool_],
    bits: NDArray[np.uint64],
    found: NDArray[np.uint64],
) -> None:
    """Add to each patient's row of `found` the row of `bits` of each context that stands beside it, where chosen."""
    for i in range(len(row)):
        if chosen[i]:
            for word in range(bits.shape[1]):
                found[row[i], word] |= bits[context[i], word]


@compiled
def turned(masks: NDArray[np.uint64], atoms: int) -> NDArray[np.uint64]:
    """Bitmaps of patients for each of so many literals, from the literals of each patient, a word for each 64."""
    found = np.zeros((atoms, (len(masks) + 63) // 64), np.uint64)
    for row in range(len(masks)):
        for atom in range(atoms):
            known = masks[row, atom // 64] >> np.uint64(atom % 64) & np.uint64(1)
            found[atom, row // 64] |= known << np.uint64(row % 64)
    return found
