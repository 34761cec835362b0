"""What shapes ask that nothing runs is named; what the shipped shapes ask is run."""

from __future__ import annotations

import pytest

from reasoner.guideline.guideline import Guideline
from reasoner.rdf import Parsed, read_text
from reasoner.records.unrunnable import all_unrunnable, unrunnable

HEAD = """@prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <https://example.org/> .
<https://example.org/shapes> a <http://www.w3.org/2002/07/owl#Ontology> ; sh:declare [ sh:prefix "ex" ;
    sh:namespace "https://example.org/" ] .
"""
SHAPE = "ex:shape a sh:NodeShape ; sh:targetClass ex:C ; %s ."
QUERY = "sh:sparql [ sh:prefixes <https://example.org/shapes> ; sh:select '%s' ]"


def shapes(text: str, name: str = "record.ttl") -> Parsed:
    return read_text(HEAD + SHAPE % text, name, imports=True)


ASKED = {
    "target": "sh:target [ sh:select 'SELECT ?this WHERE { ?this a ?c }' ]",
    "expression": "sh:expression ex:e",
    "rule": "sh:rule [ sh:construct 'CONSTRUCT { ?this a ?c } WHERE { ?this ?p ?c }' ]",
    "pattern": "sh:pattern '(['",
    "graph": QUERY % "SELECT $this WHERE { GRAPH ?g { $this ?p ?o } }",
    "service": QUERY % "SELECT $this WHERE { service <urn:x> { $this ?p ?o } }",
    "dataset": QUERY % "SELECT $this FROM <urn:x> WHERE { $this ?p ?o }",
    "prefix": QUERY % "SELECT $this WHERE { $this nobody:p ?o }",
    "kind": QUERY % "ASK { $this ?p ?o }",
    "text": QUERY % "no query",
}


@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_it_is_named_by_shape_file_and_line(asked: str) -> None:
    (problem, *_) = unrunnable(shapes(asked), rules=False)
    assert (problem.code, problem.file, problem.line, problem.node) == (
        "bad-shapes", "record.ttl", 5, "https://example.org/shape")  # fmt: skip


RUN = {
    "words in a text": QUERY % 'SELECT $this WHERE { $this ex:from ?from ; ex:says "a GRAPH or a SERVICE" }',
    "words in a name": QUERY % "SELECT $this WHERE { $this <https://example.org/x/GRAPH> ?graph } # FROM",
    "pattern": r"sh:property [ sh:path ex:p ; sh:pattern '^[0-9]+\\.[0-9]$' ]",
}


@pytest.mark.parametrize("asked", RUN.values(), ids=RUN)
def test_what_is_run_is_not_named(asked: str) -> None:
    assert list(unrunnable(shapes(asked), rules=False)) == []


def test_rules_run_in_their_file_alone() -> None:
    asked = ASKED["rule"].replace("[ ", "[ a sh:SPARQLRule ; ")
    assert all_unrunnable([shapes(asked, "shapes/derivation.ttl")], ["derivation"]) == []
    assert [one.code for one in all_unrunnable([shapes(asked, "shapes/record.ttl")], ["derivation"])] == ["bad-shapes"]


def test_all_of_the_shipped_shapes_are_run(guideline: Guideline) -> None:
    files = guideline.files.parsed_shapes("core", "record", "derivation", "red-flags", "pathway")
    assert files and all_unrunnable(files, ["derivation"]) == []
