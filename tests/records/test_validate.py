"""What is answered without rdflib and pySHACL is what the reference answers, and nothing that it refuses."""

from __future__ import annotations

import io
import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest
from broken_records import ASTRAY, CHANGES, Draft, Drafts
from rdflib import URIRef

from reasoner.errors import GuideproofError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import Result, classify, classify_files, classify_text
from reasoner.rdf import read_graph, read_text
from reasoner.records.nodes import RecordSource
from reasoner.records.record import gather
from reasoner.records.reference import derive, validate
from reasoner.records.validate import Validated

TESTS = Path(__file__).parents[1]
TODAY = date(2026, 11, 22)
SUFFIXES = (".ttl", ".nt", ".trig", ".rdf", ".owl", ".xml", ".jsonld", ".json")
HOW_MANY = 1000
ONE_FILE = 125


def both(guideline: Guideline, paths: Sequence[Path], engine: str = "compiled") -> tuple[object, object]:
    """The results with the compiled contract and without, or what is wrong."""
    return tuple(_results(guideline, paths, engine, plain) for plain in (True, False))  # type: ignore[return-value]


def _results(guideline: Guideline, paths: Sequence[Path], engine: str, plain: bool) -> object:
    try:
        return classify_files(guideline, paths, TODAY, engine=engine, plain=plain)
    except GuideproofError as error:
        return error.problems


def answered(guideline: Guideline, text: str, name: str = "record.nt") -> Validated | None:
    return guideline.compiled_contract.validate([RecordSource(name, None, text.encode())], TODAY)


# -- the records that are there already --


@pytest.mark.parametrize("folder", ["cases/criteria", "cases/thresholds", "cases/worked", "records/bad", "derivation"])
def test_files_of_other_tests(folder: str, guideline: Guideline) -> None:
    paths = sorted(path for path in (TESTS / folder).rglob("*") if path.suffix in SUFFIXES)
    assert paths
    for path in paths:
        plain, reference = both(guideline, [path])
        assert plain == reference, path


def test_cases_are_plain(guideline: Guideline) -> None:
    """Most records of ordinary cases need no reference."""
    paths = [path for path in (TESTS / "cases").rglob("*.ttl") if path.name != "vocabulary.ttl"]
    found = [
        guideline.compiled_contract.validate([RecordSource(str(path), None, path.read_bytes())], TODAY)
        for path in paths
    ]
    assert sum(one is not None and not one.left for one in found) > 0.95 * len(paths)


# -- records drawn at random, and changed --


@dataclass(frozen=True)
class Compared:
    """A file of drafts, what is answered plainly of it, and what the reference says of each patient."""

    drafts: dict[str, tuple[str, Draft]]
    plain: Validated
    reference: dict[str, Result]
    refused: frozenset[str]


@pytest.fixture(scope="module")
def compared(guideline: Guideline) -> list[Compared]:
    drafts, found = Drafts(guideline), []
    for start in range(0, HOW_MANY, ONE_FILE):
        some = {draft.patient[1:-1]: (change, draft) for change, draft in drafts.all(range(start, start + ONE_FILE))}
        text = "\n".join(line for _, draft in some.values() for line in draft.lines) + "\n"
        plain = answered(guideline, text)
        assert plain is not None, "the file as a whole was left to the reference"
        results = classify(guideline, gather([read_text(text, "record.nt")]), TODAY)
        problems = validated(guideline, text)
        found.append(Compared(some, plain, {str(one.patient): one for one in results}, problems))
    return found


def validated(guideline: Guideline, text: str) -> frozenset[str]:
    """The patients whom pySHACL, and what runs before it, refuse."""
    records = gather([read_text(text, "record.nt")])
    return frozenset(map(str, validate(records, guideline.taxonomy, guideline.shapes("core", "record"), TODAY)))


