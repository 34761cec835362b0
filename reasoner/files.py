"""Writing a file whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

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
