"""`guideproof check`: each seeded fault is found at its place, a clean guideline gives no finding, files fail apart.

The faults are data: `faults/faults.py`.
"""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from conftest import TESTS
from faults.faults import AUTHORING, CHECKED, FAULTS, MEANT_OTHERWISE, Fault, copied, seed
from rdflib import Graph

import reasoner
from reasoner.errors import GuidelineError
from reasoner.guideline.guideline import home
from reasoner.terms import GP, PREFIXES
from reasoner.workbench.check import owl_profile as check_owl
from reasoner.workbench.check.check import CHECKS, Check, CheckReport, check
from reasoner.workbench.check.codes import DOCUMENT, SEVERITIES
from reasoner.workbench.check.prefixes import near
from reasoner.workbench.check.queries import quality_queries, unbound
from reasoner.workbench.check.terms import terms_in_query
from reasoner.workbench.finding import Severity

pytestmark = pytest.mark.filterwarnings("ignore:'click.utils:DeprecationWarning")  # typer's own
TINY = TESTS / "tiny"
SLOW = {"consistency by HermiT", "invariants and accepted findings", AUTHORING}
#: Modules whose errors become findings.
LOADERS = ["rdf", "logic/owl", "logic/translate", "logic/background", "guideline/shapes", "guideline/read_shapes",
           "guideline/build", "guideline/catalogue", "guideline/read_catalogue", "workbench/declared"]  # fmt: skip
#: What those refuse that cannot stand in a file of a guideline, or that another check finds at its place.
NOT_OF_GUIDELINES = {
    "is-a-directory", "unknown-format", "remote-context", "undefined-term", "xml-entity", "owl-imports", "no-guideline",
    "unknown-statement", "closed-finding", "undefined-class", "undeclared-class", "undeclared-property",
}  # fmt: skip


def quickly(*titles: str) -> Callable[[tuple[Check, ...]], Iterable[Check]]:
    """The checks but for the slow ones that are not named."""
    return lambda checks: [one for one in checks if one.title not in SLOW - set(titles)]


def places(report: CheckReport) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.file, finding.line) for finding in report.findings]


# -- clean guidelines --


@pytest.mark.parametrize("directory", [None, TINY], ids=["shipped", "tiny"])
def test_a_clean_guideline_gives_no_finding(directory: Path | None) -> None:
    report = check(directory)
    assert (report.findings, report.skipped, report.clean) == ((), (), True)


# -- seeded faults --


@pytest.mark.parametrize("fault", [f for f in CHECKED if f.check != AUTHORING], ids=lambda fault: fault.name)
def test_a_seeded_fault_is_found_at_its_place(fault: Fault, tmp_path: Path) -> None:
    root = seed(fault, copied(tmp_path))
    report = check(root, quickly(fault.check))
    place = (fault.code, fault.file, fault.line(root))
    assert place in places(report)
    others = [found for found in places(report) if found != place]
    assert {code for code, _, _ in others} <= set(fault.also)
    assert not report.clean


def test_what_every_guideline_must_keep(tmp_path: Path) -> None:
    """The faults that the authoring shapes find: all at once, because these shapes take their time."""
    root, faults = copied(tmp_path), [fault for fault in CHECKED if fault.check == AUTHORING]
    for fault in faults:
        seed(fault, root)
    found = places(check(root, quickly(AUTHORING)))
    wanted = [(fault.code, fault.file, fault.line(root)) for fault in faults]
    assert [place for place in wanted if place not in found] == []
    assert {code for code, _, _ in found if code not in {fault.code for fault in faults}} == {
        code for fault in faults for code in fault.also
    }
    assert len(found) == len(faults) + sum(len(fault.also) for fault in faults)


def test_the_check_that_is_named_is_the_one_that_finds(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "missing label")
    root = seed(fault, copied(tmp_path))
    assert places(check(root, quickly())) == []


def test_enough_faults_are_seeded() -> None:
    assert len(CHECKED) >= 20 and len({fault.name for fault in FAULTS}) == len(FAULTS)
    titles = {one.title for one in CHECKS}
    assert {fault.check for fault in CHECKED} <= titles
    assert titles - {fault.check for fault in CHECKED} == set()
    assert {fault.code for fault in CHECKED} <= set(SEVERITIES)


@pytest.mark.parametrize("fault", MEANT_OTHERWISE, ids=lambda fault: fault.name)
def test_what_is_merely_meant_otherwise_is_left_to_other_commands(fault: Fault, tmp_path: Path) -> None:
    root = seed(fault, copied(tmp_path))
    assert fault.line(root) and fault.door in ("test", "prove")
    assert places(check(root, quickly("consistency by HermiT"))) == []


