"""The command line as a whole: every command, its module imported when the command is asked for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import import_module
from typing import Annotated, Any

import click
import typer
from typer.core import TyperGroup
from typer.main import get_group

from reasoner.cli.main import COMMANDS


class _Modules(Mapping[str, click.Command]):
    """The commands by name; each is made from the Typer application `app` of its module."""

    def __iter__(self) -> Iterator[str]:
        return iter(COMMANDS)

    def __len__(self) -> int:
        return len(COMMANDS)

    def __getitem__(self, name: str) -> click.Command:
        module = import_module(COMMANDS[name])
        return get_group(module.app).commands[name]


class _Root(TyperGroup):
    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self.commands = _Modules()  # type: ignore[assignment]


app = typer.Typer(
    name="guideproof",
    cls=_Root,
    help="A guideline as a knowledge graph that proves its advice.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        from reasoner.guideline.guideline import version

        typer.echo(f"guideproof {version()}")
        raise typer.Exit


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """A guideline as a knowledge graph that proves its advice."""
    del version
