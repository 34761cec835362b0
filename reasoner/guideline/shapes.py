"""Red-flag and pathway shapes as Boolean conditions on the states of classes.

The shapes are standard SHACL (https://www.w3.org/TR/shacl/) and any engine runs them over the record and, for every
class, `rdf:type` where it is entailed and `gp:excludedFrom` where it is excluded. Their fragment is `sh:class`,
`sh:hasValue` on `gp:excludedFrom`, `sh:and`, `sh:or` and `sh:not`; anything else is refused by file and line.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from reasoner.logic.decide import State
from reasoner.logic.expressions import Expr, HasValue, Name, leaves, truth_value
from reasoner.terms import CORE

#: A Boolean combination of what such a record says: that the patient is in a class, or is excluded from one.
Condition = Expr
EXCLUDED_FROM = f"{CORE}excludedFrom"


class StateShape(Struct, frozen=True):
    """One shape: what it asks of a patient (for an order of `action`, where it names one), and what it reports."""

    shape: str
    severity: str
    message: str
    statements: tuple[str, ...]
    action: str
    condition: Condition

    def violated(self, states: Mapping[str, State]) -> bool:
        """Whether the shape reports a result for a patient with these states."""
        return not holds(self.condition, states)


def state_asked(leaf: Expr) -> tuple[str, State]:
    """The class and the state that a leaf of a condition asks for."""
    match leaf:
        case Name(cls):
            return cls, State.ENTAILED
        case HasValue(_, cls):
            return cls, State.EXCLUDED
    raise TypeError(f"{leaf!r} asks for no state")


def holds(condition: Condition, states: Mapping[str, State]) -> bool:
    """Whether a condition holds for these states; two-valued, as SHACL sees them."""

    def of_leaf(leaf: Expr) -> bool:
        cls, state = state_asked(leaf)
        return states.get(cls) is state

    return truth_value(condition, of_leaf) is True


def classes_in(condition: Condition) -> set[str]:
    """The IRIs of the classes that a condition names."""
    return {state_asked(leaf)[0] for leaf in leaves(condition)}
