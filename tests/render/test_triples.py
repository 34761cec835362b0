"""Assessments as lines of N-Triples and N-Quads are those of a graph that is made triple by triple."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyoxigraph as ox
import pytest
from fact_rows import ROOT, SEED, TINY, both, fact_table, random_rows, read_cohort, table_of
from graph_reference import GraphRenderer, lines_of, quads
from msgspec.structs import replace
from pyarrow import feather

from reasoner.cli.patient import classify
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.kernel.cohort import Cohort
from reasoner.kernel.kernel import Kernel
from reasoner.kernel.transpose import bitmap, column_of, flags_of
from reasoner.logic.decide import decide
from reasoner.logic.theory import Literals
from reasoner.patient.assess import assess_decided, assessor_of
from reasoner.patient.classify import classify_files
from reasoner.population import batch
from reasoner.population.fact_table import files as table_sources
from reasoner.population.known import KnownBits, facts_of, groups, origin
from reasoner.population.quads import QuadsWriter
from reasoner.population.sources import Readers, open_sources
from reasoner.records.canonical import content_hash
from reasoner.render.rdf import RdfRenderer
from reasoner.render.triples import TripleRenderer

DAY, ENDED = date(2026, 11, 22), datetime(2026, 11, 22, tzinfo=UTC)
SIZE = 50
WRITE = {"parquet": pq.write_table, "arrow": feather.write_feather, "csv": pa_csv.write_csv}


def cohort_of(of: Callable[[], Guideline], size: int) -> Cohort:
    """Random patients, some with orders, some alike, some whose facts are derived, under names of all kinds."""
    rng, rows = random.Random(SEED), random_rows(of, size)
    orders = [column.name for column in fact_table(of).columns if column.kind == "order"]
    for number, row in enumerate(rows):
        row |= {name: True for name in orders if rng.random() < 0.2}
        row["patient"] = f"https://example.org/{'pörson/日' if number % 7 == 3 else number % 5}/{number}"
    rows += [{**rng.choice(rows), "patient": f"urn:x:again:{number}"} for number in range(size // 4)]
    found = read_cohort(table_of(of(), rows), of(), "rows.parquet")
    derived = np.random.default_rng(SEED).random(found.pos.shape[1] * 64)[: found.rows] < 0.3
    return Cohort(found.patients, found.pos, found.neg, found.proposed, found.pos & bitmap(derived), None)


def one_by_one(guideline: Guideline, cohort: Cohort, row: int) -> str:
    """The quads of one patient, with nothing remembered from another."""
    sides = (cohort.pos, cohort.neg, cohort.derived_pos)
    told = KnownBits(*(0 if side is None else column_of(side, row) for side in sides), 0, 0)
    facts = [origin(fact, told) for fact in facts_of(guideline, Literals(told.pos, told.neg))]
    proposed = sorted(act for act, flags in cohort.proposed.items() if flags_of(flags, cohort.rows)[row])
    patient = cohort.patients[row].as_py()
    stated = [f"{fact.term} {'present' if fact.present else 'absent'}" for fact in facts]
    record = content_hash("|".join([patient, *stated, *proposed]))
    decision = decide(guideline.compiled, facts, guideline.catalogue.closable)
    assessor_of(guideline)._concluded.clear()
    return quads(guideline, assess_decided(guideline, patient, decision, dict.fromkeys(proposed, ()), DAY, record))


@both
def test_quads_are_those_of_a_graph_made_triple_by_triple(of: Callable[[], Guideline]) -> None:
    guideline, cohort = of(), cohort_of(of, SIZE)
    decided = Kernel(guideline).decide(cohort)
    rows = np.flatnonzero(flags_of(decided.clash, decided.rows) == 0).tolist()
    written = QuadsWriter(guideline, DAY).write(cohort, decided)
    found, count = "".join(written["quads"].to_pylist()), written.num_rows
    assert written["patient"].to_pylist() == [cohort.patients[row].as_py() for row in rows]
    expected = [one_by_one(guideline, cohort, row) for row in rows]
    assert count == len(expected) > SIZE * 0.6
    assert found.split("\n") == "".join(expected).split("\n")
    assert "core#Derived>" in found and len(list(ox.parse(found, ox.RdfFormat.N_QUADS))) > 20 * count


@both
def test_facts_of_groups_are_those_of_all_atoms(of: Callable[[], Guideline]) -> None:
    guideline, cohort = of(), cohort_of(of, SIZE)
    apart = groups(guideline)
    assert sum(apart) == (1 << guideline.compiled.theory.size) - 1
    assert len(apart) > 5
    for row in range(cohort.rows):
        pos, neg = column_of(cohort.pos, row), column_of(cohort.neg, row)
        found = [fact for group in apart for fact in facts_of(guideline, Literals(pos & group, neg & group))]
        assert sorted(found) == list(facts_of(guideline, Literals(pos, neg)))


@pytest.mark.parametrize(
    "directory, records",
    [(None, ROOT / "docs" / "examples"), (None, ROOT / "tests" / "cases" / "classes"), (TINY, TINY / "records")],
)
def test_the_triples_of_records_are_those_of_a_graph_made_triple_by_triple(
    directory: Path | None, records: Path
) -> None:
    guideline = load_guideline(directory)
    results = [one for path in sorted(records.glob("*.ttl"))[:12] for one in classify_files(guideline, [path], DAY)]
    expected = GraphRenderer(guideline, ENDED).render(results)
    assert TripleRenderer(guideline, ENDED).canonical(results).splitlines() == lines_of(expected)
    graph = RdfRenderer(guideline, ENDED).render(results)
    assert graph.serialize(format="turtle") == expected.serialize(format="turtle")
    values = {(s, p): [*expected.objects(s, p)] for s, p, _ in expected}
    assert {(s, p): [*graph.objects(s, p)] for s, p, _ in graph} == values


def test_text_is_escaped_and_ends_no_line() -> None:
    guideline = load_guideline(TINY)
    (result,) = classify_files(guideline, [TINY / "records" / "dry.ttl"], DAY)
    note = 'a "quoted" \\ of\r\ntwo\u2028lines\x85\x0c'
    result = replace(result, notes=(note, note))
    written = TripleRenderer(guideline, timed=False).quads(result)
    assert written == quads(guideline, result)
    assert [quad.object.value for quad in ox.parse(written.encode(), ox.RdfFormat.N_QUADS)].count(note) == 1


def test_a_patient_may_have_the_name_of_something_else() -> None:
    guideline = load_guideline(TINY)
    (result,) = classify_files(guideline, [TINY / "records" / "dry.ttl"], DAY)
    renderer = TripleRenderer(guideline, timed=False)
    result = replace(result, patient=f"{renderer.base}software/{renderer.version}")
    assert renderer.quads(result) == quads(guideline, result)


def test_processes_write_what_threads_write(
    guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given, started, real = tmp_path / "rows.parquet", [], batch.processes
    pq.write_table(table_of(guideline, random_rows(lambda: guideline, 45)), given)
    monkeypatch.setattr(table_sources, "ROWS", 15 * batch._CUT)
    monkeypatch.setattr(batch, "processes", lambda count, task: started.append(count) or real(count, task))
    for workers in (1, 2):
        batch.run_batch(
            guideline, given, tmp_path / f"{workers}.nq", batch.BatchOptions(DAY, "n-quads", workers=workers)
        )
    assert started == [2]
    assert (tmp_path / "1.nq").read_bytes() == (tmp_path / "2.nq").read_bytes() != b""


def folder(path: Path) -> Path:
    path.mkdir()
    return path


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "csv"])
def test_units_of_tables_are_smaller_for_quads(guideline: Guideline, tmp_path: Path, suffix: str) -> None:
    path, table = tmp_path / f"rows.{suffix}", pa.table({"patient": [f"urn:x:{row}" for row in range(20_000)]})
    WRITE[suffix](table, path)
    (usual,), (small,) = (
        open_sources([path], Readers(guideline, DAY, cut), folder(tmp_path / str(cut))) for cut in (1, batch._CUT)
    )
    assert (len(usual.units()), len(small.units()) > 1) == (1, True)
    patients = [name for unit in small.units() for name in small.cohort(unit).patients.to_pylist()]
    assert patients == table["patient"].to_pylist()


def test_n_triples_of_a_command_are_canonical(tmp_path: Path) -> None:
    record = ROOT / "docs" / "examples" / "patient.ttl"
    classify([str(record)], as_of="2026-11-22", out=tmp_path / "one.nt")
    lines = (tmp_path / "one.nt").read_text("utf-8").splitlines()
    assert lines == sorted(set(lines)) and len(lines) > 100
