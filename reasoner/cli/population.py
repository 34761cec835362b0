"""The commands for populations: `guideproof batch` and `schema`. A thin door; other modules give what it prints."""

from __future__ import annotations

import os
import sys
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from reasoner.cli.deliver import Writer, as_of_date, deliver, load
from reasoner.cli.options import AsOf, GuidelineDir, Out

app = typer.Typer()


class BatchFormat(StrEnum):
    """How the answers for a population are written."""

    PARQUET = "parquet"
    ARROW = "arrow"
    CSV = "csv"
    N_QUADS = "n-quads"


_EXAMPLES = (
    "guideproof batch ward.parquet answers.parquet\n\n"
    "guideproof batch records.nt answers/ --as-of 2026-11-01\n\n"
    "guideproof batch ward.parquet answers.csv --only management --only status\n\n"
    "guideproof batch records/ answers.nq\n\nguideproof schema --format csv"
)

In = Annotated[Path, typer.Argument(metavar="IN", help="Fact tables or records: a file, or a directory of files.")]
To = Annotated[
    str,
    typer.Argument(
        metavar="OUT", help="A file by its suffix; without one, or with a / behind, a directory of Parquet."
    ),
]
To_Format = Annotated[BatchFormat | None, typer.Option("--format", help="By the suffix of OUT if not given.")]
Why = Annotated[bool, typer.Option("--reasons", help="Add the first reason of each management class, as JSON.")]
Only = Annotated[
    list[str] | None,
    typer.Option(metavar="COLUMN", help="Write this column only, or all of `management`; may be repeated."),
]
Spark = Annotated[
    str | None,
    typer.Option(metavar="MASTER", help="Decide on Spark, as local[2]: from fact tables to a directory of Parquet."),
]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Threads, or processes; as many as there are cores if not given.")
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{_EXAMPLES}")
def batch(
    given: In,
    out: To,
    format: To_Format = None,
    reasons: Why = False,
    only: Only = None,
    as_of: AsOf = "",
    workers: Workers = None,
    spark: Spark = None,
    guideline: GuidelineDir = None,
) -> None:
    """Decide for a population: Parquet, Arrow, CSV or RDF in, a column for each class out.

    The answers appear whole or not at all. A directory goes on where it stopped if it is given again. Patients that are
    refused go to OUT.rejects.csv; exit code 2.
    """
    from reasoner.population.batch import BatchOptions, format_of, run_batch

    day, kind = as_of_date(as_of), format_of(f"{out}/" if spark and not format else out, format)
    options = BatchOptions(day, kind, reasons, tuple(only or ()), workers or os.cpu_count() or 1)
    if spark:
        from reasoner.population.spark import run_spark

        outcome = run_spark(load(guideline), given, Path(out), options, spark)
    else:
        _keep_memory()
        outcome = run_batch(load(guideline), given, Path(out), options)
    if outcome.rejects:
        raise typer.Exit(2)


def _keep_memory() -> None:
    """Have the C library keep what is freed: giving it back, and getting it anew, takes a tenth of a batch.

    What is set are M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of glibc: https://man7.org/linux/man-pages/man3/mallopt.3.html.
    """
    import ctypes

    if sys.platform == "linux" and (mallopt := getattr(ctypes.CDLL(None), "mallopt", None)):
        for parameter in (-1, -3):
            mallopt(parameter, 1 << 30)


class SchemaFormat(StrEnum):
    """How the columns of a fact table are written."""

    ARROW = "arrow"
    JSON_SCHEMA = "json-schema"
    CSV = "csv"


_SCHEMAS = {".json": SchemaFormat.JSON_SCHEMA, ".csv": SchemaFormat.CSV}
_SCHEMA_EXAMPLES = (
    "guideproof schema\n\nguideproof schema --format csv --out patients.csv\n\n"
    "guideproof schema --out patients.parquet\n\nguideproof schema --format json-schema --guideline DIR"
)

SchemaOption = Annotated[
    SchemaFormat | None, typer.Option(help="arrow if not given, or by the suffix of --out. Printed, it is a table.")
]


@app.command(epilog=f"[bold]Examples[/bold]\n\n{_SCHEMA_EXAMPLES}")
def schema(format: SchemaOption = None, out: Out = None, guideline: GuidelineDir = None) -> None:
    """Print the columns of a table of patients. With --out, .arrow, .arrows and .parquet get a table without rows."""
    suffix = out.suffix.lower() if out else ""
    deliver(_schema(load(guideline), format or _SCHEMAS.get(suffix, SchemaFormat.ARROW), suffix), out)


def _schema(guideline: Any, kind: SchemaFormat, suffix: str) -> Writer:
    import json
    from functools import partial

    from reasoner.population.fact_table import schema as written

    if kind is SchemaFormat.JSON_SCHEMA:
        return json.dumps(written.json_schema(guideline), indent=2, ensure_ascii=False) + "\n"
    if kind is SchemaFormat.CSV:
        return written.csv_header(guideline)
    columns = written.schema(guideline)
    if suffix in written.SUFFIXES:
        return written.without_rows(columns, suffix)
    return partial(written.show, columns)
