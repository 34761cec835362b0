"""Justifying: why a class is entailed, why it is excluded, and what would settle it.

A reason is a subset-minimal set of recorded or assumed facts that entails the answer, read off the implicants that
the facts satisfy. A question is an inclusion-minimal set of unknown facts for which some answer settles a class,
read off the implicants that are still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import product

from reasoner.clauses import Cube, bits
from reasoner.compiled import Compiled, Origin
from reasoner.decide import Decision, State, state
from reasoner.expressions import And, Expr, Name, Not, Or
from reasoner.facts import ASSUMED, Fact, kleene, known
from reasoner.theory import Literals

_REMEMBERED = 50_000


@dataclass(frozen=True)
class Reason:
    """Why: the facts, the named classes that they settle on the way to the answer, and the axioms that lead there."""

    facts: tuple[Fact, ...]
    criteria: tuple[str, ...]
    axioms: tuple[Origin, ...]


@dataclass(frozen=True)
class Question:
    """Facts to ask for together, and the classes that some answer to them settles."""

    ask: tuple[str, ...]
    decides: tuple[str, ...]


def reasons(compiled: Compiled, decision: Decision, iri: str) -> tuple[Reason, ...]:
    """The reasons for the state of a class, fewest assumptions and then fewest facts first; none if undetermined."""
    answer = decision.states[iri]
    if answer is State.UNDETERMINED:
        return ()
    truth = answer is State.ENTAILED
    found: dict[tuple[Fact, ...], Reason] = {}
    for term in compiled.rules[iri].implicants(truth):
        if decision.closed.satisfy(term):
            for facts, axioms in _fact_sets(compiled, decision, term):
                minimal = _minimal(compiled, facts, iri, truth)
                if minimal not in found:
                    found[minimal] = _explained(compiled, minimal, iri, truth, term.axioms | axioms)
    distinct = [r for r in found.values() if not any(set(o.facts) < set(r.facts) for o in found.values())]
    return tuple(sorted(distinct, key=_rank))


def _rank(reason: Reason) -> tuple[object, ...]:
    assumed = sum(fact.by == ASSUMED for fact in reason.facts)
    return assumed, len(reason.facts), [(fact.term, fact.present) for fact in reason.facts]


def _fact_sets(compiled: Compiled, decision: Decision, term: Cube) -> list[tuple[list[Fact], int]]:
    """Sets of facts that entail every literal of a satisfied implicant, each with the axioms used."""
    given = known(decision.facts)
    literals = [(i, True) for i in bits(term.pos)] + [(i, False) for i in bits(term.neg)]
    choices = [_supports(compiled, given, atom, truth) for atom, truth in literals]
    sets = []
    for choice in product(*choices):
        pos = neg = axioms = 0
        for support in choice:
            pos, neg, axioms = pos | support.pos, neg | support.neg, axioms | support.axioms
        sets.append((_facts_for(decision.facts, Literals(pos, neg)), axioms))
    return sets


def _supports(compiled: Compiled, given: Literals, atom: int, truth: bool) -> list[Cube]:
    """What entails a literal: where a fact states it, that alone."""
    found = compiled.theory.supports(atom, truth, given)
    return found[:1] if found and found[0].size == 1 and found[0].atoms == 1 << atom else found


def _facts_for(facts: tuple[Fact, ...], needed: Literals) -> list[Fact]:
    """For each literal the fact that states it: the one that states the least else."""
    chosen: dict[Fact, None] = {}
    for bit_pos, bit_neg in [(1 << i, 0) for i in bits(needed.pos)] + [(0, 1 << i) for i in bits(needed.neg)]:
        stating = [f for f in facts if f.literals.pos & bit_pos or f.literals.neg & bit_neg]
        chosen[min(stating, key=_spare)] = None
    return list(chosen)


def _spare(fact: Fact) -> tuple[int, bool, Fact]:
    literals = fact.literals
    return literals.pos.bit_count() + literals.neg.bit_count(), fact.by == ASSUMED, fact


def _minimal(compiled: Compiled, facts: list[Fact], iri: str, truth: bool) -> tuple[Fact, ...]:
    """`facts` without those whose deletion leaves the answer standing; assumptions are dropped first."""
    kept = sorted(facts)
    for fact in sorted(facts, key=lambda f: (f.by != ASSUMED, f)):
        rest = [other for other in kept if other is not fact]
        if _settles(compiled, known(rest), iri, truth):
            kept = rest
    return tuple(kept)


@lru_cache(_REMEMBERED)
def _settles(compiled: Compiled, given: Literals, iri: str, truth: bool) -> bool:
    closed = compiled.theory.close(given)
    return any(closed.satisfy(term) for term in compiled.rules[iri].implicants(truth))


# -- the way from the facts to the answer --


def _explained(compiled: Compiled, facts: tuple[Fact, ...], iri: str, truth: bool, axioms: int) -> Reason:
    return Reason(facts, *_way(compiled, compiled.theory.close(known(facts)), iri, truth, axioms))


@lru_cache(_REMEMBERED)
def _way(
    compiled: Compiled, closed: Literals, iri: str, truth: bool, axioms: int
) -> tuple[tuple[str, ...], tuple[Origin, ...]]:
    """The criteria by which closed facts settle a class, and the axioms, those of the bits `axioms` among them."""
    used: dict[str, bool] = {}
    _walk(compiled, closed, Name(iri), truth, used)
    criteria = tuple(name for name, value in used.items() if value == truth and name != iri)
    origins = {compiled.rules[name].origin for name in used} | {compiled.axioms[i] for i in bits(axioms)}
    return criteria, tuple(sorted(origins, key=lambda o: (o.file, o.line or 0, o.term)))


def _walk(compiled: Compiled, closed: Literals, expr: Expr, truth: bool, used: dict[str, bool]) -> None:
    """Collect in `used` the named classes by which an expression gets its value."""
    match expr:
        case Name(iri):
            if iri not in used:
                used[iri] = truth
                _walk(compiled, closed, compiled.rules[iri].definition, truth, used)
        case Not(part):
            _walk(compiled, closed, part, not truth, used)
        case And(parts) | Or(parts):
            for part in parts:
                if _value(compiled, closed, part) is truth:
                    _walk(compiled, closed, part, truth, used)


def _value(compiled: Compiled, closed: Literals, expr: Expr) -> bool | None:
    """The value of an expression under closed facts: exact for atoms and classes, Kleene's above them."""

    def of_class(iri: str) -> bool | None:
        answer = state(compiled.rules[iri], closed)
        return None if answer is State.UNDETERMINED else answer is State.ENTAILED

    return kleene(expr, closed, of_class)


