"""A batch killed, stopped, starved of disk or disturbed ends as if nothing had been, or leaves what was there."""

from __future__ import annotations

import errno
import json
import os
import pty
import random
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet

from reasoner.errors import InputError, Problem
from reasoner.kernel.cohort import Reject
from reasoner.population.answers import DIRECTORY, MANIFEST, QUADS
from reasoner.population.bar import counted
from reasoner.population.identities import sorted_hashes
from reasoner.population.run import BatchOutcome, BatchPlan, rejects_path, run_units
from reasoner.population.unit import Unit
from reasoner.population.work import UnitAnswers
from reasoner.population.workspace import workspace
from reasoner.terms import CORE

SCHEMA = pa.schema([("patient", pa.string()), ("a", pa.bool_()), ("b", pa.bool_())])
ROWS, STEP, OLD = 600, 100, b"what was there before"
Ends = tuple[dict[str, bytes], bytes]


def quads(names: list[str]) -> pa.RecordBatch:
    """A graph of two quads for each patient."""
    lines = '<urn:g> <{}patient> <{}> <urn:{}> .\n_:b <urn:q> "x y" <urn:{}> .\n'
    texts = [lines.format(CORE, name, name, name) for name in names]
    return pa.record_batch([pa.array(names, pa.string()), pa.array(texts, pa.string())], schema=QUADS)


class Work:
    """Patients numbered within their file, every 40th refused; every 250th has one IRI in all files."""

    def __init__(self, format: str = DIRECTORY, schema: pa.Schema = SCHEMA) -> None:
        self.format, self.schema = format, schema

    def answers(self, unit: Unit) -> UnitAnswers:
        draw = np.random.default_rng([len(unit.file), unit.start])
        names = self.names(unit)
        bad = [i for i in range(STEP) if i % 40 == 7]
        flags = [pa.array(draw.integers(0, 2, STEP) > 0, mask=draw.integers(0, 2, STEP) > 0) for _ in "ab"]
        rows = pa.record_batch([names, *flags], schema=self.schema).take(
            pa.array([i for i in range(STEP) if i not in bad])
        )
        rejects = tuple(Reject(names[i].as_py(), unit.file, "bad-row", f"row {i}", "correct it") for i in bad)
        written = quads(rows["patient"].to_pylist()) if self.format == "n-quads" else rows
        return UnitAnswers(written, sorted_hashes(names), rejects, {"rows": rows.num_rows})

    def names(self, unit: Unit) -> pa.Array:
        numbers = range(unit.start, unit.stop)
        return pa.array([f"urn:all:{i}" if i % 250 == 30 else f"urn:{unit.file}:{i}" for i in numbers])

    def shared(self, _unit: Unit, _repeated: frozenset[str]) -> list[Reject]:
        return []


def plan(directory: Path, format: str = DIRECTORY, **depends: Any) -> BatchPlan:
    """Two files of 600 patients in twelve units; an output stands there already."""
    files = [directory / "one.txt", directory / "three.txt"]
    for path in files:
        if not path.exists():
            path.write_text(path.name)
    out = directory / "out"
    if not out.exists() and format == DIRECTORY:
        out.mkdir()
        (out / MANIFEST).write_bytes(OLD)
    elif not out.exists():
        out.write_bytes(OLD)
    units = [Unit(path.name, start, start + STEP) for path in files for start in range(0, ROWS, STEP)]
    return BatchPlan(out, format, QUADS if format == "n-quads" else SCHEMA, files, units, depends)


def run(todo: BatchPlan, work: Any = None, workers: int = 1) -> tuple[BatchOutcome, list[str]]:
    said: list[str] = []
    work = work or Work(todo.format)
    with workspace(todo.out) as folder, ThreadPoolExecutor(workers) as pool:
        return run_units(todo, work, folder, (pool, work.answers), ahead=workers, say=said.append), said


def ends(directory: Path) -> Ends:
    """The output and its rejects, without the manifest, which names the directory of the input."""
    out = directory / "out"
    found = {path.name: path.read_bytes() for path in out.iterdir()} if out.is_dir() else {"": out.read_bytes()}
    assert found.pop(MANIFEST, b"{").startswith(b"{")
    return found, rejects_path(out).read_bytes()


def old_stands(directory: Path) -> bool:
    out = directory / "out"
    return (out / MANIFEST if out.is_dir() else out).read_bytes() == OLD


