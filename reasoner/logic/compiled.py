"""A compiled guideline: what is decided with, and what is kept in the file cache."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from reasoner.logic.clauses import Cube
from reasoner.logic.expressions import AtomLeaf, Expr, leaves
from reasoner.logic.index import TermIndex, union_of
from reasoner.logic.theory import Theory


class Origin(Struct, frozen=True, order=True):
    """Where an axiom stands: the term that it is about, the file and the line."""

    term: str
    file: str
    line: int | None


class ClassRule(Struct, frozen=True):
    """One defined class: its definition over atoms and classes, and what entails and what excludes it."""

    iri: str
    definition: Expr
    entailed_by: tuple[Cube, ...]
    excluded_by: tuple[Cube, ...]
    origin: Origin

    def implicants(self, truth: bool) -> tuple[Cube, ...]:
        """The terms that entail the class, or those that exclude it, smallest first."""
        return self.entailed_by if truth else self.excluded_by


class PropertyRule(Struct, frozen=True):
    """How a record's use of a property is read."""

    functional: bool
    data: bool
    supers: tuple[str, ...]
    ranges: tuple[str, ...]


class Compiled(Struct, frozen=True, eq=False, dict=True):
    """A guideline's logic, ready to decide. Several threads may share it.

    `attributes` are the criteria that are one restriction on a value or a quantity: the names under which such facts
    appear. `axioms` are what the bits of a cube's `axioms` stand for. `joined` are the sets of two or more classes of
    findings or acts that an axiom has on its left, `broader` the classes above each class of findings or acts.
    """

    theory: Theory
    rules: Mapping[str, ClassRule]
    axioms: tuple[Origin, ...]
    attributes: Mapping[str, Expr]
    properties: Mapping[str, PropertyRule]
    different: tuple[tuple[str, ...], ...]
    joined: tuple[tuple[str, ...], ...]
    broader: Mapping[str, tuple[str, ...]]

    @cached_property
    def different_pairs(self) -> frozenset[frozenset[str]]:
        """The pairs of individuals that are declared different."""
        return frozenset(map(frozenset, self.different))

    @cached_property
    def index(self) -> Index:
        """The implicants by number."""
        return Index(self.rules, self.theory.size)


class ClassBits(NamedTuple):
    """A class in the index: the bits of its two answers, and those of the implicants that give each."""

    iri: str
    entailed: int
    excluded: int
    entailing: int
    excluding: int

    def value(self, answers: int) -> bool | None:
        """The value of the class by the bits of all answers; None where it is undetermined."""
        return True if answers & self.entailed else False if answers & self.excluded else None

    @property
    def answers(self) -> int:
        """The bits of both answers."""
        return self.entailed | self.excluded

    @property
    def terms(self) -> int:
        """The bits of all its implicants."""
        return self.entailing | self.excluding


class Index:
    """All implicants, each one bit, and after those of one answer the bit of the answer itself.

    So laid out, one addition answers for all classes: where an implicant is satisfied, a carry reaches the answer.
    """

    def __init__(self, rules: Mapping[str, ClassRule], atoms: int) -> None:
        self.class_bits: dict[str, ClassBits] = {}
        self.cubes: dict[int, Cube] = {}
        end = 0
        for iri, rule in rules.items():
            spans, answers = [], []
            for cubes in (rule.entailed_by, rule.excluded_by):
                self.cubes.update(enumerate(cubes, end))
                spans.append((1 << len(cubes)) - 1 << end)
                answers.append(1 << end + len(cubes))
                end += len(cubes) + 1
            self.class_bits[iri] = ClassBits(iri, *answers, *spans)
        self._carry = union_of(cls.terms for cls in self.class_bits.values())
        self._answers = union_of(cls.answers for cls in self.class_bits.values())
        self.terms = TermIndex(self.cubes, atoms)

    def answers(self, satisfied: int) -> int:
        """The answers, as bits, that satisfied implicants give."""
        return satisfied + self._carry & self._answers

    def settled(self, known: int) -> int:
        """The answers, as bits, that closed literals give."""
        return self.answers(self.terms.satisfied(known))


def literals_in(expr: Expr) -> int:
    """The atoms, as bits, that an expression mentions; classes are not unfolded.

    >>> bin(literals_in(AtomLeaf(2)))
    '0b100'
    """
    return union_of(1 << leaf.atom for leaf in leaves(expr) if isinstance(leaf, AtomLeaf))
