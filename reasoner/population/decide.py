"""Deciding batches of rows of a fact table, wherever they come from and go to."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

import pyarrow as pa

from reasoner.arguments import check_day
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Reject
from reasoner.kernel.kernel import Kernel
from reasoner.population.fact_table.reader import FactTableReader
from reasoner.population.results import ResultTable, rejects_of

#: The columns of rejects.
REJECTS = pa.schema([pa.field(name, pa.string(), nullable=False) for name in Reject._fields])


class Answers(NamedTuple):
    """What is decided of a batch of rows: `rows` have the columns of the answers, `rejects` those of REJECTS."""

    rows: pa.RecordBatch
    rejects: pa.RecordBatch


def as_columns(rejects: Iterable[Reject]) -> pa.RecordBatch:
    """The rejects with the columns of REJECTS."""
    return pa.RecordBatch.from_pylist([reject._asdict() for reject in rejects], schema=REJECTS)


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
    check_day(as_of)
    reader, kernel, first = FactTableReader(guideline), Kernel(guideline), 1
    table = ResultTable(guideline, as_of, reasons=reasons, only=only)
    for batch in batches:
        cohort = reader.read(batch, source, first)
        decided = kernel.decide(cohort)
        rejects = rejects_of(guideline, cohort, decided, source)
        yield Answers(table.batch(cohort, decided), as_columns(rejects))
        first += batch.num_rows
