"""Each statement of the guideline stands in some patient's answer: the shortest record that brings it out.

A record is shortest where no part of it brings the statement out. A statement is brought out by a class that holds (by
the reasons for it, or by what it recommends) or by the context of the answer; alerts ask before anything holds, and
reviews of orders cite whatever they come to, so that neither counts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import chain, combinations

import pytest
from conftest import Row

from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_text
from reasoner.render.json import JsonRenderer
from reasoner.render.rdf import RdfRenderer
from reasoner.terms import GP, local_name

AS_OF = date(2026, 11, 22)
PREFIXES = "@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sn: <https://w3id.org/guideproof/schmorl#> .\n"

#: The parts of a record: a finding that is present (+) or absent (-), an act (!), an attribute of the node, the weeks.
NODE = "+SchmorlsNode"
SILENT = "-BackPain -RadicularSymptom -ConstitutionalSymptom -ProgressiveNeurologicalDeficit"
SMALL = f"{NODE} vertebra=L4 endplate=InferiorEndplate mm=3 {SILENT}"
ACUTE = f"{NODE} +LocalizedBackPain +MarrowEdemaOnMri !DifferentialExclusion !RedFlagReassessment"
CLEARED = f"{ACUTE} -ProgressiveNeurologicalDeficit"
SHORTEST = {
    "lead-1": SMALL,
    "und-1": NODE,
    "und-2": NODE,
    "und-3": NODE,
    "rel-1": "+RadicularSymptom",
    "rel-2": "+AcuteOnset",
    "rel-3": f"{NODE} +MarrowEdemaOnMri",
    "rel-4": "+RadicularSymptom",
    "rel-5": "+ModicChange",
    "red-1": f"{NODE} +Fever",
    "red-2": f"{NODE} +WorseningLocalizedBackPain weeks=6",
    "red-3": f"{NODE} +RadicularSymptom",
    "red-4": f"{NODE} +Fever",
    "red-5": f"{NODE} +ProgressiveNeurologicalDeficit",
    "alg-1": SMALL,
    "alg-2": SMALL,
    "alg-3": SMALL,
    "alg-4": SMALL,
    "alg-5": f"{NODE} +BackPain",
    "alg-6": f"{NODE} +BackPain weeks=6",
    "alg-7": f"{NODE} +BackPain weeks=6",
    "alg-8": f"{CLEARED} -PosteriorExtension weeks=13",
    "alg-9": f"{NODE} -RadicularSymptom -ProgressiveNeurologicalDeficit",
    "ctx-1": NODE,
    "ctx-2": f"{NODE} vertebra=L1",
    "ctx-3": f"{NODE} vertebra=L4",
    "ctx-4": f"{NODE} mm=3",
    "pit-1": f"{NODE} {SILENT}",
    "pit-2": f"{NODE} +BackPain",
    "pit-3": "+EndplateDefect",
    "pit-4": f"{NODE} +BackPain weeks=6",
}


def record(name: int, parts: Iterable[str]) -> str:
    """A record of some parts, as Turtle."""
    lines, node = [], []
    for part in parts:
        key, _, value = part.partition("=")
        if value and key != "weeks":
            node.append({"mm": f"sn:diameterMillimetre {value}.0"}.get(key, f"sn:{key} sn:{value}"))
        elif value:
            lines.append(f"sn:conservativeTherapyWeeks {value}.0")
        elif part[0] == "-":
            lines.append(f"gp:lacksFinding sn:{part[1:]}")
        elif part != NODE:
            lines.append(f"gp:{'underwent' if part[0] == '!' else 'hasFinding'} [ a sn:{part[1:]} ]")
    if NODE in parts:
        lines.append(f"gp:hasFinding [ {' ; '.join(['a sn:SchmorlsNode', *node])} ]")
    return f"<urn:patient:{name}> {' ; '.join(['a gp:Patient', *lines])} ."


def brought_out(assessment: Assessment) -> set[str]:
    """The statements that stand in an answer."""
    held = [c for c in assessment.conclusions if c.state is State.ENTAILED]
    found = {s for c in held for reason in c.reasons for s in reason.statements}
    found |= {s for c in held for recommendation in c.cls.recommendations for s in recommendation.statements}
    return {local_name(s) for s in found | {s for note in assessment.context for s in note.statements}}


def answers(guideline: Guideline, records: Iterable[Iterable[str]]) -> list[set[str]]:
    """What each of some records brings out, in their order."""
    texts = [record(number, tuple(parts)) for number, parts in enumerate(records, 100_000)]
    results = classify_text(guideline, PREFIXES + "\n".join(texts), AS_OF)
    return [brought_out(result) for result in results if isinstance(result, Assessment)]


def test_every_statement_has_its_record(statements: dict[str, Row]) -> None:
    assert set(SHORTEST) == set(statements)
    assert len(SHORTEST) == 31


@pytest.mark.parametrize("statement", SHORTEST)
def test_record_is_the_shortest_that_brings_out_a_statement(statement: str, guideline: Guideline) -> None:
    parts = SHORTEST[statement].split()
    smaller = chain.from_iterable(combinations(parts, size) for size in range(len(parts)))
    attributes = [one for one in smaller if NODE in one or not any("=" in p and p[0] != "w" for p in one)]
    whole, *less = answers(guideline, [parts, *attributes])
    assert statement in whole
    assert len(less) == len(attributes)
    assert [parts for parts, found in zip(attributes, less, strict=True) if statement in found] == []


def test_context_is_the_same_in_every_form(guideline: Guideline) -> None:
    text = PREFIXES + record(1, f"{NODE} vertebra=L2 +ModicChange +RadicularSymptom".split())
    (assessment,) = classify_text(guideline, text, AS_OF)
    assert isinstance(assessment, Assessment)
    rendered = JsonRenderer(guideline).result(assessment)["context"]
    classes = ["SchmorlsNodePatient", "RadicularPatient", "ActiveInflammationSuggested", "UpperLumbarNodePatient"]
    assert [note["class"] for note in rendered] == [f"sn:{name}" for name in classes]
    assert rendered[-1]["statements"] == ["sn:ctx-2"] and rendered[-1]["citations"] == ["5"]
    assert rendered[-1]["text"] == guideline.catalogue.statements[assessment.context[-1].statements[0]].paraphrase
    graph = RdfRenderer(guideline).render([assessment])
    noted = {(str(graph.value(node, GP["class"])), str(s)) for node in graph.objects(None, GP.context)
             for s in graph.objects(node, GP.statement)}  # fmt: skip
    assert noted == {(note.cls, s) for note in assessment.context for s in note.statements}


def test_nothing_is_told_of_a_patient_without_a_node(guideline: Guideline) -> None:
    text = PREFIXES + "<urn:p> a gp:Patient ; gp:lacksFinding sn:SchmorlsNode ; gp:hasFinding [ a sn:ModicChange ] ."
    (assessment,) = classify_text(guideline, text, AS_OF)
    assert isinstance(assessment, Assessment) and assessment.context == ()


def notes_of(guideline: Guideline, parts: str) -> list[str]:
    (assessment,) = classify_text(guideline, PREFIXES + record(1, parts.split()), AS_OF)
    assert isinstance(assessment, Assessment)
    return list(assessment.notes)


@pytest.mark.parametrize(
    ("stated", "asked"), [("+ModicChange", "sn:ModicChange is recorded as present and no sn:SpineMri"),
                          ("-MarrowEdemaOnMri", "sn:MarrowEdemaOnMri is recorded as absent and no sn:SpineMri"),
                          ("-VertebralMarrowEdema", "sn:MarrowEdemaOnMri is recorded as absent and no sn:SpineMri")]
)  # fmt: skip
def test_what_is_seldom_known_without_an_mri_asks_for_it(stated: str, asked: str, guideline: Guideline) -> None:
    (note,) = notes_of(guideline, f"{NODE} {stated}")
    assert note.startswith(asked)
    assert notes_of(guideline, f"{NODE} {stated} !SpineMri") == []
    assert notes_of(guideline, NODE) == notes_of(guideline, f"{NODE} -ModicChange") == []


def test_both_signals_are_the_reason_for_oedema(guideline: Guideline) -> None:
    text = PREFIXES + record(1, f"{NODE} +LowT1Signal +HighT2Signal".split())
    (assessment,) = classify_text(guideline, text, AS_OF)
    assert isinstance(assessment, Assessment)
    (workup,) = (c for c in assessment.conclusions if local_name(c.cls.iri) == "DifferentialWorkup")
    assert workup.state is State.ENTAILED
    assert [{local_name(f.term) for f in r.reason.facts if f.by == "recorded"} for r in workup.reasons] == [
        {"SchmorlsNode", "LowT1Signal", "HighT2Signal"}
    ]
