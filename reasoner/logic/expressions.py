"""Class expressions, as far as they are decided exactly; translated, their leaves are numbered atoms."""

from __future__ import annotations

from decimal import Decimal

from msgspec import Struct


class Name(Struct, frozen=True, tag=True):
    """A named class."""

    iri: str


class And(Struct, frozen=True, tag=True):
    """An intersection; the empty one is owl:Thing."""

    parts: tuple[Expr, ...]


class Or(Struct, frozen=True, tag=True):
    """A union; the empty one is owl:Nothing."""

    parts: tuple[Expr, ...]


class Not(Struct, frozen=True, tag=True):
    """A complement."""

    part: Expr


class Some(Struct, frozen=True, tag=True):
    """An existential restriction on an object property."""

    prop: str
    filler: Expr


class HasValue(Struct, frozen=True, tag=True):
    """A restriction to one individual."""

    prop: str
    individual: str


class Threshold(Struct, frozen=True, tag=True):
    """An existential restriction of a data property to decimals under facets (`>=`, `>`, `<=`, `<`)."""

    prop: str
    facets: tuple[tuple[str, Decimal], ...]


class AtomLeaf(Struct, frozen=True, tag=True):
    """An atom of the compiled theory, by number: what the leaves become once translated."""

    atom: int


Expr = Name | And | Or | Not | Some | HasValue | Threshold | AtomLeaf
TOP: Expr = And(())
BOTTOM: Expr = Or(())
