"""Reading one RDF file: whole or not at all, every fault with its line, and literals as they are written."""

from __future__ import annotations

import io
import logging
import subprocess
import sys
import warnings
from pathlib import Path
from types import SimpleNamespace

import pytest
from rdflib import RDF, XSD, BNode, Graph, Literal, URIRef

from reasoner.errors import GuidelineError, RecordError
from reasoner.rdf import read_graph, read_text
from reasoner.rdf_checks import MAX_DEPTH, MAX_LINKED

P = URIRef("https://example.org/p")
S = URIRef("https://example.org/s")
XSD_PREFIX = f"@prefix xsd: <{XSD}> .\n"


def values(*literals: str) -> list[Literal]:
    """The literals as they are read, in their order."""
    objects = [read_text(f"{XSD_PREFIX}<{S}> <{P}> {text} .", "x.ttl").graph.value(S, P) for text in literals]
    assert all(isinstance(one, Literal) for one in objects)
    return objects  # type: ignore[return-value]


def refused(text: str, name: str = "x.ttl") -> tuple[str, int | None]:
    """The code and the line of what is refused."""
    with pytest.raises(RecordError) as error:
        read_text(text, name)
    assert error.value.problem.file == name
    return error.value.problem.code, error.value.problem.line


# -- literals --

ILL_TYPED = [
    ("NaN", XSD.decimal),
    ("1e3", XSD.decimal),
    ("", XSD.decimal),
    ("maybe", XSD.boolean),
    ("TRUE", XSD.boolean),
    ("x", XSD.integer),
    ("2026-13-01", XSD.date),
    ("soon", XSD.dateTime),
    ("<", RDF.XMLLiteral),
]


@pytest.mark.parametrize(("text", "datatype"), ILL_TYPED)
def test_an_ill_typed_literal_has_no_value_and_is_not_logged(
    text: str, datatype: URIRef, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), warnings.catch_warnings():
        warnings.simplefilter("error")
        [literal] = values(f'"{text}"^^<{datatype}>')
        assert (str(literal), literal.datatype, literal.value, literal.ill_typed) == (text, datatype, None, True)
    assert caplog.records == []


@pytest.mark.parametrize(("text", "datatype"), ILL_TYPED)
def test_an_ill_typed_literal_is_a_term_like_others(text: str, datatype: URIRef) -> None:
    [literal, again] = values(f'"{text}"^^<{datatype}>', f'"{text}"^^<{datatype}>')
    assert literal == again and hash(literal) == hash(again)
    assert literal not in values(f'"{text}"', '"other"')
    graph = Graph().add((S, P, literal))
    assert (S, P, again) in graph
    assert f'"{text}"^^<{datatype}>' in graph.serialize(format="nt")


@pytest.mark.parametrize(
    ("text", "value"),
    [('"1.50"^^xsd:decimal', "1.50"), ('"01"^^xsd:integer', "01"), ('"1"^^xsd:boolean', "1"), ("1.0e0", "1.0e0"),
     ('"x"@EN', "x"), ('"x"^^xsd:string', "x"), ('"x"^^<urn:d>', "x")],
)  # fmt: skip
def test_literals_keep_their_form(text: str, value: str) -> None:
    [literal] = values(text)
    assert str(literal) == value and not literal.ill_typed


def test_out_of_range_is_ill_typed() -> None:
    assert [literal.ill_typed for literal in values('"300"^^xsd:byte', '"-1"^^xsd:unsignedInt')] == [True, True]


def test_strings_are_plain_literals() -> None:
    assert values('"x"^^xsd:string', '"x"') == [Literal("x"), Literal("x")]


