"""A guideline in which a proof finds nothing, made from the plant guideline: what faults are injected into."""

from __future__ import annotations

import shutil
from collections.abc import Iterable
from pathlib import Path

from conftest import TESTS

from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.terms import local_name

PLANT = (TESTS / "tiny" / "ontology" / "plant.ttl").read_text("utf-8")
CLEAN = (
    PLANT.replace(
        "pot:LetDry a owl:Class , gp:ManagementClass , gp:Restriction", "pot:LetDry a owl:Class , gp:ManagementClass"
    )
    + """
pot:WellPlant a owl:Class , gp:ManagementClass ;
    rdfs:subClassOf gp:Patient ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf (
        gp:Patient
        [ a owl:Class ; owl:complementOf pot:LongDryPlant ]
        [ a owl:Class ; owl:complementOf pot:LetDry ]
    ) ] ;
    gp:readingOrder 3 ;
    gp:recommends pot:rec-leave ;
    gp:warrantedBy pot:rule-1 .

pot:rec-leave a gp:Recommendation , owl:NamedIndividual ;
    gp:action pot:Leaving ;
    gp:strength gp:Recommended ;
    gp:warrantedBy pot:rule-1 .

pot:Leaving a owl:Class ;
    rdfs:subClassOf gp:Act .

pot:invariant-dry a gp:SafetyInvariant , owl:NamedIndividual ;
    gp:whenNotExcluded pot:LongDryPlant ;
    gp:opening pot:Leaving ;
    gp:neverState gp:Entailed ;
    rdfs:label "no plant that may be dry is left alone"@en .

pot:invariant-wet a gp:SafetyInvariant , owl:NamedIndividual ;
    gp:whenEntailed pot:WateredPlant ;
    gp:opening pot:Watering ;
    gp:thenState gp:Excluded ;
    rdfs:label "what is watered is not watered again"@en .
"""
)


def guideline_of(folder: Path, ontology: str) -> Guideline:
    """The plant guideline with another ontology."""
    shutil.copytree(TESTS / "tiny" / "shapes", folder / "shapes")
    (folder / "ontology").mkdir()
    (folder / "ontology" / "plant.ttl").write_text(ontology, "utf-8")
    return load_guideline(folder, cache=False)


def names(iris: Iterable[str]) -> list[str]:
    return [local_name(iri) for iri in iris]
