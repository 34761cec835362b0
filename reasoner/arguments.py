"""What callers of the public functions give: another type than is asked for is an error, and not read as something."""

from __future__ import annotations

import os
from collections.abc import Iterable
from datetime import date, datetime
from pathlib import Path

ENGINES = ("compiled", "hermit")


def check_day(as_of: object) -> None:
    """Raise TypeError for what is no date, as a `datetime`, whose hour nothing would look at."""
    if not isinstance(as_of, date) or isinstance(as_of, datetime):
        raise TypeError(f"as_of is a datetime.date, not {as_of!r}")


def check_engine(engine: object) -> None:
    """Raise ValueError for an engine that there is not."""
    if engine not in ENGINES:
        raise ValueError(f"engine is one of {', '.join(ENGINES)}, not {engine!r}")


def checked_paths(paths: Iterable[Path | str]) -> list[Path | str]:
    """The paths in a list. Raises TypeError for one path, the letters of which are none, and for what is no path."""
    if isinstance(paths, (str, bytes, os.PathLike)):
        raise TypeError(f"paths are a list of paths, not one: [{paths!r}]")
    found = list(paths)
    for path in found:
        if not isinstance(path, (str, os.PathLike)):
            raise TypeError(f"{path!r} is no path")
    return found
