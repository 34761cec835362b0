"""What the derivation rules add to a record: each rule on cases, against a plain reading of A17, and by two engines.

A case is a patient of `derivation/*.ttl`; what must follow stands beside it, in the namespace of cases.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pyshacl
import pytest
from conftest import TESTS
from rdflib import PROV, RDF, SH, XSD, BNode, Graph, Literal, Namespace, URIRef
from rdflib.term import Node
from therapy_reference import (
    TODAY,
    Bounds,
    Therapy,
    cohort,
    period,
    reference,
    written,
    written_date,
)

from reasoner.errors import GuidelineError
from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify
from reasoner.rdf import read_graph, read_text
from reasoner.records import reference_rules
from reasoner.records.conversion import plain_triple, to_nodes
from reasoner.records.observe import Observer
from reasoner.records.record import Records, gather
from reasoner.records.reference import derive, validate
from reasoner.records.reference_rules import AS_OF, RuleScene, expand
from reasoner.terms import GP

SN = Namespace("https://w3id.org/guideproof/schmorl#")
CASE = Namespace("https://w3id.org/guideproof/case#")
EX = Namespace("https://example.org/")
FILES = sorted((TESTS / "derivation").glob("*.ttl"))
WEEKS = SN.conservativeTherapyWeeks
LEAST, MOST = SN.conservativeTherapyWeeksAtLeast, SN.conservativeTherapyWeeksAtMost
PREFIXES = f"@prefix ex: <{EX}> . @prefix gp: <{GP}> . @prefix sn: <{SN}> . @prefix xsd: <{XSD}> .\n"

each_file = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)


def records_of(text: str) -> Records:
    return gather([read_text(PREFIXES + text, "record.ttl")])


def derived(guideline: Guideline, records: Records, day: date = TODAY) -> Records:
    return derive(records, guideline.taxonomy, guideline.shapes("derivation"), day)


def weeks(records: Records, patient: Node) -> Bounds | None:
    """The weeks that rules gave a patient: a lower and an upper bound, equal where the number is exact."""
    given = {p: Decimal(str(o)) for s, p, o in records.derived if s == patient and p in (WEEKS, LEAST, MOST)}
    if WEEKS in given:
        assert len(given) == 1
        return given[WEEKS], given[WEEKS]
    return (given.get(LEAST), given.get(MOST)) if given else None


def expected(text: str) -> Bounds | None:
    """What a case says: `8`, `6 13.5`, `6 -` or `-`."""
    if text == "-":
        return None
    low, high = (text.split() * 2)[:2]
    return Decimal(low), None if high == "-" else Decimal(high)


# -- the cases --


def test_there_are_cases() -> None:
    names = {path.stem for path in FILES}
    assert names == {"dated", "open", "partial", "undated", "mixed", "not-derived", "pain", "units"}


@each_file
def test_the_cases_are_records(path: Path, guideline: Guideline) -> None:
    records = gather([read_graph(path)])
    assert validate(records, guideline.taxonomy, guideline.shapes("core", "record"), TODAY) == {}


@each_file
def test_what_the_cases_say(path: Path, guideline: Guideline) -> None:
    records = derived(guideline, gather([read_graph(path)]))
    graph, found = records.graph, 0
    for patient, told in graph.subject_objects(CASE.weeks):
        assert weeks(records, patient) == expected(str(told)), patient
        found += 1
    for pain, told in graph.subject_objects(CASE.localized):
        assert ((pain, RDF.type, SN.LocalizedBackPain) in records.derived) == told.toPython(), pain
        found += 1
    for node, told in graph.subject_objects(CASE.millimetres):
        assert Decimal(str(graph.value(node, SN.diameterMillimetre))) == Decimal(str(told))
        found += 1
    assert found >= 5


# -- random therapies against the reference --


@pytest.mark.parametrize("seed", range(5))
def test_random_therapies_are_counted_as_the_reading_says(seed: int, guideline: Guideline) -> None:
    patients = cohort(seed, 300)
    text = written(patients)
    records = derived(guideline, records_of(text))
    shown = text.splitlines()
    for i, therapies in enumerate(patients):
        assert weeks(records, EX[f"p{i}"]) == reference(therapies, TODAY), shown[i]


def test_the_random_therapies_reach_every_outcome() -> None:
    found = [reference(therapies, TODAY) for seed in range(5) for therapies in cohort(seed, 300)]
    kinds = [(b is None, b and b[1] is None, b and b[0] == b[1]) for b in found]
    assert all(kinds.count(kind) > 20 for kind in set(kinds)) and len(set(kinds)) == 4


# -- days --


def numbered(guideline: Guideline, dates: Sequence[str], today: date) -> dict[str, list[int]]:
    """The first and the last day number that the rules give a start date, each less that of the as-of date."""
    told = (f"ex:p{i} a gp:Patient ; gp:underwent ex:a{i} . ex:a{i} a sn:NsaidTherapy ;"
            f" gp:startDate {written_date(t)} ."
             for i, t in enumerate(dates))  # fmt: skip
    graph = derived(guideline, records_of("\n".join(told)), today).graph
    found = {}
    for i, text in enumerate(dates):
        first, last, now = (graph.value(EX[f"a{i}"], p) for p in (SN.earliestStart, SN.latestStart, SN.latestEnd))
        found[text] = [int(str(number)) - int(str(now)) for number in (first, last)]
    return found


def test_days_are_those_of_the_calendar(guideline: Guideline) -> None:
    """Every day of years of each kind, and every seventeenth day from 1900 to 2100."""
    today = date(2101, 1, 1)
    every = [date(1900, 1, 1) + timedelta(days=n) for n in range(73414)]
    chosen = [day for day in every if day.toordinal() % 17 == 0 or day.year in (1900, 2000, 2023, 2100)]
    found = numbered(guideline, [day.isoformat() for day in chosen], today)
    for day in chosen:
        number = day.toordinal() - today.toordinal()
        assert found[day.isoformat()] == [number, number]


def test_months_and_years_reach_from_the_first_to_the_last_day(guideline: Guideline) -> None:
    today = date(2100, 6, 15)
    months = [f"{year}-{month:02}" for year in range(1900, 2100) for month in range(1, 13)]
    texts = [*months, "2100-06", *map(str, range(1900, 2101))]
    for text, bounds in numbered(guideline, texts, today).items():
        assert bounds == [n - today.toordinal() for n in period(text, today)], text


# -- what observations and answers make of it --


def facts(guideline: Guideline, text: str) -> dict[str, tuple[str, str, str | None]]:
    """The facts of the one patient of a record by local name: state, origin, source."""
    (result,) = classify(guideline, records_of(text), TODAY)
    assert isinstance(result, Assessment), result
    return {f.term.rsplit("#")[-1]: (f.state, f.by, f.source) for f in result.decision.facts}


NODE = "gp:hasFinding ex:node"
MORE = "ex:node a sn:SchmorlsNode ; sn:vertebra sn:L4 . ex:pain a sn:BackPain ; sn:vertebra sn:L4 ."


def test_localized_pain_is_derived_and_shows_its_node(guideline: Guideline) -> None:
    found = facts(guideline, f"ex:p a gp:Patient ; {NODE} , ex:pain . {MORE}")
    assert found["LocalizedBackPain"] == ("present", "derived", str(EX.pain))
    assert found["BackPain"] == ("present", "recorded", str(EX.pain))
    records = derived(guideline, records_of(f"ex:p a gp:Patient ; {NODE} , ex:pain . {MORE}"))
    assert (EX.pain, PROV.wasDerivedFrom, EX.node) in records.derived


def test_localized_pain_that_is_denied_is_a_contradiction(guideline: Guideline) -> None:
    text = f"ex:p a gp:Patient ; {NODE} , ex:pain ; gp:lacksFinding sn:LocalizedBackPain . {MORE}"
    (result,) = classify(guideline, records_of(text), TODAY)
    assert isinstance(result, Refusal)
    (problem,) = result.problems
    assert problem.code == "contradictory-record"
    assert f"{SN.LocalizedBackPain} absent" in problem.what and f"{SN.LocalizedBackPain} present" in problem.what


def therapy(*therapies: Therapy) -> str:
    return f"ex:p a gp:Patient ; gp:underwent {' , '.join(t.turtle() for t in therapies)} ."


THRESHOLDS = [f"AtLeast{n}WeeksPatient" for n in (6, 12, 13, 26)]


@pytest.mark.parametrize("therapies, states", [
    ([Therapy("2026-01-01", "2026-02-11")], "absent absent absent absent"),
    ([Therapy("2026-01-01", "2026-02-12")], "present absent absent absent"),
    ([Therapy("2026-01-01", "2026-03-25")], "present absent absent absent"),
    ([Therapy("2026-01-01", "2026-03-26")], "present present absent absent"),
    ([Therapy("2026-01-01", "2026-07-01")], "present present present absent"),
    ([Therapy("2026-01-01", "2026-07-02")], "present present present present"),
    ([Therapy("2026-01", "2026-03-26")], "present - absent absent"),
    ([Therapy("2026-08-24")], "- - absent absent"),
    ([Therapy("2026-08-24", ongoing=True)], "present present absent absent"),
    ([Therapy(weeks=Fraction(6)), Therapy(weeks=Fraction(7))], "present - - absent"),
    ([Therapy(weeks=Fraction(6)), Therapy()], "present - - -"),
    ([Therapy("2026-01-01", "2026-01-15"), Therapy(end="2026-06-01")], "- - - -"),
])  # fmt: skip
def test_a_threshold_between_the_bounds_stays_unknown(
    therapies: list[Therapy], states: str, guideline: Guideline
) -> None:
    found = facts(guideline, therapy(*therapies))
    assert " ".join(found[name][0] if name in found else "-" for name in THRESHOLDS) == states
    assert all(found[name][1:] == ("derived", str(EX.p)) for name in THRESHOLDS if name in found)


def test_weeks_keep_what_they_came_from(guideline: Guideline) -> None:
    text = """ex:p a gp:Patient ; gp:underwent ex:a , ex:b , ex:c . ex:a a sn:NsaidTherapy ; gp:durationWeeks 4 .
        ex:b a sn:PhysicalTherapy ; gp:durationWeeks 5 . ex:c a sn:SpineMri ."""
    records = derived(guideline, records_of(text))
    assert {o for s, p, o in records.derived if (s, p) == (EX.p, PROV.wasDerivedFrom)} == {EX.a, EX.b}


def test_nothing_derived_is_traced(guideline: Guideline) -> None:
    records = derived(guideline, records_of(therapy(Therapy())))
    assert not records.derived


def test_bounds_are_one_number(guideline: Guideline) -> None:
    records = derived(guideline, records_of(therapy(Therapy(weeks=Fraction(4)), Therapy(weeks=Fraction(5)))))
    compiled, catalogue = guideline.compiled, guideline.catalogue
    assert catalogue.bounds == {str(LEAST): (str(WEEKS), "low"), str(MOST): (str(WEEKS), "high")}
    observer = Observer(compiled.properties, catalogue.negations, catalogue.bounds)
    seen = observer.observe(to_nodes(records.graph), str(EX.p), {*map(plain_triple, records.derived)})
    (number,) = [s for s in seen if s.kind == "number"]
    assert (number.path, number.low, number.high, number.by) == ((str(WEEKS),), Decimal(5), Decimal(9), "derived")


def test_a_converted_diameter_is_derived(guideline: Guideline) -> None:
    cm = '"0.3 cm"^^<https://w3id.org/cdt/ucum>'
    text = f"ex:p a gp:Patient ; {NODE} . ex:node a sn:SchmorlsNode ; sn:diameter {cm} ."
    assert facts(guideline, text)["SmallNodePatient"] == ("present", "derived", str(EX.node))


def test_both_engines_agree_on_bounds(guideline: Guideline) -> None:
    texts = written(cohort(7, 20))
    assert len(classify(guideline, records_of(texts), TODAY, engine="hermit")) == 20


# -- the order of things, and other engines --


def everything() -> Graph:
    graph = Graph()
    for path in FILES:
        graph += read_graph(path).graph
    return graph


def background(guideline: Guideline) -> Iterator[tuple[Node, Node, Node]]:
    yield from guideline.taxonomy
    yield AS_OF, GP.asOf, Literal(TODAY.isoformat(), datatype=XSD.date)


def expanded(guideline: Guideline, triples: Sequence[tuple[Node, Node, Node]], shapes: Graph) -> frozenset[object]:
    scene = RuleScene(triples, background(guideline))
    expand(scene, shapes, 50)
    return frozenset(scene.added)


def test_the_order_of_triples_and_of_shapes_changes_nothing(
    guideline: Guideline, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng, in_order = random.Random(1), reference_rules._steps
    triples, (shapes,) = list(everything()), guideline.shapes("derivation")
    once = expanded(guideline, triples, shapes)
    assert len(once) > 500
    monkeypatch.setattr(reference_rules, "_steps", lambda graph: rng.sample(found := in_order(graph), len(found)))
    for _ in range(50):
        rng.shuffle(triples)
        assert expanded(guideline, triples, shapes) == once


def test_needs_leave_nothing_out(guideline: Guideline) -> None:
    (shapes,) = guideline.shapes("derivation")
    triples = list(everything())
    without_needs = Graph() + shapes
    without_needs.remove((None, GP.needs, None))
    assert expanded(guideline, triples, without_needs) == expanded(guideline, triples, shapes)


@each_file
def test_an_engine_without_our_code_derives_the_same(path: Path, guideline: Guideline) -> None:
    """pySHACL alone, its queries by rdflib, and its rules repeated until they give nothing new."""
    graph, (shapes,) = read_graph(path).graph, guideline.shapes("derivation")
    ours = derived(guideline, gather([read_graph(path)]))
    data = Graph() + graph
    for triple in background(guideline):
        data.add(triple)
    size = 0
    while size < len(data):
        size = len(data)
        pyshacl.shacl_rules(data, shacl_graph=shapes, inplace=True)
    for triple in [*background(guideline), *data.triples((AS_OF, None, None))]:
        data.remove(triple)
    assert {by_value(triple) for triple in data} == {by_value(triple) for triple in ours.graph}


def by_value(triple: tuple[Node, Node, Node]) -> tuple[Node, Node, object]:
    """A triple in which a decimal number stands as its value: engines write 3.0 or 3."""
    s, p, o = triple
    decimal = isinstance(o, Literal) and o.datatype == XSD.decimal
    return s, p, Decimal(str(o)) if decimal else o


def test_each_rule_has_an_order_and_its_shape_says_what_it_needs(guideline: Guideline) -> None:
    (shapes,) = guideline.shapes("derivation")
    found = list(shapes.subject_objects(SH.rule))
    assert len({str(shapes.value(rule, SH.order)) for _, rule in found}) == len(found) == 10
    for shape, rule in found:
        assert isinstance(rule, URIRef) and (shape, GP.needs, None) in shapes
        query = str(shapes.value(rule, SH.construct))
        assert "NOW()" not in query and "SERVICE" not in query and "VALUES" not in query and "MINUS" not in query


@pytest.mark.parametrize("query, message", [
    ("CONSTRUCT { ?s ?p ?o } WHERE { SERVICE <https://example.org/> { ?s ?p ?o } }", "SERVICE"),
    ("CONSTRUCT { ?s ?p }", "cannot be read"),
    ("SELECT ?s WHERE { ?s ?p ?o }", "no CONSTRUCT"),
])  # fmt: skip
def test_queries_that_are_refused(query: str, message: str, guideline: Guideline) -> None:
    shapes = Graph()
    shapes.add((EX.shape, RDF.type, SH.NodeShape))
    shapes.add((EX.shape, SH.targetSubjectsOf, GP.asOf))
    shapes.add((EX.shape, SH.rule, EX.rule))
    shapes.add((EX.rule, RDF.type, SH.SPARQLRule))
    shapes.add((EX.rule, SH.construct, Literal(query + " # $this")))
    with pytest.raises(GuidelineError, match=f"bad-shapes.*{message}"):
        derive(records_of("ex:p a gp:Patient ."), guideline.taxonomy, [shapes], TODAY)


def test_deriving_leaves_the_records_as_they_were(guideline: Guideline) -> None:
    records = records_of(therapy(Therapy("2026-01-01", "2026-02-12")))
    before = set(records.graph)
    result = derived(guideline, records)
    assert set(records.graph) == before
    assert frozenset(set(result.graph) - before) == result.derived
    assert not [term for triple in result.graph for term in triple if term == BNode("as-of")]
