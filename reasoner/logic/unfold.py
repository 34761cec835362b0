"""Translated expressions as disjunctions of terms, with the classes in them unfolded."""

from __future__ import annotations

from dataclasses import dataclass

from reasoner.logic.clauses import Cube, absorb, product
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or


@dataclass(frozen=True)
class Unfold:
    """Disjunctive normal forms of translated expressions, defined classes unfolded by `terms_of`."""

    terms_of: dict[tuple[str, bool], list[Cube]]

    def __call__(self, expr: Expr, truth: bool = True) -> list[Cube]:
        """The terms whose disjunction is `expr`, or its complement where `truth` is False."""
        match expr:
            case AtomLeaf(atom):
                return [Cube(1 << atom, 0) if truth else Cube(0, 1 << atom)]
            case Not(part):
                return self(part, not truth)
            case Name(iri):
                return self.terms_of[iri, truth]
            case And(parts) | Or(parts) if isinstance(expr, And) == truth:
                terms = [Cube(0, 0)]
                for part in parts:
                    terms = product(terms, self(part, truth))
                return terms
            case And(parts) | Or(parts):
                return absorb(term for part in parts for term in self(part, truth))
        raise TypeError(f"{expr!r} is not translated")
