"""Counting complete profiles and proving invariants, against plain enumerations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from itertools import product
from pathlib import Path

import numpy as np
import pytest
from clean_guideline import CLEAN, guideline_of
from conftest import TESTS

from reasoner.guideline.guideline import Guideline, home
from reasoner.logic.clauses import Cube, atoms_of, bits
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled, Origin
from reasoner.logic.decide import State, assume, state
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.facts import literals_of
from reasoner.logic.owl import read_axioms
from reasoner.logic.profiles import Profiles, any_term, none_of, term
from reasoner.logic.theory import Literals
from reasoner.rdf import read_graph
from reasoner.terms import GP
from reasoner.workbench.declared import Invariant, Premise
from reasoner.workbench.prove.invariants import Invariants

CORE = home() / "ontology" / "core.ttl"
#: Two have more than 60 atoms, too many to write out.
SMALL = [p for p in sorted((TESTS / "small").glob("*.ttl")) if p.stem not in ("paths", "properties")]


# -- counting --


def value(expr: Expr, atoms: Mapping[int, object], rules: Compiled) -> object:
    """An expression under an assignment: of booleans, or of arrays of them."""
    match expr:
        case AtomLeaf(atom):
            return atoms[atom]
        case Name(iri):
            return value(rules.rules[iri].definition, atoms, rules)
        case Not(part):
            return np.logical_not(value(part, atoms, rules))
        case And(parts):
            return reduce(np.logical_and, [value(part, atoms, rules) for part in parts], np.True_)
        case Or(parts):
            return reduce(np.logical_or, [value(part, atoms, rules) for part in parts], np.False_)
    raise TypeError(expr)


def holds(clause: Cube, assigned: Sequence[bool]) -> bool:
    return any(assigned[i] for i in bits(clause.pos)) or any(not assigned[i] for i in bits(clause.neg))


def compiled_small(path: Path) -> Compiled:
    return compile_axioms(read_axioms([read_graph(CORE, imports=True), read_graph(path, imports=True)]))


def test_the_small_ontologies_are_there() -> None:
    assert len(SMALL) >= 7


@pytest.mark.parametrize("path", SMALL, ids=lambda path: path.stem)
def test_counts_are_those_of_a_plain_enumeration(path: Path) -> None:
    compiled = compiled_small(path)
    size, clauses = len(compiled.theory.atoms), compiled.theory.implicates
    profiles = Profiles(compiled)
    # a clause of unit size fixes its atom: only the others are written out
    fixed = {i: bool(c.pos) for c in clauses if c.size == 1 for i in bits(c.atoms)}
    free = [i for i in range(size) if i not in fixed]
    all_of = list(product((False, True), repeat=len(free)))
    table = [[fixed.get(i, False) for i in range(size)] for _ in all_of]
    for row, assigned in zip(all_of, table, strict=True):
        for i, truth in zip(free, row, strict=True):
            assigned[i] = truth
    models = [assigned for assigned in table if all(holds(c, assigned) for c in clauses)]
    assert profiles.total == len(models)
    columns = np.array(models, dtype=bool).T
    for iri in compiled.rules:
        truths = value(Name(iri), dict(enumerate(columns)), compiled)
        expected = int(np.sum(np.broadcast_to(truths, len(models))))  # type: ignore[arg-type]
        assert profiles.count(Name(iri)) == expected, iri


class Enumeration:
    """The profiles of the shipped guideline, written out.

    Every assignment to the atoms on which management classes depend stands in a row. What is left falls into parts
    that have few of these atoms for neighbours: how often each part can be completed is counted by writing it out too.
    """

    def __init__(self, compiled: Compiled, classes: Sequence[str]) -> None:
        self.compiled = compiled
        rules = (compiled.rules[iri].implicants(truth) for iri in classes for truth in (True, False))
        cut = list(bits(atoms_of(term for terms in rules for term in terms)))
        rows = np.arange(1 << len(cut), dtype=np.uint32)
        self.column = {atom: (rows >> place & 1).astype(bool) for place, atom in enumerate(cut)}
        tops = [i for i, a in enumerate(compiled.theory.atoms) if a.target in (str(GP.Finding), str(GP.Act)) and a.path]
        assert len(tops) == 2
        self.weights = sum(self._weights(dict(zip(tops, chosen, strict=True)))
                           for chosen in product((False, True), repeat=2))  # fmt: skip

    def count(self, condition: Expr) -> int:
        # that a quantity has a value follows from the threshold beside it, wherever no class depends on it
        implied = {i: np.True_ for i, atom in enumerate(self.compiled.theory.atoms) if atom.kind == "exists"}
        atoms = implied | self.column
        return int(np.sum(self.weights, where=value(condition, atoms, self.compiled)))  # type: ignore[arg-type]

    def _weights(self, tops: dict[int, bool]) -> np.ndarray:
        size = len(next(iter(self.column.values())))
        given = {**self.column, **{i: np.full(size, truth) for i, truth in tops.items()}}
        parts: list[tuple[set[int], list[Cube]]] = []
        for clause in self.compiled.theory.implicates:
            inner = {i for i in bits(clause.atoms) if i not in given}
            touching = [part for part in parts if part[0] & inner or (not inner and not part[0])]
            parts = [part for part in parts if part not in touching]
            parts.append((inner.union(*(p[0] for p in touching)), [c for p in touching for c in p[1]] + [clause]))
        free = len(self.compiled.theory.atoms) - len(given) - sum(len(inner) for inner, _ in parts)
        weights = np.full(size, 1 << free, dtype=np.uint64)
        for inner, clauses in parts:
            weights *= self._completions(sorted(inner), clauses, given)
        return weights

    def _completions(self, inner: list[int], clauses: list[Cube], given: dict[int, np.ndarray]) -> np.ndarray:
        if not inner:
            rows = [
                np.logical_or.reduce([given[i] for i in bits(c.pos)] + [~given[i] for i in bits(c.neg)])
                for c in clauses
            ]
            return np.logical_and.reduce(rows).astype(np.uint64)
        outer = [i for i in bits(atoms_of(clauses)) if i in given]
        table = np.zeros(1 << len(outer), dtype=np.uint64)
        place = {atom: n for n, atom in enumerate([*outer, *inner])}
        for row in range(1 << len(place)):
            assigned = {atom: bool(row >> n & 1) for atom, n in place.items()}
            if all(any(assigned[i] for i in bits(c.pos)) or any(not assigned[i] for i in bits(c.neg)) for c in clauses):
                table[row & ((1 << len(outer)) - 1)] += 1
        keys = sum(given[atom].astype(np.uint32) << n for n, atom in enumerate(outer))
        return table[keys]


@pytest.mark.exhaustive
def test_counts_of_the_guideline_are_those_of_an_enumeration(guideline: Guideline) -> None:
    classes = [cls.iri for cls in guideline.catalogue.management]
    silent = none_of(cls.iri for cls in guideline.catalogue.management if not cls.restriction)
    plain, profiles = Enumeration(guideline.compiled, classes), Profiles(guideline.compiled)
    assert profiles.total == int(np.sum(plain.weights))
    assert profiles.count(silent) == plain.count(silent) > 0
    for iri in classes:
        assert profiles.count(Name(iri)) == plain.count(Name(iri)), iri
    regions = profiles.conditions(silent)
    assert len(regions) > 10
    for region in regions[::6]:
        assert profiles.count(term(region)) == plain.count(term(region))
    assert profiles.count(any_term(regions)) == profiles.count(silent)


# -- invariants, against all partial records --


def partial_records(compiled: Compiled, atoms: Sequence[int]) -> list[Literals]:
    """Everything that records can say of `atoms`, closed under the theory."""
    found = set()
    for row in product((None, False, True), repeat=len(atoms)):
        pos = sum(1 << i for i, truth in zip(atoms, row, strict=True) if truth is True)
        neg = sum(1 << i for i, truth in zip(atoms, row, strict=True) if truth is False)
        closed = compiled.theory.close(Literals(pos, neg))
        if not closed.clash:
            found.add(closed)
    return sorted(found)


def broken_by(compiled: Compiled, closable: Sequence[str], declared: Invariant, closed: Literals) -> bool:
    """The invariant, read word by word, for one record."""
    answered = compiled.theory.close(closed.union(literals_of(assume(compiled.theory, closed, closable))))
    [premise], [concerned] = declared.premises, declared.concerned
    given = (state(compiled.rules[premise.classes[0]], closed) is premise.state) == premise.holds
    has = state(compiled.rules[concerned], answered) is declared.state
    return given and (has if declared.never else not has)


def test_invariants_are_proved_of_every_partial_record(tmp_path: Path) -> None:
    guideline = guideline_of(tmp_path, CLEAN)
    compiled, closable = guideline.compiled, list(guideline.catalogue.closable)
    used = atoms_of(t for rule in compiled.rules.values() for truth in (True, False) for t in rule.implicants(truth))
    records = partial_records(compiled, list(bits(used)))
    assert len(records) > 20
    prover, verdicts = Invariants(Profiles(compiled), closable), set()
    choices = product(compiled.rules, compiled.rules, (State.ENTAILED, State.EXCLUDED), (True, False),
                      (State.ENTAILED, State.EXCLUDED), (True, False))  # fmt: skip
    for given, concerned, premise, holds_, then, never in choices:
        declared = Invariant(
            "", "", (Premise((given,), premise, holds_),), (concerned,), then, never, (), Origin("", "", 1)
        )
        expected = any(broken_by(compiled, closable, declared, closed) for closed in records)
        breaches = list(prover.breaches(declared))
        assert bool(breaches) == expected, declared
        for breach in breaches:
            closures = [compiled.theory.close(Literals(t.pos, t.neg)) for t in breach.records]
            assert all(broken_by(compiled, closable, declared, closed) for closed in closures)
        verdicts.add((expected, holds_, never))
    assert len(verdicts) == 8
