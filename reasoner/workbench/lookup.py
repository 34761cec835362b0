"""What several commands for authors look up in a guideline."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from typing import Any, TypeVar

from msgspec.structs import replace
from rdflib import RDF, URIRef
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Compiled, Origin
from reasoner.logic.expressions import And, Expr, Or, named_in
from reasoner.logic.theory import Literals

Item = TypeVar("Item", bound=Hashable)
#: Puts an expression into another one, in place of one of its parts.
Rebuild = Callable[[Expr], Expr]


def reachable(start: Iterable[Item], further: Callable[[Item], Iterable[Item]]) -> set[Item]:
    """The items of `start`, and all to which `further` leads from them, in one step or more."""
    found: set[Item] = set()
    queue = list(start)
    while queue:
        item = queue.pop()
        if item not in found:
            found.add(item)
            queue.extend(further(item))
    return found


def unfolded(compiled: Compiled, classes: Iterable[str]) -> set[str]:
    """The defined classes among `classes`, and those in their definitions, however deep."""
    rules = compiled.rules
    return reachable((iri for iri in classes if iri in rules),
                     lambda iri: named_in(rules[iri].definition) & rules.keys())  # fmt: skip


def between(rebuild: Rebuild, whole: And | Or, before: tuple[Expr, ...], after: tuple[Expr, ...]) -> Rebuild:
    """What puts an expression between the other parts of an intersection or union, and that where `rebuild` does."""
    return lambda inner: rebuild(type(whole)((*before, inner, *after)))


def with_content(guideline: Guideline, **changes: Any) -> Guideline:
    """A guideline in memory alone, with other content than its files give: `compiled`, or `catalogue`."""
    return replace(guideline, content=replace(guideline.content, **changes))


def declared_at(guideline: Guideline, iri: str, by: Node = RDF.type) -> Origin:
    """Where a property of a term, its type if no other, is stated; without file and line where no ontology does."""
    node = URIRef(iri)
    home = next((parsed for parsed in guideline.ontologies if (node, by, None) in parsed.graph), None)
    return Origin(iri, home.file if home else "", home.line_of(node, by) if home else None)


def known_terms(compiled: Compiled, closed: Literals) -> dict[str, bool]:
    """The classes of findings and acts that are known to be present (true) or absent, by literals that are closed."""
    return {atom.target: bool(closed.pos >> i & 1) for i, atom in enumerate(compiled.theory.atoms)
            if atom.kind == "class" and len(atom.path) == 1 and (closed.pos | closed.neg) >> i & 1}  # fmt: skip
