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
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from reasoner.population.parquet_join import ParquetSink, QuadsSink
from reasoner.population.parts import Batch, Outcome, Part, rejects_path, run_parts

from reasoner.errors import EngineError, InputError, Problem
from reasoner.kernel.cohort import Reject
from reasoner.population.bar import counted
from reasoner.population.unit import Unit

SCHEMA = pa.schema([("patient", pa.string()), ("a", pa.bool_()), ("b", pa.bool_())])
ROWS, STEP, OLD = 600, 100, b"what was there before"


def work(unit: Unit, without: frozenset[str]) -> Part:
    """Patients numbered within their file, every 40th refused; every 250th has one IRI in all files."""
    draw = np.random.default_rng([len(unit.file), unit.start])
    names = [f"urn:all:{i}" if i % 250 == 30 else f"urn:{unit.file}:{i}" for i in range(unit.start, unit.stop)]
    here = [i for i in range(len(names)) if names[i] not in without]
    patients = pa.array([names[i] for i in here], pa.string())
    bad = [i for i in here if i % 40 == 7]
    flags = [pa.array(draw.integers(0, 2, STEP) > 0, mask=draw.integers(0, 2, STEP) > 0) for _ in "ab"]
    rows = pa.array([i for i in here if i not in bad])
    table = pa.table([pa.array(names), *flags], schema=SCHEMA).take(rows)
    rejects = tuple(Reject(names[i], unit.file, "bad-row", f"row {i}", "correct it") for i in bad)
    return Part(table, len(rows), patients, rejects, {"rows": len(rows)})


def batch(directory: Path, **depends: Any) -> Batch:
    """Two files of 600 patients in twelve units; an output stands there already."""
    files = [directory / "one.txt", directory / "three.txt"]
    for path in files:
        if not path.exists():
            path.write_text(path.name)
    out = directory / "out.parquet"
    if not out.exists():
        out.write_bytes(OLD)
    units = [Unit(path.name, start, start + STEP) for path in files for start in range(0, ROWS, STEP)]
    return Batch(out, files, units, depends)


def run(todo: Batch, work: Callable[[Unit, frozenset[str]], Part] = work, **options: Any) -> tuple[Outcome, list[str]]:
    said: list[str] = []
    return run_parts(todo, work, ParquetSink(SCHEMA), say=said.append, **options), said


def ends(directory: Path) -> tuple[bytes, bytes]:
    """The output and its rejects."""
    out = directory / "out.parquet"
    return out.read_bytes(), rejects_path(out).read_bytes()


def fails(todo: Batch, work: Callable[[Unit, frozenset[str]], Part] = work) -> Problem:
    with pytest.raises(InputError) as caught:
        run(todo, work, workers=1)
    return caught.value.problem


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    directory = tmp_path_factory.mktemp("undisturbed")
    run(batch(directory), workers=1)
    return ends(directory)


class BrokenError(Exception):
    """A fault of the work itself."""


def breaking_at(number: int, calls: list[Unit]) -> Callable[[Unit, frozenset[str]], Part]:
    """The work, which breaks from one call on."""

    def broken(unit: Unit, without: frozenset[str]) -> Part:
        calls.append(unit)
        if len(calls) >= number:
            raise BrokenError
        return work(unit, without)

    return broken


def counting(calls: list[Unit]) -> Callable[[Unit, frozenset[str]], Part]:
    return breaking_at(1000, calls)


def broken_off(directory: Path, at: int, **depends: Any) -> int:
    """A run that breaks off, and how many parts it leaves."""
    with pytest.raises(BrokenError):
        run(batch(directory, **depends), breaking_at(at, []), workers=1)
    return len(list((directory / "out.parquet.parts").glob("*.seal")))


# What comes out ----


def test_an_output_has_the_rows_in_order_and_the_rejects_beside_it(tmp_path: Path) -> None:
    outcome, said = run(batch(tmp_path))
    table = parquet.read_table(tmp_path / "out.parquet")
    names = [f"urn:{file}:{i}" for file in ("one.txt", "three.txt") for i in range(ROWS)]
    kept = [n for i, n in enumerate(names) if i % STEP % 40 != 7 and i % ROWS % 250 != 30]
    assert table["patient"].to_pylist() == kept
    assert (outcome.rows, outcome.extra) == (len(kept), {"rows": len(kept)})
    lines = rejects_path(tmp_path / "out.parquet").read_text().splitlines()
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
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "one.txt",
        "out.parquet",
        "out.parquet.rejects.csv",
        "three.txt",
    ]
    assert len(said) == 1 and f"{len(kept):,} patients" in said[0] and "out.parquet.rejects.csv" in said[0]


