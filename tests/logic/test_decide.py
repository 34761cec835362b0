"""Deciding, against all completions of a record; assuming, against all conflicts; and what no further fact undoes."""

from __future__ import annotations

import random
from decimal import Decimal
from functools import cache
from itertools import combinations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_logic import SEED, as_patient, as_term, axioms, cubes, facts_of, is_in, partial, terms, theory_of, worlds
from random_records import Record
from rdflib import Graph, Literal
from small_ontologies import MAIN, NAMES, drawer, model

from reasoner.errors import ContradictionError
from reasoner.logic.clauses import bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.decide import Assumptions, State, assume, assumptions_of, decide, state
from reasoner.logic.expressions import Name
from reasoner.logic.facts import ASSUMED, FactReader, literals_of
from reasoner.logic.theory import Literals, Theory
from reasoner.terms import GP

steady = settings(derandomize=True, database=None, deadline=None, max_examples=150)


_STATES = {True: State.ENTAILED, False: State.EXCLUDED}


def test_a_state_is_what_all_patients_with_the_facts_share() -> None:
    rng, found = random.Random(SEED), set()
    for _ in range(25):
        guideline = axioms(rng)
        compiled = compile_axioms(guideline)
        size = len(compiled.theory.atoms)
        models = worlds(size, compiled.theory.implicates)
        for term in terms(size):
            possible = [as_patient(compiled, world) for world in models if as_term(term, world)]
            if not possible:
                with pytest.raises(ContradictionError):
                    decide(compiled, facts_of(compiled, term))
                continue
            decision = decide(compiled, facts_of(compiled, term))
            for iri in compiled.rules:
                truths = {is_in(guideline, Name(iri), patient) for patient in possible}
                expected = (
                    State.UNDETERMINED if len(truths) == 2 else State.ENTAILED if True in truths else State.EXCLUDED
                )
                assert decision.state(iri) is decision.states[iri] is expected
                assert state(compiled.rules[iri], decision.closed) is expected
                found.add(expected)
    assert found == set(State)


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_states_are_those_of_the_implicants_one_by_one(name: str) -> None:
    own, found = model(name), set()
    records = own.records()
    for _ in range(60):
        decision = own.decision(records.draw())
        expected = {iri: state(rule, decision.closed) for iri, rule in own.compiled.rules.items()}
        assert decision.states == expected == {iri: decision.state(iri) for iri in expected}
        found |= set(expected.values())
    assert found == set(State)


# -- what is assumed --


def conflicts(theory: Theory, known: Literals, acts: list[int]) -> list[frozenset[int]]:
    """The minimal sets of acts, of those not known, that cannot all be absent."""
    unknown = [i for i in acts if not (known.pos | known.neg) >> i & 1]
    found: list[frozenset[int]] = []
    for size in range(len(unknown) + 1):
        for some in map(frozenset, combinations(unknown, size)):
            absent = known.union(Literals(0, sum(1 << i for i in some)))
            if not any(smaller <= some for smaller in found) and not theory.consistent(absent):
                found.append(some)
    return found


def test_what_is_in_no_minimal_conflict_is_assumed_absent() -> None:
    rng, blocked = random.Random(SEED), 0
    for _ in range(1000):
        size = rng.randint(1, 5)
        theory = theory_of(size, cubes(rng, size, 4))
        closed = theory.close(partial(rng, size))
        if closed.clash:
            continue
        acts = [i for i in range(size) if rng.random() < 0.7]
        conflicting = frozenset().union(*conflicts(theory, closed, acts))
        expected = [i for i in acts if not (closed.pos | closed.neg) >> i & 1 and i not in conflicting]
        facts = assume(theory, closed, map(str, acts))
        assert [fact.term for fact in facts] == list(map(str, expected))
        assert all((fact.present, fact.by, fact.source) == (False, ASSUMED, None) for fact in facts)
        assert literals_of(facts) == Literals(0, sum(1 << i for i in expected))
        assert theory.consistent(closed.union(literals_of(facts)))
        blocked += bool(conflicting)
    assert blocked > 15