def seals(directory: Path) -> int:
    return len(list((directory / ".out.work").glob("*.seal")))


def fails(todo: BatchPlan, work: Any = None) -> Problem:
    with pytest.raises(InputError) as caught:
        run(todo, work)
    return caught.value.problem


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Ends:
    directory = tmp_path_factory.mktemp("undisturbed")
    run(plan(directory))
    return ends(directory)


class BrokenError(Exception):
    """A fault of the work itself."""


class Breaking(Work):
    """The work, which breaks from one call on, and notes its calls."""

    def __init__(self, at: int = 1000, format: str = DIRECTORY) -> None:
        super().__init__(format)
        self.at, self.calls = at, list[Unit]()

    def answers(self, unit: Unit) -> UnitAnswers:
        self.calls.append(unit)
        if len(self.calls) >= self.at:
            raise BrokenError
        return super().answers(unit)


def broken_off(directory: Path, at: int, **depends: Any) -> int:
    """A run that breaks off, and how many parts it leaves."""
    with pytest.raises(BrokenError):
        run(plan(directory, **depends), Breaking(at))
    return seals(directory)


# What comes out ----

READ: dict[str, Callable[[Path], list[str]]] = {
    DIRECTORY: lambda path: pl.read_parquet(path / "*.parquet")["patient"].to_list(),
    "parquet": lambda path: pl.read_parquet(path)["patient"].to_list(),
    "arrow": lambda path: pa.ipc.open_file(path).read_all()["patient"].to_pylist(),
    "csv": lambda path: pl.read_csv(path)["patient"].to_list(),
    "n-quads": lambda path: [line.split(" ")[2].strip("<>") for line in path.read_text().splitlines()[::2]],
}


