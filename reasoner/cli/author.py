"""The commands for guideline authors. A thin door; it prints what the other modules give.

Exit codes: 0 nothing found, 1 findings, 2 bad input, 3 our fault.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reasoner.cli.deliver import as_of_date, deliver, load, progress
from reasoner.cli.options import AsOf, GuidelineDir, Out

if TYPE_CHECKING:
    from reasoner.render.paragraphs import Page
    from reasoner.workbench.report import ReportWriter

app = typer.Typer()


class ReportFormat(StrEnum):
    """How a report for authors is written."""

    TEXT = "text"
    JSON = "json"
    MARKDOWN = "markdown"
    SARIF = "sarif"


ReportOption = Annotated[ReportFormat, typer.Option(help="text, json, markdown or sarif.")]
Directory = Annotated[
    Path | None, typer.Argument(metavar="DIR", help="A guideline; the one that comes with the package if not given.")
]


def deliver_report(writer: ReportWriter, format: ReportFormat, out: Path | None, *, clean: bool) -> None:
    """Print a report, or write it to a file; leaves with exit code 1 where something was found."""
    forms: dict[str, Callable[[], Page | str]] = {
        "text": writer.page, "json": writer.json, "markdown": writer.markdown, "sarif": writer.sarif,
    }  # fmt: skip
    deliver(forms[format](), out)
    if not clean:
        raise typer.Exit(1)


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof prove\n\nguideproof prove --format markdown --out proof.md")
def prove(
    guideline: GuidelineDir = None,
    format: ReportOption = ReportFormat.TEXT,
    out: Out = None,
    directory: Directory = None,
) -> None:
    """Prove, over all patients: gaps, conflicts, dead classes, idle conditions and safety invariants."""
    from reasoner.workbench.prove.prove import prove as proved
    from reasoner.workbench.prove.render import ProofWriter

    loaded = load(directory or guideline)
    proof = proved(loaded, progress)
    deliver_report(ProofWriter(loaded, proof), format, out, clean=not proof.open)


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof check\n\nguideproof check my-guideline --format sarif")
def check(directory: Directory = None, format: ReportOption = ReportFormat.TEXT, out: Out = None) -> None:
    """Check what an edit broke, by file and line: syntax, terms, logic, documentation, citations, shapes, queries."""
    from reasoner.workbench.check.check import check as checked
    from reasoner.workbench.check.render import CheckWriter, watched

    report = checked(directory, watched)
    deliver_report(CheckWriter(report), format, out, clean=report.clean)


CasesOption = Annotated[
    Path | None,
    typer.Option("--cases", metavar="PATH", help="A folder of cases, or one; else cases/ or tests/cases/ in DIR."),
]
MutantsOption = Annotated[
    bool, typer.Option("--mutants", help="Change each axiom in turn, and list the changes that no case notices.")
]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof test\n\nguideproof test my-guideline --mutants")
def test(
    directory: Directory = None,
    cases: CasesOption = None,
    mutants: MutantsOption = False,
    as_of: AsOf = "",
    format: ReportOption = ReportFormat.TEXT,
    out: Out = None,
) -> None:
    """Run the cases of a guideline, and say what they cover and, with --mutants, what they would not notice."""
    from reasoner.workbench.cases.tested import CaseWriter, run_tests

    loaded = load(directory)
    report = run_tests(loaded, as_of_date(as_of), cases, mutants=mutants, watch=progress)
    deliver_report(CaseWriter(loaded, report), format, out, clean=report.clean)


Version = Annotated[str, typer.Argument(help="A guideline's directory, or a git revision of the other one's.")]


@app.command(epilog="[bold]Examples[/bold]\n\nguideproof diff HEAD~1 .\n\nguideproof diff old new --format markdown")
def diff(old: Version, new: Version, format: ReportOption = ReportFormat.TEXT, out: Out = None) -> None:
    """Compare two versions by meaning: which patients get another answer, by which axiom, and what else is quoted."""
    from reasoner.workbench.diff.diff import diff as compared
    from reasoner.workbench.diff.render import DiffWriter
    from reasoner.workbench.diff.versions import two_versions

    with two_versions(old, new) as guidelines:
        found = compared(*guidelines)
        deliver_report(DiffWriter(found, guidelines, (old, new)), format, out, clean=not found.differs)
