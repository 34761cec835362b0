"""The two versions of a comparison: directories, or revisions of a git repository.

A revision is read from the repository's objects into a temporary directory: the work tree is never touched, nothing is
fetched, no hook or filter runs, and only plain Turtle files of `ontology/` and `shapes/` are taken.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory

from msgspec.structs import replace

from reasoner.errors import GuidelineError, InputError, Problem
from reasoner.guideline.guideline import Guideline, load_guideline

_FOLDERS = ("ontology", "shapes")
_PLAIN = ("100644", "100755")
_TIMEOUT = 60.0


@contextmanager
def two_versions(old: str, new: str) -> Iterator[tuple[Guideline, Guideline]]:
    """The guidelines that two arguments name; a revision's files last as long as the context.

    A revision belongs to the repository of the other argument's directory, or else of the current one. Raises
    InputError for what is neither a directory nor a revision, and GuidelineError, naming the side, for a guideline
    that cannot be used.
    """
    with ExitStack() as stack:
        yield _version(stack, "old", old, new), _version(stack, "new", new, old)


def _version(stack: ExitStack, side: str, name: str, other: str) -> Guideline:
    """The guideline in a directory, or of a revision; its errors name the side, and the revision for its directory."""
    directory, shown = Path(name), ""
    if not name or not directory.is_dir():
        base = Path(other) if Path(other).is_dir() else Path()
        commit, shown = _commit(name, base), f"{name}:"
        directory = Path(stack.enter_context(TemporaryDirectory(prefix="guideproof-")))
        _check_out(commit, base, directory)
    try:
        guideline = load_guideline(directory, cache=not shown)
        _ = guideline.ontologies
    except GuidelineError as error:
        raise type(error)(*(_sided(problem, side, directory, shown) for problem in error.problems)) from error
    return guideline


def _sided(problem: Problem, side: str, directory: Path, shown: str) -> Problem:
    file = problem.file
    if file and shown and Path(file).is_relative_to(directory):
        file = shown + Path(file).relative_to(directory).as_posix().removeprefix(".")
    return replace(problem, what=f"the {side} version: {problem.what}", file=file)


# -- git --


def _commit(name: str, base: Path) -> str:
    """The commit that a revision names."""
    if name.startswith("-") or not name.isprintable() or not name:
        what = f"{name!r} is neither a directory nor a revision"
        raise InputError(Problem("bad-revision", what, "give a directory, or a revision such as HEAD~1"))
    found = _git(base, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}")
    if found is None:
        what = f"{name!r} is neither a directory nor a revision of the git repository here"
        raise InputError(Problem("unknown-revision", what, "give a directory with ontology/*.ttl in it, or a revision",
                                 str(base)))  # fmt: skip
    return found.decode().strip()


def _check_out(commit: str, base: Path, folder: Path) -> None:
    """Write a revision's ontologies and shapes into a folder."""
    prefix = (_git(base, "rev-parse", "--show-prefix") or b"").decode().strip()
    listed = _git(base, "ls-tree", "-z", "--full-tree", commit, "--", *(f"{prefix}{name}/" for name in _FOLDERS)) or b""
    for entry in listed.decode().split("\0"):
        about, _, path = entry.partition("\t")
        mode, _, identity = about.partition(" blob ")
        inside = PurePosixPath(path)
        if mode in _PLAIN and inside.suffix == ".ttl" and inside.parent.name in _FOLDERS:
            target = folder / inside.parent.name / inside.name
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(_git(base, "cat-file", "blob", identity) or b"")


def _git(directory: Path, *arguments: str) -> bytes | None:
    """What git prints; None where it fails. It may neither ask nor fetch."""
    command = ["git", "-C", str(directory), "-c", "protocol.allow=never", *arguments]
    env = {**os.environ, "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0", "GIT_NO_LAZY_FETCH": "1"}
    try:
        done = subprocess.run(command, capture_output=True, check=False, env=env, timeout=_TIMEOUT)
    except (OSError, subprocess.TimeoutExpired) as error:
        what = f"git cannot be run: {error}"
        raise InputError(Problem("no-git", what, "install git, or give two directories")) from error
    return done.stdout if done.returncode == 0 else None
