"""A term is the same term in rdflib's types, in Oxigraph's, and as plain text."""

from __future__ import annotations

import pyoxigraph as ox
import pytest
from rdflib import XSD, BNode, Literal, URIRef
from rdflib.term import Node

from reasoner.records.conversion import plain_triple, to_nodes, to_oxigraph, to_plain, to_quad
from reasoner.records.nodes import XSD_STRING, LiteralTerm, Term

LANGUAGE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#langString"


@pytest.mark.parametrize("term, plain, oxigraph", [
    (URIRef("urn:a"), "urn:a", ox.NamedNode("urn:a")),
    (BNode("b1"), "_:b1", ox.BlankNode("b1")),
    (Literal("x"), LiteralTerm("x", XSD_STRING), ox.Literal("x")),
    (Literal("x", lang="en"), LiteralTerm("x", LANGUAGE, "en"), ox.Literal("x", language="en")),
    (Literal("01", datatype=XSD.integer, normalize=False), LiteralTerm("01", str(XSD.integer)),
     ox.Literal("01", datatype=ox.NamedNode(str(XSD.integer)))),
])  # fmt: skip
def test_terms(term: Node, plain: Term, oxigraph: object) -> None:
    assert to_plain(term) == plain and to_oxigraph(term) == oxigraph


def test_triples() -> None:
    triple = URIRef("urn:a"), URIRef("urn:p"), BNode("b")
    assert plain_triple(triple) == ("urn:a", "urn:p", "_:b")
    assert to_quad(triple) == ox.Quad(ox.NamedNode("urn:a"), ox.NamedNode("urn:p"), ox.BlankNode("b"))
    assert to_nodes([triple, triple]) == {"urn:a": {"urn:p": {"_:b": None}}}
