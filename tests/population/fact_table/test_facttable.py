"""The fact table: its columns, what a row says, and that every format says the same."""

from __future__ import annotations

import random
from decimal import Decimal
from pathlib import Path
from shutil import copy
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from fact_rows import (
    ROOT,
    SEED,
    TINY,
    both,
    cohorts_equal,
    column_of,
    fact_table,
    main,
    random_rows,
    read,
    read_cohort,
    row_of,
    said,
    table_of,
    tiny,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from random_records import Records

from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.clauses import bits
from reasoner.logic.facts import Observation
from reasoner.logic.theory import Literals
from reasoner.population.fact_table.cells import reaches
from reasoner.population.fact_table.reader import csv_options
from reasoner.population.fact_table.schema import schema
from reasoner.population.fact_table.table import FactColumn, FactTable

# -- columns --


@both
def test_every_atom_has_a_column(of: Any) -> None:
    table, reached = fact_table(of), 0
    for column in table.columns:
        if column.kind in ("class", "node", "order"):
            reached |= table.flag(column, True).pos
        elif column.kind == "value":
            for iri in table.individuals(column):
                reached |= table.value(column, iri).pos
        else:
            reached |= table.quantity(column).pos
            reached |= sum(1 << i for i, atom in enumerate(of().compiled.theory.atoms)
                           if atom.kind == "above" and atom.path == column.path)  # fmt: skip
    missing = [atom for i, atom in enumerate(of().compiled.theory.atoms) if not reached >> i & 1 and atom.path]
    assert not missing
    assert len({column.name for column in table.columns}) == len(table.columns)


def test_names_of_columns() -> None:
    names = list(fact_table(main).by_name)
    assert {"sn:Fever", "sn:SpineMri", "sn:indexNode", "sn:indexNode/sn:vertebra", "sn:conservativeTherapyWeeks.low",
            "sn:indexNode/sn:diameterMillimetre.high", "sn:indexNode/sn:diameterMillimetre",
            "gp:proposes/sn:SpineMri"} <= set(names)  # fmt: skip
    assert [c.name for c in fact_table(tiny).columns if c.kind not in ("class", "order")] == [
        "pot:dryDays.low",
        "pot:dryDays.high",
    ]


def test_a_class_under_two_properties_goes_by_its_path(tmp_path: Path) -> None:
    ontology = (TINY / "ontology" / "pot.ttl") if (TINY / "ontology" / "pot.ttl").exists() else next(
        (TINY / "ontology").glob("*.ttl"))  # fmt: skip
    text = ontology.read_text("utf-8") + (
        "\npot:seenBefore a owl:ObjectProperty ; rdfs:label 'seen before'@en ; rdfs:range gp:Finding ."
        "\npot:OnceSoggy a owl:Class ; rdfs:subClassOf gp:Patient ; rdfs:label 'once soggy'@en ; owl:equivalentClass"
        " [ a owl:Class ; owl:intersectionOf ( gp:Patient [ a owl:Restriction ; owl:onProperty pot:seenBefore ;"
        " owl:someValuesFrom pot:SoggySoil ] ) ] .\n"
    )
    (tmp_path / "ontology").mkdir()
    (tmp_path / "ontology" / ontology.name).write_text(text, "utf-8")
    table = FactTable(load_guideline(tmp_path))
    assert {"gp:hasFinding/pot:SoggySoil", "pot:seenBefore/pot:SoggySoil"} <= set(table.by_name)
    assert "pot:SoggySoil" not in table.by_name
    assert "pot:Watering" in table.by_name
    assert not table.by_name["pot:seenBefore/pot:SoggySoil"].deniable


# -- what a row says --


@both
def test_each_cell_says_what_its_observation_says(of: Any) -> None:
    assert checked(of(), fact_table(of)) > 20


@pytest.mark.parametrize("name", ["case-analysis", "facets", "paths", "properties", "values"])
def test_each_cell_of_a_small_ontology(name: str, tmp_path: Path) -> None:
    (tmp_path / "ontology").mkdir()
    copy(ROOT / "tests" / "small" / f"{name}.ttl", tmp_path / "ontology")
    guideline = load_guideline(tmp_path)
    assert checked(guideline, FactTable(guideline)) > 5


def checked(guideline: Guideline, table: FactTable) -> int:
    """How many observations there were; each is read from a row of its own, and says what it says in a record."""
    known = [seen for seen in Records(guideline.compiled, SEED).all if not _refused(table, seen)]
    rows = [row_of(table, [seen], f"urn:x:{i}") for i, seen in enumerate(known)]
    cohort = read_cohort(table_of(guideline, [row for row in rows if row]), guideline, "t")
    assert not cohort.rejects and cohort.rows == len(known)
    for row, seen in enumerate(known):
        expected = guideline.reader.literals(seen).union(table.above(FactColumn("", "", seen.path)))
        assert said(cohort, row) == expected, seen
    return cohort.rows


def _refused(table: FactTable, seen: Observation) -> bool:
    """Whether a table cannot say it, or the record contract refuses it."""
    if seen.kind == "class":
        return not seen.present and not column_of(table, seen).deniable
    if seen.kind == "number":
        bounds = [(column_of(table, seen, side), bound) for side, bound in (("low", seen.low), ("high", seen.high))]
        return any(bound is not None and _outside(table, column, bound) for column, bound in bounds)
    column = column_of(table, seen)
    return table.closed(column) and seen.target not in table.individuals(column)


def _outside(table: FactTable, column: FactColumn, bound: Decimal) -> bool:
    ends = [(test.low, test.low_strict) for _, test in table.limits(column) if test.low is not None]
    return any(bound < end or (bound == end and strict and column.kind == "high") for end, strict in ends)


def test_a_plain_column_is_both_bounds() -> None:
    numbers = [None, 2.9, 3.0, 3.1]
    path = "sn:indexNode/sn:diameterMillimetre"
    plain = read(main, {path: numbers})
    pair = read(main, {f"{path}.low": numbers, f"{path}.high": numbers})
    assert np.array_equal(plain.pos, pair.pos) and np.array_equal(plain.neg, pair.neg)
    strict = next(i for i, atom in enumerate(main().compiled.theory.atoms) if atom.kind == "above" and
                  atom.path[-1].endswith("diameterMillimetre"))  # fmt: skip
    states = [(said(plain, row).pos >> strict & 1, said(plain, row).neg >> strict & 1) for row in range(4)]
    assert states == [(0, 0), (0, 1), (0, 1), (1, 0)]


def test_a_node_column_says_that_there_is_one_of_its_class() -> None:
    cohort = read(main, {"sn:indexNode": [True, None]})
    terms = {main().compiled.theory.atoms[i] for i in bits(said(cohort, 0).pos)}
    assert {(atom.kind, atom.target.rsplit("#")[-1]) for atom in terms} == {("exists", ""), ("class", "SchmorlsNode")}
    assert said(cohort, 1) == Literals()


def test_missing_and_empty_columns_say_nothing() -> None:
    empty = read(main, {"sn:Fever": pa.nulls(3, pa.bool_()), "sn:NightSweats": pa.nulls(3)})
    assert not empty.pos.any() and not empty.neg.any() and empty.rows == 3 and not empty.proposed


def test_orders() -> None:
    cohort = read(main, {"gp:proposes/sn:SpineMri": [True, False, None]})
    assert {act.rsplit("#")[-1]: list(rows) for act, rows in cohort.proposed.items()} == {"SpineMri": [1]}
    assert not cohort.pos.any() and not cohort.neg.any()


@pytest.mark.parametrize("offset", [0, 1, 63, 64, 65])
def test_slices_and_chunks(offset: int) -> None:
    rng = random.Random(SEED)
    flags = [rng.choice([True, False, None]) for _ in range(200)]
    levels = [rng.choice(["sn:L4", "sn:T1", None]) for _ in range(200)]
    columns = {"patient": [f"urn:x:{i}" for i in range(200)], "sn:Fever": flags, "sn:indexNode/sn:vertebra": levels}
    whole, parts = pa.table(columns), pa.table(columns).to_batches(max_chunksize=37)
    sliced = read_cohort(pa.Table.from_batches(parts).slice(offset), main(), "t")
    cohort = read_cohort(whole, main(), "t")
    assert [said(sliced, row) for row in range(sliced.rows)] == [said(cohort, r) for r in range(offset, 200)]
    assert sliced.patients.to_pylist() == columns["patient"][offset:]


def test_a_table_without_rows() -> None:
    cohort = read_cohort(schema(main()).empty_table(), main(), "t")
    assert (cohort.rows, cohort.rejects, cohort.pos.shape[1]) == (0, (), 0)


# -- numbers are compared exactly --

decimals = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**6), max_value=10**6)


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(bound=decimals, strict=st.booleans(), steps=st.integers(-3, 3))
def test_a_float_is_compared_as_the_decimal_that_it_is_written_as(bound: Decimal, strict: bool, steps: int) -> None:
    number = float(bound)
    for _ in range(abs(steps)):
        number = float(np.nextafter(number, np.inf if steps > 0 else -np.inf))
    written = Decimal(repr(number))
    assert reaches(pa.array([number]), bound, strict).to_pylist() == [written > bound if strict else written >= bound]


