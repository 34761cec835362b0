"""The command line: `guideproof`. Every error is one line and an exit code, never a traceback.

Exit codes: 0 done, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

import atexit
import errno
import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from reasoner.cli import author, exchange, patient, population
from reasoner.cli.deliver import flush
from reasoner.errors import GuideproofError, InputError, Problem, extras_explained
from reasoner.files import unwritable
from reasoner.guideline.guideline import version
from reasoner.rdf_checks import silence_conversions

#: What a write is answered with where a disk is full or a stream closed; errors of opening a file name the file.
_UNWRITABLE = frozenset({errno.EBADF, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.ENOSPC})

app = typer.Typer(
    name="guideproof",
    help="A guideline as a knowledge graph that proves its advice.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (patient, author, population, exchange):
    app.add_typer(group.app)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"guideproof {version()}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A guideline as a knowledge graph that proves its advice."""
    del version


def main() -> None:
    """Run the command that the process was started with, and leave by SystemExit."""
    silence_conversions()
    _settle_surroundings()
    atexit.register(gc.freeze)  # on its way out a process need not search for garbage what it gives back as a whole
    code = _exit_code()
    sys.exit(_flush_failed() or code)


def _settle_surroundings() -> None:
    """Make good what libraries take for granted: that there are an input and an error stream, and sizes are numbers."""
    if sys.stdin is None:  # it was closed, as below
        sys.stdin = Path(os.devnull).open(encoding="utf-8")  # noqa: SIM115
    if sys.stderr is None:
        sys.stderr = Path(os.devnull).open("w", encoding="utf-8")  # noqa: SIM115
    for name in ("COLUMNS", "LINES"):
        size = os.environ.get(name, "").strip()
        if not (size.isascii() and size.isdigit() and len(size) < 5):
            os.environ.pop(name, None)


def _exit_code() -> int:
    try:
        with extras_explained():
            app()
    except SystemExit as leaving:
        pipe_closed = isinstance(leaving.__context__, BrokenPipeError)  # click and rich leave with 1 for it
        return 0 if pipe_closed else leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except GuideproofError as error:
        return _report(error)
    except KeyboardInterrupt:
        return 130
    except Exception as error:
        if os.environ.get("GUIDEPROOF_DEBUG"):
            raise
        return _report(_as_ours(error))
    return 0


def _as_ours(error: Exception) -> GuideproofError:
    """What went wrong, where nothing of ours says it: a standard stream that cannot be written, or a fault of ours."""
    if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
        return unwritable(error, "standard output")
    remedy = "please report it; GUIDEPROOF_DEBUG=1 shows where"
    return GuideproofError(Problem("internal", f"{type(error).__name__}: {error}", remedy))


def _flush_failed() -> int:
    """The exit code where standard output cannot be written, which is then reported; else 0."""
    try:
        flush()
    except InputError as error:
        return _report(error)
    return 0


def _report(error: GuideproofError) -> int:
    """Print what is wrong; the exit code for it."""
    for problem in error.problems:
        print(problem, file=sys.stderr)
    return error.exit_code
