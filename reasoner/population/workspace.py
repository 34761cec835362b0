"""The directory beside an output in which a run works: `.NAME.work`, one run at a time.

Only a real directory of this user's that a run has made is used: anything else of that name is refused, not followed
and not emptied.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from reasoner.errors import InputError, Problem

#: The file by which a directory is known as one of ours.
_MARKER = "made-by-guideproof"
_SCRATCH = "scratch"
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def workspace(out: Path) -> Iterator[Path]:
    """The directory for work on an output, with what a killed run left in it; it stays if there are finished parts.

    Raises InputError where another run works in it, where it was not made by a run, or where it cannot be made.
    """
    path = out.with_name(f".{out.name}.work")
    with writable(out):
        lock = _locked(path, out)
    try:
        yield path
    finally:
        if not finished(path):
            shutil.rmtree(path, ignore_errors=True)
        os.close(lock)


def finished(path: Path) -> list[Path]:
    """The seals of finished parts in a workspace, for the next run to go on from."""
    return list(path.glob("*.seal"))


def clear(path: Path) -> None:
    """Remove all that a workspace holds, but for its scratch directory."""
    for entry in path.iterdir():
        if entry.name in (_MARKER, _SCRATCH):
            continue
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry)
        else:
            entry.unlink()


def scratch(path: Path) -> Path:
    """An empty directory in a workspace for what is of use to this run alone."""
    found = path / _SCRATCH
    if found.exists():
        shutil.rmtree(found)
    found.mkdir()
    return found


@contextmanager
def writable(out: Path, note: Callable[[], str] = str) -> Iterator[None]:
    """Turns an OSError while an output is written into one InputError: `disk-full` or `unwritable`, with a note."""
    try:
        yield
    except OSError as error:
        full = error.errno in _FULL
        remedy = "free some space, then give the same command again" if full else "give a path that can be written"
        remedy = "; ".join(filter(None, (remedy, note())))
        what = f"cannot write: {error.strerror or error}"
        raise InputError(Problem("disk-full" if full else "unwritable", what, remedy, str(out))) from error


def ordinary(path: Path) -> Path:
    """The path that an output is renamed to: a link's target. Raises InputError for a device, pipe or socket."""
    check_name(path)
    found = path.resolve() if path.is_symlink() else path
    if found.exists() and not found.is_file() and not found.is_dir():
        remedy = "write to an ordinary file, and copy it there"
        raise InputError(Problem("not-a-file", "the output is a device, a pipe or a socket", remedy, str(path)))
    return found


def check_name(path: Path) -> None:
    """Raise InputError for a name that is no UTF-8, which Arrow cannot open."""
    try:
        str(path.absolute()).encode()
    except UnicodeEncodeError:
        problem = Problem("name-not-utf8", "the name of the file is not encoded in UTF-8", "rename it", str(path))
        raise InputError(problem) from None


def _locked(path: Path, out: Path) -> int:
    """Make the directory and lock it; a process that has died locks nothing. Gives the open descriptor."""
    while True:
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        _check_own(path)
        with suppress(FileNotFoundError):  # The run that owned it removes it in the end; then it is made anew.
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            _take(lock, out)
            if path.exists() and os.path.samestat(os.fstat(lock), path.lstat()):
                (path / _MARKER).touch()
                return lock
            os.close(lock)


def _take(lock: int, out: Path) -> None:
    import fcntl

    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        problem = Problem("output-in-use", "another run is writing it", "wait until it has ended", str(out))
        raise InputError(problem) from None


def _check_own(path: Path) -> None:
    """Raise InputError for what is no directory of this user that a run has made."""
    with suppress(FileNotFoundError):
        state = path.lstat()
        own = stat.S_ISDIR(state.st_mode) and state.st_uid == os.geteuid()
        if not own or not ((path / _MARKER).is_file() or not any(path.iterdir())):
            what = "something else has the name of the directory in which a batch works"
            raise InputError(Problem("not-ours", what, "move it away, or give the output another name", str(path)))
