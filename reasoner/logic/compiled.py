"""A compiled guideline: what is decided with, and what is cached."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import NamedTuple

from msgspec import Struct

from reasoner.logic.clauses import Cube
from reasoner.logic.expressions import And, AtomLeaf, Expr, Not, Or
from reasoner.logic.index import TermIndex
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
        """What entails the class, or what excludes it."""
        return self.entailed_by if truth else self.excluded_by


class PropertyRule(Struct, frozen=True):
    """How a record's use of a property is read."""

    functional: bool
    data: bool
    supers: tuple[str, ...]
    ranges: tuple[str, ...]


class Compiled(Struct, frozen=True, eq=False, dict=True):
    """A guideline's logic, ready to decide.

    `attributes` are the criteria that are one restriction on a value or a quantity: the names under which such facts
    appear. `axioms` are what the bits of a cube's `axioms` stand for. `joined` are the sets of classes of findings or
    acts from which an axiom concludes together, `broader` the classes above each class of findings or acts.
    """

    theory: Theory
    rules: Mapping[str, ClassRule]
    axioms: tuple[Origin, ...]
    attributes: Mapping[str, Expr]
    properties: Mapping[str, PropertyRule]
    different: tuple[frozenset[str], ...]
    joined: tuple[tuple[str, ...], ...]
    broader: Mapping[str, tuple[str, ...]]

    @cached_property
    def functional(self) -> frozenset[str]:
        """The properties that have one value."""
        return frozenset(iri for iri, rule in self.properties.items() if rule.functional)

    @cached_property
    def index(self) -> Index:
        """The implicants by number."""
        return Index(self.rules, self.theory.size)


class ClassBits(NamedTuple):
    """Where a class stands in the index: the bits of its two answers, and those of the implicants that give each."""

    iri: str
    entailed: int
    excluded: int
    entailing: int
    excluding: int

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
        self.places: dict[str, ClassBits] = {}
        self.cubes: dict[int, Cube] = {}
        self._carry, self._answers, end = 0, 0, 0
        for iri, rule in rules.items():
            spans, answers = [], []
            for cubes in (rule.entailed_by, rule.excluded_by):
                self.cubes.update(enumerate(cubes, end))
                spans.append((1 << len(cubes)) - 1 << end)
                answers.append(1 << end + len(cubes))
                end += len(cubes) + 1
            self.places[iri] = place = ClassBits(iri, *answers, *spans)
            self._carry |= place.terms
            self._answers |= place.answers
        self.terms = TermIndex(self.cubes, atoms)

    def answers(self, held: int) -> int:
        """The answers that satisfied implicants give."""
        return held + self._carry & self._answers

    def settled(self, known: int) -> int:
        """The answers that closed literals give."""
        return self.answers(self.terms.satisfied(known))


def literals_in(expr: Expr) -> int:
    """The atoms that an expression mentions, classes not unfolded, as bits."""
    match expr:
        case AtomLeaf(atom):
            return 1 << atom
        case And(parts) | Or(parts):
            mask = 0
            for part in parts:
                mask |= literals_in(part)
            return mask
        case Not(part):
            return literals_in(part)
    return 0
