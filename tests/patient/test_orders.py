"""Alerts and verdicts: the compiled shapes against pySHACL, and what holds when less is known."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import Decimal
from functools import cache

import pyshacl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_records import Records, describe
from rdflib import RDF, SH, BNode, Graph, URIRef

from reasoner.guideline.content import CHECKED, merged
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessment, assess
from reasoner.patient.classify import classify
from reasoner.patient.orders import VERDICTS
from reasoner.rdf import read_graph, read_text
from reasoner.records.record import gather
from reasoner.render.json import JsonRenderer
from reasoner.terms import GP, local_name

SEED, SIZE = 20261122, 1000
DAY = date(2026, 11, 22)
PROPOSES = (str(GP.proposes),)
PROCEDURES = ("Vertebroplasty", "Surgery")


@cache
def guideline() -> Guideline:
    return load_guideline()


@cache
def reviewed() -> tuple[str, ...]:
    """The actions that pathway shapes review."""
    return tuple(sorted({check.action for check in guideline().content.checks if check.action}))


@cache
def records() -> Records:
    return Records(guideline().compiled, SEED, tuple(guideline().catalogue.closable))


def ordered(
    rng: random.Random, record: Sequence[Observation] | None = None, share: float = 0.4
) -> tuple[Observation, ...]:
    """A random record with a share of the orders, an unreviewed one among them at times."""
    actions = [action for action in (*reviewed(), str(GP.Act)) if rng.random() < share]
    drawn = records().draw() if record is None else record
    return (*drawn, *(Observation(PROPOSES, "class", action) for action in actions))


def answer(record: Sequence[Observation], patient: str = "urn:x") -> Assessment:
    return assess(guideline(), patient, record, DAY)


def seen_by_shapes(assessments: Sequence[Assessment]) -> Graph:
    """The states of all classes and the orders, as SHACL sees them, with the taxonomy."""
    graph = Graph()
    graph += guideline().taxonomy
    for assessment in assessments:
        patient = URIRef(assessment.patient)
        graph.add((patient, RDF.type, GP.Patient))
        for iri, state in assessment.decision.states.items():
            if state is not State.UNDETERMINED:
                graph.add((patient, RDF.type if state is State.ENTAILED else GP.excludedFrom, URIRef(iri)))
        for order in assessment.orders:
            node = BNode()
            graph.add((patient, GP.proposes, node))
            graph.add((node, RDF.type, URIRef(order.action)))
    return graph


def reported(graph: Graph) -> set[tuple[str, str, str]]:
    """What pySHACL reports: the patient, the action where there is one, and the shape."""
    files = [path for name in CHECKED for path in guideline().shape_files(name)]
    shapes = merged([read_graph(path, imports=True) for path in files])
    _, report, _ = pyshacl.validate(graph, shacl_graph=shapes, advanced=False)
    assert isinstance(report, Graph)
    found = set()
    for result in report.subjects(RDF.type, SH.ValidationResult):
        focus, shape = report.value(result, SH.focusNode), report.value(result, SH.sourceShape)
        patient = next(graph.subjects(GP.proposes, focus), focus)
        action = graph.value(focus, RDF.type) if patient != focus else ""
        found.add((str(patient), str(action), str(shape)))
    return found


@pytest.mark.parametrize(("size", "quota"), [(SIZE // 4, 3), pytest.param(SIZE, 10, marks=pytest.mark.exhaustive)])
def test_compiled_shapes_report_what_pyshacl_reports(size: int, quota: int) -> None:
    rng = random.Random(SEED)
    cases = records().stratified(list(guideline().compiled.rules), size, quota)
    assessments = [answer(ordered(rng, case.record, 0.9), f"urn:patient:{i}") for i, case in enumerate(cases)]
    assert len(assessments) >= size
    ours = {(a.patient, "", check.shape) for a in assessments for check in a.alerts}
    ours |= {(a.patient, o.action, o.check.shape) for a in assessments for o in a.orders if o.check}
    theirs = reported(seen_by_shapes(assessments))
    assert ours == theirs, sorted(ours ^ theirs)[:20]
    assert len({shape for _, _, shape in ours}) == len(guideline().content.checks), "a shape never reported anything"
    verdicts = {order.verdict for a in assessments for order in a.orders}
    assert verdicts == {*VERDICTS.values(), "supported"}


def test_one_shape_at_most_reports_on_an_order() -> None:
    rng = random.Random(SEED + 1)
    for _ in range(200):
        assessment = answer(ordered(rng))
        for order in assessment.orders:
            checks = guideline().checks_of(order.action)
            assert sum(check.violated(assessment.decision.states) for check in checks) <= 1


def test_an_order_that_no_shape_reviews_is_silent() -> None:
    record = (*records().draw(), Observation(PROPOSES, "class", str(GP.Act)))
    [order] = answer(record).orders
    assert (order.verdict, order.statements, order.needs) == ("silent", (), ())


def test_needs_are_unknown_or_assumed_and_change_the_verdict() -> None:
    rng = random.Random(SEED + 2)
    for _ in range(100):
        assessment = answer(ordered(rng))
        stated = {fact.term for fact in assessment.decision.facts if fact.by != "assumed"}
        for order in assessment.orders:
            assert not stated & set(order.needs), (order, describe_all(assessment))
            if order.verdict == "undecided":
                assert order.needs


def describe_all(assessment: Assessment) -> str:
    return ", ".join(f"{local_name(f.term)} {f.state} ({f.by})" for f in assessment.decision.facts)


# -- the order of triples and of files --

FULL = """@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:a a gp:Patient ;
    gp:hasFinding ex:node , ex:pain , [ a sn:MarrowEdemaOnMri ] , [ a sn:NightSweats ] ;
    gp:lacksFinding sn:RadicularSymptom ;
    gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-03"^^xsd:gYearMonth ; gp:endDate "2026-06-02"^^xsd:date ] ,
        [ a sn:NsaidTherapy ; gp:startDate "2026-08-01"^^xsd:date ; gp:ongoing true ] ;
    gp:proposes [ a sn:Vertebroplasty ] , [ a sn:SpineMri ] , [ a sn:Surgery ] .
