"""Deciding, compiled to one straight line of bit operations that is the same for every patient.

A compiled guideline and its checks become a circuit over the known literals: closing under the theory, reading closable
acts as absent, the implicants of every class, alerts, verdicts and the status. All prime implicates of the theory are
at hand, so one pass closes: a literal follows exactly where the rest of some implicate is false in what is given.
The circuit is lowered to steps of two operands over numbered registers. What several terms share is computed once:
the pair of operands that most terms have in common is taken out first (C. Paar, Optimized arithmetic for Reed-Solomon
encoders, Proc. IEEE ISIT, 1997), and scratch registers are used again as soon as their value is no longer needed.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from heapq import heapify, heappop, heappush
from itertools import combinations, count
from typing import NamedTuple

from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import Condition, StateShape
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled
from reasoner.logic.expressions import And, HasValue, Name, Not, Or
from reasoner.patient.orders import SUPPORTED, VERDICTS

#: The statuses of a patient, the first that fits.
STATUSES = ("outOfScope", "decided", "undetermined", "silent")

AND, OR, XOR = "and", "or", "xor"
Pair = tuple[int, int]
Operands = frozenset[int]


class Step(NamedTuple):
    """`target` becomes `left` op `right`; the target may be one of the two."""

    op: str
    left: int
    right: int
    target: int


@dataclass(frozen=True)
class Program:
    """The steps of deciding, and the registers of their results.

    Registers, in this order: for each atom what is given true, for each what is given false, a register of zeros and
    one of ones, then `results` rows that are kept, then `scratch`. Rows of results: 0 the contradictory patients;
    then for each atom what is true after closing, for each what is false; for each class where it is entailed, for
    each where it is excluded; and further rows, which the mappings name. `assumed` goes by the number of the atom.
    """

    atoms: int
    classes: tuple[str, ...]
    steps: tuple[Step, ...]
    results: int
    scratch: int
    assumed: Mapping[int, int]
    alerts: Mapping[str, int]
    verdicts: Mapping[str, Mapping[str, int]]
    status: Mapping[str, int]


def program_of(guideline: Guideline) -> Program:
    """The program of a guideline, with the verdicts on every class of acts that its pathway shapes review."""
    alerts = [check for check in guideline.content.checks if not check.action]
    catalogue = guideline.catalogue
    return compile_program(guideline.compiled, catalogue.closable, alerts, _reviewed(guideline), catalogue.management)


def _reviewed(guideline: Guideline) -> dict[str, list[StateShape]]:
    """The classes of acts with pathway shapes, and those below them, each with its shapes."""
    reviewed = {check.action for check in guideline.content.checks if check.action}
    below = {act for act, above in guideline.content.contract.above.items() if not reviewed.isdisjoint(above)}
    return {act: guideline.checks_of(act) for act in sorted(reviewed | below)}


def compile_program(
    compiled: Compiled,
    closable: Iterable[str] = (),
    alerts: Iterable[StateShape] = (),
    orders: Mapping[str, Sequence[StateShape]] | None = None,
    management: Iterable[ManagementClass] = (),
) -> Program:
    """The program that decides as `decide` does: `alerts` are about the patient, `orders` the shapes of each action."""
    deciding = _GuidelineCircuit(compiled, closable)
    warned = {check.shape: deciding.violated(check) for check in alerts}
    verdicts = {action: deciding.verdicts(checks) for action, checks in (orders or {}).items()}
    status = deciding.status(list(management))
    rows = [deciding.clash, *deciding.pos, *deciding.neg, *deciding.entailed.values(), *deciding.excluded.values()]
    row_of = {node: row for row, node in reversed(list(enumerate(rows))) if row}
    wanted = [*deciding.assumed.values(), *warned.values(), *(n for named in verdicts.values() for n in named.values())]
    for node in (*wanted, *status.values()):
        if node not in row_of:
            row_of[node] = len(rows)
            rows.append(node)
    steps, scratch = _Assembly(deciding.circuit, rows).run()
    return Program(
        atoms=len(compiled.theory.atoms),
        classes=tuple(compiled.rules),
        steps=tuple(steps),
        results=len(rows),
        scratch=scratch,
        assumed={atom: row_of[node] for atom, node in deciding.assumed.items()},
        alerts={shape: row_of[node] for shape, node in warned.items()},
        verdicts={action: {v: row_of[node] for v, node in named.items()} for action, named in verdicts.items()},
        status={name: row_of[node] for name, node in status.items()},
    )


class Circuit:
    """Conjunctions, disjunctions and complements over numbered nodes; equal ones have one number.

    The first nodes are the inputs; then come the constants `false` and `true`.
    """

    def __init__(self, inputs: int) -> None:
        self.inputs, self.false, self.true = inputs, inputs, inputs + 1
        self.numbers: dict[tuple[str, Operands], int] = {}
        self.nodes: dict[int, tuple[str, Operands]] = {}

    def all_of(self, nodes: Iterable[int]) -> int:
        """The conjunction of `nodes`."""
        return self._joined(AND, nodes, self.true, self.false)

    def any_of(self, nodes: Iterable[int]) -> int:
        """The disjunction of `nodes`."""
        return self._joined(OR, nodes, self.false, self.true)

    def complement(self, node: int) -> int:
        """What `node` is not."""
        if node in (self.false, self.true):
            return self.true if node == self.false else self.false
        op, operands = self.nodes.get(node, ("", frozenset()))
        if op == XOR:
            return next(iter(operands - {self.true}))
        return self._numbered(XOR, frozenset((node, self.true)))

    def _joined(self, op: str, nodes: Iterable[int], neutral: int, absorbing: int) -> int:
        operands = frozenset(part for node in nodes for part in self._parts(op, node)) - {neutral}
        if absorbing in operands:
            return absorbing
        if len(operands) < 2:
            return next(iter(operands), neutral)
        return self._numbered(op, operands)

    def _parts(self, op: str, node: int) -> Operands:
        """The operands of a node of the same kind, which stand for it; otherwise the node itself."""
        kind, operands = self.nodes.get(node, ("", frozenset()))
        return operands if kind == op else frozenset((node,))

    def _numbered(self, op: str, operands: Operands) -> int:
        key = op, operands
        if key not in self.numbers:
            self.numbers[key] = node = self.inputs + 2 + len(self.numbers)
            self.nodes[node] = key
        return self.numbers[key]


class _GuidelineCircuit:
    """The circuit of one guideline, in the order of deciding: close, assume, close, classes."""

    def __init__(self, compiled: Compiled, closable: Iterable[str]) -> None:
        self.theory, size, names = compiled.theory, len(compiled.theory.atoms), set(closable)
        self.circuit = Circuit(2 * size)
        self.pos, self.neg = list(range(size)), list(range(size, 2 * size))
        self.closable = sum(1 << i for i, atom in enumerate(self.theory.atoms)
                            if atom.kind == "class" and len(atom.path) == 1 and atom.target in names)  # fmt: skip
        self._close()
        self.clash = self._clash()
        self.assumed = self._assume()
        for atom, node in self.assumed.items():
            self.neg[atom] = self.circuit.any_of((self.neg[atom], node))
        self._close(self.closable)
        self.entailed = {iri: self._some(rule.entailed_by) for iri, rule in compiled.rules.items()}
        self.excluded = {iri: self._some(rule.excluded_by) for iri, rule in compiled.rules.items()}

    def _close(self, through: int | None = None) -> None:
        """Every literal that the theory entails; `through` are atoms, as bits, that alone became false since."""
        pos, neg = [{node} for node in self.pos], [{node} for node in self.neg]
        for clause in self.theory.implicates:
            for atom in bits(clause.atoms):
                own = 1 << atom
                if through is None or clause.pos & through & ~own:
                    rest = self.circuit.all_of(self._falsities(clause, ~own))
                    (pos if clause.pos & own else neg)[atom].add(rest)
        self.pos, self.neg = [self.circuit.any_of(some) for some in pos], [self.circuit.any_of(some) for some in neg]

    def _falsities(self, clause: Cube, among: int) -> list[int]:
        """Where each literal of a clause is false, for its atoms in the bits `among`."""
        return [self.neg[i] for i in bits(clause.pos & among)] + [self.pos[i] for i in bits(clause.neg & among)]

    def _clash(self) -> int:
        """Where some atom is true and false: all literals of an implicate false would make each of them true too."""
        if any(clause.size == 0 for clause in self.theory.implicates):
            return self.circuit.true
        return self.circuit.any_of(self.circuit.all_of(both) for both in zip(self.pos, self.neg, strict=True))

    def _assume(self) -> dict[int, int]:
        """Where each closable atom is assumed absent: where it is unknown and in no minimal conflict."""
        circuit = self.circuit
        unknown = {i: circuit.complement(circuit.any_of((self.pos[i], self.neg[i]))) for i in bits(self.closable)}
        tied = [clause for clause in self.theory.implicates if (clause.pos & self.closable).bit_count() > 1]
        minimal = [(clause, self._minimal(clause, tied, unknown)) for clause in tied]
        blocked = {i: circuit.any_of(node for clause, node in minimal if clause.pos >> i & 1) for i in unknown}
        return {i: circuit.all_of((node, circuit.complement(blocked[i]))) for i, node in unknown.items()}

    def _minimal(self, clause: Cube, tied: Sequence[Cube], unknown: Mapping[int, int]) -> int:
        """Where the unknown acts of a clause are a conflict that contains no other."""
        smaller = []
        for other in tied:
            closed_out = [self.neg[i] for i in bits(other.pos & self.closable & ~clause.pos)]
            beyond = self.circuit.any_of(unknown[i] for i in bits(clause.pos & self.closable & ~other.pos))
            smaller.append(self.circuit.all_of((self._conflict(other), beyond, *closed_out)))
        contains = self.circuit.any_of(smaller)
        return self.circuit.all_of((self._conflict(clause), self.circuit.complement(contains)))

    def _conflict(self, clause: Cube) -> int:
        """Where a clause asks for one of its closable acts: none is true, and all the rest is false."""
        not_true = [self.circuit.complement(self.pos[i]) for i in bits(clause.pos & self.closable)]
        rest = Cube(clause.pos & ~self.closable, clause.neg)
        return self.circuit.all_of((*not_true, *self._falsities(rest, -1)))

    def _some(self, terms: Iterable[Cube]) -> int:
        """Where one of `terms` is satisfied."""
        return self.circuit.any_of(self.circuit.all_of(self._falsities(term.negated, -1)) for term in terms)

    def holds(self, condition: Condition) -> int:
        """Where a condition holds (see `shapes.holds`)."""
        match condition:
            case Name(cls):
                return self.entailed[cls]
            case HasValue(_, cls):
                return self.excluded[cls]
            case And(parts):
                return self.circuit.all_of(self.holds(part) for part in parts)
            case Or(parts):
                return self.circuit.any_of(self.holds(part) for part in parts)
            case Not(part):
                return self.circuit.complement(self.holds(part))
        raise TypeError(f"{condition!r} asks for no states")

    def violated(self, check: StateShape) -> int:
        """Where a shape reports a result."""
        return self.circuit.complement(self.holds(check.condition))

    def verdicts(self, checks: Sequence[StateShape]) -> dict[str, int]:
        """For each verdict that `checks` can give where they give it (see `orders.reported`)."""
        found, before = {}, self.circuit.false
        for severity, verdict in VERDICTS.items():
            own = [self.violated(check) for check in checks if check.severity == severity]
            if own:
                found[verdict] = self._first(own, before)
                before = self.circuit.any_of((before, *own))
        return {**found, SUPPORTED: self.circuit.complement(before)}

    def status(self, management: Sequence[ManagementClass]) -> dict[str, int]:
        """For each status where it is the patient's (see `assess.status`)."""
        circuit, advising = self.circuit, [cls.iri for cls in management if not cls.restriction]
        left = circuit.any_of(self.entailed[cls.iri] for cls in management if cls.scope_exit)
        decided = circuit.any_of(self.entailed[iri] for iri in advising)
        settled = circuit.all_of(circuit.any_of((self.entailed[iri], self.excluded[iri])) for iri in advising)
        early, open_classes = circuit.any_of((left, decided)), circuit.complement(settled)
        found = left, self._first([decided], left), self._first([open_classes], early), self._first([settled], early)
        return dict(zip(STATUSES, found, strict=True))

    def _first(self, nodes: Iterable[int], before: int) -> int:
        """Where one of `nodes` holds and `before` does not."""
        return self.circuit.all_of((self.circuit.any_of(nodes), self.circuit.complement(before)))


