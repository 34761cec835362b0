"""What the cases of a guideline show: which pass, what they reach, and which changes of it they would notice."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from rdflib import RDF, URIRef

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.translate import named_in
from reasoner.workbench.cases.coverage import Measure, coverage
from reasoner.workbench.cases.mutation import MutationReport, mutate
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import Outcome, run_cases

#: The words whose values are facts, some of which are classes too.
_FACTS = ("asks", "needs")
Progress = Callable[[Iterable[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class CaseReport:
    """Every case, how much they cover, and the mutants where they were asked for."""

    outcomes: tuple[Outcome, ...]
    coverage: tuple[Measure, ...]
    mutation: MutationReport | None = None

    @property
    def failed(self) -> tuple[Outcome, ...]:
        """The cases that do not pass."""
        return tuple(outcome for outcome in self.outcomes if not outcome.passed)

    @property
    def clean(self) -> bool:
        """Whether every case passes, and no mutant survives."""
        return not self.failed and not (self.mutation and self.mutation.survivors)


def run_tests(
    guideline: Guideline, as_of: date, cases: Path | None = None, *, mutants: bool = False,
    watch: Progress = lambda items, _: items,
) -> CaseReport:  # fmt: skip
    """Run the cases of a guideline, those of a folder or file if one is given; with `mutants`, try them too.

    Raises InputError where there is no case, or where a file is none.
    """
    outcomes = run_cases(guideline, read_cases(guideline, cases), as_of, watch)
    passed = [outcome.trial for outcome in outcomes if outcome.passed]
    return CaseReport(outcomes, coverage(guideline, outcomes), mutate(guideline, passed, watch) if mutants else None)


def concerned(guideline: Guideline, outcomes: Iterable[Outcome]) -> tuple[Origin, ...]:
    """Where to look first when cases fail: the classes of failed expectations that rest on no other such class.

    Each is placed where it is declared.
    """
    values = {failure.value for outcome in outcomes for failure in outcome.failures if failure.word not in _FACTS}
    failed = values & guideline.compiled.rules.keys()
    first = sorted(iri for iri in failed if not _used(guideline, iri) & failed)
    return tuple(sorted((_place(guideline, iri) for iri in first), key=lambda o: (o.file, o.line or 0)))


def _used(guideline: Guideline, iri: str) -> set[str]:
    """The classes in the unfolded definition of a class."""
    rules, found = guideline.compiled.rules, set[str]()
    queue = [iri]
    while queue:
        named = named_in(rules[queue.pop()].definition) & rules.keys()
        queue += named - found
        found |= named
    return found


def _place(guideline: Guideline, iri: str) -> Origin:
    node = URIRef(iri)
    home = next(parsed for parsed in guideline.ontologies if (node, RDF.type, None) in parsed.graph)
    return Origin(iri, home.file, home.line_of(node, RDF.type))
