"""A report on an answer as text, JSON and Markdown."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reasoner.render.paragraphs import Paragraph, paragraph, unbroken
from reasoner.workbench.finding import Finding
from reasoner.workbench.report import Json, ReportWriter, table, times
from reasoner.workbench.verify.verify import VerifyReport


class VerifyWriter(ReportWriter):
    """Writes what verifying an answer came to."""

    def __init__(self, prefixes: Mapping[str, str], report: VerifyReport) -> None:
        super().__init__(prefixes)
        self.report = report

    def findings(self) -> Iterator[Finding]:
        """The findings."""
        return iter(self.report.findings)

    def paragraphs(self) -> Iterator[Paragraph]:
        """The findings, and what was verified."""
        for one in self.report.findings:
            term = f"  {self.name(one.term)}" if one.term else ""
            yield unbroken((one.file, "bold"), term, "  ", ("error ", "bold red"), (f"[{one.code}]", "bold red"))
            for text, style in ((one.what, ""), (f"→ {one.remedy}", ""), (one.docs, "dim")):
                yield paragraph((text, style), indent=4)
            yield paragraph()
        yield unbroken((self._counted(), "bold green" if self.report.clean else "bold"))

    def _counted(self) -> str:
        report = self.report
        looked = f"{times(report.assessments, 'assessment')}, {times(report.reasons, 'reason')}"
        how = "by the compiled guideline" + (" and by HermiT" if report.engine == "hermit" else "")
        how += f", and against {report.record}" if report.record else ""
        return f"{'Verified' if report.clean else times(len(report.findings), 'finding')}: {looked}, {how}."

    def markdown(self) -> str:
        """The findings as a table."""
        rows = ((self.name(one.term), f"`{one.code}`", one.what) for one in self.report.findings)
        return f"## Answer\n\n{self._counted()}\n{table(('term', 'code', 'what'), rows)}"

    def document(self) -> Json:
        """The whole report as a JSON object."""
        report = self.report
        found = [{"code": one.code, "term": self.name(one.term) or None, "what": one.what, "remedy": one.remedy,
                  "docs": one.docs} for one in report.findings]  # fmt: skip
        return {"answer": report.file, "record": report.record or None, "verified": report.clean,
                "assessments": report.assessments, "reasons": report.reasons, "engine": report.engine,
                "findings": found}  # fmt: skip
