"""Which queries of rules are compiled to patterns, and which lie beyond."""

from __future__ import annotations

import pytest
from small_contract import (
    EX,
    background,
    rules_of,
    vocabulary,
)

from reasoner.records.contract_rules import compile_rules

RULES_BEYOND = {
    "a filter": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n . ?n :value ?v . FILTER (?v > 1) }",
    "a filter within": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n . "
    "FILTER NOT EXISTS { ?n :value ?v . FILTER (?v > 1) } FILTER NOT EXISTS { ?n :more ?w } }",
    "bound": "CONSTRUCT { ?p :value ?v } WHERE { ?p :has ?n . BIND (STR(?n) AS ?v) }",
    "optional": "CONSTRUCT { ?p :names ?m } WHERE { ?p :has ?n . OPTIONAL { ?n :names ?m } }",
    "either": "CONSTRUCT { ?p :names ?n } WHERE { { ?p :has ?n } UNION { ?p :also ?n } }",
    "minus": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n MINUS { ?n a :B } }",
    "a new node": "CONSTRUCT { ?p :has [ a :B ] } WHERE { ?p :value ?v }",
    "two patients": "CONSTRUCT { ?p :names ?q } WHERE { ?p a gp:Patient . ?q a gp:Patient }",
    "the date itself": "CONSTRUCT { ?p :more ?day } WHERE { $this gp:asOf ?day . ?p :has ?n }",
    "any type": "CONSTRUCT { ?p :names ?k } WHERE { ?p :has ?n . ?n a ?k }",
    "a type of the guideline": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n . ?n a :Kind }",
    "a path": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has/:names ?n }",
    "a limit": "CONSTRUCT { ?p :names ?n } WHERE { ?p :has ?n } LIMIT 1",
    "only two": "CONSTRUCT { ?p :names ?one } WHERE { { SELECT ?p (SAMPLE(?n) AS ?one) WHERE { ?p :has ?n } "
    "GROUP BY ?p HAVING (COUNT(?n) = 2) } }",
    "only one of several kinds": "CONSTRUCT { ?p :names ?one } WHERE { { SELECT ?p (SAMPLE(?n) AS ?one) WHERE { "
    "?kind rdfs:subClassOf* :Top . ?n a ?kind . ?p :has ?n } GROUP BY ?p HAVING (COUNT(?n) = 1) } }",
    "no SPARQL": "CONSTRUCT { ?p",
}


@pytest.mark.parametrize("name", RULES_BEYOND)
def test_rule_beyond_the_fragment(name: str) -> None:
    compiled, beyond = compile_rules(rules_of(RULES_BEYOND[name]), background(), vocabulary())
    assert not compiled and [one.shape for one in beyond] == [f"{EX}s"]
