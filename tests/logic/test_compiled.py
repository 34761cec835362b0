"""The index answers for all classes at once what their implicants say one by one."""

from __future__ import annotations

import random

import pytest
from random_logic import SEED, axioms, partial
from small_ontologies import MAIN, NAMES, model

from reasoner.logic.clauses import bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.expressions import And, AtomLeaf, Name, Not, Or
from reasoner.logic.theory import Literals


def compare(compiled: Compiled, closed: Literals) -> None:
    index, known = compiled.index, compiled.theory.to_bits(closed)
    satisfied, answers = index.terms.satisfied(known), index.settled(known)
    assert answers == index.answers(satisfied)
    expected = 0
    for iri, rule in compiled.rules.items():
        cls = index.class_bits[iri]
        for truth, bit, terms in ((True, cls.entailed, cls.entailing), (False, cls.excluded, cls.excluding)):
            holding = [term for term in rule.implicants(truth) if closed.satisfy(term)]
            assert [index.cubes[number] for number in bits(terms)] == list(rule.implicants(truth))
            assert [index.cubes[number] for number in bits(satisfied & terms)] == holding
            expected |= bit if holding else 0
            if holding:
                assert cls.value(answers) is truth
        assert (cls.value(answers) is None) == (not answers & cls.answers)
    assert answers == expected


def test_answers_of_random_guidelines() -> None:
    rng = random.Random(SEED)
    for _ in range(60):
        compiled = compile_axioms(axioms(rng))
        for _ in range(30):
            closed = compiled.theory.close(partial(rng, len(compiled.theory.atoms) or 1))
            if not closed.clash:
                compare(compiled, closed)


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_answers_of_a_guideline(name: str) -> None:
    own = model(name)
    records = own.records()
    for _ in range(40):
        compare(own.compiled, records.closed(records.draw()))


def test_bits_of_the_index_are_told_apart() -> None:
    index = model(MAIN).compiled.index
    spans = [span for cls in index.class_bits.values() for span in cls[1:]]
    assert sum(span.bit_count() for span in spans) == sum(spans).bit_count()


def test_literals_of_an_expression() -> None:
    assert literals_in(And((AtomLeaf(3), Not(Or((AtomLeaf(1), Name("urn:c"))))))) == 0b1010
    assert literals_in(Name("urn:c")) == 0
