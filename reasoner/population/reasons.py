"""Why, for many patients at once: the first reason of each management class, as a column of JSON.

A reason by one implicant depends only on what is known of the literals in it and, where it is not known that a literal
holds, of those from which it follows. Patients are grouped by that, implicant by implicant, as bitmaps; each group is
justified once, by `reasoner.logic.justify`. Of several implicants that hold for a patient the reason that ranks first
is taken, as for a single patient.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from reasoner.caches import BoundedDict
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmap, Cohort, strings, words
from reasoner.kernel.kernel import Decided
from reasoner.kernel.transpose import positions_among, split
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.decide import assumptions_of
from reasoner.logic.facts import ASSUMED
from reasoner.logic.theory import Literals
from reasoner.patient.assess import assessor_of
from reasoner.population.known import KnownBits, facts_known, groups
from reasoner.render.json import JsonRenderer

_POS, _NEG, _DERIVED_POS, _DERIVED_NEG, _ASSUMED = range(len(KnownBits._fields))
_EVERYTHING = Literals(-1, -1)


class Ranked(NamedTuple):
    """A reason as JSON, after what decides which of several comes first."""

    assumed: int
    facts: int
    terms: tuple[tuple[str, bool], ...]
    implicant: int
    text: str


class Layout:
    """What is known of a patient as one number: the fields of `KnownBits` in a row, as many bits as atoms each.

    Of a literal, here an atom and whether it is true, some bits state that it holds; others which fact states it.
    """

    def __init__(self, guideline: Guideline) -> None:
        self.size = guideline.compiled.theory.size
        self._groups = {atom: group for group in groups(guideline) for atom in bits(group)}

    def bit(self, side: int, atom: int) -> int:
        """The bit of an atom in a field of `KnownBits`."""
        return 1 << side * self.size + atom

    def stating(self, atom: int, truth: bool) -> int:
        """The bits of which each says that a literal holds."""
        return self.bit(_POS, atom) if truth else self.bit(_NEG, atom) | self.bit(_ASSUMED, atom)

    def identifying(self, atom: int, truth: bool) -> int:
        """The bits that decide which fact states a literal: of its whole group, unless the atom is alone."""
        group = self._groups[atom]
        if group.bit_count() == 1:
            return self.stating(atom, truth) | self.bit(_DERIVED_POS if truth else _DERIVED_NEG, atom)
        return sum(group << side * self.size for side in range(len(KnownBits._fields)))

    def masks(self, number: int) -> KnownBits:
        """The number as masks of atoms."""
        return KnownBits(*(number >> side * self.size & (1 << self.size) - 1 for side in range(len(KnownBits._fields))))


class Reasons:
    """Gives the reasons for the answers of one guideline about some classes; several threads may ask."""

    def __init__(self, guideline: Guideline, classes: Iterable[ManagementClass]) -> None:
        self.guideline, self.theory, self.index = guideline, guideline.compiled.theory, guideline.compiled.index
        self.assessor, self.json = assessor_of(guideline), JsonRenderer(guideline)
        self.classes = [cls.iri for cls in classes]
        self._closing = assumptions_of(guideline.compiled, tuple(guideline.catalogue.closable))
        self.layout = Layout(guideline)
        self._found: BoundedDict[tuple[int, int], Ranked] = BoundedDict()
        self._lock = threading.Lock()

    def columns(self, cohort: Cohort, decided: Decided) -> list[pa.DictionaryArray]:
        """For each class the first reason for each patient's answer, null where it is undetermined."""
        known = self._known(cohort, decided)
        return [self._column(iri, decided, known) for iri in self.classes]

    def _known(self, cohort: Cohort, decided: Decided) -> dict[int, Bitmap]:
        """For each bit of what is known the patients of whom it is, where there are some."""
        sides = (cohort.pos, cohort.neg, cohort.derived_pos, cohort.derived_neg)
        found = {self.layout.bit(side, atom): row for side, rows in enumerate(sides) if rows is not None
                 for atom, row in enumerate(rows)}  # fmt: skip
        found |= {self.layout.bit(_ASSUMED, atom): row for atom, row in decided.assumed.items()}
        return {bit: row for bit, row in found.items() if row.any()}

    def _column(self, iri: str, decided: Decided, known: Mapping[int, Bitmap]) -> pa.DictionaryArray:
        groups: dict[Ranked, Bitmap] = {}
        for term in bits(self.index.class_bits[iri].terms):
            for known_bits, group in self._groups(self.index.cubes[term], decided, known):
                reason = self._reason(iri, term, known_bits)
                groups[reason] = groups[reason] | group if reason in groups else group
        return _coded([(reason.text, groups[reason]) for reason in sorted(groups)], decided.rows)

    def _groups(self, cube: Cube, decided: Decided, known: Mapping[int, Bitmap]) -> Iterator[tuple[int, Bitmap]]:
        """The patients who satisfy an implicant, by what is known that bears on reasons by it."""
        stating = sum(self.layout.stating(*literal) for literal in _literals(cube))
        for stated_bits, some in split(_satisfying(decided, cube), _among(known, stating)):
            bearing = self._bearing(cube, stated_bits) & ~stating
            for more, group in split(some, _among(known, bearing)):
                yield stated_bits | more, group

    def _bearing(self, cube: Cube, stated_bits: int) -> int:
        """The bits that bear on reasons by an implicant: for a literal that is stated those of its facts alone."""
        found = 0
        for atom, truth in _literals(cube):
            stated = stated_bits & self.layout.stating(atom, truth)
            for support in self.theory.supports(atom, truth, _EVERYTHING)[: 1 if stated else None]:
                for literal in _literals(support):
                    found |= self.layout.identifying(*literal)
        return found

    def _reason(self, iri: str, term: int, known_bits: int) -> Ranked:
        with self._lock:
            found = self._found.get((term, known_bits))
            if found is None:
                found = self._found.keep((term, known_bits), self._justified(iri, term, known_bits))
            return found

    def _justified(self, iri: str, term: int, number: int) -> Ranked:
        known_bits = self.layout.masks(number)
        facts = (*facts_known(self.guideline, known_bits), *self._closing.facts(known_bits.assumed << self.theory.size))
        reason = self.assessor.reason_by(facts, iri, term)
        used = reason.reason.facts
        return Ranked(
            sum(fact.by == ASSUMED for fact in used), len(used), tuple((fact.term, fact.present) for fact in used),
            term, json.dumps(self.json.reason(reason), ensure_ascii=False, separators=(",", ":")),
        )  # fmt: skip


