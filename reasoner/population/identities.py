"""Whether two are the same: patients among more than memory holds, and an input file before and after.

Each part's IRIs are kept as a sorted file of 64-bit hashes. Hashes are merged a partition of the hash space at a time;
only where a hash occurs twice are the IRIs read again and compared as strings: a chance collision is no finding.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.errors import InputError, Problem
from reasoner.kernel.cohort import Reject

Hashes = NDArray[np.uint64]

#: How many hashes are merged at a time: 8 bytes each.
PARTITION = 1 << 22

#: How many repeated patients are named one by one; more are one fault of the input.
MOST = 1_000_000

_REMEDY = "put one patient into one file, or give two patients two IRIs"
_SAMPLE = 1 << 16
_WIDTH = np.dtype(np.uint64).itemsize


@dataclass(frozen=True, order=True)
class Duplicate:
    """A patient described more than once: the numbers of the parts where, in order; a part twice if twice in it."""

    patient: str
    parts: tuple[int, ...]


@dataclass(frozen=True)
class Fingerprint:
    """An input file as it was: size in bytes, time in nanoseconds, and a hash of its first and last 64 KiB."""

    file: str
    size: int
    changed: int
    sample: str

    @classmethod
    def of(cls, path: Path) -> Fingerprint:
        """The fingerprint of a file as it is. Raises InputError where it cannot be read."""
        try:
            with path.open("rb") as file:
                state = os.fstat(file.fileno())
                sample = blake2b(file.read(_SAMPLE))
                file.seek(max(0, state.st_size - _SAMPLE))
                sample.update(file.read(_SAMPLE))
        except OSError as error:
            raise InputError(unreadable(error, str(path))) from error
        return cls(str(path), state.st_size, state.st_mtime_ns, sample.hexdigest())


def check_unchanged(files: Iterable[Fingerprint]) -> None:
    """Raises InputError where a file is no longer what it was."""
    for before in files:
        if Fingerprint.of(Path(before.file)) != before:
            remedy = "let the file be while it is read, and give the command again: the work starts anew"
            raise InputError(Problem("input-changed", "the file changed during the run", remedy, before.file))


def unreadable(error: OSError, file: str) -> Problem:
    """The problem that a file of the input cannot be read."""
    return Problem("unreadable", f"cannot read: {error.strerror or error}", "give a file that can be read", file)


def hashes(patients: pa.Array | pa.ChunkedArray) -> Hashes:
    """A 64-bit hash of each IRI, in the order of `patients`."""
    import polars as pl

    return pl.Series(pl.from_arrow(patients)).cast(pl.String).hash(seed=0).to_numpy()


def sorted_hashes(patients: pa.Array | pa.ChunkedArray) -> bytes:
    """What is kept of the IRIs of one part: their hashes, sorted, in little-endian words of 64 bits."""
    return _sorted(hashes(patients)).astype("<u8", copy=False).tobytes()


def _sorted(found: Hashes) -> Hashes:
    """The hashes, sorted by Polars, which takes a third of the time of NumPy."""
    import polars as pl

    return pl.Series(found).sort(multithreaded=False).to_numpy()


def find_duplicates(
    files: Sequence[Path],
    patients: Callable[[int], pa.Array | pa.ChunkedArray],
    *,
    partition: int = PARTITION,
    most: int = MOST,
) -> list[Duplicate]:
    """The patients that occur more than once in all parts together, by IRI.

    `files` are those of `sorted_hashes`, one a part; `patients` gives the IRIs of a part again, and is asked only for
    parts with a hash that occurs twice. `partition` bounds how many hashes are held at once. Raises InputError where
    more than `most` occurrences repeat.
    """
    twice = _occurring_twice(files, partition, most)
    if not len(twice):
        return []
    places: dict[str, list[int]] = defaultdict(list)
    for number, file in enumerate(files):
        if _any_in(twice, file):
            for patient in _with_hash_in(patients(number), twice):
                places[patient].append(number)
    return sorted(Duplicate(patient, tuple(parts)) for patient, parts in places.items() if len(parts) > 1)


def rejects_by_part(repeated: Iterable[Duplicate], sources: Sequence[str]) -> dict[int, dict[str, Reject]]:
    """For each part the patients in it who are described elsewhere too, each with its reject; `sources` are by part."""
    found: dict[int, dict[str, Reject]] = defaultdict(dict)
    for twice in repeated:
        files = list(dict.fromkeys(sources[part] for part in twice.parts))
        where = f"in {' and in '.join(files)}" if len(files) > 1 else f"{len(twice.parts)} times in {files[0]}"
        for part in twice.parts:
            found[part][twice.patient] = Reject(
                twice.patient, sources[part], "duplicate-patient", f"the patient is described {where}", _REMEDY
            )
    return found


def _any_in(wanted: Hashes, file: Path) -> bool:
    """Whether a file of sorted hashes has one of those wanted."""
    kept = _kept(file)
    at = np.searchsorted(kept, wanted)
    return bool((kept[at[at < len(kept)]] == wanted[at < len(kept)]).any())


def _with_hash_in(patients: pa.Array | pa.ChunkedArray, wanted: Hashes) -> list[str]:
    chosen = patients.filter(pa.array(np.isin(hashes(patients), wanted)))
    found: list[str] = chosen.to_pylist()
    return found


def _occurring_twice(files: Sequence[Path], partition: int, most: int) -> Hashes:
    """The hashes that occur more than once, sorted, each once."""
    found: list[Hashes] = []
    count = 0
    for merged in _partitions(files, partition):
        again = merged[1:][merged[1:] == merged[:-1]]
        found.append(np.unique(again))
        count += len(again)
        if count > most:
            raise InputError(too_many(most))
    return np.concatenate(found)


def _partitions(files: Sequence[Path], size: int) -> Iterator[Hashes]:
    """All hashes, sorted, in pieces of about `size`; equal ones are in one piece."""
    pieces = max(1, -(-sum(file.stat().st_size for file in files) // (_WIDTH * size)))
    for low, high in pairwise((i << 64) // pieces for i in range(pieces + 1)):
        yield _sorted(np.concatenate([np.empty(0, np.uint64), *(_between(_kept(file), low, high) for file in files)]))


def _between(kept: Hashes, low: int, high: int) -> Hashes:
    """Those of some sorted hashes that are at least `low` and less than `high`."""
    start, stop = np.searchsorted(kept, np.uint64(low)), np.searchsorted(kept, np.uint64(high - 1), "right")
    return kept[start:stop]


def _kept(file: Path) -> Hashes:
    """The sorted hashes of a file, of which the system reads what is asked for."""
    return np.memmap(file, "<u8", "r") if file.stat().st_size else np.empty(0, np.uint64)


def too_many(most: int) -> Problem:
    """The problem that more patients are described twice than are named one by one."""
    what = f"more than {most:,} patients are described twice"
    return Problem("duplicate-patients", what, "give each patient once: a file may be there twice under two names")
