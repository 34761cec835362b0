"""Authors: a save by another editor changes nothing, findings come whatever else is wrong, and commands agree."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from faults.outcomes import TINY, Outcome, added, cases, copied, guideproof, replaced

#: Each starts processes of its own.
pytestmark = pytest.mark.exhaustive


PLANT = "ontology/plant.ttl"


def found(outcome: Outcome) -> list[tuple[str, str]]:
    """The code and the file of each finding of `check --format json`."""
    return [(one["code"], one["file"]) for one in json.loads(outcome.out)["findings"]]


def check(root: Path) -> Outcome:
    return guideproof("check", root, "--format", "json", memory=None)


# -- saved by another editor --


def protege(root: Path) -> Path:
    """As the OWL API writes: a prefix without a name, and each class that is punned declared an individual."""
    replaced(root, PLANT, "@prefix cito:", "@prefix : <https://example.org/pot#> .\n@prefix cito:")
    for name in ("LongDryPlant a owl:Class ,", "WateredPlant a owl:Class ,", "WaterNow a owl:Class ,"):
        replaced(root, PLANT, f"pot:{name}", f"pot:{name} owl:NamedIndividual ,")
    return root


def windows(root: Path) -> Path:
    """Each line ended as on Windows."""
    for path in root.rglob("*.ttl"):
        path.write_bytes(path.read_bytes().replace(b"\n", b"\r\n"))
    return root


def marked(root: Path) -> Path:
    """With a byte order mark."""
    path = root / PLANT
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    return root


SAVES = {"protege": protege, "windows": windows, "marked": marked}


@pytest.mark.parametrize("save", cases(SAVES, "", "a save that edits nothing is told as findings"))
def test_a_save_changes_nothing_in_check(tmp_path: Path, save: object) -> None:
    outcome = check(saved(save, tmp_path))
    assert (outcome.code, found(outcome)) == (0, [])


@pytest.mark.parametrize("save", cases(SAVES, "", "a save that edits nothing is told as a difference"))
def test_a_save_changes_nothing_in_diff(tmp_path: Path, save: object) -> None:
    outcome = guideproof("diff", TINY, saved(save, tmp_path), memory=None)
    assert outcome.code == 0, outcome.out


def saved(save: object, root: Path) -> Path:
    assert callable(save)
    return Path(save(copied(root, TINY)))


# -- findings that come whatever else is wrong --


def test_an_unsatisfiable_class_is_explained_by_file_and_line(tmp_path: Path) -> None:
    root = copied(tmp_path, TINY)
    replaced(root, PLANT, "pot:StandingWater a owl:Class ;\n    rdfs:subClassOf pot:SoggySoil ;",
             "pot:StandingWater a owl:Class ;\n    rdfs:subClassOf pot:SoggySoil , gp:Act ;")  # fmt: skip
    outcome = check(root)
    [unsatisfiable] = [one for one in json.loads(outcome.out)["findings"] if one["code"] == "unsatisfiable-class"]
    assert unsatisfiable["term"] == "pot:StandingWater" and unsatisfiable["file"] == PLANT
    named = re.findall(r"([\w:]+) [\w:]+ [\w:]+ \(([^)]+):\d+\)", unsatisfiable["what"])
    assert {name for name, _ in named} == {"pot:StandingWater", "pot:SoggySoil", "gp:Finding"}
    assert len(named) == 4 and {file for name, file in named if name.startswith("pot:")} == {PLANT}


def test_without_an_ontology_header_the_other_findings_still_come(tmp_path: Path) -> None:
    root = copied(tmp_path, TINY)
    text = (root / PLANT).read_text("utf-8")
    start = text.index("<https://example.org/pot> a owl:Ontology")
    text = text[:start] + text[text.index("# What is recorded") :]
    (root / PLANT).write_text(text.replace('    rdfs:label "watered today"@en ;\n', ""), "utf-8")
    outcome = check(root)
    assert outcome.code == 1 and {"no-header", "term-without-label"} <= {code for code, _ in found(outcome)}


def test_an_index_under_a_functional_property_multiplies_nothing(tmp_path: Path) -> None:
    root = added(copied(tmp_path, TINY), PLANT, """
pot:index a owl:ObjectProperty , owl:FunctionalProperty ; rdfs:subPropertyOf gp:hasFinding ; rdfs:label "index"@en .
""")  # fmt: skip
    outcome = guideproof("schema", "--guideline", root, "--format", "csv")
    assert outcome.code == 0
    assert not [one for one in outcome.out.strip().split(",") if one.startswith("pot:index/") and "gp:" in one[10:]]


def test_check_test_and_prove_take_the_directory_in_the_same_way() -> None:
    for command in ("check", "test", "prove"):
        outcome = guideproof(command, TINY, "--help", memory=None)
        assert outcome.code == 0 and "[DIR]" in outcome.out, command


def test_a_forgotten_guideline_is_recognised() -> None:
    outcome = guideproof("classify", TINY / "records" / "dry.ttl")
    assert outcome.code == 2 and "--guideline" in outcome.err
