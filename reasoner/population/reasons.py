"""Why, for many patients at once: the first reason of each management class, as a column of JSON.

A reason by one implicant depends only on what is known of the literals in it, and of those from which they follow.
Patients are grouped by that, implicant by implicant, and each group is justified once, by `reasoner.logic.justify`; of
several implicants that hold for a patient the reason that ranks first is taken, as for a single patient.
"""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.guidelines.catalogue import ManagementClass
from reasoner.guidelines.guideline import Guideline
from reasoner.kernel.arrays import strings
from reasoner.kernel.cohort import Bitmaps, Cohort
from reasoner.kernel.kernel import Decided
from reasoner.kernel.transpose import flags_of, masks
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.decide import decide
from reasoner.logic.facts import ASSUMED
from reasoner.logic.index import Memory
from reasoner.logic.theory import Literals
from reasoner.patient.assess import assessor_of
from reasoner.population.results import facts_of
from reasoner.population.told import Told, origin
from reasoner.render.as_json import JsonRenderer

_SIDES = ("pos", "neg", "derived_pos", "derived_neg", "assumed")


class Ranked(NamedTuple):
    """A reason as JSON, after what decides which of several comes first."""

    assumed: int
    facts: int
    terms: tuple[tuple[str, bool], ...]
    text: str


@dataclass(frozen=True)
class _Implicant:
    """One implicant of a management class or of its complement, and the atoms that bear on reasons by it."""

    cls: ManagementClass
    truth: bool
    cube: Cube
    relevant: int


class Reasons:
    """Gives the reasons for the answers of one guideline; several threads may ask."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.theory = guideline, guideline.compiled.theory
        self.assessor, self.json = assessor_of(guideline), JsonRenderer(guideline)
        self.classes = guideline.catalogue.management
        self.implicants = {cls.iri: list(self._implicants(cls)) for cls in self.classes}
        self._found: Memory[tuple[str, Cube, Told], Ranked] = Memory()
        self._lock = threading.Lock()

    def _implicants(self, cls: ManagementClass) -> list[_Implicant]:
        rule = self.guideline.compiled.rules[cls.iri]
        return [_Implicant(cls, truth, cube, self._relevant(cube))
                for truth in (True, False) for cube in rule.implicants(truth)]  # fmt: skip

    def _relevant(self, cube: Cube) -> int:
        """The atoms of an implicant, of what entails its literals, and of what is said in one breath with them."""
        atoms, everything = cube.atoms, Literals(-1, -1)
        for truth, literals in ((True, cube.pos), (False, cube.neg)):
            for atom in bits(literals):
                for support in self.theory.supports(atom, truth, everything):
                    atoms |= support.atoms
        paths = {self.theory.atoms[i].path for i in bits(atoms) if self.theory.atoms[i].kind != "class"}
        return atoms | sum(1 << i for i, atom in enumerate(self.theory.atoms) if atom.path in paths)

    def columns(self, cohort: Cohort, decided: Decided) -> list[pa.DictionaryArray]:
        """For each management class the first reason for each patient's answer, null where it is undetermined."""
        table = _table(cohort, decided)
        return [self._column(cls, decided, table) for cls in self.classes]

    def _column(self, cls: ManagementClass, decided: Decided, table: pl.DataFrame) -> pa.DictionaryArray:
        groups = []
        for implicant in self.implicants[cls.iri]:
            rows = np.flatnonzero(flags_of(_satisfying(decided, implicant.cube), decided.rows))
            if len(rows):
                groups.append((rows, *self._grouped(implicant, table[rows])))
        ranked = sorted({reason for _, _, reasons in groups for reason in reasons})
        place = {reason: number for number, reason in enumerate(ranked)}
        first = np.full(decided.rows, len(ranked), np.int32)
        for rows, group, reasons in groups:
            numbers = np.array([place[reason] for reason in reasons], np.int32)[group]
            first[rows] = np.minimum(first[rows], numbers)
        codes = pa.array(first, mask=first == len(ranked))
        return pa.DictionaryArray.from_arrays(codes, strings(reason.text for reason in ranked))

    def _grouped(self, implicant: _Implicant, known: pl.DataFrame) -> tuple[NDArray[np.integer], list[Ranked]]:
        """Of rows that satisfy an implicant the group of each, and the reason of each group."""
        masked = known.select(
            (pl.col(name) & pl.lit(implicant.relevant >> 64 * int(name.split(".")[1]) & (1 << 64) - 1, pl.UInt64))
            for name in known.columns
        )
        groups = masked.unique().with_row_index("#")
        group = masked.join(groups, on=masked.columns, how="left", maintain_order="left")["#"].to_numpy()
        with self._lock:
            return group, [self._reason(implicant, _told(row)) for row in groups.drop("#").iter_rows(named=True)]

    def _reason(self, implicant: _Implicant, told: Told) -> Ranked:
        key = implicant.cls.iri, implicant.cube, told
        found = self._found.get(key)
        return self._found.keep(key, self._justified(implicant, told)) if found is None else found

    def _justified(self, implicant: _Implicant, told: Told) -> Ranked:
        facts = [origin(fact, told) for fact in facts_of(self.guideline, Literals(told.pos, told.neg))]
        closable = tuple(sorted(self.theory.atoms[i].target for i in bits(told.assumed)))
        decision = decide(self.guideline.compiled, facts, closable)
        reason = self.assessor.conclusions(decision, [implicant.cls])[0].reasons[0]
        used = reason.reason.facts
        return Ranked(
            sum(fact.by == ASSUMED for fact in used), len(used), tuple((fact.term, fact.present) for fact in used),
            json.dumps(self.json.reason(reason), ensure_ascii=False, separators=(",", ":")),
        )  # fmt: skip


def _told(row: dict[str, int]) -> Told:
    found = dict.fromkeys(_SIDES, 0)
    for name, mask in row.items():
        side, word = name.split(".")
        found[side] |= mask << 64 * int(word)
    return Told(**found)


def _table(cohort: Cohort, decided: Decided) -> pl.DataFrame:
    """What is known of each patient: for each side and each 64 atoms one column of masks."""
    assumed: Bitmaps = np.zeros_like(cohort.pos)
    for atom, flags in decided.assumed.items():
        assumed[atom] = flags
    sides = {"pos": cohort.pos, "neg": cohort.neg, "derived_pos": cohort.derived_pos,
             "derived_neg": cohort.derived_neg, "assumed": assumed}  # fmt: skip
    known = {name: masks(side, cohort.rows) for name, side in sides.items() if side is not None and side.any()}
    columns = {f"{name}.{word}": side[:, word] for name, side in known.items() for word in range(side.shape[1])}
    return pl.DataFrame(columns or {"pos.0": np.zeros(cohort.rows, np.uint64)})


def _satisfying(decided: Decided, cube: Cube) -> NDArray[np.uint64]:
    """The patients of whom every literal of an implicant is known."""
    found = ~decided.clash
    for atom in bits(cube.pos):
        found = found & decided.pos[atom]
    for atom in bits(cube.neg):
        found = found & decided.neg[atom]
    return found
