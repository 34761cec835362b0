"""Writing a file whole or not at all, and reading one line by line."""

from __future__ import annotations

import io
import os
from collections import deque
from pathlib import Path
from typing import IO

from reasoner.errors import InputError, Problem


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` beside `path` and rename it there. Raises InputError where that cannot be done."""
    import tempfile  # slow to import, and few commands write

    try:
        with tempfile.NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
            file.write(content)
        Path(file.name).chmod(0o666 & ~_umask())
        Path(file.name).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        problem = Problem("unwritable", f"cannot write: {reason}", "give a path that can be written", str(path))
        raise InputError(problem) from error


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


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
