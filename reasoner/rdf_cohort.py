"""From a block of N-Triples to a cohort: plain patients by columns, the others by the reference, bad ones rejected."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.block import Block, Flags
from reasoner.cohort import Cohort, Reject
from reasoner.errors import Problem, RecordError
from reasoner.facts import DERIVED, Observation, known
from reasoner.grouping import lines
from reasoner.guideline import Guideline
from reasoner.judge import Judge
from reasoner.population import Population, read_population
from reasoner.transpose import bitmap, bitmaps
from reasoner.triples import Data, FirstLine, Triples, read_block

#: Where so many of a block's findings and acts are described elsewhere, the file is not grouped by patient.
_SCATTERED = 0.1

One = tuple[Observation, ...] | tuple[Problem, ...]
Seen = Mapping[str, One]


class ScatteredError(Exception):
    """What belongs to one patient stands in several blocks: the file has to be regrouped first."""


@dataclass(frozen=True)
class TripleReader:
    """Reads blocks of N-Triples for one guideline, as of one date. For one thread at a time."""

    guideline: Guideline
    judge: Judge
    as_of: date

    def read(self, data: Data, source: str, first_line: FirstLine = 1, *, grouped: bool = False) -> Cohort:
        """The patients of a block, in the order in which they are first typed.

        Raises RecordError for what is no N-Triples, and ScatteredError where the block does not hold its patients
        whole, unless it is known to be `grouped`.
        """
        triples = read_block(data, source, first_line)
        block = Block(triples, self.judge)
        strays = block.strays()
        if not grouped and (len(strays) or block.missing() > _SCATTERED * len(block.links)):
            raise ScatteredError(source)
        population = read_population(block)
        others = self._others(block, triples, population, source)
        rejects = [r for patient, found in others.items() for r in _rejects(patient, source, found)]
        lost = self._lost(triples, strays, source)
        return replace(self._cohort(population, others), rejects=tuple(sorted({*rejects, *lost})))

    def _others(self, block: Block, triples: Triples, population: Population, source: str) -> Seen:
        """What the reference makes of the patients that are odd."""
        rows = np.flatnonzero(population.odd)
        if not len(rows):
            return {}
        owner = block.root[triples.subject]
        try:
            return self._referred(lines(triples, np.flatnonzero((owner >= 0) & population.odd[owner])), source)
        except RecordError:
            return {patient: found for row in rows for patient, found in self._alone(triples, owner == row, source)}

    def _alone(self, triples: Triples, mine: Flags, source: str) -> Iterator[tuple[str, One]]:
        """One patient, where the reference refuses all that it is given together."""
        try:
            yield from self._referred(lines(triples, np.flatnonzero(mine)), source).items()
        except RecordError as error:
            subject = triples.nodes[int(triples.subject[np.flatnonzero(mine)[0]])].as_py()
            yield subject.strip("<>"), error.problems

    def _referred(self, data: bytes, source: str) -> Seen:
        from reasoner.rdf import read_text  # the reference is slow to import
        from reasoner.record import gather
        from reasoner.reference import observed

        records = gather([read_text(data, source, format="nt")])
        return observed(self.guideline, records, self.as_of)

    def _lost(self, triples: Triples, strays: NDArray[np.int32], source: str) -> list[Reject]:
        """Nodes that belong to no patient, as the reference refuses them."""
        if not len(strays):
            return []
        from reasoner.rdf import read_text
        from reasoner.reference import stray_problems

        mine = np.isin(triples.subject, strays)
        parsed = read_text(lines(triples, np.flatnonzero(mine)), source, format="nt")
        problems = stray_problems(self.guideline, parsed, self.as_of)
        return [Reject(p.node or "", source, p.code, p.what, p.remedy) for p in problems]

    def _cohort(self, population: Population, others: Seen) -> Cohort:
        """The patients that are not refused, with what is known of each."""
        masks = [population.pos | population.derived_pos, population.neg | population.derived_neg,
                 population.derived_pos & ~population.pos, population.derived_neg & ~population.neg]  # fmt: skip
        kept = ~population.odd
        odd = np.flatnonzero(population.odd)
        names = dict(zip(population.patients.take(pa.array(odd)).to_pylist(), odd.tolist(), strict=True))
        proposed = {action: flags.copy() for action, flags in population.proposed.items()}
        for patient, found in others.items():
            row = names[patient]
            kept[row] = not any(isinstance(one, Problem) for one in found)
            self._enter(masks, proposed, row, [one for one in found if isinstance(one, Observation)])
        atoms = len(self.guideline.compiled.theory.atoms)
        pos, neg, derived_pos, derived_neg = (bitmaps(mask[kept], atoms) for mask in masks)
        orders = {action: bitmap(flags[kept]) for action, flags in proposed.items()}
        return Cohort(population.patients.filter(pa.array(kept)), pos, neg, orders, derived_pos, derived_neg)

    def _enter(self, masks: list[NDArray[np.uint64]], proposed: dict[str, Flags], row: int,
               seen: list[Observation]) -> None:  # fmt: skip
        """Enter what the reference saw of a patient."""
        facts = self.guideline.reader.read(seen)
        told, derived = known(f for f in facts if f.by != DERIVED), known(f for f in facts if f.by == DERIVED)
        for mask, literals in zip(
            masks, (told.pos | derived.pos, told.neg | derived.neg, derived.pos & ~told.pos, derived.neg & ~told.neg),
            strict=True,
        ):  # fmt: skip
            mask[row] = [literals >> 64 * word & (1 << 64) - 1 for word in range(self.judge.words)]
        for action in self.actions(seen):
            proposed.setdefault(action, np.zeros(len(masks[0]), bool))[row] = True
        for action, flags in proposed.items():
            flags[row] = action in self.actions(seen)

    def actions(self, seen: Iterable[Observation]) -> set[str]:
        """The classes of acts that a record proposes."""
        from reasoner.terms import GP

        return {s.target for s in seen if s.path == (str(GP.proposes),) and s.kind == "class" and s.present}


def _rejects(patient: str, source: str, found: Iterable[object]) -> Iterator[Reject]:
    for one in found:
        if isinstance(one, Problem):
            yield Reject(patient, source, one.code, one.what, one.remedy)
