"""The changes that the operators make."""

from __future__ import annotations

from pathlib import Path

from clean_guideline import CLEAN, PLANT, guideline_of

from reasoner.logic.owl import read_axioms
from reasoner.workbench.cases.mutants import mutants


def changes(text: str, folder: Path) -> set[tuple[str, str]]:
    guideline = guideline_of(folder, text)
    found = mutants(read_axioms(guideline.ontologies), guideline.catalogue.closable, guideline.prefixes)
    assert len({(m.operator, m.what) for m in found}) == len(found)
    assert all(m.origin.line for m in found if not m.individuals)
    return {(m.operator, m.what) for m in found}


def test_operators_on_the_plant_guideline(tmp_path: Path) -> None:
    found = changes(PLANT, tmp_path)
    assert found == {
        ("drop-superclass", "without pot:SoggySoil ⊑ gp:Finding"),
        ("drop-superclass", "without pot:StandingWater ⊑ pot:SoggySoil"),
        ("drop-superclass", "without pot:Watering ⊑ gp:Act"),
        ("drop-superclass", "without pot:LongDryPlant ⊑ gp:Patient"),
        ("drop-superclass", "without pot:WateredPlant ⊑ gp:Patient"),
        ("drop-superclass", "without pot:WaterNow ⊑ gp:Patient"),
        ("drop-superclass", "without pot:LetDry ⊑ gp:Patient"),
        ("drop-closing", "pot:Watering is unknown where nobody recorded it"),
        ("drop", "pot:LongDryPlant: anyone instead of pot:dryDays >= 5.0"),
        ("negate", "pot:LongDryPlant: not pot:dryDays >= 5.0 instead of pot:dryDays >= 5.0"),
        ("threshold", "pot:LongDryPlant: pot:dryDays > 5.0 instead of pot:dryDays >= 5.0"),
        ("threshold", "pot:LongDryPlant: pot:dryDays >= 6.0 instead of pot:dryDays >= 5.0"),
        ("threshold", "pot:LongDryPlant: pot:dryDays >= 4.0 instead of pot:dryDays >= 5.0"),
        ("drop", "pot:WateredPlant: anyone instead of gp:underwent pot:Watering"),
        ("negate", "pot:WateredPlant: not gp:underwent pot:Watering instead of gp:underwent pot:Watering"),
        ("drop", "pot:WaterNow: without pot:LongDryPlant"),
        ("drop", "pot:WaterNow: without not pot:LetDry"),
        ("negate", "pot:WaterNow: not pot:LongDryPlant instead of pot:LongDryPlant"),
        ("negate", "pot:WaterNow: pot:LetDry instead of not pot:LetDry"),
        ("swap", "pot:WaterNow: (pot:LongDryPlant or not pot:LetDry) instead of (pot:LongDryPlant and not pot:LetDry)"),
        *let_dry(),
    }


def let_dry() -> set[tuple[str, str]]:
    """The mutants of pot:LetDry: watered today, or soggy soil."""
    soggy = "gp:hasFinding pot:SoggySoil"
    return {
        ("drop", "pot:LetDry: without pot:WateredPlant"),
        ("drop", f"pot:LetDry: without {soggy}"),
        ("drop", f"pot:LetDry: anyone instead of {soggy}"),
        ("negate", "pot:LetDry: not pot:WateredPlant instead of pot:WateredPlant"),
        ("negate", f"pot:LetDry: not {soggy} instead of {soggy}"),
        ("swap", f"pot:LetDry: (pot:WateredPlant and {soggy}) instead of (pot:WateredPlant or {soggy})"),
    }


def test_disjointness_and_difference_are_dropped(tmp_path: Path) -> None:
    apart = "\npot:Frost a owl:Class ; rdfs:subClassOf gp:Finding ; owl:disjointWith pot:StandingWater .\n"
    rooms = "pot:Hall a owl:NamedIndividual .\npot:Attic a owl:NamedIndividual ; owl:differentFrom pot:Hall .\n"
    found = changes(CLEAN + apart + rooms, tmp_path)
    assert ("drop-disjointness", "without (pot:Frost and pot:StandingWater) cannot be") in found
    assert ("drop-difference", "without the difference of pot:Attic, pot:Hall") in found
