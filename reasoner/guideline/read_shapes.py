"""Reading red-flag and pathway shapes as conditions on the states of classes: see `shapes`.

A shape outside the fragment is refused by file and line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rdflib import SH, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.errors import FragmentError, Problem
from reasoner.guideline.shapes import EXCLUDED_FROM, Condition, StateShape
from reasoner.logic.expressions import And, HasValue, Name, Not, Or
from reasoner.rdf import Parsed
from reasoner.terms import GP, local_name

FRAGMENT = "sh:class, sh:hasValue on gp:excludedFrom, sh:and, sh:or and sh:not"


def compile_shapes(files: Iterable[Parsed], known: Iterable[str]) -> tuple[StateShape, ...]:
    """The checks of red-flag and pathway shapes, by the IRI of the shape.

    `known` are the classes that are decided. Raises FragmentError for a shape outside the fragment.
    """
    decided = frozenset(known)
    checks = [check for parsed in files for check in ShapesReader(parsed, decided).checks()]
    return tuple(sorted(checks, key=lambda check: check.shape))


class ShapesReader:
    """Reads the shapes of one file."""

    def __init__(self, parsed: Parsed, known: frozenset[str]) -> None:
        self.parsed, self.known = parsed, known
        self.graph: Graph = parsed.graph
        self.shape: Node | None = None

    def checks(self) -> Iterator[StateShape]:
        """Every check. Raises FragmentError for a shape outside the fragment."""
        for shape in sorted(set(self.graph.subjects(SH.severity, None)), key=str):
            self.shape = shape
            if not isinstance(shape, URIRef):
                raise self._refuse(shape, "a shape with a severity has no IRI", "name it")
            if not self._deactivated(shape):
                yield self._check(shape)

    def _deactivated(self, shape: Node) -> bool:
        return str(self.graph.value(shape, SH.deactivated)) == "true"

    def _check(self, shape: URIRef) -> StateShape:
        statements = sorted(str(s) for s in self.graph.objects(shape, GP.warrantedBy))
        return StateShape(
            shape=str(shape),
            severity=str(self.graph.value(shape, SH.severity)),
            message=self._message(shape),
            statements=tuple(statements),
            action=self._action(shape),
            condition=self._condition(shape, top=True),
        )

    def _message(self, shape: Node) -> str:
        messages = [m for m in self.graph.objects(shape, SH.message) if isinstance(m, Literal)]
        return str(min(messages, key=lambda m: (m.language != "en", m), default=""))

    def _action(self, shape: Node) -> str:
        """The class of acts whose orders the shape reviews; empty where the shape is about the patient as such."""
        target, path = self.graph.value(shape, SH.targetClass), self.graph.value(shape, SH.path)
        if path is None and target == GP.Patient:
            return ""
        if path is not None and self.graph.value(path, SH.inversePath) == GP.proposes and isinstance(target, URIRef):
            return str(target)
        what = "a shape targets neither gp:Patient nor the orders of a class of acts"
        remedy = "give it sh:targetClass, and for orders the path [ sh:inversePath gp:proposes ]"
        raise self._refuse(shape, what, remedy)

    def _condition(self, node: Node, top: bool = False) -> Condition:
        parts: list[Condition] = []
        for p, o in sorted(self.graph.predicate_objects(node), key=str):
            parts += self._constraint(node, p, o, top)
        if not parts:
            raise self._refuse(node, "a shape asks for nothing", f"state its condition by {FRAGMENT}")
        return parts[0] if len(parts) == 1 else And(tuple(parts))

    def _constraint(self, node: Node, predicate: Node, value: Node, top: bool) -> list[Condition]:
        name = local_name(str(predicate)) if str(predicate).startswith(str(SH)) else ""
        if name == "class":
            return [Name(self._decided(value))]
        if name == "hasValue" and self.graph.value(node, SH.path) == GP.excludedFrom:
            return [HasValue(EXCLUDED_FROM, self._decided(value))]
        if name in ("and", "or"):
            parts = tuple(self._condition(member) for member in Collection(self.graph, value))
            return [And(parts) if name == "and" else Or(parts)]
        if name in ("not", "property"):
            return [Not(self._condition(value)) if name == "not" else self._condition(value)]
        self._allow(node, predicate, value, top)
        return []

    def _decided(self, value: Node) -> str:
        if str(value) not in self.known:
            raise self._refuse(value, f"{local_name(str(value))} is no class that is decided", "name a defined class")
        return str(value)

    def _allow(self, node: Node, predicate: Node, value: Node, top: bool) -> None:
        """Refuse what would change the meaning of the shape and is not in the fragment."""
        harmless = {SH.severity, SH.message, SH.name, SH.description, SH.order, SH.group, SH.deactivated}
        excluded = predicate == SH.path and value == GP.excludedFrom
        outer = top and predicate in (SH.targetClass, SH.path)
        if str(predicate).startswith(str(SH)) and predicate not in harmless and not excluded and not outer:
            what = f"sh:{local_name(str(predicate))} is outside the fragment of red-flag and pathway shapes"
            raise self._refuse(node, what, f"state the condition by {FRAGMENT}")

    def _refuse(self, node: Node, what: str, remedy: str) -> FragmentError:
        where = self.shape if isinstance(self.shape, URIRef) else node
        line = self.parsed.line_of(node) or self.parsed.line_of(where)
        return FragmentError(Problem("shape-outside-fragment", what, remedy, self.parsed.file, line, str(where)))
