"""How the nodes of a file hang on each other: not too deep, and in a guideline without circles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from rdflib import RDF as RDFV
from rdflib import BNode
from rdflib.term import Node

from reasoner.rdf_checks import FileRefusal, refuse_depth

if TYPE_CHECKING:
    from reasoner.rdf import Parsed


def check_depth(parsed: Parsed, most: int, refuse: FileRefusal) -> None:
    """Refuse blank nodes nested too deep; the members of a list stand side by side."""
    inner: dict[Node, list[Node]] = {}
    after: dict[Node, list[Node]] = {}
    for s, p, o in parsed.lines:
        if isinstance(s, BNode) and isinstance(o, BNode):
            (after if p == RDFV.rest else inner).setdefault(s, []).append(o)
    below = {node for links in (inner, after) for nodes in links.values() for node in nodes}
    seen = (inner.keys() | after.keys()) - below
    level = _with_following(seen, after, seen)
    for _ in range(most):
        level = _with_following([n for node in level for n in inner.get(node, ()) if n not in seen], after, seen)
    if level:
        refuse_depth(refuse, most)


def _with_following(nodes: Iterable[Node], after: Mapping[Node, list[Node]], seen: set[Node]) -> list[Node]:
    """Some nodes, and those that follow them in lists; all of them are added to the seen ones."""
    found = list(dict.fromkeys(nodes))
    seen.update(found)
    for node in found:
        new = [n for n in after.get(node, ()) if n not in seen]
        seen.update(new)
        found += new
    return found


def check_structure(parsed: Parsed, refuse: FileRefusal) -> None:
    """Refuse, in a guideline, lists that are none, and nodes without a name that lead back to themselves."""
    graph = parsed.graph
    for node in {*graph.subjects(RDFV.first), *graph.subjects(RDFV.rest), *graph.objects(None, RDFV.rest)} - {RDFV.nil}:
        if any(len(list(graph.objects(node, p))) != 1 for p in (RDFV.first, RDFV.rest)):
            what, remedy = "a list does not go on from member to member", "write it in parentheses"
            refuse("bad-list", what, remedy, parsed.line_of(node))
    inner, above = Counter[Node](), dict[Node, list[Node]]()
    for s, p, o in graph:
        if p == RDFV.rest or (isinstance(s, BNode) and isinstance(o, BNode)):
            inner[s] += 1
            above.setdefault(o, []).append(s)
    ended = [node for node in above if not inner[node]]
    for node in ended:  # what holds nothing but what has ended has ended too
        for holder in above.get(node, ()):
            inner[holder] -= 1
            ended += [] if inner[holder] else [holder]
    if circle := +inner:
        line = min(parsed.line_of(node) or 0 for node in circle)
        refuse("cyclic-nodes", "a node without a name is part of itself", "give it a name, or end the circle", line)
