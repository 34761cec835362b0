"""Who is read by columns conforms for certain, and what is known of them is what the reference observes."""

from __future__ import annotations

from datetime import date

import numpy as np
import pytest
from broken_records import CORE, SN, TYPE, XSD, Drafts
from test_batch_fuzz import OWL, RDFS, as_bytes, drawn

from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import literals_of
from reasoner.logic.theory import Literals
from reasoner.population.ntriples import owners
from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.completion import complete
from reasoner.population.ntriples.contexts import KnownOfPatients, known_of_patients
from reasoner.population.ntriples.reading import read_block
from reasoner.population.ntriples.sweep import as_lines
from reasoner.population.ntriples.triple_block import TripleBlock
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.terms import GP

DAY = date(2026, 11, 22)
P, Q, N = "<https://example.org/p>", "<https://example.org/q>", "<https://example.org/n>"


@pytest.fixture(scope="module")
def classifier(guideline: Guideline) -> TripleClassifier:
    return TripleClassifier(guideline)


def owned(classifier: TripleClassifier, data: bytes) -> TripleBlock:
    return owners.find_owners(read_block(as_lines(data), "records.nt"), classifier)


def read(classifier: TripleClassifier, data: bytes) -> tuple[TripleBlock, KnownOfPatients, list[str]]:
    """The block of some lines, what is known of its patients, and the nodes that no patient leads to."""
    block = owned(classifier, data)
    strays = [block.term(code) for code in owners.strays(block, classifier).tolist()]
    complete(block, classifier)
    return block, known_of_patients(block, classifier), strays


def lines(*triples: tuple[str, str, str]) -> bytes:
    return "".join(f"{s} {p} {o} .\n" for s, p, o in triples).encode()


def patient(*triples: tuple[str, str, str], who: str = P) -> bytes:
    return lines((who, TYPE, f"<{GP.Patient}>"), *triples)


def gp(name: str) -> str:
    return f"<{CORE}{name}>"


def sn(name: str) -> str:
    return f"<{SN}{name}>"


def referred(classifier: TripleClassifier, data: bytes) -> list[bool]:
    """Of each patient whether the reference has to read the record."""
    return [bool(flag) for flag in read(classifier, data)[0].needs_reference]


# -- soundness --


@pytest.mark.parametrize("seed", [11, 12, 13])
def test_who_is_read_by_columns_is_known_as_by_the_reference(
    guideline: Guideline, classifier: TripleClassifier, seed: int
) -> None:
    data = as_bytes(drawn(guideline, seed, 150))
    block, found, _ = read(classifier, data)
    names = block.names(block.patients).to_pylist()
    seen, refused = guideline.reference.observe(gather([read_text(data, "records.nt")]), DAY)
    compared = 0
    for row in np.flatnonzero(~block.needs_reference).tolist():
        name = names[row]
        assert name not in refused, refused[name]
        facts = guideline.reader.read(seen[name].observations)
        stated = literals_of(facts)
        assert _literals(found, row) == stated
        orders = {o.target for o in seen[name].observations if o.path == (str(GP.proposes),) and o.kind == "class"}
        assert {action for action, flags in found.proposed.items() if flags[row]} == orders
        compared += 1
    assert compared > 15


def _literals(found: KnownOfPatients, row: int) -> Literals:
    """All that is known of a patient."""
    known = found.recorded[..., row] | found.derived[..., row]
    return Literals(*(sum(1 << atom for atom in np.flatnonzero(side).tolist()) for side in known))


def test_ordinary_records_need_no_reference(guideline: Guideline, classifier: TripleClassifier) -> None:
    drafts = [Drafts(guideline, 3).draft(number, "nothing") for number in range(100)]
    block, _, strays = read(classifier, as_bytes(drafts))
    assert not block.needs_reference.any()
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
def test_what_needs_the_reference(classifier: TripleClassifier, triples: list[tuple[str, str, str]]) -> None:
    assert referred(classifier, patient(*triples)) == [True]


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
def test_what_does_not(classifier: TripleClassifier, triples: list[tuple[str, str, str]]) -> None:
    assert referred(classifier, patient(*triples)) == [False]


