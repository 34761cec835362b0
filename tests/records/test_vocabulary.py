"""Which properties and objects a record may use, by the namespaces and the terms of a guideline."""

from __future__ import annotations

import pytest
from small_contract import EX, vocabulary

from reasoner.records.contract import TYPE
from reasoner.records.vocabulary import AS_OF_DATE, OWL, RDFS, PermittedTerms

TERMS = PermittedTerms(vocabulary())


@pytest.mark.parametrize("iri, expected", [
    (f"{EX}A", True), (f"{EX}nobody", True), (EX.upper().replace("HTTPS", "http") + "A", True),
    (EX.replace("#", "/") + "A", True), ("urn:other", False),
])  # fmt: skip
def test_a_slip_does_not_leave_the_namespace(iri: str, expected: bool) -> None:
    assert TERMS.in_namespace(iri) is expected


@pytest.mark.parametrize("iri, expected", [
    (f"{EX}has", True), (f"{EX}A", False), (f"{EX}hass", False), ("urn:note", True), (AS_OF_DATE, False),
    (f"{RDFS}subClassOf", False), (f"{RDFS}label", True), (f"{OWL}sameAs", False), (f"{OWL}versionInfo", True),
])  # fmt: skip
def test_properties(iri: str, expected: bool) -> None:
    assert TERMS.permits_property(iri) is expected


@pytest.mark.parametrize("p, iri, expected", [
    (TYPE, f"{EX}A", True), (TYPE, f"{EX}i", False), (TYPE, f"{OWL}Class", False), (TYPE, "urn:Other", True),
    (f"{EX}names", f"{EX}i", True), (f"{EX}names", f"{EX}x", False), (f"{EX}has", f"{EX}i", False),
    (f"{EX}has", f"{EX}A", True), ("urn:note", f"{EX}x", False), ("urn:note", "urn:x", True),
])  # fmt: skip
def test_objects(p: str, iri: str, expected: bool) -> None:
    assert TERMS.permits_object(p, iri) is expected
