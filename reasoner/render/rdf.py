"""Assessments as RDF: the triples of `reasoner.render.triples` as a graph of rdflib, and in its syntaxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rdflib import Graph

from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.render.triples import TripleRenderer


class RdfRenderer:
    """Writes assessments of one guideline into a graph; with `timed`, each run says when it ended."""

    def __init__(self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True) -> None:
        self.triples = TripleRenderer(guideline, ended, timed=timed)
        self.graph = Graph()
        for prefix, namespace in guideline.prefixes.items():
            self.graph.bind(prefix, namespace)

    def render(self, results: Iterable[Assessment | Refusal]) -> Graph:
        """The graph of all assessments; a record that was refused leaves no triple."""
        self.graph.parse(data="\n".join(self.triples.triples(results)), format="nt")
        return self.graph


def serialise(graph: Graph, kind: str) -> str:
    """The graph as `turtle` or `json-ld`."""
    if kind == "json-ld":
        context = {prefix: str(namespace) for prefix, namespace in graph.namespaces()}
        return graph.serialize(format="json-ld", context=context, auto_compact=False, sort_keys=True) + "\n"
    return graph.serialize(format="turtle")
