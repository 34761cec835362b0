"""What an edit of a guideline changes, over all patients: classes gained and lost, axioms, texts and shapes.

The comparison is one of meaning. Order, layout, prefixes, and the file in which an axiom stands make no difference; an
axiom that is written otherwise and means the same is named as such.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube
from reasoner.terms import CITO, GP
from reasoner.workbench.diff.axioms import CLOSING, PROPERTY, Change, body_of, changes
from reasoner.workbench.diff.causes import Causes
from reasoner.workbench.diff.classes import ClassDifference, Comparison, Shift
from reasoner.workbench.diff.logic import Logic, Space, closing_in, compiled_jointly
from reasoner.workbench.diff.texts import ORDER, SILENT, TextChange, shape_changes, text_changes
from reasoner.workbench.diff.witnesses import EMPTY, Answer, Finder, Witness, quoted, quoted_texts


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
    bodies = body_of(old), body_of(new)
    changed = changes(*bodies)
    *compiled, atoms = compiled_jointly(*bodies, changed)
    logics = [Logic(one, closing_in(body.axioms), atoms) for one, body in zip(compiled, bodies, strict=True)]
    for name, logic in zip(("old", "new"), logics, strict=True):
        if logic.states(EMPTY) is None:
            what = f"the {name} version: the axioms contradict each other, and no patient is possible"
            raise GuidelineError(Problem("no-patient", what, "run guideproof check, and correct what it names"))
    space = Space(logics[0], logics[1], len(atoms))
    finder = Finder((old, new), (logics[0], logics[1]))
    causes = Causes(*bodies, changed, space, atoms)
    comparison = Comparison(logics[0], logics[1], space, atoms, finder, causes)
    return _compared(old, new, comparison, QuoteFinder(old, new, finder, comparison))


def _compared(old: Guideline, new: Guideline, comparison: Comparison, quotes: QuoteFinder) -> GuidelineDiff:
    classes, patients = tuple(comparison.classes()), tuple(comparison.patients())
    shifts = [*patients, *(shift for cls in classes for shift in cls.shifts)]
    responsible = {change for shift in shifts for change in shift.because}
    changed = comparison.causes.changes
    texts, shapes = text_changes(old, new), shape_changes(old, new)
    advising = frozenset(c.iri for g in (old, new) for c in g.catalogue.management)
    return GuidelineDiff(
        profiles=comparison.space.total,
        affected=comparison.affected(classes, advising),
        classes=classes,
        patients=patients,
        axioms=tuple(c for c in changed if c in responsible),
        rewritten=tuple(c for c in changed if c not in responsible and not _declares(c)),
        texts=tuple(QuotedChange(c, quotes.witness(c)) for c in texts if c.kind not in SILENT),
        shapes=tuple(QuotedChange(c, quotes.witness(c)) for c in shapes if c.kind not in SILENT),
        silent=tuple(c for c in (*texts, *shapes) if c.kind in SILENT),
    )


class QuoteFinder:
    """Finds records whose answers rest on a changed text."""

    def __init__(self, old: Guideline, new: Guideline, finder: Finder, comparison: Comparison) -> None:
        self.old, self.new, self.finder, self.comparison = old, new, finder, comparison

    def witness(self, change: TextChange) -> Witness | None:
        """A record whose answer rests on what changed."""
        if change.kind == ORDER:
            return self._order(change)
        wanted = self._resting(change)
        return self._quoting([cube for cube, found in self._pool if wanted & found], wanted)

    def _quoting(self, cubes: Sequence[Cube], wanted: frozenset[str], order: str = "") -> Witness | None:
        """A record whose answer quotes one of `wanted`: where it can be, one whose answers differ in what they show."""

        def quotes(one: Answer, other: Answer) -> bool:
            return bool(wanted & (quoted(one) | quoted(other)))

        def differs(one: Answer, other: Answer) -> bool:
            return quotes(one, other) and quoted_texts(one) != quoted_texts(other)

        return self.finder.find(cubes, differs, order) or self.finder.find(cubes, quotes, order)

    def _resting(self, change: TextChange) -> frozenset[str]:
        """The terms by which one recognises that an answer quotes what changed."""
        found = {change.term}
        for guideline in (self.old, self.new):
            graph = guideline.graph
            found |= {str(s) for s, _, o in graph.triples((None, CITO.citesAsEvidence, None)) if str(o) == change.term}
        if change.predicate in (str(GP.recommends), str(GP.establishes)):
            found |= {*change.old, *change.new}
        return frozenset(found)

    def _order(self, change: TextChange) -> Witness | None:
        """A record that proposes the act that a shape reviews, on which the shape reports by one version."""
        action = next(c.action for g in (self.old, self.new) for c in g.content.checks if c.shape == change.term)
        return self._quoting([cube for cube, _ in self._pool], frozenset([change.term]), action)

    @cached_property
    def _pool(self) -> Sequence[tuple[Cube, frozenset[str]]]:
        """What settles the classes, and nothing at all; each with what the answers to its record rest on.

        What entails a management class comes first, then the rest by its size.
        """
        cubes = dict.fromkeys([*self._terms(advising=True), EMPTY, *self._terms(advising=False)])
        return [(cube, self._quoted(cube)) for cube in cubes]

    def _terms(self, *, advising: bool) -> list[Cube]:
        found = []
        for logic, guideline in ((self.comparison.old, self.old), (self.comparison.new, self.new)):
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
