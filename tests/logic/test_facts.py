"""What observations say: each kind of atom, bounds across thresholds, and facts that several observations state."""

from __future__ import annotations

import random
from decimal import Decimal
from itertools import product

import pytest
from random_logic import SEED
from small_ontologies import MAIN, NAMES, model, read, small

from reasoner.logic.clauses import bits
from reasoner.logic.compiled import literals_in
from reasoner.logic.expressions import And, AtomLeaf, Name, Not, Or
from reasoner.logic.facts import ASSUMED, DERIVED, RECORDED, Fact, FactReader, Observation, kleene, literals_of
from reasoner.logic.theory import Atom, Literals
from reasoner.terms import GP


def known_of(name: str, *lines: str) -> dict[Atom, bool]:
    """The literals of some observations, by atom."""
    compiled = model(name).compiled
    literals = literals_of(FactReader(compiled).read(read(name, *lines)))
    sides = ((True, literals.pos), (False, literals.neg))
    return {compiled.theory.atoms[i]: truth for truth, mask in sides for i in bits(mask)}


@pytest.mark.parametrize("low", [None, "2", "3", "4"])
@pytest.mark.parametrize("high", [None, "2", "3", "4"])
def test_a_quantity_passes_a_threshold_where_all_its_values_do(low: str | None, high: str | None) -> None:
    compiled, path = model("facets").compiled, (small("facets", "dose"),)
    least, most = (None if one is None else Decimal(one) for one in (low, high))
    if least is not None and most is not None and least > most:
        return
    given = FactReader(compiled).literals(Observation(path, "number", low=least, high=most))
    values = [value for value in (Decimal(n) / 2 for n in range(-100, 100))  # far beyond all thresholds
              if (least is None or value >= least) and (most is None or value <= most)]  # fmt: skip
    scale = [(i, atom) for i, atom in enumerate(compiled.theory.atoms) if atom.kind == "above" and atom.path == path]
    assert len(scale) >= 3
    for i, atom in scale:
        passing = {value > atom.bound or (value == atom.bound and not atom.strict) for value in values}
        assert (given.pos >> i & 1, given.neg >> i & 1) == (passing == {True}, passing == {False})


def test_a_finding_states_its_class_and_that_it_is_there() -> None:
    found = {(atom.path[-1], atom.target): truth for atom, truth in known_of("fillers", "+Frost").items()}
    assert found[str(GP.hasFinding), small("fillers", "Frost")] is True and set(found.values()) == {True}
    assert set(known_of("fillers", "-Frost").values()) == {False}


def test_a_value_excludes_those_that_differ_under_a_functional_property() -> None:
    found = {atom.target: truth for atom, truth in known_of("values", "place=North").items() if atom.kind == "value"}
    assert found[small("values", "North")] is True and found[small("values", "South")] is False


def test_a_value_that_the_guideline_does_not_know_says_only_that_there_is_one() -> None:
    assert {atom.kind for atom in known_of("values", "place=Nowhere")} <= {"exists"}


def test_a_nested_value_says_that_each_step_of_its_path_is_there() -> None:
    found = known_of("paths", "main/inner/colour=Black")
    ends = {tuple(step.rsplit("#", 1)[-1] for step in atom.path) for atom, truth in found.items()
            if atom.kind == "exists" and truth}  # fmt: skip
    assert {("main",), ("main", "inner")} <= ends


def test_what_the_guideline_never_uses_is_left_out() -> None:
    reader = FactReader(model("fillers").compiled)
    path = ("https://example.org/unknown",)
    assert reader.read([Observation(path, "class", "urn:x"), Observation(path, "number", low=Decimal(1))]) == ()


def test_one_fact_for_each_term_and_state_from_the_first_source() -> None:
    """A recorded observation comes before a derived one; the order in which they are read does not matter."""
    reader = FactReader(model("fillers").compiled)
    [seen] = read("fillers", "+Frost")
    sources = {"urn:c": RECORDED, "urn:b": RECORDED, "urn:a": DERIVED, "urn:d": ASSUMED}
    several = [seen._replace(source=source, by=by) for source, by in sources.items()]
    rng = random.Random(SEED)
    for _ in range(10):
        [fact] = reader.read(rng.sample(several, 4))
        assert (fact.term, fact.source, fact.by, fact.state) == (seen.target, "urn:b", RECORDED, "present")
    denied = seen._replace(present=False, source="urn:e")
    both = [(fact.present, fact.source) for fact in reader.read([*several, denied])]
    assert both == [(False, "urn:e"), (True, "urn:b")]


@pytest.mark.parametrize("name", [MAIN, *NAMES])
def test_facts_state_all_that_their_observations_give_and_no_more(name: str) -> None:
    own = model(name)
    records, reader = own.records(), FactReader(own.compiled)
    for _ in range(50):
        record = records.draw()
        facts, whole = reader.read(record), Literals()
        for seen in record:
            whole = whole.union(reader.literals(seen))
        assert literals_of(facts) == whole
        assert [(fact.term, fact.present) for fact in facts] == sorted({(fact.term, fact.present) for fact in facts})
        for fact in facts:
            expr = own.compiled.attributes.get(fact.term)
            if expr is not None and fact.literals.pos | fact.literals.neg:
                assert kleene(expr, whole) is fact.present
                assert not (fact.literals.pos | fact.literals.neg) & ~literals_in(expr)
    assert set(reader.names) == set(range(len(own.compiled.theory.atoms)))


def test_kleene_over_atoms_and_classes() -> None:
    expr = Or((And((AtomLeaf(0), Not(AtomLeaf(1)))), Name("urn:c")))
    values = (True, False, None)
    for one, other, cls in product(values, repeat=3):
        given = Literals(sum(1 << i for i, v in enumerate((one, other)) if v is True),
                         sum(1 << i for i, v in enumerate((one, other)) if v is False))  # fmt: skip
        left = False if one is False or other is True else None if None in (one, other) else True
        expected = True if True in (left, cls) else None if None in (left, cls) else False
        assert kleene(expr, given, {"urn:c": cls}.get) is expected
    assert kleene(Name("urn:c"), Literals()) is None


def test_literals_of_facts_are_joined() -> None:
    facts = [Fact("urn:a", True, None, RECORDED, Literals(1, 4)), Fact("urn:b", False, None, RECORDED, Literals(2, 8))]
    assert literals_of(facts) == Literals(3, 12) and literals_of([]) == Literals()
