"""Measures what the project promises of its speed, against peers and floors, over the same patients in one run.

    python tests/bench/bench.py [--quick] [--docs]

Builds its data by seed into `build/bench`, runs every task in a process of its own, the tasks of a group in turn,
compares the answers, and writes `build/bench/results.md`, `.json`, `.png` and `.svg`. Exit code 1: a promise is broken,
or answers differ. With `--docs` the tables of `docs/benchmarks.md` are replaced too.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from dataset import FOLDER
from measure import HERE, ROOT, Measured, TaskError, interleaved, once
from plan import BATCH, CLASSIFY, FULL, MANAGEMENT, QUICK, Group, Sizes, answers, groups
from promises import verdicts
from report import LABELS, Agreement, Report, markdown, show, write
from rich.console import Console

SAME = {
    "records": "batch against classify, {:,} random records, one in ten broken: answers and refusals",
    "spark": "batch on Spark against the embedded engine, {:,} patients, every column",
    "killed": "batches killed {} times and given again, against undisturbed ones, every byte",
}
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}
PAGE = ROOT / "docs" / "benchmarks.md"
REFERENCE = answers("columns", "polars.exact")
ANSWERING = (
    BATCH,
    MANAGEMENT,
    "polars.exact",
    "polars.kleene",
    "duckdb.exact",
    "nemo.exact",
    "sparql.exact",
    "hermit.exact",
    "ours.classified",
)
BEGIN, END = "<!-- tables: begin -->\n", "<!-- tables: end -->\n"


def main() -> None:
    """Measure, compare, report."""
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--quick", action="store_true", help="fewer patients, and less time")
    options.add_argument("--docs", action="store_true", help="put the tables into docs/benchmarks.md")
    chosen = options.parse_args()
    report = measured(QUICK if chosen.quick else FULL, judge_rates=not chosen.quick)
    show(report, Console(width=120))
    write(report, FOLDER)
    if chosen.docs:
        into_page(markdown(report))
    sys.exit(report.broken)


def measured(sizes: Sizes, judge_rates: bool) -> Report:
    """Run everything."""
    start = time.monotonic()

    def tell(what: str) -> None:
        print(f"[{time.monotonic() - start:5.0f} s] {what}", flush=True)

    tell(f"building data in {FOLDER.relative_to(ROOT)}")
    compileall.compile_dir(str(ROOT / "reasoner"), quiet=1)  # as installing does
    planned = groups(sizes)
    with suppress(TaskError):
        once(next(task for group in planned for task in group.tasks if task.name == CLASSIFY))  # fills our cache
    found = [(group, run_group(group, sizes.runs, tell)) for group in planned]
    results = {(group.name, m.name): m for group, ms in found for m in ms}
    tell("comparing answers")
    agreements = [*compared(found), *checked(sizes, tell)]
    return Report(found, agreements, verdicts(results, judge_rates), sizes.runs, time.monotonic() - start)


def run_group(group: Group, runs: int, tell: Callable[[str], None]) -> list[Measured]:
    """Run a group; the slowest, of which nothing but answers is wanted, once."""
    return interleaved(group.tasks, 1 if group.name == "sample" else runs, lambda what: tell(f"{group.name}: {what}"))


# -- agreement --


def compared(found: list[tuple[Group, list[Measured]]]) -> Iterator[Agreement]:
    """Every peer's answers, and ours, against one file: Polars over all patients."""
    whole = found[0][0].patients
    for group, measured in found:
        for m in measured:
            path = answers(group.name, m.name)
            if m.name in ANSWERING and group.name != "mixed" and path != REFERENCE and not m.missing:
                what, exact = f"{LABELS.get(m.name, m.name)}, {group.name}", m.name != "polars.kleene"
                yield (Agreement(what, 0, 0, {}, exact, m.failure) if m.failure else
                       _agreement(what, path, min(group.patients, whole), exact))  # fmt: skip


def checked(sizes: Sizes, tell: Callable[[str], None]) -> Iterator[Agreement]:
    """What a batch gives against what `classify`, Spark, and a batch that nobody killed give."""
    for check, size in sizes.same:
        what = SAME[check].format(size)
        tell(what)
        yield _asked(what, 0, True, "same.py", check, str(size))


def _agreement(what: str, path: Path, patients: int, exact: bool) -> Agreement:
    return _asked(what, patients, exact, "agree.py", str(path), str(REFERENCE))


def _asked(what: str, patients: int, exact: bool, script: str, *arguments: str) -> Agreement:
    """What a script says of so many patients, at least."""
    line = [sys.executable, str(HERE / script), *arguments]
    done = subprocess.run(line, capture_output=True, text=True, check=False, env=ENVIRONMENT)
    if done.returncode:
        return Agreement(what, 0, 0, {}, exact, (done.stderr.strip() or "failed").splitlines()[-1][:160])
    told = json.loads(done.stdout.splitlines()[-1])
    missing = "" if told["patients"] >= patients else f"{patients - told['patients']:,} patients are missing"
    return Agreement(what, told["patients"], told["answers"], told["differences"], exact, missing)


def into_page(tables: str) -> None:
    """Replace the tables of the page."""
    text = PAGE.read_text("utf-8")
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    PAGE.write_text(f"{before}{BEGIN}\n{tables}\n{END}{after}", "utf-8")


if __name__ == "__main__":
    main()
