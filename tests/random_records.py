"""Random partial records for any compiled guideline, the same ones for the same seed.

A record is a set of observations that can hold together. What can be observed is read from the compiled guideline:
the classes and individuals of its atoms, and numbers below, at and above each of its bounds, or intervals across
them. `stratified` aims at each state of each class in turn: it takes an implicant, observes what satisfies it, adds
what else the record may hold, and leaves some of it out again.
"""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import TypeVar

from rdflib import RDF, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import ContradictionError
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled
from reasoner.logic.decide import State, decide
from reasoner.logic.facts import FactReader, Observation, literals_of
from reasoner.logic.theory import Literals
from reasoner.terms import GP, local_name

Record = tuple[Observation, ...]
T = TypeVar("T")


@dataclass(frozen=True)
class Case:
    """A record, and whether acts that it leaves open are assumed absent."""

    record: Record
    closing: bool


class Records:
    """Draws records for one compiled guideline."""

    def __init__(self, compiled: Compiled, seed: int, closable: Sequence[str] = ()) -> None:
        self.compiled, self.closable, self.random = compiled, tuple(closable), random.Random(seed)
        self.reader = FactReader(compiled)
        self.all = _observable(compiled)
        closed = [(seen, self.closed([seen])) for seen in self.all]
        self.observable = [(seen, literals) for seen, literals in closed if not literals.clash]

    def closed(self, record: Iterable[Observation]) -> Literals:
        """All that a record says, closed under the theory."""
        return self.compiled.theory.close(literals_of(self.reader.read(record)))

    def states(self, case: Case) -> Mapping[str, State] | None:
        """The compiled engine's answers; None where the record contradicts itself."""
        try:
            return decide(self.compiled, self.reader.read(case.record), self.closable if case.closing else ()).states
        except ContradictionError:
            return None

    def draw(self) -> Record:
        """Any record that can be."""
        return self._grown((), self.random.randint(0, 20))

    def careless(self) -> Record:
        """Any few observations, whether or not they can hold together; a quantity has one value."""
        drawn = self.random.choices(self.all, k=self.random.randint(1, 4))
        return tuple({(seen.path, seen.kind, seen.kind == "class" and seen): seen for seen in drawn}.values())

    def satisfying(self, term: Cube) -> Record:
        """A record that says what `term` says, as far as one can be found."""
        wanted = Literals(term.pos, term.neg)
        record: Record = ()
        for literal in self._shuffled(_literals(term)):
            if not self.closed(record).satisfy(literal):
                serving = [seen for seen, closed in self.observable if closed.satisfy(literal)
                           and not contradicts(closed, term) and self._fits(record, seen, wanted)]  # fmt: skip
                record = (*record, self.random.choice(serving)) if serving else record
        return record

    def stratified(self, classes: Sequence[str], size: int, quota: int) -> list[Case]:
        """`size` cases, of which at least `quota` have each state of each of `classes`, where that can be."""
        missing = Counter({(iri, state): quota for iri in classes for state in State})
        cases: list[Case] = []
        while len(cases) < size:
            stratum = max(missing, key=lambda s: (missing[s], s), default=None)
            case = self._aimed(*stratum) if stratum else Case(self.draw(), self.random.random() < 0.8)
            if case is not None:
                cases.append(case)
                missing -= Counter((self.states(case) or {}).items())
            elif stratum:
                del missing[stratum]
        return cases

    def _aimed(self, iri: str, state: State) -> Case | None:
        """A case in which a class has a state; None where none is found. Closed first, and open where that fails."""
        rule = self.compiled.rules[iri]
        for attempt in range(200):
            truth = self.random.random() < 0.5 if state is State.UNDETERMINED else state is State.ENTAILED
            terms = rule.implicants(truth)
            record = self.satisfying(self.random.choice(terms)) if terms else ()
            if state is State.UNDETERMINED:
                record = tuple(seen for seen in record if self.random.random() < 0.7)
            case = Case(self._grown(record, self.random.randint(0, 6)), attempt < 100)
            if (self.states(case) or {}).get(iri) is state:
                return case
        return None

    def _grown(self, record: Record, more: int) -> Record:
        for seen, _ in self.random.choices(self.observable, k=more):
            if self._fits(record, seen, Literals()):
                record = (*record, seen)
        return tuple(self._shuffled(record))

    def grown_from(self, places: Iterable[int]) -> Record:
        """The record of the observations at `places`, without those that do not fit what comes before them."""
        record: Record = ()
        for place in places:
            seen, _ = self.observable[place % len(self.observable)]
            record = (*record, seen) if self._fits(record, seen, Literals()) else record
        return record

    def _fits(self, record: Record, seen: Observation, wanted: Literals) -> bool:
        """Whether a record can hold `seen` too: one value under a functional property, and no contradiction."""
        if any(other.path == seen.path and other.kind == seen.kind != "class" for other in record):
            return False
        return not self.compiled.theory.close(literals_of(self.reader.read((*record, seen))).union(wanted)).clash

    def _shuffled(self, items: Sequence[T]) -> list[T]:
        return self.random.sample(items, len(items))


def contradicts(known: Literals, term: Cube) -> bool:
    """Whether some literal of a term is known to be false."""
    return bool(term.pos & known.neg or term.neg & known.pos)