def test_importing_it_changes_nothing_of_the_process() -> None:
    code = (
        "import logging, warnings; before = logging.root.level, list(warnings.filters); import rdflib;"
        "levels = {n: l.level for n, l in logging.Logger.manager.loggerDict.items() if hasattr(l, 'level')};"
        "filters = list(warnings.filters); import reasoner.rdf; "
        "assert filters == list(warnings.filters); "
        "assert all(logging.getLogger(n).level == level for n, level in levels.items())"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


# -- lines and names --


def test_lines_of_statements() -> None:
    parsed = read_text(f"<{S}> <{P}> 1 ,\n  2 .\n<{P}> a <{S}> .\n", "x.ttl")
    one, two = sorted(parsed.graph.objects(S, P))
    assert [parsed.line_of(S, P, value) for value in (one, two)] == [1, 2]
    assert (parsed.line_of(S), parsed.line_of(P), parsed.line_of(None, RDF.type)) == (1, 3, 3)
    assert parsed.line_of(URIRef("urn:nobody")) is None


def test_blank_nodes_depend_on_the_file_alone() -> None:
    text = f"[] <{P}> [] ."
    one, other = (set(read_text(text, "x.ttl").graph) for _ in range(2))
    assert one == other != set(read_text(text, "y.ttl").graph)
    assert all(isinstance(term, BNode) for s, _, o in one for term in (s, o))


def test_prefixes_are_those_of_the_file() -> None:
    parsed = read_text(f"@prefix e: <urn:e:> . e:a e:b e:c . <{S}> <{P}> 1 .", "x.ttl")
    assert parsed.prefixes == {"e": "urn:e:"}
    assert dict(parsed.graph.namespaces()) == {"e": URIRef("urn:e:")}


# -- what is refused --


@pytest.mark.parametrize(
    ("text", "name", "code", "line"),
    [
        ("", "x.ttl", "empty-file", None),
        ("# nothing\n", "x.ttl", "no-triples", None),
        (f"<{S}> <{P}> 1 .\n<{S}> <{P}> .\n", "x.ttl", "syntax-error", 2),
        (f"<{S}> <{P}> 1 .\n<a> <{P}> 1 .\n", "x.ttl", "relative-iri", 2),
        (f"<{S}> => <{P}> .", "x.ttl", "n3-syntax", 1),
        (f"<{S}> <{P}> 1 .", "x.txt", "unknown-format", None),
        (f"<{S}> <{P}> 1 .", "x", "unknown-format", None),
        (f"<{S}> <http://www.w3.org/2002/07/owl#imports> <{P}> .", "x.ttl", "owl-imports", 1),
        (f"<{S}> <{P}> <<( <{S}> <{P}> 1 )>> .", "x.ttl", "rdf-12", 1),
        ('{"@context": "https://example.org/context"}', "x.jsonld", "remote-context", None),
        ('{"@id": "urn:x", "name": 1}', "x.jsonld", "undefined-term", None),
        ('{"@id": "urn:x",\n "name" 1}', "x.jsonld", "syntax-error", 2),
        ("[" * (MAX_DEPTH + 1), "x.jsonld", "too-deep", None),
        ('<?xml version="1.0"?>\n<!DOCTYPE x [<!ENTITY e "e">]>\n<x/>', "x.rdf", "xml-entity", 2),
        ('<?xml version="1.0" encoding="latin-1"?><x/>', "x.rdf", "not-utf8", 1),
        ("<x>\n<y></x>", "x.rdf", "syntax-error", 2),
    ],
)
def test_faults_have_a_code_and_a_line(text: str, name: str, code: str, line: int | None) -> None:
    assert refused(text, name) == (code, line)


def test_nodes_may_not_be_nested_without_end() -> None:
    def nested(depth: int) -> str:
        return "".join(f"_:b{n} <{P}> _:b{n + 1} .\n" for n in range(depth))

    read_text(nested(MAX_LINKED - 1), "x.nt")
    assert refused(nested(MAX_LINKED + 2), "x.nt")[0] == "too-deep"
    with pytest.raises(GuidelineError, match="too-deep"):
        read_text(nested(MAX_DEPTH + 2), "x.nt", imports=True)


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(RecordError) as error:
        read_text(b"<urn:a> <urn:b> 1 .\n\xff", "x.ttl")
    assert (error.value.problem.code, error.value.problem.line) == ("not-utf8", 2)


@pytest.mark.parametrize("name", ["no-such.ttl", "folder"])
def test_files_that_cannot_be_read(name: str, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    for imports, kind in ((False, RecordError), (True, GuidelineError)):
        with pytest.raises(kind) as error:
            read_graph(tmp_path / name, imports=imports)
        assert error.value.problem.code == {"folder": "is-a-directory"}.get(name, "no-such-file")


def test_a_file_and_standard_input(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = f"<{S}> <{P}> 1 .".encode()
    (tmp_path / "x.ttl").write_bytes(text)
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(text)))
    assert set(read_graph(tmp_path / "x.ttl").graph) == set(read_graph("-").graph)


def test_a_guideline_may_import() -> None:
    text = f"<{S}> <http://www.w3.org/2002/07/owl#imports> <{P}> ."
    assert len(read_text(text, "x.ttl", imports=True).graph) == 1
