"""Many small files are read together, with the answers and the rejects of each by itself."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from rdflib import RDF

from reasoner.errors import InputError, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.population.batch import BatchOptions, run_batch
from reasoner.population.ntriples import small_files
from reasoner.population.ntriples.small_files import MANY, open_small
from reasoner.population.sources import Readers
from reasoner.terms import GP

SN = "https://w3id.org/guideproof/schmorl#"
DAY = date(2026, 11, 22)
HEAD = "@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sn: <https://w3id.org/guideproof/schmorl#> .\n"
GOOD = (
    "<urn:p:%d> a gp:Patient ; gp:hasFinding [ a sn:SchmorlsNode ; sn:diameterMillimetre %d.5 ] ; "
    "gp:lacksFinding sn:Fever ."
)


def files(folder: Path, number: int = MANY + 4, **others: str) -> list[Path]:
    folder.mkdir(exist_ok=True)
    for at in range(number):
        (folder / f"p{at:02}.ttl").write_text(HEAD + GOOD % (at, at % 9))
    for name, text in others.items():
        (folder / f"{name}.ttl").write_text(HEAD + text)
    return sorted(folder.iterdir())


def answers(guideline: Guideline, folder: Path, out: Path) -> tuple[pl.DataFrame, list[dict[str, str]]]:
    run_batch(guideline, folder, out, BatchOptions(DAY, "parquet"))
    rejects = out.with_name(f"{out.name}.rejects.csv")
    found = list(csv.DictReader(rejects.open(encoding="utf-8"))) if rejects.exists() else []
    return pl.read_parquet(out).sort("patient"), sorted(found, key=str)


TOGETHER = {
    "plain": {},
    "dated": {"d": '<urn:d> a gp:Patient ; gp:underwent [ a sn:PhysicalTherapy ; gp:durationWeeks 8 ] .'},
    "refused": {"b": "<urn:b> a gp:Patient ; gp:hasFinding [ a sn:Feverr ] ."},
    "contradictory": {"c": "<urn:c> a gp:Patient ; gp:hasFinding [ a sn:Fever ] ; gp:lacksFinding sn:Fever ."},
}  # fmt: skip
APART = {
    "one patient in two files": {"a": GOOD % (1, 1)},
    "a node that two describe": {
        "a": "<urn:a> a gp:Patient ; gp:hasFinding <urn:n> . <urn:n> a sn:Fever .",
        "b": "<urn:b> a gp:Patient ; gp:hasFinding <urn:m> . <urn:n> a sn:NightSweats . <urn:m> a sn:Fever .",
    },
    "a node of another file": {
        "a": "<urn:a> a gp:Patient ; gp:hasFinding <urn:n> .",
        "b": "<urn:b> a gp:Patient ; gp:hasFinding <urn:n> . <urn:n> a sn:Fever .",
    },
    "a stray without a name": {"a": "<urn:a> a gp:Patient . [ a sn:Fever ] gp:hasFinding [ a sn:Fever ] ."},
}


@pytest.mark.parametrize("others", [*TOGETHER.values(), *APART.values()], ids=[*TOGETHER, *APART])
def test_answers_and_rejects_are_those_of_each_by_itself(
    others: dict[str, str], guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files(tmp_path / "in", **others)
    rows, rejects = answers(guideline, tmp_path / "in", tmp_path / "together.parquet")
    monkeypatch.setattr(small_files, "MANY", 10_000)
    apart, refused = answers(guideline, tmp_path / "in", tmp_path / "apart.parquet")
    assert rows.equals(apart) and rejects == refused
    assert len(rows) + len({one["patient"] for one in rejects if one["patient"].startswith("urn:")}) >= MANY + 3


@pytest.mark.parametrize("others", TOGETHER.values(), ids=TOGETHER)
def test_files_with_nothing_in_common_are_one_source(
    others: dict[str, str], guideline: Guideline, tmp_path: Path
) -> None:
    source = open_small(files(tmp_path / "in", **others), Readers(guideline, DAY), tmp_path)
    assert source is not None and len(source.units()) == 1


@pytest.mark.parametrize("others", list(APART.values())[:3], ids=list(APART)[:3])
def test_others_are_read_apart(others: dict[str, str], guideline: Guideline, tmp_path: Path) -> None:
    assert open_small(files(tmp_path / "in", **others), Readers(guideline, DAY), tmp_path) is None


def test_few_files_are_read_apart(guideline: Guideline, tmp_path: Path) -> None:
    assert open_small(files(tmp_path / "in", MANY - 1), Readers(guideline, DAY), tmp_path) is None


def test_units_are_whole_files(guideline: Guideline, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(small_files, "BYTES", 2_000)
    source = open_small(files(tmp_path / "in"), Readers(guideline, DAY), tmp_path)
    assert source is not None and len(source.units()) > 2
    found = [name for unit in source.units() for name in source.cohort(unit).patients.to_pylist()]
    assert sorted(found) == sorted(f"urn:p:{at}" for at in range(MANY + 4))


#: A patient with a finding under the label `b0`, in each syntax.
LABELLED = {
    "nt": f"<urn:p:%d> <{RDF.type}> <{GP.Patient}> .\n<urn:p:%d> <{GP.hasFinding}> _:b0 .\n"
    f"_:b0 <{RDF.type}> <{SN}%s> .",
    "ttl": f"<urn:p:%d> a <{GP.Patient}> . <urn:p:%d> <{GP.hasFinding}> _:b0 . _:b0 a <{SN}%s> .",
    "trig": f"<urn:p:%d> a <{GP.Patient}> . <urn:p:%d> <{GP.hasFinding}> _:b0 . _:b0 a <{SN}%s> .",
    "rdf": f'''<rdf:RDF xmlns:rdf="{RDF}" xmlns:gp="{GP}"><gp:Patient rdf:about="urn:p:%d"/><rdf:Description
        rdf:about="urn:p:%d"><gp:hasFinding rdf:nodeID="b0"/></rdf:Description><rdf:Description rdf:nodeID="b0">
        <rdf:type rdf:resource="{SN}%s"/></rdf:Description></rdf:RDF>''',
    "jsonld": f'[{{"@id": "urn:p:%d", "@type": "{GP.Patient}"}}, {{"@id": "urn:p:%d", "{GP.hasFinding}": '
    f'{{"@id": "_:b0"}}}}, {{"@id": "_:b0", "@type": "{SN}%s"}}]',
}


@pytest.mark.parametrize("syntax", LABELLED)
def test_one_label_in_several_files_is_several_nodes(syntax: str, guideline: Guideline, tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    names = ("Fever", "NightSweats", "SchmorlsNode", "UnexplainedWeightLoss")
    for at in range(MANY + 4):
        text = LABELLED[syntax] % (at, at, names[at % len(names)])
        (tmp_path / "in" / f"p{at:02}.{syntax}").write_text(text)
    rows, rejects = answers(guideline, tmp_path / "in", tmp_path / "out.parquet")
    assert rejects == [] and len(rows) == MANY + 4
    named = [int(str(patient).rsplit(":", 1)[1]) for patient in rows["patient"]]
    assert rows["sn:SchmorlsNodePatient"].fill_null(value=False).to_list() == [at % 4 == 2 for at in named]


def test_a_file_that_is_broken_is_named(guideline: Guideline, tmp_path: Path) -> None:
    files(tmp_path / "in", broken="<urn:x> a")
    with pytest.raises((RecordError, InputError), match=r"broken\.ttl"):
        run_batch(guideline, tmp_path / "in", tmp_path / "out.parquet", BatchOptions(DAY, "parquet"))
