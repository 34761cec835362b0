"""Deciding for a population on Spark: what `batch` gives for fact tables, by the same kernel in `mapInArrow`.

https://spark.apache.org/docs/latest/api/python/reference/pyspark.sql/api/pyspark.sql.DataFrame.mapInArrow.html

The guideline is compiled once, in the driver. Every row is answered or rejected. The answers are a directory of Parquet
files as Spark writes them, in no order; nothing is left of a run that fails, and it does not go on where it stopped.
"""

from __future__ import annotations

import csv
import heapq
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Reject
from reasoner.population.bar import counted
from reasoner.population.batch import Options, table_of
from reasoner.population.fact_table.table import PATIENT
from reasoner.population.identities import MOST, Fingerprint, check_unchanged, rejects_by_part
from reasoner.population.parts import Outcome, rejects_path, tell
from reasoner.population.sources import files_of
from reasoner.population.spark.rows import (
    FILE,
    READ,
    REJECT,
    FactFiles,
    Rows,
    Shipped,
    duplicates,
    fact_files,
    flat_schema,
)
from reasoner.population.spark.session import session, told

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession
    from pyspark.sql.types import StructType

#: The file that tells the schema of the answers: the types of the embedded engine, and what the columns mean.
SCHEMA = "_common_metadata"
_DONE = "_SUCCESS"
_SPARK_SCHEMA = "org.apache.spark.sql.parquet.row.metadata"


def run_spark(guideline: Guideline, given: Path, out: Path, options: Options, spark: str | SparkSession) -> Outcome:
    """Decide for every patient of the fact tables in `given`, on a Spark master or beside a session that is there.

    The answers are a directory `out`, which appears whole; the rejects are one CSV file beside it. Raises InputError
    for input that cannot be used at all, EngineError where Spark fails.
    """
    began = time.monotonic()
    files = files_of(given)
    _check_output(given, out, options)
    schema = table_of(guideline, options).schema
    tables, inputs = fact_files(guideline, files), [Fingerprint.of(file) for file in files]
    try:
        with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as scratch:
            with session(spark) as found, told():
                job = _Job(found, guideline, options, schema, [str(file) for file in files])
                rejects = job.write(tables, Path(scratch))
            check_unchanged(inputs)
            outcome = _deliver(rejects, Path(scratch), out)
    except OSError as error:
        what = f"cannot write: {error.strerror or error}"
        raise InputError(Problem("unwritable", what, "give a path that can be written", str(out))) from error
    rejected = f"; {outcome.rejects:,} rejected: see {outcome.rejects_file}" if outcome.rejects_file else ""
    tell(f"{counted(outcome.rows)} in {time.monotonic() - began:,.1f} s{rejected}")
    return outcome


# -- output --


def _check_output(given: Path, out: Path, options: Options) -> None:
    """Raises InputError where the answers cannot go to `out`."""
    if options.format != "parquet":
        remedy = "write Parquet, or leave out --spark"
        raise InputError(Problem("unknown-format", f"Spark does not write {options.format}", remedy, str(out)))
    if not out.parent.is_dir():
        raise InputError(Problem("no-such-directory", "there is no such directory", "create it", str(out.parent)))
    if given.resolve().is_relative_to(out.resolve()):
        what = "the answers would replace the input"
        raise InputError(Problem("output-is-input", what, "give another path", str(out)))
    if out.exists() and not ((out / SCHEMA).is_file() and (out / _DONE).is_file()):
        remedy = "move it away, or give another path: only answers of an earlier run on Spark are replaced"
        raise InputError(Problem("output-exists", "there is something else", remedy, str(out)))


def _deliver(rejects: int, scratch: Path, out: Path) -> Outcome:
    """Move the answers and the rejects from `scratch` to where they go; what was there before stays until then."""
    whole, target = scratch / "whole", rejects_path(out)
    rows = sum(pyarrow.parquet.read_metadata(part).num_rows for part in whole.glob("part-*.parquet"))
    if rejects:
        (scratch / "rejects").replace(target)
    else:
        target.unlink(missing_ok=True)
    if out.exists():
        out.rename(scratch / "before")
    try:
        whole.rename(out)
    except BaseException:
        if (scratch / "before").exists():
            (scratch / "before").rename(out)
        raise
    return Outcome(rows, rejects, target if rejects else None, {})


# -- on Spark --


