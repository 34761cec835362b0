"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from reasoner.errors import InputError, Problem


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it there; a file that is there already stays until then.

    The new file has the permissions of any file that the user makes. Raises InputError where it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        _write_new(beside, content)
        beside.replace(path)
    except OSError as error:
        with suppress(OSError):
            beside.unlink()
        reason = error.strerror or str(error)
        problem = Problem("unwritable", f"cannot write: {reason}", "give a path that can be written", str(path))
        raise InputError(problem) from error


def _write_new(path: Path, content: bytes) -> None:
    """Make a file that was not there. Raises OSError."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