class _Assembly:
    """Lowers the nodes that `rows` keep to steps."""

    def __init__(self, circuit: Circuit, rows: Sequence[int]) -> None:
        self.pairs = _pairs(circuit, rows)
        self.order = list(_ordered(self.pairs, rows))
        self.uses = Counter(operand for node in self.order for operand in set(self.pairs[node][1]))
        self.register = {node: node for node in range(circuit.inputs + 2)}
        self.kept: dict[int, list[int]] = {}
        for register, node in enumerate(rows, circuit.inputs + 2):
            self.kept.setdefault(node, []).append(register)
        self.free: list[int] = []
        self.first = circuit.inputs + 2 + len(rows)
        self.fresh = count(self.first)

    def run(self) -> tuple[list[Step], int]:
        """The steps, and how many scratch registers they need."""
        given = [node for node in self.kept if node not in self.pairs]
        steps = [step for node in given for step in self._copies(node, self.kept[node])]
        steps += [step for node in self.order for step in self._steps(node)]
        return steps, next(self.fresh) - self.first

    def _steps(self, node: int) -> Iterator[Step]:
        """One operation, and copies of its result to further rows that keep it."""
        op, (left, right) = self.pairs[node]
        sources = self.register[left], self.register[right]
        self._release({left, right})
        target, *others = self.kept.get(node) or [self._scratch()]
        self.register[node] = target
        yield Step(op, *sources, target)
        yield from self._copies(node, others)

    def _copies(self, node: int, targets: Iterable[int]) -> Iterator[Step]:
        return (Step(OR, self.register[node], self.register[node], target) for target in targets)

    def _release(self, operands: set[int]) -> None:
        """Count one use; a scratch register whose value is used no more is free."""
        self.uses.subtract(operands)
        self.free += [self.register[node] for node in sorted(operands)
                      if not self.uses[node] and self.register[node] >= self.first]  # fmt: skip

    def _scratch(self) -> int:
        return self.free.pop() if self.free else next(self.fresh)


