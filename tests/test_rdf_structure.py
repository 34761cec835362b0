"""Lists that are none, and nodes that are part of themselves: refused in a guideline, harmless in a record."""

from __future__ import annotations

import pytest

from reasoner.errors import GuidelineError
from reasoner.rdf import read_text

RDF = "@prefix rdf: <http://www.w3.org/1999/02/22-rdf-syntax-ns#> .\n"
BAD = {
    "no end": ("<urn:a> <urn:p> _:l . _:l rdf:first 1 .", "bad-list"),
    "two ends": ("<urn:a> <urn:p> _:l . _:l rdf:first 1 ; rdf:rest () , ( 2 ) .", "bad-list"),
    "no member": ("<urn:a> <urn:p> _:l . _:l rdf:rest () .", "bad-list"),
    "goes on": ("<urn:a> <urn:p> _:l . _:l rdf:first 1 ; rdf:rest _:l .", "cyclic-nodes"),
    "part of itself": ("_:a <urn:p> _:b . _:b <urn:p> _:a .", "cyclic-nodes"),
}
GOOD = ("<urn:a> <urn:p> ( 1 ( 2 3 ) [ <urn:p> ( ) ] ) .", "_:a <urn:p> _:b , _:c . _:b <urn:p> _:c .")


@pytest.mark.parametrize(("text", "code"), BAD.values(), ids=BAD)
def test_a_guideline_has_none(text: str, code: str) -> None:
    with pytest.raises(GuidelineError) as error:
        read_text(RDF + text, "x.ttl", imports=True)
    assert (error.value.problem.code, error.value.problem.line) == (code, 2)


@pytest.mark.parametrize("text", [text for text, _ in BAD.values()], ids=BAD)
def test_a_record_may_have_them(text: str) -> None:
    assert read_text(RDF + text, "x.ttl").lines


@pytest.mark.parametrize("text", GOOD)
def test_lists_within_lists_and_shared_nodes_are_fine(text: str) -> None:
    assert read_text(RDF + text, "x.ttl", imports=True).lines
