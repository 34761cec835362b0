"""Whether two compiled guidelines answer every record alike, decided exactly; where they do not, by which terms.

Both are compiled over the same atoms. They answer alike, however little is recorded, just where their theories have the
same consequences, each class has the same patients in both, and each observation is read alike. All prime implicates of
a theory and all implicants of a class are there, so that closing one term settles each of these questions.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from msgspec.structs import replace

from reasoner.logic.clauses import Cube, absorb, bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import ClassRule, Compiled
from reasoner.logic.decide import State, state
from reasoner.logic.expressions import TOP, AtomLeaf, Expr, HasValue, Name, Some, Threshold, with_leaves
from reasoner.logic.owl import Axioms
from reasoner.logic.theory import Atom, Theory


def compile_over(axioms: Axioms, atoms: Iterable[Atom]) -> Compiled:
    """`axioms` compiled with at least these atoms. Raises FragmentError and GuidelineError as `compile_axioms`."""
    compiled = compile_axioms(axioms)
    missing = [_expression(atom, axioms) for atom in atoms if atom not in compiled.theory.atoms]
    return compile_axioms(axioms, missing) if missing else compiled


def _expression(atom: Atom, axioms: Axioms) -> Expr:
    """The restriction that an atom stands for."""
    if not atom.path:
        return Name(atom.target)
    *before, prop = atom.path
    found: Expr
    match atom.kind:
        case "class":
            found = Some(prop, Name(atom.target))
        case "value":
            found = HasValue(prop, atom.target)
        case "above":
            found = Threshold(prop, ((">" if atom.strict else ">=", atom.bound),))
        case _:
            found = Threshold(prop, ()) if axioms.properties[prop].data else Some(prop, TOP)
    for outer in reversed(before):
        found = Some(outer, found)
    return found


def renumbered(compiled: Compiled, atoms: tuple[Atom, ...]) -> Compiled:
    """The same guideline with its atoms, which are those of `atoms`, in that order."""
    number = {atom: i for i, atom in enumerate(atoms)}
    numbers = [number[atom] for atom in compiled.theory.atoms]

    def moved(expr: Expr) -> Expr:
        return with_leaves(expr, lambda leaf: AtomLeaf(numbers[leaf.atom]) if isinstance(leaf, AtomLeaf) else leaf)

    def cube(one: Cube) -> Cube:
        pos, neg = (sum(1 << numbers[i] for i in bits(mask)) for mask in (one.pos, one.neg))
        return Cube(pos, neg, one.axioms)

    def rule(one: ClassRule) -> ClassRule:
        entailed, excluded = (tuple(map(cube, one.implicants(truth))) for truth in (True, False))
        return replace(one, definition=moved(one.definition), entailed_by=entailed, excluded_by=excluded)

    theory = Theory(atoms, tuple(sorted(map(cube, compiled.theory.implicates), key=lambda c: (c.size, c))))
    return replace(compiled, theory=theory, rules={iri: rule(one) for iri, one in compiled.rules.items()},
                   attributes={iri: moved(expr) for iri, expr in compiled.attributes.items()})  # fmt: skip


@dataclass(frozen=True)
class Difference:
    """The terms in which two guidelines over the same atoms differ, smallest first; no term where they do not.

    `forbidden` are possible in the second alone and `allowed` in the first alone; each of `classes` entails some class
    in the one and its complement in the other. `read_alike` is whether both read each observation as the same literals.
    """

    forbidden: tuple[Cube, ...]
    allowed: tuple[Cube, ...]
    classes: tuple[Cube, ...]
    read_alike: bool

    @property
    def none(self) -> bool:
        """Whether no record whatever is answered otherwise."""
        return self.read_alike and not (self.forbidden or self.allowed or self.classes)


def difference(one: Compiled, other: Compiled) -> Difference:
    """Where two guidelines over the same atoms, in the same order, differ."""
    classes = tuple(absorb([*_classes(one, other), *_classes(other, one)]))
    forbidden = _forbidden(one.theory, other.theory), _forbidden(other.theory, one.theory)
    return Difference(*forbidden, classes, _read_alike(one, other))


def _forbidden(one: Theory, other: Theory) -> tuple[Cube, ...]:
    """What the first forbids and the second does not."""
    broken = [c for c in one.implicates if not any(known.within(c.pos, c.neg) for known in other.implicates)]
    return tuple(absorb(clause.negated for clause in broken))


def _classes(one: Compiled, other: Compiled) -> Iterator[Cube]:
    """Terms that entail some class in the first and its complement in the second."""
    for iri, rule in one.rules.items():
        for term in rule.entailed_by:
            closed = other.theory.close(term)
            if not closed.clash and state(other.rules[iri], closed) is not State.ENTAILED:
                yield from _joined(term, other.rules[iri].excluded_by, (one.theory, other.theory))


def _joined(term: Cube, others: Iterable[Cube], theories: tuple[Theory, Theory]) -> Iterator[Cube]:
    """The conjunctions of a term and another that are possible in both theories."""
    for other in others:
        both = Cube(term.pos | other.pos, term.neg | other.neg)
        if all(theory.consistent(both) for theory in theories):
            yield both


def _read_alike(one: Compiled, other: Compiled) -> bool:
    """Whether each observation is read as the same literals.

    They depend on the atoms, on the properties, and on which individuals differ from a value that an atom asks for.
    """
    asked = {atom.target for atom in one.theory.atoms if atom.kind == "value"}
    mine, theirs = ({pair for pair in each.different_pairs if pair & asked} for each in (one, other))
    return one.properties == other.properties and mine == theirs


def over_same_atoms(axioms: Axioms, one: Compiled, others: Axioms, other: Compiled) -> tuple[Compiled, Compiled]:
    """`axioms` and `others`, compiled as `one` and `other`, over the same atoms in the same order."""
    while set(one.theory.atoms) != set(other.theory.atoms):
        one = compile_over(axioms, {**dict.fromkeys(one.theory.atoms), **dict.fromkeys(other.theory.atoms)})
        other = compile_over(others, one.theory.atoms)
    return one, renumbered(other, one.theory.atoms)
