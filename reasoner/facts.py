"""What a record says of one patient, as facts over the atoms of a compiled guideline.

Three-valued: a fact is present, absent, or not there at all, which is unknown. A quantity is a pair of bounds, and a
threshold between them stays unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

from reasoner.clauses import bits
from reasoner.compiled import Compiled, literals_in
from reasoner.expressions import And, Expr, Lit, Name, Not, Or
from reasoner.terms import local_name
from reasoner.theory import Atom, Literals

RECORDED, DERIVED, ASSUMED = "recorded", "derived", "assumed"
_ORDER = {RECORDED: 0, DERIVED: 1, ASSUMED: 2}


@dataclass(frozen=True, order=True)
class Observation:
    """One thing that a record says of its patient, in the record's own terms.

    `path` leads from the patient. `kind` is `class` (a filler in the class `target` is present, or none is), `value`
    (the value is the individual `target`) or `number` (the value lies between `low` and `high`, both included).
    """

    path: tuple[str, ...]
    kind: str
    target: str = ""
    present: bool = True
    low: Decimal | None = None
    high: Decimal | None = None
    source: str = ""
    by: str = RECORDED


NOTHING = Literals()
Stated = tuple[str, bool, Literals]


@dataclass(frozen=True, order=True)
class Fact:
    """A finding, an act, a threshold or an attribute (`term`) that is present or absent, and the literals it gives."""

    term: str
    present: bool
    source: str | None
    by: str
    literals: Literals = NOTHING

    @property
    def state(self) -> str:
        """`present` or `absent`."""
        return "present" if self.present else "absent"


def known(facts: Iterable[Fact]) -> Literals:
    """All literals of `facts` together."""
    pos = neg = 0
    for fact in facts:
        pos, neg = pos | fact.literals.pos, neg | fact.literals.neg
    return Literals(pos, neg)


class Reader:
    """Turns observations into facts for one compiled guideline."""

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        self.number = {atom: i for i, atom in enumerate(compiled.theory.atoms)}
        self.names = _names(compiled, self.number)
        self._known: dict[tuple[object, ...], list[Stated]] = {}
        self._attributes = [(iri, expr, literals_in(expr)) for iri, expr in sorted(compiled.attributes.items())]

    def read(self, observations: Iterable[Observation]) -> tuple[Fact, ...]:
        """The facts of `observations`, one for each term and state; what the guideline never uses is left out."""
        found: dict[tuple[str, bool], Fact] = {}
        for observation in sorted(observations, key=_first_seen):
            for term, present, literals in self._stated(observation):
                fact = Fact(term, present, observation.source, observation.by, literals)
                key = fact.term, fact.present
                found[key] = (
                    replace(found[key], literals=found[key].literals.union(fact.literals)) if key in found else fact
                )
        return tuple(found[key] for key in sorted(found))

    def _stated(self, seen: Observation) -> list[Stated]:
        """What an observation states, whoever made it: term, presence and literals of each fact."""
        key = seen.path, seen.kind, seen.target, seen.present, seen.low, seen.high
        if key not in self._known:
            self._known[key] = self._class_facts(seen) if seen.kind == "class" else self._attribute_facts(seen)
        return self._known[key]

    def _class_facts(self, seen: Observation) -> list[Stated]:
        literals = self._class_literals(seen)
        return [(seen.target, seen.present, literals)] if literals != NOTHING else []

    def literals(self, seen: Observation) -> Literals:
        """Every literal that an observation gives by itself."""
        if seen.kind == "class":
            return self._class_literals(seen)
        pos = neg = 0
        for atom, i in self.number.items():
            truth = self._truth(atom, seen)
            pos, neg = pos | (truth is True) << i, neg | (truth is False) << i
        return Literals(pos, neg)

    def _class_literals(self, seen: Observation) -> Literals:
        atoms = {Atom(seen.path, "class", seen.target)}
        if seen.present:
            atoms |= {Atom(seen.path[:end], "exists") for end in range(1, len(seen.path) + 1)}
            supers = self._supers(seen.path[0]) if len(seen.path) == 1 else []
            atoms |= {Atom((sup,), "class", seen.target) for sup in supers}
        mask = sum(1 << self.number[atom] for atom in atoms if atom in self.number)
        return Literals(mask, 0) if seen.present else Literals(0, mask)

    def _supers(self, prop: str) -> list[str]:
        above = self.compiled.properties[prop].supers if prop in self.compiled.properties else ()
        return [*above, *(further for sup in above for further in self._supers(sup))]

    def _truth(self, atom: Atom, seen: Observation) -> bool | None:
        """Whether an observation of a value makes `atom` true or false."""
        if atom.kind == "exists" and atom.path == seen.path[: len(atom.path)]:
            return True
        if atom.path != seen.path:
            return None
        if atom.kind == "value" and seen.kind == "value":
            return True if atom.target == seen.target else self._excludes(atom, seen.target)
        if atom.kind == "above" and seen.kind == "number":
            return _passes(atom, seen.low, seen.high)
        return None

    def _excludes(self, atom: Atom, value: str) -> bool | None:
        functional = self.compiled.properties[atom.path[-1]].functional
        return False if functional and frozenset((atom.target, value)) in self.compiled.different else None

    def _attribute_facts(self, seen: Observation) -> list[Stated]:
        """The criteria that a value settles; literals that settle none appear under a name of their own."""
        literals, covered = self.literals(seen), NOTHING
        found: list[Stated] = []
        for iri, expr, atoms in self._attributes:
            given = Literals(literals.pos & atoms, literals.neg & atoms)
            truth = kleene(expr, given) if given != NOTHING else None
            if truth is not None:
                found.append((iri, truth, given))
                covered = covered.union(given)
        left = Literals(literals.pos & ~covered.pos, literals.neg & ~covered.neg)
        for i in bits(left.pos | left.neg):
            one = Literals(left.pos & 1 << i, left.neg & 1 << i)
            found.append((_fallback(self.compiled.theory.atoms[i]), bool(one.pos), one))
        return found


def _first_seen(seen: Observation) -> tuple[object, ...]:
    return (_ORDER[seen.by], seen.path, seen.kind, seen.target, seen.present, seen.source)


def _passes(atom: Atom, low: Decimal | None, high: Decimal | None) -> bool | None:
    if low is not None and (low > atom.bound or (low == atom.bound and not atom.strict)):
        return True
    if high is not None and (high < atom.bound or (high == atom.bound and atom.strict)):
        return False
    return None


def kleene(expr: Expr, given: Literals, of_class: Callable[[str], bool | None] = lambda _: None) -> bool | None:
    """The value of an expression in Kleene's strong three-valued logic.

    `of_class` gives the value of a class by name; without it, it is unknown.
    """
    match expr:
        case Name(iri):
            return of_class(iri)
        case Lit(atom):
            return True if given.pos >> atom & 1 else False if given.neg >> atom & 1 else None
        case Not(part):
            value = kleene(part, given, of_class)
            return None if value is None else not value
        case And(parts) | Or(parts):
            strong = isinstance(expr, Or)
            values = [kleene(part, given, of_class) for part in parts]
            return strong if strong in values else None if None in values else not strong
    return None


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