def test_nothing_that_is_refused_is_answered(compared: list[Compared]) -> None:
    wrong = [one.drafts[patient] for one in compared for patient in one.plain.observed.keys() & one.refused]
    assert not wrong, f"{wrong[0][0]}\n" + "\n".join(wrong[0][1].lines)
    assert sum(len(one.refused) for one in compared) > HOW_MANY / 5


def test_who_is_left(compared: list[Compared]) -> None:
    for one in compared:
        assert one.plain.observed.keys() <= one.reference.keys() == one.drafts.keys()
        assert one.plain.left


def test_ordinary_records_are_answered(compared: list[Compared]) -> None:
    """Every record that conforms."""
    left = Counter(
        one.drafts[p][0] for one in compared for p in one.drafts.keys() - one.refused - one.plain.observed.keys()
    )
    conforming = sum(len(one.drafts) - len(one.refused) for one in compared)
    assert not left and conforming > HOW_MANY / 3


def test_every_change_was_tried(compared: list[Compared]) -> None:
    """Each was refused at least once, but for those that do no harm; the others were answered plainly."""
    refused = {one.drafts[p][0] for one in compared for p in one.refused}
    seen = {one.drafts[p][0] for one in compared for p in one.plain.observed}
    harmless = {"nothing", "note", "document", "label", "named node", "declared"}
    assert refused == CHANGES.keys() - harmless - {"order"}
    assert harmless <= seen


def test_the_same_results(compared: list[Compared], guideline: Guideline, tmp_path: Path) -> None:
    for number, one in enumerate(compared):
        path = tmp_path / f"{number}.nt"
        path.write_text("\n".join(line for _, draft in one.drafts.values() for line in draft.lines), "utf-8")
        results = classify_files(guideline, [path], TODAY)
        expected = classify(guideline, gather([read_graph(path)]), TODAY)
        assert [result.patient for result in results] == sorted(one.drafts)
        for result, other in zip(results, expected, strict=True):
            assert result == other, "\n".join(one.drafts[str(result.patient)][1].lines)


def test_the_same_observations_and_hashes(compared: list[Compared], guideline: Guideline) -> None:
    """What is seen of a patient is the same from the triples of rdflib, as the reference completes them."""
    for one in compared[:2]:
        text = "\n".join(line for p in one.plain.observed for line in one.drafts[p][1].lines if "shared" not in line)
        records = derive(gather([read_text(text + "\n", "record.nt")]), guideline.taxonomy,
                         guideline.shapes("derivation"), TODAY)  # fmt: skip
        found = answered(guideline, text)
        assert found is not None and not found.left
        for patient, seen in found.observed.items():
            assert seen.digest == one.plain.observed[patient].digest
            derived = {t for t in records.derived if t[0] == URIRef(patient)}
            assert {s.path for s in seen.observations if s.by == "derived" and s.source == patient} <= {
                (str(p),) for _, p, _ in derived
            }


# -- what belongs to no patient --


