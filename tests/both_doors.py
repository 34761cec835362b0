"""What `classify` and a batch say of the same records: the answers, and why others are refused."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pyarrow.parquet as pq

from reasoner.escapes import cell
from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import curie

DAY = date(2026, 11, 22)
VALUES = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}

Answers = dict[str, dict[str, object]]
Refused = dict[str, set[tuple[str, str, str]]]


def by_classify(guideline: Guideline, data: bytes) -> tuple[Answers, Refused]:
    """The answers by patient, and why others are refused; patients without a name stand under ''."""
    answers: Answers = {}
    refused: Refused = {}
    for result in classify(guideline, gather([read_text(data, "records.nt", format="nt")]), DAY):
        if isinstance(result, Refusal):
            found = refused.setdefault(_name(str(result.patient)), set())
            found.update((p.code, cell(p.what), cell(p.remedy)) for p in result.problems)
            continue
        named = {curie(iri, guideline.prefixes): VALUES[state] for iri, state in result.decision.states.items()}
        shapes = [check.shape for check in guideline.content.checks if not check.action]
        given = {check.shape for check in result.alerts}
        named |= {f"alert:{curie(shape, guideline.prefixes)}": shape in given for shape in shapes}
        verdicts = {f"verdict:{curie(order.action, guideline.prefixes)}": order.verdict for order in result.orders
                    if guideline.checks_of(order.action)}  # fmt: skip
        answers[result.patient] = _told({"status": result.status, **named, **verdicts})
    return answers, refused


def by_batch(guideline: Guideline, given: Path) -> tuple[Answers, Refused]:
    out = given.with_name(f"{given.name}.out.parquet")
    outcome = run_batch(guideline, given, out, BatchOptions(DAY, "parquet"))
    answers = {str(row.pop("patient")): _told(row) for row in pq.read_table(out).to_pylist()}
    refused: Refused = {}
    if outcome.rejects_file:
        with outcome.rejects_file.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                refused.setdefault(row["patient"], set()).add((row["code"], row["reason"], row["remedy"]))
    return answers, refused


def _name(patient: str) -> str:
    return patient if ":" in patient and not patient.startswith("_:") else ""


def _told(row: dict[str, object]) -> dict[str, object]:
    return {name: value for name, value in row.items() if value is not None}


def agree(found: tuple[Answers, Refused], expected: tuple[Answers, Refused]) -> None:
    for one, other in zip(found, expected, strict=True):
        assert {p: one[p] for p in one if one[p] != other.get(p)} == {
            p: other[p] for p in other if other[p] != one.get(p)
        }
