"""Canonical labels and content hashes are those of RDFC-1.0, and the work for them has an end."""

from __future__ import annotations

import hashlib
import random
from datetime import date
from itertools import combinations

import pyoxigraph as ox
import pytest
from broken_records import Drafts

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify, classify_text
from reasoner.rdf import read_text
from reasoner.records.canonical import canonical, content_hash
from reasoner.records.conversion import plain_triple, to_nodes
from reasoner.records.nodes import LiteralTerm, Nodes, Term
from reasoner.records.record import gather

DAY = date(2026, 11, 22)
PREFIXES = "@prefix gp: <https://w3id.org/guideproof/core#> . @prefix sn: <https://w3id.org/guideproof/schmorl#> .\n"


@pytest.mark.parametrize("text", [
    "<urn:a> <urn:p> <urn:b> , 'x' , 1 .",
    "<urn:a> <urn:p> [ <urn:q> 1 ] , [ <urn:q> 2 ] .",
    "<urn:a> <urn:p> [ <urn:q> 1 ] , [ <urn:q> 1 ] .",
    "<urn:a> <urn:p> [ <urn:q> [ <urn:q> 1.0 ] ] , [ <urn:q> [ <urn:q> 'é'@fr ] ] .",
    "<urn:a> <urn:p> [ <urn:q> [ <urn:q> 1.0 ] ] , [ <urn:q> [ <urn:q> 1.0 ] ] .",
    "_:a <urn:p> _:a . _:b <urn:p> _:a .",
    "_:a <urn:p> _:b . _:b <urn:p> _:a .",
    "_:a <urn:p> _:b . _:b <urn:p> _:c . _:c <urn:p> _:d . _:d <urn:p> _:e . _:e <urn:p> _:f .",
    '<urn:a> <urn:p> [ <urn:q> "a\\n\\"b\\\\" ] , [ <urn:q> "tab\\t" ] , [ <urn:é> "\\u0001" ] .',
])  # fmt: skip
def test_labels_are_those_of_oxigraph(text: str) -> None:
    check_labels(text)


def test_labels_of_records(guideline: Guideline) -> None:
    for _, draft in Drafts(guideline).all(range(60)):
        check_labels("\n".join(draft.lines))


@pytest.mark.parametrize("seed", range(40))
def test_labels_of_random_graphs(seed: int) -> None:
    rng = random.Random(seed)
    nodes = [f"_:n{i}" for i in range(rng.randint(2, 6))]
    lines = {f"{rng.choice(nodes)} <urn:p{rng.randint(0, 1)}> {rng.choice(nodes)} ." for _ in range(rng.randint(1, 9))}
    check_labels("\n".join(sorted(lines)))


def check_labels(text: str) -> None:
    triples = [plain_triple(triple) for triple in read_text(text, "x.ttl").lines]
    nodes = to_nodes(read_text(text, "x.ttl").lines)
    names, digest = canonical(nodes, nodes, ())
    dataset = ox.Dataset(ox.parse(text, ox.RdfFormat.TURTLE))
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    renamed = {(names.get(s, s), p, names.get(o, o) if isinstance(o, str) else o) for s, p, o in triples}
    assert renamed == {(named(quad.subject), named(quad.predicate), named(quad.object)) for quad in dataset}
    assert digest == hashlib.sha256("".join(sorted(f"{quad} .\n" for quad in dataset)).encode()).hexdigest()


def named(term: object) -> Term:
    """A term of Oxigraph as plain text."""
    if isinstance(term, ox.Literal):
        return LiteralTerm(term.value, term.datatype.value, term.language or "")
    return f"_:{term.value}" if isinstance(term, ox.BlankNode) else str(term)[1:-1]


def test_left_out_triples_change_nothing() -> None:
    said: Nodes = {"urn:a": {"urn:p": {"_:b": None}}, "_:b": {"urn:q": {"urn:c": None}}}
    more: Nodes = {"urn:a": {"urn:p": {"_:b": None}}, "_:b": {"urn:q": {"urn:c": None, "urn:d": None}}}
    assert canonical(more, more, {("_:b", "urn:q", "urn:d")}) == canonical(said, said, ())


def test_content_hash_is_half_a_sha256() -> None:
    assert content_hash("é") == hashlib.sha256("é".encode()).hexdigest()[:32]


# -- nodes that look alike --


@pytest.mark.parametrize("count", [400, 3000])
def test_equal_nodes_get_a_label_each(count: int) -> None:
    pains = {f"_:p{i}": {"urn:type": {"urn:Pain": None}} for i in range(count)}
    nodes: Nodes = {"urn:a": {"urn:has": dict.fromkeys(pains)}, **pains}
    labels, _ = canonical(nodes, nodes, ())
    assert sorted(labels) == sorted(pains) and len(set(labels.values())) == count


def clique(size: int) -> str:
    pairs = combinations(range(size), 2)
    return "".join(f"_:n{a} <urn:near> _:n{b} . _:n{b} <urn:near> _:n{a} . " for a, b in pairs)


def test_a_clique_ends_in_a_coded_error() -> None:
    nodes = to_nodes(read_text(clique(9), "x.ttl").lines)
    with pytest.raises(RecordError, match=r"\[nodes-alike\] 9 blank nodes look too much alike: 200000 steps"):
        canonical(nodes, nodes, ())


def test_a_long_chain_of_equal_nodes_is_no_deep_recursion() -> None:
    nodes: Nodes = {f"_:n{i}": {"urn:next": {f"_:n{(i + 1) % 5000}": None}} for i in range(5000)}
    with pytest.raises(RecordError, match="nodes-alike"):
        canonical(nodes, nodes, ())


def test_a_patient_with_many_equal_findings_is_answered(guideline: Guideline) -> None:
    pains = ", ".join(["[ a sn:BackPain ]"] * 1000)
    (result,) = classify_text(guideline, f"{PREFIXES} <urn:p> a gp:Patient ; gp:hasFinding {pains} .", DAY)
    assert isinstance(result, Assessment) and len(result.record) == 64


@pytest.mark.parametrize("more", ["", "<urn:r> a gp:Patient ; gp:hasFinding [ a sn:Feverr ] . "])
def test_a_patient_whose_nodes_cannot_be_told_apart_is_refused(guideline: Guideline, more: str) -> None:
    """The patient alone: another of the file is answered, also where the reference has to read a third."""
    leads = "<urn:p> gp:hasFinding " + ", ".join(f"_:n{i}" for i in range(9)) + " . "
    typed = " ".join(f"_:n{i} a sn:BackPain ." for i in range(9))
    text = f"{PREFIXES} <urn:p> a gp:Patient . <urn:q> a gp:Patient . {leads} {typed} {clique(9)} {more}"
    for plain in [True, False] if more else [True]:
        first, second, *others = results(guideline, text, plain)
        assert isinstance(first, Refusal) and isinstance(second, Assessment)
        (problem,) = first.problems
        assert (problem.code, problem.file, problem.line, problem.node) == ("nodes-alike", "r.ttl", 2, "urn:p")
        assert "9 blank nodes" in problem.what
        assert [isinstance(one, Refusal) for one in others] == ([True] if more else [])


def results(guideline: Guideline, text: str, plain: bool) -> list[Assessment | Refusal]:
    """By the compiled contract as far as that goes, or by the reference alone."""
    if plain:
        return classify_text(guideline, text, DAY, name="r.ttl")
    return classify(guideline, gather([read_text(text, "r.ttl")]), DAY)
