"""The contexts of a block's triples, and what the verdicts on them say of each patient.

What `reasoner.records.validate` does for one record is done here by columns: each context is classified once.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from functools import reduce

import numpy as np
import polars as pl
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.kernel.cohort import Bitmaps, Cohort, words
from reasoner.kernel.transpose import bitmap
from reasoner.logic.clauses import bits
from reasoner.logic.theory import Literals
from reasoner.population.ntriples.classifier import Context, TripleClassifier, Verdict
from reasoner.population.ntriples.triple_block import TYPE, Codes, Flags, TripleBlock, grouped


class KnownOfPatients:
    """What is known of each patient of a block.

    `recorded` and `derived` are flags of shape (2, atoms, patients): known true, and known false, by what is recorded
    and by rules. `proposed` has by class of acts the patients for whom one is proposed.
    """

    def __init__(self, atoms: int, patients: int) -> None:
        self.recorded, self.derived = np.zeros((2, 2, atoms, patients), bool)
        self.proposed: dict[str, Flags] = defaultdict(lambda: np.zeros(patients, bool))

    def enter(self, literals: Literals, patients: Codes | int, *, derived: bool) -> None:
        """Enter what is known of some patients."""
        for side, atoms in zip(self.derived if derived else self.recorded, literals, strict=True):
            for atom in bits(atoms):
                side[atom, patients] = True

    def forget(self, patient: int) -> None:
        """Forget all that is known of a patient."""
        for flags in (self.recorded, self.derived, *self.proposed.values()):
            flags[..., patient] = False

    def cohort(self, names: pa.StringArray, kept: Flags) -> Cohort:
        """The patients of these names that are to be kept."""
        recorded, derived = self.recorded, self.derived
        if not kept.all():
            recorded, derived = np.compress(kept, recorded, axis=-1), np.compress(kept, derived, axis=-1)
        pos, neg = map(_bitmaps, recorded | derived)
        derived_pos, derived_neg = map(_bitmaps, derived & ~recorded)
        proposed = {act: bitmap(flags[kept]) for act, flags in self.proposed.items()}
        return Cohort(names.filter(pa.array(kept)), pos, neg, proposed, derived_pos, derived_neg)


def known_of_patients(block: TripleBlock, classifier: TripleClassifier) -> KnownOfPatients:
    """What a completed block says of its patients.

    Who does not certainly conform, or may touch what lies outside the fragment, is left to the reference.
    """
    found = KnownOfPatients(classifier.atoms, len(block.patients))
    having: dict[int, Flags] = defaultdict(lambda: np.zeros(len(block.patients), bool))
    for verdict, derived, patients in _Contexts(block, classifier).verdicts():
        if not verdict.conforms:
            block.refer(patients)
        found.enter(verdict.literals, patients, derived=derived)
        if verdict.action:
            found.proposed[verdict.action][patients] = True
        for need in bits(verdict.needs):
            having[need][patients] = True
    for needs in classifier.beyond:
        touched = reduce(np.logical_and, (having[need] for need in bits(needs)), np.ones(len(block.patients), bool))
        block.refer(np.flatnonzero(touched))
    return found


class _Contexts:
    """The contexts of the rows of a block.

    `via` has for each node the functional property by which it hangs on its patient. `predicate`, `node` and `value`
    are by pair; the value of a node is its class, and values from which nothing follows are all one, -1.
    """

    def __init__(self, block: TripleBlock, classifier: TripleClassifier) -> None:
        self.block, self.classifier = block, classifier
        self.via, self.via_derived = self._functional_links()
        self.predicate, self.node, self.value = self._pairs()

    def _functional_links(self) -> tuple[Codes, Flags]:
        """By which functional property each node hangs on its patient, and whether a rule says so."""
        block = self.block
        via, derived = np.full(block.count, -1, np.int32), np.zeros(block.count, bool)
        for name in (name for name in self.classifier.functional if name in block.predicates):
            rows = block.rows(name)
            rows = rows[block.described[block.objects(rows)]]
            nodes = block.objects(rows)
            block.refer(block.root[block.subject[rows[via[nodes] >= 0]]])
            via[nodes] = block.predicates.index(name)
            derived[nodes[rows >= block.recorded]] = True
        return via, derived

    def _pairs(self) -> tuple[Codes, Flags, Codes]:
        """For each pair its predicate, whether it leads to a node, and its value."""
        block, classifier = self.block, self.classifier
        node = block.owned[block.pair_object] & (block.pair_predicate != block.type)
        value = np.where(node, block.kind[block.pair_object], block.pair_object)
        idle = np.array([classifier.is_idle(name) for name in block.predicates], bool)
        pairs = np.flatnonzero(idle[block.pair_predicate] & ~node)
        suspect = classifier.suspect(block.terms.take(pa.array(block.pair_object[pairs])))
        value[pairs[~suspect]] = -1
        return block.pair_predicate, node, value

    def verdicts(self) -> Iterator[tuple[Verdict, bool, Codes]]:
        """The patients of whom triples have each verdict; those of derived triples apart."""
        block = self.block
        derived = self.via_derived[block.subject]
        derived[block.recorded :] = True
        columns = [(block.subject, block.pair, derived), self._typed_links()]
        subject, pair, derived = (np.concatenate(parts) for parts in zip(*columns, strict=True))
        of_patient = block.root[subject] >= 0
        if not of_patient.all():
            subject, pair, derived = subject[of_patient], pair[of_patient], derived[of_patient]
        number, verdicts = self._classified(subject, pair)
        rows, ends = grouped(number * 2 + derived, 2 * len(verdicts))
        patients = block.root[subject[rows]]
        for group in np.flatnonzero(np.diff(ends)).tolist():
            yield verdicts[group // 2], bool(group % 2), patients[ends[group] : ends[group + 1]]

    def _typed_links(self) -> tuple[Codes, Codes, Flags]:
        """A row for each link that leads to a node of which rules gave a type, with a new pair of that type."""
        block = self.block
        derived = block.rows(TYPE)[block.rows(TYPE) >= block.recorded]
        typed = pl.DataFrame({"node": block.subject[derived], "kind": block.objects(derived)})
        rows = block.rows_of(self.node & block.flags(block.subject[derived])[block.pair_object])
        links = pl.DataFrame({"row": rows, "node": block.objects(rows)}).join(typed, on="node")
        rows, first = links["row"].to_numpy(), len(self.node)
        self.predicate = np.append(self.predicate, block.pair_predicate[block.pair[rows]])
        self.node = np.append(self.node, np.ones(len(rows), bool))
        self.value = np.append(self.value, links["kind"].to_numpy())
        pairs = np.arange(first, first + len(rows), dtype=np.int32)
        return block.subject[rows], pairs, np.ones(len(rows), bool)

    def _classified(self, subject: Codes, pair: Codes) -> tuple[Codes, list[Verdict]]:
        """For each row the number of its verdict, and the distinct verdicts."""
        width = len(self.block.predicates) + 1
        roles, role = _distinct((self.block.kind + np.int64(1)) * width + self.via + 1)
        ends, end = _distinct((self.value + np.int64(1)) * 2 * width + self.predicate * 2 + self.node)
        contexts, context = _distinct(role[subject].astype(np.int64) * len(ends) + end[pair])
        verdicts: dict[Verdict, int] = {}
        numbers = []
        for at in contexts.tolist():
            kind, via = divmod(int(roles[at // len(ends)]), width)
            value, link = divmod(int(ends[at % len(ends)]), 2 * width)
            verdict = self.classifier.verdict(self._context(kind - 1, via - 1, link, value - 1))
            numbers.append(verdicts.setdefault(verdict, len(verdicts)))
        return np.array(numbers, np.int32)[context], list(verdicts)

    def _context(self, kind: int, via: int, link: int, value: int) -> Context:
        """The context of these codes, -1 where there is none; `link` is twice the predicate, and 1 more to a node."""
        block = self.block
        return Context(
            kind=block.term(kind) if kind >= 0 else "", via=block.predicates[via] if via >= 0 else "",
            predicate=block.predicates[link // 2], node=bool(link % 2), value=block.term(value) if value >= 0 else "",
        )  # fmt: skip


def _distinct(keys: NDArray[np.int64]) -> tuple[NDArray[np.int64], Codes]:
    """The distinct keys, and the position of each key among them."""
    encoded = pa.array(keys).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices.to_numpy()


def _bitmaps(flags: Flags) -> Bitmaps:
    """A bitmap for each row of flags."""
    return np.array([bitmap(row) for row in flags], np.uint64).reshape(len(flags), words(flags.shape[1]))
