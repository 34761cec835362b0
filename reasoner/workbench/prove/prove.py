"""What a guideline does over all its patients: every finding with a witness, a count, and whether it is accepted.

Silence, conflicts, classes that hold for nobody or for everybody, classes that coincide or imply one another, what
never matters and reaches no patient, and breaches of the declared safety invariants. Complete profiles are counted
exactly; a witness is a record that can be classified as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import partial

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Origin, literals_in
from reasoner.logic.decide import State, state
from reasoner.logic.expressions import BOTTOM
from reasoner.logic.facts import kleene
from reasoner.logic.profiles import none_of
from reasoner.workbench.declared import Acceptance, Invariant, acceptances, invariants, matching
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.lookup import known_terms
from reasoner.workbench.prove.claims import (
    Claim,
    ProofContext,
    coinciding,
    conflicts,
    dead_classes,
    implications,
    silent_regions,
)
from reasoner.workbench.prove.invariants import broken, closing_conflicts
from reasoner.workbench.prove.redundant import irrelevant_facts, redundant_parts, unreached, unused_criteria
from reasoner.workbench.report import Progress, short_file, unwatched
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

#: What harms patients, or contradicts what authors declare.
_ERRORS = ("invariant-broken", "conflict", "closing-conflict")
_REMEDY = "correct the axioms, or accept the finding by a gp:AcceptedFinding that says why"


@dataclass(frozen=True, kw_only=True)
class ProofFinding(Finding):
    """A finding about all patients.

    `about` are the terms concerned. `present` and `absent` are the conditions that describe the patients, where the
    finding is about a set of them. `profiles` is how many complete profiles it covers, `share` their part of all.
    `witness` is a minimal record that shows it; None where no record can.
    """

    axioms: tuple[Origin, ...]
    statements: tuple[str, ...] = ()
    present: tuple[str, ...] = ()
    absent: tuple[str, ...] = ()
    profiles: int = 0
    share: Fraction = Fraction(0)
    witness: Record | None = None
    acceptance: Acceptance | None = None


@dataclass(frozen=True)
class Proof:
    """Everything that was found; of how many atoms and complete profiles."""

    atoms: int
    profiles: int
    silent: int
    invariants: tuple[Invariant, ...]
    findings: tuple[ProofFinding, ...]

    @property
    def open(self) -> tuple[ProofFinding, ...]:
        """The findings that no author has accepted."""
        return tuple(finding for finding in self.findings if finding.acceptance is None)


def prove(guideline: Guideline, progress: Progress = unwatched) -> Proof:
    """Find what holds of a guideline over all its patients; `progress` hands out the steps as they are taken.

    Raises GuidelineError for axioms that leave no patient possible, and for a declaration that cannot be read.
    """
    prover = Prover(guideline)
    claims = [claim for step in progress(prover.steps(), "proving") for claim in step()]
    return prover.proof([prover.finding(claim) for claim in progress(claims, "finding witnesses")])


class Prover:
    """Looks for what holds of one guideline, and makes findings of it."""

    def __init__(self, guideline: Guideline) -> None:
        self.compiled, self.context = guideline.compiled, ProofContext(guideline)
        self.profiles = self.context.profiles
        self.witnesses = Witnesses(guideline)
        self.invariants, self.acceptances = invariants(guideline), acceptances(guideline)

    def steps(self) -> list[Callable[[], Iterator[Claim]]]:
        """What is looked for: one kind a step, and each definition and each invariant a step of its own."""
        kinds = (silent_regions, conflicts, closing_conflicts, dead_classes, coinciding, implications, unused_criteria,
                 irrelevant_facts, unreached)  # fmt: skip
        return [*(partial(kind, self.context) for kind in kinds),
                *(partial(redundant_parts, self.context, iri) for iri in self.compiled.rules),
                *(partial(broken, self.context, declared) for declared in self.invariants)]  # fmt: skip

    def proof(self, found: list[ProofFinding]) -> Proof:
        """The findings in order, with those for acceptances that no finding matches."""
        used = {finding.acceptance for finding in found}
        stale = [self._counted(self._stale(acceptance)) for acceptance in self.acceptances if acceptance not in used]
        silent = self.profiles.count(none_of(self.context.advising()))
        atoms, ordered = len(self.compiled.theory.atoms), tuple(sorted([*found, *stale], key=_order))
        return Proof(atoms, self.profiles.total, silent, self.invariants, ordered)

    def finding(self, claim: Claim) -> ProofFinding:
        """A claim with its count, its witness, and the acceptance that means it."""
        known = self._known(claim.conditions)
        return self._counted(
            claim, next((a for a in self.acceptances if matching(a, claim.code, claim.about, known)), None)
        )

    def _counted(self, claim: Claim, accepted: Acceptance | None = None) -> ProofFinding:
        """A claim with its count and its witness; it stands at the first of its axioms."""
        severity = Severity.INFO if accepted else Severity.ERROR if claim.code in _ERRORS else Severity.WARNING
        axioms = tuple(sorted(claim.axioms, key=lambda origin: (origin.file, origin.line or 0, origin.term)))
        place = (short_file(axioms[0]), axioms[0].line) if axioms else ("", None)
        where = Origin(claim.about[0] if claim.about and axioms else "", *place)
        present, absent = self._conditions(claim.conditions)
        count = self.profiles.count(claim.condition)
        return ProofFinding(
            claim.code, severity, claim.what, where, _REMEDY, DOCUMENT, claim.about,
            suppressed=accepted.reason if accepted else "", axioms=axioms, statements=claim.statements,
            present=present, absent=absent, profiles=count, share=Fraction(count, self.profiles.total),
            witness=self._witness(claim), acceptance=accepted,
        )  # fmt: skip

    def _stale(self, acceptance: Acceptance) -> Claim:
        what = f"{self.context.name(acceptance.iri)} accepts a finding that is there no more"
        return Claim("stale-acceptance", what, (acceptance.iri,), BOTTOM, (), frozenset([acceptance.origin]))

    def _witness(self, claim: Claim) -> Record | None:
        """The shortest of the records that are found for what shows a claim."""

        def shows(record: Record) -> bool:
            return claim.shows(self.witnesses.closed(record))

        found = (self.witnesses.record(cube, shows) for cube in claim.shown_by)
        return min((record for record in found if record is not None), key=len, default=None)

    def _conditions(self, cube: Cube) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """The facts that are present and those that are absent in a term, under their names."""
        closed = self.compiled.theory.close(cube)
        named: dict[str, bool] = {}
        left = cube.atoms
        for iri, expr in sorted(self.compiled.attributes.items()):
            truth = kleene(expr, closed) if literals_in(expr) & cube.atoms else None
            if truth is not None:
                named[iri], left = truth, left & ~literals_in(expr)
        for i in bits(left):
            atom = self.compiled.theory.atoms[i]
            name = atom.target if atom.kind == "class" else self.context.written.atom(atom)
            named[name] = bool(cube.pos >> i & 1)
        ordered = sorted(named)
        return tuple(n for n in ordered if named[n]), tuple(n for n in ordered if not named[n])

    def _known(self, cube: Cube) -> Mapping[str, bool]:
        """Which terms are known of every patient who meets a term: findings and acts, and defined classes."""
        closed = self.compiled.theory.close(cube)
        states = {iri: state(rule, closed) for iri, rule in self.compiled.rules.items()}
        decided = {i: s is State.ENTAILED for i, s in states.items() if s is not State.UNDETERMINED}
        return known_terms(self.compiled, closed) | decided


def _order(finding: ProofFinding) -> tuple[object, ...]:
    rank = list(CODES).index(finding.code)
    return rank, finding.acceptance is not None, -finding.profiles, finding.about, finding.present, finding.absent
