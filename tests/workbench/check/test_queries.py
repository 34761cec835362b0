"""Queries: columns that stay empty, and a guideline's own questions."""

from __future__ import annotations

from pathlib import Path

import pytest
from check_runs import quickly
from conftest import TESTS

from reasoner.workbench.check.check import check
from reasoner.workbench.check.queries import unbound
from reasoner.workbench.finding import Severity

TINY = TESTS / "tiny"


@pytest.mark.parametrize(("query", "columns"), [
    ("SELECT ?a WHERE { ?a ?b ?c }", []),
    ("SELECT ?x WHERE { ?a ?b ?c } ORDER BY ?x", ["x"]),
    ("SELECT (COUNT(?x) AS ?n) ?a { ?a ?b ?c }", []),
    ("SELECT ?a # ?x\n ?y WHERE { ?a ?b '?y' }", ["y"]),
    ("SELECT * WHERE { ?a ?b ?c }", []),
    ("CONSTRUCT { ?a ?b ?c } WHERE { ?a ?b ?c }", []),
])  # fmt: skip
def test_columns_that_nothing_binds(query: str, columns: list[str]) -> None:
    assert [name for name, _ in unbound(query)] == columns


OWN = """# Problem: a class has a long label
# Solution: shorten it
# Severity: info

PREFIX rdfs: <http://www.w3.org/2000/01/rdf-schema#>
SELECT ?term ?property ?value ?detail
WHERE {
  VALUES ?property { rdfs:label }
  ?term ?property ?value .
  FILTER (STR(?value) = "soggy soil")
  BIND (STRLEN(?value) AS ?detail)
}
"""


def test_a_guideline_can_bring_its_own_quality_queries(tmp_path: Path) -> None:
    for folder in ("ontology", "shapes"):
        (tmp_path / folder).mkdir()
        for path in (TINY / folder).glob("*.ttl"):
            (tmp_path / folder / path.name).write_text(path.read_text("utf-8"), "utf-8")
    (tmp_path / "queries" / "qc").mkdir(parents=True)
    (tmp_path / "queries" / "qc" / "long-label.rq").write_text(OWN, "utf-8")
    report = check(tmp_path, quickly())
    (finding,) = report.findings
    assert (finding.code, finding.severity, finding.what) == (
        "long-label", Severity.INFO, "a class has a long label: 10")  # fmt: skip
    assert finding.docs == "queries/qc/long-label.rq"
    assert 'rdfs:label "soggy soil"@en' in (tmp_path / finding.file).read_text("utf-8").splitlines()[finding.line - 1]
    assert report.clean
