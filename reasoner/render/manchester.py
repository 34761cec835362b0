"""Class expressions as text, in the Manchester syntax of OWL 2, whole or in brief.

The syntax is that of https://www.w3.org/TR/owl2-manchester-syntax/. The brief form is for sentences: it leaves out
`some`, `value` and the datatype of a number, and what is true of every patient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from reasoner.logic.expressions import TOP, And, AtomLeaf, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT

_EVERYBODY = (TOP, Name(ROOT))


@dataclass(frozen=True)
class ExpressionWriter:
    """Writes class expressions; `name` shortens an IRI, `atoms` are those of the theory of translated expressions."""

    name: Callable[[str], str]
    atoms: Sequence[Atom] = ()

    def whole(self, expr: Expr) -> str:
        """An expression of an ontology in the Manchester syntax. Raises TypeError for a translated one."""
        match expr:
            case And(parts) | Or(parts):
                empty = "owl:Thing" if isinstance(expr, And) else "owl:Nothing"
                return _junction(expr).join(map(self.operand, parts)) or empty
            case Threshold(prop, facets):
                bounds = ", ".join(f"{facet} {plain_number(bound)}" for facet, bound in facets)
                return f"{self.name(prop)} some xsd:decimal{f'[{bounds}]' if bounds else ''}"
        return self._written(expr, self.operand, " some ", " value ")

    def operand(self, expr: Expr) -> str:
        """An expression as part of another: in brackets, unless it is a name."""
        text = self.whole(expr)
        return text if isinstance(expr, Name) or " " not in text else f"({text})"

    def brief(self, expr: Expr) -> str:
        """An expression, of an ontology or translated, in the brief form."""
        match expr:
            case And(parts) | Or(parts):
                shown = [self.brief(part) for part in parts if part not in _EVERYBODY]
                joined = _junction(expr).join(shown) or "anyone"
                return f"({joined})" if len(shown) > 1 else joined
            case Threshold(prop, facets):
                bounds = (f"{self.name(prop)} {facet} {bound}" for facet, bound in facets)
                return " and ".join(bounds) or self.name(prop)
            case AtomLeaf(number):
                return self.atom(self.atoms[number])
        return self._written(expr, self.brief, " ", " ")

    def _written(self, expr: Expr, operand: Callable[[Expr], str], some: str, value: str) -> str:
        """A name, a complement or a restriction, with these words between a property and what it is restricted to."""
        match expr:
            case Name(iri):
                return self.name(iri)
            case Not(part):
                return f"not {operand(part)}"
            case Some(prop, filler):
                return f"{self.name(prop)}{some}{operand(filler)}"
            case HasValue(prop, individual):
                return f"{self.name(prop)}{value}{self.name(individual)}"
        raise TypeError(f"{expr!r} is no class expression of an ontology")

    def atom(self, atom: Atom) -> str:
        """An atom of the theory in the words of its property."""
        path = " ".join(map(self.name, atom.path))
        if atom.kind == "above":
            return f"{path} {'>' if atom.strict else '>='} {atom.bound}"
        return f"{path} has a value" if atom.kind == "exists" else f"{path} {self.name(atom.target)}".strip()


def _junction(expr: And | Or) -> str:
    return " and " if isinstance(expr, And) else " or "


def plain_number(bound: Decimal) -> str:
    """A number in plain digits, without an exponent and without zeros at its end."""
    text = format(bound, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text
