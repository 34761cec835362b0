"""Records of several patients as RDF/XML and JSON-LD, as programs write them: each patient's nodes follow it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable

import pyoxigraph as ox
from rdflib import RDF, Graph
from test_batch import SN, as_lines

from reasoner.terms import GP

EX = "https://example.org/"
NS = {"gp": str(GP), "sn": SN, "ex": EX, "rdfs": "http://www.w3.org/2000/01/rdf-schema#"}
CONTEXT = {**NS, "xsd": "http://www.w3.org/2001/XMLSchema#"}


def _one(graphs: Iterable[Graph]) -> Graph:
    whole = Graph()
    for graph in graphs:
        whole += graph
    for prefix, iri in NS.items():
        whole.bind(prefix, iri, override=True, replace=True)
    return whole


def _each(graphs: Iterable[Graph], **how: object) -> list[str]:
    return [_one([graph]).serialize(**how) for graph in graphs]  # type: ignore[arg-type]


def xml_by_rdflib(graphs: Iterable[Graph]) -> str:
    """Each patient as rdflib writes it, in one document."""
    texts = _each(graphs, format="pretty-xml", max_depth=4)
    bodies = [text[text.index("\n>\n") + 3 : text.rindex("</rdf:RDF>")] for text in texts]
    names = "".join(f' xmlns:{prefix}="{iri}"' for prefix, iri in {**NS, "rdf": str(RDF)}.items())
    return f'<?xml version="1.0" encoding="utf-8"?>\n<rdf:RDF{names}>\n{"".join(bodies)}</rdf:RDF>\n'


def xml_without_labels(graphs: Iterable[Graph]) -> str:
    """The same, where no label names a node that nothing else names."""
    text = xml_by_rdflib(graphs)
    return re.sub(r' rdf:nodeID="\w+"', lambda found: "" if text.count(found[0]) == 1 else found[0], text)


def xml_by_pyoxigraph(graphs: Iterable[Graph]) -> str:
    return _by_pyoxigraph(graphs, ox.RdfFormat.RDF_XML)


def _by_pyoxigraph(graphs: Iterable[Graph], kind: ox.RdfFormat) -> str:
    lines = "".join(f"{line}\n" for graph in graphs for line in sorted(as_lines([graph]), key=_typed_first))
    quads = ox.parse(lines, ox.RdfFormat.N_TRIPLES)
    written = ox.serialize((quad.triple for quad in quads), format=kind, prefixes=CONTEXT)
    assert written
    return written.decode()


def _typed_first(line: str) -> tuple[bool, str]:
    return line.startswith("_"), line.split(maxsplit=1)[0]


def _in_one_line(text: str) -> str:
    return "".join(line.strip() for line in text.splitlines())


def json_nodes(graphs: Iterable[Graph], **how: object) -> list[object]:
    """The nodes of each patient, the patient first."""
    found: list[object] = []
    for text in _each(graphs, format="json-ld", **how):
        told = json.loads(text)
        nodes = told.get("@graph", [told]) if isinstance(told, dict) else told
        for node in nodes:
            node.pop("@context", None)
        found += sorted(nodes, key=lambda node: "Patient" not in json.dumps(node.get("@type")))
    return found


def expanded(graphs: Iterable[Graph]) -> str:
    return json.dumps(json_nodes(graphs), indent=2)


def compacted(graphs: Iterable[Graph]) -> str:
    nodes = json_nodes(graphs, context=CONTEXT)
    return json.dumps({"@context": CONTEXT, "@graph": nodes}, indent=1)


LAYOUTS: dict[str, tuple[str, Callable[[Iterable[Graph]], str]]] = {
    "xml, rdflib": ("rdf", xml_by_rdflib),
    "xml, no labels": ("rdf", xml_without_labels),
    "xml, pyoxigraph": ("owl", xml_by_pyoxigraph),
    "xml, one line": ("xml", lambda graphs: _in_one_line(xml_by_rdflib(graphs))),
    "xml, crlf and bom": ("rdf", lambda graphs: "\ufeff" + xml_by_rdflib(graphs).replace("\n", "\r\n")),
    "xml, comments": ("rdf", lambda graphs: xml_by_rdflib(graphs).replace("</gp:P", "<!-- <a> -->\n<?a b?></gp:P")),
    "json, expanded": ("jsonld", expanded),
    "json, compacted": ("json", compacted),
    "json, pyoxigraph": ("jsonld", lambda graphs: _by_pyoxigraph(graphs, ox.RdfFormat.JSON_LD)),
    "json, one line": ("jsonld", lambda graphs: json.dumps(json.loads(compacted(graphs)), separators=(",", ":"))),
    "json, crlf and bom": ("jsonld", lambda graphs: "\ufeff" + expanded(graphs).replace("\n", "\r\n")),
}  # fmt: skip
