"""Batches of rows are decided as a batch over the whole table decides them, one pair for each."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fact_rows import bad_table, main, random_rows, table_of

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.population.decide import REJECTS, decide_batches
from reasoner.population.run import rejects_path

DAY = date(2026, 11, 22)


@pytest.fixture(scope="module")
def rows() -> pa.Table:
    """Random rows, rows that contradict themselves, and rows that cannot be read."""
    clash = [{"patient": f"urn:clash:{i}", "sn:Fever": True, "sn:ConstitutionalSymptom": False} for i in range(3)]
    found = pa.concat_tables([bad_table(), table_of(main(), [*clash, *random_rows(main, 400)])]).combine_chunks()
    return pa.table(dict(zip(found.column_names, found.columns, strict=True)))  # all nullable


@pytest.mark.parametrize("only", [(), ("status", "management")])
def test_answers_are_those_of_a_batch(
    guideline: Guideline, rows: pa.Table, tmp_path: Path, only: tuple[str, ...]
) -> None:
    given, out = tmp_path / "facts.parquet", tmp_path / "out.parquet"
    pq.write_table(rows, given)
    run_batch(guideline, given, out, BatchOptions(DAY, "parquet", reasons=True, only=only))
    batches = rows.to_batches(max_chunksize=50)
    found = list(decide_batches(guideline, iter(batches), DAY, reasons=True, only=only, source=str(given)))
    assert len(found) == len(batches)
    answers = pa.concat_tables([pa.Table.from_batches([one.rows]) for one in found])
    assert answers.to_pylist() == pq.read_table(out).to_pylist()
    rejects = pa.Table.from_batches([one.rejects for one in found], REJECTS).to_pylist()
    lines = rejects_path(out).read_text().splitlines()
    assert len(rejects) == len(lines) - 1 > 20
    assert {row["code"] for row in rejects} >= {"contradictory-record", "bad-iri", "out-of-range"}
    assert sorted(f"{row['patient']},{row['source']},{row['code']}" for row in rejects) == sorted(
        ",".join(line.split(",")[:3]) for line in lines[1:]
    )


def test_only_as_many_batches_are_taken_as_are_asked_for(guideline: Guideline, rows: pa.Table) -> None:
    taken = []

    def batches() -> object:
        for batch in rows.to_batches(max_chunksize=50):
            taken.append(batch)
            yield batch

    assert next(decide_batches(guideline, batches(), DAY)).rows.num_rows  # type: ignore[arg-type]
    assert len(taken) == 1


def test_a_batch_that_is_no_fact_table_is_refused(guideline: Guideline) -> None:
    batch = pa.record_batch({"patient": ["urn:x:1"], "sn:Fevr": [True]})
    with pytest.raises(InputError) as error:
        next(decide_batches(guideline, [batch], DAY))
    assert error.value.problem.code == "unknown-column"
    with pytest.raises(InputError) as error:
        next(decide_batches(guideline, [], DAY, only=("sn:Fevr",)))
    assert error.value.problem.code == "unknown-column"
