"""What an author's edit broke: all checks of a guideline's files, each by itself, in one report.

A file that cannot be read hides nothing but itself: the other files' own checks still run, and those that need the
whole are named as skipped, with the reason.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from reasoner.errors import EngineError
from reasoner.guideline.guideline import home
from reasoner.workbench.check.files import ONTOLOGIES, SHAPES, Sources
from reasoner.workbench.check.ontologies import (
    check_consistency,
    check_declarations,
    check_fragment,
    check_headers,
    check_imports,
    check_profile,
)
from reasoner.workbench.check.prefixes import check_prefixes
from reasoner.workbench.check.queries import check_quality, check_query_terms, check_query_texts
from reasoner.workbench.check.shapes import check_authoring, check_shacl
from reasoner.workbench.check.terms import check_terms
from reasoner.workbench.check.thresholds import check_numbers
from reasoner.workbench.finding import Finding, Severity


@dataclass(frozen=True)
class Check:
    """One check: what it looks at, the kinds of files that it needs whole, and what runs it."""

    title: str
    needs: tuple[str, ...]
    run: Callable[[Sources], Iterable[Finding]]


@dataclass(frozen=True)
class Skipped:
    """A check that was not made, and why."""

    check: str
    why: str


@dataclass(frozen=True)
class CheckReport:
    """What the checks of a directory came to."""

    sources: Sources
    findings: tuple[Finding, ...]
    skipped: tuple[Skipped, ...]

    @property
    def clean(self) -> bool:
        """Whether every check was made and nothing is to be mended."""
        return not self.skipped and not any(finding.grave for finding in self.findings)

    def count(self, severity: Severity) -> int:
        """How many findings are so grave."""
        return sum(finding.severity is severity for finding in self.findings)


BOTH = (ONTOLOGIES, SHAPES)

#: All checks, in the order in which they run.
CHECKS = (
    Check("syntax", (), lambda sources: sources.problems),
    Check("prefixes", (), check_prefixes),
    Check("headers", (ONTOLOGIES,), check_headers),
    Check("imports", (ONTOLOGIES,), check_imports),
    Check("terms of ontologies", (ONTOLOGIES,), lambda sources: check_terms(sources, sources.ontologies)),
    Check("terms of shapes", BOTH, lambda sources: check_terms(sources, sources.shapes)),
    Check("terms of queries", BOTH, check_query_terms),
    Check("syntax of queries", (), check_query_texts),
    Check("vocabulary of shapes", (), check_shacl),
    Check("OWL 2 DL profile", (ONTOLOGIES,), check_profile),
    Check("consistency by HermiT", (ONTOLOGIES,), check_consistency),
    Check("fragment that is decided exactly", (ONTOLOGIES,), check_fragment),
    Check("invariants and accepted findings", BOTH, check_declarations),
    Check("authoring shapes", BOTH, check_authoring),
    Check("thresholds", (ONTOLOGIES,), check_numbers),
    Check("quality queries", BOTH, check_quality),
)

#: Findings after which every line of a file means something else than its author thinks.
_MISREAD = ("near-namespace", "prefix-not-canonical")

Steps = Callable[[tuple[Check, ...]], Iterable[Check]]


def check(directory: Path | None = None, steps: Steps = iter) -> CheckReport:
    """Check the guideline in a directory (the one that comes with the package if None).

    `steps` hands out the checks, and may show how far they are. Raises GuidelineError for a directory without ontology.
    """
    sources = Sources(directory or home())
    findings: list[Finding] = []
    skipped = [why for one in steps(CHECKS) if (why := _make(one, sources, findings))]
    return CheckReport(sources, tuple(_apart(findings)), tuple(skipped))


def _make(one: Check, sources: Sources, findings: list[Finding]) -> Skipped | None:
    """Make a check and add what it finds to the findings so far; why it is skipped, where it is."""
    broken = [file for kind in one.needs for file in _broken(sources, findings, kind)]
    if broken:
        return Skipped(one.title, f"{', '.join(broken)} must be mended first")
    try:
        for finding in one.run(sources):
            findings.append(finding)
    except EngineError as error:
        return Skipped(one.title, error.problem.what)
    return None


def _broken(sources: Sources, findings: list[Finding], kind: str) -> dict[str, None]:
    """The files of a kind that cannot be read, and then those that say something else than their author thinks."""
    files = {sources.relative(parsed.file) for parsed in (sources.ontologies if kind == ONTOLOGIES else sources.shapes)}
    misread = (finding.file for finding in findings if finding.code in _MISREAD and finding.file in files)
    return dict.fromkeys([*sources.broken[kind], *misread])


def _apart(findings: list[Finding]) -> Iterator[Finding]:
    """Each finding once, by file and line, without those that only follow from an undeclared term."""
    undeclared = {finding.term for finding in findings if finding.code == "undeclared-term" and not finding.about}
    first: dict[tuple[str, int, str, str], Finding] = {}
    for finding in findings:
        if undeclared.isdisjoint(finding.about):
            first.setdefault((finding.file, finding.line, finding.code, finding.term), finding)
    return iter(sorted(first.values(), key=lambda one: (one.file, one.line, one.code, one.term, one.what)))
