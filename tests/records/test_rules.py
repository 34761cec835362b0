"""Compiled rules: each form of query against pySHACL, on random records."""

from __future__ import annotations

import pytest
from small_contract import (
    EX,
    PREFIXES,
    TODAY,
    background,
    records,
    rules_of,
    taxonomy,
    vocabulary,
)

from reasoner.rdf import read_text
from reasoner.records.constraints import Needs
from reasoner.records.contract import Contract
from reasoner.records.contract_rules import compile_rules
from reasoner.records.conversion import plain_triple
from reasoner.records.nodes import NeedsReferenceError, Nodes, RecordSource, read
from reasoner.records.record import gather
from reasoner.records.reference import derive
from reasoner.records.rules import CompiledRules

RULES = {
    "one pattern": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n }",
    "a constant": "CONSTRUCT { ?p :names :i } WHERE { ?p :has ?n . ?n a :B }",
    "a class and all below": "CONSTRUCT { ?n a :Top } WHERE { ?kind rdfs:subClassOf* :A . ?n a ?kind . ?p :has ?n }",
    "a common value": "CONSTRUCT { ?n :also ?m } WHERE { ?p :has ?n ; :also ?m . ?n :names ?x . ?m :names ?x }",
    "not where": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n . FILTER NOT EXISTS { ?n a :B } }",
    "neither": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n . FILTER NOT EXISTS { ?n :value ?v } "
    "FILTER NOT EXISTS { ?n a ?k . ?k rdfs:subClassOf* :A } }",
    "again and again": "CONSTRUCT { ?p :has ?m } WHERE { ?p :has ?n . ?n :names ?m . ?m a :A }",
    "as of": "CONSTRUCT { ?p :names ?n } WHERE { $this gp:asOf ?day . ?p :has ?n }",
    "the only one": "CONSTRUCT { ?p :names ?one } WHERE { { SELECT $this ?p (SAMPLE(?n) AS ?one) WHERE { "
    "$this gp:asOf ?day . ?p :has ?n . ?n a :A } GROUP BY $this ?p HAVING (COUNT(?n) = 1) } }",
}


@pytest.mark.parametrize("name", RULES)
def test_rule(name: str) -> None:
    graph = rules_of(RULES[name])
    compiled, beyond = compile_rules(graph, background(), vocabulary())
    assert not beyond
    contract = Contract(vocabulary(), (), (), compiled, (), background().supers())
    rules, given = CompiledRules(contract, Needs(contract)), 0
    for text in records(len(name), size=2):
        file = read([RecordSource("record.ttl", None, text.encode())])
        assert file is not None
        expected = derive(gather([read_text(text, "record.ttl")]), taxonomy(), [graph], TODAY).derived
        ran = [rules.run_matched(file.nodes, f"urn:p{n}", group(n, file.nodes), 0) for n in range(2)]
        found = {triple for completion in ran if completion for triple in completion.derived}
        assert found == {plain_triple(triple) for triple in expected}, text
        given += bool(found)
    assert given > 0


def group(number: int, nodes: Nodes) -> list[str]:
    """The nodes of one of the patients of a record."""
    said = nodes[f"urn:p{number}"]
    linked = {node for p in (f"{EX}has", f"{EX}also") for node in said.get(p, {})}
    return [f"urn:p{number}", *(node for node in nodes if node in linked)]


def test_a_literal_in_two_places_is_left_to_the_reference() -> None:
    """Whether "1" and "01" are one value is for the store to say."""
    query = "CONSTRUCT { ?n :also ?m } WHERE { ?p :has ?n , ?m . ?n :value ?x . ?m :more ?x }"
    compiled, _ = compile_rules(rules_of(query), background(), vocabulary())
    contract = Contract(vocabulary(), (), (), compiled, (), {})
    text = (
        PREFIXES + "<urn:p0> a gp:Patient ; :has <urn:n0.0> , <urn:n0.1> . <urn:n0.0> :value 1 . <urn:n0.1> :more 01 ."
    )
    file = read([RecordSource("record.ttl", None, text.encode())])
    assert file is not None
    with pytest.raises(NeedsReferenceError):
        CompiledRules(contract, Needs(contract)).run_matched(file.nodes, "urn:p0", list(file.nodes), 0)
