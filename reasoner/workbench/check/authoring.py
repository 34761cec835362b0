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
        yield from _ValidationResult(sources, shapes, report, result).findings()


def _data(sources: Sources) -> Graph:
    """Ontologies and shapes, without the headers of shapes: no term is theirs, and each costs a pass over all terms."""
    data = Graph() + sources.graph
    for parsed in sources.shapes:
        for header in parsed.graph.subjects(RDF.type, OWL.Ontology):
            data.remove((header, RDF.type, OWL.Ontology))
    return data


class _ValidationResult:
    """One validation result."""

    def __init__(self, sources: Sources, shapes: Graph, report: Graph, result: Node) -> None:
        self.sources, self.shapes = sources, shapes
        self.shape = report.value(result, SH.sourceShape)
        focus, self.path, self.value = (report.value(result, p) for p in (SH.focusNode, SH.resultPath, SH.value))
        assert focus is not None
        self.focus = focus

    def findings(self) -> Iterator[Finding]:
        """The result as a finding; a link that leads to the wrong kind of thing is one wherever it stands."""
        links = list(self.shapes.objects(self.shape, SH.targetObjectsOf))
        uses = [(s, p, self.focus) for p in links for s in self.sources.graph.subjects(p, self.focus)]
        for use in uses:
            yield self._finding(use, f": {self.sources.name(self.focus or '')}")
        if not uses:
            yield self._finding(self._at(), "")

    def _at(self) -> Triple | Node:
        """The triple with the wrong value; of a query over all terms of an ontology, the term; else the focus node."""
        if (self.focus, RDF.type, OWL.Ontology) in self.sources.graph and isinstance(self.value, URIRef):
            return self.value
        triple = (self.focus, self.path, self.value)
        return triple if None not in triple and triple in self.sources.graph else self.focus  # type: ignore[return-value]

    def _finding(self, at: Triple | Node, more: str) -> Finding:
        code, what, remedy = (self._text(p) for p in (GP.code, SH.message, GP.remedy))
        about = [node for node in (self.focus, self.value) if isinstance(node, URIRef)]
        return self.sources.finding(code, f"{what}{more}", remedy, at, about=about)

    def _text(self, predicate: URIRef) -> str:
        return str(next((o for o in self.shapes.objects(self.shape, predicate) if isinstance(o, Literal)), ""))
