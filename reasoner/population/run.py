"""One run over all units of a batch: worked on by several threads or processes, written in their order.

A patient who is in several units is left out of all and rejected, which is known when all units are finished. Of each
unit the hashes of its patients' names and its rejects lie in the workspace until then, so that memory is bounded.
"""

from __future__ import annotations

import csv
import signal
import sys
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import Any

import polars as pl
import pyarrow as pa
from msgspec import structs

from reasoner.errors import GuideproofError, InputError
from reasoner.escapes import cell
from reasoner.kernel.cohort import NODE, Reject
from reasoner.population import identities
from reasoner.population.answers import DIRECTORY, AnswersDirectory, AnswersFile, Seal, force
from reasoner.population.bar import bar, counted
from reasoner.population.unit import Unit
from reasoner.population.work import SourceWork, UnitAnswers
from reasoner.population.workspace import finished, ordinary, writable

Say = Callable[[str], None]


@dataclass(frozen=True)
class BatchPlan:
    """What is to be done: every unit of every input file, and where the output goes.

    With `format` "directory" the output is a directory of Parquet. `depends` is whatever else the bytes depend on, as
    JSON: options, as-of date, guideline, software version.
    """

    out: Path
    format: str
    schema: pa.Schema
    inputs: Sequence[Path]
    units: Sequence[Unit]
    depends: Mapping[str, Any]


@dataclass(frozen=True)
class BatchOutcome:
    """How many patients were written and how many places rejected; where the rejects are, None where there are none."""

    rows: int
    rejects: int
    rejects_file: Path | None
    extra: Mapping[str, int]


def rejects_path(out: Path) -> Path:
    """Where the rejects of an output go."""
    return out.with_name(f"{out.name}.rejects.csv")


def write_rejects(path: Path, rejects: Iterable[Sequence[str]]) -> int:
    """Write rejects as CSV, in cells that are no formulas; give their number."""
    with path.open("w", encoding="utf-8", newline="") as text:
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(Reject._fields)
        return sum(bool(writer.writerow(map(cell, reject))) for reject in rejects)


def replace_rejects(written: Path, count: int, out: Path) -> Path | None:
    """Rename the rejects to where those of an output go, and give that; None where there are none, of no run."""
    target = ordinary(rejects_path(out))
    if count:
        return written.replace(target)
    rejects_path(out).unlink(missing_ok=True)
    return None


