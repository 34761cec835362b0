"""What a batch writes: the columns that are wanted, reasons, and N-Quads, against what `classify` says and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from graph_reference import quads
from rdflib import Graph
from test_batch import DAY, as_lines, batch, drawn, shipped, write

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.render.json import JsonRenderer
from reasoner.terms import curie

__all__ = ["drawn", "shipped"]


def test_only_some_columns(guideline: Guideline, tmp_path: Path, shipped: list[Graph]) -> None:
    """They are those of the whole, in its order, and reasons for the management classes among them."""
    given = tmp_path / "records.nt"
    write(given, as_lines(shipped[:40]))
    every, _ = batch(guideline, given, reasons=True)
    management = [curie(cls.iri, guideline.prefixes) for cls in guideline.catalogue.management]
    some = ("status", "sn:MriAssessment", "sn:RedFlagPatient", "alert:sn:shape-alert-red-2")
    cases = {
        ("management",): [*management, *(f"reason:{name}" for name in management)],
        tuple(reversed(some)): [*some, "reason:sn:MriAssessment"],
    }
    for only, names in cases.items():
        found, _ = batch(guideline, given, reasons=True, only=only)
        assert found == {patient: {name: row[name] for name in ("patient", *names)} for patient, row in every.items()}
        assert {tuple(row) for row in found.values()} == {("patient", *names)}


@pytest.mark.parametrize(
    ("only", "format", "code"),
    [(("sn:Mri",), "parquet", "unknown-column"), (("management",), "n-quads", "no-columns")],
)
def test_columns_that_there_are_not(
    guideline: Guideline, tmp_path: Path, only: tuple[str, ...], format: str, code: str
) -> None:
    (tmp_path / "facts.csv").write_text("patient\nurn:x:1\n")
    with pytest.raises(InputError) as error:
        run_batch(guideline, tmp_path / "facts.csv", tmp_path / "out", BatchOptions(DAY, format, only=only))
    assert error.value.problem.code == code


def test_reasons_are_the_first_that_classify_gives(
    guideline: Guideline, drawn: list[Graph], shipped: list[Graph], tmp_path: Path
) -> None:
    lines = write(tmp_path / "why.nt", as_lines([*drawn[:150], *shipped]))
    rows, _ = batch(guideline, tmp_path / "why.nt", reasons=True)
    renderer, compared = JsonRenderer(guideline), 0
    for result in classify(guideline, gather([read_text(lines, "why.nt", format="nt")]), DAY):
        if isinstance(result, Refusal):
            continue
        for conclusion in renderer.assessment(result)["conclusions"]:
            first = next(iter(conclusion["reasons"]), None)
            if first:  # what a batch says of a fact names no node, number or rule
                first["facts"] = [{**{key: fact[key] for key in ("fact", "state", "by")}, "source": None}
                                  for fact in first["facts"]]  # fmt: skip
            found = rows[result.patient][f"reason:{conclusion['class']}"]
            assert (json.loads(str(found)) if found else None) == first, (result.patient, conclusion["class"])
            compared += first is not None
    assert compared > 2000


def test_quads_are_what_classify_writes(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    """The same graphs, each in one named by the result: of those who are answered, and of those who are refused."""
    lines = write(tmp_path / "quads.nt", as_lines(drawn[:150]))
    out = tmp_path / "answers.nq"
    run_batch(guideline, tmp_path / "quads.nt", out, BatchOptions(DAY, "n-quads"))
    results = classify(guideline, gather([read_text(lines, "quads.nt", format="nt")]), DAY)
    wanted = [quad for one in results for quad in quads(guideline, one).splitlines()]
    assert sorted(out.read_text("utf-8").splitlines()) == sorted(wanted)
    assert len({type(one) for one in results}) == 2 and len(results) > 50