@pytest.mark.parametrize("triple", [(P, gp("hasFinding"), Q), (P, gp("lacksFinding"), Q), (P, sn("vertebra"), Q)])
def test_who_names_a_patient_needs_the_reference_and_so_does_that_one(
    classifier: TripleClassifier, triple: tuple[str, str, str]
) -> None:
    other = patient(who="<urn:x:other>")
    assert referred(classifier, patient(triple) + patient(who=Q) + other) == [True, True, False]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_node_in_a_ring_belongs_to_its_patient(classifier: TripleClassifier, backwards: bool) -> None:
    ring = [HAS, (N, gp("hasFinding"), "_:m"), ("_:m", gp("hasFinding"), N), ("_:m", TYPE, sn("Fever")), FEVER]
    block = owned(classifier, patient(*ring[:: -1 if backwards else 1]))
    assert not owners.strays(block, classifier).size
    assert block.needs_reference.tolist() == [True]
    assert block.root[block.described].tolist() == [0, 0, 0]


def test_however_deep_a_node_hangs_it_is_no_stray(classifier: TripleClassifier) -> None:
    chain = [(f"_:n{i}", gp("hasFinding"), f"_:n{i + 1}") for i in range(300)]
    block, _, strays = read(classifier, patient((P, gp("hasFinding"), "_:n0"), *reversed(chain)))
    assert block.needs_reference.tolist() == [True]
    assert not strays


def test_a_blank_node_as_patient_needs_the_reference(classifier: TripleClassifier) -> None:
    assert referred(classifier, patient(who="_:b")) == [True]


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
def test_which_nodes_are_strays(classifier: TripleClassifier, triple: tuple[str, str, str], stray: bool) -> None:
    assert read(classifier, patient() + lines(triple))[2] == ([triple[0]] if stray else [])


@pytest.mark.parametrize("triple, missing", [
    (HAS, True),
    ((P, sn("vertebra"), "<urn:x:level>"), True),
    ((P, gp("hasFinding"), '"hot"'), False),
    ((P, gp("hasFinding"), sn("Fever")), False),
    ((P, gp("lacksFinding"), sn("Fevr")), False),
    ((P, "<urn:x:by>", "<urn:x:doc>"), False),
])  # fmt: skip
def test_which_nodes_are_missing(classifier: TripleClassifier, triple: tuple[str, str, str], missing: bool) -> None:
    assert owners.lacks_nodes(owned(classifier, patient(triple)), classifier) is missing


def test_texts_of_other_vocabularies_are_not_classified_one_by_one(guideline: Guideline) -> None:
    classifier = TripleClassifier(guideline)
    for start in (0, 1000):
        read(classifier, b"".join(patient((f"<urn:p:{i}>", "<urn:x:note>", f'"note {i}"'), who=f"<urn:p:{i}>")
                             for i in range(start, start + 1000)))  # fmt: skip
    assert len(classifier._verdicts) < 10


@pytest.mark.parametrize("text", ['"Jane Roe"', '"Jane Roe"@en', f'"{"1" * 200}"^^<{XSD}decimal>'])
def test_no_text_of_a_patient_is_remembered(guideline: Guideline, text: str) -> None:
    """Not even where a shape tests it; what no shape asks about is not looked at."""
    classifier = TripleClassifier(guideline)
    uses = (gp("startDate"), sn("conservativeTherapyWeeks"), gp("rationale"), f"<{RDFS}label>", gp("hasFinding"))
    read(classifier, patient(HAS, FEVER, *((P, use, text) for use in uses)))
    assert classifier._verdicts
    assert not [context for context in classifier._verdicts if context.value.startswith('"')]


def test_verdicts_are_remembered_up_to_a_bound(guideline: Guideline) -> None:
    classifier = TripleClassifier(guideline)
    classifier._verdicts.entries = 50
    for start in range(0, 400, 100):
        weeks = [patient((f"<urn:p:{i}>", sn("conservativeTherapyWeeks"), f'"{i}"^^<{XSD}decimal>'), who=f"<urn:p:{i}>")
                 for i in range(start, start + 100)]  # fmt: skip
        read(classifier, b"".join(weeks))
    assert 0 < len(classifier._verdicts) <= 50
