"""Class expressions, as far as they are decided exactly; once translated, their leaves are atoms and class names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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


def leaves(expr: Expr) -> Iterator[Expr]:
    """The parts of a Boolean combination that are none themselves, left to right: names, restrictions and atoms.

    >>> [leaf.iri for leaf in leaves(And((Name("urn:a"), Not(Name("urn:b")))))]
    ['urn:a', 'urn:b']
    """
    match expr:
        case And(parts) | Or(parts):
            for part in parts:
                yield from leaves(part)
        case Not(part):
            yield from leaves(part)
        case leaf:
            yield leaf


def named_in(expr: Expr) -> set[str]:
    """The named classes at the top level of an expression, outside restrictions."""
    return {leaf.iri for leaf in leaves(expr) if isinstance(leaf, Name)}


def with_leaves(expr: Expr, change: Callable[[Expr], Expr]) -> Expr:
    """The same Boolean combination of what `change` makes of each leaf, left to right."""
    match expr:
        case And(parts) | Or(parts):
            return type(expr)(tuple(with_leaves(part, change) for part in parts))
        case Not(part):
            return Not(with_leaves(part, change))
        case leaf:
            return change(leaf)


def truth_value(expr: Expr, of_leaf: Callable[[Expr], bool | None]) -> bool | None:
    """The value in Kleene's strong three-valued logic, from the values of the leaves; None where it is unknown.

    S. C. Kleene, Introduction to Metamathematics, 1952, § 64.

    >>> truth_value(Or((Name("urn:a"), Not(Name("urn:b")))), {Name("urn:b"): False}.get)
    True
    """
    match expr:
        case Not(part):
            value = truth_value(part, of_leaf)
            return None if value is None else not value
        case And(parts) | Or(parts):
            dominant = isinstance(expr, Or)
            values = [truth_value(part, of_leaf) for part in parts]
            return dominant if dominant in values else None if None in values else not dominant
        case leaf:
            return of_leaf(leaf)