@pytest.mark.parametrize("workers", [1, 2, 5])
def test_the_number_of_workers_changes_nothing(workers: int, tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    run(batch(tmp_path), workers=workers)
    assert ends(tmp_path) == undisturbed


def test_rejects_of_an_earlier_run_do_not_outlive_it(tmp_path: Path) -> None:
    todo = batch(tmp_path)
    rejects_path(todo.out).write_text("old")

    def clean(unit: Unit, _: frozenset[str]) -> Part:
        name = f"urn:{unit.file}:{unit.start}"
        return Part(f"<{name}> <urn:p> <urn:o> .\n".encode(), 1, pa.array([name]))

    outcome = run_parts(todo, clean, QuadsSink(), say=lambda _: None)
    assert outcome == Outcome(12, 0, None, {})
    assert not rejects_path(todo.out).exists()
    assert todo.out.read_bytes().count(b"\n") == 12


def test_no_unit_gives_an_empty_output(tmp_path: Path) -> None:
    todo = batch(tmp_path)
    assert run(Batch(todo.out, [], [], {}))[0] == Outcome(0, 0, None, {})
    assert parquet.read_table(todo.out) == SCHEMA.empty_table()


def test_a_terminal_shows_a_bar(tmp_path: Path) -> None:
    leader, follower = pty.openpty()
    child = subprocess.Popen([*DRIVER, "run", tmp_path], stderr=follower, env=os.environ | {"COLUMNS": "120"})
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
    row = pa.table([pa.array(["urn:x:1"]), pa.array([True]), pa.array([None], pa.bool_())], schema=SCHEMA)
    todo = batch(tmp_path)
    one = Batch(todo.out, todo.inputs, todo.units[:1], {})
    assert run(one, lambda *_: Part(row, 1, pa.array(["urn:x:1"])))[1][-1].startswith("1 patient in ")
    assert [counted(count) for count in (0, 1, 2, 1_000)] == ["0 patients", "1 patient", "2 patients", "1,000 patients"]


# Going on ----


def test_a_run_goes_on_where_the_last_broke_off(tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    assert broken_off(tmp_path, 6) == 5
    assert (tmp_path / "out.parquet").read_bytes() == OLD
    calls: list[Unit] = []
    _, said = run(batch(tmp_path), counting(calls), workers=1)
    assert said[0] == "going on: 5 of 12 parts were finished"
    assert calls[:7] == list(batch(tmp_path).units[5:])
    assert ends(tmp_path) == undisturbed


def test_other_options_start_anew_and_say_so(tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    broken_off(tmp_path, 6, as_of="2026-01-01")
    calls: list[Unit] = []
    _, said = run(batch(tmp_path, as_of="2026-01-02"), counting(calls), workers=1)
    assert said[0].startswith("starting anew")
    assert calls[:12] == list(batch(tmp_path).units)
    assert ends(tmp_path) == undisturbed


def test_other_input_starts_anew(tmp_path: Path) -> None:
    broken_off(tmp_path, 6)
    (tmp_path / "three.txt").write_text("THREE.txt")
    assert run(batch(tmp_path))[1][0].startswith("starting anew")


@pytest.mark.parametrize("kind", ["body", "rejects", "patients", "seal"])
def test_a_torn_part_is_made_again(kind: str, tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    broken_off(tmp_path, 6)
    parts = tmp_path / "out.parquet.parts"
    torn, gone, flipped = (parts / f"00000{number}.{kind}" for number in range(3))
    torn.write_bytes(torn.read_bytes()[:-5])
    gone.unlink()
    flipped.write_bytes(flipped.read_bytes()[:-1] + b"?")
    calls: list[Unit] = []
    run(batch(tmp_path), counting(calls), workers=1)
    assert calls[:10] == [batch(tmp_path).units[number] for number in (0, 1, 2, 5, 6, 7, 8, 9, 10, 11)]
    assert ends(tmp_path) == undisturbed


# What cannot be done ----


@pytest.mark.parametrize(
    ("code", "at"),
    [*((errno.ENOSPC, at) for at in (1, 2, 6, 49, 50, 67, 68, 69)), (errno.EDQUOT, 6), (errno.EIO, 6), (errno.EIO, 68)],
)
def test_a_disk_that_fails(
    code: int, at: int, tmp_path: Path, undisturbed: tuple[bytes, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write fails that is forced to disk as number `at`: of the manifest, a part, a part made again, the whole."""
    calls = 0

    def full(file: int, forced: Callable[[int], None] = os.fsync) -> None:
        nonlocal calls
        calls += 1
        if calls >= at:
            raise OSError(code, os.strerror(code))
        forced(file)

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", full)
        problem = fails(batch(tmp_path))
    assert problem.code == ("unwritable" if code == errno.EIO else "disk-full")
    assert problem.file == str(tmp_path / "out.parquet")
    assert (tmp_path / "out.parquet").read_bytes() == OLD
    assert not list(tmp_path.glob("out.parquet.parts/*.tmp"))
    assert ("parts are kept" in problem.remedy) == (tmp_path / "out.parquet.parts").exists() == (at > 2)
    run(batch(tmp_path))
    assert ends(tmp_path) == undisturbed


def test_the_last_renaming_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    todo = batch(tmp_path)

    def refused(source: Path, target: Path, rename: Callable[[Path, Path], None] = os.replace) -> None:
        if Path(target) == todo.out:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        rename(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", refused)
        problem = fails(todo)
    assert (problem.code, todo.out.read_bytes()) == ("disk-full", OLD)
    assert "12 of 12 parts are kept" in problem.remedy


def test_a_limit_of_the_system_is_a_full_disk(tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    """No file may grow beyond a limit: first not even a part, then not the whole."""
    answers = driven("limits", tmp_path)
    assert [answer["code"] for answer in answers] == ["disk-full", "disk-full", None]
    assert "no part is finished" in answers[0]["remedy"]
    assert "12 of 12 parts are kept" in answers[1]["remedy"]
    assert [answer["old"] for answer in answers] == [True, True, False]
    assert ends(tmp_path) == undisturbed


def test_places_that_cannot_be_written(tmp_path: Path) -> None:
    todo = batch(tmp_path)
    for out in (tmp_path, tmp_path / "nowhere" / "out.parquet", tmp_path / "one.txt" / "out.parquet"):
        problem = fails(Batch(out, todo.inputs, todo.units, {}))
        assert (problem.code, problem.file) == ("unwritable", str(out))
    assert not list(tmp_path.parent.glob(f"{tmp_path.name}.parts"))


def test_a_stranger_in_the_directory_is_left_alone(tmp_path: Path) -> None:
    stranger = tmp_path / "out.parquet.parts" / "notes.txt"
    stranger.parent.mkdir()
    stranger.write_text("mine")
    run(batch(tmp_path))
    assert [path.name for path in stranger.parent.iterdir()] == ["notes.txt"]


def test_input_that_cannot_be_read(tmp_path: Path) -> None:
    def unread(_unit: Unit, _without: frozenset[str]) -> Part:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    problem = fails(batch(tmp_path), unread)
    assert (problem.code, problem.file) == ("unreadable", "one.txt")
    todo = batch(tmp_path)
    (tmp_path / "one.txt").unlink()
    assert fails(todo).code == "unreadable"
    assert not (tmp_path / "out.parquet.parts").exists()


@pytest.mark.parametrize("harmful", [False, True])
def test_input_that_changes_during_the_run(harmful: bool, tmp_path: Path) -> None:
    def changing(unit: Unit, without: frozenset[str]) -> Part:
        if unit.start == 300:
            (tmp_path / "one.txt").write_text("changed")
            if harmful:
                raise InputError(Problem("bad-syntax", "what comes of reading half a file", ""))
        return work(unit, without)

    problem = fails(batch(tmp_path), changing)
    assert (problem.code, problem.file) == ("input-changed", str(tmp_path / "one.txt"))
    assert (tmp_path / "out.parquet").read_bytes() == OLD


def test_a_fault_of_ours_passes_through(tmp_path: Path) -> None:
    def wrong(_unit: Unit, _without: frozenset[str]) -> Part:
        return Part(pa.table({"other": [1]}), 1, pa.array(["urn:x"]))

    with pytest.raises(EngineError):
        run(batch(tmp_path), wrong)
    assert (tmp_path / "out.parquet").read_bytes() == OLD


def test_two_runs_on_one_output(tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def waiting(unit: Unit, without: frozenset[str]) -> Part:
        begun.set()
        assert go_on.wait(20)
        return work(unit, without)

    first = threading.Thread(target=run, args=(batch(tmp_path), waiting))
    first.start()
    try:
        assert begun.wait(20)
        assert fails(batch(tmp_path)).code == "output-in-use"
    finally:
        go_on.set()
        first.join()
    assert ends(tmp_path) == undisturbed


# Killed ----


def test_killed_twenty_times(tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    """By count of the operations on files, and by time. The output is at any time the old or the new one, whole."""
    answers = driven("kills", tmp_path)
    assert [answer["signal"] for answer in answers[:-1]] == [signal.SIGKILL] * 20
    assert answers[-1]["code"] is None
    assert {answer["out"] for answer in answers} <= {OLD.hex(), undisturbed[0].hex()}
    assert len({answer["seals"] for answer in answers}) > 3
    assert ends(tmp_path) == undisturbed
    assert not (tmp_path / "out.parquet.parts").exists()


@pytest.mark.parametrize(("number", "code"), [("TERM", 143), ("INT", 130)])
def test_asked_to_stop(number: str, code: int, tmp_path: Path, undisturbed: tuple[bytes, bytes]) -> None:
    done = subprocess.run([*DRIVER, number, tmp_path], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == code
    assert "of 12 parts are kept: give the same command again to go on" in done.stderr
    assert "Traceback" not in done.stderr
    assert (tmp_path / "out.parquet").read_bytes() == OLD
    assert not list(tmp_path.glob("out.parquet.parts/*.tmp"))
    assert run(batch(tmp_path))[1][0].startswith("going on: ")
    assert ends(tmp_path) == undisturbed


# The process that is killed: this file as a program ----

DRIVER = (sys.executable, __file__)


def driven(what: str, directory: Path) -> list[dict[str, Any]]:
    done = subprocess.run([*DRIVER, what, directory], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def slow_work(unit: Unit, without: frozenset[str]) -> Part:
    time.sleep(0.01)
    return work(unit, without)


def killed_at(count: int) -> None:
    """Kill this process before or after one of its operations on files."""
    left = count

    def counted(operation: Callable[..., Any]) -> Callable[..., Any]:
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

    for name in ("fsync", "replace", "unlink", "mkdir", "rmdir"):
        setattr(os, name, counted(getattr(os, name)))


def killed_after(seconds: float) -> None:
    threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGKILL)).start()


def forked(directory: Path, prepare: Callable[[], None]) -> dict[str, Any]:
    """One run in a process of its own, and what is there after it."""
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        prepare()
        problem: Problem | None = None
        try:
            run(batch(directory), slow_work)
        except InputError as error:
            problem = error.problem
        os.write(there, json.dumps([problem.code, problem.remedy] if problem else [None, ""]).encode())
        os._exit(0)
    os.close(there)
    _, status = os.waitpid(child, 0)
    code, remedy = json.loads(os.read(here, 1 << 14) or '["killed", ""]')
    os.close(here)
    out = (directory / "out.parquet").read_bytes()
    seals = len(list(directory.glob("out.parquet.parts/*.seal")))
    signalled = os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0
    return {"code": code, "remedy": remedy, "signal": signalled, "out": out.hex(), "old": out == OLD, "seals": seals}


def drive_kills(directory: Path) -> None:
    draw, killed = random.Random(4), 0
    while killed < 20:
        count, seconds = draw.randint(1, 60), draw.uniform(0.02, 0.2)
        by_time = killed % 2
        answer = forked(directory, lambda: killed_after(seconds) if by_time else killed_at(count))  # noqa: B023
        if answer["signal"]:
            killed += 1
            print(json.dumps(answer))
    print(json.dumps(forked(directory, lambda: None)))


def drive_limits(directory: Path) -> None:
    for limit in (500, 5000, resource.RLIM_INFINITY):
        unlimited = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        limits = (limit, unlimited)
        print(json.dumps(forked(directory, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))))  # noqa: B023


def drive_stop(directory: Path, number: signal.Signals) -> None:
    """The signal comes while the sixth unit is worked on."""

    def stopping(unit: Unit, without: frozenset[str]) -> Part:
        if unit == batch(directory).units[5]:
            os.kill(os.getpid(), number)
        time.sleep(0.05)
        return work(unit, without)

    try:
        run_parts(batch(directory), stopping, ParquetSink(SCHEMA))
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    what, place = sys.argv[1], Path(sys.argv[2])
    if what == "run":
        run_parts(batch(place), slow_work, ParquetSink(SCHEMA))
    elif what in ("TERM", "INT"):
        drive_stop(place, signal.Signals[f"SIG{what}"])
    else:
        {"kills": drive_kills, "limits": drive_limits}[what](place)
