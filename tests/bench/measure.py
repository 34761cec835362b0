"""How it is measured: each task in a process of its own, the tasks of a group in turn, several times over.

Peak memory is the kernel's `ru_maxrss` of that process, or of the largest of its children; it counts the pages of
files that are mapped. This module imports nothing heavy, as a child's peak begins at the memory of its parent.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from task import NOT_INSTALLED

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
LIMIT = 1200.0
REJECTS = 2


@dataclass(frozen=True)
class Task:
    """A command that is timed.

    With `clock` the command prints its own seconds and rows, its start and its imports left out; without, the whole
    process is timed, and the rows are `rows`. `out` is the file that it writes, if any. With `rejects` it ends with the
    exit code that says that some were refused.
    """

    name: str
    command: tuple[str, ...]
    rows: int
    clock: bool = True
    out: Path | None = None
    rejects: bool = False


@dataclass(frozen=True)
class Run:
    """One run: seconds, peak memory in bytes, rows."""

    seconds: float
    peak: int
    rows: int


@dataclass(frozen=True)
class Measured:
    """The median of several runs of a task; `failure` says why there is none."""

    name: str
    runs: tuple[Run, ...] = ()
    failure: str = ""
    missing: bool = False

    @property
    def seconds(self) -> float:
        """The median of the seconds."""
        return median(run.seconds for run in self.runs)

    @property
    def peak(self) -> int:
        """The largest peak of memory of any run, in bytes."""
        return max(run.peak for run in self.runs)

    @property
    def rows(self) -> int:
        """How many patients, or triples, a run went over."""
        return self.runs[0].rows

    @property
    def rate(self) -> float:
        """Rows a second."""
        return self.rows / self.seconds


class TaskError(Exception):
    """A task that did not end well."""


def peer(name: str, source: Path, out: Path) -> Task:
    """A task of `peers`, timed by its own clock."""
    return Task(name, (sys.executable, str(HERE / "task.py"), name, str(source), str(out)), 0, out=out)


def ours(name: str, rows: int, *arguments: str, out: Path | None = None, rejects: bool = False) -> Task:
    """Our command line, its start included."""
    return Task(name, (sys.executable, "-m", "reasoner.cli", *arguments), rows, clock=False, out=out, rejects=rejects)


def interleaved(tasks: Sequence[Task], runs: int, tell: Callable[[str], None]) -> list[Measured]:
    """Each task `runs` times, in turn; a task that fails is not run again."""
    found: dict[str, list[Run]] = {task.name: [] for task in tasks}
    failed: dict[str, Measured] = {}
    for turn in range(runs):
        for task in tasks:
            if task.name not in failed:
                tell(f"{task.name}, run {turn + 1} of {runs}")
                try:
                    found[task.name].append(once(task))
                except TaskError as error:
                    what = str(error)
                    failed[task.name] = Measured(task.name, failure=what, missing=what.endswith("is not installed"))
    return [failed.get(task.name) or Measured(task.name, tuple(found[task.name])) for task in tasks]


def once(task: Task) -> Run:
    """Run a task. Raises TaskError with the last line of what it says."""
    if task.out:
        task.out.parent.mkdir(parents=True, exist_ok=True)
        task.out.unlink(missing_ok=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        start = time.perf_counter()
        process = subprocess.Popen(task.command, stdout=out, stderr=err, stdin=subprocess.DEVNULL, env=environment)
        alarm = threading.Timer(LIMIT, process.kill)
        alarm.start()
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        alarm.cancel()
        process.returncode = os.waitstatus_to_exitcode(status)
        said, problem = (file.seek(0) or file.read().decode(errors="replace") for file in (out, err))
    if process.returncode != (REJECTS if task.rejects else 0):
        raise TaskError(_reason(process.returncode, f"{said}\n{problem}"))
    peak = usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
    if not task.clock:
        return Run(seconds, peak, task.rows)
    told = json.loads(said.splitlines()[-1])
    return Run(told["seconds"], peak, told["rows"])


def _reason(code: int, said: str) -> str:
    """The last line that a failed command says, frames and rules left out."""
    lines = [line.strip(" │|") for line in said.splitlines() if any(map(str.isalnum, line))]
    last = lines[-1] if lines else f"said nothing, within {LIMIT:.0f} s"
    return last if code == NOT_INSTALLED else f"failed ({code}): {last[:160]}"
