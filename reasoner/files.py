"""Writing a file whole or not at all, and reading one line by line."""

from __future__ import annotations

import io
import os
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO

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


class LineFeed(io.RawIOBase):
    """Hands out one line at a time, counts the lines in `line`, and keeps the last of them."""

    def __init__(self, file: IO[bytes]) -> None:
        super().__init__()
        self._file, self._whole = file, True
        self._last: deque[bytes] = deque(maxlen=1000)
        self.line = 0

    def read(self, size: int = -1) -> bytes:
        part = self._file.readline(size)
        self.line += bool(part) and self._whole
        self._whole = part.endswith(b"\n")
        self._last.append(part)
        return part

    def text(self) -> str:
        """As many lines as were handed out; only the last thousand of them as they are, the others empty."""
        last = b"".join(self._last)
        return "\n" * (self.line - last.count(b"\n") - (not self._whole)) + last.decode(errors="replace")
