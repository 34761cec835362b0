"""From lines of N-Triples to a cohort: plain patients by columns, the others by the reference, bad ones rejected."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import numpy as np
import pyarrow as pa

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.kernel.kernel import Kernel
from reasoner.kernel.transpose import flags_of
from reasoner.logic.facts import DERIVED, Observation, literals_of
from reasoner.patient.assess import proposed_in
from reasoner.patient.observed import observations_of
from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.completion import complete
from reasoner.population.ntriples.contexts import KnownOfPatients, known_of_patients
from reasoner.population.ntriples.grouping import components
from reasoner.population.ntriples.owners import find_owners, lacks_nodes, node_names, record_lines, strays
from reasoner.population.ntriples.reading import read_block
from reasoner.population.ntriples.sweep import read_lines
from reasoner.population.ntriples.triple_block import Codes, Flags, TripleBlock
from reasoner.population.unit import ScatteredError

#: What the reference found of each patient: observations, or what is wrong.
Referred = Mapping[str, Sequence[Observation] | Sequence[Problem]]


@dataclass(frozen=True)
class CohortReader:
    """Reads lines of N-Triples for one guideline, as of one date; for many threads."""

    guideline: Guideline
    classifier: TripleClassifier
    kernel: Kernel
    as_of: date

    def block(self, path: Path, start: int, stop: int, source: str) -> TripleBlock:
        """The triples of a file from byte `start` up to `stop`, and whose they are.

        Raises RecordError, with a line of these, for other text than whole lines of N-Triples; `source` is its file.
        """
        with path.open("rb") as file:
            file.seek(start)
            text = read_lines(file, stop - start)
        return find_owners(read_block(text, source), self.classifier)

    def cohort(self, block: TripleBlock, source: str, *, grouped: bool = False) -> Cohort:
        """The patients of a block, in the order in which they are first typed.

        Raises ScatteredError where the block does not hold its patients whole, unless it is known that it is `grouped`.
        """
        lost = strays(block, self.classifier)
        if not grouped and (len(lost) or lacks_nodes(block, self.classifier)):
            raise ScatteredError(source)
        complete(block, self.classifier)
        known = known_of_patients(block, self.classifier)
        plain, nodes = ~block.needs_reference, node_names(block, source, labels=not grouped)
        cohort = replace(known.cohort(block.names(block.patients), plain), nodes=nodes)
        decided = self.kernel.decide(cohort)
        if decided.clash.any():  # the reference says in the record's own words what cannot hold together
            block.refer(np.flatnonzero(plain)[flags_of(decided.clash, cohort.rows).astype(bool)])
        if not len(lost) and not block.needs_reference.any():
            return replace(cohort, decided=decided)
        return replace(self._with_referred(block, known, lost, source), nodes=nodes)

    def _with_referred(self, block: TripleBlock, known: KnownOfPatients, lost: Codes, source: str) -> Cohort:
        """The patients with what the reference makes of those whom columns cannot hold, and of lost nodes."""
        referred = _referred(block, lambda chosen: observations_of(
            self.guideline, record_lines(block, chosen, lost), source, self.as_of
        ))  # fmt: skip
        kept, rejects = ~block.needs_reference, list(self._lost(block, lost, source))
        names, rows = block.names(block.patients), np.flatnonzero(block.needs_reference)
        row_of = dict(zip(names.take(pa.array(rows)).to_pylist(), rows.tolist(), strict=True))
        for patient, observed in referred.items():
            observations = [one for one in observed if isinstance(one, Observation)]
            if len(observations) == len(observed):
                kept[row_of[patient]] = True
                self._enter(known, row_of[patient], observations)
            else:
                rejects += _rejects(patient, source, observed)
        return replace(known.cohort(names, kept), rejects=tuple(sorted(rejects)), referred=len(referred))

    def _enter(self, known: KnownOfPatients, row: int, observations: list[Observation]) -> None:
        """Enter what the reference observed of a patient, and nothing else."""
        known.forget(row)
        facts = self.guideline.reader.read(observations)
        for derived in (False, True):
            known.enter(literals_of(f for f in facts if (f.by == DERIVED) == derived), row, derived=derived)
        for act in proposed_in(observations):
            known.proposed[act][row] = True

    def _lost(self, block: TripleBlock, lost: Codes, source: str) -> Iterable[Reject]:
        """The nodes that belong to no patient, as the reference refuses them."""
        if not len(lost):
            return []
        data = block.lines(np.flatnonzero(np.isin(block.subject[: block.recorded], lost)))
        problems = self.guideline.reference.stray_problems(data, source, self.as_of)
        return [Reject(p.node or "", source, p.code, p.what, p.remedy) for p in problems]


def _referred(block: TripleBlock, observed: Callable[[Flags], Referred]) -> Referred:
    """The patients that need the reference: as it reads them together, or else apart who have nothing in common."""
    chosen = block.needs_reference
    if not chosen.any():
        return {}
    try:
        return observed(chosen)
    except RecordError:
        label = components(block.ties[:, 0], block.ties[:, 1], np.arange(len(chosen)))
        groups = (_alone(block, chosen & (label == one), observed) for one in np.unique(label[chosen]))
        return {patient: found for group in groups for patient, found in group.items()}


def _alone(block: TripleBlock, chosen: Flags, observed: Callable[[Flags], Referred]) -> Referred:
    """Patients who have something in common: each is refused for what is wrong with one."""
    try:
        return observed(chosen)
    except RecordError as error:
        return {block.term(code).strip("<>"): error.problems for code in block.patients[chosen].tolist()}


def _rejects(patient: str, source: str, found: Iterable[object]) -> set[Reject]:
    """What is wrong with a patient; one that is a blank node has no name, its label is the file's affair."""
    name = patient if ":" in patient and not patient.startswith("_:") else ""
    return {Reject(name, source, p.code, p.what, p.remedy) for p in found if isinstance(p, Problem)}
