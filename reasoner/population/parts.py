"""Work on more input than memory holds: in parts that survive being killed, joined to one file that appears whole.

Each unit of input gives a part. A finished part lies in a directory beside the output until all are finished; then they
are joined and renamed to the output. A seal with lengths and checksums is written last, so that a torn part is no
part. The same command given again goes on from the sealed parts, if all that the bytes depend on is still the same.
"""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import re
import signal
import sys
import threading
import time
import zlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import asdict, astuple, dataclass, field, fields, replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, BinaryIO

import pyarrow as pa

from reasoner.errors import GuideproofError, InputError, Problem
from reasoner.kernel.cohort import NODE, Reject
from reasoner.population import identities
from reasoner.population.bar import bar, counted
from reasoner.population.parquet_join import Body, Sink
from reasoner.population.unit import Unit

Say = Callable[[str], None]
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_OURS = re.compile(r"(\d{6,}\.(body|rejects|patients|seal)|manifest|whole|whole-rejects)(\.tmp)?")


@dataclass(frozen=True)
class Part:
    """What a unit gives: output, encoded if it is a buffer, the patients in it, and rejects.

    `rows` counts the patients in `body`; `patients` has the IRI of every patient of the unit, refused or not, save
    those that the work was to leave out, and a name for whatever else no other part may speak of, as strings; `extra`
    is summed over all parts and told in the summary, behind each number its words.
    """

    body: Body
    rows: int
    patients: pa.Array
    rejects: tuple[Reject, ...] = ()
    extra: Mapping[str, int] = field(default_factory=dict)


Work = Callable[[Unit, frozenset[str]], Part]
"""The part of a unit without the patients named; run on several threads, and the same each time."""


@dataclass(frozen=True)
class Batch:
    """What is to be done: every piece of every input file, and where the output goes.

    `depends` is whatever else the bytes depend on, as JSON: options, as-of date, guideline, software version.
    """

    out: Path
    inputs: Sequence[Path]
    units: Sequence[Unit]
    depends: Mapping[str, Any]


@dataclass(frozen=True)
class Outcome:
    """How many patients were written and how many places rejected; where the rejects are, None where there are none."""

    rows: int
    rejects: int
    rejects_file: Path | None
    extra: Mapping[str, int]


def rejects_path(out: Path) -> Path:
    """Where the rejects of an output go."""
    return out.with_name(f"{out.name}.rejects.csv")


def tell(text: str) -> None:
    """A line on standard error."""
    print(text, file=sys.stderr, flush=True)


def run_parts(batch: Batch, work: Work, sink: Sink, *, workers: int = 2, say: Say = tell) -> Outcome:
    """Write the output of all units to `batch.out`, whole or not at all, and the rejects beside it.

    A patient in more than one place is left out of all and rejected with every source named. Raises InputError where
    the output cannot be written or is in use, or the input changes, and what `work` raises; finished parts are kept.
    """
    room, began = _Room(batch.out, len(batch.units)), time.monotonic()
    with _stopped_cleanly(room, say), room.owned():
        inputs = [identities.Fingerprint.of(path) for path in batch.inputs]
        room.adopt(_manifest(batch, sink, inputs), say)
        run = _Run(batch, work, sink, room, workers)
        try:
            made = run.all_parts()
        except GuideproofError:
            identities.check_unchanged(inputs)
            raise
        identities.check_unchanged(inputs)
        outcome = room.deliver(sink, [run.seals[number] for number in range(len(batch.units))])
    say(_summary(outcome, made, time.monotonic() - began))
    return outcome


def _summary(outcome: Outcome, made: int, seconds: float) -> str:
    notes = [f"{number:,} {what}" for what, number in sorted(outcome.extra.items())]
    notes += [f"{outcome.rejects:,} rejected: see {outcome.rejects_file}"] if outcome.rejects_file else []
    rate = f"{counted(outcome.rows)} in {seconds:,.1f} s ({made / max(seconds, 1e-3):,.0f} a second)"
    return "; ".join([rate, *notes])


def _manifest(batch: Batch, sink: Sink, inputs: Sequence[identities.Fingerprint]) -> bytes:
    """All that the bytes of the parts depend on."""
    units = blake2b(repr([astuple(unit) for unit in batch.units]).encode()).hexdigest()
    hold = {"units": [len(batch.units), units], "depends": batch.depends, "sink": repr(sink)}
    hold |= {"inputs": [astuple(file) for file in inputs], "versions": [pa.__version__, identities.hash_version()]}
    return json.dumps(hold, sort_keys=True).encode()


