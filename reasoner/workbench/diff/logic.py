"""Two versions of a guideline over one set of conditions: their answers side by side, and their patients counted.

The versions may name different conditions, such as two numbers for one threshold. Each is compiled with those of the
other that it can express, so that it answers of them what its axioms entail. A condition whose words a version does not
have is free there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from reasoner.errors import ContradictionError
from reasoner.logic.bdd import Diagrams, good_order
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.decide import State, assumptions_of, decide
from reasoner.logic.equivalence import compile_over
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.facts import RECORDED, Fact
from reasoner.logic.owl import Axioms
from reasoner.logic.theory import Atom, Literals
from reasoner.logic.translate import Translator
from reasoner.workbench.diff.axioms import CLOSING, DIFFERENT, Axiom, Body, Change, assembled

_ROUNDS = 3


class Logic:
    """The logic of one version, or of what lies between two, over the numbered conditions `atoms`."""

    def __init__(self, compiled: Compiled, closable: frozenset[str], atoms: Sequence[Atom]) -> None:
        self.compiled, self.closable = compiled, tuple(sorted(closable))
        self.rules = compiled.rules
        positions = {atom: i for i, atom in enumerate(atoms)}
        self.numbers = [positions.get(atom) for atom in compiled.theory.atoms]
        self._own = {number: i for i, number in enumerate(self.numbers) if number is not None}
        self.known = sum(1 << number for number in self._own)
        self._states: dict[Cube, Mapping[str, State] | None] = {}

    def shared(self, cube: Cube) -> Cube:
        """A term or clause over this version's numbers, in the shared ones."""
        pos, neg = (sum(1 << (self.numbers[i] or 0) for i in bits(mask)) for mask in (cube.pos, cube.neg))
        return Cube(pos, neg)

    def own(self, cube: Cube) -> Literals:
        """A term over the shared numbers, in this version's; what it does not know is left out."""
        pos, neg = (sum(1 << self._own[i] for i in bits(mask & self.known)) for mask in (cube.pos, cube.neg))
        return Literals(pos, neg)

    def states(self, cube: Cube) -> Mapping[str, State] | None:
        """The state of every class where a record states just `cube`; None where that cannot be."""
        if cube not in self._states:
            fact = Fact("", True, None, RECORDED, self.own(cube))
            try:
                self._states[cube] = decide(self.compiled, [fact], self.closable).states
            except ContradictionError:
                self._states[cube] = None
        return self._states[cube]

    def state(self, cube: Cube, iri: str) -> State | None:
        """The state of one class where a record states just `cube`; None where that cannot be."""
        states = self.states(cube)
        return states.get(iri) if states is not None else None

    @cached_property
    def closable_atoms(self) -> int:
        """The acts that unrecorded means absent, as shared numbers."""
        acts = assumptions_of(self.compiled, self.closable).acts
        return sum(1 << number for number, i in self._own.items() if acts >> i & 1)


# -- with the conditions of another version --


def extended(axioms: Axioms, atoms: Iterable[Atom], body: Body) -> Compiled:
    """The axioms compiled with those of `atoms` that they can express, in the words of `body`."""
    return compile_over(axioms, filter(Expressible(axioms, body).has, sorted(atoms)))


class Expressible:
    """The conditions that the axioms of a version can express, in the names that it declares."""

    def __init__(self, axioms: Axioms, body: Body) -> None:
        self.axioms, self.body = axioms, body
        self.patients = Translator(axioms).patient_level

    def has(self, atom: Atom) -> bool:
        if not atom.path:
            return atom.target in self.axioms.classes and atom.target not in self.axioms.definitions
        rules = [self.axioms.properties.get(prop) for prop in atom.path]
        single = all(rule is not None and rule.functional and not rule.data for rule in rules[:-1])
        last = rules[-1]
        if last is None or not single or last.data != (atom.kind == "above" or (atom.kind == "exists" and last.data)):
            return False
        if not last.functional and (len(rules) > 1 or atom.kind in ("above", "value") or last.data):
            return False
        return self._has_target(atom)

    def _has_target(self, atom: Atom) -> bool:
        if atom.kind == "value":
            return atom.target in self.body.individuals
        filler = atom.target in self.axioms.classes and atom.target not in {*self.patients, *self.axioms.populated}
        return atom.kind != "class" or filler


