"""Deciding for a whole population: sources → cohorts → the kernel → columns, in parts that survive being killed."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, fields
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import SHARED, Guideline, version
from reasoner.kernel.arrays import strings
from reasoner.kernel.cohort import NODE, Cohort, Reject
from reasoner.kernel.kernel import Decided
from reasoner.population.bar import busy
from reasoner.population.parquet_join import ArrowSink, Body, CsvSink, ParquetSink, QuadsSink, Sink
from reasoner.population.parts import Batch, Outcome, Part, rejects_path, run_parts
from reasoner.population.processes import Processes
from reasoner.population.results import ResultTable, contradictions
from reasoner.population.scratch import scratch_of
from reasoner.population.sources import Readers, Source, files_of, open_sources
from reasoner.population.unit import ScatteredError, Unit

if TYPE_CHECKING:
    from reasoner.population.quads import QuadsWriter
    from reasoner.population.reasons import Reasons

FORMATS = ("parquet", "arrow", "csv", "n-quads")
_SUFFIXES = {".parquet": "parquet", ".pq": "parquet", ".arrow": "arrow", ".feather": "arrow", ".csv": "csv",
             ".nq": "n-quads"}  # fmt: skip


#: From what takes as long to parse as so many bytes of N-Triples, processes are worth their start.
_WORTH_PROCESSES = 384 << 20

#: What the summary says of patients whose records hold more than columns can.
_REFERRED = "read one record at a time, for what columns cannot hold"

#: How many times smaller a unit of a table is where each patient makes kilobytes of N-Quads.
_CUT = 128


@dataclass(frozen=True)
class Options:
    """What a batch is to do besides where from and where to; `only` names columns, as for `ResultTable`."""

    as_of: date
    format: str
    reasons: bool = False
    only: tuple[str, ...] = ()
    workers: int = os.cpu_count() or 1


def table_of(guideline: Guideline, options: Options) -> ResultTable:
    """The columns that are wanted. Raises InputError for a name that no column has."""
    return ResultTable(guideline, options.as_of, reasons=options.reasons, only=options.only)


def format_of(out: Path, wanted: str | None) -> str:
    """The format of the output: what is wanted, or what the suffix says. Raises InputError where neither tells."""
    found = wanted or _SUFFIXES.get(out.suffix.lower())
    if found is None:
        raise InputError(
            Problem("unknown-format", f"the suffix {out.suffix!r} of the output names no format",
                    f"end it in {', '.join(_SUFFIXES)}, or give --format", str(out))
        )  # fmt: skip
    return found


def run_batch(guideline: Guideline, given: Path, out: Path, options: Options) -> Outcome:
    """Decide for every patient in `given`, a file or a directory of files, and write the answers to `out`.

    Raises InputError for input that cannot be used at all; what is wrong with one patient goes to the rejects.
    """
    files = files_of(given)
    _check_apart(given, files, out)
    _check_columns(guideline, out, options)
    with scratch_of(out) as scratch:
        readers = Readers(guideline, options.as_of, _CUT if options.format == "n-quads" else 1)
        with busy("looking at the input"):
            sources = open_sources(files, readers, _fresh(scratch), options.workers)
        while True:
            try:
                return _run(readers, files, sources, out, options, _fresh(scratch))
            except ScatteredError as error:
                with busy(f"bringing together what belongs to one patient in {error}"):
                    sources = [s.whole(_fresh(scratch)) if str(s.path) == str(error) else s for s in sources]


def _check_apart(given: Path, files: Sequence[Path], out: Path) -> None:
    """Raise InputError for an output that would be written over the input, or among what is read."""
    if not out.parent.is_dir():
        raise InputError(Problem("no-such-directory", "there is no such directory", "create it", str(out.parent)))
    place, read = out.resolve(), {file.resolve() for file in files}
    among = given.is_dir() and given.resolve() in place.parents
    if among or not read.isdisjoint((place, rejects_path(place))):
        what = "the output lies in the input" if among else "the output is the input"
        raise InputError(Problem("output-in-input", what, "give a path outside the input", str(out)))


def _check_columns(guideline: Guideline, out: Path, options: Options) -> None:
    """Raise InputError for columns that there are not."""
    if options.only and options.format == "n-quads":
        remedy = "leave out --only, or write Parquet, Arrow or CSV"
        raise InputError(Problem("no-columns", "N-Quads have no columns to choose from", remedy, str(out)))
    if options.only:
        table_of(guideline, options)


def _fresh(scratch: str) -> Path:
    return Path(tempfile.mkdtemp(dir=scratch))


def _run(
    readers: Readers, files: Sequence[Path], sources: Sequence[Source], out: Path, options: Options, folder: Path
) -> Outcome:
    work = _Work(readers, {str(source.path): source for source in sources}, options)
    depends = {
        "as-of": options.as_of.isoformat(), "format": options.format, "reasons": options.reasons,
        "only": sorted(options.only),
        "guideline": _fingerprint(readers.guideline), "software": version(),
        "regrouped": [str(source.path) for source in sources if source.regrouped],
    }  # fmt: skip
    units = [unit for source in sources for unit in source.units()]
    apart = options.workers > 1 and _worth_processes(sources, len(units), options.format)
    with Processes(work, options.workers, folder) if apart else nullcontext(work) as worker:
        return run_parts(Batch(out, files, units, depends), worker.part, work.sink, workers=options.workers)


def _worth_processes(sources: Sequence[Source], units: int, format: str) -> bool:
    """Whether threads would wait for each other: where much is parsed, or several units of N-Quads are written."""
    parsed = sum(source.work for source in sources)
    return parsed >= _WORTH_PROCESSES or (format == "n-quads" and units > 1)


def _fingerprint(guideline: Guideline) -> str:
    """A hash of all that the guideline decides by, and of the shapes and rules that the reference runs."""
    files = [path for name in (*SHARED, "record", "derivation") for path in guideline.shape_files(name)]
    content = msgspec.json.encode(guideline.content, order="deterministic")
    return hashlib.sha256(b"\0".join([content, *(path.read_bytes() for path in files)])).hexdigest()


def _sink(format: str, schema: pa.Schema) -> Sink:
    kinds: dict[str, Callable[[pa.Schema], Sink]] = {"parquet": ParquetSink, "arrow": ArrowSink, "csv": CsvSink}
    return kinds[format](schema) if format in kinds else QuadsSink()


@dataclass(frozen=True)
class _Work:
    """What is done with each unit; what it takes is made where it is used."""

    readers: Readers
    sources: dict[str, Source]
    options: Options

    def __getstate__(self) -> dict[str, object]:
        return {field.name: getattr(self, field.name) for field in fields(self)}

    @property
    def guideline(self) -> Guideline:
        """The guideline."""
        return self.readers.guideline

    @cached_property
    def table(self) -> ResultTable:
        """The columns of the answers."""
        return table_of(self.guideline, self.options)

    @cached_property
    def sink(self) -> Sink:
        """What encodes and joins parts."""
        return _sink(self.options.format, self.table.schema)

    @cached_property
    def _reasons(self) -> Reasons | None:
        if not self.options.reasons:
            return None
        from reasoner.population.reasons import Reasons

        return Reasons(self.guideline, self.table.reasoned)

    @cached_property
    def _quads(self) -> QuadsWriter | None:
        if self.options.format != "n-quads":
            return None
        from reasoner.population.quads import QuadsWriter

        return QuadsWriter(self.guideline, self.options.as_of)

    def part(self, unit: Unit, without: frozenset[str]) -> Part:
        """The answers for a unit's patients, those named left out, encoded."""
        source = self.sources[unit.file]
        shared = _shared(source, unit, without) if without else []
        without |= {reject.patient for reject in shared}
        cohort = source.cohort(unit)
        decided = cohort.decided or self.readers.kernel.decide(cohort)
        wrong = (*cohort.rejects, *contradictions(self.guideline, cohort, decided, unit.file))
        rejects = (*(reject for reject in wrong if reject.patient not in without), *shared)
        body, rows = self._body(cohort, decided, without)
        extra = {_REFERRED: cohort.referred} if cohort.referred else {}
        return Part(pa.py_buffer(self.sink.encode(body)), rows, _names(cohort), rejects, extra)

    def _body(self, cohort: Cohort, decided: Decided, without: frozenset[str]) -> tuple[Body, int]:
        """The output for the patients who are not named, and their number."""
        if self._quads:
            return self._quads.write(cohort, decided, without)
        body = self.table.batch(cohort, decided, self._reasons.columns(cohort, decided) if self._reasons else ())
        if without:
            body = body.filter(pc.invert(pc.is_in(body["patient"], strings(sorted(without)))))
        return body, body.num_rows


def _shared(source: Source, unit: Unit, without: frozenset[str]) -> list[Reject]:
    """Those of a unit's patients who have a node in common with a patient of another file: one is among the names."""
    if not source.regrouped:
        raise ScatteredError(unit.file)  # perhaps one patient, told of in several places of the file
    return source.shared(unit, {name for name in without if NODE in name})


def _names(cohort: Cohort) -> pa.Array:
    """The names of all patients of a cohort, refused or not, and of the nodes of their records."""
    refused = strings(sorted({reject.patient for reject in cohort.rejects if reject.patient}))
    nodes = [] if cohort.nodes is None else [cohort.nodes]
    return pa.concat_arrays([_plain(cohort.patients), refused, *nodes])


def _plain(patients: pa.Array | pa.ChunkedArray) -> pa.Array:
    return patients.combine_chunks() if isinstance(patients, pa.ChunkedArray) else patients