def test_assumptions_are_those_of_the_closable_acts_and_part_of_the_decision() -> None:
    own = model("closing")
    records = own.records()
    assumptions = assumptions_of(own.compiled, own.closable)
    assert assumptions is assumptions_of(own.compiled, own.closable)
    assert {own.compiled.theory.atoms[i].target for i in bits(assumptions.acts)} == {*own.closable}
    assert not Assumptions(own.compiled.theory, ()).acts
    for _ in range(60):
        record = records.draw()
        facts, decision = FactReader(own.compiled).read(record), own.decision(record)
        assert decision.facts == (*facts, *decision.assumed)
        recorded = own.compiled.theory.close(literals_of(facts))
        assert decision.recorded == own.compiled.theory.to_bits(recorded)
        assert decision.assumed == assume(own.compiled.theory, recorded, own.closable)
        assert decision.closed == own.compiled.theory.close(literals_of(decision.facts))


# -- contradictions --


def test_a_contradiction_names_a_minimal_set() -> None:
    rng, found = random.Random(SEED), 0
    for _ in range(400):
        compiled = compile_axioms(axioms(rng))
        if not compiled.theory.consistent(Literals()):
            continue
        facts = facts_of(compiled, partial(rng, len(compiled.theory.atoms)))
        try:
            decide(compiled, facts)
        except ContradictionError as error:
            found += 1
            assert not compiled.theory.consistent(literals_of(error.facts)) and set(error.facts) <= set(facts)
            for fact in error.facts:
                rest = [other for other in error.facts if other is not fact]
                assert compiled.theory.consistent(literals_of(rest))
            assert all(f"{fact.term} {fact.state}" in error.problem.what for fact in error.facts)
    assert found > 20


# -- what no fact undoes --

choices = st.lists(st.integers(0, 10_000), max_size=14)
models = st.sampled_from([MAIN, MAIN, *NAMES])


@steady
@given(models, choices, st.integers(0, 10_000))
def test_a_new_fact_reverses_no_answer_but_by_contradicting_an_assumption(
    name: str, chosen: list[int], more: int
) -> None:
    own, records = model(name), drawer(name)
    record, fuller = records.grown_from(chosen), records.grown_from([*chosen, more])
    before, after = own.decision(record), own.decision(fuller)
    facts = FactReader(own.compiled).read(fuller)
    possible = own.compiled.theory.consistent(literals_of([*facts, *before.assumed]))
    for iri, answer in before.states.items():
        if possible:
            assert {answer, after.states[iri]} != {State.ENTAILED, State.EXCLUDED}, iri


@steady
@given(choices, st.integers(0, 100), st.sampled_from(["removed", "wider", "unbounded"]))
def test_knowing_less_never_forbids(chosen: list[int], place: int, how: str) -> None:
    """Whatever newly forbids rests on an assumption that the decision lists as new."""
    own = model(MAIN)
    record = drawer(MAIN).grown_from(chosen)
    vaguer = _vaguer(record, place, how)
    before, after = own.decision(record), own.decision(vaguer)
    fresh = {fact.term for fact in after.assumed} - {fact.term for fact in before.assumed}
    cautious = own.decision(vaguer, [act for act in own.closable if act not in fresh])
    for iri in forbidding():
        if before.states[iri] is not State.ENTAILED:
            assert cautious.states[iri] is not State.ENTAILED, iri


def _vaguer(record: Record, place: int, how: str) -> Record:
    """The record with one observation removed, or its bounds wider."""
    if not record:
        return record
    i = place % len(record)
    seen = record[i]
    if how == "removed" or seen.kind != "number":
        return record[:i] + record[i + 1 :]
    step = Decimal(3)
    low = None if seen.low is None or how == "unbounded" else seen.low - step
    high = None if seen.high is None or how == "unbounded" else seen.high + step
    return (*record[:i], seen._replace(low=low, high=high), *record[i + 1 :])


@cache
def forbidding() -> list[str]:
    """The management classes, restrictions aside, one of whose recommendations forbids."""
    graph = sum(model(MAIN).graphs, Graph())
    strengths = set(graph.subjects(GP.forbids, Literal(True)))
    recommendations = {r for r, s in graph.subject_objects(GP.strength) if s in strengths}
    found = {str(cls) for cls, r in graph.subject_objects(GP.recommends) if r in recommendations
             and (cls, None, GP.Restriction) not in graph}  # fmt: skip
    assert found
    return sorted(found)
