"""The work of a batch in processes of their own: what reads triples and writes quads holds Python's lock.

A process ends with the one that started it, also where that was killed. What it makes comes as a file: through a pipe
it would cost the one that waits for all of them about as much as making it.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from pathlib import Path
from tempfile import NamedTemporaryFile
from types import TracebackType
from typing import Protocol

import pyarrow as pa

from reasoner.population.parts import Part
from reasoner.population.unit import Unit


class Work(Protocol):
    """What makes the part of a unit; it can be sent to another process."""

    def part(self, unit: Unit, without: frozenset[str]) -> Part:
        """The part of a unit, without the patients named, its body encoded."""


_work: list[tuple[Work, Path]] = []


class Processes:
    """Makes parts in `count` processes, by way of files in `folder`; a context, at the end of which they end."""

    def __init__(self, work: Work, count: int, folder: Path) -> None:
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (work, folder))

    def part(self, unit: Unit, without: frozenset[str]) -> Part:
        """The part of a unit, by the next process that is free."""
        part, file = self._pool.submit(_part, unit, without).result()
        if file is None:
            return part
        body = pa.py_buffer(file.read_bytes())
        file.unlink()
        return replace(part, body=body)

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _begin(work: Work, folder: Path) -> None:
    """Get ready; leave interrupts to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    _work.append((work, folder))


def _follow(parent: int) -> None:
    wait([parent])
    os._exit(1)


def _part(unit: Unit, without: frozenset[str]) -> tuple[Part, Path | None]:
    """The part of a unit, and the file that its body is in; none where the disk is full, as the parent will find."""
    work, folder = _work[0]
    part = work.part(unit, without)
    try:
        with NamedTemporaryFile(dir=folder, delete=False) as file:
            file.write(part.body)
    except OSError:
        return part, None
    return replace(part, body=b""), Path(file.name)
