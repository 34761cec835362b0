"""Many terms at once against term by term, closure in one pass against all completions, and memory of no effect."""

from __future__ import annotations

import random
from collections.abc import Iterable
from datetime import date
from functools import cache
from pathlib import Path

import pytest
from random_records import Records

from reasoner.errors import ContradictionError
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic import index
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.decide import State, decide, state
from reasoner.logic.facts import Observation
from reasoner.logic.index import BoundedDict, TermIndex, Union, complements, literals
from reasoner.logic.justify import FactSet, Justifier
from reasoner.logic.theory import Atom, Literals, Theory
from reasoner.patient.assess import Assessor, assess
from reasoner.render.json import JsonRenderer
from reasoner.terms import GP

SEED = 20261122
DAY = date(2026, 11, 22)
TINY = Path(__file__).parents[1] / "tiny"


def cubes(rng: random.Random, atoms: int, most: int) -> list[Cube]:
    """Random cubes of one to four literals."""
    found = []
    for _ in range(rng.randint(0, most)):
        chosen = rng.sample(range(atoms), min(atoms, rng.choice((1, 2, 2, 3, 3, 4))))
        signs = [rng.random() < 0.5 for _ in chosen]
        found.append(
            Cube(*(sum(1 << i for i, s in zip(chosen, signs, strict=True) if s is sign) for sign in (True, False)))
        )
    return found


def known(rng: random.Random, atoms: int) -> Literals:
    """A few random literals."""
    chosen = rng.sample(range(atoms), rng.randint(0, atoms))
    pos = sum(1 << i for i in chosen if rng.random() < 0.5)
    return Literals(pos, sum(1 << i for i in chosen) & ~pos)


def test_closure_is_what_holds_in_every_completion() -> None:
    rng, consistent = random.Random(SEED), 0
    for _ in range(300):
        atoms = rng.randint(1, 6)
        clauses = cubes(rng, atoms, 8)
        theory = Theory.of([Atom(("p",), "class", str(i)) for i in range(atoms)], clauses)
        worlds = [w for w in range(1 << atoms) if all(c.pos & w or c.neg & ~w for c in clauses)]
        for _ in range(8):
            given = known(rng, atoms)
            possible = [w for w in worlds if not given.pos & ~w and not given.neg & w]
            assert theory.consistent(given) == bool(possible)
            if possible:
                consistent += 1
                always = [i for i in range(atoms) if all(w >> i & 1 for w in possible)]
                never = [i for i in range(atoms) if not any(w >> i & 1 for w in possible)]
                expected = Literals(sum(1 << i for i in always), sum(1 << i for i in never))
                assert theory.close(given) == expected
                more = theory.joined(known(rng, atoms))
                again = theory.extended(theory.joined(expected), more)
                assert theory.clashes(again) == theory.clashes(theory.closed(theory.joined(given) | more))
                if not theory.clashes(again):
                    assert again == theory.closed(theory.joined(given) | more)
    assert consistent > 500


def test_terms_are_satisfied_and_contradicted_as_one_by_one() -> None:
    rng = random.Random(SEED)
    for _ in range(300):
        atoms = rng.randint(1, 20)
        numbered = dict(zip(rng.sample(range(60), 12), cubes(rng, atoms, 12), strict=False))
        terms, given = TermIndex(numbered, atoms), known(rng, atoms)
        joined = literals(*given, atoms)
        assert set(bits(terms.satisfied(joined))) == {n for n, term in numbered.items() if given.satisfy(term)}
        assert set(bits(terms.contradicted(joined))) == {n for n, term in numbered.items() if given.contradict(term)}
        assert complements(joined, atoms) == literals(given.neg, given.pos, atoms)


def test_a_union_is_that_of_its_members() -> None:
    rng = random.Random(SEED)
    sets = [rng.getrandbits(40) for _ in range(37)]
    union = Union(sets)
    for members in [0, (1 << 37) - 1, *(rng.getrandbits(37) for _ in range(200))]:
        expected = 0
        for member in bits(members):
            expected |= sets[member]
        assert union(members) == expected


@cache
def loaded(directory: Path | None) -> Guideline:
    return load_guideline(directory)


def drawn(guideline: Guideline, number: int) -> list[tuple[Observation, ...]]:
    """Random records, some of them with orders."""
    rng = random.Random(SEED)
    records = Records(guideline.compiled, SEED, tuple(guideline.catalogue.closable))
    actions = sorted({check.action for check in guideline.content.checks if check.action}) or ["urn:x"]
    ordered = [Observation((str(GP.proposes),), "class", action) for action in actions]
    return [(*records.draw(), *(rng.sample(ordered, 1) if rng.random() < 0.4 else ())) for _ in range(number)]


@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_states_are_those_of_the_implicants_one_by_one(directory: Path | None) -> None:
    guideline = loaded(directory)
    found: set[State] = set()
    for record in drawn(guideline, 300):
        decision = decide(guideline.compiled, guideline.reader.read(record), guideline.catalogue.closable)
        expected = {iri: state(rule, decision.closed) for iri, rule in guideline.compiled.rules.items()}
        assert decision.states == expected == {iri: decision.state(iri) for iri in expected}
        found |= set(expected.values())
    assert found == set(State)


def answers(guideline: Guideline, records: Iterable[tuple[Observation, ...]], forget: bool) -> list[object]:
    """The JSON of each record, assessed by one assessor that remembers or by a new one each."""
    renderer, found = JsonRenderer(guideline), list[object]()
    guideline.__dict__["assessor"] = Assessor(guideline)
    for record in records:
        if forget:
            guideline.__dict__["assessor"] = Assessor(guideline)
        try:
            found.append(renderer.result(assess(guideline, "urn:x", record, DAY)))
        except ContradictionError as error:
            found.append(str(error))
    return found


@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_memory_changes_no_answer(directory: Path | None, monkeypatch: pytest.MonkeyPatch) -> None:
    guideline = loaded(directory)
    records = drawn(guideline, 120)
    fresh = answers(guideline, records, forget=True)
    assert answers(guideline, records, forget=False) == fresh
    assert answers(guideline, reversed(records), forget=False) == fresh[::-1]
    monkeypatch.setattr(index, "_REMEMBERED", 3)
    assert answers(guideline, records, forget=False) == fresh


@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_reasons_do_not_depend_on_what_was_asked_before(directory: Path | None) -> None:
    """Whether ways to an answer were sought by all implicants that hold, or first by one alone, as for a population."""
    guideline = loaded(directory)
    compiled, warm, several = guideline.compiled, Justifier(guideline.compiled), 0
    for record in drawn(guideline, 150):
        decision, fresh = decide(compiled, guideline.reader.read(record)), Justifier(compiled)
        for cls in guideline.catalogue.management:
            place = compiled.index.places[cls.iri]
            told = FactSet(warm, decision.facts, decision.held, decision.answers)
            for term in bits(decision.held & (place.entailing | place.excluding)):
                warm.way_by(told, place, term)
            found = [told.reason(way) for way in warm.answer(told, place)[1]]
            alone = FactSet(fresh, decision.facts, decision.held, decision.answers)
            assert found == [alone.reason(way) for way in fresh.answer(alone, place)[1]], (record, cls.iri)
            several += len(found) > 1
    assert several > 20


def test_memory_is_bounded() -> None:
    memory: BoundedDict[int, int] = BoundedDict(3)
    for key in range(20):
        assert memory.keep(key, -key) == memory[key] == -key
        assert len(memory) <= 3
