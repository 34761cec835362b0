"""Who is read by columns conforms for certain, and what is known of them is what the reference observes."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

import numpy as np
import pytest
from broken_records import CORE, SN, TYPE, XSD, Drafts
from test_batch_fuzz import OWL, RDFS, as_bytes, drawn

from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import literals_of
from reasoner.population.ntriples.block import Block
from reasoner.population.ntriples.judge import TripleClassifier
from reasoner.population.ntriples.population import Population, read_population
from reasoner.population.ntriples.triples import read_block
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import GP

DAY = date(2026, 11, 22)
P, Q, N = "<https://example.org/p>", "<https://example.org/q>", "<https://example.org/n>"


@pytest.fixture(scope="module")
def judge(guideline: Guideline) -> TripleClassifier:
    return TripleClassifier(guideline)


def read(judge: TripleClassifier, data: bytes) -> tuple[Population, list[str]]:
    """The population of some lines, and the nodes that no patient leads to."""
    block = Block(read_block(data, "records.nt"), judge)
    strays = [block.term(code) for code in block.strays().tolist()]
    return read_population(block), strays


def lines(*triples: tuple[str, str, str]) -> bytes:
    return "".join(f"{s} {p} {o} .\n" for s, p, o in triples).encode()


def patient(*triples: tuple[str, str, str], who: str = P) -> bytes:
    return lines((who, TYPE, f"<{GP.Patient}>"), *triples)


def gp(name: str) -> str:
    return f"<{CORE}{name}>"


def sn(name: str) -> str:
    return f"<{SN}{name}>"


def odd(judge: TripleClassifier, data: bytes) -> list[bool]:
    return [bool(flag) for flag in read(judge, data)[0].odd]


# -- soundness --


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_who_is_not_odd_is_seen_as_by_the_reference(guideline: Guideline, judge: TripleClassifier, seed: int) -> None:
    data = as_bytes(drawn(guideline, seed, 150))
    population, _ = read(judge, data)
    seen, refused = guideline.reference.observe(gather([read_text(data, "records.nt")]), DAY)
    compared = 0
    for row in np.flatnonzero(~population.odd).tolist():
        name = population.patients[row].as_py()
        assert name not in refused, refused[name]
        facts = guideline.reader.read(seen[name].observations)
        told = literals_of(facts)
        assert _number(population.pos[row] | population.derived_pos[row]) == told.pos
        assert _number(population.neg[row] | population.derived_neg[row]) == told.neg
        orders = {o.target for o in seen[name].observations if o.path == (str(GP.proposes),) and o.kind == "class"}
        assert {action for action, flags in population.proposed.items() if flags[row]} == orders
        compared += 1
    assert compared > 15


def _number(words: Iterable[int]) -> int:
    return sum(int(word) << 64 * place for place, word in enumerate(words))


def test_ordinary_records_are_not_odd(guideline: Guideline, judge: TripleClassifier) -> None:
    drafts = [Drafts(guideline, 3).draft(number, "nothing") for number in range(100)]
    population, strays = read(judge, as_bytes(drafts))
    assert not population.odd.any()
    assert not strays


# -- what the reference has to read --

FEVER = (N, TYPE, sn("Fever"))
HAS = (P, gp("hasFinding"), N)


@pytest.mark.parametrize("triples", [
    [HAS],
    [HAS, (N, "<urn:x:note>", '"no type"')],
    [(P, gp("hasFinding"), sn("Fever"))],
    [(P, gp("hasFinding"), P)],
    [HAS, (N, TYPE, sn("SpineMri"))],
    [HAS, FEVER, (N, TYPE, f"<{OWL}NamedIndividual>")],
    [HAS, FEVER, (N, gp("hasFinding"), N)],
    [HAS, FEVER, (N, sn("vertebra"), "_:m"), ("_:m", TYPE, sn("Vertebra"))],
    [HAS, FEVER, (P, gp("asOf"), f'"2026-01-01"^^<{XSD}date>')],
    [(P, gp("hasFinding"), "<urn:guideproof:as-of>"), ("<urn:guideproof:as-of>", TYPE, sn("Fever"))],
    [(P, f"<{RDFS}subClassOf>", sn("Fever"))],
    [(P, f"<{OWL}sameAs>", Q)],
    [(P, "<urn:x:note>", sn("Fevr"))],
    [(P, sn("conservativeTherapyWeeks"), f'"{weeks}"^^<{XSD}decimal>') for weeks in (3, 7)],
    [(P, sn("conservativeTherapyWeeksAtLeast"), f'"3"^^<{XSD}decimal>')],
    [(P, TYPE, "_:kind")],
    [HAS, (N, TYPE, sn("SchmorlsNode")), (N, sn("diameterMillimetre"), f'"6.5"^^<{XSD}integer>')],
])  # fmt: skip
def test_what_is_odd(judge: TripleClassifier, triples: list[tuple[str, str, str]]) -> None:
    assert odd(judge, patient(*triples)) == [True]


@pytest.mark.parametrize("triples", [
    [],
    [HAS, FEVER],
    [HAS, FEVER, (N, f"<{RDFS}label>", '"hot"@en'), (P, f"<{RDFS}seeAlso>", "<urn:x:page>")],
    [(P, "<urn:x:by>", "<urn:x:doc>"), ("<urn:x:doc>", TYPE, "<urn:x:Doc>"), ("<urn:x:doc>", "<urn:x:of>", P)],
    [(P, "<urn:x:note>", sn("Fever"))],
    [(P, f"<{OWL}versionInfo>", '"1"')],
    [HAS, HAS, FEVER, FEVER, (P, TYPE, f"<{GP.Patient}>")],
    [HAS, (N, TYPE, sn("SchmorlsNode")), (N, sn("diameterMillimetre"), f'"6"^^<{XSD}integer>')],
])  # fmt: skip
def test_what_is_not(judge: TripleClassifier, triples: list[tuple[str, str, str]]) -> None:
    assert odd(judge, patient(*triples)) == [False]


@pytest.mark.parametrize("triple", [(P, gp("hasFinding"), Q), (P, gp("lacksFinding"), Q), (P, sn("vertebra"), Q)])
def test_who_names_a_patient_is_odd_and_so_is_that_one(judge: TripleClassifier, triple: tuple[str, str, str]) -> None:
    other = patient(who="<urn:x:other>")
    assert odd(judge, patient(triple) + patient(who=Q) + other) == [True, True, False]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_node_in_a_ring_belongs_to_its_patient(judge: TripleClassifier, backwards: bool) -> None:
    ring = [HAS, (N, gp("hasFinding"), "_:m"), ("_:m", gp("hasFinding"), N), ("_:m", TYPE, sn("Fever")), FEVER]
    block = Block(read_block(patient(*ring[:: -1 if backwards else 1]), "records.nt"), judge)
    assert not block.strays().size
    assert block.odd.tolist() == [True]
    assert block.root[: block.triples.subjects].tolist() == [0, 0, 0]


def test_however_deep_a_node_hangs_it_is_no_stray(judge: TripleClassifier) -> None:
    chain = [(f"_:n{i}", gp("hasFinding"), f"_:n{i + 1}") for i in range(300)]
    population, strays = read(judge, patient((P, gp("hasFinding"), "_:n0"), *reversed(chain)))
    assert population.odd.tolist() == [True]
    assert not strays


def test_a_blank_node_is_an_odd_patient(judge: TripleClassifier) -> None:
    assert odd(judge, patient(who="_:b")) == [True]


@pytest.mark.parametrize("triple, stray", [
    (FEVER, True),
    ((N, sn("vertebra"), sn("L4")), True),
    ((sn("Fever"), "<urn:x:note>", '"hot"'), True),
    ((N, "<urn:x:is>", sn("Nothing")), True),
    ((N, f"<{RDFS}subClassOf>", "<urn:x:Thing>"), True),
    ((N, TYPE, f"<{OWL}Class>"), True),
    ((N, TYPE, f"<{OWL}Ontology>"), False),
    ((N, f"<{OWL}versionInfo>", '"1"'), False),
    ((N, f"<{RDFS}seeAlso>", sn("Fever")), False),
    ((N, "<urn:x:of>", P), False),
])  # fmt: skip
def test_which_nodes_are_strays(judge: TripleClassifier, triple: tuple[str, str, str], stray: bool) -> None:
    assert read(judge, patient() + lines(triple))[1] == ([triple[0]] if stray else [])


@pytest.mark.parametrize("triple, count", [
    (HAS, 1),
    ((P, sn("vertebra"), "<urn:x:level>"), 1),
    ((P, gp("hasFinding"), '"hot"'), 0),
    ((P, gp("hasFinding"), sn("Fever")), 0),
    ((P, gp("lacksFinding"), sn("Fevr")), 0),
    ((P, "<urn:x:by>", "<urn:x:doc>"), 0),
])  # fmt: skip
def test_which_nodes_are_missing(judge: TripleClassifier, triple: tuple[str, str, str], count: int) -> None:
    assert Block(read_block(patient(triple), "records.nt"), judge).missing() == count


def test_texts_of_other_vocabularies_are_not_judged_one_by_one(guideline: Guideline) -> None:
    judge = TripleClassifier(guideline)
    for start in (0, 1000):
        read(judge, b"".join(patient((f"<urn:p:{i}>", "<urn:x:note>", f'"note {i}"'), who=f"<urn:p:{i}>")
                             for i in range(start, start + 1000)))  # fmt: skip
    assert len(judge._verdicts) < 10
