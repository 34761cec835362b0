"""A lint of shapes against SHACL's own vocabulary: what SHACL engines pass over in silence.

The vocabulary is the one that the W3C publishes at http://www.w3.org/ns/shacl# (SHACL and SHACL Advanced Features), as
pySHACL ships it. A misspelt `sh:mincount` asks for nothing and conforms; here it is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from rdflib import RDF, RDFS, SH, Graph, URIRef
from rdflib.term import Node

from reasoner.rdf import Triple
from reasoner.workbench.check.files import Sources
from reasoner.workbench.finding import Finding

NAMESPACE = str(SH)
#: Whose values are classes, and whose values (or the members of whose lists) are properties.
CLASS_WANTED = frozenset({RDF.type, SH.targetClass, SH["class"]})
PROPERTY_WANTED = frozenset(
    {SH.path, SH.targetSubjectsOf, SH.targetObjectsOf, SH.inversePath, SH.alternativePath, SH.zeroOrMorePath,
     SH.oneOrMorePath, SH.zeroOrOnePath, SH.equals, SH.disjoint, SH.lessThan, SH.lessThanOrEquals}
)  # fmt: skip


@dataclass(frozen=True)
class Misuse:
    """A use of the SHACL namespace that SHACL does not have: the triple, the term in it, and the kind that fits."""

    triple: Triple
    term: Node
    wanted: URIRef

    @property
    def what(self) -> str:
        """The fault in words."""
        if self.term not in terms(RDFS.Resource):
            return f"sh:{_name(self.term)} does not exist in SHACL, so that engines ignore it"
        wanted = {RDF.Property: "a property", RDFS.Class: "a class"}.get(self.wanted, "a term")
        return f"sh:{_name(self.term)} stands where {wanted} of SHACL belongs"

    @property
    def nearest(self) -> str | None:
        """The term of SHACL that was probably meant."""
        names = {_name(term).lower(): _name(term) for term in terms(self.wanted)}
        found = get_close_matches(_name(self.term).lower(), names, 1)
        return f"sh:{names[found[0]]}" if found else None


@cache
def vocabulary() -> Graph:
    """SHACL's own description of its terms."""
    found = find_spec("pyshacl")
    assert found is not None and found.origin is not None
    return Graph().parse(Path(found.origin).parent / "assets" / "shacl.ttl")


@cache
def terms(kind: URIRef) -> frozenset[Node]:
    """The terms of SHACL that are a kind of thing; of rdfs:Resource, all of them."""
    found = vocabulary().subjects(RDF.type, None if kind == RDFS.Resource else kind)
    return frozenset(term for term in found if str(term).startswith(NAMESPACE))


def misused(graph: Graph) -> Iterator[Misuse]:
    """Each use of the SHACL namespace that SHACL does not have: an unknown term, or one in the wrong position."""
    for s, p, o in graph:
        for term, wanted in ((s, RDFS.Resource), (p, RDF.Property), (o, _wanted(graph, s, p))):
            if _ours(term) and term not in terms(wanted):
                yield Misuse((s, p, o), term, wanted)


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


# -- findings --


def check_shacl(sources: Sources) -> Iterator[Finding]:
    """What engines would pass over in silence: terms that SHACL does not have, and rules that never run."""
    for parsed in sources.shapes:
        for misuse in misused(parsed.graph):
            remedy = f"did you mean {misuse.nearest}?" if misuse.nearest else "see the list of terms in the standard"
            yield sources.finding("shacl-term", misuse.what, remedy, misuse.triple)
        yield from _dead_rules(sources, parsed.graph)


def _dead_rules(sources: Sources, graph: Graph) -> Iterator[Finding]:
    inner = set(sources.graph.objects(None, SH.property)) | set(sources.graph.subjects(SH.path))
    inner |= set(sources.graph.subjects(RDF.type, SH.PropertyShape))
    for shape, rule in graph.subject_objects(SH.rule):
        if shape in inner:
            what = f"the rule {sources.name(rule)} hangs on a property shape, where engines never run it"
            remedy = "move sh:rule to the node shape (a shape with a target and without sh:path)"
            yield sources.finding("rule-under-property-shape", what, remedy, (shape, SH.rule, rule))
