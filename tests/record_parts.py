"""What the tests of records share: a record that conforms, the shapes, and how records are read."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from rdflib import Graph, Namespace

from reasoner.rdf import read_graph, read_text
from reasoner.records.record import Records, gather

ROOT = Path(__file__).resolve().parent.parent
AS_OF = date(2026, 11, 22)
SN = Namespace("https://w3id.org/guideproof/schmorl#")
EX = Namespace("https://example.org/")

PREFIXES = """@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
GOOD = """
ex:p a gp:Patient , ex:Person ;
    ex:note "as told by the patient" ;
    gp:hasFinding ex:node , [ a sn:LocalizedBackPain ; sn:vertebra sn:L4 ] ;
    gp:lacksFinding sn:ConstitutionalSymptom , gp:Finding ;
    gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-03"^^xsd:gYearMonth ; gp:endDate "2026-05-02"^^xsd:date ] ,
        [ a sn:NsaidTherapy ; gp:startDate "2026"^^xsd:gYear ; gp:ongoing true ] ,
        [ a sn:ActivityModification ; gp:durationWeeks 6.5 ] ;
    gp:didNotUndergo sn:SpineMri ;
    gp:proposes [ a sn:Vertebroplasty ] ;
    sn:conservativeTherapyWeeks 1500 .
ex:node a sn:SchmorlsNode ; sn:vertebra sn:L4 ; sn:endplate sn:InferiorEndplate ;
    sn:diameterMillimetre "3.50"^^xsd:decimal .
"""


def ontology() -> Graph:
    """All ontology files in one graph."""
    graph = Graph()
    for path in sorted((ROOT / "ontology").glob("*.ttl")):
        graph += read_graph(path, imports=True).graph
    return graph


def shapes_of(name: str) -> Graph:
    return read_graph(ROOT / "shapes" / f"{name}.ttl", imports=True).graph


def turtle(text: str, name: str = "record.ttl") -> Records:
    return gather([read_text(PREFIXES + text, name)])
