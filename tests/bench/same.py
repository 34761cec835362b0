"""Whether what has to be the same is the same: `same.py CHECK SIZE` prints patients, answers and differences as JSON.

records N   N random records, one in ten broken in some way: a batch against `classify`, answers and refusals
spark N     the fact table of N patients: on Spark against the embedded engine
killed N    batches killed N times at seeded moments and given again, against undisturbed ones: every byte
"""

from __future__ import annotations

import json
import os
import random
import shutil
import sys
import tempfile
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent / name) for name in ("", "records", "population", "population/ntriples"))]

#: How many records are drawn at a time, and how many of them may be broken.
AT_ONCE, BROKEN = 1_500, 150

Found = Iterator[tuple[int, int, dict[str, int]]]
"""Patients, answers compared, and differences by column."""


def records(size: int) -> Found:
    """Random records, as many as can be used, drawn by seed."""
    from changed_records import as_bytes, drawn, gentle

    from reasoner.guideline.guideline import load_guideline

    guideline, seed = load_guideline(), 0
    while size > 0:
        seed += 1
        for drafts in (gentle(guideline, seed, min(size, AT_ONCE)), drawn(guideline, seed, min(size, BROKEN))):
            yield _both(guideline, as_bytes(drafts))
            size -= len(drafts)


def _both(guideline: object, data: bytes) -> tuple[int, int, dict[str, int]]:
    from both_doors import by_batch, by_classify

    with tempfile.TemporaryDirectory() as folder:
        given = Path(folder) / "records.nt"
        given.write_bytes(data)
        batch, one = by_batch(guideline, given), by_classify(guideline, data)  # type: ignore[arg-type]
    differ: Counter[str] = Counter(refusals=sum(batch[1].get(p) != one[1].get(p) for p in {*batch[1], *one[1]}))
    differ["patients answered"] = len(batch[0].keys() ^ one[0].keys())
    for patient in batch[0].keys() & one[0].keys():
        ours, theirs = batch[0][patient], one[0][patient]
        differ.update(name for name in {*ours, *theirs} if ours.get(name) != theirs.get(name))
    answers = sum(map(len, one[0].values())) + sum(map(len, one[1].values()))
    return len(one[0]) + len(one[1]), answers, +differ


def spark(size: int) -> Found:
    """Every column of every patient, and the rejects byte for byte."""
    import polars as pl
    from dataset import build
    from plan import DAY

    from reasoner.cli.main import app

    table = build("table", size)
    with tempfile.TemporaryDirectory() as folder:
        outs = [str(Path(folder) / name) for name in ("embedded.parquet", "spark")]
        for out, more in zip(outs, ([], ["--spark", "local[2]"]), strict=True):
            app(["batch", str(table), out, "--as-of", DAY, *more], standalone_mode=False)
        one = pl.read_parquet(outs[0]).sort("patient")
        other = pl.read_parquet(f"{outs[1]}/*.parquet").sort("patient").select(one.columns)
        same = {name: _differences(one[name], other[name]) for name in one.columns}
    yield one.height, one.height * (one.width - 1), {name: count for name, count in same.items() if count}


def _differences(one: object, other: object) -> int:
    import polars as pl

    left, right = (column.cast(pl.String) if column.dtype in (pl.Categorical, pl.Enum) else column
                   for column in (one, other))  # type: ignore[attr-defined] # fmt: skip
    return int(left.ne_missing(right).sum())


def killed(times: int) -> Found:
    """Batches over four kinds of input; each is killed, given again, and so on, and at last let be."""
    import test_batch_resume as resume

    rng = random.Random(times)
    makers = (resume.parquet, resume.grouped, resume.directory, resume.turtle)
    for number, make in enumerate(makers):
        wanted = times // len(makers) + (number < times % len(makers))
        yield _killed(make, wanted, rng)


def _killed(make: Callable[[Path], Path], times: int, rng: random.Random) -> tuple[int, int, dict[str, int]]:
    import pyarrow.parquet as pq
    import test_batch_resume as resume

    with tempfile.TemporaryDirectory() as name:
        folder, done = Path(name), 0
        given, calm, out = make(folder), folder / "calm", folder / "out"
        resume.finish(given, calm, folder)
        while done < times:
            done += resume.kill(given, out, folder, rng.randint(0, 3))
            shutil.rmtree(out, ignore_errors=True)  # where the run was faster than the kill
        resume.finish(given, out, folder)
        rejects = [path.with_name(f"{path.name}.rejects.csv").read_bytes() for path in (calm, out)]
        torn = (resume.answers(calm) != resume.answers(out)) + (rejects[0] != rejects[1])
        left = out.with_name(f".{out.name}.work").exists()
        rows = pq.read_table(out, columns=["patient"]).num_rows
        return rows, times, {"files torn or left": torn + left} if torn or left else {}


def main(check: str, size: int) -> None:
    """Run a check and print what it found."""
    warnings.simplefilter("ignore")
    patients, answers, differences = 0, 0, Counter[str]()
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123 - the progress of each batch
        keep, sys.stderr = sys.stderr, nowhere
        for some, told, differ in {"records": records, "spark": spark, "killed": killed}[check](size):
            patients, answers = patients + some, answers + told
            differences.update(differ)
        sys.stderr = keep
    print(json.dumps({"patients": patients, "answers": answers, "differences": dict(differences)}))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
