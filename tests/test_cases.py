"""Cases as data: each file under `cases/` holds a record and what must, and must not, follow from it.

`docs/case-vocabulary.ttl` explains the words, and `guideproof test` runs them (see `test_author_cases.py` for that).
`cases/worked/` is section 8 of the formalisation; `cases/criteria/` has each criterion true, false and unknown;
`cases/thresholds/` has each number just below, at and just above; `cases/classes/` has ways into the management classes
and out of them; `cases/taxonomy/` has what one fact says of another.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from functools import cache
from itertools import product
from pathlib import Path

import pyoxigraph as ox
import pytest
from conftest import Row
from rdflib import RDF, RDFS, Graph, Literal, Namespace, URIRef

from reasoner.guideline.guideline import Guideline, home, load_guideline
from reasoner.logic.decide import State, decide
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import Result, classify, classify_files
from reasoner.rdf import read_text
from reasoner.records.record import Records, gather
from reasoner.render.json import JsonRenderer
from reasoner.terms import GP, local_name
from reasoner.workbench.cases.read import CASE, KINDS, SIDES, STATES, TRUTH, WORDS, Case, read_cases
from reasoner.workbench.cases.run import CaseOutcome, run_cases

FOLDER = Path(__file__).parent / "cases"
WORDS_FILE = home() / "docs" / "case-vocabulary.ttl"
SN = Namespace("https://w3id.org/guideproof/schmorl#")
FOLDERS = {"worked": "Worked", "criteria": "OfCriterion", "thresholds": "OfThreshold", "classes": "Case",
           "taxonomy": "Case"}  # fmt: skip
WORKED = {"1", "2", "2b", "3", "4", "5", "5b", "6", "7", "8", "9", "10", "11", "12", "13",
          "14", "15", "16", "17"}  # fmt: skip
CLOSED = {str(SN.SpineMriPatient), str(SN.DifferentialExclusionPatient), str(SN.ReassessedPatient)}
AS_OF = date(2026, 11, 22)

Run = Callable[[Case], CaseOutcome]


CASES = read_cases(load_guideline(cache=False), FOLDER)
DECIDED = [case for case in CASES if not case.all("refused")]
each_case = pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
each_decided = pytest.mark.parametrize("case", DECIDED, ids=lambda case: case.name)


def in_folder(name: str) -> list[Case]:
    return [case for case in CASES if case.name.startswith(f"{name}/")]


@cache
def record(case: Case) -> Graph:
    """The record of a case."""
    return Graph().parse(data=case.record, format="nt")


def lines(cases: Iterable[Case]) -> list[str]:
    """The records of several cases as N-Triples; blank nodes are numbered apart by rdflib."""
    return [line for case in cases for line in case.record.splitlines() if line]


def records(case: Case) -> Records:
    """The record as the engine loads it."""
    return gather([read_text(case.record, case.file, format="nt")])


@pytest.fixture(scope="module")
def run(guideline: Guideline) -> Run:
    """What the engine says of a case, and where that is not what the case expects."""
    known = {outcome.case.name: outcome for outcome in run_cases(guideline, CASES, AS_OF)}
    return lambda case: known[case.name]


def assessed(result: Result) -> Assessment:
    assert isinstance(result, Assessment), result
    return result


def management(guideline: Guideline) -> set[str]:
    return {cls.iri for cls in guideline.catalogue.management}


def in_state(result: Result, state: State) -> set[str]:
    """The management classes that are in a state."""
    return {conclusion.cls.iri for conclusion in assessed(result).conclusions if conclusion.state is state}


# -- the cases themselves --


@pytest.mark.parametrize("folder", FOLDERS)
def test_folder_has_cases_of_its_kind(folder: str) -> None:
    assert in_folder(folder)
    assert {case.kind for case in in_folder(folder)} == {FOLDERS[folder]}


def test_every_folder_and_file_is_read() -> None:
    assert set(FOLDER.rglob("*.ttl")) == {Path(case.file) for case in CASES}
    assert {case.name.partition("/")[0] for case in CASES} == set(FOLDERS)


def test_every_worked_case_is_there() -> None:
    assert {case.one("number") for case in in_folder("worked")} == WORKED


def test_the_vocabulary_explains_the_words() -> None:
    words = Graph().parse(WORDS_FILE)
    explained = {str(s).removeprefix(CASE) for s in words.subjects(RDFS.comment)}
    values = {local_name(iri) for iri in (*TRUTH, *SIDES)}
    assert explained == {*KINDS, *WORDS, *values}
    assert all((s, RDFS.label, None) in words for s in words.subjects(RDFS.comment))


@each_case
def test_case_says_something_of_one_record(case: Case, statements: dict[str, Row]) -> None:
    assert case.label
    assert [str(p) for p in record(case).subjects(RDF.type, GP.Patient)] == [case.patient]
    told = [name for word in STATES for name in case.all(word)]
    assert told or case.all("refused") or case.all("present") or case.all("absent"), "it expects nothing"
    assert len(set(told)) == len(told), "a class is expected in two states"
    assert {local_name(name) for name in case.all("statement")} <= set(statements)


def test_every_criterion_has_its_three_states(guideline: Guideline) -> None:
    criteria = set(guideline.graph.subjects(RDF.type, GP.Criterion))
    assert told_of("criterion", "state") == {(str(c), str(s)) for c, s in product(criteria, TRUTH)}
    for case in in_folder("criteria"):
        assert case.name == f"criteria/{local_name(case.one('criterion'))}.{local_name(case.one('state')).lower()}"


def test_every_threshold_has_its_three_sides(numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    wanted = {(cls, side) for (cls, _, _), side in product(numbers, SIDES)}
    assert told_of("threshold", "side") == wanted


def told_of(subject: str, aspect: str) -> set[tuple[str, str]]:
    return {(case.one(subject), case.one(aspect)) for case in CASES if case.all(subject)}


def test_every_management_class_is_expected_in_all_states(guideline: Guideline) -> None:
    for word, iri in product(STATES, management(guideline)):
        assert any(iri in expected(case, word, guideline) for case in CASES), f"{iri}: never {word}"


def expected(case: Case, word: str, guideline: Guideline) -> set[str]:
    """The classes expected in a state; a worked case is complete, so that what it does not name is excluded."""
    if case.kind != "Worked" or word != "excludes":
        return set(case.all(word))
    return management(guideline) - case.all("entails") - case.all("leavesOpen")


# -- what the engine answers --


@each_case
def test_case_passes(case: Case, run: Run) -> None:
    assert [failure.what for failure in run(case).failures] == []


@each_decided
def test_states(case: Case, run: Run, guideline: Guideline) -> None:
    states = assessed(run(case).result).decision.states
    for word, state in STATES.items():
        wrong = {local_name(iri): states[iri] for iri in expected(case, word, guideline) if states[iri] is not state}
        assert not wrong, f"expected to be {state}"


@pytest.mark.parametrize("case", [c for c in CASES if c.all("refused")], ids=lambda case: case.name)
def test_refusal(case: Case, run: Run) -> None:
    result = run(case).result
    assert isinstance(result, Refusal)
    assert {problem.code for problem in result.problems} == case.all("refused")


@pytest.mark.parametrize("case", in_folder("worked"), ids=lambda case: case.name)
def test_worked_case_is_answered_exactly(case: Case, run: Run) -> None:
    result = assessed(run(case).result)
    assert in_state(result, State.ENTAILED) == case.all("entails")
    assert in_state(result, State.UNDETERMINED) == case.all("leavesOpen")
    assert {fact.term for fact, _ in result.assumptions} == case.all("assumes")
    entailed = [r for c in result.conclusions if c.state is State.ENTAILED for r in c.reasons]
    assert {s for reason in entailed for s in reason.statements} == case.all("statement")
    assert {n for reason in entailed for n in reason.citations} == case.all("citation")


@pytest.mark.parametrize("case", in_folder("criteria"), ids=lambda case: case.name)
def test_criterion_is_in_the_state_of_its_case(case: Case) -> None:
    word = TRUTH[case.one("state")]
    if word == "leavesOpen" and case.one("criterion") in CLOSED:
        assert case.one("criterion") in case.all("excludes") and case.all("assumes")
    else:
        assert case.one("criterion") in case.all(word)


@pytest.mark.parametrize("case", in_folder("thresholds"), ids=lambda case: case.name)
def test_threshold_case_lies_on_its_side(case: Case, numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    (bound,) = [number for cls, _, number in numbers if cls == case.one("threshold")]
    small = case.one("threshold") == str(SN.SmallNodePatient)
    predicate = SN.diameterMillimetre if small else SN.conservativeTherapyWeeks
    (value,) = [Decimal(str(number)) for number in record(case).objects(None, predicate)]
    assert (value > bound) - (value < bound) == SIDES[case.one("side")] and abs(value - bound) <= Decimal("0.1")


# -- why --


@each_decided
def test_entailed_conclusions_are_cited(case: Case, run: Run, guideline: Guideline, statements: dict[str, Row]) -> None:
    rendered = JsonRenderer(guideline).assessment(assessed(run(case).result))
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
def test_reasons_suffice_and_are_minimal(case: Case, run: Run, guideline: Guideline) -> None:
    result = assessed(run(case).result)
    for conclusion in result.conclusions:
        for justified in conclusion.reasons:
            facts = justified.reason.facts
            assert decide(guideline.compiled, facts).states[conclusion.cls.iri] is conclusion.state
            for fact in facts:
                rest = [other for other in facts if other != fact]
                assert decide(guideline.compiled, rest).states[conclusion.cls.iri] is State.UNDETERMINED


@each_decided
def test_reasons_rest_on_the_record(case: Case, run: Run) -> None:
    result = assessed(run(case).result)
    listed = {fact for fact, _ in result.assumptions}
    recorded = {local_name(str(term)) for triple in record(case) for term in triple}
    for fact in {f for c in result.conclusions for r in c.reasons for f in r.reason.facts}:
        if fact.by == "assumed":
            assert fact in listed and not fact.present
        elif fact.by == "derived":
            assert fact.basis.rules
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
    results = [result for case in in_folder("worked") for result in classify(guideline, records(case), AS_OF)]
    return as_json(guideline, sorted(results, key=lambda result: str(result.patient)))


@pytest.mark.parametrize("suffix", SYNTAXES)
def test_syntax_and_company_do_not_matter(suffix: str, guideline: Guideline, together: str, tmp_path: Path) -> None:
    path = written(lines(in_folder("worked")), tmp_path / f"all.{suffix}", SYNTAXES[suffix])
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


def test_named_graphs_do_not_matter(guideline: Guideline, together: str, tmp_path: Path) -> None:
    graph = ox.NamedNode("https://example.org/ward")
    path = written(lines(in_folder("worked")), tmp_path / "all.trig", ox.RdfFormat.TRIG, graph)
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


@pytest.mark.parametrize("seed", range(3))
def test_order_and_labels_do_not_matter(seed: int, guideline: Guideline, together: str, tmp_path: Path) -> None:
    shuffled = [re.sub(r"_:\w+", rf"\g<0>x{seed}", line) for line in lines(in_folder("worked"))]
    random.Random(seed).shuffle(shuffled)
    path = tmp_path / "shuffled.nt"
    path.write_text("\n".join(shuffled), encoding="utf-8")
    assert as_json(guideline, classify_files(guideline, [path], AS_OF)) == together


def test_several_files_do_not_matter(guideline: Guideline, together: str, tmp_path: Path) -> None:
    paths = [tmp_path / f"{case.name.rpartition('/')[2]}.nt" for case in in_folder("worked")]
    for path, case in zip(paths, in_folder("worked"), strict=True):
        path.write_text(case.record, encoding="utf-8")
    assert as_json(guideline, classify_files(guideline, paths, AS_OF)) == together


def test_reference_reasoner_gives_the_same(guideline: Guideline, run: Run) -> None:
    records = gather([read_text("\n".join(lines(DECIDED)), "all.nt", format="nt")])
    results = classify(guideline, records, AS_OF, engine="hermit")
    assert {assessed(r).patient: assessed(r).decision.states for r in results} == {
        assessed(run(case).result).patient: assessed(run(case).result).decision.states for case in DECIDED
    }


def test_literals_of_cases_are_decimals() -> None:
    assert all(isinstance(o.value, Decimal) for c in CASES for o in record(c).objects() if isinstance(o, Literal))
