"""The results for a cohort as N-Quads, one named graph for each: https://www.w3.org/TR/n-quads/.

They are the triples that `classify` writes, but for the time of the run, so that the same input gives the same bytes. A
record in RDF is assessed as `classify` does it. A row of a fact table has no nodes to name as sources; what is decided
of it depends on what is known and not on the name, and is found once for each combination.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa
from msgspec.structs import replace

from reasoner.caches import BoundedDict
from reasoner.errors import Problem
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmaps, Cohort, Reject, strings
from reasoner.kernel.kernel import Decided
from reasoner.kernel.transpose import flags_of
from reasoner.logic.decide import decide
from reasoner.logic.facts import ASSUMED
from reasoner.patient.assess import Assessment, Refusal, assess, assess_decided
from reasoner.patient.observed import ObservedFiles, observe
from reasoner.population.answers import QUADS
from reasoner.population.known import KnownBits, facts_known
from reasoner.records.canonical import content_hash
from reasoner.records.nodes import RecordSource
from reasoner.records.validate import ObservedRecord
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
        """The quads of all rows of a table but those that contradict themselves, with the columns of QUADS.

        Each graph has the IRI of its assessment; the quads of a graph are sorted.
        """
        names, known = cohort.patients.to_pylist(), _known(cohort)
        rows = np.flatnonzero(flags_of(decided.clash, decided.rows) == 0).tolist()
        with self._lock:
            return _as_rows({names[row]: self._graph(names[row], known[row]) for row in rows})

    def of_records(self, records: bytes, patients: Sequence[str], source: str) -> pa.RecordBatch:
        """The quads of patients whose records, in N-Triples, are accepted; a row each, in the order of the patients."""
        data = RecordSource(source, "nt", records)
        files = observe(self.guideline, [data], self.as_of) if patients else ObservedFiles()
        return _as_rows({patient: self._observed(patient, files.observed[patient]) for patient in patients})

    def _observed(self, patient: str, record: ObservedRecord) -> str:
        observed, digest, _, notes = record
        return self._renderer.quads(assess(self.guideline, patient, observed, self.as_of, digest, notes))

    def of_rejects(self, rejects: Iterable[Reject]) -> pa.RecordBatch:
        """The quads of each patient who is refused, in the order of the names, in rows without a patient."""
        problems: dict[str, list[Problem]] = {}
        for reject in sorted(rejects):
            problems.setdefault(reject.patient, []).append(Problem(reject.code, reject.reason, reject.remedy))
        refusals = [Refusal(patient, tuple(found)) for patient, found in problems.items() if patient]
        quads = [self._renderer.quads(one) for one in refusals]
        return pa.record_batch([strings([""] * len(quads)), strings(quads)], schema=QUADS)

    def _graph(self, patient: str, known: Known) -> str:
        assessment = self._found.get(known) or self._found.keep(known, self._assessed(*known))
        stated = [f"{fact.term} {fact.state}" for fact in assessment.decision.facts if fact.by != ASSUMED]
        record = content_hash("|".join([patient, *stated, *known[1]]))
        return self._renderer.quads(replace(assessment, patient=patient, record=record))

    def _assessed(self, known_bits: KnownBits, proposed: Iterable[str]) -> Assessment:
        """The assessment of a patient without a name, of whom these bits are known."""
        facts = facts_known(self.guideline, known_bits)
        decision = decide(self.guideline.compiled, facts, self.guideline.catalogue.closable)
        return assess_decided(self.guideline, "", decision, dict.fromkeys(proposed, ()), self.as_of)


def _as_rows(quads: Mapping[str, str]) -> pa.RecordBatch:
    return pa.record_batch([strings(quads), strings(quads.values())], schema=QUADS)


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
