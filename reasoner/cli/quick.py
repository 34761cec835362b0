"""Reading the plain options of the common commands, without the library that reads all of them.

Typer takes longer to import than a patient takes to be answered. What is not plain to see here is left to it: other
commands and options, options given twice or without a value, values that are none of the choices, help, completion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from reasoner.cli import commands

_OPTIONS: dict[str, Callable[[str], Any]] = {
    "--as-of": str,
    "--engine": commands.Engine,
    "--format": commands.Format,
    "--out": Path,
    "--guideline": Path,
    "--input": str,
}


def run(arguments: Sequence[str]) -> int | None:
    """The exit code of the command, once it is carried out; None where its options are not plain to see."""
    read = _read(arguments[1:])
    if read is None:
        return None
    plain, options = read
    if arguments[0] == "classify" and plain:
        return commands.classify(plain, **options)
    if arguments[0] == "explain" and len(plain) == 2:
        record, cls = plain
        return commands.explain(record, cls, **options)
    return None


def _read(arguments: Sequence[str]) -> tuple[list[str], dict[str, Any]] | None:
    """The arguments that are no options, and the values of those that are."""
    plain: list[str] = []
    options: dict[str, Any] = {}
    rest = iter(arguments)
    for one in rest:
        name, given, value = one.partition("=")
        if one == "-" or (one and one[0] != "-"):
            plain.append(one)
        elif name not in _OPTIONS or _key(name) in options:
            return None
        else:
            value = value if given else next(rest, "-")
            try:
                options[_key(name)] = _OPTIONS[name](value)
            except ValueError:
                return None
            if value.startswith("-"):
                return None
    return plain, options


def _key(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
