"""Writing a file whole or not at all, and reading one line by line."""

from __future__ import annotations

import io
import os
import stat
from collections import deque
from contextlib import suppress
from pathlib import Path
from typing import IO

from reasoner.errors import InputError, Problem


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it there; a file that is there already stays until then.

    Where `path` is a link its target is written, and a device, a pipe or what standard output is connected to is
    written to as it stands. A new file has the permissions of any file that the user makes, one that was there keeps
    its own. Raises InputError where it cannot be written.
    """
    try:
        if _is_stream(path):
            _write(os.open(path, os.O_WRONLY | getattr(os, "O_BINARY", 0)), content)
        else:
            _replace(path.resolve() if path.is_symlink() else path, content)
    except (OSError, RuntimeError) as error:
        raise unwritable(error, str(path)) from error


def unwritable(error: Exception, where: str) -> InputError:
    """The error of an output that cannot be written."""
    reason = getattr(error, "strerror", None) or str(error)
    return InputError(Problem("unwritable", f"cannot write: {reason}", "give a path that can be written", where))


def _is_stream(path: Path) -> bool:
    """Whether something is there that is no ordinary file or directory, or standard output itself."""
    if not path.exists():
        return False
    found = path.stat()
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        return True
    with suppress(OSError):
        return os.path.samestat(found, os.fstat(1))
    return False


def _replace(path: Path, content: bytes) -> None:
    """Write a new file beside `path` and rename it. Raises OSError, and then nothing is left."""
    beside = path.with_name(f".{path.name}.{os.urandom(8).hex()}")
    try:
        _write(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666), content)
        if path.exists():
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        beside.replace(path)
    except OSError:
        with suppress(OSError):
            beside.unlink()
        raise


def _write(descriptor: int, content: bytes) -> None:
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
