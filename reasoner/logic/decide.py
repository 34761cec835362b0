"""Deciding: entailed, excluded or undetermined, for every defined class, by the compiled implicants.

The known facts are closed under the theory, then acts that a guideline reads as not done where nobody recorded them
are assumed absent, and then a class is entailed where one of its implicants is satisfied, excluded where one of its
complement's is, and undetermined otherwise. By the completeness of the implicants this is what OWL 2 entails.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum
from functools import cached_property, lru_cache

from msgspec import Struct

from reasoner.caches import BoundedCache
from reasoner.errors import ContradictionError, Problem
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import ClassBits, ClassRule, Compiled
from reasoner.logic.facts import ASSUMED, Fact, literals_of
from reasoner.logic.theory import Literals, Theory


class State(StrEnum):
    """The three answers."""

    ENTAILED = "entailed"
    EXCLUDED = "excluded"
    UNDETERMINED = "undetermined"


class Decision(Struct, frozen=True, dict=True):
    """What is decided of one patient: the facts, those assumed among them last, and the state of every class.

    `assumed` are the facts that nobody recorded and that are read as absent. As bits (see `index` and
    `compiled.Index`): `literals` are those that the facts give, closed under the theory, `recorded` those of the
    recorded facts alone, `satisfied` the implicants that the former satisfy, and `answers` what these settle.
    """

    compiled: Compiled
    facts: tuple[Fact, ...]
    assumed: tuple[Fact, ...]
    recorded: int
    literals: int
    satisfied: int
    answers: int

    @cached_property
    def closed(self) -> Literals:
        """All that is known, closed under the theory."""
        return self.compiled.theory.from_bits(self.literals)

    @cached_property
    def states(self) -> Mapping[str, State]:
        """The state of every class, by IRI."""
        return {iri: state_of(cls, self.answers) for iri, cls in self.compiled.index.class_bits.items()}

    def state(self, iri: str) -> State:
        """The state of one class. Raises KeyError for a class that is not defined."""
        return state_of(self.compiled.index.class_bits[iri], self.answers)


def state_of(cls: ClassBits, answers: int) -> State:
    """The state of a class by the bits of all answers."""
    if answers & cls.entailed:
        return State.ENTAILED
    return State.EXCLUDED if answers & cls.excluded else State.UNDETERMINED


def decide(compiled: Compiled, facts: Iterable[Fact], closable: Iterable[str] = ()) -> Decision:
    """Decide every class from `facts`; acts in the classes `closable` are assumed absent where nothing forbids it.

    Raises ContradictionError, naming a minimal contradictory set, where no patient can have all of `facts`.
    """
    return decide_assuming(compiled, tuple(facts), assumptions_of(compiled, tuple(closable)))


def decide_assuming(compiled: Compiled, recorded: tuple[Fact, ...], assumptions: Assumptions) -> Decision:
    """`decide` with prepared assumptions. Raises ContradictionError."""
    theory = compiled.theory
    closed = theory.entailed([fact.literals for fact in recorded])
    if theory.clashes(closed):
        raise contradiction(theory, recorded)
    assumed = assumptions.assumed(closed)
    literals = theory.extended(closed, assumed) if assumed else closed
    satisfied = compiled.index.terms.satisfied(literals)
    absent = assumptions.facts(assumed)
    answers = compiled.index.answers(satisfied)
    return Decision(compiled, recorded + absent, absent, closed, literals, satisfied, answers)


def state(rule: ClassRule, closed: Literals) -> State:
    """The state of one class under facts that are closed under the theory: `Decision.state`, implicant by implicant."""
    if any(map(closed.satisfy, rule.entailed_by)):
        return State.ENTAILED
    return State.EXCLUDED if any(map(closed.satisfy, rule.excluded_by)) else State.UNDETERMINED


class Assumptions:
    """The absences that are assumed of the acts in some classes: of each that is not known, unless in conflict.

    A conflict is a minimal set of acts that cannot all be absent; none of its acts is assumed. This is the generalized
    closed-world assumption of these acts (J. Minker, On indefinite databases and the closed world assumption, CADE
    1982). `acts` are their atoms, as bits. Several threads may share one.
    """

    def __init__(self, theory: Theory, closable: Iterable[str]) -> None:
        names = set(closable)
        acts = {i: atom.target for i, atom in enumerate(theory.atoms)
                if atom.kind == "class" and len(atom.path) == 1 and atom.target in names}  # fmt: skip
        self.size = theory.size
        self.acts = sum(1 << i for i in acts)
        self._absent = {i: Fact(name, False, None, ASSUMED, Literals(0, 1 << i)) for i, name in acts.items()}
        self._facts: BoundedCache[int, tuple[Fact, ...]] = BoundedCache(
            lambda assumed: tuple([self._absent[i] for i in bits(assumed >> self.size)])
        )
        self._long = [clause for clause in theory.long if clause.pos & self.acts]
        self._pairs = [clause.pos for clause in theory.implicates
                       if clause.size == 2 and not clause.neg and not clause.pos & ~self.acts]  # fmt: skip

    def assumed(self, closed: int) -> int:
        """The literals to assume beside those known, which are closed under the theory; as bits."""
        candidates = self.acts & ~(closed | closed >> self.size)
        if candidates and (self._long or self._pairs):
            for conflict in self._conflicts(closed, candidates):
                candidates &= ~conflict
        return candidates << self.size

    def facts(self, assumed: int) -> tuple[Fact, ...]:
        """The facts for literals that are assumed, in the order of the atoms."""
        return self._facts[assumed]

    def _conflicts(self, closed: int, candidates: int) -> list[int]:
        """The minimal sets of `candidates`, as bits, that the theory forbids to be jointly absent."""
        pos, neg = closed & (1 << self.size) - 1, closed >> self.size
        every = {pair for pair in self._pairs if not pair & ~candidates}
        for clause in self._long:
            satisfied = clause.pos & pos or clause.neg & neg
            open_pos = clause.pos & ~neg
            if not satisfied and not clause.neg & ~pos and not open_pos & ~candidates:
                every.add(open_pos)
        return [one for one in every if not any(other != one and not other & ~one for other in every)]


def assume(theory: Theory, closed: Literals, closable: Iterable[str]) -> tuple[Fact, ...]:
    """The absences to assume beside literals that are closed under the theory: see `Assumptions`."""
    assumptions = Assumptions(theory, closable)
    return assumptions.facts(assumptions.assumed(theory.to_bits(closed)))


@lru_cache(16)
def assumptions_of(compiled: Compiled, closable: tuple[str, ...]) -> Assumptions:
    """The assumptions of one guideline, prepared once."""
    return Assumptions(compiled.theory, closable)


def contradiction(theory: Theory, facts: tuple[Fact, ...]) -> ContradictionError:
    """The error that names a minimal set of `facts` that cannot hold together."""
    minimal = list(facts)
    for fact in facts:
        rest = [other for other in minimal if other is not fact]
        if not theory.consistent(literals_of(rest)):
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
