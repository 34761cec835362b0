"""The command line: `guideproof`. Every error is one line and an exit code, never a traceback.

Exit codes: 0 done, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from typing import Annotated

import typer

from reasoner.cli import author, patient, population
from reasoner.errors import GuideproofError, Problem, extras_explained
from reasoner.guideline.guideline import version
from reasoner.rdf_checks import silence_conversions

app = typer.Typer(
    name="guideproof",
    help="A guideline as a knowledge graph that proves its advice.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for group in (patient, author, population):
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
    atexit.register(gc.freeze)  # on its way out a process need not search for garbage what it gives back as a whole
    sys.exit(_exit_code())


def _exit_code() -> int:
    try:
        with extras_explained():
            app()
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except GuideproofError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # the reader has read enough; what is buffered goes nowhere
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get("GUIDEPROOF_DEBUG"):
            raise
        remedy = "please report it; GUIDEPROOF_DEBUG=1 shows where"
        print(Problem("internal", f"{type(error).__name__}: {error}", remedy), file=sys.stderr)
        return 3
    return 0
