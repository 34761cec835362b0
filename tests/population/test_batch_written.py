"""What a batch writes: the columns that are wanted, reasons, and N-Quads, against what `classify` says and writes."""

from __future__ import annotations

import json
from pathlib import Path

import pyoxigraph as ox
import pytest
from rdflib import PROV, RDFS, Graph
from test_batch import DAY, as_lines, batch, drawn, shipped, write

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.render.json import JsonRenderer
from reasoner.render.rdf import RdfRenderer
from reasoner.terms import GP, curie

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
            for fact in first["facts"] if first else ():
                fact["source"] = None
            found = rows[result.patient][f"reason:{conclusion['class']}"]
            assert (json.loads(str(found)) if found else None) == first, (result.patient, conclusion["class"])
            compared += first is not None
    assert compared > 2000


def test_quads_hold_what_classify_writes(guideline: Guideline, drawn: list[Graph], tmp_path: Path) -> None:
    lines = write(tmp_path / "quads.nt", as_lines(drawn[:150]))
    out = tmp_path / "answers.nq"
    run_batch(guideline, tmp_path / "quads.nt", out, BatchOptions(DAY, "n-quads"))
    graphs: dict[str, set[ox.Quad]] = {}
    for quad in ox.parse(path=str(out)):
        assert quad.graph_name != ox.DefaultGraph()
        graphs.setdefault(str(quad.graph_name), set()).add(quad)
    found = dict(map(_by_patient, graphs.values()))
    results = classify(guideline, gather([read_text(lines, "quads.nt", format="nt")]), DAY)
    wanted = dict(_by_patient(_quads_of(guideline, one)) for one in results if not isinstance(one, Refusal))
    assert found.keys() == wanted.keys()
    assert len(found) == len(graphs) > 50
    for patient, quads in found.items():
        assert quads ^ wanted[patient] == set()


def _by_patient(quads: set[ox.Quad]) -> tuple[str, set[str]]:
    (patient,) = (str(quad.object) for quad in quads if quad.predicate.value == str(GP.patient))
    return patient, set(map(_comparable, quads))


def _quads_of(guideline: Guideline, result: Assessment) -> set[ox.Quad]:
    graph = RdfRenderer(guideline).render([result])
    return set(ox.parse(graph.serialize(format="nt").encode(), ox.RdfFormat.N_TRIPLES))


def _comparable(quad: ox.Quad) -> str:
    """A quad without content hashes; nothing of sources, of the time, and of notes on several nodes."""
    if quad.predicate.value in (str(GP.source), str(PROV.endedAtTime), str(RDFS.comment)) or _hashed(
        quad.subject, "fact"
    ):
        return ""
    return " ".join("#" if str(term).startswith("<urn:guideproof:") else str(term)
                    for term in (quad.subject, quad.predicate, quad.object))  # fmt: skip


def _hashed(term: object, kind: str) -> bool:
    return str(term).startswith(f"<urn:guideproof:{kind}:")