@pytest.mark.parametrize("format", READ)
def test_an_output_has_the_rows_in_order_and_the_rejects_beside_it(tmp_path: Path, format: str) -> None:
    """Who is in both files is in no format of output."""
    outcome, said = run(plan(tmp_path, format))
    names = [f"urn:{file}:{i}" for file in ("one.txt", "three.txt") for i in range(ROWS)]
    kept = [n for i, n in enumerate(names) if i % STEP % 40 != 7 and i % ROWS % 250 != 30]
    assert READ[format](tmp_path / "out") == kept
    assert outcome.rows == len(kept)
    lines = rejects_path(tmp_path / "out").read_text().splitlines()
    assert lines[0] == "patient,source,code,reason,remedy"
    assert len(lines) - 1 == outcome.rejects == 2 * ROWS - len(kept)
    both = "the patient is described in one.txt and in three.txt"
    assert [line.split(",")[:4] for line in lines if "urn:all:280" in line] == [
        ["urn:all:280", "one.txt", "duplicate-patient", both],
        ["urn:all:280", "three.txt", "duplicate-patient", both],
    ]
    assert [line.split(",")[0] for line in lines if "one.txt:7," in line or "one.txt:47," in line] == [
        "urn:one.txt:47",
        "urn:one.txt:7",
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["one.txt", "out", "out.rejects.csv", "three.txt"]
    assert len(said) == 1 and f"{len(kept):,} patients" in said[0] and "out.rejects.csv" in said[0]


def test_a_directory_is_read_by_what_reads_directories(tmp_path: Path) -> None:
    rows = run(plan(tmp_path))[0].rows
    assert pl.read_parquet(tmp_path / "out" / "*.parquet").height == rows
    assert parquet.read_table(tmp_path / "out").num_rows == rows
    if find_spec("duckdb"):
        import duckdb

        assert duckdb.sql(f"SELECT count(*) FROM read_parquet('{tmp_path}/out/*.parquet')").fetchall() == [(rows,)]


@pytest.mark.parametrize("format", READ)
@pytest.mark.parametrize("workers", [2, 5])
def test_the_number_of_workers_changes_nothing(workers: int, format: str, tmp_path: Path) -> None:
    found = []
    for number in (1, workers):
        (tmp_path / str(number)).mkdir()
        run(plan(tmp_path / str(number), format), workers=number)
        found.append(ends(tmp_path / str(number)))
    assert found[0] == found[1]


def test_rejects_of_an_earlier_run_do_not_outlive_it(tmp_path: Path) -> None:
    todo = plan(tmp_path, "n-quads")
    rejects_path(todo.out).write_text("old")

    class Clean(Work):
        def answers(self, unit: Unit) -> UnitAnswers:
            name = f"urn:{unit.file}:{unit.start}"
            return UnitAnswers(quads([name]), sorted_hashes(pa.array([name])))

    assert run(todo, Clean())[0] == BatchOutcome(12, 0, None, {})
    assert not rejects_path(todo.out).exists()
    assert todo.out.read_bytes().count(b"\n") == 24


@pytest.mark.parametrize("format", READ)
def test_no_unit_gives_an_empty_output(tmp_path: Path, format: str) -> None:
    todo = plan(tmp_path, format)
    assert run(replace(todo, inputs=[], units=[]))[0] == BatchOutcome(0, 0, None, {})
    assert READ[format](todo.out) == []


def test_columns_keep_what_they_mean(tmp_path: Path) -> None:
    fields = [pa.field("patient", pa.string(), False), pa.field("a", pa.bool_(), metadata={"iri": "urn:a"}), SCHEMA[2]]
    schema = pa.schema(fields, {"guideproof.asOf": "2026-11-22"})
    work = Work(schema=schema)
    for format, name in ((DIRECTORY, "out/part-000003.parquet"), ("parquet", "one.parquet")):
        run(replace(plan(tmp_path, format), schema=schema, out=tmp_path / name.split("/", maxsplit=1)[0]), work)
        read = parquet.read_schema(tmp_path / name)
        assert pl.read_parquet_metadata(tmp_path / name)["guideproof.asOf"] == "2026-11-22"
        assert parquet.read_metadata(tmp_path / name).metadata[b"guideproof.asOf"] == b"2026-11-22"
        assert [field.nullable for field in read] == [False, True, True]
        assert read.field("a").metadata == {b"iri": b"urn:a"}


def test_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen([*DRIVER, "one", tmp_path, DIRECTORY], stdout=subprocess.DEVNULL, stderr=follower,
                             env=os.environ | {"COLUMNS": "120"})  # fmt: skip
    os.close(follower)
    shown = b""
    try:
        while block := os.read(leader, 1 << 12):
            shown += block
    except OSError:
        pass
    assert child.wait() == 0
    assert b"a second," in shown and b"left" in shown and b"1,158 patients in" in shown


def test_one_patient_is_counted_as_one(tmp_path: Path) -> None:
    todo = plan(tmp_path, "n-quads")

    class One(Work):
        def answers(self, _: Unit) -> UnitAnswers:
            return UnitAnswers(quads(["urn:x:1"]), sorted_hashes(pa.array(["urn:x:1"])))

    assert run(replace(todo, units=todo.units[:1]), One())[1][-1].startswith("1 patient in ")
    assert [counted(count) for count in (0, 1, 2, 1_000)] == ["0 patients", "1 patient", "2 patients", "1,000 patients"]


# Going on ----


def test_a_run_goes_on_where_the_last_broke_off(tmp_path: Path, undisturbed: Ends) -> None:
    assert broken_off(tmp_path, 6) == 5
    assert old_stands(tmp_path)
    work = Breaking()
    _, said = run(plan(tmp_path), work)
    assert said[0] == "going on: 5 parts were finished"
    assert work.calls == list(plan(tmp_path).units[5:])
    assert ends(tmp_path) == undisturbed


def test_other_options_start_anew_and_say_so(tmp_path: Path, undisturbed: Ends) -> None:
    broken_off(tmp_path, 6, as_of="2026-01-01")
    work = Breaking()
    _, said = run(plan(tmp_path, as_of="2026-01-02"), work)
    assert said[0].startswith("starting anew")
    assert work.calls == list(plan(tmp_path).units)
    assert ends(tmp_path) == undisturbed


def test_other_input_starts_anew(tmp_path: Path) -> None:
    broken_off(tmp_path, 6)
    (tmp_path / "three.txt").write_text("THREE.txt")
    assert run(plan(tmp_path))[1][0].startswith("starting anew")


@pytest.mark.parametrize("kind", ["answers/part-{}.parquet", "{}.rejects", "{}.names", "{}.seal"])
def test_a_torn_part_is_made_again(kind: str, tmp_path: Path, undisturbed: Ends) -> None:
    broken_off(tmp_path, 6)
    torn, gone, flipped = (tmp_path / ".out.work" / kind.format(f"00000{number}") for number in range(3))
    torn.write_bytes(torn.read_bytes()[:-5])
    gone.unlink()
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"?")
    work = Breaking()
    run(plan(tmp_path), work)
    assert work.calls == [plan(tmp_path).units[number] for number in (0, 1, 2, 5, 6, 7, 8, 9, 10, 11)]
    assert ends(tmp_path) == undisturbed


