"""Queries read by rdflib: once for each text, by one thread at a time."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from reasoner.records.algebra import prefixed, read_query


def test_prefixes_that_every_query_has_and_those_that_are_declared() -> None:
    read = read_query(prefixed("SELECT ?s WHERE { ?s a ex:A ; rdfs:label ?l }", {"ex": "urn:ex#"}))
    assert read.algebra.name == "SelectQuery" and read.plainly_denied


@pytest.mark.parametrize("denied, plain", [
    ("?s ?p ?o . ?o ?q ?r", True), ("?s ?p ?o FILTER (?o > 1)", False), ("{ ?s ?p ?o } UNION { ?o ?p ?s }", False),
])  # fmt: skip
def test_what_a_denial_holds(denied: str, plain: bool) -> None:
    assert read_query(f"SELECT ?s WHERE {{ ?s ?p ?o FILTER NOT EXISTS {{ {denied} }} }}").plainly_denied is plain


def test_many_threads_read_the_same() -> None:
    texts = [f"SELECT ?s WHERE {{ ?s <urn:p{n % 10}> ?o{n} . FILTER (?o{n} > {n}) }}" for n in range(60)]
    with ThreadPoolExecutor(8) as threads:
        found = list(threads.map(lambda text: read_query(text).algebra.name, texts))
    assert found == ["SelectQuery"] * 60
    assert read_query(texts[0]) is read_query(texts[0])