TOGETHER = [
    "typo in a class", "undeclared property", "unknown statement", "typo in a shape", "lost disjointness",
    "two definitions of one class", "threshold without unit", "threshold in another unit", "duplicate threshold",
    "missing citation", "missing label", "missing definition", "recommendation without action",
    "rule under a property shape", "misspelt term of SHACL", "misspelt term in a query", "query that no engine reads",
]  # fmt: skip


def test_many_faults_are_found_together(tmp_path: Path) -> None:
    root, faults = copied(tmp_path), [fault for fault in CHECKED if fault.name in TOGETHER]
    assert len(faults) == len(TOGETHER)
    for fault in faults:
        seed(fault, root)
    found = places(check(root))
    assert [fault.name for fault in faults if (fault.code, fault.file, fault.line(root)) not in found] == []


# -- broken parts hide nothing else --


def broken(root: Path, *files: str) -> None:
    for file in files:
        path = root / file
        path.write_text(path.read_text("utf-8") + "\n<unfinished ", "utf-8")


def test_every_file_with_a_syntax_error_is_named(tmp_path: Path) -> None:
    root = copied(tmp_path)
    broken(root, "ontology/schmorl.ttl", "ontology/references.ttl", "shapes/pathway.ttl")
    report = check(root)
    assert [(code, file) for code, file, _ in places(report)] == [
        ("syntax-error", "ontology/references.ttl"),
        ("syntax-error", "ontology/schmorl.ttl"),
        ("syntax-error", "shapes/pathway.ttl"),
    ]
    made = {one.title for one in CHECKS} - {skipped.check for skipped in report.skipped}
    assert made == {"syntax", "prefixes", "syntax of queries", "vocabulary of shapes"}
    assert all("ontology/schmorl.ttl" in skipped.why for skipped in report.skipped)
    assert not report.clean


def test_a_broken_shapes_file_leaves_the_ontologies_checked(tmp_path: Path) -> None:
    root = copied(tmp_path)
    broken(root, "shapes/pathway.ttl")
    for name in ("typo in a class", "misspelt term of SHACL", "duplicate threshold"):
        seed(next(fault for fault in CHECKED if fault.name == name), root)
    codes = {code for code, _, _ in places(check(root))}
    assert codes == {"syntax-error", "undeclared-term", "shacl-term", "threshold-twice", "label-number"}


def test_a_wrong_prefix_is_one_finding(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "wrong prefix")
    report = check(seed(fault, copied(tmp_path)))
    assert [code for code, _, _ in places(report)] == ["near-namespace"]
    assert report.skipped and all("ontology/schmorl.ttl" in skipped.why for skipped in report.skipped)


def test_a_check_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhornedowl.profile", None)
    monkeypatch.setattr(check_owl, "TIMEOUT", 0)
    report = check(TINY)
    assert [skipped.check for skipped in report.skipped] == ["OWL 2 DL profile", "consistency by HermiT"]
    assert "not installed" in report.skipped[0].why and "time allowed" in report.skipped[1].why
    assert not report.findings and not report.clean


def test_files_of_another_syntax_are_named(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "ontology" / "more.owl").write_text("<rdf:RDF/>", "utf-8")
    assert places(check(root, quickly())) == [("file-ignored", "ontology/more.owl", 1)]


def test_a_query_that_is_no_text_is_named(tmp_path: Path) -> None:
    root = copied(tmp_path)
    (root / "queries" / "classes.rq").write_bytes(b"\xff\xfe")
    assert places(check(root, quickly())) == [("not-utf8", "queries/classes.rq", 1)]


def test_what_follows_from_an_undeclared_term_is_not_said_twice(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "unknown strength")
    assert places(check(seed(fault, copied(tmp_path)))) == [("undeclared-term", fault.file, fault.line(tmp_path))]


def test_empty_classes_are_reported_at_their_root(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "unsatisfiable class")
    report = check(seed(fault, copied(tmp_path)), quickly(fault.check))
    (finding,) = report.findings
    assert finding.what.endswith("empty too: sn:DifferentialWorkup, sn:MarrowEdemaPatient, sn:SymptomaticAcuteNode, "
                                 "sn:VertebroplastyByJudgement, sn:VertebroplastyConsiderable")  # fmt: skip


# -- a guideline's own questions --

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


# -- the one list, and its pages --


def sections() -> set[str]:
    """The anchors of docs/checks.md."""
    return set(re.findall(r"^### `?([a-z0-9-]+)`?$", (home() / DOCUMENT).read_text("utf-8"), re.MULTILINE))


def test_every_code_has_a_section() -> None:
    assert sections() == set(SEVERITIES)


def test_every_quality_query_is_in_the_list_and_says_what_is_wrong() -> None:
    queries = quality_queries(home())
    assert queries
    for path in queries:
        header = path.read_text("utf-8").splitlines()[:2]
        assert path.stem in SEVERITIES
        assert [line.partition(":")[0] for line in header] == ["# Problem", "# Solution"]


