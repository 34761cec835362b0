"""Cases of an author, written for the plant guideline."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from reasoner.guideline.guideline import Guideline
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import run_cases

DAY = date(2026, 11, 22)
HEAD = """@prefix case: <https://w3id.org/guideproof/case#> .
@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix pot: <https://example.org/pot#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
"""
DRY = "a gp:Patient ; pot:dryDays 7.0 ; gp:lacksFinding pot:SoggySoil ."
WATERED = "a gp:Patient ; pot:dryDays 1.0 ; gp:underwent [ a pot:Watering ] ."


def write(folder: Path, name: str, expectation: str, record: str = DRY, kind: str = "Case") -> Path:
    """A case of a plant of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    text = f"ex:case a case:{kind} ; case:record ex:{name} ; {expectation} .\nex:{name} {record}\n"
    (folder / f"{name}.ttl").write_text(HEAD + text, "utf-8")
    return folder


def failures(guideline: Guideline, folder: Path) -> dict[str, list[str]]:
    outcomes = run_cases(guideline, read_cases(guideline, folder), DAY)
    return {outcome.case.name: [failure.what for failure in outcome.failures] for outcome in outcomes}