class _Job:
    """The frames of one batch."""

    def __init__(
        self, spark: SparkSession, guideline: Guideline, options: Options, schema: pa.Schema, names: Sequence[str]
    ) -> None:
        self.spark, self.schema, self.names = spark, schema, tuple(names)
        self.shipped = Shipped.of(guideline, options.as_of, options.reasons, options.only)

    def write(self, tables: Sequence[FactFiles], scratch: Path) -> int:
        """Write the answers and the rejects into `scratch`; give the number of rejects."""
        decided = self._decided(tables).persist()
        try:
            met = self.spark.createDataFrame(self._repeated(decided))
            places = decided.join(met, PATIENT, "left_semi").select(PATIENT, FILE, READ).toArrow()
            once = decided.join(met, PATIENT, "left_anti")
            self._answers(once, scratch / "whole")
            again = rejects_by_part(duplicates(places), self.names)
            return self._rejects(once, again, scratch / "rejects")
        finally:
            decided.unpersist()

    def _decided(self, tables: Sequence[FactFiles]) -> DataFrame:
        """A row for each patient who is answered, and one for each reject."""
        schema = spark_schema(flat_schema(self.schema))
        frames = [self._frame(one).mapInArrow(Rows(self.shipped, one).decided, schema) for one in tables]
        return reduce(type(frames[0]).union, frames)

    def _frame(self, tables: FactFiles) -> DataFrame:
        """The rows of fact tables, and of each the file and its place there; columns go by their order."""
        paths = [f"file:{path}" for path in tables.files]
        # Paths are no patterns, and nothing is read from the names of directories.
        read = self.spark.read.options(recursiveFileLookup="true", __globPaths__="false")
        if tables.header is None:
            columns = [*map(_quoted, tables.schema.names), "_metadata.file_path", "_metadata.row_index"]
            frame = read.parquet(*paths).select(columns)
        else:
            lines = read.text(paths, lineSep="\n")
            frame = lines.select("value", "_metadata.file_path", "_metadata.file_block_start")
        return frame.toDF(*(f"c{number}" for number in range(len(frame.columns))))

    def _repeated(self, decided: DataFrame) -> pa.Table:
        """The patients who are described more than once. Raises InputError where they are too many."""
        from pyspark.sql import functions as f

        counts = [f.count("*").alias("met"), f.sum(f.col(READ).cast("int")).alias("read")]
        files = [f.min(FILE).alias("low"), f.max(FILE).alias("high")]
        counted = decided.where(f.col(PATIENT) != "").groupBy(PATIENT).agg(*counts, *files)
        found = counted.where("low < high OR read > 0 AND met > 1").select(PATIENT).limit(MOST + 1).toArrow()
        if found.num_rows > MOST:
            remedy = "give each patient once: a file may be there twice under two names"
            raise InputError(Problem("duplicate-patients", f"more than {MOST:,} patients are described twice", remedy))
        return found

    def _answers(self, once: DataFrame, path: Path) -> None:
        """Write the answers as a directory, with what the embedded engine would tell of their columns."""
        answers = once.where(f"{REJECT[0]} IS NULL").select([_quoted(name) for name in self.schema.names])
        answers.write.parquet(f"file:{path.absolute()}")
        told_of = {**(self.schema.metadata or {}), _SPARK_SCHEMA: answers.schema.json()}
        pyarrow.parquet.write_metadata(self.schema.with_metadata(told_of), path / SCHEMA)

    def _rejects(self, once: DataFrame, again: Mapping[int, Mapping[str, Reject]], path: Path) -> int:
        """Write the rejects file by file, those of patients described again last; give their number."""
        own = once.where(f"{REJECT[0]} IS NOT NULL").select(FILE, PATIENT, *REJECT).orderBy(FILE, PATIENT, *REJECT)
        others = sorted((file, True, *astuple(one)) for file, named in again.items() for one in named.values())
        count = 0
        with path.open("w", encoding="utf-8", newline="") as text:
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow([column.name for column in fields(Reject)])
            for _, _, *reject in heapq.merge(((row[0], False, *row[1:]) for row in own.toLocalIterator()), others):
                writer.writerow(reject)
                count += 1
        return count


def spark_schema(columns: pa.Schema) -> StructType:
    """The schema as Spark has it, with what the columns mean."""
    from pyspark.sql import types as t

    kinds = {pa.string(): t.StringType(), pa.bool_(): t.BooleanType(), pa.int32(): t.IntegerType()}
    told_of = [{key.decode(): text.decode() for key, text in (column.metadata or {}).items()} for column in columns]
    return t.StructType([t.StructField(column.name, kinds[column.type], column.nullable, metadata)
                         for column, metadata in zip(columns, told_of, strict=True)])  # fmt: skip


def _quoted(name: str) -> str:
    return f"`{name.replace('`', '``')}`"
