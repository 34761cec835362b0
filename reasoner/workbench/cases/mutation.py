"""Whether the cases of a guideline notice each of its mutants, and which patients would show those that they do not.

A mutant is *killed* where something that a case expects is no longer decided so: a state, a fact, a status, an alert, a
verdict, an assumption, or that the record contradicts itself. Records are read as before: the record contract and the
rules are not changed. A mutant that no case notices is *equivalent*, which is proved over all records, or it *survives*
with a minimal record that two guidelines answer otherwise. One that does not compile, or in which a class can hold for
nobody, is *stillborn*.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from msgspec.structs import replace

from reasoner.errors import GuidelineError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Compiled
from reasoner.logic.equivalence import compile_over, difference, over_same_atoms
from reasoner.logic.owl import read_axioms
from reasoner.patient.assess import Refusal
from reasoner.terms import curie
from reasoner.workbench.cases.mutants import Mutant, mutants
from reasoner.workbench.cases.run import CaseAnswer, CaseChecker, Trial
from reasoner.workbench.lookup import with_content
from reasoner.workbench.report import Progress, unwatched
from reasoner.workbench.witness import Record, Witnesses, minimal

KILLED, STILLBORN, EQUIVALENT, SURVIVED = STATES = "killed", "stillborn", "equivalent", "survived"

#: How many terms in which two guidelines differ are tried before the shortest record found is taken.
_TRIED = 6


@dataclass(frozen=True)
class Tried:
    """What became of a mutant: `by` is the case that killed it, or why it is stillborn.

    Of one that survived, `witness` is a record that shows it (None where no record that can be written was found), and
    `differs` are the answers that change, each with the answer of the guideline and that of the mutant.
    """

    mutant: Mutant
    state: str
    by: str = ""
    witness: Record | None = None
    differs: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True)
class MutationReport:
    """All mutants."""

    tried: tuple[Tried, ...]

    def of(self, state: str) -> tuple[Tried, ...]:
        """The mutants of which that became."""
        return tuple(one for one in self.tried if one.state == state)

    @property
    def survivors(self) -> tuple[Tried, ...]:
        """The mutants that answer some record otherwise, which no case notices."""
        return self.of(SURVIVED)

    @property
    def score(self) -> tuple[int, int]:
        """How many mutants are killed, of all that are neither equivalent nor stillborn."""
        killed = len(self.of(KILLED))
        return killed, killed + len(self.of(SURVIVED))


def mutate(guideline: Guideline, trials: Sequence[Trial], watch: Progress = unwatched) -> MutationReport:
    """Every mutant of a guideline, against cases that pass."""
    bench = Bench(guideline, trials)
    todo = mutants(bench.axioms, guideline.catalogue.closable, guideline.prefixes)
    return MutationReport(tuple(bench.attempt(mutant) for mutant in watch(todo, "trying mutants")))


class Bench:
    """Tries mutants of one guideline."""

    def __init__(self, guideline: Guideline, trials: Sequence[Trial]) -> None:
        self.guideline, self.trials = guideline, trials
        self.axioms = read_axioms(guideline.ontologies)
        self.base = guideline.compiled

    def attempt(self, mutant: Mutant) -> Tried:
        """What becomes of a mutant."""
        try:
            changed = self.changed(mutant)
        except GuidelineError as error:
            return Tried(mutant, STILLBORN, f"{error.problem.code}: {error.problem.what}")
        if died := self._died(changed.compiled):
            return Tried(mutant, STILLBORN, died)
        checker = CaseChecker(changed)
        killer = next((trial.case.name for trial in self._likeliest(mutant) if checker.differs(trial)), None)
        return Tried(mutant, KILLED, killer) if killer else self._unnoticed(mutant, changed)

    def changed(self, mutant: Mutant) -> Guideline:
        """The guideline with the change, over all atoms that it has without. Raises GuidelineError."""
        if mutant.act:
            closable = {act: why for act, why in self.guideline.catalogue.closable.items() if act != mutant.act}
            return with_content(self.guideline, catalogue=replace(self.guideline.catalogue, closable=closable))
        compiled = compile_over(mutant.apply(self.axioms), self.base.theory.atoms)
        return with_content(self.guideline, compiled=compiled)

    def _died(self, compiled: Compiled) -> str:
        """What is possible no more; empty where nothing is lost."""
        if any(clause.size == 0 for clause in compiled.theory.implicates):
            return "no patient is possible"
        dead = [iri for iri, rule in compiled.rules.items()
                if not rule.entailed_by and self.base.rules[iri].entailed_by]  # fmt: skip
        return f"{curie(dead[0], self.guideline.prefixes)} holds for nobody" if dead else ""

    def _likeliest(self, mutant: Mutant) -> list[Trial]:
        """The cases, those that name what is changed first."""
        return sorted(self.trials, key=lambda trial: mutant.term not in trial.case.states())

    def _unnoticed(self, mutant: Mutant, changed: Guideline) -> Tried:
        one, other = over_same_atoms(self.axioms, self.base, mutant.apply(self.axioms), changed.compiled)
        pair = Pair(with_content(self.guideline, compiled=one), with_content(changed, compiled=other))
        if pair.equivalent():
            return Tried(mutant, EQUIVALENT)
        witness = pair.witness()
        return Tried(mutant, SURVIVED, "", witness, () if witness is None else pair.differences(witness))


class Pair:
    """A guideline and a mutant of it over the same atoms."""

    def __init__(self, one: Guideline, other: Guideline) -> None:
        self.one, self.other, self.checkers = one, other, (CaseChecker(one), CaseChecker(other))
        self.difference = difference(one.compiled, other.compiled)
        self.closed_alike = one.catalogue.closable == other.catalogue.closable

    def equivalent(self) -> bool:
        """Whether no record whatever is answered otherwise."""
        return self.difference.none and self.closed_alike

    @cached_property
    def mine(self) -> Witnesses:
        """Finds records by the guideline."""
        return Witnesses(self.one)

    @cached_property
    def theirs(self) -> Witnesses:
        """Finds records by the mutant."""
        return Witnesses(self.other)

    def witness(self) -> Record | None:
        """A minimal record that the two answer otherwise; None where none is found."""
        found = [minimal(record, self.differences) for record in self._records() if self.differences(record)]
        return min(found, key=len, default=None)

    def _records(self) -> Iterator[Record]:
        found = self.difference
        for by, cubes in (("theirs", found.forbidden), ("mine", found.allowed), ("mine", found.classes)):
            for cube in cubes[:_TRIED]:
                record = getattr(self, by).record(cube)
                if record is not None:
                    yield record
        if not (found.read_alike and self.closed_alike):
            yield from ((), *((one,) for one, _ in self.mine.observable))

    def differences(self, record: Record) -> tuple[tuple[str, str, str], ...]:
        """What the two answer otherwise of a record: a class or an assumed act, or (empty) the record itself."""
        mine, theirs = (_answers(checker.decide(record)) for checker in self.checkers)
        if "" in mine or "" in theirs:
            sides = [answers.get("", "consistent") for answers in (mine, theirs)]
            return (("", sides[0], sides[1]),) if sides[0] != sides[1] else ()
        return tuple((name, mine.get(name, "-"), theirs.get(name, "-")) for name in sorted({*mine, *theirs})
                     if mine.get(name) != theirs.get(name))  # fmt: skip


def _answers(decided: CaseAnswer | Refusal) -> dict[str, str]:
    if isinstance(decided, Refusal):
        return {"": "contradictory"}
    return {iri: str(state) for iri, state in decided.states.items()} | dict.fromkeys(decided.assumed, "assumed absent")
