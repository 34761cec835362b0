"""IRIs as people read and write them."""

from __future__ import annotations

import pytest
from rdflib import Namespace, URIRef

from reasoner import terms
from reasoner.terms import CITO, CORE, GP, PREFIXES, curie, expand, local_name, shorten

OWN = {"ex": "https://example.org/", "exa": "https://example.org/a#", "gp": CORE}


@pytest.mark.parametrize(
    ("iri", "short"),
    [
        ("https://example.org/x", "ex:x"),
        ("https://example.org/a#x", "exa:x"),
        ("https://example.org/a#x-1_2.3", "exa:x-1_2.3"),
        ("https://example.org/", "https://example.org/"),
        ("https://example.org/x/y", "https://example.org/x/y"),
        ("urn:x", "urn:x"),
    ],
)
def test_curies(iri: str, short: str) -> None:
    assert curie(iri, OWN) == short
    assert expand(short, OWN) == iri


@pytest.mark.parametrize(
    ("name", "iri"),
    [
        ("<urn:x>", "urn:x"),
        ("gp:Patient", f"{CORE}Patient"),
        ("https://example.org/x", "https://example.org/x"),
        ("urn:x", "urn:x"),
        ("no:thing", None),
        ("thing", None),
        ("", None),
    ],
)
def test_names_are_expanded(name: str, iri: str | None) -> None:
    assert expand(name, OWN) == iri


def test_a_prefix_that_is_a_scheme_leaves_iris_alone() -> None:
    assert expand("http://x", {"http": "urn:p:"}) == "http://x"


def test_texts_are_shortened_by_the_longest_namespace() -> None:
    text = "see https://example.org/a#b and https://example.org/c"
    assert shorten(text, OWN) == "see exa:b and ex:c"


@pytest.mark.parametrize(
    ("iri", "name"), [("urn:a#b", "b"), ("urn:/a/b", "b"), ("urn:a/b#c/d", "d"), ("urn:a", "urn:a")]
)
def test_local_names(iri: str, name: str) -> None:
    assert local_name(iri) == name


def test_namespaces_are_those_of_the_prefixes() -> None:
    assert isinstance(GP, Namespace) and str(GP) == PREFIXES["gp"] == CORE
    assert CITO.citesAsEvidence == URIRef(f"{PREFIXES['cito']}citesAsEvidence")
    assert terms.GP is GP
    with pytest.raises(AttributeError):
        terms.nothing_of_the_kind  # noqa: B018
