"""What cases show as text, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.text import Text

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.workbench.cases.coverage import Measure
from reasoner.workbench.cases.mutants import OPERATORS
from reasoner.workbench.cases.mutation import EQUIVALENT, KILLED, STATES, STILLBORN, MutationReport, Tried
from reasoner.workbench.cases.run import CaseOutcome
from reasoner.workbench.cases.tested import CaseReport, concerned
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.recordable import turtle
from reasoner.workbench.report import (
    Json,
    ReportBlock,
    ReportWriter,
    bullets,
    fenced,
    place,
    place_json,
    short_file,
    table,
    times,
)
from reasoner.workbench.witness import Record

#: How many of one kind a text lists; JSON and Markdown list all.
_MOST = 12


class CaseWriter(ReportWriter):
    """Writes what the cases of one guideline show."""

    def __init__(self, guideline: Guideline, report: CaseReport) -> None:
        super().__init__(guideline.prefixes)
        self.guideline, self.report = guideline, report
        self.concerned = concerned(guideline, report.failed)

    def findings(self) -> Iterator[Finding]:
        """What fails, what is not covered, and the mutants that no case notices."""
        for outcome in self.report.failed:
            yield from outcome.failures
        for measure in self.report.coverage:
            for missing in measure.missing:
                where = Origin(missing.term, "", None)
                yield Finding("not-covered", Severity.INFO, missing.what, where, missing.remedy, DOCUMENT)
        for tried in self.report.mutation.survivors if self.report.mutation else ():
            remedy = "write a case that notices: the report as JSON has a record to begin with"
            origin = tried.mutant.origin
            where = Origin(tried.mutant.term, short_file(origin), origin.line)
            yield Finding("mutant-survived", Severity.ERROR, tried.mutant.what, where, remedy, DOCUMENT)

    # -- JSON --

    def document(self) -> Json:
        """The whole report as a JSON object."""
        report = self.report
        document: Json = {
            "cases": len(report.outcomes),
            "failed": [self._failed(outcome) for outcome in report.failed],
            "lookAt": [{"class": self.name(one.term), **place_json(one)} for one in self.concerned],
            "coverage": {measure.kind: self._measured(measure) for measure in report.coverage},
        }
        if report.mutation:
            killed, of = report.mutation.score
            document["mutants"] = {
                "score": {"killed": killed, "of": of},
                **{state: len(report.mutation.of(state)) for state in STATES},
                "all": [self._mutant(tried) for tried in report.mutation.tried],
            }
        return document

    def _failed(self, outcome: CaseOutcome) -> Json:
        failures = [
            {"what": one.what, "word": f"case:{one.about[0]}", "line": one.where.line} for one in outcome.failures
        ]
        case = outcome.case
        return {"case": case.name, "label": case.label, "file": case.file, "failures": failures}

    def _measured(self, measure: Measure) -> Json:
        missing = [{"term": self.name(one.term), "what": one.what, "remedy": one.remedy,
                    "record": self._record(one.record)} for one in measure.missing]  # fmt: skip
        return {"counted": measure.counted, "reached": measure.reached, "of": measure.total, "missing": missing}

    def _mutant(self, tried: Tried) -> Json:
        mutant = tried.mutant
        found: Json = {"operator": mutant.operator, "what": mutant.what, "term": self.name(mutant.term),
                       **(place_json(mutant.origin) if mutant.origin.file else {}), "state": tried.state}  # fmt: skip
        if tried.state in (KILLED, STILLBORN):
            found["by"] = tried.by
        elif tried.state != EQUIVALENT:
            found["witness"] = self._record(tried.witness)
            found["answers"] = [{"of": self.name(name), "guideline": before, "mutant": after}
                                for name, before, after in tried.differs]  # fmt: skip
        return found

    # -- text --

    def text(self, console: Console) -> None:
        """Print the failures, the coverage with what is missing, and the mutants that no case notices."""
        console.print(Text(self._counted(), style="bold red" if self.report.failed else "bold green"))
        for outcome in self.report.failed:
            case = outcome.case
            ReportBlock((("✘ ", "bold red"), case.name, (f"  {case.label}", "dim"))).print(console)
            for failure in outcome.failures:
                position = f"{case.file}:{failure.line}" if failure.line else case.file
                ReportBlock((failure.what, (f"  {position}", "dim")), apart=False).print(console, 4)
        if looked := self._looked_at():
            console.print(Text(f"\n{looked}", style="bold"))
        console.print()
        for measure in self.report.coverage:
            self._print_measure(measure, console)
        if self.report.mutation:
            self._print_mutants(self.report.mutation, console)

    def _looked_at(self) -> str:
        """Where to look first."""
        positions = [f"{self.name(one.term)} ({place(one)})" for one in self.concerned]
        return f"Look first at {', '.join(positions)}." if positions else ""

    def _print_measure(self, measure: Measure, console: Console) -> None:
        reached = f"{measure.kind:12} {measure.reached} of {measure.total}  "
        head = ((reached, "yellow" if measure.missing else "green"), (measure.counted, "dim"))
        missing = [f"{one.what}: {one.remedy}" for one in measure.missing[:_MOST]]
        ReportBlock(head, missing, apart=False).print(console)
        if len(measure.missing) > _MOST:
            more = f"and {len(measure.missing) - _MOST} more; --format markdown lists all, with records to begin with"
            ReportBlock(((more, "dim"),), apart=False).print(console, 4)

    def _print_mutants(self, mutation: MutationReport, console: Console) -> None:
        style = "bold red" if mutation.survivors else "bold green"
        ReportBlock(((_scored(mutation), style),)).print(console)
        for tried in mutation.survivors:
            mutant = tried.mutant
            head = ((f"[{mutant.operator}] ", "bold red"), mutant.what, (f"  {place(mutant.origin)}", "dim"))
            ReportBlock(head, list(self._differing(tried)), self._record(tried.witness) or "").print(console)

    def _counted(self) -> str:
        count, failed = len(self.report.outcomes), len(self.report.failed)
        return f"{times(count, 'case')}: {count - failed} pass, {failed} fail."

    def _differing(self, tried: Tried) -> Iterator[str]:
        """Which answers change."""
        yield OPERATORS[tried.mutant.operator] + "; no case notices"
        for name, before, after in tried.differs[:_MOST]:
            yield f"{self.name(name) if name else 'the record'}: {before}, and in the mutant {after}"
        yield "a record that would notice:" if tried.witness is not None else "no record was found that shows it"

    # -- Markdown --

    def markdown(self) -> str:
        """The report for a pull request."""
        parts = [f"## Cases\n\n{self._counted()}\n"]
        for outcome in self.report.failed:
            lines = bullets(f"{one.what} (line {one.where.line})" for one in outcome.failures)
            parts.append(f"### `{outcome.case.name}`: {outcome.case.label}\n\n{lines}")
        parts += [f"{looked}\n"] if (looked := self._looked_at()) else []
        rows = [(m.kind, m.reached, m.total, m.counted) for m in self.report.coverage]
        parts.append(f"## Coverage\n\n{table(('of', 'reached', 'all', 'counted'), rows)}")
        for one in (missing for measure in self.report.coverage for missing in measure.missing):
            parts.append(f"- {one.what}: {one.remedy}\n{fenced(self._record(one.record))}")
        if self.report.mutation:
            parts.append(f"## Mutants\n\n{_scored(self.report.mutation)}\n")
            parts += [self._survivor(tried) for tried in self.report.mutation.survivors]
        return "\n".join(parts)

    def _survivor(self, tried: Tried) -> str:
        title = f"### {tried.mutant.operator}: {tried.mutant.what}\n\n{place(tried.mutant.origin)}\n\n"
        return f"{title}{bullets(self._differing(tried))}{fenced(self._record(tried.witness))}"

    def _record(self, record: Record | None) -> str | None:
        return None if record is None else turtle(record, self.guideline)


def _scored(mutation: MutationReport) -> str:
    killed, of = mutation.score
    share = f" ({killed / of:.1%})" if of else ""
    counts = ", ".join(f"{len(mutation.of(state))} {state}" for state in STATES)
    noticed = f"cases notice {killed} of {of}{share} that answer otherwise"
    return f"{times(len(mutation.tried), 'mutant')}: {counts}; {noticed}."
