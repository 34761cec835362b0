"""Red-flag and pathway shapes as Boolean conditions on the states of classes.

The shapes are standard SHACL (https://www.w3.org/TR/shacl/) and any engine runs them over the record and, for every
class, `rdf:type` where it is entailed and `gp:excludedFrom` where it is excluded. Their fragment is `sh:class`,
`sh:hasValue` on `gp:excludedFrom`, `sh:and`, `sh:or` and `sh:not`; anything else is refused by file and line.
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from reasoner.logic.decide import State


class Entailed(Struct, frozen=True, tag=True):
    """The patient is in a class in every completion."""

    cls: str


class Excluded(Struct, frozen=True, tag=True):
    """The patient is in a class in no completion."""

    cls: str


class Every(Struct, frozen=True, tag=True):
    """All of the conditions hold."""

    parts: tuple[Condition, ...]


class Either(Struct, frozen=True, tag=True):
    """One of the conditions holds."""

    parts: tuple[Condition, ...]


class Unless(Struct, frozen=True, tag=True):
    """The condition does not hold."""

    part: Condition


Condition = Entailed | Excluded | Every | Either | Unless


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


def holds(condition: Condition, states: Mapping[str, State]) -> bool:
    """Whether a condition holds for these states; two-valued, as SHACL sees them."""
    match condition:
        case Entailed(cls):
            return states.get(cls) is State.ENTAILED
        case Excluded(cls):
            return states.get(cls) is State.EXCLUDED
        case Every(parts):
            return all(holds(part, states) for part in parts)
        case Either(parts):
            return any(holds(part, states) for part in parts)
        case Unless(part):
            return not holds(part, states)


def classes_in(condition: Condition) -> set[str]:
    """The IRIs of the classes that a condition names."""
    match condition:
        case Entailed(cls) | Excluded(cls):
            return {cls}
        case Every(parts) | Either(parts):
            return {cls for part in parts for cls in classes_in(part)}
        case Unless(part):
            return classes_in(part)
