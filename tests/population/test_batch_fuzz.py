"""Records with everything that a record can hold, and much that none may: a batch says what `classify` says.

Drafts of `changed_records` are read in every order and syntax, in units so small that
what belongs together lies apart. Answers are compared, and refusals by code, text and remedy.
"""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import pyoxigraph as ox
import pytest
from both_doors import DAY, Answers, Refused, agree, by_batch, by_classify
from broken_records import CORE, SN, TYPE, XSD
from changed_records import OWL, RDFS, as_bytes, drawn

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.assess import Refusal
from reasoner.patient.classify import classify
from reasoner.population.ntriples import triple_sources
from reasoner.rdf import read_text
from reasoner.records.record import gather

# -- the comparison --


@pytest.fixture(scope="module", params=[1, 2, 3])
def both(request: pytest.FixtureRequest, guideline: Guideline) -> tuple[bytes, tuple[Answers, Refused]]:
    """Drafts, and what `classify` says of them."""
    drafts = drawn(guideline, request.param, 130)
    assert len(drafts) > 100
    data = as_bytes(drafts)
    return data, by_classify(guideline, data)


def test_drafts_are_of_every_kind(both: tuple[bytes, tuple[Answers, Refused]]) -> None:
    answers, refused = both[1]
    assert len(answers) > 30
    assert len(refused) > 30
    assert len({code for faults in refused.values() for code, _, _ in faults}) > 8
    assert min(Counter(row["status"] for row in answers.values()).values()) > 0


