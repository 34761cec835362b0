"""What is refused of a fact table: the whole table, or a row of it, or a row of a CSV file for a cell."""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pytest
from fact_rows import DIAMETER, LEVEL, REJECTS, WEEKS, bad_table, cohorts_equal, main, read, read_cohort, said

from reasoner.errors import InputError
from reasoner.kernel.cohort import Cohort
from reasoner.population.fact_table.reader import FactTableReader, csv_options

# -- tables --


def problems(columns: Mapping[str, Any], of: Any = main) -> list[tuple[str, str]]:
    with pytest.raises(InputError) as error:
        read_cohort(pa.table(columns), of(), "rows.parquet")
    assert error.value.exit_code == 2
    assert {problem.file for problem in error.value.problems} == {"rows.parquet"}
    return [(problem.code, problem.remedy) for problem in error.value.problems]


ONE = {"patient": ["urn:x:1"]}


def test_no_patient_column() -> None:
    assert problems({"sn:Fever": [True]})[0][0] == "no-patient-column"


def test_unknown_columns_with_the_nearest() -> None:
    found = problems({**ONE, "sn:Feverr": [True], "fever": [True], "zzzzzz": [1]})
    assert found[:2] == [("unknown-column", "did you mean sn:Fever?")] * 2
    assert found[2] == ("unknown-column", "leave it out; guideproof schema lists the columns")


@pytest.mark.parametrize(("name", "column", "wanted"), [
    ("sn:Fever", pa.array([1]), "bool"),
    ("sn:indexNode", pa.array([1.0]), "bool"),
    ("gp:proposes/sn:SpineMri", pa.array([1]), "bool"),
    ("sn:indexNode/sn:vertebra", pa.array([4]), "string"),
    ("sn:conservativeTherapyWeeks", pa.array([True]), "float64 (double) or decimal128"),
    ("sn:conservativeTherapyWeeks.low", pa.array([1.5], pa.float32()), "float64 (double) or decimal128"),
    ("sn:conservativeTherapyWeeks.high", pa.array([date(2026, 1, 1)]), "float64 (double) or decimal128"),
    ("patient", pa.array([7]), "string"),
])  # fmt: skip
def test_a_column_of_a_wrong_type(name: str, column: pa.Array, wanted: str) -> None:
    assert problems({**ONE, name: column}) == [("wrong-type", f"give it the type {wanted}")]


def test_a_quantity_given_twice() -> None:
    weeks = "sn:conservativeTherapyWeeks"
    assert problems({**ONE, weeks: [1.0], f"{weeks}.low": [1.0]})[0][0] == "bounds-twice"
    assert problems({**ONE, weeks: [1.0], f"{weeks}.high": [1.0]})[0][0] == "bounds-twice"


def test_bounds_of_two_types() -> None:
    weeks = "sn:conservativeTherapyWeeks"
    mixed = {f"{weeks}.low": [1.0], f"{weeks}.high": pa.array([Decimal(2)])}
    assert [code for code, _ in problems({**ONE, **mixed})] == ["wrong-type"]


def test_a_column_twice() -> None:
    table = pa.Table.from_arrays([pa.array(["urn:x:1"]), *[pa.array([True])] * 2], ["patient", "sn:Fever", "sn:Fever"])
    with pytest.raises(InputError, match="duplicate-column"):
        read_cohort(table, main(), "t")


def test_all_problems_are_told() -> None:
    assert [code for code, _ in problems({"sn:Feverr": [True], "sn:NightSweats": [1]})] == [
        "no-patient-column", "unknown-column", "wrong-type"
    ]  # fmt: skip


# -- rows --


def test_a_bad_row_is_a_reject_and_the_rest_is_read() -> None:
    cohort = read_cohort(bad_table(), main(), "rows.parquet")
    assert cohort.patients.to_pylist() == [f"urn:good:{number}" for number in range(len(REJECTS))]
    assert {said(cohort, row) for row in range(cohort.rows)} == {said(read(main, {"sn:Fever": [True]}), 0)}
    assert [reject.code for reject in cohort.rejects] == [code for _, code, _, _ in REJECTS]
    for number, (reject, (row, _, reason, remedy)) in enumerate(zip(cohort.rejects, REJECTS, strict=True)):
        assert reject.source == f"rows.parquet:{2 * number + 2}"
        assert reject.patient.endswith(row["patient"] or "" if "patient" in row else f"urn:bad:{number}")
        assert reason in reject.reason and remedy in reject.remedy


def test_a_row_with_two_faults_has_two_rejects() -> None:
    cohort = read(main, {"sn:indexNode": [False], f"{WEEKS}": [float("nan")]})
    assert [reject.code for reject in cohort.rejects] == ["no-absence", "wrong-datatype"]
    assert cohort.rows == 0


