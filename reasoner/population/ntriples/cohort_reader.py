"""From lines of N-Triples to a cohort: plain patients by columns, the others by the reference, bad ones rejected."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

import numpy as np

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmaps, Cohort, Reject, words
from reasoner.kernel.kernel import Kernel
from reasoner.kernel.transpose import bitmap, flags_of
from reasoner.logic.facts import DERIVED, Observation, literals_of
from reasoner.patient.assess import proposed_in
from reasoner.patient.observed import observations_of
from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.completion import complete
from reasoner.population.ntriples.contexts import KnownOfPatients, Masks, known_of_patients
from reasoner.population.ntriples.grouping import components
from reasoner.population.ntriples.loops import turned
from reasoner.population.ntriples.owners import (
    find_owners,
    lacks_nodes,
    node_names,
    record_lines,
    strays,
)
from reasoner.population.ntriples.reading import read_block
from reasoner.population.ntriples.text import Buffer, TextLines
from reasoner.population.ntriples.triple_block import Codes, Flags, Positions, TripleBlock
from reasoner.population.unit import ScatteredError

#: What the reference found of each patient: observations, or what is wrong.
Referred = Mapping[str, Sequence[Observation] | Sequence[Problem]]


@dataclass(frozen=True)
class CohortReader:
    """Reads lines of N-Triples for one guideline, as of one date. For one thread at a time."""

    guideline: Guideline
    classifier: TripleClassifier
    kernel: Kernel
    as_of: date
    buffer: Buffer = field(default_factory=Buffer)

    def block(self, data: bytes | TextLines, source: str) -> TripleBlock:
        """The triples of some lines, and whose they are. Raises RecordError, with a line of these, for other text."""
        return find_owners(read_block(data, source), self.classifier)

    def cohort(self, block: TripleBlock, source: str, *, grouped: bool = False) -> Cohort:
        """The patients of a block, in the order in which they are first typed.

        Raises ScatteredError where the block does not hold its patients whole, unless it is known that it is `grouped`.
        """
        lost = strays(block, self.classifier)
        if not grouped and (len(lost) or lacks_nodes(block, self.classifier)):
            raise ScatteredError(source)
        complete(block, self.classifier)
        found = known_of_patients(block, self.classifier)
        plain = self._cohort(block, found, {}, (), source, labels=not grouped)
        decided = self.kernel.decide(plain)
        if decided.clash.any():  # the reference says in the record's own words what cannot hold together
            contradictory = flags_of(decided.clash, plain.rows).astype(bool)
            block.refer(np.flatnonzero(~block.needs_reference)[contradictory])
        if not len(lost) and not block.needs_reference.any():
            return replace(plain, decided=decided)
        reference = _ReferredPatients(self.guideline, self.as_of, block, source, lost)
        return self._cohort(block, found, reference.patients(), tuple(reference.lost()), source, labels=not grouped)

    def _cohort(
        self, block: TripleBlock, found: KnownOfPatients, referred: Referred, lost: tuple[Reject, ...], source: str,
        *, labels: bool,
    ) -> Cohort:  # fmt: skip
        """The patients that are not refused, with what is known of each."""
        kept, proposed = ~block.needs_reference, dict(found.proposed)
        rows = np.flatnonzero(block.needs_reference)
        row_of = dict(zip(block.names(block.patients[rows]).to_pylist(), rows.tolist(), strict=True))
        rejects = list(lost)
        for patient, observed in referred.items():
            observations = [one for one in observed if isinstance(one, Observation)]
            if len(observations) == len(observed):
                kept[row_of[patient]] = True
                self._enter(found, proposed, row_of[patient], observations)
            else:
                rejects += _rejects(patient, source, observed)
        masks = [mask if kept.all() else mask[kept] for mask in found[:4]]
        pos, neg, derived_pos, derived_neg = (_columns(mask, self.classifier.atoms) for mask in masks)
        return Cohort(
            block.names(block.patients[kept]), pos, neg, {act: bitmap(flags[kept]) for act, flags in proposed.items()},
            derived_pos, derived_neg, tuple(sorted(rejects)), node_names(block, source, labels=labels), len(referred),
        )  # fmt: skip

    def _enter(self, found: KnownOfPatients, proposed: dict[str, Flags], row: int,
               observations: list[Observation]) -> None:  # fmt: skip
        """Enter what the reference observed of a patient."""
        facts = self.guideline.reader.read(observations)
        stated, derived = (
            literals_of(f for f in facts if f.by != DERIVED),
            literals_of(f for f in facts if f.by == DERIVED),
        )
        for mask, literals in zip(found[:4], (
            stated.pos | derived.pos, stated.neg | derived.neg, derived.pos & ~stated.pos, derived.neg & ~stated.neg,
        ), strict=True):  # fmt: skip
            mask[row] = [literals >> 64 * word & (1 << 64) - 1 for word in range(mask.shape[1])]
        acts = proposed_in(observations)
        for act in acts:
            proposed.setdefault(act, np.zeros(len(found.pos), bool))
        for act, flags in proposed.items():
            flags[row] = act in acts


@dataclass(frozen=True)
class _ReferredPatients:
    """What the reference makes of patients and of lost nodes that columns cannot hold."""

    guideline: Guideline
    as_of: date
    block: TripleBlock
    source: str
    strays: Codes

    def patients(self) -> Referred:
        """The patients that need it; together where it takes them so, else those apart that have nothing in common."""
        chosen = self.block.needs_reference
        if not chosen.any():
            return {}
        try:
            return self._observed(chosen)
        except RecordError:
            label = components(self.block.ties[:, 0], self.block.ties[:, 1], np.arange(len(chosen)))
            groups = [np.flatnonzero(chosen & (label == one)) for one in np.unique(label[chosen])]
            return {patient: one for group in groups for patient, one in self._alone(group).items()}

    def _alone(self, rows: Positions) -> Referred:
        """Patients who have something in common: each is refused for what is wrong with one."""
        chosen = np.zeros(len(self.block.patients), bool)
        chosen[rows] = True
        try:
            return self._observed(chosen)
        except RecordError as error:
            return {self.block.term(code).strip("<>"): error.problems for code in self.block.patients[rows].tolist()}

    def _observed(self, chosen: Flags) -> Referred:
        return observations_of(self.guideline, record_lines(self.block, chosen, self.strays), self.source, self.as_of)

    def lost(self) -> Iterable[Reject]:
        """The nodes that belong to no patient, as the reference refuses them."""
        if not len(self.strays):
            return []
        data = self.block.lines(np.flatnonzero(np.isin(self.block.subject[: self.block.recorded], self.strays)))
        problems = self.guideline.reference.stray_problems(data, self.source, self.as_of)
        return [Reject(p.node or "", self.source, p.code, p.what, p.remedy) for p in problems]


def _columns(masks: Masks, atoms: int) -> Bitmaps:
    """A bitmap of patients for each literal; often rules add none."""
    return turned(masks, atoms) if masks.any() else np.zeros((atoms, words(len(masks))), np.uint64)


def _rejects(patient: str, source: str, found: Iterable[object]) -> set[Reject]:
    """What is wrong with a patient; one that is a blank node has no name, its label is the file's affair."""
    name = patient if ":" in patient and not patient.startswith("_:") else ""
    return {Reject(name, source, p.code, p.what, p.remedy) for p in found if isinstance(p, Problem)}
