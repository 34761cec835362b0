"""A report of checks as text and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import groupby
from textwrap import wrap

from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from reasoner.terms import curie
from reasoner.workbench.check.check import CHECKS, Check, Report
from reasoner.workbench.check.codes import Finding, Severity

_INDENT = 4
_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}


def watched(checks: tuple[Check, ...]) -> Iterator[Check]:
    """The checks, with a progress bar on a terminal's standard error."""
    console = Console(stderr=True)
    with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(checks))
        for check in checks:
            bar.update(task, description=check.title)
            yield check
            bar.advance(task)


def findings_text(report: Report, console: Console) -> None:
    """Print a report: the findings by file and line, what was skipped and why, and the count."""
    for _, findings in groupby(report.findings, key=lambda finding: finding.file):
        for finding in findings:
            _print(report, finding, console)
    for why, checks in groupby(
        sorted(report.skipped, key=lambda skipped: skipped.why), key=lambda skipped: skipped.why
    ):
        names = ", ".join(skipped.check for skipped in checks)
        console.print(Text.assemble(("not checked: ", "bold yellow"), f"{names} — {why}"), soft_wrap=True)
    style = "bold green" if report.clean else "bold"
    console.print(Text(_counted(report), style=style), soft_wrap=True)


def _print(report: Report, finding: Finding, console: Console) -> None:
    place = f"{finding.file}:{finding.line}" if finding.file else "the guideline"
    term = f"  {_name(report, finding.term)}" if finding.term else ""
    style = _STYLES[finding.severity]
    head = Text.assemble(
        (place, "bold"), (term, ""), "  ", (f"{finding.severity} ", style), (f"[{finding.code}]", style)
    )
    console.print(head, soft_wrap=True)
    for text in (finding.what, f"→ {finding.remedy}", finding.docs):
        style = "dim" if text == finding.docs else ""
        for line in wrap(text, console.width - _INDENT, break_long_words=False, break_on_hyphens=False):
            console.print(Text(f"{' ' * _INDENT}{line}", style=style), soft_wrap=True)
    console.print()


def _counted(report: Report) -> str:
    made, files = len(CHECKS) - len(report.skipped), len(report.sources.texts)
    looked = f"{made} of {len(CHECKS)} checks of {_times(files, 'file')}"
    if not report.findings and not report.skipped:
        return f"No findings: {looked}."
    return f"{', '.join(_times(report.count(severity), severity) for severity in Severity)}: {looked}."


def _times(count: int, kind: str) -> str:
    return f"{count} {kind}{'' if count == 1 else 's'}"


def findings_json(report: Report) -> str:
    """The whole report as a JSON object; `docs/checks.md` describes it."""
    document = {
        "guideline": str(report.sources.directory),
        "clean": report.clean,
        "counts": {str(severity): report.count(severity) for severity in Severity},
        "checks": [check.title for check in CHECKS],
        "skipped": [{"check": skipped.check, "why": skipped.why} for skipped in report.skipped],
        "findings": [_object(report, finding) for finding in report.findings],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def _object(report: Report, finding: Finding) -> dict[str, str | int | None]:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "file": finding.file or None,
        "line": finding.line or None,
        "term": _name(report, finding.term) or None,
        "what": finding.what,
        "remedy": finding.remedy,
        "docs": finding.docs,
    }


def _name(report: Report, iri: str) -> str:
    return curie(iri, report.sources.prefixes)
