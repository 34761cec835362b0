"""The options that commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Records = Annotated[list[str], typer.Argument(metavar="RECORD...", help="Records as RDF; - is standard input.")]
OneRecord = Annotated[str, typer.Argument(metavar="RECORD", help="A record as RDF; - is standard input.")]
GuidelineDir = Annotated[
    Path | None, typer.Option("--guideline", metavar="DIR", help="A guideline: a directory with ontology/ and shapes/.")
]
AsOf = Annotated[
    str, typer.Option(metavar="DATE", help="The date for which records are read, YYYY-MM-DD; today if not given.")
]
Input = Annotated[
    str | None,
    typer.Option("--input", metavar="SYNTAX", help="The records' syntax, as ttl or jsonld; else the suffix's."),
]
Out = Annotated[
    Path | None, typer.Option(metavar="PATH", help="Write to a file, whole or not at all, not to standard output.")
]
