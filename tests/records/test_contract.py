"""The rules that complete records, and what every shape of the contract keeps."""

from __future__ import annotations

from collections.abc import Iterator

import pyshacl
import pytest
from rdflib import RDF, RDFS, SH, BNode, Graph, Literal, Namespace, URIRef
from record_parts import AS_OF, EX, GOOD, SN, ontology, shapes_of, turtle

from reasoner.errors import GuidelineError
from reasoner.rdf import read_text
from reasoner.records import reference
from reasoner.records.reference import derive
from reasoner.terms import GP


@pytest.fixture(scope="module")
def guideline() -> Graph:
    return ontology()


@pytest.fixture(scope="module")
def contract() -> list[Graph]:
    return [shapes_of("core"), shapes_of("record")]


@pytest.fixture(scope="module")
def rules() -> list[Graph]:
    return [shapes_of("derivation")]


# -- rules --


@pytest.mark.parametrize("text, nodes", [
    ("gp:hasFinding ex:one", {"one"}),
    ("gp:hasFinding ex:one , ex:two", set()),
    ("gp:hasFinding ex:one , ex:two ; sn:indexNode ex:two", {"two"}),
    ("gp:hasFinding ex:one ; sn:indexNode ex:two", {"two"}),
    ("gp:hasFinding [ a sn:Fever ]", set()),
])  # fmt: skip
def test_the_one_node_is_the_index_node(text: str, nodes: set[str], guideline: Graph, rules: list[Graph]) -> None:
    records = turtle(f"ex:p a gp:Patient ; {text} .\nex:one a sn:SchmorlsNode . ex:two a sn:SchmorlsNode .")
    derived = derive(records, guideline, rules, AS_OF)
    assert set(derived.graph.objects(EX.p, SN.indexNode)) == {EX[name] for name in nodes}
    assert derived.derived == frozenset(set(derived.graph) - set(records.graph))
    assert derived.derived <= {(EX.p, SN.indexNode, EX.one)}
    assert not records.derived


RULE = """@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sh: <http://www.w3.org/ns/shacl#> .
@prefix ex: <https://example.org/> .
ex:shape a sh:NodeShape ; sh:targetClass gp:Patient ; sh:rule ex:rule .
ex:rule a sh:SPARQLRule ; sh:construct "CONSTRUCT { %s } WHERE { %s }" .
"""


def test_rules_run_until_nothing_is_new(guideline: Graph) -> None:
    steps = "".join(
        f"<https://example.org/n{i}> <https://example.org/next> <https://example.org/n{i + 1}> . " for i in range(5)
    )
    step = "?p <https://example.org/at> ?n . ?n <https://example.org/next> ?m"
    rule = read_text(
        RULE % ("$this <https://example.org/at> ?m", step.replace("?p", "$this")), "rule.ttl", imports=True
    )
    records = turtle(f"ex:p a gp:Patient ; ex:at ex:n0 . {steps}")
    assert len(derive(records, guideline, [rule.graph], AS_OF).derived) == 5


def test_rules_without_an_end_are_refused(guideline: Graph, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reference, "MAX_PASSES", 3)
    rule = read_text(RULE % ("$this <https://example.org/at> []", "$this a ?c"), "rule.ttl", imports=True)
    with pytest.raises(GuidelineError, match="endless-rules"):
        derive(turtle("ex:p a gp:Patient ."), guideline, [rule.graph], AS_OF)


def test_shapes_that_cannot_be_used_are_refused(guideline: Graph) -> None:
    rule = read_text(RULE.replace("sh:SPARQLRule", "ex:NoRule") % ("", ""), "rule.ttl", imports=True)
    with pytest.raises(GuidelineError, match="bad-shapes"):
        derive(turtle("ex:p a gp:Patient ."), guideline, [rule.graph], AS_OF)


# -- the shapes themselves --

SHACL = """
    NodeShape PropertyShape SPARQLConstraint SPARQLRule TripleRule Violation BlankNodeOrIRI IRI and class construct
    datatype declare hasValue inversePath maxCount maxInclusive message minCount minExclusive minInclusive namespace
    nodeKind oneOrMorePath or order path pattern prefix prefixes property qualifiedMaxCount qualifiedValueShape rule
    select severity sparql targetClass targetObjectsOf targetSubjectsOf zeroOrMorePath
"""


def shape_iris(graph: Graph) -> Iterator[URIRef]:
    for kind in (SH.NodeShape, SH.PropertyShape):
        yield from (s for s in graph.subjects(RDF.type, kind) if isinstance(s, URIRef))


@pytest.mark.parametrize("name", ["core", "record", "derivation"])
def test_every_shacl_term_exists(name: str) -> None:
    """A misspelt term would conform in silence."""
    used = {t for triple in shapes_of(name) for t in triple if isinstance(t, URIRef) and t.startswith(str(SH))}
    assert {str(term).removeprefix(str(SH)) for term in used} - {""} <= set(SHACL.split())


@pytest.mark.parametrize("name, prefix", [("core", GP), ("record", SN)])
def test_every_shape_says_its_fault_and_remedy(name: str, prefix: Namespace) -> None:
    graph = shapes_of(name)
    shapes = list(shape_iris(graph))
    assert shapes
    for shape in shapes:
        assert shape.startswith(f"{prefix}shape-")
        assert graph.value(shape, SH.severity) == SH.Violation
        for need in (RDFS.label, SH.message, SH.order, GP.remedy, GP.code):
            assert len(list(graph.objects(shape, need))) == 1, (shape, need)


@pytest.mark.parametrize("name", ["core", "record", "derivation"])
def test_every_shape_has_an_iri(name: str) -> None:
    graph = shapes_of(name)
    assert not [s for kind in (SH.NodeShape, SH.PropertyShape, SH.SPARQLRule) for s in graph.subjects(RDF.type, kind)
                if isinstance(s, BNode)]  # fmt: skip
    shaped = {o for p in (SH.property, SH.node, SH["not"], SH.qualifiedValueShape) for o in graph.objects(None, p)}
    listed = {o for p in (SH["and"], SH["or"]) for head in graph.objects(None, p) for o in graph.items(head)}
    assert not [shape for shape in shaped | listed if isinstance(shape, BNode)]


def test_the_terms_that_shapes_look_at_are_declared(guideline: Graph) -> None:
    for name in ("core", "record", "derivation"):
        graph = shapes_of(name)
        own = set(graph.subjects()) | {GP.code, GP.remedy}
        used = {t for triple in graph for t in triple if isinstance(t, URIRef) and t.startswith((str(GP), str(SN)))}
        assert not [t for t in used - own if (t, RDF.type, None) not in guideline]


def test_an_engine_without_our_code_gives_the_same_verdict(guideline: Graph, contract: list[Graph]) -> None:
    """Plain pySHACL over record, ontology and as-of date refuses exactly what the shapes refuse here."""
    shapes = contract[0] + contract[1]
    for text, expected in ((GOOD, True), ("ex:p a gp:Patient ; gp:hasFinding [ a sn:SpineMri ] .", False)):
        data = turtle(text).graph + guideline
        data.add((BNode(), GP.asOf, Literal(AS_OF)))
        assert pyshacl.validate(data, shacl_graph=shapes)[0] is expected
