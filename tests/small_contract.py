"""A small vocabulary, and random records in it, on which shapes and rules are tried."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from functools import cache

from rdflib import RDF, Graph

from reasoner.rdf import read_text
from reasoner.records.contract import Vocabulary, stem
from reasoner.records.contract_shapes import Background
from reasoner.terms import GP

EX = "https://example.org/v#"
PREFIXES = f"""@prefix : <{EX}> . @prefix gp: <{GP}> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> . @prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
"""
TAXONOMY = """
gp:Patient a owl:Class . :Top a owl:Class .
:A a owl:Class ; rdfs:subClassOf :Top . :B a owl:Class ; rdfs:subClassOf :A .
:Other a owl:Class . :Kind a owl:Class . :i a :Kind . :j a :Kind .
:has a owl:ObjectProperty . :also a owl:ObjectProperty ; rdfs:subPropertyOf :has . :names a owl:ObjectProperty .
:value a owl:DatatypeProperty . :more a owl:DatatypeProperty .
"""
TODAY = date(2026, 11, 22)
RECORDS = 40


@cache
def taxonomy() -> Graph:
    return read_text(PREFIXES + TAXONOMY, "taxonomy.ttl", imports=True).graph


@cache
def background() -> Background:
    return Background((str(s), str(p), str(o)) for s, p, o in taxonomy())


@cache
def vocabulary() -> Vocabulary:
    terms = sorted({str(s) for s in taxonomy().subjects()})
    kinds = {str(s): str(o) for s, o in taxonomy().subject_objects(RDF.type)}
    properties = tuple(term for term in terms if kinds[term].endswith("Property"))
    classes = tuple(term for term in terms if kinds[term].endswith("Class"))
    return Vocabulary((stem(EX), stem(str(GP))), properties, classes, tuple(terms), (f"{EX}has", f"{EX}also"))


LITERALS = (
    '"x"', '"abc"', "1", "2.50", "-3", "70", '"1e1"^^xsd:double', '"0.1"^^xsd:double', "true", '"no"^^xsd:boolean',
            '"2026-01-31"^^xsd:date', '"2026-02-31"^^xsd:date', '"a"@en', '"12"^^xsd:string', '"x"^^xsd:integer',
            '"5"^^xsd:int', '"3 mm"^^:unit',
)  # fmt: skip


def record(rng: random.Random, number: int = 0) -> str:
    """One patient with a few nodes of a few types and values."""
    p, nodes = (
        f"<urn:p{number}>",
        [f"<urn:n{number}.{i}>" if rng.random() < 0.3 else f"_:n{number}x{i}" for i in range(3)],
    )
    said = [f"{p} a gp:Patient ."]
    said += [f"{p} {rng.choice((':has', ':has', ':also'))} {node} ." for node in nodes]
    said += [f"{node} a {rng.choice((':Top', ':A', ':B', ':Other'))} ." for node in nodes if rng.random() < 0.9]
    for subject in (p, *nodes):
        for _ in range(rng.choice((0, 0, 1, 1, 2))):
            said.append(f"{subject} {rng.choice((':value', ':more'))} {rng.choice(LITERALS)} .")
        if rng.random() < 0.5:
            said.append(f"{subject} :names {rng.choice((':i', ':j', ':A', ':Other', '<urn:else>', *nodes))} .")
    return "\n".join(said)


def records(seed: int, size: int = 1) -> Iterator[str]:
    rng = random.Random(seed)
    for _ in range(RECORDS):
        yield PREFIXES + "\n".join(record(rng, number) for number in range(size))


def rules_of(query: str) -> Graph:
    return read_text(PREFIXES + f"""
:o a owl:Ontology ; sh:declare [ sh:prefix "" ; sh:namespace "{EX}"^^xsd:anyURI ] ,
    [ sh:prefix "gp" ; sh:namespace "{GP}"^^xsd:anyURI ] ,
    [ sh:prefix "rdfs" ; sh:namespace "http://www.w3.org/2000/01/rdf-schema#"^^xsd:anyURI ] .
:s a sh:NodeShape ; sh:targetSubjectsOf gp:asOf ; sh:rule :r .
:r a sh:SPARQLRule ; sh:order 1 ; sh:prefixes :o ; sh:construct \"\"\"{query}\"\"\" .
""", "rules.ttl", imports=True).graph  # fmt: skip
