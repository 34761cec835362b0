"""Whole lines of text as bytes, with room behind them for whoever reads eight at a time."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

#: How many bytes behind the end of a text may be looked at: they are there, and line ends.
MARGIN = 24

_LINE_END, _HUGE = 10, 1 << 21


@dataclass(frozen=True)
class TextLines:
    """Whole lines: the first `size` of some bytes, which end in a MARGIN of line ends."""

    data: NDArray[np.uint8]
    size: int

    @classmethod
    def of(cls, data: bytes | memoryview | pa.Buffer) -> TextLines:
        """The text of these bytes, whose last line may lack its end."""
        view = memoryview(data)
        array = np.empty(_room(view.nbytes), np.uint8)
        array[: view.nbytes] = np.frombuffer(view, np.uint8)
        return _ended(array, view.nbytes)

    @property
    def view(self) -> memoryview:
        """The bytes of the lines."""
        return self.data[: self.size].data

    def line_offsets(self) -> NDArray[np.intp]:
        """Where each line begins, and the end."""
        return np.concatenate(([0], np.flatnonzero(self.data[: self.size] == _LINE_END) + 1))


class Buffer:
    """Holds one text at a time, in huge pages where there are any: fresh and small ones cost more than the reading."""

    def __init__(self) -> None:
        self._array = np.empty(0, np.uint8)

    def read(self, path: Path, start: int, stop: int) -> TextLines:
        """The bytes of a file from `start` up to `stop`, whose last line may lack its end; until the next call."""
        room = _room(stop - start)
        if len(self._array) < room:
            self._array = _huge(room)
        with path.open("rb") as file:
            file.seek(start)
            size = file.readinto(self._array[: stop - start].data)
        return _ended(self._array[:room], size)


def _huge(size: int) -> NDArray[np.uint8]:
    memory = mmap.mmap(-1, -(-size // _HUGE) * _HUGE)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        memory.madvise(mmap.MADV_HUGEPAGE)
    return np.frombuffer(memory, np.uint8)


def _room(size: int) -> int:
    return size + 1 + MARGIN


def _ended(array: NDArray[np.uint8], size: int) -> TextLines:
    """The text, an end to its last line and line ends behind it."""
    array[size:] = _LINE_END
    unended = size and array[size - 1] != _LINE_END
    return TextLines(array, size + 1 if unended else size)