def test_integers_beyond_those_of_a_float() -> None:
    cohort = read(main, {WEEKS: pa.array([2**53 + 1, 12], pa.int64())})
    assert cohort.rejects[0].code == "inexact-number"
    assert cohort.rows == 1


def test_an_open_end_may_be_a_bound() -> None:
    cohort = read(main, {f"{DIAMETER}.low": [0.0, 0.0], f"{DIAMETER}.high": [3.0, 60.0]})
    assert cohort.rows == 2


@pytest.mark.parametrize(("written", "meant"), [
    ("urn:x:1", None), ("https://example.org/p#1", None), ("mailto:p@example.org", None), ("urn:ü:1", None),
    ("https://example.org/%20", None), ("sn:patient-1", "https://w3id.org/guideproof/schmorl#patient-1"),
    ("https://w3id.org/guideproof/schmorl#patient-1", None),
])  # fmt: skip
def test_patients(written: str, meant: str | None) -> None:
    """One by one, and among others that look alike."""
    for names in ([written], ["https://example.org/1", written, "https://example.org/2"]):
        cohort = read_cohort(pa.table({"patient": names}), main(), "t")
        assert cohort.patients.to_pylist() == [meant if name == written and meant else name for name in names]


@pytest.mark.parametrize("char", list(' "<>[]^`{|}%\\\n\x00'))
def test_a_character_that_no_iri_has_there(char: str) -> None:
    names = ["https://example.org/1", f"https://example.org/2{char}", "https://example.org/3"]
    cohort = read_cohort(pa.table({"patient": names}), main(), "t")
    assert [(reject.source, reject.code) for reject in cohort.rejects] == [("t:2", "bad-iri")]


def test_numbers_of_rows_go_on() -> None:
    assert read(main, {"sn:indexNode": [True, False]}, first=70).rejects[0].source == "rows.parquet:71"


def test_one_reader_reads_many_tables() -> None:
    reader = FactTableReader(main())
    batches = bad_table().to_batches(max_chunksize=7)
    cohorts = [reader.read(batch, "rows.parquet", 1 + 7 * number) for number, batch in enumerate(batches)]
    whole = read_cohort(bad_table(), main(), "rows.parquet")
    assert [reject for cohort in cohorts for reject in cohort.rejects] == list(whole.rejects)
    assert sum(cohort.rows for cohort in cohorts) == whole.rows


# -- cells of text --


def csv(text: str) -> Cohort:
    options = csv_options(main())
    return read_cohort(pyarrow.csv.read_csv(io.BytesIO(text.encode()), convert_options=options), main(), "t.csv", 2)


def test_cells_of_a_csv() -> None:
    flags = ["true", "TRUE", "yes", "1", "false", "No", "0", "", "NA", "null", " true "]
    cohort = csv("patient,sn:Fever\n" + "".join(f"urn:x:{i},{flag}\n" for i, flag in enumerate(flags)))
    expected = read(main, {"sn:Fever": [True] * 4 + [False] * 3 + [None] * 3 + [True]})
    assert not cohort.rejects and cohorts_equal(cohort, expected)


def test_numbers_of_a_csv() -> None:
    texts = ["6", "+6.0", "6.", "6e0", " 6 ", "", "na"]
    cohort = csv(f"patient,{WEEKS}\n" + "".join(f"urn:x:{i},{text}\n" for i, text in enumerate(texts)))
    assert not cohort.rejects and cohorts_equal(cohort, read(main, {WEEKS: [6.0] * 5 + [None] * 2}))


@pytest.mark.parametrize(("name", "cell", "code"), [
    ("sn:Fever", "maybe", "wrong-datatype"), ("sn:Fever", "2", "wrong-datatype"), (WEEKS, "6 weeks", "wrong-datatype"),
    (WEEKS, "nan", "wrong-datatype"), (WEEKS, "inf", "wrong-datatype"), (WEEKS, "0x6", "wrong-datatype"),
    (WEEKS, "1e999", "wrong-datatype"), (WEEKS, "6.00000000000000001", "inexact-number"),
    (WEEKS, "1e9", "out-of-range"),
    (LEVEL, "sn:L4x", "unknown-term"), ("sn:indexNode", "false", "no-absence"), (WEEKS, '"1,5"', "wrong-datatype"),
])  # fmt: skip
def test_a_bad_cell_of_a_csv_is_a_reject_with_its_line(name: str, cell: str, code: str) -> None:
    cohort = csv(f"patient,{name}\nurn:x:1,\nurn:x:2,{cell}\nurn:x:3,\n")
    assert [(r.patient, r.source, r.code) for r in cohort.rejects] == [("urn:x:2", "t.csv:3", code)]
    assert cohort.patients.to_pylist() == ["urn:x:1", "urn:x:3"]


def test_the_digits_of_a_float_are_exact() -> None:
    assert not csv(f"patient,{WEEKS}\nurn:x:1,{90 / 7!r}\n").rejects
