"""The commands for guideline authors. A thin door; it prints what the other modules give.

Exit codes: 0 nothing found, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

from reasoner.door import GuidelineDir, Out, deliver, load, progress

app = typer.Typer()


class ReportFormat(StrEnum):
    """How a report for authors is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"


ReportOption = Annotated[ReportFormat, typer.Option(help="text, json or markdown.")]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof prove\n\nguideproof prove --format markdown --out proof.md")
def prove(guideline: GuidelineDir = None, format: ReportOption = ReportFormat.TEXT, out: Out = None) -> None:
    """Prove, over all patients: gaps, conflicts, dead classes, idle conditions and safety invariants."""
    from functools import partial

    from reasoner.prove import prove as proved
    from reasoner.render_proof import ProofRenderer

    loaded = load(guideline)
    proof, renderer = proved(loaded, progress), ProofRenderer(loaded)
    if format is ReportFormat.TEXT:
        deliver(partial(renderer.text, proof), out)
    else:
        deliver(renderer.json(proof) if format is ReportFormat.JSON else renderer.markdown(proof), out)
    if proof.open:
        raise typer.Exit(1)
