"""Shapes and rules over the whole data, asked of many patients at once, give what the reference gives."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import pyoxigraph as ox
import pytest
from both_doors import agree, by_batch, by_classify
from broken_records import CHANGES, Draft, Drafts
from changed_records import EVERY
from rdflib import XSD
from small_contract import PREFIXES, background, taxonomy, vocabulary
from therapy_reference import Bounds, cohort, reference, written

from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import Result, classify, classify_files
from reasoner.rdf import read_text
from reasoner.records import record_store, reference_rules
from reasoner.records import validate as validate_module
from reasoner.records.contract import Contract
from reasoner.records.contract_queries import Queries
from reasoner.records.contract_rules import compile_rules
from reasoner.records.contract_shapes import compile_shapes
from reasoner.records.conversion import plain_triple, to_plain
from reasoner.records.nodes import RecordSource, read
from reasoner.records.observe import Observer
from reasoner.records.record import gather
from reasoner.records.record_store import RecordStore
from reasoner.records.reference import derive
from reasoner.records.validate import CompiledContract, Validated

DAY = date(2026, 11, 22)
SN, GP = "https://w3id.org/guideproof/schmorl#", "https://w3id.org/guideproof/core#"
WEEKS = f"{SN}conservativeTherapyWeeks"
HEAD = f"@prefix ex: <https://example.org/> . @prefix gp: <{GP}> . @prefix sn: <{SN}> . @prefix xsd: <{XSD}> .\n"
OFTEN = (EVERY["_dated"], EVERY["_dated"], CHANGES["therapy"], CHANGES["quantity"])
SOMETIMES = tuple(EVERY[name] for name in ("_finding", "_pain_at_the_level", "_index_too", "_odd_number", "_note"))


def answered(guideline: Guideline, text: str, name: str = "r.nt", day: date = DAY) -> Validated:
    plain = guideline.compiled_contract.validate([RecordSource(name, None, text.encode())], day)
    assert plain is not None
    return plain


def by_reference(guideline: Guideline, text: str, name: str = "r.nt", day: date = DAY) -> list[Result]:
    return classify(guideline, gather([read_text(text, name)]), day)


# -- what the guideline has --


def test_what_is_asked_of_the_whole_data(guideline: Guideline) -> None:
    """All that the guideline has beyond the compiled fragment, and every rule."""
    contract = guideline.content.contract
    selects, constructs = ({query.shape for query in asked} for asked in (contract.selects, contract.constructs))
    assert selects == {f"{GP}shape-DateOrder", f"{GP}shape-NoFutureDate"}
    assert {one.shape for one in contract.beyond} <= selects | constructs
    assert {rule.shape for rule in contract.rules} < constructs and len(constructs) == 10


# -- records drawn at random --


def dated(guideline: Guideline, seed: int, size: int) -> list[Draft]:
    """Drafts with therapies, dates and quantities, of which about a third conforms."""
    drafts, rng, found = Drafts(guideline, seed), random.Random(seed), []
    for number in range(size):
        draft = drafts.draft(number, "nothing")
        draft.rng = rng
        for _ in range(rng.randint(1, 3)):
            rng.choice(OFTEN if rng.random() < 0.6 else SOMETIMES)(draft)
        found.append(draft)
    return found


def lines_of(drafts: Sequence[Draft]) -> list[str]:
    return [line for draft in drafts for line in draft.lines]


@pytest.mark.parametrize("seed", [1, 2])
def test_random_dates_and_quantities(seed: int, guideline: Guideline, tmp_path: Path) -> None:
    """Answers, what is derived, hashes, and refusals; all who conform are answered without the reference."""
    lines = lines_of(dated(guideline, seed, 200))
    random.Random(seed).shuffle(lines)
    path = tmp_path / "r.nt"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    expected = classify(guideline, gather([read_text(path.read_text("utf-8"), str(path))]), DAY)
    assert classify_files(guideline, [path], DAY) == expected
    sound = {one.patient for one in expected if isinstance(one, Assessment)}
    derived = sum(
        fact.by == "derived" for one in expected if isinstance(one, Assessment) for fact in one.decision.facts
    )
    seen = answered(guideline, path.read_text("utf-8")).observed.keys()
    assert seen >= sound and len(sound) > 40 and len(expected) - len(sound) > 40 and derived > 20


def test_several_files(guideline: Guideline, tmp_path: Path) -> None:
    drafts = dated(guideline, 3, 60)
    paths = [tmp_path / name for name in ("a.nt", "b.ttl", "c.trig")]
    for number, path in enumerate(paths):
        path.write_text("\n".join(lines_of(drafts[20 * number : 20 * number + 20])) + "\n", "utf-8")
    assert classify_files(guideline, paths, DAY) == classify_files(guideline, paths, DAY, plain=False)


def test_a_batch(guideline: Guideline, tmp_path: Path) -> None:
    path = tmp_path / "r.nt"
    path.write_text("\n".join(lines_of(dated(guideline, 4, 80))) + "\n", "utf-8")
    agree(by_batch(guideline, path), by_classify(guideline, path.read_bytes()))


def test_a_few_at_a_time(guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    text = HEAD + written(cohort(11, 40))
    whole = answered(guideline, text, "r.ttl")
    monkeypatch.setattr(validate_module, "_AT_ONCE", 7)
    assert answered(guideline, text, "r.ttl").observed == whole.observed and not whole.left


# -- A17 --


def weeks(plain: Validated, patient: str) -> Bounds | None:
    found = [s for s in plain.observed[patient].observations if s.path == (WEEKS,)]
    assert len(found) <= 1 and all(s.by == "derived" for s in found)
    return (found[0].low, found[0].high) if found else None


@pytest.mark.parametrize("seed", [20, 21])
def test_therapies_are_counted_as_the_reading_says(seed: int, guideline: Guideline) -> None:
    patients = cohort(seed, 300)
    plain = answered(guideline, HEAD + written(patients), "r.ttl")
    assert not plain.left
    for i, therapies in enumerate(patients):
        assert weeks(plain, f"https://example.org/p{i}") == reference(therapies, DAY), therapies


# -- the as-of date --

ENDED = (
    HEAD
    + """ex:p a gp:Patient ; gp:underwent [ a sn:PhysicalTherapy ; gp:startDate "2026-01-01"^^xsd:date ;
    gp:endDate "2026-03-05"^^xsd:date ] . ex:q a gp:Patient ; gp:underwent [ a sn:PhysicalTherapy ;
    gp:startDate "2025-11"^^xsd:gYearMonth ; gp:ongoing true ] ."""
)


def test_the_day_is_part_of_the_question(guideline: Guideline) -> None:
    """One guideline, several days: a date that lies ahead is refused, in the reference's words, and weeks grow."""
    given = {}
    for day in (date(2026, 2, 1), date(2026, 4, 1), date(2026, 2, 1), date(2027, 4, 1)):
        plain, results = answered(guideline, ENDED, "r.ttl", day), by_reference(guideline, ENDED, "r.ttl", day)
        assert plain.left == isinstance(results[0], Refusal)
        assert plain.observed.keys() == {one.patient for one in results if isinstance(one, Assessment)}
        given[day] = weeks(plain, "https://example.org/q")
    assert len(set(given.values())) == 3