# What cannot be done ----


@pytest.mark.parametrize("format", READ)
@pytest.mark.parametrize("limit", [300, 5000])
def test_a_limit_of_the_system_is_a_full_disk(tmp_path: Path, format: str, limit: int) -> None:
    """No file may grow beyond a limit: one InputError, the old output stands, and nothing but finished parts stays."""
    answer = driven(tmp_path, "one", format, "limit", str(limit))[0]
    assert answer["code"] in ("disk-full", None)
    assert limit == 5000 or answer["code"] == "disk-full"
    assert old_stands(tmp_path) == bool(answer["code"])
    left = {path.name for path in tmp_path.iterdir()}
    assert left <= {"one.txt", "three.txt", "out", "out.rejects.csv", *([".out.work"] if format == DIRECTORY else [])}
    run(plan(tmp_path, format))
    assert not (tmp_path / ".out.work").exists()


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT, errno.EIO])
@pytest.mark.parametrize("format", READ)
def test_a_disk_that_fails_at_last(tmp_path: Path, format: str, code: int, monkeypatch: pytest.MonkeyPatch) -> None:
    todo = plan(tmp_path, format)

    def full(_: int) -> None:
        raise OSError(code, os.strerror(code))

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        problem = fails(todo)
    assert problem.code == ("unwritable" if code == errno.EIO else "disk-full")
    assert problem.file == str(tmp_path / "out")
    assert old_stands(tmp_path)
    assert ("12 of 12 parts are kept" in problem.remedy) == (tmp_path / ".out.work").exists() == (format == DIRECTORY)