def _literals(cube: Cube) -> list[tuple[int, bool]]:
    return [(atom, True) for atom in bits(cube.pos)] + [(atom, False) for atom in bits(cube.neg)]


def _among(known: Mapping[int, Bitmap], mask: int) -> list[tuple[int, Bitmap]]:
    return [(1 << place, known[1 << place]) for place in bits(mask) if 1 << place in known]


def _satisfying(decided: Decided, cube: Cube) -> Bitmap:
    """The patients of whom every literal of an implicant is known."""
    found = ~decided.clash
    for atom, truth in _literals(cube):
        found &= (decided.pos if truth else decided.neg)[atom]
    return found


def _coded(groups: Iterable[tuple[str, Bitmap]], rows: int) -> pa.DictionaryArray:
    """For each of `rows` patients the text of the first group with the patient, null where none has."""
    found: dict[str, Bitmap] = {}
    answered = np.zeros(words(rows), np.uint64)
    for text, group in groups:
        own = group & ~answered
        if own.any():
            found[text] = found[text] | own if text in found else own
            answered |= own
    codes = [pa.py_buffer(answered), pa.py_buffer(positions_among(list(found.values()), rows))]
    return pa.DictionaryArray.from_arrays(pa.Array.from_buffers(pa.int32(), rows, codes), strings(found))
