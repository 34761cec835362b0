"""Processes for the work on units that holds Python's lock: parsing documents and writing N-Quads.

A process ends with the one that started it, also where that was killed.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from multiprocessing import get_context, parent_process
from multiprocessing.connection import wait
from typing import Any, TypeVar

from reasoner.rdf_checks import silence_conversions

Given = TypeVar("Given")
Result = TypeVar("Result")

_task: list[Callable[[Any], Any]] = []


def processes(count: int, task: Callable[[Given], Result]) -> tuple[Executor, Callable[[Given], Result]]:
    """A pool of `count` processes that are sent `task` once, and the function that stands for it there."""
    return ProcessPoolExecutor(count, get_context("spawn"), _begin, (task,)), _run


def _begin(task: Callable[[Any], Any]) -> None:
    """Get ready; leave interrupts to the parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    silence_conversions()
    parent = parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()
    _task.append(task)


def _follow(parent: int) -> None:
    wait([parent])
    os._exit(1)


def _run(given: Any) -> Any:
    return _task[0](given)