def say_on_stderr(text: str) -> None:
    """Print a line on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_units(
    plan: BatchPlan, work: SourceWork, folder: Path, pool: tuple[Executor, Callable[[Unit], UnitAnswers]],
    *, ahead: int = 2, say: Say = say_on_stderr,
) -> BatchOutcome:  # fmt: skip
    """Write the answers for all units to `plan.out`, whole or not at all, and the rejects beside it.

    `folder` is the workspace of the output; `pool` is what works on units, and what it calls for each; `ahead` units
    are begun before they are written. Raises InputError where the output cannot be written, or the input changes, and
    what `work` raises.
    """
    began = time.monotonic()
    note = partial(_kept, folder, len(plan.units))
    with _stopping_cleanly(note, say), writable(plan.out, note):
        inputs = [identities.Fingerprint.of(path) for path in plan.inputs]
        run = UnitRun(plan, work, folder, inputs, say)
        try:
            decided = run.all_units(pool, ahead)
            again = run.repeated()
            identities.check_unchanged(inputs)
            outcome = run.deliver(again)
        except GuideproofError:
            identities.check_unchanged(inputs)
            raise
        finally:
            run.answers.stop()
    say(summary(outcome, decided, time.monotonic() - began))
    return outcome


def summary(outcome: BatchOutcome, decided: int, seconds: float) -> str:
    """How many patients were written, how fast, and what else there is to say, in one line."""
    notes = [f"{number:,} {what}" for what, number in sorted(outcome.extra.items())]
    notes += [f"{outcome.rejects:,} rejected: see {outcome.rejects_file}"] if outcome.rejects_file else []
    rate = f"{counted(outcome.rows)} in {seconds:,.1f} s ({decided / max(seconds, 1e-3):,.0f} a second)"
    return "; ".join([rate, *notes])


def _kept(folder: Path, units: int) -> str:
    """How much is finished and stays, in words."""
    kept = len(finished(folder))
    return f"{kept} of {units} parts are kept: give the same command again to go on" if kept else "nothing is kept"


@contextmanager
def _stopping_cleanly(note: Callable[[], str], say: Say) -> Iterator[None]:
    """Turns SIGTERM into SystemExit; where the run is stopped, says how to go on."""
    catching = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _leave) if catching else None
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        say(f"stopped; {note()}")
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


@dataclass(frozen=True)
class Repeated:
    """The patients to be left out, and by unit the rejects that say why: for shared nodes, and for two descriptions."""

    left_out: frozenset[str]
    shared: Mapping[int, Sequence[Reject]]
    twice: Mapping[int, Sequence[Reject]]


class UnitRun:
    """One run over a batch in a workspace."""

    def __init__(
        self, plan: BatchPlan, work: SourceWork, folder: Path, inputs: Sequence[identities.Fingerprint], say: Say
    ) -> None:
        self.plan, self.work, self.folder = plan, work, folder
        self.answers = (
            AnswersDirectory(folder, plan.out, plan.schema, _manifest(plan, inputs), say) if plan.format == DIRECTORY
            else AnswersFile(folder, plan.out, plan.format, plan.schema)
        )  # fmt: skip
        self._done: dict[int, Seal] = {}

    def all_units(self, pool: tuple[Executor, Callable[[Unit], UnitAnswers]], ahead: int) -> int:
        """Work on every unit that no earlier run has finished; give the number of patients worked on."""
        kept = {number: self.answers.sealed(number) for number in range(len(self.plan.units))}
        self._done = {number: seal for number, seal in kept.items() if seal}
        sizes, rows = [unit.stop - unit.start for unit in self.plan.units], 0
        todo = [number for number, seal in kept.items() if not seal]
        with bar(sum(sizes), sum(sizes) - sum(sizes[number] for number in todo)) as advance:
            for number, found in self._in_order(pool, todo, ahead):
                self._write(number, found)
                rows += found.answered
                advance(sizes[number], rows)
        return rows

    def _in_order(
        self, pool: tuple[Executor, Callable[[Unit], UnitAnswers]], numbers: Iterable[int], ahead: int
    ) -> Iterator[tuple[int, UnitAnswers]]:
        """What the units of these numbers give, in order; so many are begun before they are asked for."""
        begun: deque[tuple[int, Future[UnitAnswers]]] = deque()
        left, (executor, task) = deque(numbers), pool
        try:
            while left or begun:
                while left and len(begun) <= ahead:
                    begun.append((left[0], executor.submit(task, self.plan.units[left.popleft()])))
                number, future = begun.popleft()
                with self._reading(number):
                    found = future.result()
                yield number, found
        finally:
            for _, future in begun:
                future.cancel()

    @contextmanager
    def _reading(self, number: int) -> Iterator[Unit]:
        """Turns an OSError while a unit is read into an InputError about its file."""
        unit = self.plan.units[number]
        try:
            yield unit
        except OSError as error:
            raise InputError(identities.unreadable(error, unit.file)) from error

    def _write(self, number: int, found: UnitAnswers) -> None:
        names, rejects = self._file(number, "names"), self._file(number, "rejects")
        names.write_bytes(found.names)
        write_rejects(rejects, sorted(found.rejects))
        seal = self.answers.write(number, found.rows, dict(found.extra), (names, rejects))
        self._done[number] = structs.replace(seal, rows=found.answered)

    def _file(self, number: int, kind: str) -> Path:
        return self.folder / f"{number:06d}.{kind}"

    def repeated(self) -> Repeated:
        """Those described in several units. Raises ScatteredError for units that do not hold their patients whole."""
        names = [self._file(number, "names") for number in range(len(self.plan.units))]
        found = identities.find_duplicates(names, self._names)
        left_out, shared, twice = set[str](), dict[int, list[Reject]](), dict[int, list[Reject]]()
        for number, again in identities.rejects_by_part(found, [unit.file for unit in self.plan.units]).items():
            with self._reading(number) as unit:
                alike = self.work.shared(unit, frozenset(again))
            shared[number] = [reject for reject in alike if reject.patient not in again]
            twice[number] = sorted(reject for name, reject in again.items() if NODE not in name)
            left_out |= {reject.patient for reject in (*shared[number], *twice[number])}
        return Repeated(frozenset(left_out), shared, twice)

    def _names(self, number: int) -> pa.ChunkedArray:
        with self._reading(number) as unit:
            return self.work.names(unit)

    def deliver(self, again: Repeated) -> BatchOutcome:
        """Rename answers and rejects to where they go."""
        removed = self.answers.close(len(self.plan.units), again.left_out)
        refused = self.folder / "rejects.csv"
        count = write_rejects(refused, self._rejects(again))
        with refused.open("rb") as file:
            force(file)
        target = replace_rejects(refused, count, self.plan.out)
        self.answers.deliver()
        rows = sum(done.rows for done in self._done.values()) - removed
        extra = sum((Counter(done.extra) for done in self._done.values()), Counter[str]())
        return BatchOutcome(rows, count, target, dict(extra))

    def _rejects(self, again: Repeated) -> Iterator[Reject]:
        """The rejects unit by unit, for a patient who is described twice that fault alone."""
        for number in range(len(self.plan.units)):
            with self._file(number, "rejects").open(encoding="utf-8", newline="") as given:
                own = [Reject(**row) for row in csv.DictReader(given) if row["patient"] not in again.left_out]
            yield from sorted([*own, *again.shared.get(number, ())])
            yield from again.twice.get(number, ())


def _manifest(plan: BatchPlan, inputs: Sequence[identities.Fingerprint]) -> dict[str, Any]:
    """All that the bytes of the parts depend on."""
    units = blake2b(repr([astuple(unit) for unit in plan.units]).encode()).hexdigest()
    return {
        "units": [len(plan.units), units], "inputs": [astuple(file) for file in inputs], "depends": dict(plan.depends),
        "columns": plan.schema.names, "versions": {"polars": pl.__version__, "pyarrow": pa.__version__},
    }  # fmt: skip
