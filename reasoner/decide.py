"""Deciding: entailed, excluded or undetermined, for every defined class, by the compiled implicants.

The known facts are closed under the theory, then acts that a guideline reads as not done where nobody recorded them
are assumed absent, and then a class is entailed where one of its implicants is satisfied, excluded where one of its
complement's is, and undetermined otherwise. By the completeness of the implicants this is what OWL 2 entails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

from reasoner.clauses import bits
from reasoner.compiled import ClassRule, Compiled
from reasoner.errors import ContradictionError, Problem
from reasoner.facts import ASSUMED, Fact, known
from reasoner.theory import Literals, Theory


class State(StrEnum):
    """The three answers."""

    ENTAILED = "entailed"
    EXCLUDED = "excluded"
    UNDETERMINED = "undetermined"


@dataclass(frozen=True)
class Decision:
    """What is decided of one patient: the facts, those assumed among them last, and the state of every class."""

    facts: tuple[Fact, ...]
    closed: Literals
    states: Mapping[str, State]

    @property
    def assumed(self) -> tuple[Fact, ...]:
        """The facts that nobody recorded and that are read as absent."""
        return tuple(fact for fact in self.facts if fact.by == ASSUMED)


def decide(compiled: Compiled, facts: Iterable[Fact], closable: Iterable[str] = ()) -> Decision:
    """Decide every class from `facts`; acts in the classes `closable` are assumed absent where nothing forbids it.

    Raises ContradictionError, naming a minimal contradictory set, where no patient can have all of `facts`.
    """
    recorded = tuple(facts)
    closed = compiled.theory.close(known(recorded))
    if closed.clash:
        raise contradiction(compiled.theory, recorded)
    assumed = assume(compiled.theory, closed, closable)
    if assumed:
        closed = compiled.theory.close(closed.union(known(assumed)))
    states = {iri: state(rule, closed) for iri, rule in compiled.rules.items()}
    return Decision((*recorded, *assumed), closed, states)


def state(rule: ClassRule, closed: Literals) -> State:
    """The state of one class under facts that are closed under the theory."""
    if any(closed.satisfy(term) for term in rule.entailed_by):
        return State.ENTAILED
    if any(closed.satisfy(term) for term in rule.excluded_by):
        return State.EXCLUDED
    return State.UNDETERMINED


def assume(theory: Theory, closed: Literals, closable: Iterable[str]) -> tuple[Fact, ...]:
    """The absences to assume: of each closable act that is not known, unless it is in conflict with others.

    A conflict is a minimal set of acts that cannot all be absent; none of its acts is assumed.
    """
    names = set(closable)
    candidates = sum(1 << i for i, atom in enumerate(theory.atoms)
                     if atom.kind == "class" and len(atom.path) == 1 and atom.target in names)  # fmt: skip
    candidates &= ~(closed.pos | closed.neg)
    for conflict in _conflicts(theory, closed, candidates):
        candidates &= ~conflict
    return tuple(Fact(theory.atoms[i].target, False, None, ASSUMED, Literals(0, 1 << i)) for i in bits(candidates))


def _conflicts(theory: Theory, closed: Literals, candidates: int) -> list[int]:
    """The minimal sets of `candidates`, as bits, that the theory forbids to be absent together."""
    found = set()
    for clause in theory.long:
        satisfied = clause.pos & closed.pos or clause.neg & closed.neg
        open_pos, open_neg = clause.pos & ~closed.neg, clause.neg & ~closed.pos
        if not satisfied and not open_neg and not open_pos & ~candidates:
            found.add(open_pos)
    binary = {c.pos for c in theory.implicates if c.size == 2 and not c.neg and not c.pos & ~candidates}
    every = found | binary
    return [conflict for conflict in every if not any(other != conflict and not other & ~conflict for other in every)]


def contradiction(theory: Theory, facts: tuple[Fact, ...]) -> ContradictionError:
    """The error that names a minimal set of `facts` that cannot hold together."""
    minimal = list(facts)
    for fact in facts:
        rest = [other for other in minimal if other is not fact]
        if not theory.consistent(known(rest)):
            minimal = rest
    return ContradictionError(
        Problem(
            "contradictory-record",
            "these facts cannot hold together: " + ", ".join(f"{fact.term} {fact.state}" for fact in minimal),
            "correct the record: at least one of them is wrong",
            node=next((fact.source for fact in minimal if fact.source), None),
        ),
        facts=tuple(minimal),
    )
