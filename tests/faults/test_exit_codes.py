"""Exit codes mean what the README says: 2 for bad input, 3 never for one; what is given by mistake is named."""

from __future__ import annotations

import gzip
import io
import json
import zipfile
from pathlib import Path

import polars as pl
import pytest

from faults.outcomes import AS_OF, PREFIXES, TINY, Outcome, added, cases, coded, copied, guideproof

INTERNAL = "bad input ends in an internal error"
UNNAMED = "what was given by mistake is not named"
PLANT = TINY / "records" / "dry.ttl"
OURS = ("--guideline", TINY)

# -- bindings of a query --

BINDINGS: dict[str, bytes] = {
    "sNaN": b"x=sNaN",
    "NaN": b"x=NaN",
    "-sNaN1": b"x=-sNaN1",
    "Infinity": b"x=Infinity",
    "huge exponent": b"x=1e999999999999999999",
    "invalid UTF-8": b"x=\xff\xfe",
    "invalid UTF-8 in an IRI": b"x=<https://example.org/\xe9>",
    "invalid UTF-8 in the name": b"\xff=1",
    "no value": b"x=",
    "no name": b"=1",
    "no sign": b"x",
    "blank in an IRI": b"x=<a b>",
    "open string": b'x="a',
    "undeclared prefix": b"x=nobody:a",
    "another variable": b"unknown=1",
    "line": b'x="a\nb"',
}


@pytest.mark.parametrize("binding", cases(BINDINGS, "", INTERNAL))
def test_a_binding(tmp_path: Path, binding: bytes) -> None:
    (tmp_path / "q.rq").write_text("SELECT ?x WHERE { ?x ?p ?o }", "utf-8")
    outcome = guideproof("query", tmp_path / "q.rq", *OURS, "--bind", binding.decode(errors="surrogateescape"))
    assert outcome.code == 0 or coded(outcome)


# -- shapes and rules in SPARQL --

CONSTRAINT = """
pot:shape-Own a sh:NodeShape ; rdfs:label "x"@en ; sh:severity sh:Violation ; sh:order 4 ; sh:message "no"@en ;
    gp:remedy "change it"@en ; gp:code "own" ; sh:targetClass gp:Patient ; sh:sparql [ sh:select "%s" ] .
"""
RULE = """
pot:shape-Rule a sh:NodeShape ; rdfs:label "x"@en ; sh:targetClass gp:Patient ;
    sh:rule [ a sh:SPARQLRule ; sh:construct "%s" ] .
"""
SPARQL = {
    "GRAPH": CONSTRAINT % "SELECT $this WHERE { GRAPH ?g { $this ?p ?o } }",
    "FROM NAMED": CONSTRAINT % "SELECT $this FROM NAMED <https://example.org/g> WHERE { $this ?p ?o }",
    "SERVICE": CONSTRAINT % "SELECT $this WHERE { SERVICE <https://example.org/s> { $this ?p ?o } }",
    "no query": CONSTRAINT % "not a query",
    "ASK": CONSTRAINT % "ASK { $this ?p ?o }",
    "constraint with an undeclared prefix": CONSTRAINT % "SELECT $this WHERE { $this nobody:p ?o }",
    "rule with an undeclared prefix": RULE % "CONSTRUCT { $this nobody:p 1 } WHERE { $this ?p ?o }",
    "rule that is none": RULE % "CONSTRUCT",
    "rule with GRAPH": RULE % "CONSTRUCT { $this gp:lacksFinding 1 } WHERE { GRAPH ?g { $this ?p ?o } }",
}


@pytest.mark.parametrize("text", cases(SPARQL, "", INTERNAL))
def test_sparql_of_an_author(tmp_path: Path, text: str) -> None:
    root = added(copied(tmp_path, TINY), "shapes/record.ttl", text)
    (tmp_path / "p.ttl").write_text(PREFIXES + "ex:p a gp:Patient ; gp:lacksFinding pot:SoggySoil .", "utf-8")
    outcome = guideproof("classify", tmp_path / "p.ttl", "--guideline", root)
    assert coded(outcome) and "shapes/record.ttl" in outcome.err


# -- tables that are broken --


