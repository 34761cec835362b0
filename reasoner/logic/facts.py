"""What a record says of one patient, as facts over the atoms of a compiled guideline.

Three-valued: a fact is present, absent, or not there at all, which is unknown. A quantity is a pair of bounds, and a
threshold between them stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from reasoner.caches import BoundedCache
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.expressions import AtomLeaf, Expr, Name, truth_value
from reasoner.logic.theory import Atom, Literals
from reasoner.terms import local_name

RECORDED, DERIVED, ASSUMED = "recorded", "derived", "assumed"
_ORDER = {RECORDED: 0, DERIVED: 1, ASSUMED: 2}


class Basis(NamedTuple):
    """What a derived fact rests on: the rules that give it, and what the record states that they start from.

    `statements` are nodes, each with a property, its value as text, and the datatype of that, '' for an IRI.
    """

    rules: tuple[str, ...] = ()
    statements: tuple[tuple[str, str, str, str], ...] = ()


class Observation(NamedTuple):
    """One thing that a record says of its patient, in the record's own terms.

    `path` leads from the patient. `kind` is `class` (a filler in the class `target` is present, or none is), `value`
    (the value is the individual `target`) or `number` (the value lies between `low` and `high`, both included).
    `basis` is empty where the record itself says it.
    """

    path: tuple[str, ...]
    kind: str
    target: str = ""
    present: bool = True
    low: Decimal | None = None
    high: Decimal | None = None
    source: str = ""
    by: str = RECORDED
    basis: Basis = Basis()


#: The first fields of an observation: what it says, and not where or how that is known.
Content = tuple[tuple[str, ...], str, str, bool, Decimal | None, Decimal | None]

#: Term and presence of a fact, and its literals.
Statement = tuple[tuple[str, bool], Literals]
NOTHING = Literals()


class Fact(NamedTuple):
    """A finding, an act, a threshold or an attribute (`term`) that is present or absent, and the literals it gives.

    A quantity lies between `low` and `high` where these are known.
    """

    term: str
    present: bool
    source: str | None
    by: str
    literals: Literals = NOTHING
    low: Decimal | None = None
    high: Decimal | None = None
    basis: Basis = Basis()

    @property
    def state(self) -> str:
        """`present` or `absent`."""
        return "present" if self.present else "absent"


def literals_of(facts: Iterable[Fact]) -> Literals:
    """The literals of all `facts`.

    >>> literals_of([Fact("urn:a", False, None, RECORDED, Literals(neg=0b1))])
    Literals(pos=0, neg=1)
    """
    pos = neg = 0
    for fact in facts:
        true, false = fact.literals
        pos, neg = pos | true, neg | false
    return Literals(pos, neg)


class FactReader:
    """Turns observations into facts for one compiled guideline; `names` gives the term to ask for each atom.

    What an observation says is remembered, in bounded memory, without its node. Several threads may share a reader.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.number = {atom: i for i, atom in enumerate(compiled.theory.atoms)}
        self.names = _names(compiled, self.number)
        self._along: BoundedCache[tuple[str, ...], list[tuple[int, Atom]]] = BoundedCache(self._atoms_along)
        self._statements: BoundedCache[Content, tuple[Statement, ...]] = BoundedCache(self._statements_of)
        self._criteria: BoundedCache[Literals, tuple[Statement, ...]] = BoundedCache(self._criteria_of)
        self._attributes = [(iri, expr, literals_in(expr)) for iri, expr in sorted(compiled.attributes.items())]
        self._individuals = _individuals(compiled)

    def read(self, observations: Iterable[Observation]) -> tuple[Fact, ...]:
        """The facts of `observations`, one for each term and state; what the guideline never uses is left out."""
        found: dict[tuple[str, bool], tuple[Observation, Literals]] = {}
        statements, individuals = self._statements, self._individuals
        for observation in observations:
            content: Content = observation[:6]
            if content[1] == "value" and content[2] not in individuals:
                content = content[0], "value", "", True, None, None
            for key, literals in statements[content]:
                if key in found:
                    first, others = found[key]
                    found[key] = min(observation, first, key=_precedence), literals.union(others)
                else:
                    found[key] = observation, literals
        return tuple([Fact(term, present, seen.source, seen.by, literals, seen.low, seen.high, seen.basis)
                      for (term, present), (seen, literals) in sorted(found.items())])  # fmt: skip

    def _statements_of(self, content: Content) -> tuple[Statement, ...]:
        observation = Observation(*content)
        literals = self.literals(observation)
        if observation.kind != "class":
            return self._criteria[literals]
        return (((observation.target, observation.present), literals),) if literals != NOTHING else ()

    def literals(self, observation: Observation) -> Literals:
        """Every literal that an observation gives by itself; the result is not closed under the theory."""
        if observation.kind == "class":
            return self._class_literals(observation)
        pos = neg = 0
        for i, atom in self._along[observation.path]:
            truth = self._truth(atom, observation)
            pos, neg = pos | (truth is True) << i, neg | (truth is False) << i
        return Literals(pos, neg)

    def _atoms_along(self, path: tuple[str, ...]) -> list[tuple[int, Atom]]:
        """The atoms of a path and of its prefixes, with their numbers."""
        return [(i, atom) for atom, i in self.number.items() if atom.path == path[: len(atom.path)]]

    def _class_literals(self, observation: Observation) -> Literals:
        atoms = {Atom(observation.path, "class", observation.target)}
        if observation.present:
            atoms |= {Atom(observation.path[:end], "exists") for end in range(1, len(observation.path) + 1)}
            supers = self._supers(observation.path[0]) if len(observation.path) == 1 else []
            atoms |= {Atom((sup,), "class", observation.target) for sup in supers}
        mask = sum(1 << self.number[atom] for atom in atoms if atom in self.number)
        return Literals(mask, 0) if observation.present else Literals(0, mask)

    def _supers(self, prop: str) -> list[str]:
        above = self.compiled.properties[prop].supers if prop in self.compiled.properties else ()
        return [*above, *(further for sup in above for further in self._supers(sup))]

    def _truth(self, atom: Atom, observation: Observation) -> bool | None:
        """The value that an observation of a value gives to `atom`; None where it leaves it open."""
        if atom.kind == "exists" and atom.path == observation.path[: len(atom.path)]:
            return True
        if atom.path != observation.path:
            return None
        if atom.kind == "value" and observation.kind == "value":
            return True if atom.target == observation.target else self._excludes(atom, observation.target)
        if atom.kind == "above" and observation.kind == "number":
            return _passes(atom, observation.low, observation.high)
        return None

    def _excludes(self, atom: Atom, value: str) -> bool | None:
        functional = self.compiled.properties[atom.path[-1]].functional
        return False if functional and frozenset((atom.target, value)) in self.compiled.different_pairs else None

    def _criteria_of(self, literals: Literals) -> tuple[Statement, ...]:
        """The criteria that the literals of a value settle; literals that settle none have a name of their own."""
        covered, found = NOTHING, []
        for iri, expr, atoms in self._attributes:
            given = Literals(literals.pos & atoms, literals.neg & atoms)
            truth = kleene(expr, given) if given != NOTHING else None
            if truth is not None:
                found.append(((iri, truth), given))
                covered = covered.union(given)
        left = Literals(literals.pos & ~covered.pos, literals.neg & ~covered.neg)
        for i in bits(left.pos | left.neg):
            one = Literals(left.pos & 1 << i, left.neg & 1 << i)
            found.append(((_fallback(self.compiled.theory.atoms[i]), bool(one.pos)), one))
        return tuple(found)


