"""A term passes a test, fails it, or leaves it open."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reasoner.records.conform import XSD, Term, passes, term_of
from reasoner.records.contract import All, Among, AnyOf, Between, Fails, InClass, Matches, OfDatatype, OfKind, Test

NODE, IRI, BLANK = Term("node", "", classes=frozenset({"urn:A"})), Term("iri", "urn:x"), Term("blank", "_:b")
TEN = Between(Decimal(1), False, Decimal(10), True)


def number(text: str, datatype: str = "integer") -> Term:
    return Term("literal", text, XSD + datatype)


@pytest.mark.parametrize("test, term, expected", [
    (OfKind(("iri",)), IRI, True), (OfKind(("iri",)), BLANK, False), (OfKind(("iri",)), NODE, None),
    (OfKind(("iri", "blank")), NODE, True),
    (OfDatatype(XSD + "integer"), number("5"), True), (OfDatatype(XSD + "integer"), number("x"), False),
    (OfDatatype(XSD + "integer"), number("5", "decimal"), False), (OfDatatype(XSD + "date"), IRI, False),
    (OfDatatype(XSD + "date"), number("2026-02-31", "date"), False),
    (OfDatatype(XSD + "int"), number("5", "int"), None),
    (TEN, number("1"), True), (TEN, number("10"), False), (TEN, number("9.99", "decimal"), True),
    (TEN, number("1e1", "double"), False), (TEN, number("x"), None), (TEN, IRI, False),
    (Matches("^urn:"), IRI, True), (Matches("^urn:"), BLANK, False), (Matches("^urn:"), NODE, None),
    (Among(("urn:x",)), IRI, True), (Among(("urn:y",)), IRI, False), (Among(("urn:y",)), NODE, None),
    (InClass(("urn:A",), ()), NODE, True), (InClass(("urn:B",), ("urn:x",)), IRI, True),
    (InClass(("urn:B",), ()), NODE, False),
    (All((OfKind(("iri",)), Among(("urn:y",)))), NODE, None), (All((OfKind(("blank",)), TEN)), IRI, False),
    (AnyOf((OfKind(("iri",)), TEN)), NODE, None), (AnyOf((OfKind(("iri",)), TEN)), IRI, True),
    (Fails(TEN), number("11"), True), (Fails(Among(("urn:y",))), NODE, None),
])  # fmt: skip
def test_verdicts(test: Test, term: Term, expected: bool | None) -> None:
    assert passes(test, term) is expected


@pytest.mark.parametrize("written, expected", [
    ("<urn:\\u00e9>", Term("iri", "urn:é")), ("_:b1", Term("blank", "_:b1")),
    ('"a\\n\\"b\\""', Term("literal", 'a\n"b"', XSD + "string")), ('"a"@en', Term("literal", "a", "@")),
    (f'"5"^^<{XSD}integer>', number("5")),
])  # fmt: skip
def test_terms_as_n_triples_write_them(written: str, expected: Term) -> None:
    assert term_of(written) == expected
