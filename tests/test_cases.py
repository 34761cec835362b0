"""Cases as data: each file under `cases/` holds a record and what must, and must not, follow from it.

`cases/vocabulary.ttl` explains the words. `cases/worked/` is section 8 of the formalisation; `cases/criteria/` has each
criterion true, false and unknown; `cases/thresholds/` has each number just below, at and just above.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from itertools import product
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import Row
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from reasoner.assess import Assessment, Refusal
from reasoner.classify import Result, classify, classify_files
from reasoner.decide import State, decide
from reasoner.guideline import Guideline
from reasoner.rdf import read_text
from reasoner.record import Records, gather
from reasoner.render_json import JsonRenderer
from reasoner.terms import GP, local_name

FOLDER = Path(__file__).parent / "cases"
CASE = Namespace("https://w3id.org/guideproof/case#")
SN = Namespace("https://w3id.org/guideproof/schmorl#")
KINDS = {"worked": CASE.Worked, "criteria": CASE.OfCriterion, "thresholds": CASE.OfThreshold}
WORKED = {"1", "2", "2b", "3", "4", "5", "5b", "6", "7", "8", "9", "10", "11", "12", "13"}
STATES = {CASE.entails: State.ENTAILED, CASE.excludes: State.EXCLUDED, CASE.leavesOpen: State.UNDETERMINED}
TRUTH = {CASE["True"]: CASE.entails, CASE["False"]: CASE.excludes, CASE["Unknown"]: CASE.leavesOpen}
SIDES = {CASE.Below: -1, CASE.At: 0, CASE.Above: 1}
CLOSED = {SN.SpineMriPatient, SN.DifferentialExclusionPatient, SN.ReassessedPatient}
AS_OF = date(2026, 11, 22)

Answer = Callable[["Case"], Result]


@dataclass(frozen=True, eq=False)
class Case:
    """One file: what is expected, and the record."""

    path: Path
    node: Node
    expected: Graph
    record: Graph

    def all(self, predicate: URIRef) -> set[str]:
        """The values of a word of the expectation."""
        return {str(value) for value in self.expected.objects(self.node, predicate)}

    def one(self, predicate: URIRef) -> str:
        """The value of a word that stands once."""
        (value,) = self.all(predicate)
        return value

    @property
    def name(self) -> str:
        return f"{self.path.parent.name}/{self.path.stem}"

    @property
    def kind(self) -> URIRef:
        return KINDS[self.path.parent.name]

    def triples(self) -> list[str]:
        """The record as N-Triples, a statement an item."""
        return [line for line in self.record.serialize(format="nt").splitlines() if line]

    def records(self) -> Records:
        """The record as the engine loads it."""
        return gather([read_text("\n".join(self.triples()), self.path.name, format="nt")])


def read_case(path: Path) -> Case:
    """The case in a file, its expectation split from its record."""
    graph = Graph().parse(path)
    (node,) = graph.subjects(RDF.type, KINDS[path.parent.name])
    expected, record = Graph(), Graph()
    for triple in graph:
        (expected if triple[0] == node else record).add(triple)
    return Case(path, node, expected, record)


CASES = [read_case(path) for folder in KINDS for path in sorted((FOLDER / folder).glob("*.ttl"))]
DECIDED = [case for case in CASES if not case.all(CASE.refused)]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_decided = pytest.mark.parametrize("case", DECIDED, ids=lambda case: case.name)
each_worked = pytest.mark.parametrize("case", [c for c in CASES if c.kind == CASE.Worked], ids=lambda case: case.name)


def of_kind(kind: URIRef) -> list[Case]:
    return [case for case in CASES if case.kind == kind]


def lines(cases: Iterable[Case]) -> list[str]:
    """The records of several cases as N-Triples; blank nodes are numbered apart by rdflib."""
    return [line for case in cases for line in case.triples()]


@pytest.fixture(scope="module")
def answer(guideline: Guideline) -> Answer:
    """What the engine says of a case. All cases are classified in one run; company does not matter, as shown below."""
    records = gather([read_text("\n".join(lines(CASES)), "all.nt", format="nt")])
    known = {result.patient: result for result in classify(guideline, records, AS_OF)}
    return lambda case: known[case.one(CASE.record)]


def assessed(result: Result) -> Assessment:
    assert isinstance(result, Assessment), result
    return result


def management(guideline: Guideline) -> set[str]:
    return {cls.iri for cls in guideline.catalogue.management}


def in_state(result: Result, state: State) -> set[str]:
    """The management classes that are in a state."""
    return {conclusion.cls.iri for conclusion in assessed(result).conclusions if conclusion.state is state}


# -- the cases themselves --


@pytest.mark.parametrize("folder", KINDS)
def test_folder_has_cases(folder: str) -> None:
    assert of_kind(KINDS[folder])


def test_every_folder_and_file_is_read() -> None:
    read = {case.path for case in CASES} | {FOLDER / "vocabulary.ttl"}
    assert set(FOLDER.rglob("*.ttl")) == read


def test_every_worked_case_is_there() -> None:
    assert {case.one(CASE.number) for case in of_kind(CASE.Worked)} == WORKED


def test_patients_are_told_apart() -> None:
    patients = [case.one(CASE.record) for case in CASES]
    assert len(set(patients)) == len(patients)


@each_case
def test_case_is_written_in_known_words(case: Case, guideline: Guideline, statements: dict[str, Row]) -> None:
    words = Graph().parse(FOLDER / "vocabulary.ttl")
    used = {t for triple in case.expected for t in triple if isinstance(t, URIRef) and t in CASE}
    assert all((word, RDFS.comment, None) in words for word in used), "words that vocabulary.ttl does not explain"
    classes = {name for p in (*STATES, CASE.criterion, CASE.threshold) for name in case.all(p)}
    assert classes <= set(guideline.compiled.rules), "names that the ontology does not define"
    assert {local_name(name) for name in case.all(CASE.statement)} <= set(statements)
    assert case.all(CASE.assumes) <= set(guideline.catalogue.closable)
    assert case.all(CASE.asks) <= set(guideline.catalogue.labels)


@each_case
def test_case_says_something_of_one_record(case: Case) -> None:
    assert case.one(RDFS.label)
    assert [str(p) for p in case.record.subjects(RDF.type, GP.Patient)] == [case.one(CASE.record)]
    told = [name for p in STATES for name in sorted(case.all(p))]
    assert told or case.all(CASE.refused), "a case that expects nothing shows nothing"
    assert len(set(told)) == len(told), "a class is expected in two states"


def test_every_criterion_has_its_three_states(guideline: Guideline) -> None:
    criteria = set(guideline.graph.subjects(RDF.type, GP.Criterion))
    assert told_of(CASE.criterion, CASE.state) == {(str(c), str(s)) for c, s in product(criteria, TRUTH)}
    for case in of_kind(CASE.OfCriterion):
        assert case.path.stem == f"{local_name(case.one(CASE.criterion))}.{local_name(case.one(CASE.state)).lower()}"


def test_every_threshold_has_its_three_sides(numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    wanted = {(cls, str(side)) for (cls, _, _), side in product(numbers, SIDES)}
    assert told_of(CASE.threshold, CASE.side) == wanted


def told_of(subject: URIRef, aspect: URIRef) -> set[tuple[str, str]]:
    return {(case.one(subject), case.one(aspect)) for case in CASES if case.all(subject)}


def test_every_management_class_is_expected_in_all_states(guideline: Guideline) -> None:
    for predicate, iri in product(STATES, management(guideline)):
        assert any(iri in expected(case, predicate, guideline) for case in CASES), f"{iri}: never {predicate}"


def expected(case: Case, predicate: URIRef, guideline: Guideline) -> set[str]:
    """The classes expected in a state; a worked case is complete, so that what it does not name is excluded."""
    if case.kind != CASE.Worked or predicate != CASE.excludes:
        return case.all(predicate)
    return management(guideline) - case.all(CASE.entails) - case.all(CASE.leavesOpen)


# -- what the engine answers --


@each_decided
def test_states(case: Case, answer: Answer, guideline: Guideline) -> None:
    states = assessed(answer(case)).decision.states
    for predicate, state in STATES.items():
        wrong = {local_name(iri): states[iri] for iri in expected(case, predicate, guideline) if states[iri] != state}
        assert not wrong, f"expected to be {state}"


@each_decided
def test_status_assumptions_and_questions(case: Case, answer: Answer) -> None:
    result = assessed(answer(case))
    assert case.all(CASE.status) <= {result.status}
    assert case.all(CASE.assumes) <= {fact.term for fact, _ in result.assumptions}
    assert case.all(CASE.asks) <= {term for question in result.questions for term in question.ask}


@pytest.mark.parametrize("case", [c for c in CASES if c.all(CASE.refused)], ids=lambda case: case.name)
def test_refusal(case: Case, answer: Answer) -> None:
    result = answer(case)
    assert isinstance(result, Refusal)
    assert {problem.code for problem in result.problems} == case.all(CASE.refused)


@each_worked
def test_worked_case_is_answered_exactly(case: Case, answer: Answer) -> None:
    result = assessed(answer(case))
    assert in_state(result, State.ENTAILED) == case.all(CASE.entails)
    assert in_state(result, State.UNDETERMINED) == case.all(CASE.leavesOpen)
    assert {fact.term for fact, _ in result.assumptions} == case.all(CASE.assumes)
    entailed = [r for c in result.conclusions if c.state is State.ENTAILED for r in c.reasons]
    assert {s for reason in entailed for s in reason.statements} == case.all(CASE.statement)
    assert {n for reason in entailed for n in reason.citations} == case.all(CASE.citation)


@pytest.mark.parametrize("case", of_kind(CASE.OfCriterion), ids=lambda case: case.name)
def test_criterion_is_in_the_state_of_its_case(case: Case) -> None:
    iri, predicate = case.one(CASE.criterion), TRUTH[URIRef(case.one(CASE.state))]
    if predicate == CASE.leavesOpen and URIRef(iri) in CLOSED:
        assert iri in case.all(CASE.excludes) and case.all(CASE.assumes)
    else:
        assert iri in case.all(predicate)


@pytest.mark.parametrize("case", of_kind(CASE.OfThreshold), ids=lambda case: case.name)
def test_threshold_case_lies_on_its_side(case: Case, numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    (bound,) = [number for cls, _, number in numbers if cls == case.one(CASE.threshold)]
    predicate = (
        SN.diameterMillimetre if case.one(CASE.threshold) == str(SN.SmallNodePatient) else SN.conservativeTherapyWeeks
    )
    (value,) = [Decimal(str(number)) for number in case.record.objects(None, predicate)]
    side = SIDES[URIRef(case.one(CASE.side))]
    assert (value > bound) - (value < bound) == side and abs(value - bound) <= Decimal("0.1")


# -- why --


@each_decided
def test_entailed_conclusions_are_cited(
    case: Case, answer: Answer, guideline: Guideline, statements: dict[str, Row]
) -> None:
    rendered = JsonRenderer(guideline).assessment(assessed(answer(case)))
    exits = {f"sn:{local_name(cls.iri)}" for cls in guideline.catalogue.management if cls.scope_exit}
    for conclusion in rendered["conclusions"]:
        assert bool(conclusion["reasons"]) == (conclusion["state"] != "undetermined")
        for reason in conclusion["reasons"]:
            assert reason["statements"] or conclusion["state"] != "entailed" or conclusion["class"] in exits
            assert reason["citations"] == cited(reason["statements"], statements)


def cited(names: Iterable[str], statements: dict[str, Row]) -> list[str]:
    """The numbers that statements cite by the table, in order."""
    return sorted({number for name in names for number in statements[name.removeprefix("sn:")].cites}, key=int)


@each_decided
def test_reasons_suffice_and_are_minimal(case: Case, answer: Answer, guideline: Guideline) -> None:
    result = assessed(answer(case))
    for conclusion in result.conclusions:
        for justified in conclusion.reasons:
            facts = justified.reason.facts
            assert decide(guideline.compiled, facts).states[conclusion.cls.iri] is conclusion.state
            for fact in facts:
                rest = [other for other in facts if other != fact]
                assert decide(guideline.compiled, rest).states[conclusion.cls.iri] is State.UNDETERMINED


@each_decided
def test_reasons_rest_on_the_record(case: Case, answer: Answer) -> None:
    result = assessed(answer(case))
    listed = {fact for fact, _ in result.assumptions}
    recorded = {local_name(str(term)) for triple in case.record for term in triple}
    for fact in {f for c in result.conclusions for r in c.reasons for f in r.reason.facts}:
        if fact.by == "assumed":
            assert fact in listed and not fact.present
        elif not fact.term.endswith("Patient"):
            assert local_name(fact.term) in recorded


# -- the same, however it is written --


def as_json(guideline: Guideline, results: list[Result]) -> str:
    return json.dumps(JsonRenderer(guideline).render(results), indent=1)


def written(data: list[str], path: Path, kind: ox.RdfFormat, graph: ox.NamedNode | None = None) -> Path:
    """`data` in another syntax, in the default graph or a named one."""
    triples = ox.parse("\n".join(data).encode(), ox.RdfFormat.N_TRIPLES)
    quads = [ox.Quad(t.subject, t.predicate, t.object, graph or ox.DefaultGraph()) for t in triples]
    prefixes = {"gp": str(GP), "sn": str(SN), "ex": "https://example.org/"}
    wrapped = quads if kind.supports_datasets else [quad.triple for quad in quads]
    ox.serialize(wrapped, str(path), kind, prefixes=prefixes)
    return path


SYNTAXES = {
    "ttl": ox.RdfFormat.TURTLE,
    "nt": ox.RdfFormat.N_TRIPLES,
    "trig": ox.RdfFormat.TRIG,
    "rdf": ox.RdfFormat.RDF_XML,
    "jsonld": ox.RdfFormat.JSON_LD,
}


@pytest.fixture(scope="module")
def together(guideline: Guideline) -> str:
    """The answers to the worked cases, each classified alone, as if they had come from one file."""
    results = [result for case in of_kind(CASE.Worked) for result in classify(guideline, case.records(), AS_OF)]
    return as_json(guideline, sorted(results, key=lambda result: str(result.patient)))


@pytest.mark.parametrize("suffix", SYNTAXES)
def test_syntax_and_company_do_not_matter(suffix: str, guideline: Guideline, together: str, tmp_path: Path) -> None:
    path = written(lines(of_kind(CASE.Worked)), tmp_path / f"all.{suffix}", SYNTAXES[suffix])
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


def test_named_graphs_do_not_matter(guideline: Guideline, together: str, tmp_path: Path) -> None:
    graph = ox.NamedNode("https://example.org/ward")
    path = written(lines(of_kind(CASE.Worked)), tmp_path / "all.trig", ox.RdfFormat.TRIG, graph)
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


@pytest.mark.parametrize("seed", range(3))
def test_order_and_labels_do_not_matter(seed: int, guideline: Guideline, together: str, tmp_path: Path) -> None:
    shuffled = [re.sub(r"_:\w+", rf"\g<0>x{seed}", line) for line in lines(of_kind(CASE.Worked))]
    random.Random(seed).shuffle(shuffled)
    path = tmp_path / "shuffled.nt"
    path.write_text("\n".join(shuffled), encoding="utf-8")
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


def test_several_files_do_not_matter(guideline: Guideline, together: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{case.path.stem}.nt" for case in of_kind(CASE.Worked)]
    for path, case in zip(paths, of_kind(CASE.Worked), strict=True):
        path.write_text("\n".join(case.triples()), encoding="utf-8")
    assert as_json(guideline, classify_files(guideline, paths, AS_OF)) == together


def test_reference_reasoner_gives_the_same(guideline: Guideline, answer: Answer) -> None:
    records = gather([read_text("\n".join(lines(DECIDED)), "all.nt", format="nt")])
    results = classify(guideline, records, AS_OF, engine="hermit")
    assert {assessed(r).patient: assessed(r).decision.states for r in results} == {
        assessed(answer(case)).patient: assessed(answer(case)).decision.states for case in DECIDED
    }


def test_literals_of_cases_are_decimals() -> None:
    assert all(isinstance(o.value, Decimal) for c in CASES for o in c.record.objects() if isinstance(o, Literal))
