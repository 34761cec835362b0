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
from reasoner.workbench.check.authoring import check_authoring
from reasoner.workbench.check.compiling import check_declarations, check_fragment, check_imports
from reasoner.workbench.check.files import ONTOLOGIES, SHAPES, Sources, read_sources
from reasoner.workbench.check.owl_profile import check_consistency, check_profile
from reasoner.workbench.check.prefixes import check_prefixes
from reasoner.workbench.check.queries import check_quality, check_query_terms, check_query_texts
from reasoner.workbench.check.shacl import check_shacl
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
    run = CheckRun(read_sources(directory or home()))
    for one in steps(CHECKS):
        run.make(one)
    return CheckReport(run.sources, tuple(_apart(run.findings)), tuple(run.skipped))


class CheckRun:
    """The checks of one directory so far."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self.broken = {kind: list(files) for kind, files in sources.broken.items()}
        self.findings: list[Finding] = []
        self.skipped: list[Skipped] = []

    def make(self, one: Check) -> None:
        """Make a check, or note why it is skipped."""
        broken = [file for kind in one.needs for file in self.broken[kind]]
        if broken:
            self.skipped.append(Skipped(one.title, f"{', '.join(broken)} must be mended first"))
            return
        try:
            for finding in one.run(self.sources):
                self._add(finding)
        except EngineError as error:
            self.skipped.append(Skipped(one.title, error.problem.what))

    def _add(self, finding: Finding) -> None:
        self.findings.append(finding)
        if finding.code in _MISREAD:
            for kind, files in ((ONTOLOGIES, self.sources.ontologies), (SHAPES, self.sources.shapes)):
                names = [self.sources.relative(parsed.file) for parsed in files]
                if finding.file in names and finding.file not in self.broken[kind]:
                    self.broken[kind].append(finding.file)


def _apart(findings: list[Finding]) -> Iterator[Finding]:
    """Each finding once, by file and line, without those that only follow from an undeclared term."""
    undeclared = {finding.term for finding in findings if finding.code == "undeclared-term" and not finding.about}
    first: dict[tuple[str, int, str, str], Finding] = {}
    for finding in findings:
        if undeclared.isdisjoint(finding.about):
            first.setdefault((finding.file, finding.line, finding.code, finding.term), finding)
    return iter(sorted(first.values(), key=lambda one: (one.file, one.line, one.code, one.term, one.what)))
