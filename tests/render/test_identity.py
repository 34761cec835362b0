"""The names of results depend on what is said, and on nothing else."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest
from rdflib import RDF, Graph

from reasoner.errors import InputError
from reasoner.guideline.guideline import load_guideline
from reasoner.patient.classify import classify_files
from reasoner.render.identity import checked_base
from reasoner.render.rdf import RdfRenderer
from reasoner.render.triples import TripleRenderer
from reasoner.terms import GP

TINY = Path(__file__).parents[1] / "tiny"
RECORD = TINY / "records" / "dry.ttl"
QUERIED = Path(__file__).parents[1] / "queries" / "patients.ttl"
DAY, LATER = date(2026, 11, 22), date(2027, 1, 1)
PLANT = Path("ontology", "plant.ttl")


def edited(root: Path, edit: Callable[[bytes], bytes]) -> Path:
    shutil.copytree(TINY, root, dirs_exist_ok=True)
    before = (root / PLANT).read_bytes()
    (root / PLANT).write_bytes(edit(before))
    assert (root / PLANT).read_bytes() != before
    return root


def triples(directory: Path = TINY, day: date = DAY, **options: object) -> list[str]:
    guideline = load_guideline(directory)
    renderer = TripleRenderer(guideline, timed=False, **options)  # type: ignore[arg-type]
    return sorted(renderer.triples(classify_files(guideline, [RECORD], day)))


SAME: dict[str, Callable[[bytes], bytes]] = {
    "comment": lambda text: b"# a comment, and lines\n\n\n" + text,
    "line ends": lambda text: text.replace(b"\n", b"\r\n"),
    "prefix": lambda text: text.replace(b"@prefix pot:", b"@prefix plant:").replace(b" pot:", b" plant:")
    .replace(b"\npot:", b"\nplant:"),
}  # fmt: skip


@pytest.mark.parametrize("edit", SAME.values(), ids=SAME)
def test_what_says_nothing_moves_no_iri(tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    assert triples(edited(tmp_path, edit)) == triples()


def test_a_changed_threshold_names_another_assessment(tmp_path: Path) -> None:
    found = triples(edited(tmp_path, lambda text: text.replace(b"xsd:minInclusive 5", b"xsd:minInclusive 4")))
    assert not {line.split()[0] for line in found if "Assessment>" in line} & {line.split()[0] for line in triples()}


def test_assessments_at_two_dates_contradict_in_nothing() -> None:
    """Merged, each still says by itself what it entails and excludes, and whom it is about, as of which date."""
    guideline, both = load_guideline(TINY), Graph()
    for day in (DAY, LATER):
        both += RdfRenderer(guideline, types=False).render(classify_files(guideline, [RECORD], day))
    found = list(both.subjects(RDF.type, GP.Assessment))
    assert {str(both.value(one, GP.asOf)) for one in found} == {str(DAY), str(LATER)}
    for one in found:
        assert len(list(both.objects(one, GP.asOf))) == len(list(both.objects(one, GP.status))) == 1
        assert not set(both.objects(one, GP.entails)) & set(both.objects(one, GP.excludes))
    assert not list(both.subject_objects(GP.excludedFrom))


def test_a_fact_has_one_value_though_the_same_record_is_read_at_two_dates() -> None:
    """A therapy that goes on has lasted longer at the later date: each assessment has facts of its own."""
    guideline, both = load_guideline(), Graph()
    for day in (DAY, LATER):
        both += RdfRenderer(guideline).render(classify_files(guideline, [QUERIED], day))
    values = {fact: set(both.objects(fact, GP.value)) for fact in both.subjects(RDF.type, GP.Fact)}
    assert {len(found) for found in values.values()} == {0, 1}


def test_a_lean_assessment_is_part_of_the_full_one() -> None:
    lean, full = triples(profile="lean"), triples()
    assert set(lean) < set(full) and len(lean) < 0.6 * len(full)


def test_results_may_have_another_base() -> None:
    base = "https://example.org/results/"
    other = triples(base=base)
    assert other == sorted(line.replace("https://w3id.org/guideproof/result/", base) for line in triples())


@pytest.mark.parametrize("base", ["", "results/", "https://example.org", "https://example.org/a b/", "x:<y>/"])
def test_a_base_that_begins_no_iri_is_refused(base: str) -> None:
    with pytest.raises(InputError, match="bad-base"):
        checked_base(base)
