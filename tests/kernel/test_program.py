"""The circuit and its steps against the expressions that they stand for; registers are used as the program says."""

from __future__ import annotations

import random
from itertools import count, product

import pytest

from reasoner.guideline.guideline import Guideline
from reasoner.kernel.program import AND, OR, XOR, Circuit, compile_program, program_of, shared
from reasoner.logic.clauses import Cube
from reasoner.logic.compiled import ClassRule, Compiled, Origin
from reasoner.logic.expressions import Or
from reasoner.logic.theory import Atom, Theory

SEED = 20261122


def value(circuit: Circuit, node: int, inputs: tuple[bool, ...]) -> bool:
    if node < circuit.inputs:
        return inputs[node]
    if node in (circuit.false, circuit.true):
        return node == circuit.true
    op, operands = circuit.nodes[node]
    values = [value(circuit, operand, inputs) for operand in operands]
    return {AND: all(values), OR: any(values), XOR: sum(values) % 2 == 1}[op]


def test_equal_nodes_have_one_number_and_the_value_of_their_operands() -> None:
    rng, circuit = random.Random(SEED), Circuit(4)
    table = {node: tuple(row[node] for row in product((False, True), repeat=4)) for node in range(4)}
    table |= {circuit.false: (False,) * 16, circuit.true: (True,) * 16}
    for _ in range(300):
        chosen = rng.sample(sorted(table), rng.randint(0, 3))
        columns = [table[node] for node in chosen]
        node, expected = rng.choice([
            (circuit.all_of(chosen), tuple(all(column[i] for column in columns) for i in range(16))),
            (circuit.any_of(chosen), tuple(any(column[i] for column in columns) for i in range(16))),
            *([(circuit.complement(chosen[0]), tuple(not one for one in columns[0]))] if chosen else []),
        ])  # fmt: skip
        assert tuple(value(circuit, node, row) for row in product((False, True), repeat=4)) == expected
        table[node] = expected
    assert len(circuit.numbers) == len(circuit.nodes) == len(set(circuit.nodes.values())) > 50
    assert circuit.complement(circuit.complement(2)) == 2
    assert circuit.all_of([0, circuit.all_of([1, 2])]) == circuit.all_of([circuit.all_of([2, 0]), 1])


@pytest.mark.parametrize("terms", [((), ()), ((Cube(0, 0),), ()), ((Cube(1, 2), Cube(2, 0)), (Cube(0, 3),))])
def test_a_program_computes_its_rows(terms: tuple[tuple[Cube, ...], tuple[Cube, ...]]) -> None:
    """Of two atoms the first implies the second: every input, by the steps one bit wide."""
    atoms = [Atom(("urn:p",), "class", name) for name in ("urn:a", "urn:b")]
    rule = ClassRule("urn:c", Or(()), *terms, Origin("urn:c", "", None))
    compiled = Compiled(Theory.of(atoms, [Cube(2, 1)]), {"urn:c": rule}, (), {}, {}, frozenset(), (), {})
    program = compile_program(compiled)
    assert program.classes == ("urn:c",)
    for given in product((0, 1), repeat=4):
        registers = [*given, 0, 1, *[0] * (program.results + program.scratch)]
        for op, left, right, target in program.steps:
            a, b = registers[left], registers[right]
            registers[target] = {AND: a & b, OR: a | b, XOR: a ^ b}[op]
        clash, *known, entailed, excluded = registers[6 : 6 + 7]
        pos, neg = given[0] | (given[1] | given[0]) << 1, given[2] | given[3] | given[3] << 1
        closed = [pos & 1, pos >> 1, neg & 1, neg >> 1]
        assert clash == (pos & neg != 0)
        if not clash:
            assert known == closed
            holds = [any(not (t.pos & ~pos or t.neg & ~neg) for t in side) for side in terms]
            assert [entailed, excluded] == holds


def test_sharing_keeps_every_set_and_computes_a_pair_once() -> None:
    chance = random.Random(SEED)
    for _ in range(200):
        drawn = {frozenset(chance.sample(range(12), chance.randint(2, 8))) for _ in range(chance.randint(1, 15))}
        sets = dict(enumerate(drawn, 100))
        pairs = shared({node: set(members) for node, members in sets.items()}, count(200))

        def leaves(node: int, pairs: dict[int, tuple[int, int]] = pairs) -> frozenset[int]:
            return frozenset().union(*map(leaves, pairs[node])) if node in pairs else frozenset((node,))

        assert {node: leaves(node) for node in sets} == sets
        assert len(pairs) <= sum(len(members) - 1 for members in drawn)
    assert shared({10: {1, 2, 3}, 11: {1, 2, 4}, 12: {1, 2}}, count(20)).keys() == {10, 11, 12}


def test_no_step_reads_a_register_before_it_is_written(guideline: Guideline) -> None:
    program = program_of(guideline)
    written = set(range(2 * program.atoms + 2))
    kept = range(2 * program.atoms + 2, 2 * program.atoms + 2 + program.results)
    for step in program.steps:
        assert {step.left, step.right} <= written
        assert step.target not in written or step.target not in kept, "a result is written once"
        assert step.target >= 2 * program.atoms + 2, "what is given stays"
        written.add(step.target)
    assert set(kept) <= written
