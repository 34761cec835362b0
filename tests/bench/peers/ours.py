"""Ours, by parts: what cannot be measured at the command line, and the reference for the others' answers."""

from __future__ import annotations

import json
from datetime import date, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from peers import CLASSES, COLUMNS, TIMED, Steps
from peers.floors import ROWS, apart
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.decide import State, decide
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_files, classify_text
from reasoner.render.json import JsonRenderer

DAY = date(2026, 11, 22)
SN = "https://w3id.org/guideproof/schmorl#"
ANSWER = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}


def classified(source: Path, out: Path) -> Steps:
    """`classify_files`: every answer with its reasons, as JSON."""
    guideline = load_guideline()
    yield None
    results = classify_files(guideline, [source], DAY)
    json.dumps(JsonRenderer(guideline).render(results))
    yield len(results)
    decided = [result for result in results if isinstance(result, Assessment)]
    states = {column: pa.array([ANSWER[result.decision.states[SN + name]] for result in decided], pa.bool_())
              for column, name in zip(COLUMNS, CLASSES, strict=True)}  # fmt: skip
    pq.write_table(pa.table({"patient": [result.patient for result in decided], **states}), out)


def kernel(source: Path, out: Path) -> Steps:
    """The kernel alone: all classes, alerts and verdicts of cohorts that are in memory."""
    from reasoner.kernel.kernel import Kernel
    from reasoner.population.fact_table.reader import FactTableReader

    assert out
    guideline = load_guideline()
    reader, decider = FactTableReader(guideline), Kernel(guideline)
    with pq.ParquetFile(source) as file:
        cohorts = [reader.read(batch, source.name) for batch in file.iter_batches(ROWS)]
    decider.decide(cohorts[0])
    yield None
    yield sum(decider.decide(cohort).rows for cohort in cohorts)


def warm(source: Path, out: Path) -> Steps:
    """One patient at a time in a warm process: from Turtle to an answer with its reasons."""
    assert out
    guideline, texts = load_guideline(), apart(source)
    for text in texts[:-TIMED]:
        _assess(guideline, text)
    yield None
    for text in texts[-TIMED:]:
        _assess(guideline, text)
    yield TIMED


def dated(source: Path, out: Path) -> Steps:
    """The same for as many patients with two courses of therapy, whose weeks are worked out from dates."""
    assert out
    guideline = load_guideline()
    texts = [_dated(number) for number in range(len(apart(source)))]
    for text in texts[:-TIMED]:
        _assess(guideline, text)
    yield None
    for text in texts[-TIMED:]:
        _assess(guideline, text)
    yield TIMED


_DATED = """
@prefix ex: <https://example.org/> .
@prefix gp: <https://w3id.org/guideproof/core#> .
@prefix sn: <https://w3id.org/guideproof/schmorl#> .
@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .
ex:patient-{number} a gp:Patient ;
    gp:hasFinding [ a sn:SchmorlsNode ; sn:vertebra sn:L4 ; sn:diameterMillimetre 5.0 ] , [ a sn:BackPain ] ;
    gp:lacksFinding sn:RadicularSymptom , sn:ConstitutionalSymptom , sn:ProgressiveNeurologicalDeficit ;
    gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "{begun}"^^xsd:date ; gp:endDate "{ended}"^^xsd:date ] ,
        [ a sn:NsaidTherapy ; gp:startDate "{begun:%Y-%m}"^^xsd:gYearMonth ] .
"""


def _dated(number: int) -> str:
    """A patient with two courses of therapy; which days they began and ended on differs from one to the next."""
    begun, ended = (DAY - timedelta(days=days + number % 97) for days in (70, 20))
    return _DATED.format(number=number, begun=begun, ended=ended)


def deciding(source: Path, out: Path) -> Steps:
    """One patient at a time: the states of all classes from facts at hand, nothing remembered from one to the next."""
    assert out
    guideline = load_guideline()
    records = [_assess(guideline, text).decision.facts for text in apart(source)]
    facts = [tuple(fact for fact in known if fact.by != "assumed") for known in records]
    closable = tuple(guideline.catalogue.closable)
    decide(guideline.compiled, facts[0], closable)
    yield None
    for known in facts[-TIMED:]:
        decide(guideline.compiled, known, closable)
    yield TIMED


def _assess(guideline: Guideline, text: str) -> Assessment:
    [result] = classify_text(guideline, text, DAY, name="record.ttl", format="turtle")
    assert isinstance(result, Assessment)
    return result