PROGRAM = """
import sys
from datetime import date
from reasoner import classify_files, load_guideline
results = classify_files(load_guideline(), [sys.argv[1]], date(2026, 11, 22))
print(len(results), sorted({name.split(".")[0] for name in sys.modules} & {"rdflib", "pyshacl"}))
"""


def test_neither_rdflib_nor_pyshacl_is_imported(guideline: Guideline, tmp_path: Path) -> None:
    assert guideline.content  # as compiled it is in the cache now
    path = tmp_path / "r.ttl"
    path.write_text(ENDED, "utf-8")
    run = subprocess.run([sys.executable, "-c", PROGRAM, str(path)], capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("2 []\n", "")


# -- how a store writes literals --

_KINDS = ("integer", "decimal", "boolean", "date", "gYear", "gYearMonth", "double", "int", "string")
_TEXTS = ("true", "1", "2026-02-29", "2024-02-29", "2024-13", "2024-12", "2024", "0000", "-0", "1.0", "0.000000000001")


@pytest.mark.filterwarnings("ignore:Parsing weird boolean")
def test_the_reference_reads_what_a_store_writes() -> None:
    """Whatever the form of a literal, the compiled rules and the reference make the same text of it."""
    rng, store, node, changed = random.Random(5), ox.Store(), ox.NamedNode("urn:n"), 0
    for _ in range(3000):
        text = rng.choice(_TEXTS) if rng.random() < 0.4 else "".join(rng.choices("0123456789.-+", k=rng.randint(1, 12)))
        store.clear()
        store.add(ox.Quad(node, node, ox.Literal(text, datatype=ox.NamedNode(str(XSD[rng.choice(_KINDS)])))))
        (written,) = (quad.object for quad in store)
        changed += written.value != text
        assert to_plain(reference_rules._term(written)) == record_store._plain(written)
    assert changed > 100


# -- other shapes and rules --

ONTOLOGY = """<urn:shapes> a <http://www.w3.org/2002/07/owl#Ontology> ;
    sh:declare [ sh:prefix "" ; sh:namespace "https://example.org/v#"^^xsd:anyURI ] ,
        [ sh:prefix "gp" ; sh:namespace "https://w3id.org/guideproof/core#"^^xsd:anyURI ] .
"""
ASKED = "$this gp:asOf ?day . "


HEADER = PREFIXES + ONTOLOGY


def ruled(*rules: tuple[str, str]) -> str:
    """Shapes of rules in an order: each gives a template where a pattern holds."""
    return HEADER + "\n".join(
        f":s{n} a sh:NodeShape ; sh:targetSubjectsOf gp:asOf ; sh:rule :r{n} . :r{n} a sh:SPARQLRule ; sh:order {n} ; "
        f'sh:prefixes <urn:shapes> ; sh:construct "CONSTRUCT {{ {give} }} WHERE {{ {ASKED}{where} }}" .'
        for n, (give, where) in enumerate(rules)
    )


def contract_of(shapes: str, contract: str = "") -> CompiledContract:
    ruling, asked = (read_text(text or HEADER, "s.ttl", imports=True).graph for text in (shapes, contract))
    rules, more = compile_rules(ruling, background(), vocabulary())
    checks, counts, beyond = compile_shapes(asked, background())
    queries = Queries(asked, background()).selects(beyond), Queries(ruling, background()).constructs(rules)
    everything = Contract(vocabulary(), checks, counts, rules, (*beyond, *more), background().supers(), *queries)
    return CompiledContract(everything, Observer({}, {}, {}), [tuple(map(str, triple)) for triple in taxonomy()])  # type: ignore[misc]


def observed_by(compiled: CompiledContract, text: str) -> set[str]:
    plain = compiled.validate([RecordSource("r.ttl", None, text.encode())], DAY)
    return {patient[-1] for patient in plain.observed} if plain else set()


RECORD = (
    PREFIXES
    + """<urn:p> a gp:Patient ; :has _:a . _:a a :A ; :value 1 ; :more 2.50 .
    <urn:q> a gp:Patient ; :has _:b . _:b a :B ; :names :i ."""
)
COUNT = "?n :value ?v . BIND (STRLEN(STR(?v)) AS ?w)"


@pytest.mark.parametrize("rules, expected", [
    ([("?n :total ?w", COUNT)], "pq"),
    ([("?n :total ?w", COUNT), ("?n a :Other", "?n :total ?w . FILTER (?w = 1)")], "pq"),
    ([("?n :total [ :value ?w ]", COUNT)], ""),  # a node of its own
    ([("?n :value ?w", "?n :value ?v . BIND (?v + 1 AS ?w)")], ""),  # no end
    ([("?n :names ?m", "?n :value ?v . ?m :names :i")], ""),  # of two patients
    ([("<urn:x> :total ?w", COUNT)], ""),  # of nobody
    ([("?n gp:asOf ?day", COUNT)], ""),
    ([("?n :total ?w", COUNT + " . FILTER (?day != NOW())")], ""),
    ([("?n :total ?w", "?n :value ?v . { SELECT (SAMPLE(?o) AS ?w) WHERE { ?m :more ?o } }")], ""),
])  # fmt: skip
def test_rules_that_the_reference_decides(rules: list[tuple[str, str]], expected: str) -> None:
    assert observed_by(contract_of(ruled(*rules)), RECORD) == set(expected)


@pytest.mark.parametrize("rules", [
    [("?n :total ?w", COUNT), ("?n a :Other", "?n a :A . FILTER NOT EXISTS { ?n :total ?w }")],
    [("?n a :Other", "?n a :A . FILTER NOT EXISTS { ?n :total ?w }"), ("?n :total ?w", COUNT)],
    [("?p :also ?n", "?p :has ?n . ?n a :A"), ("?n :total ?w", "?p :also ?n . ?n :more ?v . BIND (STR(?v) AS ?w)")],
    [("?n :total ?v", "?n :more ?v . FILTER (?v > 1)")],  # Oxigraph writes the number otherwise
    [("?n :total ?w", "?n :value ?v . BIND (?v * 1.0E0 AS ?w)")],  # a double is written in several ways
])  # fmt: skip
def test_compiled_rules_and_others_in_turn(rules: list[tuple[str, str]]) -> None:
    """What follows is what the reference derives: also where one denies what another gives."""
    graph = read_text(ruled(*rules), "s.ttl", imports=True).graph
    derived = derive(gather([read_text(RECORD, "r.ttl")]), taxonomy(), [graph], DAY).derived
    compiled, file = contract_of(ruled(*rules)), read([RecordSource("r.ttl", None, RECORD.encode())])
    assert file is not None and derived
    groups = {"urn:p": [n for n in file.nodes if n != "urn:q"], "urn:q": ["urn:q"]}
    store = RecordStore(compiled._quads, file.nodes, file.nodes, DAY)
    found = compiled._rules.run_all(file.nodes, groups, dict.fromkeys(groups, 0), store)
    assert found.derived == {plain_triple(triple) for triple in derived}
    assert observed_by(compiled, RECORD) == {"p", "q"}


def constraint(where: str, more: str = "") -> str:
    return HEADER + (
        f":c a sh:NodeShape ; sh:targetSubjectsOf gp:asOf ; sh:sparql :q {more} . "
        f':q sh:prefixes <urn:shapes> ; sh:select "SELECT $this ?value WHERE {{ {ASKED}{where} }}" .'
    )


@pytest.mark.parametrize("where, read_here", [
    ("?value :value ?v . FILTER (STR(?v) > STR(?day))", True),
    ("{ ?value :value ?v } UNION { ?value :more ?v } BIND (STR(?v) AS ?t) "
     "FILTER (?t = SUBSTR(STR(?day), 1, STRLEN(?t)))", True),
    ("?value :value ?v . FILTER (?v > 3)", True),
    ("?value :value ?v ; :more ?v", True),
    ("?value :value ?v . ?other :more ?v", False),  # nodes of two patients
    ("?value :value ?v . FILTER NOT EXISTS { ?other :more ?v }", False),
    ("{ SELECT (MAX(?v) AS ?value) { ?other :value ?v } }", False),
    ("?value :value 1", True),
    ("?value :value ?v . FILTER (STR(?v) > STR($this))", True),
    ("?value :value ?v . OPTIONAL { ?value :more ?m } FILTER (STR(?v) > STR(?m))", True),
    ("?value :has/:value ?v . FILTER (STR(?v) > STR(?day))", False),
    ("?value :value ?v . FILTER REGEX(STR(?v), 'x')", True),
    ("?value :value ?v . FILTER (STR(?v) > STR(NOW()))", False),
])  # fmt: skip
def test_constraints_that_look_at_each_node_by_itself(where: str, read_here: bool) -> None:
    graph = read_text(constraint(where), "s.ttl", imports=True).graph
    _, _, beyond = compile_shapes(graph, background())
    assert len(Queries(graph, background()).selects(beyond)) == read_here


@pytest.mark.parametrize("more", ["; sh:deactivated true", "; sh:nodeKind sh:IRI", "; sh:targetClass :A"])
def test_shapes_that_ask_more(more: str) -> None:
    graph = read_text(constraint("?value :value ?v . FILTER (STR(?v) > STR(?day))", more), "s.ttl", imports=True).graph
    _, _, beyond = compile_shapes(graph, background())
    assert Queries(graph, background()).selects(beyond) == ()


@pytest.mark.parametrize("value, expected", [
    ('"2026-11-23"^^xsd:date', "q"), ('"2026-11-22"^^xsd:date', "pq"), ('"z"', "q"), ('"a"@en', "q"),
    ("<urn:x>", "q"), ("01", "pq"), ("true", "q"), ("_:c", "pq"), ('"0"', "pq"),
])  # fmt: skip
def test_who_is_left_to_the_reference(value: str, expected: str) -> None:
    """A patient with a fault, or with a value that a query cannot compare; nobody else."""
    text = PREFIXES + f"<urn:p> a gp:Patient ; :value {value} . <urn:q> a gp:Patient ; :value 'b' . ".replace(
        "'b'", '"1"'
    )
    assert observed_by(contract_of("", constraint("?value :value ?v . FILTER (STR(?v) > STR(?day))")), text) == set(
        expected
    )


def test_a_fault_of_nobody_leaves_all_to_the_reference() -> None:
    where = "?some :value ?v . FILTER (STR(?v) > STR(?day)) BIND (:x AS ?value)"
    text = PREFIXES + '<urn:p> a gp:Patient ; :value "z" . <urn:q> a gp:Patient ; :value "1" .'
    assert observed_by(contract_of("", constraint(where)), text) == set()
