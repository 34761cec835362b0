"""Files as statements by node; whatever is unusual is left to the reference."""

from __future__ import annotations

from pathlib import Path

import pytest

from reasoner.rdf import read_text
from reasoner.records.conversion import to_nodes
from reasoner.records.nodes import RecordSource, reachable, read, source_of, triples

HEAD = "@prefix gp: <https://w3id.org/guideproof/core#> . @prefix owl: <http://www.w3.org/2002/07/owl#> .\n"
GOOD = HEAD + "<urn:p> a gp:Patient ; gp:hasFinding [ <urn:n> 'é'@fr , 1.50 ] . <urn:e> a owl:NamedIndividual ."


def source(text: str, name: str = "r.ttl", format: str | None = None) -> RecordSource:
    return RecordSource(name, format, text.encode())


def test_statements_and_labels_are_those_of_the_reference() -> None:
    file = read([source(GOOD)])
    assert file is not None and file.subjects == {*file.nodes, "urn:e"}
    stated = [t for t in read_text(GOOD, "r.ttl").lines if str(t[0]) != "urn:e"]
    assert file.nodes == to_nodes(stated)


@pytest.mark.parametrize("text", [
    "<urn:p> a <urn:Nobody> .",
    HEAD + "<urn:p> a gp:Patient",
    HEAD + "<urn:p> a gp:Patient , [] .",
    HEAD + "<urn:p> a gp:Patient , <urn:C> . <urn:C> <urn:says> 1 .",
    HEAD + "<urn:p> a gp:Patient ; <urn:n> ' x'^^<http://www.w3.org/2001/XMLSchema#token> .",
    HEAD + "<urn:p> a gp:Patient ; <urn:n> <<( <urn:a> <urn:b> <urn:c> )>> .",
])  # fmt: skip
def test_what_the_reference_has_to_read(text: str) -> None:
    assert read([source(text)]) is None


@pytest.mark.parametrize("name, format", [("r.rdf", None), ("r.ttl", "jsonld"), ("r", None)])
def test_other_syntaxes(name: str, format: str | None) -> None:
    assert read([source(GOOD, name, format)]) is None


def test_several_files_may_not_describe_one_node() -> None:
    other = GOOD.replace("urn:p", "urn:q")
    assert read([source(GOOD), source(other.replace("urn:e", "urn:f"), "s.ttl")]) is not None
    assert read([source(GOOD), source(other, "s.ttl")]) is None


def test_a_file_that_cannot_be_read_has_no_data(tmp_path: Path) -> None:
    missing = source_of(tmp_path / "missing.ttl", None)
    assert missing.data is None and read([missing]) is None


def test_nodes_that_properties_lead_to() -> None:
    nodes = to_nodes(
        read_text(HEAD + "<urn:a> <urn:p> <urn:b> ; <urn:q> <urn:c> . <urn:b> <urn:p> <urn:a> .", "r.ttl").lines
    )
    assert reachable(nodes, "urn:a", frozenset({"urn:p"})) == ["urn:a", "urn:b"]
    assert list(triples(nodes, ["urn:b", "urn:x"])) == [("urn:b", "urn:p", "urn:a")]