def compiled_jointly(old: Body, new: Body, changes: Iterable[Change]) -> tuple[Compiled, Compiled, tuple[Atom, ...]]:
    """Both versions over the conditions of both, and these conditions.

    Where two individuals are different in one version only, to have the one of them is such a condition too. A
    condition may bring further ones with it; those that still come after some rounds are left to the one version.
    """
    pairs = {(a.subject, str(a.right)) for c in changes for a in (*c.old, *c.new) if a.kind == DIFFERENT}
    atoms: frozenset[Atom] = frozenset()
    for _ in range(_ROUNDS):
        one, other = (extended(assembled(body.axioms, body), atoms, body) for body in (old, new))
        found = atoms.union(one.theory.atoms, other.theory.atoms)
        found |= {Atom(atom.path, "value", name) for atom in found if atom.kind == "value"
                  for pair in pairs if atom.target in pair for name in pair}  # fmt: skip
        if found == atoms:
            break
        atoms = found
    return one, other, tuple(sorted(atoms))


def closing_in(axioms: Iterable[Axiom]) -> frozenset[str]:
    """The acts that unrecorded means absent, by these axioms."""
    return frozenset(axiom.subject for axiom in axioms if axiom.kind == CLOSING)


# -- counting --


class Space:
    """All complete profiles that one of two versions allows.

    `both` are those that both allow; `only_old` and `only_new` those that one rules out, as decision diagrams. What one
    version has no word for is read as absent in a profile that only the other allows.
    """

    def __init__(self, old: Logic, new: Logic, size: int) -> None:
        self.old, self.new = old, new
        clauses = {logic: list(map(logic.shared, logic.compiled.theory.implicates)) for logic in (old, new)}
        definitions = [self._mask(logic, rule.definition) for logic in (old, new) for rule in logic.rules.values()]
        groups = [clause.atoms for found in clauses.values() for clause in found]
        self.diagrams = Diagrams(good_order(size, [*groups, *definitions]))
        self._classes: dict[tuple[int, str], int | None] = {}
        self.allowed = {logic: self._all(found) for logic, found in clauses.items()}
        self.both = self.diagrams.all_of(self.allowed.values())
        self.only_old, self.only_new = self._only(old, new, clauses[new]), self._only(new, old, clauses[old])
        self.all = self.diagrams.any_of([self.both, self.only_old, self.only_new])
        self.total = self.count(self.all)

    def count(self, diagram: int) -> int:
        """How many profiles a diagram holds."""
        return self.diagrams.count(diagram)

    def members(self, logic: Logic, iri: str) -> int | None:
        """The profiles in a class, as a diagram; None where its definition uses what the versions do not have."""
        key = id(logic), iri
        if key not in self._classes:
            self._classes[key] = self._diagram(logic, logic.rules[iri].definition)
        return self._classes[key]

    def minus(self, one: int, other: int) -> int:
        """The profiles that both versions allow in one diagram and not in the other."""
        return self.diagrams.all_of([one, self.diagrams.complement(other), self.both])

    def _only(self, one: Logic, other: Logic, clauses: list[Cube]) -> int:
        """What `one` allows and `other` rules out; conditions that `one` does not know are absent."""
        of_known = self._all([clause for clause in clauses if not clause.atoms & ~one.known])
        absent = self._all([Cube(0, 1 << i) for i in bits(other.known & ~one.known)])
        return self.diagrams.all_of([self.allowed[one], self.diagrams.complement(of_known), absent])

    def _all(self, clauses: Iterable[Cube]) -> int:
        return self.diagrams.all_of(map(self.diagrams.clause, clauses))

    def _mask(self, logic: Logic, expr: Expr) -> int:
        return logic.shared(Cube(literals_in(expr), 0)).pos

    def _diagram(self, logic: Logic, expr: Expr) -> int | None:
        match expr:
            case AtomLeaf(atom):
                number = logic.numbers[atom]
                return None if number is None else self.diagrams.literal(number)
            case Name(iri):
                return self.members(logic, iri)
            case Not(part):
                inner = self._diagram(logic, part)
                return None if inner is None else self.diagrams.complement(inner)
            case And(parts) | Or(parts):
                found = [self._diagram(logic, part) for part in parts]
                whole = [one for one in found if one is not None]
                join = self.diagrams.all_of if isinstance(expr, And) else self.diagrams.any_of
                return join(whole) if len(whole) == len(found) else None
        raise TypeError(f"{expr!r} is not translated")