@pytest.mark.parametrize("what", ASTRAY)
def test_astray(what: str, guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "record.nt"
    lines = [line for _, draft in Drafts(guideline).all(range(6)) for line in draft.lines]
    path.write_text("\n".join([*lines, ASTRAY[what], ""]), "utf-8")
    plain, reference = both(guideline, [path])
    assert plain == reference


# -- several files, several ways in --


@pytest.fixture
def files(guideline: Guideline, tmp_path: Path) -> list[Path]:
    drafts = Drafts(guideline)
    for number, name in enumerate(("a.ttl", "b.nt", "c.trig")):
        lines = [line for _, draft in drafts.all(range(10 * number, 10 * number + 4)) for line in draft.lines]
        (tmp_path / name).write_text("\n".join(lines).replace("_:x", "_:n").replace("_:y", "_:m") + "\n", "utf-8")
    return sorted(tmp_path.iterdir())


def test_several_files(files: list[Path], guideline: Guideline) -> None:
    plain, reference = both(guideline, files)
    assert plain == reference
    assert isinstance(plain, list) and len(plain) == 12


@pytest.mark.parametrize("text", [
    "no RDF", "", "<https://example.org/x> <https://example.org/y> 1 .",
    "<https://example.org/p0> a <https://w3id.org/guideproof/core#Patient> .",
    "<https://example.org/p0> a <http://www.w3.org/2002/07/owl#NamedIndividual> . "
    "<https://example.org/q> a <https://w3id.org/guideproof/core#Patient> .",
    "<https://example.org/q> a <https://w3id.org/guideproof/core#Patient> ; "
    "<https://w3id.org/guideproof/core#hasFinding> <https://example.org/p0> .",
])  # fmt: skip
def test_a_file_among_several(text: str, files: list[Path], guideline: Guideline, tmp_path: Path) -> None:
    """One that cannot be used, and one that speaks of a patient or of a node of another."""
    path = tmp_path / "z.ttl"
    path.write_text(text, "utf-8")
    plain, reference = both(guideline, [*files, path])
    assert plain == reference


def test_a_missing_file_among_several(files: list[Path], guideline: Guideline, tmp_path: Path) -> None:
    plain, reference = both(guideline, [*files, tmp_path / "missing.ttl"])
    assert plain == reference
    assert isinstance(plain, list) and isinstance(plain[-1], Refusal)


@pytest.mark.parametrize("start", ["", "\ufeff", "\n\n"])
def test_standard_input(start: str, files: list[Path], guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    text, found = files[1].read_text("utf-8"), []
    for plain in (True, False):
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO((start + text).encode())))
        found.append(_results(guideline, [Path("-")], "compiled", plain))
    assert found[0] == found[1]
    assert isinstance(found[0], list) and len(found[0]) == 4


def test_text(files: list[Path], guideline: Guideline) -> None:
    text = files[1].read_text("utf-8")
    results = classify_text(guideline, text, TODAY, name=str(files[1]))
    assert results == classify_files(guideline, [files[1]], TODAY)


def test_other_syntaxes_are_left_to_the_reference(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "record.jsonld"
    path.write_text('{"@id": "https://example.org/p", "@type": "https://w3id.org/guideproof/core#Patient"}', "utf-8")
    plain, reference = both(guideline, [path])
    assert plain == reference
    assert guideline.compiled_contract.validate([RecordSource(str(path), None, path.read_bytes())], TODAY) is None


CONTRADICTION = """@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> . @prefix my: <https://example.org/> .

my:p a gp:Patient ; gp:hasFinding [ a sn:Fever ] ; gp:lacksFinding sn:ConstitutionalSymptom .
"""


def test_a_contradiction_has_its_place(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "record.ttl"
    path.write_text(CONTRADICTION, "utf-8")
    plain, reference = both(guideline, [path])
    assert plain == reference
    assert isinstance(plain, list) and [(p.line, p.node) for p in plain[0].problems] == [(4, "my:p")]


def test_the_reference_reasoner_agrees(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "record.ttl"
    path.write_text(CONTRADICTION + "my:q a gp:Patient ; gp:hasFinding [ a sn:Fever ] .", "utf-8")
    plain, reference = both(guideline, [path], "hermit")
    assert plain == reference
    assert isinstance(plain, list) and len(plain) == 2


# -- what is not imported --

PROGRAM = """
import sys
from datetime import date
from reasoner import classify_files, load_guideline
[result] = classify_files(load_guideline(), [sys.argv[1]], date(2026, 11, 22))
heavy = {name.split(".")[0] for name in sys.modules} & {"rdflib", "pyshacl", "owlready2", "pandas", "pyarrow"}
print(result.status, sorted(heavy))
"""


def test_neither_rdflib_nor_pyshacl_is_imported(guideline: Guideline) -> None:
    load_guideline()  # as compiled it is in the cache now
    example = guideline.directory / "docs" / "examples" / "patient.ttl"
    run = subprocess.run([sys.executable, "-c", PROGRAM, str(example)], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("decided []\n", "")