def table(path: Path) -> bytes:
    """A table of plants as Parquet."""
    pl.DataFrame(
        {"patient": [f"https://example.org/p{n}" for n in range(40)], "pot:SoggySoil": [True, None] * 20}
    ).write_parquet(path)
    return path.read_bytes()


def batch(root: Path, name: str, content: bytes) -> Outcome:
    (root / name).write_bytes(content)
    return guideproof("batch", root / name, root / "a.csv", *OURS, "--as-of", AS_OF, memory=None)


@pytest.mark.parametrize("where", [4, 0.2, 0.5, 0.8, 0.9, 0.95, -9])
def test_a_flipped_bit_of_a_table(tmp_path: Path, where: float) -> None:
    content = bytearray(table(tmp_path / "whole.parquet"))
    content[int(where * len(content)) if isinstance(where, float) else where] ^= 0x80
    outcome = batch(tmp_path, "ward.parquet", bytes(content))
    assert outcome.code == 0 or coded(outcome)


@pytest.mark.parametrize("kept", [0, 3, 100, 0.5, 0.99])
def test_a_table_that_is_cut_off(tmp_path: Path, kept: float) -> None:
    content = table(tmp_path / "whole.parquet")
    cut = int(kept * len(content)) if isinstance(kept, float) else kept
    assert coded(batch(tmp_path, "ward.parquet", content[:cut]))


# -- what is given by mistake --


def workbook() -> bytes:
    """What stands at the beginning of a file of Excel, as far as anybody reads it."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as folder:
        folder.writestr("[Content_Types].xml", "<Types/>")
        folder.writestr("xl/workbook.xml", "<workbook/>")
    return file.getvalue()


BUNDLE = json.dumps(
    {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}
)
MISTAKEN: dict[str, tuple[str, bytes, str]] = {
    "FHIR": ("p.json", BUNDLE.encode(), "FHIR"),
    "FHIR as JSON-LD": ("p.jsonld", b'{"resourceType": "Patient", "id": "1"}', "FHIR"),
    "Excel": ("p.xlsx", workbook(), "Excel"),
    "Excel as CSV": ("p.csv", workbook(), "Excel"),
    "Excel as Turtle": ("p.ttl", workbook(), "Excel"),
    "gzip": ("p.ttl.gz", gzip.compress(PLANT.read_bytes()), "gzip"),
    "gzip as Turtle": ("p.ttl", gzip.compress(PLANT.read_bytes()), "gzip"),
    "gzip as CSV": ("p.csv", gzip.compress(b"patient\n"), "gzip"),
    "HDT": ("p.hdt", b"$HDT\x01<http://purl.org/HDT/hdt#HDTv1>\x00", "HDT"),
    "HDT as N-Triples": ("p.nt", b"$HDT\x01<http://purl.org/HDT/hdt#HDTv1>\x00", "HDT"),
    "semicolons": ("p.csv", b"patient;pot:SoggySoil\nhttps://example.org/p;true\n", "semicolon"),
    "semicolons and commas": ("p.csv", b"patient;pot:dryDays.low\nhttps://example.org/p;3,5\n", "semicolon"),
}
BATCHED = (".csv",)


@pytest.mark.parametrize("mistaken", MISTAKEN.values(), ids=MISTAKEN)
def test_what_was_given_by_mistake_is_named(tmp_path: Path, mistaken: tuple[str, bytes, str]) -> None:
    name, content, called = mistaken
    if name.endswith(BATCHED):
        outcome = batch(tmp_path, name, content)
    else:
        (tmp_path / name).write_bytes(content)
        outcome = guideproof("classify", tmp_path / name, *OURS)
    assert coded(outcome) and (called in outcome.err or called.capitalize() in outcome.err)


@pytest.mark.parametrize("kept", [0.3, 0.6, 0.9])
def test_a_record_that_is_cut_off(tmp_path: Path, kept: float) -> None:
    content = PLANT.read_bytes()
    (tmp_path / "p.ttl").write_bytes(content[: int(kept * len(content))])
    assert coded(guideproof("classify", tmp_path / "p.ttl", *OURS)) == ["syntax-error"]
