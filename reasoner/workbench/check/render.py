"""A report of checks as text, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from rich.console import Console
from rich.progress import Progress as ProgressBar

from reasoner.render.paragraphs import Paragraph, paragraph, unbroken
from reasoner.workbench.check.check import CHECKS, Check, CheckReport
from reasoner.workbench.check.codes import SEVERITIES
from reasoner.workbench.finding import Finding, Severity
from reasoner.workbench.report import Json, ReportWriter, bullets, code, table, times

_STYLES = {Severity.ERROR: "bold red", Severity.WARNING: "bold yellow", Severity.INFO: "bold cyan"}


def watched(checks: tuple[Check, ...]) -> Iterator[Check]:
    """The checks, with a progress bar on a terminal's standard error."""
    console = Console(stderr=True)
    with ProgressBar(console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("", total=len(checks))
        for check in checks:
            bar.update(task, description=check.title)
            yield check
            bar.advance(task)


class CheckWriter(ReportWriter):
    """Writes what the checks of a directory came to."""

    def __init__(self, report: CheckReport) -> None:
        super().__init__(report.sources.prefixes)
        self.report = report

    def findings(self) -> Iterator[Finding]:
        """The findings by file and line."""
        return iter(self.report.findings)

    def paragraphs(self) -> Iterator[Paragraph]:
        """The findings by file and line, what was skipped and why, and the count."""
        for finding in self.report.findings:
            yield from self._finding(finding)
        by_reason = sorted(self.report.skipped, key=lambda skipped: skipped.why)
        for why, checks in groupby(by_reason, key=lambda skipped: skipped.why):
            names = ", ".join(skipped.check for skipped in checks)
            yield unbroken(("not checked: ", "bold yellow"), f"{names} — {why}")
        yield unbroken((self._counted(), "bold green" if self.report.clean else "bold"))

    def _finding(self, finding: Finding) -> Iterator[Paragraph]:
        position = f"{finding.file}:{finding.line}" if finding.file else "the guideline"
        term = f"  {self.name(finding.term)}" if finding.term else ""
        style = _STYLES[finding.severity]
        grave = (f"{finding.severity} ", style), (f"[{finding.code}]", style)
        yield unbroken((position, "bold"), term, "  ", *grave)
        more = f"guideproof explain {finding.code}" if finding.code in SEVERITIES else finding.docs
        for text, style in ((finding.what, ""), (f"→ {finding.remedy}", ""), (more, "dim")):
            yield paragraph((text, style), indent=4)
        yield paragraph()

    def _counted(self) -> str:
        report = self.report
        made, files = len(CHECKS) - len(report.skipped), len(report.sources.texts)
        looked = f"{made} of {len(CHECKS)} checks of {times(files, 'file')}"
        if not report.findings and not report.skipped:
            return f"No findings: {looked}."
        return f"{', '.join(times(report.count(severity), severity) for severity in Severity)}: {looked}."

    def markdown(self) -> str:
        """The findings as a table for a pull request."""
        rows = ((f"{one.file}:{one.line}", one.severity, code(one.code), f"{one.what}: {one.remedy}")
                for one in self.report.findings)  # fmt: skip
        found = table(("place", "severity", "code", "what to mend"), rows)
        skipped = bullets(f"not checked: {one.check} — {one.why}" for one in self.report.skipped)
        return "\n".join(filter(None, (f"## Checks\n\n{self._counted()}\n", found, skipped)))

    def document(self) -> Json:
        """The whole report as a JSON object; `docs/checks.md` describes it."""
        report = self.report
        return {
            "guideline": str(report.sources.directory),
            "clean": report.clean,
            "counts": {str(severity): report.count(severity) for severity in Severity},
            "checks": [check.title for check in CHECKS],
            "skipped": [{"check": skipped.check, "why": skipped.why} for skipped in report.skipped],
            "findings": [self._object(finding) for finding in report.findings],
        }

    def _object(self, finding: Finding) -> Json:
        return {
            "code": finding.code, "severity": str(finding.severity), "file": finding.file or None,
            "line": finding.line or None, "term": self.name(finding.term) or None, "what": finding.what,
            "remedy": finding.remedy, "docs": finding.docs,
        }  # fmt: skip
