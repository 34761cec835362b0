"""Many patients at once: who they are, what is known of each as bitmaps, and which were refused.

Bitmaps are those of Arrow (https://arrow.apache.org/docs/format/Columnar.html#validity-bitmaps): patient r is bit
r % 8 of byte r // 8, here in little-endian words of 64 patients. Bits beyond the last patient are 0
unless stated otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

if TYPE_CHECKING:
    from reasoner.kernel.kernel import Decided

Bitmap = NDArray[np.uint64]
"""One bit a patient; shape (words,)."""

Bitmaps = NDArray[np.uint64]
"""One row of bits for each atom or class; shape (atoms or classes, words)."""


#: Ends the name of a node in a list of names; it is part of no patient's name.
NODE = "\0"


def words(rows: int) -> int:
    """How many 64-bit words hold a bit for each of `rows` patients."""
    return -(-rows // 64)


def strings(texts: Iterable[str]) -> pa.StringArray:
    """An Arrow array of texts, in their order; of type string even where there are none."""
    return pa.array(list(texts), pa.string())


class Reject(NamedTuple):
    """A patient, or a position in a file, that is not classified: of which source, by which code, and why."""

    patient: str
    source: str
    code: str
    reason: str
    remedy: str


@dataclass(frozen=True)
class Cohort:
    """Patients in the order of their input.

    `pos` and `neg` have a row for each atom of the theory: known true, known false, before closing. `proposed` has for
    each class of acts the patients for whom an act of it is proposed. `derived_pos` and `derived_neg` mark what is
    known by rules alone; None where no rule gave anything. `nodes` name the nodes of the records, each by its file,
    where other parts of the file may describe them too. `referred` counts those whose records
    were read one by one, for what columns cannot hold. `decided` is what is decided of them, where that was needed to
    read them.
    """

    patients: pa.Array
    pos: Bitmaps
    neg: Bitmaps
    proposed: Mapping[str, Bitmap] = field(default_factory=dict)
    derived_pos: Bitmaps | None = None
    derived_neg: Bitmaps | None = None
    rejects: tuple[Reject, ...] = ()
    nodes: pa.Array | None = None
    referred: int = 0
    decided: Decided | None = None

    @property
    def rows(self) -> int:
        """How many patients there are."""
        return len(self.patients)
