"""The kernel answers for many patients at once exactly what `decide`, `orders` and `assess` answer for each.

Random records of the guideline, of a second one and of every small ontology; random theories, with conflicts between
acts that are assumed absent; and bitmaps as Arrow holds them, sliced and not.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from random_records import Records

import reasoner.kernel.kernel
from reasoner.errors import ContradictionError
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.guideline.shapes import EXCLUDED_FROM, Condition, StateShape
from reasoner.kernel.cohort import Bitmap, Cohort, words
from reasoner.kernel.kernel import Decided, Kernel, bitmap_of, boolean_array
from reasoner.kernel.program import STATUSES, Program, compile_program
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import ClassRule, Compiled, Origin
from reasoner.logic.decide import State, decide
from reasoner.logic.expressions import And, HasValue, Name, Not, Or
from reasoner.logic.facts import RECORDED, Fact, literals_of
from reasoner.logic.owl import read_axioms
from reasoner.logic.theory import Atom, Literals, Theory
from reasoner.patient.assess import status
from reasoner.patient.orders import VERDICTS, reported, verdict_of
from reasoner.rdf import read_graph
from reasoner.terms import GP

ROOT = Path(__file__).parents[2]
SMALL = sorted((ROOT / "tests" / "small").glob("*.ttl"))  # that they are there is tested in patient/test_hermit.py
SEED = 20261122

#: All that is true of one patient, as tuples that name it; None for a contradiction.
Answer = frozenset[tuple[object, ...]] | None


@dataclass(frozen=True)
class Model:
    """What a program is compiled from."""

    compiled: Compiled
    closable: tuple[str, ...]
    alerts: tuple[StateShape, ...] = ()
    orders: dict[str, list[StateShape]] | None = None
    management: tuple[ManagementClass, ...] = ()

    @property
    def program(self) -> Program:
        return compile_program(self.compiled, self.closable, self.alerts, self.orders, self.management)

    def expected(self, facts: Sequence[Fact]) -> Answer:
        """Everything that is decided of one patient, in the form of `answers`."""
        try:
            decision = decide(self.compiled, facts, self.closable)
        except ContradictionError:
            return None
        states = decision.states
        return frozenset({
            *(("pos", atom) for atom in bits(decision.closed.pos)),
            *(("neg", atom) for atom in bits(decision.closed.neg)),
            *(("assumed", atom) for atom in bits(literals_of(decision.assumed).neg)),
            *((state.value, iri) for iri, state in states.items() if state is not State.UNDETERMINED),
            *(("alert", check.shape) for check in self.alerts if check.violated(states)),
            *(("verdict", action, verdict_of(reported(check for check in checks if check.violated(states))))
              for action, checks in (self.orders or {}).items()),
            ("status", status(self.management, states)),
        })  # fmt: skip


def of_guideline(guideline: Guideline) -> Model:
    """The model of a guideline, the actions under review looked up otherwise than `program_of` does."""
    acts = {s for s, _, _ in guideline.content.taxonomy} | {check.action for check in guideline.content.checks} - {""}
    return Model(
        guideline.compiled,
        tuple(guideline.catalogue.closable),
        tuple(check for check in guideline.content.checks if not check.action),
        {act: checks for act in acts if (checks := [c for c in guideline.checks_of(act) if c.action])},
        guideline.catalogue.management,
    )


@cache
def of_small(path: Path) -> Model:
    parsed = [read_graph(file, imports=True) for file in (ROOT / "ontology" / "core.ttl", path)]
    closable = {str(act) for part in parsed for act in part.graph.subjects(GP.unrecordedMeans, GP.Absent)}
    return Model(compile_axioms(read_axioms(parsed)), tuple(sorted(closable)))


# -- the kernel's answers, one patient at a time --


def cohort_of(compiled: Compiled, records: Sequence[Sequence[Fact]], padding: bool = False) -> Cohort:
    """The cohort, not to be written to, of records given as facts; with `padding`, the bits beyond the last are set."""
    given = [literals_of(facts) for facts in records]
    atoms, rows = len(compiled.theory.atoms), len(records)
    flags = np.full((2 * atoms, words(rows) * 64), padding)
    for row, literals in enumerate(given):
        flags[:, row] = [mask >> i & 1 for mask in literals for i in range(atoms)]
    packed = np.packbits(flags, axis=1, bitorder="little").view(np.uint64)
    packed.flags.writeable = False
    return Cohort(pa.array([f"urn:p:{row}" for row in range(rows)], pa.string()), packed[:atoms], packed[atoms:])


def rows_in(bitmap: Bitmap) -> set[int]:
    """The rows whose bit is set, those of the padding too."""
    return {64 * word + bit for word, value in enumerate(bitmap) for bit in bits(int(value))}


def answers(decided: Decided) -> list[Answer]:
    """Everything that is decided of each patient, read from the bitmaps."""
    every = {("pos", atom): bitmap for atom, bitmap in enumerate(decided.pos)}
    every |= {("neg", atom): bitmap for atom, bitmap in enumerate(decided.neg)}
    every |= {("assumed", atom): bitmap for atom, bitmap in decided.assumed.items()}
    every |= {("entailed", iri): bitmap for iri, bitmap in zip(decided.classes, decided.entailed, strict=True)}
    every |= {("excluded", iri): bitmap for iri, bitmap in zip(decided.classes, decided.excluded, strict=True)}
    every |= {("alert", shape): bitmap for shape, bitmap in decided.alerts.items()}
    every |= {("verdict", act, v): bitmap for act, named in decided.verdicts.items() for v, bitmap in named.items()}
    every |= {("status", name): bitmap for name, bitmap in decided.status.items()}
    where, clash = {key: rows_in(bitmap) for key, bitmap in every.items()}, rows_in(decided.clash)
    valid = set(range(decided.rows)) - clash
    assert clash <= set(range(decided.rows)) and all(rows <= valid for rows in where.values())
    codes = [code for row, code in enumerate(decided.status_codes()) if row in valid]
    assert codes == [code for row in sorted(valid) for code, name in enumerate(STATUSES)
                     if row in where["status", name]]  # fmt: skip
    return [frozenset(key for key, rows in where.items() if row in rows) if row in valid else None
            for row in range(decided.rows)]  # fmt: skip


def differences(own: Model, decided: Decided, records: Sequence[Sequence[Fact]]) -> Iterator[str]:
    """What the kernel answers otherwise, as one can read it."""
    for facts, found in zip(records, answers(decided), strict=True):
        expected = own.expected(facts)
        if found != expected:
            unequal = sorted(found ^ expected, key=str) if found and expected else (found, expected)
            yield f"{[(fact.term, fact.state) for fact in facts]}: {unequal}"


def random_facts(own: Model, draws: int, careless: int, aimed: int, seed: int = SEED) -> list[tuple[Fact, ...]]:
    records = Records(own.compiled, seed, own.closable)
    drawn = [records.draw() for _ in range(draws)] + [records.careless() for _ in range(careless)]
    drawn += [case.record for case in records.stratified(sorted(own.compiled.rules), aimed, quota=3)]
    return [records.reader.read(record) for record in drawn]


# -- equality with deciding one patient at a time --


def test_the_guideline(guideline: Guideline) -> None:
    own = of_guideline(guideline)
    records = random_facts(own, 1500, 1500, 1003)
    decided = Kernel(guideline).decide(cohort_of(own.compiled, records))
    assert "\n".join(differences(own, decided, records)) == ""
    seen = {key for found in answers(decided) for key in found or ["a contradiction"]}
    assert {"a contradiction", *(("status", name) for name in STATUSES[:3])} <= seen
    assert {key[2] for key in seen if key[0] == "verdict"} == {*VERDICTS.values(), "supported"}
    assert own.orders and own.orders.keys() == decided.verdicts.keys()
    assert all(alert.any() and (~alert).any() for alert in decided.alerts.values())


def test_another_guideline() -> None:
    tiny = load_guideline(ROOT / "tests" / "tiny")
    own = of_guideline(tiny)
    records = random_facts(own, 700, 700, 301)
    decided = Kernel(tiny).decide(cohort_of(own.compiled, records))
    assert "\n".join(differences(own, decided, records)) == ""


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
@pytest.mark.parametrize("closing", [True, False])
def test_a_small_ontology(path: Path, closing: bool) -> None:
    own = of_small(path)
    own = own if closing else Model(own.compiled, ())
    records = random_facts(own, 200, 300, 101)
    decided = Kernel(own.program).decide(cohort_of(own.compiled, records))
    assert "\n".join(differences(own, decided, records)) == ""


# -- random theories: closing, conflicts, shapes --


def random_model(chance: random.Random) -> Model:
    """A few atoms under random clauses, many of them acts of which one must have been done."""
    size = chance.randint(1, 8)
    paths = [("urn:did", "urn:with") if chance.random() < 0.2 else ("urn:did",) for _ in range(size)]
    atoms = [Atom(path, "class", f"urn:act:{i}") for i, path in enumerate(paths)]
    clauses = [random_cube(chance, size, 0.8) for _ in range(chance.randint(0, 5))]
    rules = {f"urn:c:{i}": random_rule(chance, f"urn:c:{i}", size) for i in range(3)}
    compiled = Compiled(Theory.of(atoms, clauses), rules, (), {}, {}, frozenset(), (), {})
    closable = tuple(atom.target for atom in atoms if chance.random() < 0.7)
    shapes = [StateShape(f"urn:s:{i}", chance.choice(list(VERDICTS)), "", (), "", random_condition(chance, 3))
              for i in range(8)]  # fmt: skip
    kinds = [(False, False), (True, False), (False, True)]
    management = tuple(ManagementClass(iri, *chance.choice(kinds), (), ()) for iri in rules if chance.random() < 0.7)
    return Model(compiled, closable, tuple(shapes[:4]), {"urn:o": shapes[4:6], "urn:p": shapes[5:]}, management)


def random_cube(chance: random.Random, size: int, positive: float) -> Cube:
    chosen = chance.sample(range(size), chance.randint(1, min(size, 5)))
    signs = {i: chance.random() < positive for i in chosen}
    return Cube(sum(1 << i for i in signs if signs[i]), sum(1 << i for i in signs if not signs[i]))


def random_rule(chance: random.Random, iri: str, size: int) -> ClassRule:
    """A rule with implicants of one side only, so that no patient satisfies both sides."""
    terms = tuple(random_cube(chance, size, 0.5) for _ in range(chance.randint(0, 4)))
    sides = (terms, ()) if chance.random() < 0.5 else ((), terms)
    return ClassRule(iri, Or(()), *sides, Origin(iri, "", None))


def random_condition(chance: random.Random, depth: int) -> Condition:
    kind = chance.randrange(5 if depth else 2)
    if kind < 2:
        cls = f"urn:c:{chance.randrange(3)}"
        return Name(cls) if kind else HasValue(EXCLUDED_FROM, cls)
    if kind == 2:
        return Not(random_condition(chance, depth - 1))
    parts = tuple(random_condition(chance, depth - 1) for _ in range(chance.randint(1, 3)))
    return And(parts) if kind == 3 else Or(parts)


def random_literals(chance: random.Random, size: int) -> tuple[Fact, ...]:
    """Facts that say of a few atoms that they are true or false, now and then both."""
    said = [(i, chance.random() < 0.3) for i in range(size) if chance.random() < 0.4]
    said += [(chance.randrange(size), True)] if chance.random() < 0.05 else []
    return tuple(Fact(f"urn:act:{i}", present, None, RECORDED, Literals(present << i, (not present) << i))
                 for i, present in said)  # fmt: skip


@pytest.mark.parametrize("number", [200, pytest.param(400, marks=pytest.mark.exhaustive)])
def test_random_theories(number: int) -> None:
    chance = random.Random(SEED)
    clashes, conflicts, impossible, statuses = 0, 0, 0, set()
    for _ in range(number):
        own = random_model(chance)
        records = [random_literals(chance, len(own.compiled.theory.atoms)) for _ in range(70)]
        decided = Kernel(own.program).decide(cohort_of(own.compiled, records))
        assert "\n".join(differences(own, decided, records)) == "", own
        unknown = [rows_in(~(decided.pos[i] | decided.neg[i] | decided.clash)) for i in decided.assumed]
        conflicts += any(rows & set(range(decided.rows)) for rows in unknown)
        clashes += bool(decided.clash.any())
        impossible += any(clause.size == 0 for clause in own.compiled.theory.implicates)
        statuses |= {name for name, bitmap in decided.status.items() if bitmap.any()}
    assert min(conflicts, clashes, impossible) > 10
    assert statuses == set(STATUSES)


def test_a_conflict_is_left_open_and_a_larger_one_does_not_count() -> None:
    """Of acts 0 and 1 one was done, of 0, 2 and 3 one unless 4 was: none of the first two is assumed absent."""
    atoms = [Atom(("urn:did",), "class", f"urn:act:{i}") for i in range(5)]
    theory = Theory.of(atoms, [Cube(0b00011, 0), Cube(0b01101, 0b10000)])
    compiled = Compiled(theory, {}, (), {}, {}, frozenset(), (), {})
    own = Model(compiled, tuple(f"urn:act:{i}" for i in range(4)))
    done = Fact("urn:act:4", True, None, RECORDED, Literals(1 << 4, 0))
    undone = Fact("urn:act:1", False, None, RECORDED, Literals(0, 1 << 1))
    decided = Kernel(own.program).decide(cohort_of(compiled, [(), (done,), (undone,)]))
    assert {atom: rows_in(bitmap) for atom, bitmap in decided.assumed.items()} == {
        0: set(), 1: set(), 2: {0, 2}, 3: {0, 2}
    }  # fmt: skip
    assert "\n".join(differences(own, decided, [(), (done,), (undone,)])) == ""


# -- rows, words, chunks and threads --


@pytest.mark.parametrize("rows", [0, 1, 63, 64, 65, 128, 200])
def test_any_number_of_rows_and_nothing_beyond_them(guideline: Guideline, rows: int) -> None:
    own = of_guideline(guideline)
    records = random_facts(own, 150, 50, 0)[:rows]
    decided = Kernel(guideline).decide(cohort_of(own.compiled, records, padding=True))
    assert decided.rows == rows
    assert "\n".join(differences(own, decided, records)) == ""


def test_chunks_change_nothing(guideline: Guideline, monkeypatch: pytest.MonkeyPatch) -> None:
    own = of_guideline(guideline)
    cohort = cohort_of(own.compiled, random_facts(own, 300, 150, 0))
    whole = Kernel(guideline).decide(cohort)
    monkeypatch.setattr(reasoner.kernel.kernel, "CHUNK", 2)
    assert answers(Kernel(guideline).decide(cohort)) == answers(whole)


def test_threads_may_share_a_kernel(guideline: Guideline) -> None:
    own, kernel = of_guideline(guideline), Kernel(guideline)
    cohorts = [cohort_of(own.compiled, random_facts(own, 60, 30, 0, seed)) for seed in range(8)]
    expected = [answers(kernel.decide(cohort)) for cohort in cohorts]
    with ThreadPoolExecutor(8) as pool:
        assert [answers(found) for found in pool.map(kernel.decide, cohorts)] == expected


# -- contradictions --


def test_nothing_is_said_of_a_contradiction() -> None:
    atoms = [Atom(("urn:did",), "class", f"urn:act:{i}") for i in range(2)]
    rule = ClassRule("urn:c", Or(()), (Cube(1, 0),), (Cube(0, 1),), Origin("urn:c", "", None))
    compiled = Compiled(Theory.of(atoms, [Cube(0, 0b11)]), {"urn:c": rule}, (), {}, {}, frozenset(), (), {})
    both = tuple(Fact(f"urn:act:{i}", True, None, RECORDED, Literals(1 << i, 0)) for i in range(2))
    decided = Kernel(compile_program(compiled)).decide(cohort_of(compiled, [both[:1], both]))
    assert [rows_in(bitmap) for bitmap in (decided.clash, decided.entailed[0], decided.excluded[0])] == [
        {1},
        {0},
        set(),
    ]
    assert [rows_in(bitmap) for bitmap in (*decided.pos, *decided.neg)] == [{0}, set(), set(), {0}]
    assert list(decided.status_codes()) == [STATUSES.index("silent"), len(STATUSES)]


# -- Arrow --


def random_booleans(size: int, nulls: bool = True) -> list[bool | None]:
    chance = random.Random(SEED + size)
    return [chance.choice([True, False, None] if nulls else [True, False]) for _ in range(size)]


@pytest.mark.parametrize("nulls", [True, False])
def test_bitmaps_of_arrow_arrays_and_slices(nulls: bool) -> None:
    values = random_booleans(300, nulls)
    array = pa.array(values, pa.bool_())
    for offset in (*range(18), 63, 64, 65, 128, 299, 300):
        for length in (0, 1, 5, 8, 63, 64, 65, 130, 300):
            part = values[offset : offset + length]
            pos, neg = bitmap_of(array.slice(offset, length))
            assert pos.dtype == neg.dtype == np.uint64 and pos.shape == neg.shape == (words(len(part)),)
            assert rows_in(pos) == {i for i, value in enumerate(part) if value is True}
            assert rows_in(neg) == {i for i, value in enumerate(part) if value is False}


@pytest.mark.parametrize("offset", [0, 3, 8])
def test_bitmaps_of_buffers_without_padding(offset: int) -> None:
    """A buffer need only hold the bytes that its bits need; what lies under a null is no value."""
    given = pa.Array.from_buffers(
        pa.bool_(), 10, [pa.py_buffer(b"\xff\x55\x0f"), pa.py_buffer(b"\xff\xff\xff")], offset=offset
    )
    pos, neg = bitmap_of(given)
    assert rows_in(pos) == {i for i, value in enumerate(given.to_pylist()) if value is True}
    assert rows_in(neg) == set()


@pytest.mark.parametrize("size", [0, 1, 64, 65, 500])
def test_arrow_arrays_of_bitmaps(size: int) -> None:
    array = pa.array(random_booleans(size), pa.bool_())
    true, false = bitmap_of(array)
    for strided in (true, np.stack([true, false], 1)[:, 0]):
        back = boolean_array(strided, false, size)
        back.validate(full=True)
        assert back.equals(array) and back.null_count == array.null_count
