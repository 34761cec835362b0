"""What the cases of a guideline show: which pass, what they reach, and which changes of it they would notice."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.workbench.cases.coverage import Measure, coverage
from reasoner.workbench.cases.mutation import MutationReport, mutate
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import CaseOutcome, run_cases
from reasoner.workbench.lookup import declared_at, unfolded
from reasoner.workbench.report import Progress, unwatched

#: The words whose values are facts, some of which are classes too.
_FACTS = ("asks", "needs")


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
