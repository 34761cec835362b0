"""From a block of N-Triples to a cohort: plain patients by columns, the others by the reference, bad ones rejected."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmaps, Cohort, Reject, words
from reasoner.kernel.kernel import Kernel
from reasoner.kernel.transpose import bitmap, flags_of
from reasoner.logic.facts import DERIVED, Observation, literals_of
from reasoner.patient.assess import proposed_in
from reasoner.patient.observed import observations_of
from reasoner.population.ntriples.block import Block, Codes, Flags
from reasoner.population.ntriples.columns import turned
from reasoner.population.ntriples.grouping import lines
from reasoner.population.ntriples.judge import TripleClassifier
from reasoner.population.ntriples.population import Masks, Population, read_population
from reasoner.population.ntriples.text import Buffer
from reasoner.population.ntriples.triples import Data, FirstLine, Triples, read_block
from reasoner.population.unit import ScatteredError

One = Sequence[Observation] | Sequence[Problem]
Seen = Mapping[str, One]


@dataclass(frozen=True)
class TripleReader:
    """Reads blocks of N-Triples for one guideline, as of one date. For one thread at a time."""

    guideline: Guideline
    judge: TripleClassifier
    kernel: Kernel
    as_of: date
    buffer: Buffer = field(default_factory=Buffer)

    def read(self, data: Data, source: str, first_line: FirstLine = 1, *, grouped: bool = False) -> Cohort:
        """The patients of a block, in the order in which they are first typed.

        Raises RecordError for what is no N-Triples, and ScatteredError where the block does not hold its patients
        whole, unless it is known to be `grouped`.
        """
        triples = read_block(data, source, first_line)
        block = Block(triples, self.judge)
        strays = block.strays()
        if not grouped and (len(strays) or block.missing()):
            raise ScatteredError(source)
        population = read_population(block)
        plain = self._cohort(population, {})
        self._mark_contradictory(population, plain)
        nodes = block.names(source, labels=not grouped)
        if not len(strays) and not population.odd.any():
            return replace(plain, nodes=nodes)
        others = self._others(block, population, strays, source)
        rejects = [reject for patient, found in others.items() for reject in _rejects(patient, source, found)]
        lost = self._lost(triples, strays, source)
        found = self._cohort(population, others)
        return replace(found, rejects=tuple(sorted([*rejects, *lost])), nodes=nodes, referred=len(others))

    def owners(self, data: Data, source: str, names: Collection[str]) -> list[str]:
        """The patients of a block in whose records the nodes of such names stand."""
        return Block(read_block(data, source), self.judge).owners(names)

    def _mark_contradictory(self, population: Population, plain: Cohort) -> None:
        """Leave those to the reference, which says what cannot hold together, whom no completion has."""
        clash = self.kernel.decide(plain).clash
        rows = np.flatnonzero(~population.odd)
        population.odd[rows[flags_of(clash, len(rows)).astype(bool)]] = True

    def _others(self, block: Block, population: Population, strays: Codes, source: str) -> Seen:
        """What the reference makes of the patients that are odd."""
        if not population.odd.any():
            return {}
        try:
            return self._referred(block, population.odd, strays, source)
        except RecordError:
            found: dict[str, One] = {}
            for together in _components(np.flatnonzero(population.odd), block.ties):
                found |= self._alone(block, together, strays, source)
            return found

    def _alone(self, block: Block, together: list[int], strays: Codes, source: str) -> Seen:
        """Patients who have something in common, where the reference refuses all that it is given together."""
        chosen = np.zeros(len(block.patients), bool)
        chosen[together] = True
        try:
            return self._referred(block, chosen, strays, source)
        except RecordError as error:
            return {block.term(code).strip("<>"): error.problems for code in block.patients[together].tolist()}

    def _referred(self, block: Block, chosen: Flags, strays: Codes, source: str) -> Seen:
        return observations_of(self.guideline, lines(block.triples, block.around(chosen, strays)), source, self.as_of)

    def _lost(self, triples: Triples, strays: Codes, source: str) -> list[Reject]:
        """Nodes that belong to no patient, as the reference refuses them."""
        if not len(strays):
            return []
        data = lines(triples, np.flatnonzero(np.isin(triples.subject, strays)))
        problems = self.guideline.reference.stray_problems(data, source, self.as_of)
        return [Reject(p.node or "", source, p.code, p.what, p.remedy) for p in problems]

    def _cohort(self, population: Population, others: Seen) -> Cohort:
        """The patients that are not refused, with what is known of each."""
        masks = [population.pos | population.derived_pos, population.neg | population.derived_neg,
                 population.derived_pos & ~population.pos, population.derived_neg & ~population.neg]  # fmt: skip
        kept = ~population.odd
        proposed = {action: flags.copy() for action, flags in population.proposed.items()}
        if others:
            odd = np.flatnonzero(population.odd)
            names = dict(zip(population.patients.take(pa.array(odd)).to_pylist(), odd.tolist(), strict=True))
            for patient, found in others.items():
                seen = [one for one in found if isinstance(one, Observation)]
                if len(seen) == len(found):
                    kept[names[patient]] = True
                    self._enter(masks, proposed, names[patient], seen)
        atoms = len(self.guideline.compiled.theory.atoms)
        if not kept.all():
            masks = [mask[kept] for mask in masks]
        pos, neg, derived_pos, derived_neg = (_columns(mask, atoms) for mask in masks)
        orders = {action: bitmap(flags[kept]) for action, flags in proposed.items()}
        return Cohort(population.patients.filter(pa.array(kept)), pos, neg, orders, derived_pos, derived_neg)

    def _enter(self, masks: list[NDArray[np.uint64]], proposed: dict[str, Flags], row: int,
               seen: list[Observation]) -> None:  # fmt: skip
        """Enter what the reference saw of a patient."""
        facts = self.guideline.reader.read(seen)
        told, derived = (
            literals_of(f for f in facts if f.by != DERIVED),
            literals_of(f for f in facts if f.by == DERIVED),
        )
        for mask, literals in zip(
            masks, (told.pos | derived.pos, told.neg | derived.neg, derived.pos & ~told.pos, derived.neg & ~told.neg),
            strict=True,
        ):  # fmt: skip
            mask[row] = [literals >> 64 * word & (1 << 64) - 1 for word in range(self.judge.words)]
        acts = proposed_in(seen)
        for action in acts:
            proposed.setdefault(action, np.zeros(len(masks[0]), bool))
        for action, flags in proposed.items():
            flags[row] = action in acts


def _columns(masks: Masks, atoms: int) -> Bitmaps:
    """A bitmap of patients for each literal; often of what rules add there is none."""
    return turned(masks, atoms) if masks.any() else np.zeros((atoms, words(len(masks))), np.uint64)


def _rejects(patient: str, source: str, found: Iterable[object]) -> list[Reject]:
    """What is wrong with a patient; one that is a blank node has no name, its label is the file's affair."""
    name = patient if ":" in patient and not patient.startswith("_:") else ""
    return sorted({Reject(name, source, p.code, p.what, p.remedy) for p in found if isinstance(p, Problem)})


def _components(rows: NDArray[np.intp], ties: NDArray[np.int32]) -> list[list[int]]:
    """The rows, those together that are tied."""
    first = {row: row for row in rows.tolist()}

    def least(row: int) -> int:
        while first[row] != row:
            first[row] = row = first[first[row]]
        return row

    for one, other in ties.tolist():
        first[max(least(one), least(other))] = min(least(one), least(other))
    found: dict[int, list[int]] = {}
    for row in first:
        found.setdefault(least(row), []).append(row)
    return list(found.values())
