"""A compiled guideline: what is decided with, and what is cached."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from reasoner.clauses import Cube
from reasoner.expressions import And, Expr, Lit, Not, Or
from reasoner.theory import Theory


@dataclass(frozen=True, order=True)
class Origin:
    """Where an axiom stands: the term that it is about, the file and the line."""

    term: str
    file: str
    line: int | None


@dataclass(frozen=True)
class ClassRule:
    """One defined class: its definition over atoms and classes, and what entails and what excludes it."""

    iri: str
    definition: Expr
    entailed_by: tuple[Cube, ...]
    excluded_by: tuple[Cube, ...]
    origin: Origin

    def implicants(self, truth: bool) -> tuple[Cube, ...]:
        """What entails the class, or what excludes it."""
        return self.entailed_by if truth else self.excluded_by


@dataclass(frozen=True)
class PropertyRule:
    """How a record's use of a property is read."""

    functional: bool
    data: bool
    supers: tuple[str, ...]
    ranges: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Compiled:
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
    different: frozenset[frozenset[str]]
    joined: tuple[tuple[str, ...], ...]
    broader: Mapping[str, tuple[str, ...]]


def literals_in(expr: Expr) -> int:
    """The atoms that an expression mentions, classes not unfolded, as bits."""
    match expr:
        case Lit(atom):
            return 1 << atom
        case And(parts) | Or(parts):
            mask = 0
            for part in parts:
                mask |= literals_in(part)
            return mask
        case Not(part):
            return literals_in(part)
    return 0
