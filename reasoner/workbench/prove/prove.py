"""What a guideline does over all its patients: every finding with a witness, a count, and whether it is accepted.

Silence, conflicts, classes that hold for nobody or for everybody, classes that coincide or imply one another, what
never matters and reaches no patient, and breaches of the declared safety invariants. Complete profiles are counted
exactly; a witness is a record that can be classified as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Origin, literals_in
from reasoner.logic.decide import State, state
from reasoner.logic.facts import kleene
from reasoner.logic.profiles import Profiles, none_of
from reasoner.logic.theory import Literals
from reasoner.workbench.declared import Acceptance, Invariant, acceptances, invariants, matching
from reasoner.workbench.prove.claims import (
    Claim,
    Scene,
    coinciding,
    conflicts,
    dead_classes,
    implications,
    silent_regions,
)
from reasoner.workbench.prove.idle import idle_criteria, idle_facts, idle_parts, unreached
from reasoner.workbench.prove.invariants import broken, closing_conflicts
from reasoner.workbench.witness import Record, Witnesses

#: What each code means, in the order in which findings are listed.
CODES = {
    "invariant-broken": "a declared safety invariant does not hold of some record",
    "invariant-idle": "a declared safety invariant concerns nothing, or its premises never hold",
    "conflict": "two classes that can hold together speak for and against one act",
    "closing-conflict": "acts that unrecorded means absent cannot all be absent",
    "silent-region": "patients in scope to whom the guideline says nothing, restrictions aside",
    "dead-class": "a class holds for no patient",
    "always-true": "a class holds for every patient",
    "coinciding": "two classes hold for the same patients",
    "implied": "a management class implies another, and no axiom says so",
    "idle-condition": "a part of a definition never matters",
    "idle-criterion": "nothing depends on a criterion",
    "idle-fact": "recording a finding or an act changes no answer",
    "unreached-recommendation": "no patient is given a recommendation or diagnosis",
    "unreached-statement": "no answer leads to a statement",
    "stale-acceptance": "an accepted finding is there no more",
}

Progress = Callable[[Iterable[Any], str], Iterable[Any]]


@dataclass(frozen=True)
class Finding:
    """One thing found over all patients.

    `about` are the terms concerned. `present` and `absent` are the conditions that describe the patients, where the
    finding is about a set of them. `profiles` is how many complete profiles it covers, `share` their part of all.
    `witness` is a minimal record that shows it; None where no record can.
    """

    code: str
    what: str
    about: tuple[str, ...]
    present: tuple[str, ...]
    absent: tuple[str, ...]
    profiles: int
    share: Fraction
    witness: Record | None
    axioms: tuple[Origin, ...]
    statements: tuple[str, ...]
    accepted: Acceptance | None = None


@dataclass(frozen=True)
class Proof:
    """Everything that was found; of how many atoms and complete profiles."""

    atoms: int
    profiles: int
    silent: int
    invariants: tuple[Invariant, ...]
    findings: tuple[Finding, ...]

    @property
    def open(self) -> tuple[Finding, ...]:
        """The findings that no author has accepted."""
        return tuple(finding for finding in self.findings if finding.accepted is None)


def prove(guideline: Guideline, progress: Progress | None = None) -> Proof:
    """Find what holds of a guideline over all its patients; `progress` wraps the steps as they are taken.

    Raises GuidelineError for axioms that leave no patient possible, and for a declaration that cannot be read.
    """
    work, watch = _Work(guideline), progress or (lambda items, _: items)
    claims = [claim for step in watch(work.steps(), "proving") for claim in step()]
    return work.proof([work.finding(claim) for claim in watch(claims, "finding witnesses")])


class _Work:
    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.compiled = guideline, guideline.compiled
        self.profiles = Profiles(guideline.compiled)
        self.scene = Scene(guideline, self.profiles)
        self.witnesses = Witnesses(guideline)
        self.invariants, self.acceptances = invariants(guideline), acceptances(guideline)

    def steps(self) -> list[Callable[[], list[Claim]]]:
        """What is looked for: one kind a step, and each definition and each invariant a step of its own."""
        kinds = (silent_regions, conflicts, closing_conflicts, dead_classes, coinciding, implications, idle_criteria,
                 idle_facts, unreached)  # fmt: skip
        return [*(partial(_all, kind, self.scene) for kind in kinds),
                *(partial(_all, idle_parts, self.scene, iri) for iri in self.compiled.rules),
                *(partial(_all, broken, self.scene, declared) for declared in self.invariants)]  # fmt: skip

    def proof(self, found: list[Finding]) -> Proof:
        """The findings in order, with those for acceptances that no finding matches."""
        used = {finding.accepted for finding in found}
        stale = [self._stale(acceptance) for acceptance in self.acceptances if acceptance not in used]
        ordered = sorted([*found, *stale], key=_order)
        silent = self.profiles.count(none_of(self.scene.advising()))
        return Proof(len(self.compiled.theory.atoms), self.profiles.total, silent, self.invariants, tuple(ordered))

    def finding(self, claim: Claim) -> Finding:
        """A claim with its count, its witness, and the acceptance that means it."""
        present, absent = self._conditions(claim.conditions)
        held = self._held(claim.conditions)
        accepted = next((a for a in self.acceptances if matching(a, claim.code, claim.about, held)), None)
        count = self.profiles.count(claim.condition)
        axioms = tuple(sorted(claim.axioms, key=_place))
        share = Fraction(count, self.profiles.total)
        return Finding(claim.code, claim.what, claim.about, present, absent, count, share, self._witness(claim), axioms,
                       claim.statements, accepted)  # fmt: skip

    def _stale(self, acceptance: Acceptance) -> Finding:
        what = f"{self.scene.name(acceptance.iri)} accepts a finding that is there no more"
        return Finding("stale-acceptance", what, (acceptance.iri,), (), (), 0, Fraction(0), None,
                       (acceptance.origin,), ())  # fmt: skip

    def _witness(self, claim: Claim) -> Record | None:
        """The shortest of the records that are found for what shows a claim."""

        def shows(record: Record) -> bool:
            return claim.shows(self.witnesses.closed(record))

        found = (self.witnesses.record(cube, shows) for cube in claim.shown_by)
        return min((record for record in found if record is not None), key=len, default=None)

    def _conditions(self, cube: Cube) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The facts that are present and those that are absent in a term, under their names."""
        closed = self.compiled.theory.close(Literals(cube.pos, cube.neg))
        named: dict[str, bool] = {}
        left = cube.atoms
        for iri, expr in sorted(self.compiled.attributes.items()):
            truth = kleene(expr, closed) if literals_in(expr) & cube.atoms else None
            if truth is not None:
                named[iri], left = truth, left & ~literals_in(expr)
        for i in bits(left):
            atom = self.compiled.theory.atoms[i]
            named[atom.target if atom.kind == "class" else self.scene.text(atom)] = bool(cube.pos >> i & 1)
        ordered = sorted(named)
        return tuple(n for n in ordered if named[n]), tuple(n for n in ordered if not named[n])

    def _held(self, cube: Cube) -> Mapping[str, bool]:
        """Which terms are known of every patient who meets a term: findings and acts, and defined classes."""
        closed = self.compiled.theory.close(Literals(cube.pos, cube.neg))
        found = {atom.target: bool(closed.pos >> i & 1) for i, atom in enumerate(self.compiled.theory.atoms)
                 if atom.kind == "class" and len(atom.path) == 1 and (closed.pos | closed.neg) >> i & 1}  # fmt: skip
        states = {iri: state(rule, closed) for iri, rule in self.compiled.rules.items()}
        return found | {i: s is State.ENTAILED for i, s in states.items() if s is not State.UNDETERMINED}


def _order(finding: Finding) -> tuple[object, ...]:
    rank = list(CODES).index(finding.code)
    return rank, finding.accepted is not None, -finding.profiles, finding.about, finding.present, finding.absent


def _all(kind: Callable[..., Iterator[Claim]], *arguments: object) -> list[Claim]:
    return list(kind(*arguments))


def _place(origin: Origin) -> tuple[str, int, str]:
    return origin.file, origin.line or 0, origin.term