def test_every_authoring_code_is_in_the_list() -> None:
    codes = {str(code) for code in Graph().parse(home() / "shapes" / "authoring.ttl").objects(None, GP.code)}
    assert codes <= set(SEVERITIES)


def test_every_code_of_the_loader_is_in_the_list() -> None:
    package = Path(reasoner.__file__).parent
    text = "".join((package / f"{name}.py").read_text("utf-8") for name in LOADERS)
    given = r'(?:Problem|refuse)\(\s*"([a-z0-9-]+)"|code: str = "([a-z-]+)"|, "(undeclared-[a-z]+)"'
    codes = set(re.findall(given, text))
    named = {code for found in codes for code in found if code}
    assert "cyclic-definition" in named and "syntax-error" in named
    assert named - NOT_OF_GUIDELINES <= set(SEVERITIES)


# -- parts --


@pytest.mark.parametrize(("namespace", "meant"), [
    ("http://www.w3.org/2002/07/owl", PREFIXES["owl"]),
    ("https://www.w3.org/2002/07/owl#", PREFIXES["owl"]),
    ("http://www.w3.org/2002/07/ow#", PREFIXES["owl"]),
    ("https://w3id.org/guideprof/core#", PREFIXES["gp"]),
    ("http://purl.org/dc/terms#", PREFIXES["dcterms"]),
    (PREFIXES["gp"], None),
    ("http://purl.org/dc/elements/1.1/", None),
    ("https://example.org/mine#", None),
])  # fmt: skip
def test_near_namespaces(namespace: str, meant: str | None) -> None:
    assert near(namespace, set(PREFIXES.values())) == meant


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


def test_terms_of_a_query() -> None:
    query = """PREFIX ex: <https://example.org/>
SELECT ?x # ex:no
WHERE { ?x a ex:One ; ex:two/^ex:three* "ex:no", 'ex:no' . <https://example.org/four> ex:five-1 _:ex:no .
  ?x gp:Statement . FILTER (?x != ex:six) }"""
    found = [(iri.rsplit("/", 1)[-1], line) for iri, line in terms_in_query(query, PREFIXES) if "example" in iri]
    assert found == [("", 0), ("One", 2), ("two", 2), ("three", 2), ("four", 2), ("five-1", 2), ("six", 3)]


# -- the command --


def run(*arguments: str | Path, code: int) -> tuple[str, str]:
    """What a command prints on standard output and on standard error; any exit code but `code` fails."""
    from reasoner.cli.main import main

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    status: object = 0
    with (
        patch.object(sys, "argv", ["guideproof", "check", *map(str, arguments)]),
        redirect_stdout(out),
        redirect_stderr(err),
    ):
        try:
            main()
        except SystemExit as done:
            status = done.code or 0
    out.flush()
    assert status == code, err.getvalue()
    return out.buffer.getvalue().decode(), err.getvalue()  # type: ignore[attr-defined]


def test_the_command_on_a_clean_guideline() -> None:
    out, err = run(TINY, code=0)
    assert out == f"No findings: {len(CHECKS)} of {len(CHECKS)} checks of 4 files.\n"
    assert err == ""


def test_the_command_on_a_faulty_guideline(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "typo in a class")
    root = seed(fault, copied(tmp_path))
    out, _ = run(root, code=1)
    assert out.splitlines()[:4] == [
        f"{fault.file}:{fault.line(root)}  sn:RadicularSymtom  error [undeclared-term]",
        "    the class sn:RadicularSymtom is used here and declared nowhere, so that",
        "    nothing follows from it",
        "    → did you mean sn:RadicularSymptom? Otherwise declare it, with a label and a",
    ]
    path = tmp_path / "report.json"
    run(root, "--format", "json", "--out", path, code=1)
    document = json.loads(path.read_text("utf-8"))
    assert (document["guideline"], document["clean"]) == (str(root), False)
    assert document["skipped"] == [
        {"check": "invariants and accepted findings",
         "why": "the guideline cannot be loaded before other findings are mended"}
    ]  # fmt: skip
    assert document["counts"] == {"error": 1, "warning": 0, "info": 0}
    assert document["checks"] == [one.title for one in CHECKS]
    (finding,) = document["findings"]
    assert {key: finding[key] for key in ("code", "severity", "file", "line", "term", "docs")} == {
        "code": "undeclared-term",
        "severity": "error",
        "file": fault.file,
        "line": fault.line(root),
        "term": "sn:RadicularSymtom",
        "docs": "docs/checks.md#undeclared-term",
    }
    assert finding["what"] and finding["remedy"].startswith("did you mean sn:RadicularSymptom?")


@pytest.mark.parametrize("name", ["nowhere", "empty", "file"])
def test_what_is_no_guideline(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text", "utf-8")
    out, err = run(tmp_path / name, code=2)
    assert out == "" and err.startswith("error [no-guideline] ") and len(err.splitlines()) == 1
    with pytest.raises(GuidelineError):
        check(tmp_path / name)
