"""Reasons: minimal, sufficient, complete where that can be written out, and no different for what was asked before."""

from __future__ import annotations

import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations
from threading import Barrier

import pytest
from random_logic import SEED, axioms, cubes, facts_of, partial, theory_of
from small_ontologies import MAIN, NAMES, Model, model

from reasoner import caches
from reasoner.logic.ask import Asker
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compile import compile_axioms, implicants
from reasoner.logic.compiled import ClassRule, Compiled, Origin
from reasoner.logic.decide import Decision, State, decide, state
from reasoner.logic.expressions import And, Name, Not, Or, Some
from reasoner.logic.facts import ASSUMED, RECORDED, Fact, FactReader, literals_of
from reasoner.logic.justify import FactSet, Justifier, Reason
from reasoner.logic.theory import Literals
from reasoner.logic.translate import ROOT

IRI = "urn:class:0"


def reasons(compiled: Compiled, decision: Decision, iri: str) -> tuple[Reason, ...]:
    """The reasons for the state of a class, by a justifier that was asked nothing before."""
    facts = FactSet(Justifier(compiled), decision.facts, decision.satisfied, decision.answers)
    return tuple(map(facts.reason, facts.answer(compiled.index.class_bits[iri])[1]))


def sufficient(compiled: Compiled, iri: str, facts: Sequence[Fact]) -> State:
    return state(compiled.rules[iri], compiled.theory.close(literals_of(facts)))


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_reasons_suffice_and_no_fact_of_them_can_be_spared(name: str) -> None:
    own = model(name)
    records, found = own.records(), 0
    for _ in range(40):
        decision = own.decision(records.draw())
        for iri, answer in decision.states.items():
            for reason in reasons(own.compiled, decision, iri):
                found += 1
                assert sufficient(own.compiled, iri, reason.facts) is answer
                for fact in reason.facts:
                    rest = tuple(other for other in reason.facts if other is not fact)
                    assert sufficient(own.compiled, iri, rest) is State.UNDETERMINED, (iri, reason.facts, fact)
            assert (answer is State.UNDETERMINED) == (not reasons(own.compiled, decision, iri))
    assert found > 100


def minimal_sets(compiled: Compiled, decision: Decision) -> set[frozenset[Fact]]:
    """The minimal sets of facts that entail the answer, of all subsets."""
    answer, found = decision.state(IRI), set[frozenset[Fact]]()
    for size in range(len(decision.facts) + 1):
        for some in map(frozenset, combinations(decision.facts, size)):
            if not any(smaller <= some for smaller in found) and sufficient(compiled, IRI, [*some]) is answer:
                found.add(some)
    return found


def test_without_axioms_the_reasons_are_all_minimal_sets() -> None:
    """One fact for each literal; a class entailed by a random function, or excluded by its complement."""
    rng, several = random.Random(SEED), 0
    for _ in range(500):
        theory, terms = theory_of(5, []), cubes(rng, 5, 6)
        entailed = tuple(implicants(terms, theory))
        rule = ClassRule(IRI, Or(()), entailed, (), Origin(IRI, "", None))
        compiled = Compiled(theory, {IRI: rule}, (), {}, {}, frozenset(), (), {})
        decision = decide(compiled, facts_of(compiled, partial(rng, 5)))
        found = reasons(compiled, decision, IRI)
        if decision.state(IRI) is State.ENTAILED:
            assert {frozenset(reason.facts) for reason in found} == minimal_sets(compiled, decision)
            assert len(set(found)) == len(found) and sorted(map(len_of, found)) == [*map(len_of, found)]
            several += len(found) > 1
        else:
            assert found == ()
    assert several > 20


def len_of(reason: Reason) -> int:
    return len(reason.facts)


def test_with_axioms_each_reason_is_a_minimal_set_and_there_is_one() -> None:
    rng, found, derived = random.Random(SEED), 0, 0
    for _ in range(150):
        compiled = compile_axioms(axioms(rng))
        given = partial(rng, len(compiled.theory.atoms) or 1)
        if not compiled.theory.consistent(given) or IRI not in compiled.rules:
            continue
        decision = decide(compiled, facts_of(compiled, given))
        if decision.state(IRI) is not State.UNDETERMINED:
            sets = minimal_sets(compiled, decision)
            result = reasons(compiled, decision, IRI)
            assert result and {frozenset(reason.facts) for reason in result} <= sets
            for reason in result:
                truth = decision.state(IRI) is State.ENTAILED
                stated = literals_of(reason.facts)
                derived += not any(map(stated.satisfy, compiled.rules[IRI].implicants(truth)))
                assert compiled.rules[IRI].origin in reason.axioms and IRI not in reason.criteria
            found += len(result)
    assert found > 50 and derived > 0


