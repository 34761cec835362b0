"""The command line: `guideproof`. It finds out which command is meant and imports no more than that needs.

Exit codes: 0 done, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

import gc
import os
import sys
from contextlib import suppress
from typing import Any

from reasoner.errors import GuideproofError, Problem

#: Every command, and the module in whose Typer application `app` it stands.
COMMANDS = {
    "classify": "reasoner.cli.patient",
    "explain": "reasoner.cli.patient",
    "query": "reasoner.cli.patient",
    "check": "reasoner.cli.author",
    "test": "reasoner.cli.author",
    "prove": "reasoner.cli.author",
    "diff": "reasoner.cli.author",
    "batch": "reasoner.cli.population",
    "schema": "reasoner.cli.population",
}

#: The commands whose options `quick` may read.
_COMMON = ("classify", "explain")


def main() -> None:
    """Run the command and leave by SystemExit; every error is one line and an exit code, never a traceback."""
    sys.exit(_run())


def process() -> None:
    """The command as a process of its own.

    It lives for one command: it looks for no garbage, and leaves without taking its graphs apart.
    """
    gc.disable()
    if not any(argument.startswith("--spark") for argument in sys.argv):
        sys.meta_path.insert(0, _NoPandas())
    code = _run()
    with suppress(BrokenPipeError):
        sys.stdout.flush()
    os._exit(code)


class _NoPandas:
    """Hides pandas, which only Spark needs: Arrow imports all of it to ask whether an array is one of its own."""

    def find_spec(self, name: str, *_: object) -> None:
        if name == "pandas":
            raise ModuleNotFoundError(f"{name} is hidden", name=name)


def _run() -> int:
    try:
        return _command(sys.argv[1:])
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except GuideproofError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        return error.exit_code
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    except Exception as error:
        if os.environ.get("GUIDEPROOF_DEBUG"):
            raise
        remedy = "please report it; GUIDEPROOF_DEBUG=1 shows where"
        print(Problem("internal", f"{type(error).__name__}: {error}", remedy), file=sys.stderr)
        return 3
    return 0


def _command(arguments: list[str]) -> int:
    if arguments and arguments[0] in _COMMON:
        from reasoner.cli.quick import run

        code = run(arguments)
        if code is not None:
            return code
    from reasoner.cli.root import app

    app()
    return 0


def __getattr__(name: str) -> Any:
    if name != "app":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from reasoner.cli.root import app

    return app
