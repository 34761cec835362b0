"""A lint of shapes against SHACL's own vocabulary: what pySHACL passes over in silence.

The vocabulary is the one that the W3C publishes at http://www.w3.org/ns/shacl# (SHACL and SHACL Advanced Features), as
pySHACL ships it. A misspelt `sh:mincount` asks for nothing and conforms; here it is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pyshacl
from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

NAMESPACE = str(SH)
#: Whose values are classes, and whose values (or the members of whose lists) are properties.
CLASS_WANTED = frozenset({RDF.type, SH.targetClass, SH["class"]})
PROPERTY_WANTED = frozenset(
    {SH.path, SH.targetSubjectsOf, SH.targetObjectsOf, SH.inversePath, SH.alternativePath, SH.zeroOrMorePath,
     SH.oneOrMorePath, SH.zeroOrOnePath, SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals}
)  # fmt: skip
#: What only some shapes may use: the red flags and the pathway are compiled, and know nothing of these.
PROGRAMS = frozenset({SH.sparql, SH.rule, SH.target, SH.js, SH.expression})
FRAGMENT = frozenset(
    {SH["class"], SH.hasValue, SH["and"], SH["or"], SH["not"], SH.path, SH.inversePath, SH.targetClass, SH.severity,
     SH.message}
)  # fmt: skip


@cache
def vocabulary() -> Graph:
    """SHACL's own description of its terms."""
    return Graph().parse(Path(pyshacl.__file__).parent / "assets" / "shacl.ttl")


@cache
def terms(kind: URIRef) -> frozenset[Node]:
    """The terms of SHACL that are a kind of thing; of rdfs:Resource, all of them."""
    found = vocabulary().subjects(RDF.type, None if kind == RDFS.Resource else kind)
    return frozenset(term for term in found if str(term).startswith(NAMESPACE))


def misused(graph: Graph) -> Iterator[str]:
    """Each use of the SHACL namespace that SHACL does not have: an unknown term, or one in the wrong position."""
    for s, p, o in graph:
        if _ours(s) and s not in terms(RDFS.Resource):
            yield f"sh:{_name(s)} is described, and SHACL does not have it"
        if _ours(p) and p not in terms(RDF.Property):
            yield f"{s}: sh:{_name(p)} is no property of SHACL"
        if _ours(o) and o not in terms(_wanted(graph, s, p)):
            yield f"{s}: sh:{_name(o)} cannot be a value of {p}"


def _ours(term: Node) -> bool:
    return isinstance(term, URIRef) and term.startswith(NAMESPACE) and term != NAMESPACE


def _name(term: Node) -> str:
    return str(term).removeprefix(NAMESPACE)


def _wanted(graph: Graph, subject: Node, predicate: Node) -> URIRef:
    """What kind of term may stand as a value of a property; in a list, of the property that has the list."""
    while predicate in (RDF.first, RDF.rest):
        subject, predicate = next(graph.subject_predicates(subject), (subject, RDFS.Resource))
    if predicate in CLASS_WANTED:
        return RDFS.Class
    return RDF.Property if predicate in PROPERTY_WANTED else RDFS.Resource


def programs(graph: Graph) -> list[str]:
    """The shapes that hold SPARQL, rules or another language."""
    return sorted(f"{s}: sh:{_name(p)}" for s, p, _ in graph if p in PROGRAMS)


def outside_fragment(graph: Graph) -> list[str]:
    """The uses of SHACL that red-flag and pathway shapes cannot have, because they are compiled."""
    return sorted(f"{s}: sh:{_name(p)}" for s, p, _ in graph if _ours(p) and p not in FRAGMENT)
