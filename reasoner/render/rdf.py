"""Assessments as RDF: the triples of `reasoner.render.triples` as a graph of rdflib, and in its syntaxes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rdflib import Graph

from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.render.identity import BASE
from reasoner.render.triples import FULL, TripleRenderer


class RdfRenderer:
    """Writes results of one guideline into a graph; the options are those of `TripleRenderer`."""

    def __init__(self, guideline: Guideline, ended: datetime | None = None, *, timed: bool = True, types: bool = True,
                 profile: str = FULL, base: str = BASE) -> None:  # fmt: skip
        self.triples = TripleRenderer(guideline, ended, timed=timed, types=types, profile=profile, base=base)
        self.graph = Graph()
        for prefix, namespace in guideline.prefixes.items():
            self.graph.bind(prefix, namespace)

    def render(self, results: Iterable[Assessment | Refusal]) -> Graph:
        """The graph of all results."""
        self.graph.parse(data="\n".join(self.triples.triples(results)), format="nt")
        return self.graph


def serialise(graph: Graph, kind: str) -> str:
    """The graph as `turtle` or `json-ld`."""
    if kind == "json-ld":
        context = {prefix: str(namespace) for prefix, namespace in graph.namespaces()}
        return graph.serialize(format="json-ld", context=context, auto_compact=False, sort_keys=True) + "\n"
    return graph.serialize(format="turtle")