# -- what to ask --


def questions(
    compiled: Compiled, decision: Decision, names: Mapping[int, str], classes: Iterable[str]
) -> tuple[Question, ...]:
    """What to ask next: the inclusion-minimal sets of facts that can settle some undetermined class, smallest first.

    `names` gives the fact under which each atom is asked for.
    """
    undetermined = [iri for iri in classes if decision.states[iri] is State.UNDETERMINED]
    asks = {iri: _asks(compiled, decision.closed, names, iri) for iri in undetermined}
    answers: dict[frozenset[str], list[Literals]] = {}
    for found in asks.values():
        for ask, answer in found:
            answers.setdefault(ask, []).append(answer)
    minimal = {iri: {ask for ask, _ in found} for iri, found in asks.items()}
    result = []
    for ask, options in answers.items():
        for settled in _settled(compiled, decision.closed, options, [i for i in undetermined if ask in minimal[i]]):
            result.append(Question(tuple(sorted(ask)), settled))
    return tuple(sorted(result, key=lambda q: (len(q.ask), -len(q.decides), q.ask, q.decides)))


def _asks(
    compiled: Compiled, closed: Literals, names: Mapping[int, str], iri: str
) -> list[tuple[frozenset[str], Literals]]:
    """The minimal sets of facts that can settle a class, each with an answer that does."""
    found = []
    for truth in (True, False):
        for term in compiled.rules[iri].implicants(truth):
            if not closed.contradict(term):
                answer = Literals(term.pos & ~closed.pos, term.neg & ~closed.neg)
                if compiled.theory.consistent(closed.union(answer)):
                    atoms = [plainest(compiled, closed, i) for i in bits(answer.pos | answer.neg)]
                    found.append((frozenset(names[i] for i in atoms), answer))
    return [(ask, answer) for ask, answer in found if not any(other < ask for other, _ in found)]


def plainest(compiled: Compiled, closed: Literals, atom: int) -> int:
    """The most specific atom that, with what is known, comes to the same as `atom`: the easier one to ask for."""
    for clause in compiled.theory.long:
        open_atoms = clause.atoms & ~(closed.pos | closed.neg)
        decided = clause.pos & closed.pos or clause.neg & closed.neg
        if not decided and open_atoms >> atom & 1 and open_atoms.bit_count() == 2:
            other = next(bits(open_atoms & ~(1 << atom)))
            if _comes_to(compiled, closed, atom, other) and _is_below(compiled, other, atom):
                return plainest(compiled, closed, other)
    return atom


def _comes_to(compiled: Compiled, closed: Literals, one: int, other: int) -> bool:
    """Whether two atoms have the same value in every completion."""
    return all(
        compiled.theory.close(closed.union(Literals(1 << a, 0))).pos >> b & 1 for a, b in ((one, other), (other, one))
    )


def _is_below(compiled: Compiled, lower: int, upper: int) -> bool:
    return bool(compiled.theory.close(Literals(1 << lower, 0)).pos >> upper & 1)


def _settled(
    compiled: Compiled, closed: Literals, options: list[Literals], classes: list[str]
) -> list[tuple[str, ...]]:
    """The largest sets of `classes` that one of the answers settles together."""
    found: set[tuple[str, ...]] = set()
    for answer in options:
        after = compiled.theory.close(closed.union(answer))
        settled = tuple(i for i in classes if state(compiled.rules[i], after) is not State.UNDETERMINED)
        found.add(settled)
    return sorted(s for s in found if s and not any(set(s) < set(other) for other in found))
