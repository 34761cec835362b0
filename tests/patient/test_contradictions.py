"""Values that say something only together: bounds that no number meets, excluding values, joined classes."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest

from reasoner.errors import ContradictionError, EngineError, Problem, RecordError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Refusal, assess
from reasoner.patient.classify import _agree

SN = "https://w3id.org/guideproof/schmorl#"
GP = "https://w3id.org/guideproof/core#"
WEEKS = (f"{SN}conservativeTherapyWeeks",)
DAY = date(2026, 11, 22)


def weeks(low: str | None, high: str | None) -> Observation:
    return Observation(WEEKS, "number", low=Decimal(low) if low else None, high=Decimal(high) if high else None)


def test_bounds_that_no_number_meets(guideline: Guideline) -> None:
    with pytest.raises(ContradictionError, match=r"at least 5\.5 and at most 5\.0"):
        assess(guideline, "urn:x", [weeks("5.5", None), weeks(None, "5.0")], DAY)


def test_bounds_that_meet_in_one_number(guideline: Guideline) -> None:
    assessment = assess(guideline, "urn:x", [weeks("6", None), weeks(None, "6")], DAY)
    assert assessment.decision.states[f"{SN}AtLeast6WeeksPatient"] == "entailed"
    assert assessment.decision.states[f"{SN}AtLeast12WeeksPatient"] == "excluded"


def test_two_levels_of_one_node(guideline: Guideline) -> None:
    path = (f"{SN}indexNode", f"{SN}vertebra")
    with pytest.raises(ContradictionError, match=r"T1 and .*T2"):
        assess(guideline, "urn:x", [Observation(path, "value", f"{SN}{level}") for level in ("T1", "T2")], DAY)


def test_classes_of_one_node_that_an_axiom_joins(tmp_path: Path) -> None:
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / "own.ttl").write_text(OWN, "utf-8")
    guideline = load_guideline(tmp_path)
    both = [Observation((f"{GP}hasFinding",), "class", f"urn:own#{name}", source="_:b") for name in ("A", "B")]
    with pytest.raises(RecordError, match="classes-together"):
        assess(guideline, "urn:x", both, DAY)
    apart = [both[0], Observation((f"{GP}hasFinding",), "class", "urn:own#B", source="_:c")]
    assert assess(guideline, "urn:x", apart, DAY).decision.states["urn:own#Both"] == "undetermined"


def test_engines_that_differ_are_an_error(guideline: Guideline) -> None:
    ours = assess(guideline, "urn:x", [weeks("6", "6")], DAY)
    _agree(ours, ours.decision.states)
    refused = Refusal("urn:x", (Problem("contradictory-record", "", ""),))
    _agree(refused, None)
    _agree(Refusal("urn:x", (Problem("unknown-term", "", ""),)), ours.decision.states)
    for result, answer in (
        (ours, {f"{SN}AtLeast6WeeksPatient": State.EXCLUDED}),
        (ours, None),
        (refused, ours.decision.states),
    ):
        with pytest.raises(EngineError, match="engines-differ"):
            _agree(result, answer)


OWN = """
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix owl: <http://www.w3.org/2002/07/owl#> .
@prefix own: <urn:own#> .
@prefix rdfs: <http://www.w3.org/2000/01/rdf-schema#> .
<urn:own> a owl:Ontology ; owl:imports <https://w3id.org/guideproof/core> .
own:A a owl:Class ; rdfs:subClassOf gp:Finding .
own:B a owl:Class ; rdfs:subClassOf gp:Finding .
own:C a owl:Class ; rdfs:subClassOf gp:Finding ;
    owl:equivalentClass [ a owl:Class ; owl:intersectionOf ( own:A own:B ) ] .
own:Both a owl:Class , gp:Criterion ; rdfs:subClassOf gp:Patient ;
    owl:equivalentClass [ a owl:Restriction ; owl:onProperty gp:hasFinding ; owl:someValuesFrom own:C ] .
"""