@settings(derandomize=True, database=None, deadline=None, max_examples=300)
@given(bound=decimals, strict=st.booleans(), scale=st.integers(0, 12), steps=st.integers(-2, 2))
def test_a_decimal_is_compared_as_it_is(bound: Decimal, strict: bool, scale: int, steps: int) -> None:
    units = int(bound * 10**scale) + steps
    number = Decimal(f"{units}E-{scale}")
    column = pa.array([number, None], pa.decimal128(30, scale))
    assert reaches(column, bound, strict).to_pylist() == [number > bound if strict else number >= bound, None]


def test_a_bound_with_more_digits_than_the_column() -> None:
    column = pa.array([Decimal("9.9"), Decimal("-9.9"), None], pa.decimal128(2, 1))
    assert reaches(column, Decimal(100), False).to_pylist() == [False, False, None]
    assert reaches(column, Decimal(-100), True).to_pylist() == [True, True, None]


@pytest.mark.parametrize("kind", [pa.float64(), pa.decimal128(6, 2), pa.decimal256(40, 3), pa.int64(), pa.uint16(),
                                  pa.string(), pa.large_string()])  # fmt: skip
def test_every_type_of_number_gives_the_same(kind: pa.DataType) -> None:
    numbers = [5, 6, 7, None, 12, 13, 26, 1500, 0]
    column = pa.array([None if n is None else Decimal(n) if pa.types.is_decimal(kind) else str(n) if kind in
                       (pa.string(), pa.large_string()) else n for n in numbers], kind)  # fmt: skip
    floats = read(main, {"sn:conservativeTherapyWeeks": pa.array(numbers, pa.float64())})
    cohort = read(main, {"sn:conservativeTherapyWeeks": column})
    assert np.array_equal(cohort.pos, floats.pos) and np.array_equal(cohort.neg, floats.neg) and not cohort.rejects


# -- formats --


@both
def test_csv_parquet_and_ipc_give_the_same(of: Any, tmp_path: Path) -> None:
    guideline = of()
    table = table_of(guideline, random_rows(of, 150))
    pq.write_table(table, tmp_path / "t.parquet")
    with pa.ipc.new_file(tmp_path / "t.arrow", table.schema) as writer:
        writer.write_table(table)
    plain = pa.table(
        [c.cast(pa.string()) if pa.types.is_dictionary(c.type) else c for c in table.columns], table.column_names
    )
    pyarrow.csv.write_csv(plain, tmp_path / "t.csv")
    read_back = [
        table,
        pq.read_table(tmp_path / "t.parquet"),
        pa.ipc.open_file(tmp_path / "t.arrow").read_all(),
        pyarrow.csv.read_csv(tmp_path / "t.csv", convert_options=csv_options(guideline)),
    ]
    first, *others = [read_cohort(each, guideline, "t") for each in read_back]
    assert first.rows > 100
    assert all(cohorts_equal(first, other) for other in others)
