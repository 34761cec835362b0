"""The terms that a query names."""

from __future__ import annotations

from reasoner.terms import PREFIXES
from reasoner.workbench.check.terms import terms_in_query


def test_terms_of_a_query() -> None:
    query = """PREFIX ex: <https://example.org/>
SELECT ?x # ex:no
WHERE { ?x a ex:One ; ex:two/^ex:three* "ex:no", 'ex:no' . <https://example.org/four> ex:five-1 _:ex:no .
  ?x gp:Statement . FILTER (?x != ex:six) }"""
    found = [(iri.rsplit("/", 1)[-1], line) for iri, line in terms_in_query(query, PREFIXES) if "example" in iri]
    assert found == [("", 0), ("One", 2), ("two", 2), ("three", 2), ("four", 2), ("five-1", 2), ("six", 3)]
