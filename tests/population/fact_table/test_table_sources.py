"""Fact tables in every format and shape: the same rows in the same order, or one clear error."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.population.fact_table import files as table_sources

DAY = date(2026, 11, 22)
ROWS = 23
WEEKS = "sn:conservativeTherapyWeeks"


def name(number: int) -> str:
    return f"https://example.org/p{number}"


@pytest.fixture
def table(monkeypatch: pytest.MonkeyPatch) -> pa.Table:
    """A few rows, cut into units of hardly any."""
    monkeypatch.setattr(table_sources, "ROWS", 4)
    monkeypatch.setattr(table_sources, "BYTES", 150)
    return pa.table({
        "patient": [name(n) for n in range(ROWS)],
        "sn:Fever": pa.array([(True, False, None)[n % 3] for n in range(ROWS)]),
        f"{WEEKS}.low": pa.array([n / 2 if n % 4 else None for n in range(ROWS)]),
        "sn:indexNode/sn:vertebra": pa.array([("sn:L4", None, "sn:T12")[n % 3] for n in range(ROWS)]),
    })  # fmt: skip


def answers(guideline: Guideline, given: Path) -> pa.Table:
    out = given.with_name(f"{given.name}.out.parquet")
    run_batch(guideline, given, out, BatchOptions(DAY, "parquet"))
    return pq.read_table(out)


def refused(guideline: Guideline, given: Path) -> set[str]:
    with pytest.raises(InputError) as error:
        answers(guideline, given)
    assert not given.with_name(f"{given.name}.out.parquet").exists()
    return {problem.code for problem in error.value.problems}


def arrow(path: Path, table: pa.Table, rows: int, stream: bool = False) -> Path:
    with (pa.ipc.new_stream if stream else pa.ipc.new_file)(path, table.schema) as file:
        file.write_table(table, max_chunksize=rows)
    return path


def test_units_of_any_size_and_format_give_the_same(guideline: Guideline, table: pa.Table, tmp_path: Path) -> None:
    coded = table.set_column(3, table.schema.names[3], table[3].combine_chunks().dictionary_encode())
    given = [arrow(tmp_path / f"{rows}.arrow", table, rows) for rows in (1, 5, ROWS)]
    given += [arrow(tmp_path / f"{rows}.arrows", coded, rows, stream=True) for rows in (1, 5, ROWS)]
    for rows in (1, 5, ROWS):
        pq.write_table(coded, tmp_path / f"{rows}.parquet", row_group_size=rows)
        given.append(tmp_path / f"{rows}.parquet")
    pyarrow.csv.write_csv(table, tmp_path / "table.csv")
    text = (tmp_path / "table.csv").read_bytes()
    for stem, changed in {"crlf": text.replace(b"\n", b"\r\n"), "marked": b"\xef\xbb\xbf" + text, "open": text[:-1],
                          "blank": text + b"\n\n", "table": text}.items():  # fmt: skip
        (tmp_path / f"{stem}.csv").write_bytes(changed)
        given.append(tmp_path / f"{stem}.csv")
    expected = answers(guideline, given[0])
    assert expected["patient"].to_pylist() == table["patient"].to_pylist()
    for path in given[1:]:
        assert answers(guideline, path).equals(expected), path


def test_each_batch_of_a_stream_may_have_texts_of_its_own(
    guideline: Guideline, table: pa.Table, tmp_path: Path
) -> None:
    batches = [
        pa.record_batch([column.dictionary_encode() if pa.types.is_string(column.type) else column for column in batch],
                        names=batch.schema.names)
        for batch in table.to_batches(max_chunksize=5)
    ]  # fmt: skip
    with pa.ipc.new_stream(tmp_path / "own.arrows", batches[0].schema) as file:
        for batch in batches:
            file.write_batch(batch)
    assert answers(guideline, tmp_path / "own.arrows").equals(answers(guideline, arrow(tmp_path / "t.arrow", table, 5)))


@pytest.mark.parametrize("values", [
    pa.array([True, False]),
    pa.array(["true", "no"], pa.large_string()),
    pa.array(["yes", "0"]).dictionary_encode(),
])  # fmt: skip
@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int8(), pa.string())]
)
def test_text_may_be_of_any_type(guideline: Guideline, tmp_path: Path, values: pa.Array, kind: pa.DataType) -> None:
    patients = pa.array([name(0), name(1)]).cast(kind)
    pq.write_table(pa.table({"patient": patients, "sn:Fever": values}), tmp_path / "t.parquet")
    found = answers(guideline, tmp_path / "t.parquet")
    assert found.select(["patient", "sn:RedFlagPatient"]).to_pylist() == [
        {"patient": name(0), "sn:RedFlagPatient": True}, {"patient": name(1), "sn:RedFlagPatient": None},
    ]  # fmt: skip


def test_decimals_are_exact(guideline: Guideline, tmp_path: Path) -> None:
    weeks = pa.array([Decimal("6.00"), Decimal("5.99")], pa.decimal128(6, 2))
    pq.write_table(pa.table({"patient": [name(0), name(1)], WEEKS: weeks}), tmp_path / "t.parquet")
    assert answers(guideline, tmp_path / "t.parquet")["sn:AtLeast6WeeksPatient"].to_pylist() == [True, False]


HEADER = "patient,sn:Fever,sn:BackPain\n"
BROKEN = {
    "two-lines.csv": (f'{HEADER}{name(1)},true,"fal\nse"\n', "broken-row"),
    "two-rows-in-one.csv": (f'{HEADER}"{name(1)}\n{name(2)}",true,false\n', "broken-row"),
    "stray-quote.csv": (f'{HEADER}{name(1)},true,fal"se\n{name(2)},true,false\n', "broken-row"),
    "carriage-returns.csv": (f"{HEADER}{name(1)},true,false\n".replace("\n", "\r"), "broken-row"),
    "few.csv": (f"{HEADER}{name(1)},true\n", "not-readable"),
    "many.csv": (f"{HEADER}{name(1)},true,true,true\n", "not-readable"),
    "semicolons.csv": (f"{HEADER}{name(1)},true,true\n".replace(",", ";"), "other-format"),
    "no-rows.csv": ("patient,sn:Fevr\n", "unknown-column"),
    "empty.csv": ("", "empty-file"),
    "empty.parquet": ("", "not-readable"),
    "empty.arrow": ("", "not-readable"),
    "empty.arrows": ("", "not-readable"),
    "empty.nt": ("", "empty-file"),
    "empty.ttl": ("", "empty-file"),
    "blank.nt": (" \n\n", "empty-file"),
    "comment.nt": ("# nothing\n", "no-triples"),
    "nobody.nt": ("<urn:a> <urn:b> <urn:c> .\n", "no-patient"),
    "nobody.ttl": ("<urn:a> <urn:b> <urn:c> .\n", "no-patient"),
}


@pytest.mark.parametrize("file", BROKEN)
def test_what_cannot_be_read_is_one_error(guideline: Guideline, table: pa.Table, tmp_path: Path, file: str) -> None:
    text, code = BROKEN[file]
    (tmp_path / file).write_bytes(text.encode())
    assert table.num_rows
    assert code in refused(guideline, tmp_path / file)


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "arrows"])
def test_a_torn_file_is_one_error(guideline: Guideline, table: pa.Table, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"t.{suffix}"
    pq.write_table(table, path) if suffix == "parquet" else arrow(path, table, 5, suffix == "arrows")
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    assert refused(guideline, path) == {"not-readable"}
    path.write_bytes(whole[: len(whole) // 3] + b"\x55" * 200 + whole[len(whole) // 3 + 200 :])
    assert refused(guideline, path) <= {"not-readable", "not-utf8", "unknown-column", "no-patient-column"}


def test_text_that_is_not_utf8_is_one_error(guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "wide.csv").write_bytes(f"{HEADER}{name(1)},true,true\n".encode("utf-16"))
    assert refused(guideline, tmp_path / "wide.csv") == {"not-utf8"}
    (tmp_path / "latin.csv").write_bytes(f"{HEADER}{name(1)}é,true,true\n".encode("latin-1"))
    assert refused(guideline, tmp_path / "latin.csv") == {"not-readable"}


@pytest.mark.parametrize("column", [
    pa.array([[True]]), pa.array([{"a": True}]), pa.array([1]), pa.array([1.5], pa.float32()), pa.array([b"true"]),
])  # fmt: skip
def test_a_column_of_another_type_is_one_error(guideline: Guideline, tmp_path: Path, column: pa.Array) -> None:
    pq.write_table(pa.table({"patient": [name(0)], "sn:Fever": column}), tmp_path / "t.parquet")
    assert refused(guideline, tmp_path / "t.parquet") == {"wrong-type"}


@pytest.mark.parametrize("columns, codes", [
    (["patient", "sn:Fever"], set()),
    (["patient", "sn:Fevr"], {"unknown-column"}),
    (["sn:Fever"], {"no-patient-column"}),
])  # fmt: skip
def test_a_table_without_rows_is_looked_at(
    guideline: Guideline, tmp_path: Path, columns: list[str], codes: set[str]
) -> None:
    schema = pa.schema([(column, pa.string()) for column in columns])
    pq.ParquetWriter(tmp_path / "t.parquet", schema).close()
    arrow(tmp_path / "t.arrow", schema.empty_table(), 5)
    arrow(tmp_path / "t.arrows", schema.empty_table(), 5, stream=True)
    for name in ("t.parquet", "t.arrow", "t.arrows"):
        if codes:
            assert refused(guideline, tmp_path / name) == codes
        else:
            assert not answers(guideline, tmp_path / name).num_rows
