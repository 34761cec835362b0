"""What is known of a patient in a cohort, as facts."""

from __future__ import annotations

import functools
import operator
from typing import NamedTuple

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import literals_in
from reasoner.logic.facts import DERIVED, NOTHING, RECORDED, Fact, kleene
from reasoner.logic.theory import Literals


class KnownBits(NamedTuple):
    """What is known of a patient: atoms as bits, for each side."""

    pos: int
    neg: int
    derived_pos: int
    derived_neg: int
    assumed: int


def facts_known(guideline: Guideline, known: KnownBits) -> list[Fact]:
    """The facts that give exactly these literals, derived where rules alone give them, in order."""
    return [origin(fact, known) for fact in facts_of(guideline, Literals(known.pos, known.neg))]


def origin(fact: Fact, known: KnownBits) -> Fact:
    """The fact, derived if rules alone give it."""
    recorded = fact.literals.pos & ~known.derived_pos or fact.literals.neg & ~known.derived_neg
    return fact if recorded else fact._replace(by=DERIVED)


def facts_of(guideline: Guideline, literals: Literals) -> tuple[Fact, ...]:
    """Facts that give exactly these literals, under the names that `reasoner.logic.facts` would give them.

    A class is a fact of its own; of the other literals, those that settle a criterion go by its name.
    """
    found: dict[tuple[str, bool], Literals] = {}
    left = literals
    for iri, expr in sorted(guideline.compiled.attributes.items()):
        given = _among(literals, literals_in(expr))
        truth = kleene(expr, given) if given != NOTHING else None
        if truth is not None:
            found[iri, truth] = given
            left = Literals(left.pos & ~given.pos, left.neg & ~given.neg)
    for present, mask in ((True, left.pos), (False, left.neg)):
        for number in bits(mask):
            key = name_of(guideline, number), present
            one = Literals(1 << number, 0) if present else Literals(0, 1 << number)
            found[key] = found.get(key, NOTHING).union(one)
    return tuple(Fact(term, present, None, RECORDED, given) for (term, present), given in sorted(found.items()))


def name_of(guideline: Guideline, number: int) -> str:
    """The name that a literal of an atom goes by where it settles no criterion."""
    atom = guideline.compiled.theory.atoms[number]
    return atom.target if atom.kind == "class" else guideline.reader.names[number]


def _among(literals: Literals, atoms: int) -> Literals:
    return Literals(literals.pos & atoms, literals.neg & atoms)


def groups(guideline: Guideline) -> list[int]:
    """The groups of atoms, each as bits; an atom is in one group.

    Atoms are in a group where one criterion settles them, or where they have one name. What is known of one group does
    not change the facts of another.
    """
    named: dict[str, int] = {}
    for number in range(len(guideline.compiled.theory.atoms)):
        name = name_of(guideline, number)
        named[name] = named.get(name, 0) | 1 << number
    for iri, expr in guideline.compiled.attributes.items():
        named[iri] = named.get(iri, 0) | literals_in(expr)
    found: list[int] = []
    for atoms in filter(None, named.values()):
        meeting = [group for group in found if group & atoms]
        joined = functools.reduce(operator.or_, meeting, atoms)
        found = [*(group for group in found if not group & atoms), joined]
    return found
