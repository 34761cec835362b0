"""Two versions of a guideline over one set of conditions: their answers side by side, and their patients counted.

The versions may name different conditions, such as two numbers for one threshold. Each is compiled with those of the
other that it can express, so that it answers of them what its axioms entail. A condition whose words a version does not
have is free there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence, Set
from functools import cache, cached_property

from reasoner.errors import ContradictionError
from reasoner.logic.bdd import Diagrams, good_order
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.decide import State, assumptions_of, decide
from reasoner.logic.equivalence import compile_over
from reasoner.logic.expressions import AtomLeaf, Expr, Name
from reasoner.logic.facts import RECORDED, Fact
from reasoner.logic.owl import Axioms
from reasoner.logic.theory import Atom, Literals
from reasoner.logic.translate import Translator
from reasoner.workbench.diff.axioms import CLOSING, DIFFERENT, Axiom, Body, Change, assembled

_ROUNDS = 3


class Logic:
    """The logic of one version, or of what lies between two, over the numbered conditions `atoms`."""

    def __init__(self, compiled: Compiled, axioms: Iterable[Axiom], atoms: Sequence[Atom]) -> None:
        self.compiled, self.rules = compiled, compiled.rules
        self.closable = tuple(sorted({axiom.subject for axiom in axioms if axiom.kind == CLOSING}))
        positions, own = {atom: i for i, atom in enumerate(atoms)}, compiled.theory.atoms
        #: The shared number of each of this version's atoms that has one, and the other way round.
        self.numbers = {i: positions[atom] for i, atom in enumerate(own) if atom in positions}
        self._own = {number: i for i, number in self.numbers.items()}
        self.known = sum(1 << number for number in self._own)
        #: The state of every class where a record states just a cube; None where that cannot be.
        self.states = cache(self._decided)

    def shared(self, cube: Cube) -> Cube:
        """A term or clause over this version's numbers, in the shared ones."""
        pos, neg = (sum(1 << self.numbers[i] for i in bits(mask)) for mask in (cube.pos, cube.neg))
        return Cube(pos, neg)

    def own(self, cube: Cube) -> Literals:
        """A term over the shared numbers, in this version's; what it does not know is left out."""
        pos, neg = (sum(1 << self._own[i] for i in bits(mask & self.known)) for mask in (cube.pos, cube.neg))
        return Literals(pos, neg)

    def _decided(self, cube: Cube) -> Mapping[str, State] | None:
        try:
            return decide(self.compiled, [Fact("", True, None, RECORDED, self.own(cube))], self.closable).states
        except ContradictionError:
            return None

    def state(self, cube: Cube, iri: str) -> State | None:
        """The state of one class where a record states just `cube`; None where that cannot be."""
        return (self.states(cube) or {}).get(iri)

    @cached_property
    def clauses(self) -> list[Cube]:
        """The implicates of the theory in the shared numbers."""
        return list(map(self.shared, self.compiled.theory.implicates))

    @cached_property
    def closable_atoms(self) -> int:
        """The acts that unrecorded means absent, as shared numbers."""
        acts = assumptions_of(self.compiled, self.closable).acts
        return sum(1 << number for number, i in self._own.items() if acts >> i & 1)


# -- with the conditions of another version --


def extended(axioms: Axioms, atoms: Iterable[Atom], body: Body) -> Compiled:
    """The axioms compiled with those of `atoms` that they can express, in the words of `body`."""
    fillers = axioms.classes.keys() - Translator(axioms).patient_level - axioms.populated
    targets = {"value": body.individuals, "class": fillers}
    return compile_over(axioms, [atom for atom in sorted(atoms) if _expressible(atom, axioms, targets)])


def _expressible(atom: Atom, axioms: Axioms, targets: Mapping[str, Set[str]]) -> bool:
    """Whether axioms have the words of a condition, in a form that is decided; `targets` are its names by its kind."""
    if not atom.path:
        return atom.target in axioms.classes and atom.target not in axioms.definitions
    *before, last = [axioms.properties.get(prop) for prop in atom.path]
    if last is None or any(rule is None or rule.data or not rule.functional for rule in before):
        return False
    if atom.kind != "exists" and last.data != (atom.kind == "above"):
        return False
    if not last.functional and (before or last.data or atom.kind == "value"):
        return False
    return atom.kind not in targets or atom.target in targets[atom.kind]


def compiled_jointly(old: Body, new: Body, changes: Iterable[Change]) -> tuple[Logic, Logic, tuple[Atom, ...]]:
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
    ordered = tuple(sorted(atoms))
    return Logic(one, old.axioms, ordered), Logic(other, new.axioms, ordered), ordered


# -- counting --


class Space:
    """All complete profiles that one of two versions allows.

    `both` are those that both allow; `only_old` and `only_new` those that one rules out, as decision diagrams. What one
    version has no word for is read as absent in a profile that only the other allows.
    """

    def __init__(self, old: Logic, new: Logic, size: int) -> None:
        self.old, self.new = old, new
        definitions = [logic.shared(Cube(literals_in(rule.definition), 0)).atoms
                       for logic in (old, new) for rule in logic.rules.values()]  # fmt: skip
        clauses = [clause.atoms for logic in (old, new) for clause in logic.clauses]
        self.diagrams = Diagrams(good_order(size, [*clauses, *definitions]))
        self.both = self._all([*old.clauses, *new.clauses])
        self.only_old, self.only_new = self._only(old, new), self._only(new, old)
        self.total = self.count(self.diagrams.any_of([self.both, self.only_old, self.only_new]))
        self._members = cache(self._all_members)

    def members(self, logic: Logic, iri: str) -> int:
        """The profiles in a class that both versions allow, as a diagram; equal ones have equal numbers.

        Raises KeyError where the class, or a condition in its definition, is not among what the versions have.
        """
        return self.diagrams.all_of([self._members(logic, iri), self.both])

    def members_alone(self, logic: Logic, iri: str) -> int:
        """The profiles in a class that `logic` allows, whether or not the other version does."""
        only = self.only_new if logic is self.new else self.only_old
        return self.diagrams.all_of([self._members(logic, iri), self.diagrams.any_of([self.both, only])])

    def count(self, diagram: int) -> int:
        """How many profiles a diagram holds."""
        return self.diagrams.count(diagram)

    def minus(self, one: int, other: int) -> int:
        """The profiles in one diagram and not in the other."""
        return self.diagrams.all_of([one, self.diagrams.complement(other)])

    def _only(self, one: Logic, other: Logic) -> int:
        """What `one` allows and `other` rules out; conditions that `one` does not know are absent."""
        of_known = self._all(clause for clause in other.clauses if not clause.atoms & ~one.known)
        absent = [Cube(0, 1 << i) for i in bits(other.known & ~one.known)]
        return self.minus(self._all([*one.clauses, *absent]), of_known)

    def _all(self, clauses: Iterable[Cube]) -> int:
        return self.diagrams.all_of(map(self.diagrams.clause, clauses))

    def _all_members(self, logic: Logic, iri: str) -> int:
        def of_leaf(leaf: Expr) -> int:
            match leaf:
                case AtomLeaf(atom):
                    return self.diagrams.literal(logic.numbers[atom])
                case Name(name):
                    return self._members(logic, name)
            raise TypeError(f"{leaf!r} is not translated")

        return self.diagrams.of(logic.rules[iri].definition, of_leaf)