@contextmanager
def _stopped_cleanly(room: _Room, say: Say) -> Iterator[None]:
    """Where writing fails: one InputError. Where the run is stopped: a word on how to go on."""
    catching = threading.current_thread() is threading.main_thread()
    before = signal.signal(signal.SIGTERM, _leave) if catching else None
    try:
        yield
    except OSError as error:
        raise InputError(_unwritten(error, room)) from error
    except (KeyboardInterrupt, SystemExit):
        say(f"stopped; {room.kept()}: give the same command again to go on")
        raise
    finally:
        if before is not None:
            signal.signal(signal.SIGTERM, before)


def _leave(number: int, _frame: object) -> None:
    raise SystemExit(128 + number)


def _unwritten(error: OSError, room: _Room) -> Problem:
    what = f"cannot write: {error.strerror or error}"
    if error.errno in _FULL:
        remedy = f"free some space, then give the same command again; {room.kept()}"
        return Problem("disk-full", what, remedy, str(room.out))
    return Problem("unwritable", what, f"give a path that can be written; {room.kept()}", str(room.out))


@dataclass(frozen=True)
class _Seal:
    """That a part is finished: its counts, and the length and checksum of each of its files by their kind."""

    rows: int
    rejects: int
    extra: Mapping[str, int]
    without: str
    files: Mapping[str, Sequence[int]]


class _Room:
    """The directory beside an output where its parts lie; one run at a time owns it."""

    def __init__(self, out: Path, units: int) -> None:
        self.out, self.units = out, units
        self.path = out.with_name(f"{out.name}.parts")

    def file(self, number: int, kind: str) -> Path:
        return self.path / f"{number:06d}.{kind}"

    def kept(self) -> str:
        """How much is finished, in words."""
        return f"{self.seals()} of {self.units} parts are kept" if self.seals() else "no part is finished"

    def seals(self) -> int:
        """How many parts were sealed."""
        return len(list(self.path.glob("*.seal")))

    @contextmanager
    def owned(self) -> Iterator[None]:
        """Hold the directory for this run; a run that died holds nothing. Raises InputError where another has it."""
        if self.out.is_dir():
            raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
        lock = self._lock()
        try:
            yield
            self.remove()
        except BaseException:
            if not self.seals():
                self.remove()
            raise
        finally:
            os.close(lock)

    def _lock(self) -> int:
        path = self.path / "lock"
        while True:
            self.path.mkdir(exist_ok=True)
            with suppress(FileNotFoundError):  # Its owner removes it in the end; then it is made anew.
                lock = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
                self._take(lock)
                if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
                    return lock
                os.close(lock)

    def _take(self, lock: int) -> None:
        import fcntl

        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            problem = Problem("output-in-use", "another run is writing it", "wait until it has ended", str(self.out))
            raise InputError(problem) from None

    def adopt(self, manifest: bytes, say: Say) -> None:
        """Keep what is there from a run of the same; discard what is there from another."""
        path = self.path / "manifest"
        if path.is_file() and path.read_bytes() == manifest:
            say(f"going on: {self.seals()} of {self.units} parts were finished")
            return
        if self.seals():
            say(f"starting anew: {self.path} was made from another input, with other options or by another version")
        self._clear()
        _write(path, manifest)

    def _clear(self) -> None:
        """Remove all but the lock; the manifest first, without which nothing is taken for finished."""
        (self.path / "manifest").unlink(missing_ok=True)
        for entry in self.path.iterdir():
            if _OURS.fullmatch(entry.name):
                entry.unlink()

    def remove(self) -> None:
        """Remove the directory; the run that owns it has no more use for it."""
        self._clear()
        (self.path / "lock").unlink()
        with suppress(OSError):  # Something else lies in it.
            self.path.rmdir()

    def store(self, number: int, contents: Mapping[str, Any], seal: _Seal) -> _Seal:
        """Write a part's files, and its seal last."""
        for kind, content in contents.items():
            _write(self.file(number, kind), content)
        sums = {kind: _sum(content) for kind, content in contents.items()}
        seal = replace(seal, files={**seal.files, **sums})
        _write(self.file(number, "seal"), json.dumps(asdict(seal)).encode())
        return seal

    def seal(self, number: int) -> _Seal | None:
        """The seal of a part that is finished and whole; None where it is not."""
        try:
            seal = _Seal(**json.loads(self.file(number, "seal").read_bytes()))
            whole = all(_sum(self.file(number, kind).read_bytes()) == told for kind, told in seal.files.items())
        except (FileNotFoundError, ValueError, TypeError):
            return None
        return seal if whole else None

    def deliver(self, sink: Sink, seals: Sequence[_Seal]) -> Outcome:
        """Join the parts and rename the whole to the output, and the rejects to theirs."""
        whole, refused, target = self.path / "whole", self.path / "whole-rejects", rejects_path(self.out)
        with _forced(whole) as file:
            sink.join([self.file(number, "body") for number in range(len(seals))], file)
        with _forced(refused) as file:
            file.write(_lines([[column.name for column in fields(Reject)]]))
            for number in range(len(seals)):
                file.write(self.file(number, "rejects").read_bytes())
        count, extra = sum(seal.rejects for seal in seals), sum((Counter(seal.extra) for seal in seals), Counter())
        if count:
            refused.replace(target)
        else:
            target.unlink(missing_ok=True)
        whole.replace(self.out)
        return Outcome(sum(seal.rows for seal in seals), count, target if count else None, extra)


