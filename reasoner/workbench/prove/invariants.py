"""Whether a declared safety invariant holds of every record, complete or not, and which smallest records break it.

The premises of an invariant are about what is recorded, with all that the axioms entail from it; its consequence is
about the answer, in which acts that unrecorded means absent are assumed absent. A state by what is recorded can only be
gained as more is recorded, so that every breaking record contains one of finitely many minimal ones:

- where a state must never follow, a minimal one entails, with some of the assumed absences, that state;
- where a state must follow, a minimal one entails no more than the premises, and states which of these acts were done.

Both lists are complete as long as the axioms never forbid two such acts to be absent at once; `closing_conflicts`
finds where they do.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain, combinations, product

from reasoner.logic.clauses import Cube, atoms_of, bits
from reasoner.logic.decide import State, assume, assumptions_of, state
from reasoner.logic.expressions import BOTTOM, And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.facts import literals_of
from reasoner.logic.profiles import Profiles, any_term, term
from reasoner.logic.theory import Literals
from reasoner.workbench.declared import Invariant, Premise
from reasoner.workbench.prove.claims import EMPTY, Claim, ProofContext


def broken(context: ProofContext, declared: Invariant) -> Iterator[Claim]:
    """Each case in which a declared invariant does not hold, and whether it concerns anything at all."""
    prover = Invariants(context.profiles, tuple(context.catalogue.closable))
    for breach in prover.breaches(declared):
        yield _claim(context, prover, breach)
    if not prover.is_substantial(declared):
        what = f"“{declared.label}” concerns no class, or its premises hold of no record"
        yield Claim("invariant-idle", what, (declared.iri,), BOTTOM, (EMPTY,), frozenset([declared.origin]),
                    declared.statements)  # fmt: skip


def _claim(context: ProofContext, prover: Invariants, breach: Breach) -> Claim:
    declared, classes = breach.invariant, (*breach.premises, breach.concerned)
    given = [f"{context.name(iri)} is {'' if p.holds else 'not '}{p.state} by what is recorded"
             for p, iri in breach.case()]  # fmt: skip
    broken = f"{context.name(breach.concerned)} is {'' if declared.never else 'not '}{declared.state}"
    what = f"“{declared.label}” is broken: {' and '.join([*given, broken])}"
    about = tuple(dict.fromkeys((declared.iri, *classes)))
    axioms = context.origins(classes, breach.records[0]) | {declared.origin}
    statements = context.catalogue.in_text_order([*declared.statements, *context.statements(classes)])
    return Claim("invariant-broken", what, about, any_term(breach.records), breach.records, axioms, statements,
                 shows=partial(prover.breaks, breach))  # fmt: skip


def closing_conflicts(context: ProofContext) -> Iterator[Claim]:
    """Sets of acts that some record leaves open and that cannot all be assumed absent."""
    theory = context.compiled.theory
    acts = assumptions_of(context.compiled, tuple(context.catalogue.closable)).acts
    for clause in theory.implicates:
        jointly = clause.pos & acts
        if jointly.bit_count() > 1:
            given = Cube(clause.neg, clause.pos & ~jointly, clause.axioms)
            names = sorted({theory.atoms[i].target for i in bits(jointly)})
            what = f"where nobody records them, {' and '.join(map(context.name, names))} cannot all be absent"
            yield Claim("closing-conflict", what, tuple(names), term(given), (given,), context.origins((), given))


@dataclass(frozen=True)
class Breach:
    """A case of an invariant: the classes of its premises, the class concerned, and the weakest terms that break it."""

    invariant: Invariant
    premises: tuple[str, ...]
    concerned: str
    records: tuple[Cube, ...] = ()

    def case(self) -> list[tuple[Premise, str]]:
        """Each premise with the class that it is about."""
        return list(zip(self.invariant.premises, self.premises, strict=True))


class Invariants:
    """Proves invariants of one compiled guideline; `closable` are the acts that unrecorded means absent."""

    def __init__(self, profiles: Profiles, closable: Sequence[str]) -> None:
        self.profiles, self.compiled, self.closable = profiles, profiles.compiled, tuple(closable)

    def breaches(self, invariant: Invariant) -> Iterator[Breach]:
        """Every combination of classes for which some record breaks the invariant."""
        for *premises, concerned in product(*(premise.classes for premise in invariant.premises), invariant.concerned):
            breach = Breach(invariant, tuple(premises), concerned)
            records = self._records(breach)
            if records:
                yield replace(breach, records=tuple(records))

    def is_substantial(self, invariant: Invariant) -> bool:
        """Whether the invariant concerns a class, and its premises can hold."""
        held = [[Name(iri) if p.state is State.ENTAILED else Not(Name(iri)) for iri in p.classes]
                for p in invariant.premises if p.holds]  # fmt: skip
        possible = any(self.profiles.any(And(chosen)) for chosen in product(*held))
        return bool(invariant.concerned) and possible and all(map(self._open, invariant.premises))

    def _open(self, premise: Premise) -> bool:
        """Whether the premise is not about a state that every record gives."""
        terms = [self.compiled.rules[iri].implicants(premise.state is State.ENTAILED) for iri in premise.classes]
        return premise.holds or any(not any(t.size == 0 for t in found) for found in terms)

    def breaks(self, breach: Breach, closed: Literals) -> bool:
        """Whether a record that states `closed` (closed under the theory) is a case of the breach."""
        rules, theory = self.compiled.rules, self.compiled.theory
        if closed.clash or any((state(rules[i], closed) is p.state) != p.holds for p, i in breach.case()):
            return False
        answered = theory.close(closed.union(literals_of(assume(theory, closed, self.closable))))
        return (state(rules[breach.concerned], answered) is breach.invariant.state) == breach.invariant.never

    def _records(self, breach: Breach) -> list[Cube]:
        """The weakest terms that break the invariant, smallest first."""
        given = And(tuple(_in_state(premise.state, iri) for premise, iri in breach.case() if premise.holds))
        reaching = self._reaching if breach.invariant.never else self._leaving
        closures = {t: self.compiled.theory.close(t) for t in reaching(breach, given)}
        broken = [t for t, closed in closures.items() if self.breaks(breach, closed)]
        weakest: list[Cube] = []
        for t in sorted(broken, key=lambda t: (t.size, t)):
            if not any(closures[t].satisfy(other) for other in weakest):
                weakest.append(t)
        return weakest

    def _acts(self, concerned: str) -> list[int]:
        """The acts whose absence can bear on a class: a literal of the class follows from it, alone or with others."""
        theory, rule = self.compiled.theory, self.compiled.rules[concerned]
        matter = theory.relevant(atoms_of((*rule.entailed_by, *rule.excluded_by)))
        acts = bits(assumptions_of(self.compiled, self.closable).acts)
        given = ((act, theory.close(Literals(0, 1 << act))) for act in acts)
        return [act for act, closed in given if (closed.pos | closed.neg) & matter]

    def _reaching(self, breach: Breach, given: Expr) -> Iterator[Cube]:
        """The weakest terms that entail the premises and, with some of the acts absent, the state."""
        for absent in _subsets(self._acts(breach.concerned)):
            goal = Or((_in_state(breach.invariant.state, breach.concerned), *map(AtomLeaf, absent)))
            yield from self.profiles.conditions(And((given, goal)))

    def _leaving(self, breach: Breach, given: Expr) -> Iterator[Cube]:
        """The weakest terms that entail the premises, with some of the acts done."""
        weakest = self.profiles.conditions(given)
        for done in _subsets(self._acts(breach.concerned)):
            mask = sum(1 << act for act in done)
            yield from (Cube(t.pos | mask, t.neg) for t in weakest if not t.neg & mask)


def _in_state(wanted: State, iri: str) -> Expr:
    return Name(iri) if wanted is State.ENTAILED else Not(Name(iri))


def _subsets(acts: Sequence[int]) -> Iterator[tuple[int, ...]]:
    return chain.from_iterable(combinations(acts, size) for size in range(len(acts) + 1))
