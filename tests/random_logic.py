"""Random cubes, theories and partial assignments over a few atoms, and truth tables to compare with."""

from __future__ import annotations

import random
from collections.abc import Iterable
from itertools import combinations

from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Compiled, Origin
from reasoner.logic.expressions import And, Expr, Name, Not, Or, Some
from reasoner.logic.facts import RECORDED, Fact
from reasoner.logic.owl import Axioms, Inclusion, Property
from reasoner.logic.theory import Atom, Literals, Theory
from reasoner.logic.translate import ROOT

SEED = 20261122


def cubes(rng: random.Random, atoms: int, most: int) -> list[Cube]:
    """At most so many random cubes of one to four literals."""
    return [cube(rng, rng.sample(range(atoms), min(atoms, rng.choice((1, 2, 2, 3, 3, 4)))))
            for _ in range(rng.randint(0, most))]  # fmt: skip


def cube(rng: random.Random, chosen: Iterable[int]) -> Cube:
    """A cube of some atoms, each with a random sign."""
    pos = neg = 0
    for atom in chosen:
        pos, neg = (pos | 1 << atom, neg) if rng.random() < 0.5 else (pos, neg | 1 << atom)
    return Cube(pos, neg)


def partial(rng: random.Random, atoms: int) -> Literals:
    """A few random literals."""
    found = cube(rng, rng.sample(range(atoms), rng.randint(0, atoms)))
    return Literals(found.pos, found.neg)


def theory_of(atoms: int, clauses: Iterable[Cube]) -> Theory:
    """The theory of some clauses over so many classes of findings."""
    return Theory.of([Atom(("p",), "class", str(i)) for i in range(atoms)], clauses)


def as_clause(clause: Cube, world: int) -> bool:
    """Whether a clause is true where the atoms of the bits `world` are true, and all others false."""
    return bool(clause.pos & world or clause.neg & ~world)


def as_term(term: Cube | Literals, world: int) -> bool:
    """Whether a term is true there."""
    return not (term.pos & ~world or term.neg & world)


def worlds(atoms: int, clauses: Iterable[Cube] = ()) -> list[int]:
    """The complete assignments that satisfy all of some clauses."""
    clauses = list(clauses)
    return [world for world in range(1 << atoms) if all(as_clause(clause, world) for clause in clauses)]


def terms(atoms: int) -> list[Cube]:
    """Every term over so many atoms: each of them true, false or left out."""
    return [Cube(pos, neg) for pos in range(1 << atoms) for neg in range(1 << atoms) if not pos & neg]


# -- whole guidelines --

FINDINGS = ("urn:A", "urn:B", "urn:C")
HAS = "urn:has"
AT = Origin("urn:axiom", "random.ttl", 1)


def axioms(rng: random.Random, classes: int = 3, taxonomy: int = 3) -> Axioms:
    """A few classes of patients over findings of three classes, with some axioms between these."""
    found = Axioms(classes=dict.fromkeys(FINDINGS, AT))
    found.properties[HAS] = Property(HAS, AT, domains=[ROOT])
    for _ in range(rng.randint(0, taxonomy)):
        some = rng.sample(FINDINGS, rng.randint(1, 3))
        left = rng.randint(1, len(some))
        found.inclusions.append(Inclusion(And(names(some[:left])), Or(names(some[left:])), AT))
    for number in range(classes):
        iri = f"urn:class:{number}"
        found.classes[iri] = Origin(iri, "random.ttl", number + 2)
        expr = And((Name(ROOT), combination(rng, number, 2)))
        found.definitions[iri] = expr, found.classes[iri]
    return found


def names(iris: Iterable[str]) -> tuple[Expr, ...]:
    return tuple(map(Name, iris))


def combination(rng: random.Random, earlier: int, depth: int) -> Expr:
    """A random condition on findings, and on the classes of patients before it."""
    kind = rng.randrange(5 if depth else 2)
    if kind == 0 and earlier:
        return Name(f"urn:class:{rng.randrange(earlier)}")
    if kind < 2:
        return Some(HAS, Name(rng.choice(FINDINGS)))
    if kind == 2:
        return Not(combination(rng, earlier, depth - 1))
    return (And, Or)[kind - 3](tuple(combination(rng, earlier, depth - 1) for _ in range(rng.randint(1, 3))))


def possible_patients(given: Axioms) -> set[frozenset[str]]:
    """The sets of classes of which patients can have findings: unions of the classes that one finding can be in."""
    kinds = [set(kind) for size in range(4) for kind in combinations(FINDINGS, size)
             if all(_holds(inclusion, set(kind)) for inclusion in given.inclusions)]  # fmt: skip
    return {frozenset().union(*some) for size in range(len(kinds) + 1) for some in combinations(kinds, size)}


def _holds(inclusion: Inclusion, kind: set[str]) -> bool:
    left, right = inclusion.sub, inclusion.sup
    assert isinstance(left, And) and isinstance(right, Or)
    return any(name.iri not in kind for name in left.parts) or any(name.iri in kind for name in right.parts)  # type: ignore[union-attr]


def is_in(given: Axioms, expr: Expr, patient: frozenset[str]) -> bool:
    """Whether a patient with findings of some classes, and of no other, is in a class."""
    match expr:
        case Name(iri):
            return iri == ROOT or is_in(given, given.definitions[iri][0], patient)
        case Some(_, Name(iri)):
            return iri in patient
        case Not(part):
            return not is_in(given, part, patient)
        case And(parts):
            return all(is_in(given, part, patient) for part in parts)
        case Or(parts):
            return any(is_in(given, part, patient) for part in parts)
    raise TypeError(expr)


def as_patient(compiled: Compiled, world: int) -> frozenset[str]:
    """The classes of which there are findings, in a world of the theory's atoms."""
    return frozenset(compiled.theory.atoms[i].target for i in bits(world))


def facts_of(compiled: Compiled, known: Cube | Literals) -> tuple[Fact, ...]:
    """One fact for each literal."""
    found = [(i, True) for i in bits(known.pos)] + [(i, False) for i in bits(known.neg)]
    return tuple(Fact(compiled.theory.atoms[i].target, truth, None, RECORDED, Literals(truth << i, (not truth) << i))
                 for i, truth in found)  # fmt: skip
