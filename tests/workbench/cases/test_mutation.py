"""Mutants: what the operators make, whether equivalence is decided rightly, and that the shipped cases notice each.

Equivalence is compared with a plain enumeration of all complete patients on the small ontologies, and witnesses with
`classify` and with HermiT, to which each mutant is posed as a changed ontology.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import cache, reduce
from pathlib import Path

import numpy as np
import pytest
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS
from random_records import Records
from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.errors import ContradictionError, GuidelineError
from reasoner.guideline.guideline import Guideline, home, load_guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.decide import decide
from reasoner.logic.equivalence import compile_over, difference, over_same_atoms
from reasoner.logic.expressions import And, AtomLeaf, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.logic.facts import FactReader, Observation
from reasoner.logic.owl import Axioms, read_axioms
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_text
from reasoner.patient.hermit import decide_profiles
from reasoner.rdf import read_graph
from reasoner.workbench.cases.mutants import OPERATORS, Mutant, mutants
from reasoner.workbench.cases.mutation import (
    EQUIVALENT,
    KILLED,
    STILLBORN,
    SURVIVED,
    Bench,
    MutationReport,
    Pair,
    Tried,
    mutate,
)
from reasoner.workbench.cases.read import read_cases
from reasoner.workbench.cases.run import observe_cases, run_cases
from reasoner.workbench.recordable import turtle

CORE = home() / "ontology" / "core.ttl"
#: Two have more atoms than can be written out.
SMALL = [p for p in sorted((TESTS / "small").glob("*.ttl")) if p.stem not in ("paths", "properties")]
DAY = date(2026, 11, 22)
SEED = 20261122
MOST_ATOMS = 19


# -- the shipped guideline --


@pytest.fixture(scope="module")
def report(guideline: Guideline) -> MutationReport:
    """All mutants of the guideline, against the cases that come with it."""
    outcomes = run_cases(guideline, read_cases(guideline, TESTS / "cases"), DAY)
    assert all(outcome.passed for outcome in outcomes)
    return mutate(guideline, [outcome.trial for outcome in outcomes])


@pytest.mark.exhaustive
def test_the_shipped_cases_notice_every_mutant_that_answers_otherwise(report: MutationReport) -> None:
    assert [tried.mutant.what for tried in report.survivors] == []
    killed, of = report.score
    assert killed == of > 250


@pytest.mark.exhaustive
def test_every_operator_has_mutants_that_are_noticed(report: MutationReport) -> None:
    noticed = Counter(tried.mutant.operator for tried in report.of(KILLED))
    assert noticed.keys() == OPERATORS.keys() - {"drop-disjointness"}, "no classes of the guideline's own are disjoint"


@pytest.mark.exhaustive
def test_only_superclasses_that_follow_anyhow_are_equivalent(report: MutationReport) -> None:
    """What is dropped stands in the definition too, or in the range of the property by which findings are recorded."""
    assert {tried.mutant.operator for tried in report.of(EQUIVALENT)} == {"drop-superclass"}
    assert len(report.of(EQUIVALENT)) == 66


@pytest.mark.exhaustive
def test_stillborn_mutants_say_why(report: MutationReport) -> None:
    assert report.of(STILLBORN)
    said = ("holds for nobody", "no patient", "limited to none")
    assert all(any(why in tried.by for why in said) for tried in report.of(STILLBORN))


def test_the_shipped_cases_notice_some_of_the_mutants_of_each_operator(guideline: Guideline) -> None:
    """The same of a few mutants, drawn by chance: see the tests of all."""
    outcomes = run_cases(guideline, read_cases(guideline, TESTS / "cases"), DAY)
    bench = Bench(guideline, [outcome.trial for outcome in outcomes])
    for tried in sample(2)[::2]:
        state = bench.attempt(tried.mutant).state
        assert state == (KILLED if tried.state == SURVIVED else tried.state), tried.mutant.what


@pytest.mark.exhaustive
def test_axioms_of_the_core_are_left_alone(report: MutationReport) -> None:
    assert {Path(t.mutant.origin.file).name for t in report.tried} <= {"schmorl.ttl", "references.ttl", ""}


def test_a_mutant_that_does_not_compile_is_stillborn(tmp_path: Path) -> None:
    """Findings that are two things at once are outside the fragment."""
    either = "[ a owl:Class ; owl:unionOf ( pot:SoggySoil pot:StandingWater ) ]"
    text = CLEAN.replace("owl:onProperty gp:hasFinding ; owl:someValuesFrom pot:SoggySoil ]",
                         f"owl:onProperty gp:hasFinding ; owl:someValuesFrom {either} ]")  # fmt: skip
    assert text != CLEAN
    report = mutate(guideline_of(tmp_path, text), [])
    assert any(tried.by.startswith("outside-fragment") for tried in report.of(STILLBORN))


# -- equivalence, against a plain enumeration --


@cache
def small(path: Path) -> Axioms:
    return read_axioms([read_graph(CORE, imports=True), read_graph(path, imports=True)])


def truth(expr: Expr, atoms: Mapping[int, np.ndarray], compiled: Compiled) -> np.ndarray:
    """An expression under every assignment at once."""
    match expr:
        case AtomLeaf(atom):
            return atoms[atom]
        case Name(iri):
            return truth(compiled.rules[iri].definition, atoms, compiled)
        case Not(part):
            return np.logical_not(truth(part, atoms, compiled))
        case And(parts) | Or(parts):
            join, start = (np.logical_and, True) if isinstance(expr, And) else (np.logical_or, False)
            first = np.full(len(next(iter(atoms.values()))), start)
            return reduce(join, [truth(part, atoms, compiled) for part in parts], first)
    raise TypeError(expr)


def possible(clauses: tuple[Cube, ...], atoms: Mapping[int, np.ndarray]) -> np.ndarray:
    found = np.full(len(next(iter(atoms.values()))), True)
    for clause in clauses:
        met = [atoms[i] for i in bits(clause.pos)] + [~atoms[i] for i in bits(clause.neg)]
        found &= reduce(np.logical_or, met, np.full(len(found), False))
    return found


def same_for_everyone(one: Compiled, other: Compiled) -> bool:
    """Whether both allow the same complete patients, and put each of them into the same classes.

    What holds of every patient in both is not varied.
    """
    size = len(one.theory.atoms)
    units = {c[:2] for c in one.theory.implicates if c.size == 1} & {
        c[:2] for c in other.theory.implicates if c.size == 1
    }
    fixed = {i: bool(pos) for pos, neg in units for i in bits(pos | neg)}
    free = [i for i in range(size) if i not in fixed]
    assert len(free) <= MOST_ATOMS
    rows = np.arange(1 << len(free), dtype=np.uint32)
    atoms = {i: (rows >> place & 1).astype(bool) for place, i in enumerate(free)}
    atoms |= {i: np.full(len(rows), held) for i, held in fixed.items()}
    mine, theirs = (possible(each.theory.implicates, atoms) for each in (one, other))
    if (mine != theirs).any():
        return False
    return all((truth(Name(iri), atoms, one)[mine] == truth(Name(iri), atoms, other)[mine]).all() for iri in one.rules)


def pairs(path: Path) -> Iterator[tuple[Mutant, Compiled, Compiled]]:
    """Every mutant of a small ontology that compiles, with the ontology, over the same atoms."""
    axioms = small(path)
    base = compile_axioms(axioms)
    for mutant in mutants(axioms, (), {}):
        try:
            changed = compile_over(mutant.apply(axioms), base.theory.atoms)
        except GuidelineError:
            continue
        yield mutant, *over_same_atoms(axioms, base, mutant.apply(axioms), changed)


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_equivalence_is_that_of_an_enumeration(path: Path) -> None:
    compared = Counter[bool]()
    for mutant, one, other in pairs(path):
        found = difference(one, other)
        if not mutant.individuals:
            assert found.none == same_for_everyone(one, other), mutant.what
            compared[found.none] += 1
    assert compared[False] > 0


@pytest.mark.exhaustive
def test_enumeration_meets_equivalent_mutants_too() -> None:
    met = Counter(difference(one, other).none for path in SMALL for _, one, other in pairs(path))
    assert met[True] >= 10 and met[False] >= 50, met


def test_more_atoms_change_no_answer() -> None:
    for path in SMALL:
        axioms = small(path)
        base = compile_axioms(axioms)
        for mutant in mutants(axioms, (), {}):
            if mutant.operator == "threshold":
                changed = compile_axioms(mutant.apply(axioms))
                one, _ = over_same_atoms(axioms, base, mutant.apply(axioms), changed)
                assert set(one.theory.atoms) >= {*base.theory.atoms, *changed.theory.atoms}
                assert one.rules.keys() == base.rules.keys()
                records = Records(base, SEED, ())
                for record in (records.draw() for _ in range(30)):
                    assert answers(base, record) == answers(one, record)


def answers(compiled: Compiled, record: Iterable[Observation], closable: Iterable[str] = ()) -> object:
    try:
        return dict(decide(compiled, FactReader(compiled).read(record), closable).states)
    except ContradictionError:
        return None


# -- witnesses --


@cache
def sample(size: int) -> tuple[Tried, ...]:
    """Mutants of the shipped guideline, a few of each operator, as if there were no case at all."""
    bench = Bench(load_guideline(), [])
    every = mutants(bench.axioms, bench.guideline.catalogue.closable, bench.guideline.prefixes)
    rng, found = random.Random(SEED), list[Tried]()
    for operator in OPERATORS:
        of = [mutant for mutant in every if mutant.operator == operator]
        found += [bench.attempt(mutant) for mutant in rng.sample(of, min(size, len(of)))]
    return tuple(found)


@pytest.mark.parametrize(("size", "least"), [(2, 5), pytest.param(4, 10, marks=pytest.mark.exhaustive)])
def test_without_cases_every_mutant_that_answers_otherwise_has_a_witness(size: int, least: int) -> None:
    survived = [tried for tried in sample(size) if tried.state == SURVIVED]
    assert len(survived) > least
    for tried in survived:
        assert tried.witness is not None and tried.differs, tried.mutant.what


def test_a_witness_classified_shows_the_difference(guideline: Guideline) -> None:
    bench = Bench(guideline, [])
    for tried in (one for one in sample(2) if one.state == SURVIVED):
        text = turtle(tried.witness or (), guideline)
        changed = bench.changed(tried.mutant)
        (before,), (after,) = (classify_text(each, text, DAY) for each in (guideline, changed))
        assert said(before) != said(after), tried.mutant.what


def said(result: object) -> object:
    if not isinstance(result, Assessment):
        return "contradictory"
    return dict(result.decision.states), {fact.term for fact in result.decision.assumed}


def test_a_witness_needs_all_that_it_says(guideline: Guideline) -> None:
    bench = Bench(guideline, [])
    for tried in (one for one in sample(2) if one.state == SURVIVED and one.mutant.operator != "threshold"):
        pair = Pair(guideline, bench.changed(tried.mutant))
        record = tried.witness or ()
        assert pair.differences(record)
        assert not any(pair.differences([o for o in record if o is not one]) for one in record), tried.mutant.what


# -- HermiT --


def written(graph: Graph, expr: Expr) -> Node:
    """An expression as OWL in RDF."""
    if isinstance(expr, Name):
        return URIRef(expr.iri)
    node = BNode()
    match expr:
        case And(parts) | Or(parts):
            head = BNode()
            Collection(graph, head, [written(graph, part) for part in parts])
            graph.add((node, RDF.type, OWL.Class))
            graph.add((node, OWL.intersectionOf if isinstance(expr, And) else OWL.unionOf, head))
        case Not(part):
            graph += [(node, RDF.type, OWL.Class), (node, OWL.complementOf, written(graph, part))]
        case Some(prop, filler):
            restricted(graph, node, prop)
            graph.add((node, OWL.someValuesFrom, written(graph, filler)))
        case HasValue(prop, individual):
            restricted(graph, node, prop)
            graph.add((node, OWL.hasValue, URIRef(individual)))
        case Threshold(prop, facets):
            restricted(graph, node, prop)
            graph.add((node, OWL.someValuesFrom, faceted(graph, facets)))
    return node


def restricted(graph: Graph, node: Node, prop: str) -> None:
    graph += [(node, RDF.type, OWL.Restriction), (node, OWL.onProperty, URIRef(prop))]


FACETS = {">=": XSD.minInclusive, ">": XSD.minExclusive, "<=": XSD.maxInclusive, "<": XSD.maxExclusive}


def faceted(graph: Graph, facets: tuple[tuple[str, object], ...]) -> Node:
    node, head, members = BNode(), BNode(), list[Node]()
    for facet, bound in facets:
        member = BNode()
        graph.add((member, FACETS[facet], Literal(str(bound), datatype=XSD.decimal)))
        members.append(member)
    Collection(graph, head, members)
    graph += [(node, RDF.type, RDFS.Datatype), (node, OWL.onDatatype, XSD.decimal), (node, OWL.withRestrictions, head)]
    return node


def changed_graphs(guideline: Guideline, mutant: Mutant) -> list[Graph]:
    """The ontologies with the change of a mutant of a definition or of a superclass made in RDF."""
    graphs = [Graph() + parsed.graph for parsed in guideline.ontologies]
    term = URIRef(mutant.term)
    for graph in graphs:
        if mutant.definition is not None and (term, OWL.equivalentClass, None) in graph:
            graph.remove((term, OWL.equivalentClass, None))
            graph.add((term, OWL.equivalentClass, written(graph, mutant.definition)))
        if mutant.inclusion is not None:
            axiom = read_axioms(guideline.ontologies).inclusions[mutant.inclusion]
            assert isinstance(axiom.sub, Name) and isinstance(axiom.sup, Name)
            graph.remove((URIRef(axiom.sub.iri), RDFS.subClassOf, URIRef(axiom.sup.iri)))
    return graphs


@pytest.mark.parametrize(("step", "most"), [(100, 1), pytest.param(4, 2, marks=pytest.mark.exhaustive)])
def test_hermit_answers_the_mutants_as_they_are_compiled(step: int, most: int, guideline: Guideline) -> None:
    """Random records and the witness, by the changed ontology: of equivalent mutants, as by the guideline itself."""
    chosen = [
        one
        for one in sample(step if step == 4 else 2)
        if one.mutant.definition is not None or one.mutant.inclusion is not None
    ]
    different = [one for one in chosen if one.state == SURVIVED][::step]
    alike = [one for one in chosen if one.state == EQUIVALENT][:most]
    assert len(different) >= (3 if step == 4 else 1) and len(alike) == most
    closable, bench = list(guideline.catalogue.closable), Bench(guideline, [])
    records = Records(guideline.compiled, SEED, tuple(closable))
    drawn = [tuple(records.draw()) for _ in range(6)]
    for tried in (*different, *alike):
        compiled = bench.changed(tried.mutant).compiled
        profiles = [tried.witness or (), *drawn]
        classes = list(compiled.rules)
        theirs = decide_profiles(changed_graphs(guideline, tried.mutant), profiles, classes, closable, timeout=600)
        ours = [answers(compiled, profile, closable) for profile in profiles]
        assert ours == theirs, tried.mutant.what
        before = [answers(guideline.compiled, profile, closable) for profile in profiles]
        assert (before == ours) == (tried.state == EQUIVALENT) or tried.differs[0][1:] == ("-", "assumed absent")


def test_observed_cases_are_what_mutants_are_tried_on(guideline: Guideline) -> None:
    """A case that fails to notice anything kills nothing: without cases all that answer otherwise survive."""
    cases = read_cases(guideline, TESTS / "cases" / "worked" / "01.ttl")
    bench = Bench(guideline, observe_cases(guideline, cases, DAY))
    noticed = [bench.attempt(tried.mutant).state for tried in sample(2)[::2] if tried.state == SURVIVED]
    assert KILLED in noticed and SURVIVED in noticed
