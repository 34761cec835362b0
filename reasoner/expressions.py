"""Class expressions, as far as they are decided exactly; translated, their leaves are numbered atoms."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Name:
    """A named class."""

    iri: str


@dataclass(frozen=True)
class And:
    """An intersection; the empty one is owl:Thing."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Or:
    """A union; the empty one is owl:Nothing."""

    parts: tuple[Expr, ...]


@dataclass(frozen=True)
class Not:
    """A complement."""

    part: Expr


@dataclass(frozen=True)
class Some:
    """An existential restriction on an object property."""

    prop: str
    filler: Expr


@dataclass(frozen=True)
class HasValue:
    """A restriction to one individual."""

    prop: str
    individual: str


@dataclass(frozen=True)
class Threshold:
    """An existential restriction of a data property to decimals under facets (`>=`, `>`, `<=`, `<`)."""

    prop: str
    facets: tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True)
class Lit:
    """An atom of the compiled theory, by number: what the leaves become once translated."""

    atom: int


Expr = Name | And | Or | Not | Some | HasValue | Threshold | Lit
TOP: Expr = And(())
BOTTOM: Expr = Or(())
