"""What the cases of a guideline show: which pass, what they reach, and which changes of it they would notice.

The report of it is written as text, as JSON, and as Markdown for a pull request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.render.paragraphs import Paragraph, below_blank, paragraph
from reasoner.workbench.cases.coverage import Measure, coverage
from reasoner.workbench.cases.mutants import OPERATORS
from reasoner.workbench.cases.mutation import EQUIVALENT, KILLED, STATES, STILLBORN, MutationReport, Tried, mutate
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import CaseOutcome, run_cases
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.lookup import declared_at, unfolded
from reasoner.workbench.recordable import turtle
from reasoner.workbench.report import (
    Json,
    Progress,
    ReportWriter,
    block,
    bullets,
    code,
    fenced,
    marked,
    place,
    place_json,
    short_file,
    table,
    times,
    unwatched,
)
from reasoner.workbench.witness import Record

#: The words whose values are facts, some of which are classes too.
_FACTS = ("asks", "needs")
#: How many of one kind a text lists; JSON and Markdown list all.
_MOST = 12


@dataclass(frozen=True)
class CaseReport:
    """Every case, how much they cover, and the mutants where they were asked for."""

    outcomes: tuple[CaseOutcome, ...]
    coverage: tuple[Measure, ...]
    mutation: MutationReport | None = None

    @property
    def failed(self) -> tuple[CaseOutcome, ...]:
        """The cases that do not pass."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def clean(self) -> bool:
        """Whether every case passes, and no mutant survives."""
        return not self.failed and not (self.mutation and self.mutation.survivors)


def run_tests(
    guideline: Guideline, as_of: date, cases: Path | None = None, *, mutants: bool = False,
    watch: Progress = unwatched,
) -> CaseReport:  # fmt: skip
    """Run the cases of a guideline, those of a folder or file if one is given; with `mutants`, try them too.

    Raises InputError where there is no case, or where a file is none.
    """
    outcomes = run_cases(guideline, read_cases(guideline, cases), as_of, watch)
    passed = [outcome.trial for outcome in outcomes if outcome.passed]
    return CaseReport(outcomes, coverage(guideline, outcomes), mutate(guideline, passed, watch) if mutants else None)


def concerned(guideline: Guideline, outcomes: Iterable[CaseOutcome]) -> tuple[Origin, ...]:
    """Where to look first when cases fail: the classes of failed expectations that rest on no other such class.

    Each is placed where it is declared.
    """
    values = {one.term for outcome in outcomes for one in outcome.failures if one.about[0] not in _FACTS}
    failed = values & guideline.compiled.rules.keys()
    first = sorted(iri for iri in failed if not (unfolded(guideline.compiled, [iri]) - {iri}) & failed)
    return tuple(sorted((declared_at(guideline, iri) for iri in first), key=lambda o: (o.file, o.line or 0)))


class CaseWriter(ReportWriter):
    """Writes what the cases of one guideline show."""

    def __init__(self, guideline: Guideline, report: CaseReport) -> None:
        super().__init__(guideline.prefixes)
        self.guideline, self.report, self.mutation = guideline, report, report.mutation
        self.survivors = report.mutation.survivors if report.mutation else ()
        self.concerned = concerned(guideline, report.failed)

    def findings(self) -> Iterator[Finding]:
        """What fails, what is not covered, and the mutants that no case notices."""
        for outcome in self.report.failed:
            yield from outcome.failures
        for missing in (missing for measure in self.report.coverage for missing in measure.missing):
            where = Origin(missing.term, "", None)
            yield Finding("not-covered", Severity.INFO, missing.what, where, missing.remedy, DOCUMENT)
        for mutant in (tried.mutant for tried in self.survivors):
            remedy = "write a case that notices: the report as JSON has a record to begin with"
            where = Origin(mutant.term, short_file(mutant.origin), mutant.origin.line)
            yield Finding("mutant-survived", Severity.ERROR, mutant.what, where, remedy, DOCUMENT)

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
        if self.mutation:
            killed, of = self.mutation.score
            document["mutants"] = {
                "score": {"killed": killed, "of": of},
                **{state: len(self.mutation.of(state)) for state in STATES},
                "all": [self._mutant(tried) for tried in self.mutation.tried],
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

    def paragraphs(self) -> Iterator[Paragraph]:
        """The failures, the coverage with what is missing, and the mutants that no case notices."""
        yield paragraph((self._counted(), "bold red" if self.report.failed else "bold green"))
        for case, failures in ((outcome.case, outcome.failures) for outcome in self.report.failed):
            yield from below_blank(("✘ ", "bold red"), case.name, (f"  {case.label}", "dim"))
            for failure in failures:
                position = f"{case.file}:{failure.line}" if failure.line else case.file
                yield paragraph(failure.what, (f"  {position}", "dim"), indent=4)
        if looked := self._looked_at():
            yield from below_blank((looked, "bold"))
        yield paragraph()
        for measure in self.report.coverage:
            yield from self._measure(measure)
        if self.mutation:
            style = "bold red" if self.survivors else "bold green"
            yield from below_blank((_scored(self.mutation), style))
        for tried in self.survivors:
            mutant = tried.mutant
            head = ((f"[{mutant.operator}] ", "bold red"), mutant.what, (f"  {place(mutant.origin)}", "dim"))
            yield from (paragraph(), *block(head, self._differing(tried), self._record(tried.witness)))

    def _looked_at(self) -> str:
        """Where to look first."""
        positions = [f"{self.name(one.term)} ({place(one)})" for one in self.concerned]
        return f"Look first at {', '.join(positions)}." if positions else ""

    def _measure(self, measure: Measure) -> Iterator[Paragraph]:
        reached = f"{measure.kind:12} {measure.reached} of {measure.total}  "
        head = ((reached, "yellow" if measure.missing else "green"), (measure.counted, "dim"))
        yield from block(head, [f"{one.what}: {one.remedy}" for one in measure.missing[:_MOST]])
        if (more := len(measure.missing) - _MOST) > 0:
            text = f"and {more} more; --format markdown lists all, with records to begin with"
            yield paragraph((text, "dim"), indent=4)

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
            parts.append(f"### {code(outcome.case.name)}: {marked(outcome.case.label)}\n\n{lines}")
        parts += [f"{looked}\n"] if (looked := self._looked_at()) else []
        rows = [(m.kind, m.reached, m.total, m.counted) for m in self.report.coverage]
        parts.append(f"## Coverage\n\n{table(('of', 'reached', 'all', 'counted'), rows)}")
        for one in (missing for measure in self.report.coverage for missing in measure.missing):
            parts.append(f"{bullets([f'{one.what}: {one.remedy}'])}{fenced(self._record(one.record))}")
        parts += [f"## Mutants\n\n{_scored(self.mutation)}\n"] if self.mutation else []
        for tried in self.survivors:
            title = f"### {marked(f'{tried.mutant.operator}: {tried.mutant.what}')}\n\n{place(tried.mutant.origin)}\n\n"
            parts.append(f"{title}{bullets(self._differing(tried))}{fenced(self._record(tried.witness))}")
        return "\n".join(parts)

    def _record(self, record: Record | None) -> str | None:
        return None if record is None else turtle(record, self.guideline)


def _scored(mutation: MutationReport) -> str:
    killed, of = mutation.score
    share = f" ({killed / of:.1%})" if of else ""
    counts = ", ".join(f"{len(mutation.of(state))} {state}" for state in STATES)
    noticed = f"cases notice {killed} of {of}{share} that answer otherwise"
    return f"{times(len(mutation.tried), 'mutant')}: {counts}; {noticed}."