ex:node a sn:SchmorlsNode ; sn:vertebra sn:L4 ; sn:diameter "0.3 cm"^^<https://w3id.org/cdt/ucum> .
ex:pain a sn:BackPain ; sn:vertebra sn:L4 .
"""


def written(*texts: str) -> str:
    files = [read_text(text, f"{place}.ttl") for place, text in enumerate(texts)]
    return json.dumps(JsonRenderer(guideline()).render(classify(guideline(), gather(files), DAY)))


@pytest.mark.parametrize("shuffles", [10, pytest.param(50, marks=pytest.mark.exhaustive)])
def test_the_order_of_triples_changes_nothing(shuffles: int) -> None:
    expected = written(FULL)
    assert '"by": "derived"' in expected and '"verdict": "judgement"' in expected
    lines = read_text(FULL, "full.ttl").graph.serialize(format="nt").splitlines()
    rng = random.Random(SEED)
    for _ in range(shuffles):
        rng.shuffle(lines)
        assert written("\n".join(lines)) == expected


def test_the_order_of_files_changes_nothing() -> None:
    others = [FULL.replace("ex:a ", f"ex:{name} ").replace("ex:node", f"ex:n-{name}").replace("ex:pain", f"ex:p-{name}")
              for name in "bcd"]  # fmt: skip
    texts, rng = [FULL, *others], random.Random(SEED)
    expected = written(*texts)
    for _ in range(5):
        rng.shuffle(texts)
        assert written(*texts) == expected


# -- knowing less --


def verdicts(record: Sequence[Observation]) -> Mapping[str, str]:
    proposals = [action for action in reviewed() if local_name(action) in PROCEDURES]
    full = (*record, *(Observation(PROPOSES, "class", action) for action in proposals))
    return {order.action: order.verdict for order in answer(full).orders}


def less(record: Sequence[Observation], place: int) -> list[Observation]:
    """The record with one observation taken away, or with its interval opened on one side."""
    kept = list(record)
    seen = kept.pop(place % len(kept))
    if seen.kind == "number" and place % 2:
        kept.append(Observation(seen.path, "number", low=None, high=(seen.high or Decimal(0)) + 1))
    return kept


@given(st.integers(min_value=0, max_value=10**9), st.integers(min_value=0, max_value=10**6))
@settings(max_examples=400, deadline=None, derandomize=True)
def test_knowing_less_never_lifts_a_procedure(seed: int, place: int) -> None:
    rng = random.Random(seed)
    favourable = rng.random() < 0.7
    wanted = [cls for cls in guideline().compiled.rules if local_name(cls) in FAVOURABLE]
    rule = guideline().compiled.rules[rng.choice(sorted(wanted))]
    record = records().satisfying(rng.choice(rule.entailed_by)) if favourable else records().draw()
    if not record:
        return
    rank = {"supported": 2, "judgement": 1}
    before, after = verdicts(record), verdicts(less(record, place))
    for action, verdict in after.items():
        assert rank.get(verdict, 0) <= rank.get(before[action], 0), (action, describe(record), place)


FAVOURABLE = {"VertebroplastyConsiderable", "VertebroplastyByJudgement", "SurgicalReferral"}


def test_procedures_are_reviewed() -> None:
    """The names on which the law is tested are the guideline's own."""
    assert set(PROCEDURES) <= {local_name(action) for action in reviewed()}
    assert {local_name(cls) for cls in guideline().compiled.rules} >= FAVOURABLE


@pytest.mark.parametrize("action", PROCEDURES)
def test_the_law_is_tried_on_supported_procedures(action: str) -> None:
    cls = {"Vertebroplasty": "VertebroplastyConsiderable", "Surgery": "SurgicalReferral"}[action]
    [rule] = [rule for iri, rule in guideline().compiled.rules.items() if local_name(iri) == cls]
    found = verdicts(records().satisfying(rule.entailed_by[0]))
    assert "supported" in {verdict for iri, verdict in found.items() if local_name(iri) == action}
