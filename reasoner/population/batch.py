"""Deciding for a whole population: sources → cohorts → the kernel → columns, unit by unit."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import SHARED, Guideline, ontology_files, shapes_files, version
from reasoner.population.answers import DIRECTORY, check_replaceable
from reasoner.population.bar import busy
from reasoner.population.processes import processes
from reasoner.population.results import ResultTable
from reasoner.population.run import BatchOutcome, BatchPlan, rejects_path, run_units
from reasoner.population.sources import Readers, Source, files_of, open_sources
from reasoner.population.unit import ScatteredError, Unit
from reasoner.population.work import SourceWork, UnitAnswers
from reasoner.population.workspace import ordinary, scratch, workspace

_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".csv": "csv",
             ".nq": "n-quads"}  # fmt: skip

#: How many times smaller a unit of a table is where each patient makes kilobytes of N-Quads.
_CUT = 128


@dataclass(frozen=True)
class BatchOptions:
    """What a batch is to do besides where from and where to; `only` names columns, as for `ResultTable`.

    `format` is `parquet`, `arrow`, `csv`, `n-quads`, or `directory`: of Parquet.
    """

    as_of: date
    format: str
    reasons: bool = False
    only: tuple[str, ...] = ()
    workers: int = os.cpu_count() or 1


def format_of(out: str, wanted: str | None) -> str:
    """The format of the output: what is wanted, or what the suffix says; `directory` for a path that names one.

    A path without a suffix, or that ends in a slash, names a directory of Parquet. Raises InputError where nothing
    tells the format, and for a directory of anything else.
    """
    suffix = Path(out).suffix.lower()
    if out.endswith(os.sep) or not suffix:
        if wanted in (None, "parquet"):
            return DIRECTORY
        if out.endswith(os.sep):
            remedy = "leave out --format, or name a file"
            raise InputError(Problem("unknown-format", f"a directory holds Parquet, not {wanted}", remedy, out))
    found = wanted or _SUFFIXES.get(suffix)
    if found is None:
        raise InputError(
            Problem("unknown-format", f"the suffix {suffix!r} of the output names no format",
                    f"end it in {', '.join(_SUFFIXES)}, or give --format", out)
        )  # fmt: skip
    return found


def run_batch(guideline: Guideline, given: Path, out: Path, options: BatchOptions) -> BatchOutcome:
    """Decide for every patient in `given`, a file or a directory of files, and write the answers to `out`.

    Raises InputError for input that cannot be used at all; what is wrong with one patient goes to the rejects.
    """
    files, out = files_of(given), ordinary(out)
    check_output(guideline, given, files, out, options)
    with workspace(out) as folder:
        readers = Readers(guideline, options.as_of, _CUT if options.format == "n-quads" else 1)
        own = scratch(folder)
        with busy("looking at the input"):
            sources = open_sources(files, readers, _fresh(own), options.workers)
        while True:
            try:
                return _run(readers, files, sources, out, options, folder)
            except ScatteredError as error:
                with busy(f"regrouping by patient in {error}"):
                    sources = [
                        new for s in sources for new in (s.whole(_fresh(own)) if str(s.path) == str(error) else [s])
                    ]


def check_output(guideline: Guideline, given: Path, files: Sequence[Path], out: Path, options: BatchOptions) -> None:
    """Raise InputError for an output that cannot be written, or would lie in the input, or for unknown columns."""
    ordinary(rejects_path(out))
    if not out.parent.is_dir():
        raise InputError(Problem("no-such-directory", "there is no such directory", "create it", str(out.parent)))
    target, read = out.resolve(), {file.resolve() for file in files}
    among = given.is_dir() and given.resolve() in target.parents
    if options.format == DIRECTORY and given.resolve().is_relative_to(target):
        what = "the answers would replace the input"
        raise InputError(Problem("output-is-input", what, "give another path", str(out)))
    if among or not read.isdisjoint((target, rejects_path(target))):
        what = "the output lies in the input" if among else "the output is the input"
        raise InputError(Problem("output-in-input", what, "give a path outside the input", str(out)))
    if options.format == DIRECTORY:
        check_replaceable(out)
    elif out.is_dir():
        remedy = "give the path of a file, or end the path in / for a directory of Parquet"
        raise InputError(Problem("unwritable", "cannot write: this is a directory", remedy, str(out)))
    if options.only and options.format == "n-quads":
        remedy = "leave out --only, or write Parquet, Arrow or CSV"
        raise InputError(Problem("no-columns", "N-Quads have no columns to choose from", remedy, str(out)))
    if options.only:
        ResultTable(guideline, only=options.only)


def _fresh(scratch: Path) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))


def _run(
    readers: Readers, files: Sequence[Path], sources: Sequence[Source], out: Path, options: BatchOptions, folder: Path
) -> BatchOutcome:
    named = {str(source.path): source for source in sources}
    work = SourceWork(readers, named, options.format, options.reasons, options.only)
    depends = {
        "as-of": options.as_of.isoformat(), "reasons": options.reasons, "only": sorted(options.only),
        "guideline": fingerprint(readers.guideline), "software": version(),
        "regrouped": [str(source.path) for source in sources if source.regrouped],
    }  # fmt: skip
    units = [unit for source in sources for unit in source.units()]
    plan = BatchPlan(out, options.format, work.schema, files, units, depends)
    pool, task = _pool(work, len(units), options)
    try:
        return run_units(plan, work, folder, (pool, task), ahead=options.workers)
    finally:
        pool.shutdown(cancel_futures=True)


def _pool(work: SourceWork, units: int, options: BatchOptions) -> tuple[Executor, Callable[[Unit], UnitAnswers]]:
    """Threads; or processes for N-Quads of several units, where threads would wait for each other."""
    if options.format == "n-quads" and units > 1 and options.workers > 1:
        return processes(options.workers, work.answers)
    return ThreadPoolExecutor(options.workers), work.answers


def fingerprint(guideline: Guideline) -> str:
    """A hash of the files that the guideline decides by, and of those that word what is refused."""
    shapes = [path for name in (*SHARED, "record", "derivation") for path in guideline.shape_files(name)]
    files = [*ontology_files(guideline.directory), *shapes_files(guideline.directory), *shapes]
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()