@pytest.mark.parametrize("order", ["as drawn", "shuffled", "sorted", "backwards"])
def test_the_same_in_every_order(
    guideline: Guideline, both: tuple[bytes, tuple[Answers, Refused]], order: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    data, expected = both
    lines = data.splitlines(keepends=True)
    if order != "as drawn":
        monkeypatch.setattr(triple_sources, "BYTES", 40_000)
    if order == "shuffled":
        random.Random(1).shuffle(lines)
    lines = {"sorted": sorted(lines), "backwards": lines[::-1]}.get(order, lines)
    (tmp_path / "records.nt").write_bytes(b"".join(lines))
    agree(by_batch(guideline, tmp_path / "records.nt"), expected)


@pytest.mark.parametrize("suffix", ["ttl", "trig", "rdf", "jsonld"])
def test_the_same_in_other_syntaxes(
    guideline: Guideline, both: tuple[bytes, tuple[Answers, Refused]], suffix: str, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(triple_sources, "BYTES", 40_000)
    kind = {"ttl": ox.RdfFormat.TURTLE, "trig": ox.RdfFormat.TRIG, "rdf": ox.RdfFormat.RDF_XML,
            "jsonld": ox.RdfFormat.JSON_LD}[suffix]  # fmt: skip
    given = tmp_path / f"records.{suffix}"
    quads = list(ox.parse(both[0], ox.RdfFormat.N_TRIPLES))
    given.write_bytes(ox.serialize(quads, format=kind) or b"")
    agree(by_batch(guideline, given), both[1])


@pytest.mark.parametrize("node", ["_:b", "<https://example.org/n>"])
def test_a_node_of_two_patients_in_two_units(
    guideline: Guideline, node: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each unit describes it in full, so that only both together show that it is one."""
    monkeypatch.setattr(triple_sources, "BYTES", 4_000)
    lines = []
    for number in range(100):
        patient, finding = f"<https://example.org/p{number}>", node if number in (3, 80) else f"_:n{number}"
        lines += [f"{patient} {TYPE} <{CORE}Patient> .", f"{patient} <{CORE}hasFinding> {finding} .",
                  f"{finding} {TYPE} <{SN}Fever> ."]  # fmt: skip
    (tmp_path / "records.nt").write_text("\n".join(lines), encoding="utf-8")
    expected = by_classify(guideline, (tmp_path / "records.nt").read_bytes())
    assert expected[1].keys() == {"https://example.org/p3", "https://example.org/p80"}
    agree(by_batch(guideline, tmp_path / "records.nt"), expected)


@pytest.mark.parametrize("size", [4_000, 1 << 24])
@pytest.mark.parametrize("suffix", ["nt", "ttl"])
def test_a_node_of_two_patients_in_two_files(
    guideline: Guideline, suffix: str, size: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Only by an IRI: labels of blank nodes are each file's own."""
    monkeypatch.setattr(triple_sources, "BYTES", size)
    given = tmp_path / "given"
    given.mkdir()
    for name, first in (("a", 0), ("b", 100)):
        lines = []
        for number in range(first, first + 100):
            patient = f"<https://example.org/p{number}>"
            finding = {3: "<urn:x:n>", 180: "<urn:x:n>", 4: "_:n", 181: "_:n"}.get(number, f"<urn:x:n{number}>")
            lines += [f"{patient} {TYPE} <{CORE}Patient> .", f"{patient} <{CORE}hasFinding> {finding} .",
                      f"{finding} {TYPE} <{SN}Fever> ."]  # fmt: skip
        (given / f"{name}.{suffix}").write_text("\n".join(lines), encoding="utf-8")
    answers, refused = by_batch(guideline, given)
    files = [read_text((given / f"{name}.{suffix}").read_bytes(), f"{name}.{suffix}", format=suffix) for name in "ab"]
    expected = {str(result.patient): {(p.code, p.what, p.remedy) for p in result.problems}
                for result in classify(guideline, gather(files), DAY) if isinstance(result, Refusal)}  # fmt: skip
    assert refused == expected
    assert expected.keys() == {"https://example.org/p3", "https://example.org/p180"}
    assert len(answers) == 198


def test_what_no_patient_leads_to_is_refused_one_by_one(guideline: Guideline, tmp_path: Path) -> None:
    """Here a batch means to differ: `classify` refuses the file. What it blames is blamed, and nothing else."""
    fine = f"<https://example.org/p> {TYPE} <{CORE}Patient> .\n"
    for line in (
        f"_:lost {TYPE} <{SN}Fever> .",
        f"<https://example.org/lost> <{SN}vertebra> <{SN}L4> .",
        f'<{SN}Fever> <https://example.org/note> "hot" .',
        f"<https://example.org/x> <https://example.org/is> <{SN}Nothing> .",
        f"<https://example.org/x> <{RDFS}subClassOf> <https://example.org/y> .",
        f"<https://example.org/x> {TYPE} <{OWL}Class> .",
        f'<https://example.org/x> <{CORE}asOf> "2026-01-01"^^<{XSD}date> .',
    ):
        with pytest.raises(RecordError) as error:
            by_classify(guideline, f"{fine}{line}\n".encode())
        (tmp_path / "stray.nt").write_text(f"{fine}{line}\n", encoding="utf-8")
        answers, refused = by_batch(guideline, tmp_path / "stray.nt")
        assert answers.keys() == {"https://example.org/p"}
        told = {(problem.code, problem.what, problem.remedy) for problem in error.value.problems}
        assert set().union(*refused.values()) == told, line
    for line in (
        f"<https://example.org/x> {TYPE} <{OWL}Ontology> .",
        f'<https://example.org/x> <{OWL}versionInfo> "1" .',
        f"<{SN}Fever> {TYPE} <{OWL}NamedIndividual> .",
        "<https://example.org/x> <urn:x:y> _:z .",
    ):
        agree(_with(guideline, tmp_path, fine, line), by_classify(guideline, f"{fine}{line}\n".encode()))


def _with(guideline: Guideline, folder: Path, *lines: str) -> tuple[Answers, Refused]:
    (folder / "more.nt").write_text("\n".join(lines), encoding="utf-8")
    return by_batch(guideline, folder / "more.nt")


# -- another guideline --

POT = "https://example.org/pot#"


def test_the_second_guideline(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its contract does not say that a quantity has one value, nor that it is a number."""
    guideline, rng, lines = load_guideline(Path(__file__).parents[1] / "tiny"), random.Random(5), []
    for number in range(300):
        patient = f"<https://example.org/q{number}>"
        lines.append(f"{patient} {TYPE} <{CORE}Patient> .")
        for _ in range(rng.randint(0, 3)):
            node = f"_:n{len(lines)}"
            days, wet = rng.choice(("3", "5", "5.0", "7", "100", "abc")), rng.choice(("SoggySoil", "StandingWater"))
            lines += rng.choice([
                [f'{patient} <{POT}dryDays> "{days}"^^<{XSD}{rng.choice(("decimal", "integer"))}> .'],
                [f"{patient} <{CORE}hasFinding> {node} .", f"{node} {TYPE} <{POT}{wet}> ."],
                [f"{patient} <{CORE}{rng.choice(('underwent', 'proposes'))}> {node} .",
                 f"{node} {TYPE} <{POT}Watering> ."],
                [f"{patient} <{CORE}lacksFinding> <{POT}{rng.choice((wet, 'Watering'))}> ."],
                [f"{patient} <{POT}dryDays> {node} .", f"{node} {TYPE} <{POT}SoggySoil> ."],
            ])  # fmt: skip
    data = "".join(f"{line}\n" for line in lines).encode()
    expected = by_classify(guideline, data)
    codes = {code for faults in expected[1].values() for code, _, _ in faults}
    assert {"contradictory-record", "out-of-range"} <= codes
    for size in (4_000, 1 << 24):
        monkeypatch.setattr(triple_sources, "BYTES", size)
        (tmp_path / "pots.nt").write_bytes(data)
        agree(by_batch(guideline, tmp_path / "pots.nt"), expected)
