"""Class expressions in the Manchester syntax, whole and in brief."""

from __future__ import annotations

from decimal import Decimal

import pytest

from reasoner.logic.expressions import BOTTOM, TOP, And, AtomLeaf, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT
from reasoner.render.manchester import ExpressionWriter, plain_number
from reasoner.terms import local_name

A, B, PATIENT = Name("urn:ex/A"), Name("urn:ex/B"), Name(ROOT)
FIVE = Threshold("urn:ex/p", ((">=", Decimal("5.0")),))


@pytest.mark.parametrize(("expr", "whole", "brief"), [
    (A, "A", "A"),
    (And((A, B)), "A and B", "(A and B)"),
    (Or((A, And((B, A)))), "A or (B and A)", "(A or (B and A))"),
    (Not(A), "not A", "not A"),
    (Not(Or((A, B))), "not (A or B)", "not (A or B)"),
    (Some("urn:ex/p", A), "p some A", "p A"),
    (Some("urn:ex/p", And((A, B))), "p some (A and B)", "p (A and B)"),
    (And((PATIENT, Some("urn:ex/p", A))), "Patient and (p some A)", "p A"),
    (HasValue("urn:ex/p", "urn:ex/i"), "p value i", "p i"),
    (FIVE, "p some xsd:decimal[>= 5]", "p >= 5.0"),
    (Threshold("urn:ex/p", ((">", Decimal("0.50")), ("<", Decimal("1E+1")))), "p some xsd:decimal[> 0.5, < 10]",
     "p > 0.50 and p < 1E+1"),
    (Threshold("urn:ex/p", ()), "p some xsd:decimal", "p"),
    (TOP, "owl:Thing", "anyone"),
    (BOTTOM, "owl:Nothing", "anyone"),
])  # fmt: skip
def test_expressions(expr: Expr, whole: str, brief: str) -> None:
    writer = ExpressionWriter(local_name)
    assert (writer.whole(expr), writer.brief(expr)) == (whole, brief)


@pytest.mark.parametrize(("atom", "text"), [
    (Atom(("urn:ex/p",), "class", "urn:ex/A"), "p A"),
    (Atom((), "class", "urn:ex/A"), "A"),
    (Atom(("urn:ex/p", "urn:ex/q"), "exists"), "p q has a value"),
    (Atom(("urn:ex/p",), "above", bound=Decimal("5.0"), strict=True), "p > 5.0"),
])  # fmt: skip
def test_translated_expressions_are_written_by_their_atoms(atom: Atom, text: str) -> None:
    writer = ExpressionWriter(local_name, [atom])
    assert writer.brief(Not(AtomLeaf(0))) == f"not {text}"
    with pytest.raises(TypeError):
        writer.whole(AtomLeaf(0))


def test_numbers_are_written_in_plain_digits() -> None:
    assert [plain_number(Decimal(text)) for text in ("5.0", "5", "0.50", "1E+2", "100")] == [
        "5",
        "5",
        "0.5",
        "100",
        "100",
    ]
