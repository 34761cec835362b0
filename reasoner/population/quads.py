"""The assessments of a cohort as N-Quads, one named graph for each: https://www.w3.org/TR/n-quads/.

The triples are those that `classify` writes, save for three: a patient in a cohort has no nodes to name as sources or
to note that several could be meant, and the time of the run is left out, so that the same input gives the same bytes.
What is decided depends on what is known of a patient and not on the name: it is found once for each combination.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
from msgspec.structs import replace

from reasoner.caches import BoundedDict
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmaps, Cohort, strings
from reasoner.kernel.kernel import Decided
from reasoner.kernel.transpose import flags_of
from reasoner.logic.decide import decide
from reasoner.patient.assess import Assessment, assess_decided
from reasoner.population.answers import QUADS
from reasoner.population.known import KnownBits, facts_known
from reasoner.records.canonical import content_hash
from reasoner.render.triples import TripleRenderer

#: How many combinations of what is known are remembered.
_REMEMBERED = 5_000

Known = tuple[KnownBits, tuple[str, ...]]


class QuadsWriter:
    """Writes the assessments of cohorts by one guideline, as of one date; one thread at a time."""

    def __init__(self, guideline: Guideline, as_of: date) -> None:
        self.guideline, self.as_of = guideline, as_of
        self._renderer = TripleRenderer(guideline, timed=False)
        self._found: BoundedDict[Known, Assessment] = BoundedDict(_REMEMBERED)
        self._lock = threading.Lock()

    def write(self, cohort: Cohort, decided: Decided) -> pa.RecordBatch:
        """The quads of all patients but those whose record contradicts itself: a row each, with the columns of QUADS.

        Each graph has the IRI of its assessment; the quads of a graph are sorted.
        """
        names, known = cohort.patients.to_pylist(), _known(cohort)
        rows = np.flatnonzero(flags_of(decided.clash, decided.rows) == 0).tolist()
        with self._lock:
            found = [self._graph(names[row], known[row]) for row in rows]
        return pa.record_batch([strings(names[row] for row in rows), strings(found)], schema=QUADS)

    def _graph(self, patient: str, known: Known) -> str:
        known_bits, proposed = known
        record = content_hash("|".join([patient, *(f"{mask:x}" for mask in known_bits), *proposed]))
        assessment = self._found.get(known) or self._found.keep(known, self._assessed(known_bits, proposed))
        return self._renderer.quads(replace(assessment, patient=patient, record=record))

    def _assessed(self, known_bits: KnownBits, proposed: Iterable[str]) -> Assessment:
        """The assessment of a patient without a name, of whom these bits are known."""
        facts = facts_known(self.guideline, known_bits)
        decision = decide(self.guideline.compiled, facts, self.guideline.catalogue.closable)
        return assess_decided(self.guideline, "", decision, dict.fromkeys(proposed, ()), self.as_of)


def _known(cohort: Cohort) -> list[Known]:
    """For each patient what is known, and the classes of acts that are proposed, in order."""
    sides = (cohort.pos, cohort.neg, cohort.derived_pos, cohort.derived_neg)
    known_bits = zip(*(_numbers(side, cohort.rows) for side in sides), [0] * cohort.rows, strict=True)
    orders: list[tuple[str, ...]] = [()] * cohort.rows
    for act, flags in sorted(cohort.proposed.items()):
        for row in np.flatnonzero(flags_of(flags, cohort.rows)).tolist():
            orders[row] = (*orders[row], act)
    return [(KnownBits._make(one), proposed) for one, proposed in zip(known_bits, orders, strict=True)]


def _numbers(side: Bitmaps | None, rows: int) -> Sequence[int]:
    """The literals of each patient, as one number with a bit for each."""
    if side is None or not rows:
        return [0] * rows
    flags = np.unpackbits(side.view(np.uint8), axis=1, count=rows, bitorder="little")
    turned = np.packbits(flags, axis=0, bitorder="little").T
    data, size = turned.tobytes(), turned.shape[1]
    return [int.from_bytes(data[start : start + size], "little") for start in range(0, rows * size, size)]
