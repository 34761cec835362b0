"""A directory beside an output for what one run alone needs: one run at a time, and nothing of a killed one stays."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reasoner.errors import InputError, Problem


@contextmanager
def scratch_of(out: Path) -> Iterator[str]:
    """A directory for what this run alone needs; what a killed run left there is removed.

    Raises InputError where another run of the same output has it, or where none can be made.
    """
    path = out.with_name(f".{out.name}.scratch")
    try:
        lock = _held(path)
    except BlockingIOError:
        problem = Problem("output-in-use", "another run is writing it", "wait until it has ended", str(out))
        raise InputError(problem) from None
    except OSError as error:
        what = f"cannot write: {error.strerror or error}"
        raise InputError(Problem("unwritable", what, "give a path that can be written", str(out))) from error
    try:
        for left in path.iterdir():
            shutil.rmtree(left)
        yield str(path)
    finally:
        shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def _held(path: Path) -> int:
    """Make a directory and lock it, unless it is locked; a process that has died locks nothing."""
    while True:
        path.mkdir(exist_ok=True)
        with suppress(FileNotFoundError):  # Its owner removes it in the end; then it is made anew.
            lock = os.open(path, os.O_RDONLY)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise
            if path.exists() and os.path.samestat(os.fstat(lock), path.stat()):
                return lock
            os.close(lock)
