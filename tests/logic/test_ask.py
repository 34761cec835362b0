"""Questions, against all sets of facts that could be asked for and all answers to them."""

from __future__ import annotations

import random
from itertools import combinations, product

import pytest
from random_logic import SEED, as_term, axioms, cubes, facts_of, partial, terms, theory_of, worlds
from small_ontologies import MAIN, NAMES, model

from reasoner.logic.ask import Asker, undetermined
from reasoner.logic.clauses import Cube
from reasoner.logic.compile import compile_axioms, implicants
from reasoner.logic.compiled import ClassRule, Compiled, Origin
from reasoner.logic.decide import State, decide
from reasoner.logic.expressions import Or
from reasoner.logic.theory import Literals

CLASSES = ("urn:c:0", "urn:c:1")


def compiled_of(rng: random.Random, clauses: list[Cube]) -> Compiled:
    """Two classes, each entailed by a random function of four atoms and excluded by its complement."""
    theory, rules = theory_of(4, clauses), {}
    for iri in CLASSES:
        inside = {world for world in worlds(4) if rng.random() < 0.5}
        sides = [[Cube(world, 15 & ~world) for world in worlds(4) if (world in inside) == truth]
                 for truth in (True, False)]  # fmt: skip
        entailed, excluded = (tuple(implicants(side, theory)) for side in sides)
        rules[iri] = ClassRule(iri, Or(()), entailed, excluded, Origin(iri, "", None))
    return Compiled(theory, rules, (), {}, {}, frozenset(), (), {})


NUMBERS = {i: str(i) for i in range(4)}


def settled(compiled: Compiled, known: Literals, more: Literals) -> frozenset[str] | None:
    """The classes that an answer settles; None where it contradicts what is known."""
    closed = compiled.theory.close(known.union(more))
    if closed.clash:
        return None
    answers = compiled.index.settled(compiled.theory.to_bits(closed))
    return frozenset(iri for iri in CLASSES if compiled.index.class_bits[iri].value(answers) is not None)


def test_without_axioms_questions_are_the_minimal_sets_that_can_settle_a_class() -> None:
    rng, found = random.Random(SEED), 0
    for _ in range(60):
        compiled = compiled_of(rng, [])
        known = partial(rng, 4)
        decision = decide(compiled, facts_of(compiled, known))
        open_classes = [iri for iri in CLASSES if decision.state(iri) is State.UNDETERMINED]
        unknown = [i for i in range(4) if not (known.pos | known.neg) >> i & 1]
        minimal: dict[tuple[str, frozenset[str]], None] = {}
        for iri in open_classes:
            for size in range(1, len(unknown) + 1):
                for asked in combinations(unknown, size):
                    answers = [Literals(sum(1 << i for i, v in zip(asked, row, strict=True) if v),
                                        sum(1 << i for i, v in zip(asked, row, strict=True) if not v))
                               for row in product((True, False), repeat=size)]  # fmt: skip
                    names = frozenset(map(str, asked))
                    if not any(one == iri and smaller < names for one, smaller in minimal) and any(
                        iri in (settled(compiled, known, answer) or ()) for answer in answers
                    ):
                        minimal[iri, names] = None
        result = Asker(compiled, NUMBERS).questions(decision, CLASSES)
        assert {(iri, frozenset(one.ask)) for one in result for iri in one.decides} == set(minimal)
        found += len(result)
    assert found > 100


def test_each_question_has_an_answer_that_settles_its_classes() -> None:
    rng, found = random.Random(SEED), 0
    for _ in range(150):
        compiled = compiled_of(rng, cubes(rng, 4, 4))
        known = compiled.theory.close(partial(rng, 4))
        if known.clash:
            continue
        decision = decide(compiled, facts_of(compiled, known))
        result = Asker(compiled, NUMBERS).questions(decision, CLASSES)
        assert list(result) == sorted(result, key=lambda one: (len(one.ask), -len(one.decides), one.ask, one.decides))
        for one in result:
            asked = [int(name) for name in one.ask]
            possible = [settled(compiled, known, Literals(term.pos, term.neg)) for term in terms(4)
                        if term.atoms == sum(1 << i for i in asked)]  # fmt: skip
            assert any(answer is not None and set(one.decides) <= answer for answer in possible)
            assert not any((known.pos | known.neg) >> i & 1 for i in asked)
        for iri in CLASSES:
            open_now = decision.state(iri) is State.UNDETERMINED
            assert open_now == any(iri in one.decides for one in result)
        found += len(result)
    assert found > 100


def test_what_is_remembered_of_one_record_changes_no_question_of_another() -> None:
    rng = random.Random(SEED)
    for _ in range(20):
        compiled = compile_axioms(axioms(rng))
        names = {i: atom.target for i, atom in enumerate(compiled.theory.atoms)}
        asker = Asker(compiled, names)
        for term in terms(len(names)):
            if compiled.theory.consistent(term):
                decision = decide(compiled, facts_of(compiled, term))
                fresh = Asker(compiled, names).questions(decision, compiled.rules)
                assert asker.questions(decision, compiled.rules) == fresh


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_what_bears_on_the_questions_is_all_that_they_depend_on(name: str) -> None:
    own = model(name)
    records, index = own.records(), own.compiled.index
    asker = Asker(own.compiled, records.reader.names)
    for _ in range(15):
        decision = own.decision(records.draw())
        for cls in undetermined(index.class_bits.values(), decision.answers):
            given = decision.literals & asker.bearing(cls.terms)
            for known in (decision.literals, given):
                found = sorted(asker.open_answers(known, cls.terms))
                expected = sorted(asker.open_answers(decision.literals, cls.terms))
                assert found == expected
                for answer in found:
                    after = index.settled(own.compiled.theory.extended(decision.literals, answer))
                    assert cls.value(after) is not None
                    assert asker.asked(known, answer) == asker.asked(decision.literals, answer)


def test_of_equivalent_atoms_the_most_specific_is_asked_for() -> None:
    """Of three findings one must be there: where one of two is left, each is the negation of the other."""
    theory = theory_of(3, [Cube(0b111, 0), Cube(0b001, 0b010)])  # 0 or 1 or 2; 1 implies 0
    rule = ClassRule("urn:c:0", Or(()), (Cube(0b001, 0),), (Cube(0, 0b001),), Origin("urn:c:0", "", None))
    compiled = Compiled(theory, {"urn:c:0": rule}, (), {}, {}, frozenset(), (), {})
    decision = decide(compiled, facts_of(compiled, Cube(0, 0b100)))
    assert not as_term(decision.closed, 0) and decision.state("urn:c:0") is State.ENTAILED
    assert Asker(compiled, NUMBERS).questions(decision, ["urn:c:0"]) == ()
    decision = decide(compiled, ())
    [question] = Asker(compiled, NUMBERS).questions(decision, ["urn:c:0"])
    assert question.ask == ("0",)
