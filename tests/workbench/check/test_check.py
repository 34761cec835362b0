"""`guideproof check`: each seeded fault is found at its place, a clean guideline gives no finding, files fail apart.

The faults are data: `faults/faults.py`.
"""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from unittest.mock import patch

import pytest
from check_runs import TINY, places, quickly, read_once
from faults.faults import AUTHORING, CHECKED, FAULTS, MEANT_OTHERWISE, Fault, copied, seed

from reasoner.errors import GuidelineError
from reasoner.workbench.check import ontologies as check_owl
from reasoner.workbench.check import render
from reasoner.workbench.check.check import CHECKS, check
from reasoner.workbench.check.codes import SEVERITIES

pytestmark = [
    pytest.mark.usefixtures("read_once"),
    pytest.mark.filterwarnings("ignore:'click.utils:DeprecationWarning"),  # typer's own
]
__all__ = ["read_once"]


# -- clean guidelines --


@pytest.mark.parametrize("directory", [None, TINY], ids=["shipped", "tiny"])
def test_a_clean_guideline_gives_no_finding(directory: Path | None) -> None:
    report = check(directory)
    assert (report.findings, report.skipped, report.clean) == ((), (), True)


# -- seeded faults --


def seeded() -> Iterator[object]:
    """The faults that are found one by one; of those that the same check finds, only the first is not exhaustive."""
    found = {AUTHORING}
    for fault in CHECKED:
        if fault.check != AUTHORING:
            yield pytest.param(fault, marks=[pytest.mark.exhaustive] if fault.check in found else [])
            found.add(fault.check)


@pytest.mark.parametrize("fault", list(seeded()), ids=lambda fault: fault.name)
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


@pytest.mark.parametrize(
    "fault",
    [MEANT_OTHERWISE[0], *(pytest.param(fault, marks=pytest.mark.exhaustive) for fault in MEANT_OTHERWISE[1:])],
    ids=lambda fault: fault.name,
)
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


@pytest.mark.exhaustive
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
    codes = {code for code, _, _ in places(check(root, quickly()))}
    assert codes == {"syntax-error", "undeclared-term", "shacl-term", "threshold-twice", "label-number"}


def test_a_wrong_prefix_is_one_finding(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "wrong prefix")
    report = check(seed(fault, copied(tmp_path)))
    assert [code for code, _, _ in places(report)] == ["near-namespace"]
    assert report.skipped and all("ontology/schmorl.ttl" in skipped.why for skipped in report.skipped)


def test_a_check_that_cannot_be_made_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhornedowl.profile", None)
    monkeypatch.setattr(check_owl, "TIMEOUT", 0)
    made = ("OWL 2 DL profile", "consistency by HermiT")
    report = check(TINY, lambda checks: [one for one in checks if one.title in made])
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


@pytest.mark.parametrize("slow", [(), pytest.param((AUTHORING, "consistency by HermiT"), marks=pytest.mark.exhaustive)])
def test_what_follows_from_an_undeclared_term_is_not_named_twice(slow: tuple[str, ...], tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "unknown strength")
    steps = quickly(*slow, "invariants and accepted findings")
    assert places(check(seed(fault, copied(tmp_path)), steps)) == [
        ("undeclared-term", fault.file, fault.line(tmp_path))
    ]


def test_empty_classes_are_reported_at_their_root(tmp_path: Path) -> None:
    fault = next(fault for fault in CHECKED if fault.name == "unsatisfiable class")
    report = check(seed(fault, copied(tmp_path)), quickly(fault.check))
    (finding,) = report.findings
    assert finding.what.endswith("empty too: sn:DifferentialWorkup, sn:MarrowEdemaOnMri, sn:MarrowEdemaPatient, "
                                 "sn:MarrowSignalsPatient, sn:SymptomaticAcuteNode and 2 more")  # fmt: skip


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


@pytest.mark.parametrize("all_checks", [False, pytest.param(True, marks=pytest.mark.exhaustive)])
def test_the_command_on_a_faulty_guideline(
    all_checks: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:  # fmt: skip
    if not all_checks:
        monkeypatch.setattr(render, "watched", quickly("invariants and accepted findings"))
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


def test_the_command_writes_markdown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(render, "watched", quickly())
    fault = next(fault for fault in CHECKED if fault.name == "typo in a class")
    out, _ = run(seed(fault, copied(tmp_path)), "--format", "markdown", code=1)
    assert out.startswith("## Checks\n\n1 error, 0 warnings, 0 infos: ")
    assert f"| {fault.file}:{fault.line(tmp_path)} | error | `undeclared-term` | the class sn:RadicularSymtom" in out


@pytest.mark.parametrize("name", ["nowhere", "empty", "file"])
def test_what_is_no_guideline(name: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "file").write_text("text", "utf-8")
    out, err = run(tmp_path / name, code=2)
    assert out == "" and err.startswith("error [no-guideline] ") and len(err.splitlines()) == 1
    with pytest.raises(GuidelineError):
        check(tmp_path / name)
