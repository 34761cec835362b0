"""The commands for guideline authors. A thin door; it prints what the other modules give.

Exit codes: 0 nothing found, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from reasoner.cli.deliver import as_of_date, deliver, load, progress
from reasoner.cli.options import AsOf, GuidelineDir, Out

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

    from reasoner.workbench.prove.prove import prove as proved
    from reasoner.workbench.prove.render import ProofRenderer

    loaded = load(guideline)
    proof, renderer = proved(loaded, progress), ProofRenderer(loaded)
    if format is ReportFormat.TEXT:
        deliver(partial(renderer.text, proof), out)
    else:
        deliver(renderer.json(proof) if format is ReportFormat.JSON else renderer.markdown(proof), out)
    if proof.open:
        raise typer.Exit(1)


class FindingsFormat(StrEnum):
    """How the findings of a check are written."""

    TEXT = "text"
    JSON = "json"


Checked = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="A guideline; the one that comes with the package if not given.")
]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof check\n\nguideproof check my-guideline --format json")
def check(
    directory: Checked = None,
    format: Annotated[FindingsFormat, typer.Option(help="text or json.")] = FindingsFormat.TEXT,
    out: Out = None,
) -> None:
    """Check what an edit broke, by file and line: syntax, terms, logic, documentation, citations, shapes, queries."""
    from functools import partial

    from reasoner.workbench.check.check import check as checked
    from reasoner.workbench.check.render import findings_json, findings_text, watched

    report = checked(directory, watched)
    deliver(partial(findings_text, report) if format is FindingsFormat.TEXT else findings_json(report), out)
    if not report.clean:
        raise typer.Exit(1)


CasesOption = Annotated[
    Path | None,
    typer.Option("--cases", metavar="PATH", help="A folder of cases, or one; else cases/ or tests/cases/ in DIR."),
]
MutantsOption = Annotated[
    bool, typer.Option("--mutants", help="Change each axiom in turn, and list the changes that no case notices.")
]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof test\n\nguideproof test my-guideline --mutants")
def test(
    directory: Checked = None,
    cases: CasesOption = None,
    mutants: MutantsOption = False,
    as_of: AsOf = "",
    format: ReportOption = ReportFormat.TEXT,
    out: Out = None,
) -> None:
    """Run the cases of a guideline, and say what they cover and, with --mutants, what they would not notice."""
    from reasoner.workbench.cases.render import CaseRenderer
    from reasoner.workbench.cases.tested import run_tests

    loaded = load(directory)
    report = run_tests(loaded, as_of_date(as_of), cases, mutants=mutants, watch=progress)
    renderer = CaseRenderer(loaded, report)
    if format is ReportFormat.TEXT:
        deliver(renderer.text, out)
    else:
        deliver(renderer.json() if format is ReportFormat.JSON else renderer.markdown(), out)
    if not report.clean:
        raise typer.Exit(1)


Version = Annotated[str, typer.Argument(help="A guideline's directory, or a git revision of the other one's.")]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof diff HEAD~1 .\n\nguideproof diff old new --format markdown")
def diff(old: Version, new: Version, format: ReportOption = ReportFormat.TEXT, out: Out = None) -> None:
    """Compare two versions by meaning: which patients get another answer, by which axiom, and what else is told."""
    from reasoner.workbench.diff.diff import diff as compared
    from reasoner.workbench.diff.render import DiffRenderer
    from reasoner.workbench.diff.versions import two_versions

    with two_versions(old, new) as guidelines:
        difference = compared(*guidelines)
        renderer = DiffRenderer(difference, guidelines, (old, new))
        if format is ReportFormat.TEXT:
            deliver(renderer.text, out)
        else:
            deliver(renderer.json() if format is ReportFormat.JSON else renderer.markdown(), out)
    if difference.differs:
        raise typer.Exit(1)
