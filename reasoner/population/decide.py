"""Deciding batches of rows of a fact table, wherever they come from and go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import fields
from datetime import date
from operator import attrgetter
from typing import NamedTuple

import pyarrow as pa

from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Cohort, Reject, strings
from reasoner.kernel.kernel import Decided, Kernel
from reasoner.population.fact_table.reader import FactTableReader
from reasoner.population.reasons import Reasons
from reasoner.population.results import ResultTable, contradictions

#: The columns of rejects.
REJECTS = pa.schema([pa.field(column.name, pa.string(), nullable=False) for column in fields(Reject)])


class Answers(NamedTuple):
    """What is decided of a batch of rows: `rows` have the columns of the answers, `rejects` those of REJECTS."""

    rows: pa.RecordBatch
    rejects: pa.RecordBatch


class CohortDecider:
    """Decides cohorts for one guideline; the columns of the answers are `table.schema`.

    Raises InputError for a name in `only` that no column has.
    """

    def __init__(
        self, guideline: Guideline, kernel: Kernel, as_of: date, *, reasons: bool = False, only: Sequence[str] = ()
    ) -> None:
        self.guideline, self.kernel = guideline, kernel
        self.table = ResultTable(guideline, as_of, reasons=reasons, only=only)
        self._reasons = Reasons(guideline, self.table.reasoned) if reasons else None

    def rows(self, cohort: Cohort, decided: Decided) -> pa.RecordBatch:
        """The answers for a cohort, without those whose record contradicts itself."""
        return self.table.batch(cohort, decided, self._reasons.columns(cohort, decided) if self._reasons else ())

    def rejects(self, cohort: Cohort, decided: Decided, source: str) -> tuple[Reject, ...]:
        """The rejects of a cohort, and those whose record contradicts itself."""
        return *cohort.rejects, *contradictions(self.guideline, cohort, decided, source)


def decide_batches(
    guideline: Guideline, batches: Iterable[pa.RecordBatch], as_of: date, *, reasons: bool = False,
    only: Sequence[str] = (), source: str = "row",
) -> Iterator[Answers]:  # fmt: skip
    """The answers for batches of rows of a fact table, one pair for each batch, in order and as they are asked for.

    A batch has columns of `guideproof schema`, each row a patient; every row is answered or rejected. A reject names
    its row as `source:N`, counted over all batches from 1. `only` and `reasons` are those of `guideproof batch`.
    Whether two rows are about one patient is not looked at: only one batch is in memory. Raises InputError for a batch
    of which no row can be read, and for a name in `only` that no column has.
    """
    reader, first = FactTableReader(guideline), 1
    decider = CohortDecider(guideline, Kernel(guideline), as_of, reasons=reasons, only=only)
    for batch in batches:
        cohort = reader.read(batch, source, first)
        decided = decider.kernel.decide(cohort)
        rejects = decider.rejects(cohort, decided, source)
        columns = [strings(map(attrgetter(name), rejects)) for name in REJECTS.names]
        yield Answers(decider.rows(cohort, decided), pa.RecordBatch.from_arrays(columns, schema=REJECTS))
        first += batch.num_rows
