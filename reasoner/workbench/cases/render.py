"""What cases show as text, as JSON, and as Markdown for a pull request."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from reasoner.guideline.guideline import Guideline
from reasoner.render.json import ontology_file
from reasoner.terms import curie
from reasoner.workbench.cases.coverage import Measure, Missing
from reasoner.workbench.cases.mutants import OPERATORS
from reasoner.workbench.cases.mutation import EQUIVALENT, KILLED, STATES, STILLBORN, MutationReport, Tried
from reasoner.workbench.cases.run import Outcome
from reasoner.workbench.cases.tested import CaseReport, concerned
from reasoner.workbench.sayable import turtle
from reasoner.workbench.witness import Record

#: How many of one kind a text lists; JSON and Markdown list all.
_MOST = 12


class CaseRenderer:
    """Writes reports on the cases of one guideline."""

    def __init__(self, guideline: Guideline, report: CaseReport) -> None:
        self.guideline, self.report = guideline, report

    # -- JSON --

    def json(self) -> str:
        """The whole report as a JSON object."""
        report = self.report
        document: dict[str, Any] = {
            "cases": len(report.outcomes),
            "failed": [self._failed(outcome) for outcome in report.failed],
            "lookAt": [
                {"class": self._name(one.term), "file": ontology_file(one.file), "line": one.line}
                for one in concerned(self.guideline, report.failed)
            ],
            "coverage": {measure.kind: self._measured(measure) for measure in report.coverage},
        }
        if report.mutation:
            killed, of = report.mutation.score
            document["mutants"] = {
                "score": {"killed": killed, "of": of},
                **{state: len(report.mutation.of(state)) for state in STATES},
                "all": [self._mutant(tried) for tried in report.mutation.tried],
            }
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _failed(self, outcome: Outcome) -> dict[str, Any]:
        failures = [{"what": one.what, "word": f"case:{one.word}", "line": one.line} for one in outcome.failures]
        case = outcome.case
        return {"case": case.name, "label": case.label, "file": case.file, "failures": failures}

    def _measured(self, measure: Measure) -> dict[str, Any]:
        missing = [{"term": self._name(one.term), "what": one.what, "remedy": one.remedy,
                    "record": self._record(one.record)} for one in measure.missing]  # fmt: skip
        return {"counted": measure.counted, "reached": measure.reached, "of": measure.total, "missing": missing}

    def _mutant(self, tried: Tried) -> dict[str, Any]:
        mutant = tried.mutant
        place = {"file": ontology_file(mutant.origin.file), "line": mutant.origin.line} if mutant.origin.file else {}
        told: dict[str, Any] = {"operator": mutant.operator, "what": mutant.what, "term": self._name(mutant.term),
                                **place, "state": tried.state}  # fmt: skip
        if tried.state in (KILLED, STILLBORN):
            told["by"] = tried.by
        elif tried.state != EQUIVALENT:
            told["witness"] = self._record(tried.witness)
            told["answers"] = [{"of": self._name(name), "guideline": before, "mutant": after}
                               for name, before, after in tried.differs]  # fmt: skip
        return told

    # -- text --

    def text(self, console: Console) -> None:
        """Print the failures, the coverage with what is missing, and the mutants that no case notices."""
        console.print(Text(self._counted(), style="bold red" if self.report.failed else "bold green"))
        for outcome in self.report.failed:
            console.print(
                Text.assemble("\n", ("✘ ", "bold red"), outcome.case.name, (f"  {outcome.case.label}", "dim"))
            )
            for failure in outcome.failures:
                place = f"{outcome.case.file}:{failure.line}" if failure.line else outcome.case.file
                console.print(Padding(Text.assemble(failure.what, (f"  {place}", "dim")), (0, 0, 0, 4)))
        if looked := self._looked_at():
            console.print(Text(f"\n{looked}", style="bold"))
        console.print()
        for measure in self.report.coverage:
            self._print_measure(measure, console)
        if self.report.mutation:
            self._print_mutants(self.report.mutation, console)

    def _looked_at(self) -> str:
        """Where to look first."""
        places = [f"{self._name(one.term)} ({ontology_file(one.file)}:{one.line})"
                  for one in concerned(self.guideline, self.report.failed)]  # fmt: skip
        return f"Look first at {', '.join(places)}." if places else ""

    def _print_measure(self, measure: Measure, console: Console) -> None:
        style = "yellow" if measure.missing else "green"
        told = f"{measure.kind:12} {measure.reached} of {measure.total}  "
        console.print(Text.assemble((told, style), (measure.counted, "dim")))
        for one in measure.missing[:_MOST]:
            console.print(Padding(Text(f"{one.what}: {one.remedy}"), (0, 0, 0, 4)))
        if len(measure.missing) > _MOST:
            more = f"and {len(measure.missing) - _MOST} more; --format markdown lists all, with records to begin with"
            console.print(Padding(Text(more, style="dim"), (0, 0, 0, 4)))

    def _print_mutants(self, mutation: MutationReport, console: Console) -> None:
        style = "bold red" if mutation.survivors else "bold green"
        console.print(Text.assemble("\n", (_scored(mutation), style)))
        for tried in mutation.survivors:
            console.print(Text.assemble("\n", (f"[{tried.mutant.operator}] ", "bold red"), tried.mutant.what,
                                        (f"  {_place(tried)}", "dim")))  # fmt: skip
            for line in self._differing(tried):
                console.print(Padding(Text(line), (0, 0, 0, 4)))
            for line in (self._record(tried.witness) or "").splitlines():
                console.print(Padding(Text(line, style="cyan"), (0, 0, 0, 6)))

    def _counted(self) -> str:
        count, failed = len(self.report.outcomes), len(self.report.failed)
        return f"{_times(count, 'case')}: {count - failed} pass, {failed} fail."

    def _differing(self, tried: Tried) -> Iterator[str]:
        """Which answers change."""
        yield OPERATORS[tried.mutant.operator] + "; no case notices"
        for name, before, after in tried.differs[:_MOST]:
            yield f"{self._name(name) if name else 'the record'}: {before}, and in the mutant {after}"
        yield "a record that would notice:" if tried.witness is not None else "no record was found that shows it"

    # -- Markdown --

    def markdown(self) -> str:
        """The report for a pull request."""
        parts = [f"## Cases\n\n{self._counted()}\n"]
        for outcome in self.report.failed:
            lines = "".join(f"- {one.what} (line {one.line})\n" for one in outcome.failures)
            parts.append(f"### `{outcome.case.name}`: {outcome.case.label}\n\n{lines}")
        parts += [f"{looked}\n"] if (looked := self._looked_at()) else []
        rows = "".join(f"| {m.kind} | {m.reached} | {m.total} | {m.counted} |\n" for m in self.report.coverage)
        parts.append(f"## Coverage\n\n| of | reached | all | counted |\n|---|---|---|---|\n{rows}")
        parts += [self._missing(one) for measure in self.report.coverage for one in measure.missing]
        if self.report.mutation:
            parts.append(f"## Mutants\n\n{_scored(self.report.mutation)}\n")
            parts += [self._survivor(tried) for tried in self.report.mutation.survivors]
        return "\n".join(parts)

    def _missing(self, one: Missing) -> str:
        return f"- {one.what}: {one.remedy}\n{self._fenced(one.record)}"

    def _survivor(self, tried: Tried) -> str:
        lines = "".join(f"- {line}\n" for line in self._differing(tried))
        title = f"### {tried.mutant.operator}: {tried.mutant.what}\n\n{_place(tried)}\n\n"
        return f"{title}{lines}{self._fenced(tried.witness)}"

    def _fenced(self, record: Record | None) -> str:
        written = self._record(record)
        return f"\n```turtle\n{written}```\n" if written else ""

    # -- names --

    def _record(self, record: Record | None) -> str | None:
        return None if record is None else turtle(record, self.guideline)

    def _name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)


def _scored(mutation: MutationReport) -> str:
    killed, of = mutation.score
    share = f" ({killed / of:.1%})" if of else ""
    counts = ", ".join(f"{len(mutation.of(state))} {state}" for state in STATES)
    noticed = f"cases notice {killed} of {of}{share} that answer otherwise"
    return f"{_times(len(mutation.tried), 'mutant')}: {counts}; {noticed}."


def _place(tried: Tried) -> str:
    origin = tried.mutant.origin
    return f"{ontology_file(origin.file)}:{origin.line}" if origin.file else ""


def _times(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
