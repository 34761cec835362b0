"""Deciding every patient of a cohort at once, 64 in each operation on the bitmaps.

A `Program` runs over a few thousand words of bits at a time, so that what it computes on stays in the processor's
cache. Arrow's Boolean arrays (https://arrow.apache.org/docs/format/Columnar.html) are read and written as the bitmaps
that they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmap, Bitmaps, Cohort, words
from reasoner.kernel.program import AND, OR, STATUSES, XOR, Program, program_of
from reasoner.kernel.transpose import flags_of

#: Words of bits that the program runs over at a time: a few dozen registers of 64 KiB stay near the processor.
CHUNK = 8192

_OPERATIONS = {AND: np.bitwise_and, OR: np.bitwise_or, XOR: np.bitwise_xor}
_ALL = np.uint64(0xFFFFFFFFFFFFFFFF)


@dataclass(frozen=True, eq=False)
class Decided:
    """What is decided of every patient of a cohort, as bitmaps.

    `clash` are the patients whose record contradicts itself; no other bitmap has a bit for them, and none has one
    beyond the last patient. `pos` and `neg` have a row for each atom, where it is true and where false, closed under
    the theory and with what is `assumed` absent, which goes by the number of the atom. `entailed` and `excluded` have
    a row for each of `classes`. `alerts` go by shape. `verdicts` give for each class of acts that a shape reviews,
    proposed or not, the verdicts that there can be; on any other act the guideline is silent. `status` has a bitmap
    for each of `STATUSES`.
    """

    rows: int
    classes: tuple[str, ...]
    clash: Bitmap
    pos: Bitmaps
    neg: Bitmaps
    entailed: Bitmaps
    excluded: Bitmaps
    assumed: Mapping[int, Bitmap]
    alerts: Mapping[str, Bitmap]
    verdicts: Mapping[str, Mapping[str, Bitmap]]
    status: Mapping[str, Bitmap]

    def status_codes(self) -> NDArray[np.uint8]:
        """For each patient the number of the status in `STATUSES`; `len(STATUSES)` where the record is in `clash`."""
        codes = np.full(self.rows, len(STATUSES), np.uint8)
        for code, name in enumerate(STATUSES):
            found = flags_of(self.status[name], self.rows)
            codes -= found * np.uint8(len(STATUSES) - code)
        return codes


class Kernel:
    """A guideline's program, ready to run over cohorts. Several threads may share it."""

    def __init__(self, guideline: Guideline | Program) -> None:
        self.program = guideline if isinstance(guideline, Program) else program_of(guideline)
        self._steps = [(_OPERATIONS[op], left, right, target) for op, left, right, target in self.program.steps]

    def decide(self, cohort: Cohort) -> Decided:
        """Decide every patient of a cohort; equal, patient by patient, to `reasoner.logic.decide.decide`."""
        size = words(cohort.rows)
        results = np.empty((self.program.results, size), np.uint64)
        scratch = np.empty((2 + self.program.scratch, min(CHUNK, size)), np.uint64)
        scratch[0], scratch[1] = 0, _ALL
        for low in range(0, size, CHUNK):
            self._run(cohort, results, scratch, low, min(low + CHUNK, size))
        if cohort.rows % 64:
            results[:, -1] &= _last(cohort.rows)
        return self._decided(cohort.rows, results)

    def _run(self, cohort: Cohort, results: Bitmaps, scratch: Bitmaps, low: int, high: int) -> None:
        """Run the program over the words from `low` to `high`."""
        own, found = scratch[:, : high - low], results[:, low:high]
        registers = [*cohort.pos[:, low:high], *cohort.neg[:, low:high], *own[:2], *found, *own[2:]]
        for operation, left, right, target in self._steps:
            operation(registers[left], registers[right], registers[target])
        if found[0].any():
            found[1:] &= ~found[0]

    def _decided(self, rows: int, results: Bitmaps) -> Decided:
        program = self.program
        ends = np.cumsum([1, program.atoms, program.atoms, len(program.classes), len(program.classes)])
        _, pos, neg, entailed, excluded, _ = np.split(results, ends)
        return Decided(
            rows=rows,
            classes=program.classes,
            clash=results[0],
            pos=pos,
            neg=neg,
            entailed=entailed,
            excluded=excluded,
            assumed={atom: results[at] for atom, at in program.assumed.items()},
            alerts={shape: results[at] for shape, at in program.alerts.items()},
            verdicts={act: {v: results[at] for v, at in named.items()} for act, named in program.verdicts.items()},
            status={name: results[at] for name, at in program.status.items()},
        )


def _last(rows: int) -> np.uint64:
    """The bits of the last word that stand for patients."""
    return np.uint64((1 << (rows % 64 or 64)) - 1)


def bitmap_of(array: pa.BooleanArray) -> tuple[Bitmap, Bitmap]:
    """The bitmaps of where an Arrow array is true, and where it is false; a null is neither."""
    rows = len(array)
    if not rows:
        return np.empty(0, np.uint64), np.empty(0, np.uint64)
    validity, values = array.buffers()
    known = np.full(words(rows), _ALL) if validity is None else _bits(validity, array.offset, rows)
    pos = _bits(values, array.offset, rows) & known
    neg = pos ^ known
    pos[-1] &= _last(rows)
    neg[-1] &= _last(rows)
    return pos, neg


def _bits(buffer: pa.Buffer, offset: int, rows: int) -> Bitmap:
    """The bits of a buffer from `offset`, in words."""
    first, shift = divmod(offset, 8)
    held = np.zeros(8 * (words(rows) + 1), np.uint8)
    given = np.frombuffer(buffer, np.uint8)[first : first + len(held)]
    held[: len(given)] = given
    found = held.view(np.uint64)
    return found[:-1] if not shift else found[:-1] >> np.uint64(shift) | found[1:] << np.uint64(64 - shift)


def boolean_array(true: Bitmap, false: Bitmap, rows: int) -> pa.BooleanArray:
    """The Arrow array that is true and false there, and null elsewhere; the values are not copied."""
    values, known = np.ascontiguousarray(true), true | false
    return pa.Array.from_buffers(pa.bool_(), rows, [pa.py_buffer(known), pa.py_buffer(values)])
