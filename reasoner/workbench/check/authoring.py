"""What every guideline must keep: the shapes of `shapes/authoring.ttl`, run by pySHACL over ontologies and shapes."""

from __future__ import annotations

from collections.abc import Iterator

from rdflib import OWL, RDF, SH, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.guideline.guideline import home
from reasoner.rdf import Triple, read_graph
from reasoner.terms import GP
from reasoner.workbench.check.files import Sources
from reasoner.workbench.finding import Finding


def check_authoring(sources: Sources) -> Iterator[Finding]:
    """Each result of the authoring shapes, where the fault stands."""
    import pyshacl

    shapes = read_graph(home() / "shapes" / "authoring.ttl", imports=True).graph
    _, report, _ = pyshacl.validate(_data(sources), shacl_graph=shapes)
    assert isinstance(report, Graph), report
    for result in report.subjects(RDF.type, SH.ValidationResult):
        yield from _findings(sources, shapes, report, result)


def _data(sources: Sources) -> Graph:
    """Ontologies and shapes, without the headers of shapes: no term is theirs, and each costs a pass over all terms."""
    data = Graph() + sources.graph
    for parsed in sources.shapes:
        for header in parsed.graph.subjects(RDF.type, OWL.Ontology):
            data.remove((header, RDF.type, OWL.Ontology))
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
