"""rdflib's terms in other forms: Oxigraph's types, and the plain text of `reasoner.records.nodes`."""

from __future__ import annotations

from collections.abc import Iterable

import pyoxigraph as ox
from rdflib import RDF, BNode, Literal
from rdflib.term import Node

from reasoner.records import canonical, nodes
from reasoner.records.nodes import XSD_STRING, LiteralTerm, Nodes, Term

Triple = tuple[Node, Node, Node]


def to_oxigraph(term: Node) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The same term in Oxigraph's types."""
    return canonical.to_oxigraph(to_plain(term))


def to_quad(triple: Triple) -> ox.Quad:
    """The same triple in Oxigraph's types, in the default graph."""
    subject, predicate, value = (to_oxigraph(term) for term in triple)
    return ox.Quad(subject, predicate, value)  # type: ignore[arg-type]


def to_plain(term: Node) -> Term:
    """The same term as plain text."""
    if not isinstance(term, Literal):
        return f"_:{term}" if isinstance(term, BNode) else str(term)
    if term.language:
        return LiteralTerm(str(term), str(RDF.langString), term.language)
    return LiteralTerm(str(term), str(term.datatype or XSD_STRING))


def plain_triple(triple: Triple) -> nodes.Triple:
    """The same triple as plain text."""
    subject, predicate, value = triple
    return str(to_plain(subject)), str(predicate), to_plain(value)


def to_nodes(triples: Iterable[Triple]) -> Nodes:
    """The statements by node, as plain text."""
    found: Nodes = {}
    for s, p, o in map(plain_triple, triples):
        found.setdefault(s, {}).setdefault(p, {})[o] = None
    return found
