"""Shapes: what SHACL engines pass over in silence, and what the authoring shapes say of ontologies and shapes.

The vocabulary of SHACL is the one that the W3C publishes at http://www.w3.org/ns/shacl# (SHACL and SHACL Advanced
Features), as pySHACL ships it. A misspelt `sh:mincount` asks for nothing and conforms; here it is a fault.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from importlib.util import find_spec
from pathlib import Path

from rdflib import OWL, RDF, RDFS, SH, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.guideline.build import RULES
from reasoner.guideline.guideline import home
from reasoner.rdf import Triple, read_graph
from reasoner.records.unrunnable import all_unrunnable
from reasoner.terms import GP
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
    yield from map(sources.of_problem, all_unrunnable(sources.shapes, RULES))


def _dead_rules(sources: Sources, graph: Graph) -> Iterator[Finding]:
    inner = set(sources.graph.objects(None, SH.property)) | set(sources.graph.subjects(SH.path))
    inner |= set(sources.graph.subjects(RDF.type, SH.PropertyShape))
    for shape, rule in graph.subject_objects(SH.rule):
        if shape in inner:
            what = f"the rule {sources.name(rule)} hangs on a property shape, where engines never run it"
            remedy = "move sh:rule to the node shape (a shape with a target and without sh:path)"
            yield sources.finding("rule-under-property-shape", what, remedy, (shape, SH.rule, rule))


# -- what every guideline must keep: the shapes of `shapes/authoring.ttl` --


def check_authoring(sources: Sources) -> Iterator[Finding]:
    """Each result of the authoring shapes, where the fault stands."""
    import pyshacl

    shapes = read_graph(home() / "shapes" / "authoring.ttl", imports=True).graph
    _, report, _ = pyshacl.validate(_data(sources), shacl_graph=shapes)
    assert isinstance(report, Graph), report
    for result in report.subjects(RDF.type, SH.ValidationResult):
        yield from _findings(sources, shapes, report, result)


def _data(sources: Sources) -> Graph:
    """Ontologies and shapes, without the headers of shapes: no term is theirs, and each costs a pass over all terms.

    An ontology without a header has one for each namespace of its own terms, so that these are looked at.
    """
    data = Graph() + sources.graph
    for parsed in sources.shapes:
        for header in parsed.graph.subjects(RDF.type, OWL.Ontology):
            data.remove((header, RDF.type, OWL.Ontology))
    for parsed in sources.without_header():
        for term in parsed.graph.subjects(RDF.type, OWL.Class):
            if isinstance(term, URIRef):
                data.add((URIRef(term.defrag() if "#" in term else term.rsplit("/", 1)[0]), RDF.type, OWL.Ontology))
    return data


def _findings(sources: Sources, shapes: Graph, report: Graph, result: Node) -> Iterator[Finding]:
    """The result as a finding; a link that leads to the wrong kind of thing is one wherever it stands."""
    focus, path, value, shape = (
        report.value(result, p) for p in (SH.focusNode, SH.resultPath, SH.value, SH.sourceShape)
    )
    assert focus is not None
    code, what, remedy = (_text(shapes, shape, p) for p in (GP.code, SH.message, GP.remedy))
    about = [node for node in (focus, value) if isinstance(node, URIRef)]
    links = shapes.objects(shape, SH.targetObjectsOf)
    uses = [(s, p, focus) for p in links for s in sources.graph.subjects(p, focus)]
    for use in uses:
        yield sources.finding(code, f"{what}: {sources.name(focus)}", remedy, use, about=about)
    if not uses:
        yield sources.finding(code, what, remedy, _place(sources, focus, path, value), about=about)


def _place(sources: Sources, focus: Node, path: Node | None, value: Node | None) -> Triple | Node:
    """The triple with the wrong value; of a query over all terms of an ontology, the term; else the focus node."""
    if (focus, RDF.type, OWL.Ontology) in sources.graph and isinstance(value, URIRef):
        return value
    triple = (focus, path, value)
    return triple if None not in triple and triple in sources.graph else focus  # type: ignore[return-value]


def _text(shapes: Graph, shape: Node | None, predicate: URIRef) -> str:
    return str(next((o for o in shapes.objects(shape, predicate) if isinstance(o, Literal)), ""))
