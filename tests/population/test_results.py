"""The answers for a fact table are those of `classify` for the same patients as RDF, and are refused as there."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import date
from functools import cache
from typing import Any

import pyarrow as pa
import pytest
from fact_rows import Row, both, fact_table, main, read_cohort, row_of, table_of, tiny
from random_records import Records, as_graph
from rdflib import RDF, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline, version
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.kernel.kernel import Decided, Kernel
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation, literals_of
from reasoner.patient.assess import Assessment, Refusal, assess
from reasoner.patient.classify import Result, classify
from reasoner.patient.orders import VERDICTS
from reasoner.population.fact_table.table import PROPOSES
from reasoner.population.known import facts_of
from reasoner.population.results import ResultTable, rejects_of
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import curie

SEED, SIZE = 20261122, 400
DAY = date(2026, 11, 22)
Record = tuple[Observation, ...]
TRUTH = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}


# -- random records, as rows and as RDF --


def point(seen: Observation) -> Observation:
    """An observation that RDF can state: a number in place of an interval."""
    number = seen.low if seen.low is not None else seen.high
    return Observation(seen.path, "number", low=number, high=number) if seen.kind == "number" else seen


@cache
def drawn(of: Any) -> dict[str, tuple[Record, Row]]:
    """Random records that are both rows and RDF, some of which cannot be; by the IRI of the patient."""
    rng, records, table = (
        random.Random(SEED),
        Records(of().compiled, SEED, tuple(of().catalogue.closable)),
        fact_table(of),
    )
    acts = [column.target for column in table.columns if column.kind == "order"]
    cases = [case.record for case in records.stratified(list(of().compiled.rules), SIZE, 5)]
    cases += [(*records.draw(), *records.careless()) for _ in range(SIZE // 4)]
    found: dict[str, tuple[Record, Row]] = {}
    for case in cases:
        orders = [Observation((PROPOSES,), "class", act) for act in acts if rng.random() < 0.2]
        record = tuple({(seen.path, seen.kind, seen.kind == "class" and seen): point(seen) for seen in case}.values())
        patient = f"https://example.org/patient/{len(found)}"
        row = row_of(table, (*record, *orders), patient)
        if row is not None:
            found[patient] = (*record, *orders), row
    return found


def as_record(guideline: Guideline, patient: str, record: Record) -> Graph:
    """A record as RDF: each node its own, and the node of a functional property with the class of its range."""
    properties = guideline.compiled.properties
    denies = {denied: prop for prop, denied in guideline.catalogue.negations.items()}
    drawn = as_graph(record, guideline.compiled, denies, URIRef(patient))
    for prop, rule in properties.items():
        for node in drawn.objects(None, URIRef(prop)):
            if rule.functional and not rule.data and isinstance(node, BNode):
                for kind in rule.ranges:
                    drawn.add((node, RDF.type, URIRef(kind)))
    own: dict[Node, Node] = {}
    graph = Graph()
    for triple in drawn:
        s, p, o = (own.setdefault(term, BNode()) if isinstance(term, BNode) else term for term in triple)
        graph.add((s, p, o))
    return graph


@cache
def classified(of: Any) -> dict[str, Result]:
    graph = Graph()
    for patient, (record, _) in drawn(of).items():
        graph += as_record(of(), patient, record)
    text = graph.serialize(format="nt")
    return {str(r.patient): r for r in classify(of(), gather([read_text(text, "all.nt", format="nt")]), DAY)}


@cache
def decided(of: Any) -> tuple[Cohort, Decided, pa.RecordBatch, tuple[Reject, ...]]:
    cohort = read_cohort(table_of(of(), [row for _, row in drawn(of).values()]), of(), "rows.parquet")
    answers = Kernel(of()).decide(cohort)
    return (
        cohort,
        answers,
        ResultTable(of(), DAY).batch(cohort, answers),
        rejects_of(of(), cohort, answers, "rows.parquet"),
    )


# -- the same answers --


@both
def test_the_same_patients_are_decided(of: Any) -> None:
    _, _, batch, rejects = decided(of)
    theirs = [patient for patient, result in classified(of).items() if isinstance(result, Assessment)]
    assert sorted(batch["patient"].to_pylist()) == sorted(theirs)
    assert len(theirs) > SIZE / 2
    assert {reject.patient for reject in rejects} == classified(of).keys() - set(theirs)


@both
def test_every_class_has_the_same_state(of: Any) -> None:
    names = {iri: curie(iri, of().prefixes) for iri in of().compiled.rules}
    states = set()
    for row in decided(of)[2].to_pylist():
        result = classified(of)[row["patient"]]
        assert isinstance(result, Assessment)
        assert {iri: row[name] for iri, name in names.items()} == {
            iri: TRUTH[state] for iri, state in result.decision.states.items()
        }, row
        assert row["status"] == result.status
        states |= {(iri, state) for iri, state in result.decision.states.items()}
    assert len(states) > 2.5 * len(names), "too few states were seen"


@both
def test_every_alert_and_verdict_is_the_same(of: Any) -> None:
    shown, reported, verdicts = of().prefixes, set(), set()
    for row in decided(of)[2].to_pylist():
        result = classified(of)[row["patient"]]
        assert isinstance(result, Assessment)
        alerts = {f"alert:{curie(check.shape, shown)}" for check in result.alerts}
        assert {name for name, cell in row.items() if name.startswith("alert:") and cell} == alerts
        orders = {f"verdict:{curie(order.action, shown)}": order.verdict for order in result.orders}
        told = {name: cell for name, cell in row.items() if name.startswith("verdict:") and cell is not None}
        assert told == {name: verdict for name, verdict in orders.items() if name in row}
        assert {verdict for name, verdict in orders.items() if name not in row} <= {"silent"}
        reported |= alerts
        verdicts |= set(told.values())
    assert reported == {name for name in decided(of)[2].schema.names if name.startswith("alert:")}
    assert of is tiny or verdicts == {*VERDICTS.values(), "supported"}


@both
def test_refusals_are_the_same(of: Any) -> None:
    cohort, _, _, found = decided(of)
    codes = {reject.patient: reject.code for reject in found}
    refused = {p: r for p, r in classified(of).items() if isinstance(r, Refusal)}
    assert codes == {patient: result.problems[0].code for patient, result in refused.items()}
    assert "contradictory-record" in codes.values()
    contradictory = {reject.patient: reject for reject in found if reject not in cohort.rejects}
    for patient, reject in contradictory.items():
        problem = refused[patient].problems[0]
        assert (reject.reason, reject.remedy, reject.source) == (problem.what, problem.remedy, "rows.parquet")


def test_out_of_range_is_told_in_the_words_of_the_contract() -> None:
    for reject in decided(main)[0].rejects:
        result = classified(main)[reject.patient]
        assert isinstance(result, Refusal)
        assert reject.reason.rsplit(": ", 1)[-1] in {problem.what.rsplit(": ", 1)[-1] for problem in result.problems}
        assert reject.remedy in {problem.remedy for problem in result.problems}


# -- what RDF cannot state --


@both
def test_intervals_give_what_assess_gives(of: Any) -> None:
    guideline, table = of(), fact_table(of)
    records = Records(guideline.compiled, SEED + 1)
    cases = [records.draw() for _ in range(300)]
    rows = {f"urn:x:{i}": (case, row_of(table, case, f"urn:x:{i}")) for i, case in enumerate(cases)}
    cohort = read_cohort(table_of(guideline, [row for _, row in rows.values() if row]), guideline, "t")
    batch = ResultTable(guideline).batch(cohort, Kernel(guideline).decide(cohort))
    assert batch.num_rows > 150
    for row in batch.to_pylist():
        states = assess(guideline, row["patient"], rows[row["patient"]][0], DAY).decision.states
        assert {iri: row[curie(iri, guideline.prefixes)] for iri in states} == {
            iri: TRUTH[state] for iri, state in states.items()
        }, row


@both
def test_facts_give_back_their_literals(of: Any) -> None:
    guideline, records = of(), Records(of().compiled, SEED + 2)
    for _ in range(200):
        said = literals_of(guideline.reader.read(records.draw()))
        assert literals_of(facts_of(guideline, said)) == said


# -- the form of the answers --


@both
def test_schema(of: Any) -> None:
    guideline = of()
    columns = ResultTable(guideline, DAY).schema
    management = [curie(cls.iri, guideline.prefixes) for cls in guideline.catalogue.management]
    assert columns.names[: 2 + len(management)] == ["patient", "status", *management]
    assert {curie(iri, guideline.prefixes) for iri in guideline.compiled.rules} <= set(columns.names)
    assert decided(of)[2].schema.equals(columns, check_metadata=True)
    told = {key.decode(): value.decode() for key, value in columns.metadata.items()}
    assert told == {
        "guideproof.asOf": "2026-11-22",
        "guideproof.guideline": guideline.content.version_iris,
        "guideproof.software": version(),
    }
    assert b"guideproof.asOf" not in ResultTable(guideline).schema.metadata
    assert columns.field(management[0]).metadata[b"iri"].decode() == guideline.catalogue.management[0].iri


def rows(guideline: Guideline, cells: Sequence[Row]) -> pa.RecordBatch:
    cohort = read_cohort(table_of(guideline, cells), guideline, "t")
    return ResultTable(guideline).batch(cohort, Kernel(guideline).decide(cohort))


def test_a_verdict_only_where_an_order_is_proposed() -> None:
    cells = [{"patient": "urn:x:1", "gp:proposes/sn:SpineMri": True}, {"patient": "urn:x:2"}]
    first, second = rows(main(), cells).to_pylist()
    assert [name for name, cell in first.items() if name.startswith("verdict:") and cell] == ["verdict:sn:SpineMri"]
    assert not [name for name, cell in second.items() if name.startswith("verdict:") and cell]


def test_batches_have_one_dictionary() -> None:
    """A file in the Arrow IPC format holds one dictionary for a column."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, ResultTable(main()).schema) as writer:
        writer.write_batch(rows(main(), [{"patient": "urn:x:1", "gp:proposes/sn:SpineMri": True}]))
        writer.write_batch(rows(main(), [{"patient": "urn:x:2", "gp:proposes/sn:Surgery": True}]))
    table = pa.ipc.open_file(sink.getvalue()).read_all()
    assert table["patient"].to_pylist() == ["urn:x:1", "urn:x:2"]


@pytest.mark.parametrize("size", [0, 1, 63, 64, 65, 130])
def test_any_number_of_rows(size: int) -> None:
    """Every third patient contradicts itself."""
    bad = {"sn:Fever": True, "sn:ConstitutionalSymptom": False}
    cells = [{"patient": f"urn:x:{i}", **(bad if i % 3 == 2 else {"sn:Fever": i % 2 == 0})} for i in range(size)]
    batch = rows(main(), cells)
    assert batch["patient"].to_pylist() == [f"urn:x:{i}" for i in range(size) if i % 3 != 2]
    assert batch["sn:ConstitutionalPatient"].to_pylist() == [i % 2 == 0 or None for i in range(size) if i % 3 != 2]