class _Run:
    """One run over a batch: what is still to be made is made, then the patients met twice are taken out."""

    def __init__(self, batch: Batch, work: Work, sink: Sink, room: _Room, workers: int) -> None:
        self.batch, self.work, self.sink, self.room, self.workers = batch, work, sink, room, workers
        self.seals: dict[int, _Seal] = {}

    def all_parts(self) -> int:
        """Make or keep every part; give the number of patients worked on in this run."""
        kept = {number: self.room.seal(number) for number in range(len(self.batch.units))}
        self.seals = {number: seal for number, seal in kept.items() if seal}
        made = self._make({number: {} for number, seal in kept.items() if not seal})
        repeated = self._repeated()
        wrong = [number for number, seal in self.seals.items() if seal.without != _digest(repeated.get(number, {}))]
        return made + self._make({number: repeated.get(number, {}) for number in wrong})

    def _make(self, todo: Mapping[int, Mapping[str, Reject]]) -> int:
        """Make parts without the patients named; the first error in the order of the units ends it."""
        sizes, made = [unit.stop - unit.start for unit in self.batch.units], 0
        done = sum(size for number, size in enumerate(sizes) if number not in todo)
        pool = ThreadPoolExecutor(self.workers)
        try:
            futures = {number: pool.submit(self._part, number, without) for number, without in todo.items()}
            with bar(sum(sizes), done) as advance:
                for number, future in futures.items():
                    self.seals[number] = future.result()
                    made += self.seals[number].rows
                    advance(sizes[number], made)
        finally:
            pool.shutdown(cancel_futures=True)
        return made

    def _part(self, number: int, without: Mapping[str, Reject]) -> _Seal:
        part = self._work(number, frozenset(without))
        body = part.body if isinstance(part.body, pa.Buffer) else self.sink.encode(part.body)
        told = [reject for reject in without.values() if NODE not in reject.patient]
        rejects = sorted(r for r in part.rejects if r.patient not in without) + sorted(told)
        contents: dict[str, Any] = {"body": body, "rejects": _lines(map(astuple, rejects))}
        if not without:
            contents["patients"] = identities.sorted_hashes(part.patients)
        files = self.seals[number].files if without else {}
        seal = _Seal(part.rows, len(rejects), dict(part.extra), _digest(without), files)
        return self.room.store(number, contents, seal)

    def _work(self, number: int, without: frozenset[str]) -> Part:
        unit = self.batch.units[number]
        try:
            return self.work(unit, without)
        except OSError as error:
            raise InputError(identities.unreadable(error, unit.file)) from error

    def _repeated(self) -> dict[int, dict[str, Reject]]:
        """By part, the patients that are described elsewhere too, each with its reject."""
        files = [self.room.file(number, "patients") for number in range(len(self.batch.units))]
        repeated = identities.find_duplicates(files, lambda number: self._work(number, frozenset()).patients)
        return identities.rejects_by_part(repeated, [unit.file for unit in self.batch.units])


def _digest(without: Mapping[str, Reject]) -> str:
    return blake2b(repr(sorted(without.values())).encode(), digest_size=16).hexdigest()


def _lines(rows: Iterable[Iterable[str]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode()


def _write(path: Path, content: Any) -> None:
    temporary = path.with_name(f"{path.name}.tmp")
    with _forced(temporary) as file:
        file.write(content)
    temporary.replace(path)


@contextmanager
def _forced(path: Path) -> Iterator[BinaryIO]:
    """A file that is on the disk when it is closed; half written it is removed, and keeps no full disk full."""
    try:
        with path.open("wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _sum(content: Any) -> list[int]:
    return [len(memoryview(content)), zlib.crc32(content)]