def _individuals(compiled: Compiled) -> frozenset[str]:
    """The individuals that a guideline tells apart: what it says of any other it says of all others."""
    valued = {atom.target for atom in compiled.theory.atoms if atom.kind == "value"}
    return frozenset(valued.union(*compiled.different))


def _precedence(observation: Observation) -> tuple[object, ...]:
    """Of observations that state one fact the least is named as its source: a recorded one before a derived one."""
    path, kind, target, present, _, _, source, by, _ = observation
    return _ORDER[by], path, kind, target, present, source


def _passes(atom: Atom, low: Decimal | None, high: Decimal | None) -> bool | None:
    """Whether every value, or none, between two bounds passes a threshold; None where some do."""
    if low is not None and (low > atom.bound or (low == atom.bound and not atom.strict)):
        return True
    if high is not None and (high < atom.bound or (high == atom.bound and atom.strict)):
        return False
    return None


def kleene(expr: Expr, given: Literals, of_class: Callable[[str], bool | None] = lambda _: None) -> bool | None:
    """The value of a translated expression by known literals, in Kleene's strong three-valued logic.

    `of_class` gives the value of a class by name; without it, it is unknown.
    """

    def of_leaf(leaf: Expr) -> bool | None:
        match leaf:
            case AtomLeaf(atom):
                return True if given.pos >> atom & 1 else False if given.neg >> atom & 1 else None
            case Name(iri):
                return of_class(iri)
        return None

    return truth_value(expr, of_leaf)


def _names(compiled: Compiled, number: Mapping[Atom, int]) -> dict[int, str]:
    """The name under which each atom is asked for."""
    names = {i: _fallback(atom) for atom, i in number.items()}
    for iri, expr in sorted(compiled.attributes.items(), key=lambda item: (-literals_in(item[1]).bit_count(), item[0])):
        for i in bits(literals_in(expr)):
            atom = compiled.theory.atoms[i]
            if atom.kind != "exists" or compiled.properties[atom.path[-1]].data:
                names[i] = iri
    return names


def _fallback(atom: Atom) -> str:
    """A name for a condition that no criterion of the guideline names."""
    if atom.kind == "class":
        return atom.target
    if atom.kind == "exists":
        return atom.path[-1]
    condition = local_name(atom.target) if atom.kind == "value" else f"{'>' if atom.strict else '>='}{atom.bound}"
    return f"urn:guideproof:restriction:{'.'.join(local_name(prop) for prop in atom.path)}:{condition}"
