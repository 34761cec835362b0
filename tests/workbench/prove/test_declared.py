"""Declared invariants and acceptances: what cannot be read is refused, what is accepted is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from clean_guideline import CLEAN, PLANT, guideline_of, names

from reasoner.errors import GuidelineError
from reasoner.workbench.prove.prove import prove


@pytest.mark.parametrize("declaration, what", [
    ("gp:SafetyInvariant ; gp:forbidding gp:Act", "thenState"),
    ("gp:SafetyInvariant ; gp:neverState gp:Undetermined", "thenState"),
    ("gp:SafetyInvariant ; gp:whenEntailed pot:Nothing ; gp:neverState gp:Entailed", "Nothing"),
    ("gp:SafetyInvariant ; gp:forbidding pot:SoggySoil ; gp:neverState gp:Entailed", "SoggySoil"),
    ('gp:AcceptedFinding ; gp:code "conflict"', "rationale"),
    ('gp:AcceptedFinding ; gp:rationale "so"', "gp:code"),
    ('gp:AcceptedFinding ; gp:code "silent-region" ; gp:rationale "so" ; gp:wherePresent pot:Mould', "Mould"),
])  # fmt: skip
def test_a_declaration_that_names_nothing_is_refused(declaration: str, what: str, tmp_path: Path) -> None:
    guideline = guideline_of(tmp_path, f"{CLEAN}\npot:declared a {declaration} .\n")
    with pytest.raises(GuidelineError) as caught:
        prove(guideline)
    problem = caught.value.problem
    assert problem.code == "bad-declaration" and what in problem.what
    assert problem.file and problem.file.endswith("plant.ttl") and problem.line


def test_an_acceptance_covers_the_patients_it_describes(tmp_path: Path) -> None:
    accepted = 'pot:a1 a gp:AcceptedFinding ; gp:code "silent-region" ; gp:rationale "wet" ; {} .\n'
    covering = PLANT + accepted.format("gp:wherePresent pot:SoggySoil")
    proof = prove(guideline_of(tmp_path, covering))
    by = {names(f.present + f.absent)[0]: f.acceptance for f in proof.findings if f.code == "silent-region"}
    assert {name for name, acceptance in by.items() if acceptance} == {"SoggySoil"}
    assert set(by) == {"SoggySoil", "Watering", "LongDryPlant"}


def test_axioms_that_leave_no_patient_are_an_error(tmp_path: Path) -> None:
    nobody = "\ngp:Patient rdfs:subClassOf pot:WateredPlant , [ a owl:Class ; owl:complementOf pot:WateredPlant ] .\n"
    with pytest.raises(GuidelineError) as caught:
        prove(guideline_of(tmp_path, CLEAN + nobody))
    assert caught.value.problem.code == "no-patient"