def test_criteria_are_the_classes_on_the_way_and_axioms_their_origins() -> None:
    """The second class is the first, or not; the first is a finding."""
    for truth in (True, False):
        given = axioms(random.Random(SEED), classes=0, taxonomy=0)
        first, second = Name("urn:one"), Name("urn:two")
        inner = first if truth else Not(first)
        origins = {name.iri: Origin(name.iri, "f.ttl", line) for line, name in enumerate((first, second), 1)}
        given.definitions[first.iri] = And((Name(ROOT), Some("urn:has", Name("urn:A")))), origins[first.iri]
        given.definitions[second.iri] = And((Name(ROOT), inner)), origins[second.iri]
        compiled = compile_axioms(given)
        decision = decide(compiled, facts_of(compiled, Cube(1, 0)))
        [reason] = reasons(compiled, decision, second.iri)
        assert decision.state(second.iri) is (State.ENTAILED if truth else State.EXCLUDED)
        assert reason.axioms == tuple(origins.values())
        assert reason.criteria == ((first.iri,) if truth else ())


def test_assumptions_are_spared_where_recorded_facts_suffice() -> None:
    theory = theory_of(2, [])
    rule = ClassRule(IRI, Or(()), (Cube(0b01, 0), Cube(0, 0b10)), (), Origin(IRI, "", None))
    compiled = Compiled(theory, {IRI: rule}, (), {}, {}, frozenset(), (), {})
    facts = (Fact("0", True, "urn:node", RECORDED, Literals(1, 0)),
             Fact("1", False, None, ASSUMED, Literals(0, 2)))  # fmt: skip
    decision = decide(compiled, facts)
    assert [[fact.term for fact in reason.facts] for reason in reasons(compiled, decision, IRI)] == [["0"], ["1"]]
    both = ClassRule(IRI, Or(()), (Cube(0b01, 0b10), Cube(0b01, 0)), (), Origin(IRI, "", None))
    compiled = Compiled(theory, {IRI: both}, (), {}, {}, frozenset(), (), {})
    [reason] = reasons(compiled, decide(compiled, facts), IRI)
    assert [fact.term for fact in reason.facts] == ["0"] and reason.facts[0].source == "urn:node"


# -- what is remembered --


def fresh(own: Model, decision: Decision, iri: str) -> list[Reason]:
    return [*reasons(own.compiled, decision, iri)]


def warm(justifier: Justifier, decision: Decision, iri: str, first: bool = False) -> list[Reason]:
    """The reasons by what is remembered; with `first`, sought by each implicant alone before."""
    facts = FactSet(justifier, decision.facts, decision.satisfied, decision.answers)
    cls = justifier.compiled.index.class_bits[iri]
    for term in bits(decision.satisfied & cls.terms) if first else ():
        facts.first_derivation(cls, term)
    found, derivations = facts.answer(cls)
    assert found is decision.state(iri)
    assert facts.used(derivations) == tuple(fact for one in derivations for fact in facts.reason(one).facts)
    return [facts.reason(one) for one in derivations]


@pytest.mark.parametrize("name", [MAIN, "closing", "case-analysis"])
@pytest.mark.parametrize("first", [True, False])
def test_reasons_do_not_depend_on_what_was_asked_before(name: str, first: bool) -> None:
    own = model(name)
    records, justifier, several = own.records(), Justifier(own.compiled), 0
    for _ in range(40):
        decision = own.decision(records.draw())
        for iri in own.classes:
            found = warm(justifier, decision, iri, first)
            assert found == fresh(own, decision, iri)
            several += len(found) > 1
    assert several > 10


@pytest.mark.parametrize("entries", [1, 12, 200])
def test_a_memory_that_is_full_changes_no_reason(monkeypatch: pytest.MonkeyPatch, entries: int) -> None:
    own = model(MAIN)
    monkeypatch.setattr(caches, "_ENTRIES", entries)
    records, justifier = own.records(), Justifier(own.compiled)
    for _ in range(25):
        decision = own.decision(records.draw())
        for iri in own.classes[::5]:
            assert warm(justifier, decision, iri) == fresh(own, decision, iri)
    remembered = (justifier.assertions, justifier._found, justifier._traced)
    assert all(len(memory) <= entries for memory in remembered)


def test_threads_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Eight threads on one justifier, asker and reader, whose memories are often full."""
    monkeypatch.setattr(caches, "_ENTRIES", 100)
    own = model(MAIN)
    records = own.records()
    drawn = [records.draw() for _ in range(40)]

    def answers(justifier: Justifier, asker: Asker, reader: FactReader, order: Sequence[int]) -> dict[int, object]:
        found: dict[int, object] = {}
        for i in order:
            decision = decide(own.compiled, reader.read(drawn[i]), own.closable)
            found[i] = (decision.states, asker.questions(decision, own.classes),
                        [warm(justifier, decision, iri) for iri in own.classes[::3]])  # fmt: skip
        return found

    def tools() -> tuple[Justifier, Asker, FactReader]:
        reader = FactReader(own.compiled)
        return Justifier(own.compiled), Asker(own.compiled, reader.names), reader

    expected, shared, start = answers(*tools(), range(40)), tools(), Barrier(8)

    def run(seed: int) -> bool:
        order = random.Random(seed).sample(range(40), 40)
        start.wait()
        return answers(*shared, order) == expected

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(run, range(8)))