def _pairs(circuit: Circuit, rows: Iterable[int]) -> dict[int, tuple[str, Pair]]:
    """Each node that `rows` need, as one operation on two; new nodes stand for what nodes share."""
    needed, stack = set(), list(rows)
    while stack:
        node = stack.pop()
        if node in circuit.nodes and node not in needed:
            needed.add(node)
            stack += circuit.nodes[node][1]
    fresh = count(circuit.inputs + 2 + len(circuit.nodes))
    found: dict[int, tuple[str, Pair]] = {}
    for op in (AND, OR, XOR):
        sets = {node: set(circuit.nodes[node][1]) for node in sorted(needed) if circuit.nodes[node][0] == op}
        found |= {node: (op, pair) for node, pair in shared(sets, fresh).items()}
    return found


def shared(sets: dict[int, set[int]], fresh: Iterator[int]) -> dict[int, Pair]:
    """The members of `sets`, no two alike, joined two at a time: the pair that most sets have in common first.

    `sets` is used up. Nodes from `fresh` stand for pairs that are no set themselves.
    """
    holders: dict[int, set[int]] = {}
    for node, members in sets.items():
        for member in members:
            holders.setdefault(member, set()).add(node)
    frequent = Counter(pair for members in sets.values() for pair in combinations(sorted(members), 2))
    heap = [(-often, pair) for pair, often in frequent.items()]
    heapify(heap)
    found: dict[int, Pair] = {}
    while heap:
        often, (a, b) = heappop(heap)
        having = holders[a] & holders[b]
        if -often != len(having):
            if having:
                heappush(heap, (-len(having), (a, b)))
            continue
        whole = next((node for node in having if len(sets[node]) == 2), None)
        joined = next(fresh) if whole is None else whole
        found[joined] = (a, b)
        _replace(sets, holders, (a, b), joined, heap)
    return found


def _replace(
    sets: dict[int, set[int]], holders: dict[int, set[int]], pair: Pair, joined: int, heap: list[tuple[int, Pair]]
) -> None:
    """Put `joined` for the members of `pair` in every set that has both; the set that is `joined` itself is done."""
    having = holders[pair[0]] & holders[pair[1]]
    holders[joined] = having - {joined}
    beside: Counter[Pair] = Counter()
    for node in having:
        sets[node] -= {*pair}
        for member in pair:
            holders[member].discard(node)
        if node != joined:
            beside.update((min(joined, other), max(joined, other)) for other in sets[node])
            sets[node].add(joined)
    for new, often in beside.items():
        heappush(heap, (-often, new))


def _ordered(pairs: Mapping[int, tuple[str, Pair]], rows: Iterable[int]) -> Iterator[int]:
    """The nodes that `rows` need, each after its operands, and as late as can be."""
    done: set[int] = set()
    for row in rows:
        stack = [row]
        while stack:
            node = stack[-1]
            open_operands = [] if node not in pairs else [n for n in pairs[node][1] if n in pairs and n not in done]
            stack += open_operands
            if not open_operands:
                stack.pop()
                if node in pairs and node not in done:
                    done.add(node)
                    yield node
