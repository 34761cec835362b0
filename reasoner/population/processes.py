"""The work of a batch in processes of their own: what reads triples and writes quads holds Python's lock.

A process ends with the one that started it, also where that was killed.
"""

from __future__ import annotations

import os
import signal
import threading
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from types import TracebackType
from typing import Protocol

from reasoner.intake.unit import Unit
from reasoner.population.parts import Part


class Work(Protocol):
    """What makes the part of a unit; it can be sent to another process."""

    def part(self, unit: Unit, without: frozenset[str]) -> Part:
        """The part of a unit, without the patients named, its body encoded."""


_work: list[Work] = []


class Processes:
    """Makes parts in `count` processes; used as a context, at the end of which they end."""

    def __init__(self, work: Work, count: int) -> None:
        self._pool = ProcessPoolExecutor(count, get_context("spawn"), _begin, (work,))

    def part(self, unit: Unit, without: frozenset[str]) -> Part:
        """The part of a unit, by the next process that is free."""
        return self._pool.submit(_part, unit, without).result()

    def __enter__(self) -> Processes:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(cancel_futures=True)


def _begin(work: Work) -> None:
    """Get ready; leave interrupts to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    _work.append(work)


def _follow(parent: int) -> None:
    wait([parent])
    os._exit(1)


def _part(unit: Unit, without: frozenset[str]) -> Part:
    return _work[0].part(unit, without)
