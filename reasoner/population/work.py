"""What is done with the units of a batch: read, decided, and the answers put into columns or N-Quads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

import pyarrow as pa

from reasoner.kernel.cohort import NODE, Cohort, Reject, strings
from reasoner.kernel.kernel import Decided
from reasoner.population.answers import QUADS
from reasoner.population.identities import sorted_hashes
from reasoner.population.quads import QuadsWriter
from reasoner.population.results import ResultTable, rejects_of
from reasoner.population.sources import Readers, Source
from reasoner.population.unit import ScatteredError, Unit

#: What the summary says of patients whose records hold more than columns can.
_REFERRED = "read from their records, which hold more than columns can"


@dataclass(frozen=True)
class UnitAnswers:
    """What a unit gives: the answers, sorted hashes of the names in it, and rejects.

    `rows` have the columns of the answers, or of QUADS; there the last `refused` are no answers. The names are those of
    all its patients, refused or not, and of the nodes that no other unit may describe. `extra` is summed over all units
    and printed in the summary, behind each number its words.
    """

    rows: pa.RecordBatch
    names: bytes
    rejects: tuple[Reject, ...] = ()
    extra: Mapping[str, int] = field(default_factory=dict)
    refused: int = 0

    @property
    def answered(self) -> int:
        """How many patients are answered."""
        return int(self.rows.num_rows) - self.refused


@dataclass(frozen=True)
class SourceWork:
    """Decides the units of sources; what it takes is built where it is used, for it is sent to processes.

    `sources` go by the names of their files; `reasons` and `only` are those of `ResultTable`.
    """

    readers: Readers
    sources: Mapping[str, Source]
    format: str
    reasons: bool
    only: tuple[str, ...]

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def schema(self) -> pa.Schema:
        """The columns of what is written."""
        return QUADS if self.format == "n-quads" else self._table.schema

    @cached_property
    def _table(self) -> ResultTable:
        return ResultTable(self.readers.guideline, self.readers.as_of, reasons=self.reasons, only=self.only)

    @cached_property
    def _quads(self) -> QuadsWriter:
        return QuadsWriter(self.readers.guideline, self.readers.as_of)

    def answers(self, unit: Unit) -> UnitAnswers:
        """The answers for the patients of a unit; the same each time."""
        cohort = self._cohort(unit)
        decided = cohort.decided or self.readers.kernel.decide(cohort)
        rejects = rejects_of(self.readers.guideline, cohort, decided, unit.file)
        extra = {_REFERRED: cohort.referred} if cohort.referred else {}
        if self.format != "n-quads":
            return UnitAnswers(self._table.batch(cohort, decided), sorted_hashes(_names(cohort)), rejects, extra)
        rows = self._quads_of(unit, cohort, decided)
        refused = self._quads.of_rejects(rejects)
        return UnitAnswers(
            pa.concat_batches([rows, refused]), sorted_hashes(_names(cohort)), rejects, extra, refused.num_rows
        )

    def _quads_of(self, unit: Unit, cohort: Cohort, decided: Decided) -> pa.RecordBatch:
        records = self.sources[unit.file].records(unit, cohort.patients)
        if records is None:
            return self._quads.write(cohort, decided)
        return self._quads.of_records(records, cohort.patients.to_pylist(), unit.file)

    def names(self, unit: Unit) -> pa.ChunkedArray:
        """The names of which `answers` gives the hashes."""
        return _names(self._cohort(unit))

    def shared(self, unit: Unit, repeated: frozenset[str]) -> list[Reject]:
        """The patients of a unit who have a node in common with a patient of another file.

        `repeated` are names in several units. Raises ScatteredError where one patient is perhaps described in several
        places of the file.
        """
        source = self.sources[unit.file]
        if not source.regrouped:
            raise ScatteredError(unit.file)
        return source.shared(unit, {name for name in repeated if NODE in name})

    def _cohort(self, unit: Unit) -> Cohort:
        return self.sources[unit.file].cohort(unit)


def _names(cohort: Cohort) -> pa.ChunkedArray:
    """The names of all patients, refused or not, and of the nodes of their records."""
    refused = strings(sorted({reject.patient for reject in cohort.rejects if reject.patient}))
    chunks = cohort.patients.chunks if isinstance(cohort.patients, pa.ChunkedArray) else [cohort.patients]
    return pa.chunked_array([*chunks, refused, *([] if cohort.nodes is None else [cohort.nodes])], pa.string())