def test_the_last_renaming_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The directory that was there before is moved back."""
    todo = plan(tmp_path)

    def refused(source: Path, target: Path, rename: Callable[[Path, Path], None] = os.rename) -> None:
        if Path(source).name == "answers":
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", refused)
        problem = fails(todo)
    assert problem.code == "disk-full" and old_stands(tmp_path)
    assert "12 of 12 parts are kept" in problem.remedy


def test_input_that_cannot_be_read(tmp_path: Path) -> None:
    class Unread(Work):
        def answers(self, _: Unit) -> UnitAnswers:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    problem = fails(plan(tmp_path), Unread())
    assert (problem.code, problem.file) == ("unreadable", "one.txt")
    todo = plan(tmp_path)
    (tmp_path / "one.txt").unlink()
    assert fails(todo).code == "unreadable"
    assert not (tmp_path / ".out.work").exists()


@pytest.mark.parametrize("harmful", [False, True])
@pytest.mark.parametrize("format", READ)
def test_input_that_changes_during_the_run(harmful: bool, format: str, tmp_path: Path) -> None:
    class Changing(Work):
        def answers(self, unit: Unit) -> UnitAnswers:
            if unit.start == 300:
                (tmp_path / "one.txt").write_text("changed")
                if harmful:
                    raise InputError(Problem("bad-syntax", "what comes of reading half a file", ""))
            return super().answers(unit)

    problem = fails(plan(tmp_path, format), Changing(format))
    assert (problem.code, problem.file) == ("input-changed", str(tmp_path / "one.txt"))
    assert old_stands(tmp_path)


def test_answers_moved_aside_by_a_run_that_was_killed_come_back(tmp_path: Path) -> None:
    broken_off(tmp_path, 6)
    todo = plan(tmp_path, other=1)
    (tmp_path / "out").rename(tmp_path / ".out.work" / "before")
    with pytest.raises(BrokenError):
        run(todo, Breaking(3))
    assert old_stands(tmp_path)


@pytest.mark.parametrize("format", READ)
def test_a_fault_of_ours_passes_through(tmp_path: Path, format: str) -> None:
    with pytest.raises(BrokenError):
        run(plan(tmp_path, format), Breaking(3, format))
    assert old_stands(tmp_path)


def test_two_runs_on_one_output(tmp_path: Path, undisturbed: Ends) -> None:
    begun, go_on = threading.Event(), threading.Event()

    class Waiting(Work):
        def answers(self, unit: Unit) -> UnitAnswers:
            begun.set()
            assert go_on.wait(20)
            return super().answers(unit)

    first = threading.Thread(target=run, args=(plan(tmp_path), Waiting()))
    first.start()
    try:
        assert begun.wait(20)
        assert fails(plan(tmp_path)).code == "output-in-use"
    finally:
        go_on.set()
        first.join()
    assert ends(tmp_path) == undisturbed


# Killed ----


@pytest.mark.exhaustive
def test_killed_twenty_times(tmp_path: Path, undisturbed: Ends) -> None:
    """By count of the operations on files, and by time. The output is at any time the old or the new one, whole."""
    draw, killed, left = random.Random(4), 0, set()
    while killed < 20:
        how = ("time", str(draw.uniform(0.005, 0.06))) if killed % 2 else ("count", str(draw.randint(1, 12)))
        command = [*DRIVER, "one", tmp_path, DIRECTORY, *how]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
        killed += done.returncode == -signal.SIGKILL
        left.add(seals(tmp_path))
        out = tmp_path / "out"
        assert not out.exists() or old_stands(tmp_path) or ends(tmp_path) == undisturbed
        assert out.exists() or (tmp_path / ".out.work" / "before").exists()
    assert len(left) > 3
    run(plan(tmp_path))
    assert ends(tmp_path) == undisturbed
    assert not (tmp_path / ".out.work").exists()


@pytest.mark.parametrize("format", READ)
@pytest.mark.parametrize(("number", "code"), [("TERM", 143), ("INT", 130)])
def test_asked_to_stop(number: str, code: int, format: str, tmp_path: Path) -> None:
    command = [*DRIVER, number, tmp_path, format]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == code, done.stderr
    kept = "parts are kept: give the same command again to go on" if format == DIRECTORY else "nothing is kept"
    assert "stopped; " in done.stderr and kept in done.stderr
    assert "Traceback" not in done.stderr
    assert old_stands(tmp_path)
    assert run(plan(tmp_path, format))[1][0].startswith("going on: ") == (format == DIRECTORY)
    assert not (tmp_path / ".out.work").exists()


# The process that is killed: this file as a program ----

DRIVER = (sys.executable, __file__)


def driven(directory: Path, *arguments: str) -> list[dict[str, Any]]:
    command = [*DRIVER, arguments[0], directory, *arguments[1:]]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Slow(Work):
    def answers(self, unit: Unit) -> UnitAnswers:
        time.sleep(0.01)
        return super().answers(unit)


class Stopping(Work):
    """The signal comes while the sixth unit is worked on."""

    def __init__(self, todo: BatchPlan, number: signal.Signals) -> None:
        super().__init__(todo.format)
        self.unit, self.number = todo.units[5], number

    def answers(self, unit: Unit) -> UnitAnswers:
        if unit == self.unit:
            os.kill(os.getpid(), self.number)
        time.sleep(0.05)
        return super().answers(unit)


def killed_at(count: int) -> None:
    """Kill this process before or after one of its operations on files."""
    left = count

    def counting(operation: Callable[..., Any]) -> Callable[..., Any]:
        def tick() -> None:
            nonlocal left
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

        def operate(*arguments: Any, **options: Any) -> Any:
            tick()
            result = operation(*arguments, **options)
            tick()
            return result

        return operate

    for name in ("fsync", "replace", "rename", "unlink", "mkdir", "rmdir"):
        setattr(os, name, counting(getattr(os, name)))


def killed_after(seconds: float) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()


def limited(size: int) -> None:
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))


def main(what: str, directory: Path, format: str = DIRECTORY, prepare: str = "", amount: str = "") -> None:
    """One run in this process, which prints the code of its problem."""
    todo, problem = plan(directory, format), None
    prepared: dict[str, Callable[[], None]] = {
        "count": lambda: killed_at(int(amount)), "time": lambda: killed_after(float(amount)),
        "limit": lambda: limited(int(amount)),
    }  # fmt: skip
    prepared.get(prepare, lambda: None)()
    work = Slow(format) if what == "one" else Stopping(todo, signal.Signals[f"SIG{what}"])
    try:
        with workspace(todo.out) as folder, ThreadPoolExecutor(1) as pool:
            run_units(todo, work, folder, (pool, work.answers))
    except InputError as error:
        problem = error.problem
    except KeyboardInterrupt:
        sys.exit(130)
    print(json.dumps({"code": problem.code if problem else None}))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), *sys.argv[3:])
