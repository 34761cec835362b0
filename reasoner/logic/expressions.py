"""Class expressions, as far as they are decided exactly; translated, their leaves are numbered atoms."""

from __future__ import annotations

from decimal import Decimal

from reasoner.frozen import frozen


@frozen
class Name:
    """A named class."""

    iri: str


@frozen
class And:
    """An intersection; the empty one is owl:Thing."""

    parts: tuple[Expr, ...]


@frozen
class Or:
    """A union; the empty one is owl:Nothing."""

    parts: tuple[Expr, ...]


@frozen
class Not:
    """A complement."""

    part: Expr


@frozen
class Some:
    """An existential restriction on an object property."""

    prop: str
    filler: Expr


@frozen
class HasValue:
    """A restriction to one individual."""

    prop: str
    individual: str


@frozen
class Threshold:
    """An existential restriction of a data property to decimals under facets (`>=`, `>`, `<=`, `<`)."""

    prop: str
    facets: tuple[tuple[str, Decimal], ...]


@frozen
class Lit:
    """An atom of the compiled theory, by number: what the leaves become once translated."""

    atom: int


Expr = Name | And | Or | Not | Some | HasValue | Threshold | Lit
TOP: Expr = And(())
BOTTOM: Expr = Or(())
