"""`guideproof owl`: what it prints, and its exit codes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from rdflib import OWL, RDF, Graph

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "reasoner.cli", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT, timeout=120)


def test_a_record_and_what_is_assumed_are_two_ontologies() -> None:
    record, assumed = (Graph().parse(data=run("owl", EXAMPLE, *more).stdout) for more in ([], ["--assumptions"]))
    (name,) = record.subjects(RDF.type, OWL.Ontology)
    assert list(assumed.objects(predicate=OWL.imports)) == [name] and len(record) > 20


def test_a_refused_record_leaves_exit_code_2(tmp_path: Path) -> None:
    bad = tmp_path / "bad.ttl"
    bad.write_text("@prefix gp: <https://w3id.org/guideproof/core#> . <urn:p> a gp:Patient ; gp:hasFindingg [] .")
    done = run("owl", bad)
    assert done.returncode == 2 and "error [" in done.stderr


def test_a_base_that_begins_no_iri_is_refused() -> None:
    assert "bad-base" in run("owl", EXAMPLE, "--base", "no base").stderr
