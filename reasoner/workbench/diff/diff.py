"""What an edit of a guideline changes, over all patients: classes gained and lost, axioms, texts and shapes.

The comparison is one of meaning. Order, layout, prefixes, and the file in which an axiom stands make no difference; an
axiom that is written otherwise and means the same is named as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube
from reasoner.terms import CITO, GP
from reasoner.workbench.diff.axioms import CLOSING, PROPERTY, Change
from reasoner.workbench.diff.classes import ClassDifference, Comparison, Shift
from reasoner.workbench.diff.texts import ORDER, SILENT, TextChange, shape_changes, text_changes
from reasoner.workbench.diff.witnesses import EMPTY, Answer, Witness, quoted, quoted_texts


@dataclass(frozen=True)
class QuotedChange:
    """A changed text, link or shape, and a record whose answer rests on it by one of the versions."""

    change: TextChange
    witness: Witness | None


@dataclass(frozen=True)
class GuidelineDiff:
    """All differences between two versions.

    `profiles` are the complete profiles that one of the versions allows, and `affected` those of them whose answer
    differs. `rewritten` are changed axioms that change no answer, `silent` the changed texts that none rests on.
    """

    profiles: int
    affected: int
    classes: tuple[ClassDifference, ...]
    patients: tuple[Shift, ...]
    axioms: tuple[Change, ...]
    rewritten: tuple[Change, ...]
    texts: tuple[QuotedChange, ...]
    shapes: tuple[QuotedChange, ...]
    silent: tuple[TextChange, ...]

    @property
    def share(self) -> Fraction:
        """The part of all profiles whose answer differs."""
        return Fraction(self.affected, self.profiles)

    @property
    def differs(self) -> bool:
        """Whether some answer, or what it quotes, differs."""
        return bool(self.classes or self.patients or self.texts or self.shapes)


def diff(old: Guideline, new: Guideline) -> GuidelineDiff:
    """Compare two versions of a guideline.

    Raises GuidelineError for axioms that leave no patient possible.
    """
    comparison = Comparison(old, new)
    quotes = QuoteFinder((old, new), comparison)
    classes, patients = tuple(comparison.classes()), tuple(comparison.patients())
    shifts = [*patients, *(shift for cls in classes for shift in cls.shifts)]
    responsible = {change for shift in shifts for change in shift.because}
    texts, shapes = text_changes(old, new), shape_changes(old, new)
    advising = frozenset(c.iri for g in (old, new) for c in g.catalogue.management)
    return GuidelineDiff(
        profiles=comparison.space.total,
        affected=comparison.affected(classes, advising),
        classes=classes,
        patients=patients,
        axioms=tuple(c for c in comparison.changes if c in responsible),
        rewritten=tuple(c for c in comparison.changes if c not in responsible and not _declares(c)),
        texts=quotes.quoted(texts),
        shapes=quotes.quoted(shapes),
        silent=tuple(c for c in (*texts, *shapes) if c.kind in SILENT),
    )


class QuoteFinder:
    """Finds records whose answers rest on a changed text."""

    def __init__(self, guidelines: tuple[Guideline, Guideline], comparison: Comparison) -> None:
        self.guidelines, self.comparison, self.finder = guidelines, comparison, comparison.finder

    def quoted(self, changes: Iterable[TextChange]) -> tuple[QuotedChange, ...]:
        """The changes on which some answer can rest, each with a record whose answer does."""
        return tuple(QuotedChange(change, self._witness(change)) for change in changes if change.kind not in SILENT)

    def _witness(self, change: TextChange) -> Witness | None:
        if change.kind == ORDER:  # of a proposed act: a record by itself does not lead to it
            checks = (check for guideline in self.guidelines for check in guideline.content.checks)
            action = next(check.action for check in checks if check.shape == change.term)
            return self._quoting([cube for cube, _ in self._pool], {change.term}, action)
        wanted = self._resting(change)
        return self._quoting([cube for cube, found in self._pool if wanted & found], wanted)

    def _quoting(self, cubes: Sequence[Cube], wanted: set[str], order: str = "") -> Witness | None:
        """A record whose answer quotes one of `wanted`: where it can be, one whose answers differ in what they show."""

        def quotes(one: Answer, other: Answer) -> bool:
            return bool(wanted & (quoted(one) | quoted(other)))

        def differs(one: Answer, other: Answer) -> bool:
            return quotes(one, other) and quoted_texts(one) != quoted_texts(other)

        return self.finder.find(cubes, differs, order) or self.finder.find(cubes, quotes, order)

    def _resting(self, change: TextChange) -> set[str]:
        """The terms by which one recognises that an answer quotes what changed."""
        citations = (pair for g in self.guidelines for pair in g.graph.subject_objects(CITO.citesAsEvidence))
        citing = {str(statement) for statement, reference in citations if str(reference) == change.term}
        linked = {*change.old, *change.new} if change.predicate in (str(GP.recommends), str(GP.establishes)) else set()
        return {change.term} | citing | linked

    @cached_property
    def _pool(self) -> Sequence[tuple[Cube, frozenset[str]]]:
        """What settles the classes, and nothing at all; each with what the answers to its record rest on.

        What entails a management class comes first, then the rest by its size.
        """
        cubes = dict.fromkeys([*self._terms(advising=True), EMPTY, *self._terms(advising=False)])
        return [(cube, self._quoted(cube)) for cube in cubes]

    def _terms(self, *, advising: bool) -> list[Cube]:
        found = []
        for logic, guideline in zip((self.comparison.old, self.comparison.new), self.guidelines, strict=True):
            management = {cls.iri for cls in guideline.catalogue.management}
            for iri, rule in logic.rules.items():
                terms = (*rule.entailed_by, *(() if advising else rule.excluded_by))
                found += [logic.shared(term) for term in terms if not advising or iri in management]
        return sorted(found, key=lambda cube: (cube.size, cube))

    def _quoted(self, cube: Cube) -> frozenset[str]:
        record = next(self.finder.records(cube), None)
        return frozenset[str]().union(*map(quoted, self.finder.answers(record))) if record is not None else frozenset()


def _declares(change: Change) -> bool:
    """Whether a change is listed elsewhere: a property that comes or goes, and an act that is closed."""
    return all(axiom.kind in (PROPERTY, CLOSING) for axiom in (*change.old, *change.new))