def _literals(term: Cube) -> list[Cube]:
    return [Cube(1 << i, 0) for i in bits(term.pos)] + [Cube(0, 1 << i) for i in bits(term.neg)]


# -- what can be observed --


def _observable(compiled: Compiled) -> list[Observation]:
    """All that a record of this guideline might say, numbers by way of examples."""
    found: list[Observation] = []
    for path, targets in _targets(compiled, "class").items():
        found += _classes(compiled, path, targets)
    for path, targets in _targets(compiled, "value").items():
        found += [Observation(path, "value", target) for target in sorted(_others(compiled, targets))]
    for path in sorted({atom.path for atom in compiled.theory.atoms if _is_number(compiled, atom.path)}):
        found += [Observation(path, "number", low=low, high=high) for low, high in _intervals(_bounds(compiled, path))]
    return found


def _targets(compiled: Compiled, kind: str) -> dict[tuple[str, ...], set[str]]:
    targets = defaultdict(set)
    for atom in compiled.theory.atoms:
        if atom.kind == kind and atom.path:
            targets[atom.path].add(atom.target)
    return dict(sorted(targets.items()))


def _classes(compiled: Compiled, path: tuple[str, ...], targets: Iterable[str]) -> Iterator[Observation]:
    plain = len(path) == 1 and not compiled.properties[path[0]].functional
    for target in sorted(targets):
        yield Observation(path, "class", target)
        if plain:
            yield Observation(path, "class", target, False)


def _others(compiled: Compiled, targets: set[str]) -> set[str]:
    """`targets`, what is declared different from them, and an individual of which nothing is declared."""
    pairs = {name for pair in compiled.different_pairs if pair & targets for name in pair}
    return targets | pairs | {"urn:example:undeclared"}


def _is_number(compiled: Compiled, path: tuple[str, ...]) -> bool:
    return bool(path) and compiled.properties[path[-1]].data


def _bounds(compiled: Compiled, path: tuple[str, ...]) -> list[Decimal]:
    return sorted({atom.bound for atom in compiled.theory.atoms if atom.path == path and atom.kind == "above"})


def _intervals(bounds: Sequence[Decimal]) -> list[tuple[Decimal | None, Decimal | None]]:
    """Points below, at and above each bound, intervals between such points, and intervals without an end."""
    step = Decimal("0.5")
    points = sorted({b + d for b in bounds or [Decimal(0)] for d in (-step, Decimal(0), step) if b + d >= 0})
    pairs = [(low, high) for i, low in enumerate(points) for high in points[i:] if high - low <= 8 or low == points[0]]
    return [*pairs, *((p, None) for p in points), *((None, p) for p in points), *((p, p) for p in points)]


# -- as others see a record --


def as_graph(record: Iterable[Observation], compiled: Compiled, denies: Mapping[str, str], patient: Node) -> Graph:
    """A record as RDF: `denies` gives for a property the one that says that a class of it is absent.

    Raises ValueError for an interval, and for an absence that no property says: a record cannot state them.
    """
    graph = Graph()
    nodes: dict[tuple[str, ...], Node] = {(): patient}
    graph.add((patient, RDF.type, GP.Patient))
    for number, seen in enumerate(record):
        above = patient
        for end in range(1, len(seen.path)):
            above = _node(graph, nodes, seen.path[:end])
        if seen.kind == "class" and seen.present:
            functional = compiled.properties[seen.path[-1]].functional
            node = _node(graph, nodes, seen.path) if functional else BNode(f"f{number}")
            graph.add((above, URIRef(seen.path[-1]), node))
            graph.add((node, RDF.type, URIRef(seen.target)))
        else:
            graph.add((above, *_statement(seen, denies)))
    return graph


def _node(graph: Graph, nodes: dict[tuple[str, ...], Node], path: tuple[str, ...]) -> Node:
    """The one node at the end of a functional path."""
    if path not in nodes:
        nodes[path] = BNode("".join(local_name(prop) for prop in path))
        graph.add((nodes[path[:-1]], URIRef(path[-1]), nodes[path]))
    return nodes[path]


def _statement(seen: Observation, denies: Mapping[str, str]) -> tuple[Node, Node]:
    if seen.kind == "class":
        if len(seen.path) != 1 or seen.path[0] not in denies:
            raise ValueError(f"no property says that {seen.target} is absent")
        return URIRef(denies[seen.path[0]]), URIRef(seen.target)
    if seen.kind == "value":
        return URIRef(seen.path[-1]), URIRef(seen.target)
    if seen.low is None or seen.low != seen.high:
        raise ValueError("an interval has no place in a record")
    return URIRef(seen.path[-1]), Literal(format(seen.low, "f"), datatype=XSD.decimal)


def describe(record: Iterable[Observation]) -> str:
    """A record as one reads it in a failure, one observation a line."""
    return "\n".join(sorted(_line(seen) for seen in record)) or "(an empty record)"


def _line(seen: Observation) -> str:
    path = "/".join(local_name(prop) for prop in seen.path)
    if seen.kind == "number":
        return f"  {path} [{seen.low}, {seen.high}]"
    target = local_name(seen.target)
    return f"  {path} {target}" if seen.kind == "value" else f"  {'' if seen.present else 'not '}{path} [ a {target} ]"
