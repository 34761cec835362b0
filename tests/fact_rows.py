"""What tests of the fact table share: guidelines, observations as rows, rows as tables, and bad rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from random_records import Records

from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.kernel.cohort import Cohort
from reasoner.logic.facts import Observation
from reasoner.logic.theory import Literals
from reasoner.population.fact_table.reader import FactTableReader
from reasoner.population.fact_table.schema import schema
from reasoner.population.fact_table.table import PROPOSES, FactColumn, FactTable

ROOT = Path(__file__).resolve().parents[1]
TINY = ROOT / "tests" / "tiny"
SEED = 20261122
Row = dict[str, Any]


@cache
def main() -> Guideline:
    return load_guideline()


@cache
def tiny() -> Guideline:
    return load_guideline(TINY)


@cache
def fact_table(of: Any) -> FactTable:
    return FactTable(of())


both = pytest.mark.parametrize("of", [main, tiny])


def read_cohort(batch: pa.RecordBatch | pa.Table, guideline: Guideline, source: str, first: int = 1) -> Cohort:
    """The patients of one fact table, as a reader of its own gives them."""
    return FactTableReader(guideline).read(batch, source, first)


# -- observations as rows --


def column_of(table: FactTable, seen: Observation, side: str = "") -> FactColumn:
    """The column in which an observation stands."""
    kind = side or ("order" if seen.path == (PROPOSES,) else seen.kind)
    found = [c for c in table.columns if (c.kind, c.path, c.target) == (kind, seen.path, seen.target if not side and
             seen.kind == "class" else "")]  # fmt: skip
    assert len(found) == 1, (seen, found)
    return found[0]


def cells_of(table: FactTable, seen: Observation) -> Row:
    """An observation as the cells of a row."""
    if seen.kind == "number":
        bounds = {"low": seen.low, "high": seen.high}
        return {column_of(table, seen, side).name: float(bound) for side, bound in bounds.items() if bound is not None}
    return {column_of(table, seen).name: seen.target if seen.kind == "value" else seen.present}


def row_of(table: FactTable, record: Iterable[Observation], patient: str) -> Row | None:
    """A record as a row; None where two observations need the same cell."""
    row: Row = {"patient": patient}
    for seen in record:
        for name, cell in cells_of(table, seen).items():
            if row.setdefault(name, cell) != cell:
                return None
    return row


def table_of(guideline: Guideline, rows: Sequence[Row]) -> pa.Table:
    return pa.Table.from_pylist(list(rows), schema=schema(guideline))


def said(cohort: Cohort, row: int) -> Literals:
    """The literals of one row."""
    masks = [sum(1 << atom for atom, words in enumerate(bitmaps) if int(words[row // 64]) >> row % 64 & 1)
             for bitmaps in (cohort.pos, cohort.neg)]  # fmt: skip
    return Literals(*masks)


def read(of: Any, columns: Mapping[str, Any], **options: Any) -> Cohort:
    """A table of arrays or lists, the patients named if they are not."""
    size = len(next(iter(columns.values())))
    named = {"patient": [f"urn:x:{row}" for row in range(size)], **columns}
    return read_cohort(pa.table(named), of(), "rows.parquet", **options)


def random_rows(of: Any, size: int) -> list[Row]:
    table, records = fact_table(of), Records(of().compiled, SEED)
    rows: list[Row] = []
    while len(rows) < size:
        row = row_of(table, records.draw(), f"https://example.org/{len(rows)}")
        rows += [row] if row else []
    return rows


def cohorts_equal(one: Cohort, other: Cohort) -> bool:
    orders = {act: rows.tolist() for act, rows in one.proposed.items()}
    return (
        one.patients.equals(other.patients)
        and np.array_equal(one.pos, other.pos)
        and np.array_equal(one.neg, other.neg)
        and orders == {act: rows.tolist() for act, rows in other.proposed.items()}
        and [(r.patient, r.code) for r in one.rejects] == [(r.patient, r.code) for r in other.rejects]
    )


# -- bad rows --

WEEKS, DIAMETER, LEVEL = "sn:conservativeTherapyWeeks", "sn:indexNode/sn:diameterMillimetre", "sn:indexNode/sn:vertebra"
REJECTS: list[tuple[Row, str, str, str]] = [
    # the row, the code, a part of the reason, a part of the remedy
    ({"patient": None}, "patient-without-iri", "no patient", "IRI"),
    ({"patient": ""}, "patient-without-iri", "no patient", "IRI"),
    ({"patient": "Jane Doe"}, "bad-iri", "'Jane Doe'", "absolute IRI"),
    ({"patient": "jane"}, "bad-iri", "'jane'", "absolute IRI"),
    ({"patient": "urn:x:<1>"}, "bad-iri", "urn:x:<1>", "absolute IRI"),
    ({"patient": "https://example.org/a b"}, "bad-iri", "a b", "absolute IRI"),
    ({"patient": "sn:L4"}, "axiom-in-record", "sn:L4", "name the patient"),
    ({"patient": "https://w3id.org/guideproof/schmorl#L4"}, "axiom-in-record", "#L4", "name the patient"),
    ({"sn:indexNode": False}, "no-absence", "sn:indexNode is false", "empty"),
    ({LEVEL: "sn:L44"}, "unknown-term", "sn:vertebra sn:L44", "did you mean sn:L4?"),
    ({LEVEL: "L4"}, "unknown-term", "sn:vertebra L4", "did you mean sn:L4?"),
    ({LEVEL: "sn:InferiorEndplate"}, "unknown-value", "sn:vertebra sn:InferiorEndplate: the level is not", "sn:T1"),
    ({LEVEL: "urn:y:1"}, "unknown-value", "sn:vertebra urn:y:1: the level is not", "sn:T1"),
    ({f"{WEEKS}.low": float("nan")}, "wrong-datatype", f"{WEEKS}.low nan", "empty"),
    ({f"{WEEKS}.high": float("inf")}, "wrong-datatype", f"{WEEKS}.high inf", "empty"),
    ({f"{WEEKS}.low": 1500.1}, "out-of-range", f"{WEEKS}.low 1500.1: ", "correct"),
    ({f"{WEEKS}.low": -0.1}, "out-of-range", f"{WEEKS}.low -0.1: ", "correct"),
    ({f"{DIAMETER}.high": 0.0}, "out-of-range", f"{DIAMETER}.high 0.0: ", "correct"),
    ({f"{DIAMETER}.high": 60.5}, "out-of-range", f"{DIAMETER}.high 60.5: ", "correct"),
    (
        {f"{DIAMETER}.low": 7.0, f"{DIAMETER}.high": 6.5},
        "contradictory-record",
        "at least 7.0 and at most 6.5",
        "wrong",
    ),
]


def bad_table() -> pa.Table:
    """The bad rows, a good one before each."""
    rows: list[Row] = []
    for number, (row, *_) in enumerate(REJECTS):
        rows += [{"patient": f"urn:good:{number}", "sn:Fever": True}, {"patient": f"urn:bad:{number}", **row}]
    return table_of(main(), rows)
