"""The contexts of a block's triples, and what the verdicts on them say of each patient.

What `reasoner.records.validate` does for one record is done here by columns: each context is classified once.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from reasoner.population.ntriples.classifier import Context, TripleClassifier, Verdict
from reasoner.population.ntriples.loops import distinct, gather_bits
from reasoner.population.ntriples.triple_block import Codes, Flags, TripleBlock

#: For each patient 64 bits in each word; shape (patients, words).
Masks = NDArray[np.uint64]


class KnownOfPatients(NamedTuple):
    """What is known of each patient of a block.

    The four masks have a bit for each atom: known true, known false, and each of these by rules alone. `proposed` has
    by class of acts the patients for whom one is proposed.
    """

    pos: Masks
    neg: Masks
    derived_pos: Masks
    derived_neg: Masks
    proposed: dict[str, Flags]


def known_of_patients(block: TripleBlock, classifier: TripleClassifier) -> KnownOfPatients:
    """What a completed block says of its patients; who does not certainly conform is left to the reference."""
    contexts = _Contexts(block, classifier)
    contexts.refer()
    return contexts.known()


class _Contexts:
    """The rows of a block, their contexts, and the verdict on each."""

    def __init__(self, block: TripleBlock, classifier: TripleClassifier) -> None:
        self.block, self.classifier = block, classifier
        self._find_functional_links()
        self._find_pairs()
        columns = [self._recorded_rows(), *self._typed_rows()]
        self.subject, self.row, self.pair, self.derived = (
            np.concatenate(parts) if len(parts) > 1 else parts[0] for parts in zip(*columns, strict=True)
        )
        self.context, self.verdicts = self._classified()

    def _find_functional_links(self) -> None:
        """By which functional property each node hangs on its patient, and whether a rule says so."""
        block = self.block
        self.via = np.full(block.count, -1, np.int32)
        self.via_derived = np.zeros(block.count, bool)
        for name in (name for name in self.classifier.functional if name in block.predicates):
            rows = block.rows(name)
            rows = rows[block.described[block.objects(rows)]]
            nodes = block.objects(rows)
            block.refer(block.root[block.subject[rows[self.via[nodes] >= 0]]])
            self.via[nodes] = block.predicates.index(name)
            self.via_derived[nodes[rows >= block.recorded]] = True

    def _find_pairs(self) -> None:
        """Of each pair the predicate, whether its object is a node, and the object or, of a node, its class.

        The values of properties from which nothing follows count as one and the same.
        """
        block, classifier = self.block, self.classifier
        self.pair_predicate, value = block.pair_predicate, block.pair_object
        self.pair_node = block.owned[value] & (block.pair_predicate != block.type)
        self.pair_value = np.where(self.pair_node, block.kind[value], value)
        idle = np.array([classifier.is_idle(name) for name in block.predicates], bool)
        pairs = np.flatnonzero(idle[block.pair_predicate] & ~self.pair_node)
        if len(pairs):
            suspect = classifier.suspect(block.terms.take(pa.array(value[pairs])))
            self.pair_value[pairs[~suspect]] = -1

    def _recorded_rows(self) -> tuple[Codes, Codes, Codes, Flags]:
        """The rows of patients' records: subject, patient, pair, whether it is derived."""
        block = self.block
        derived = self.via_derived[block.subject]
        derived[block.recorded :] = True
        found = block.subject, block.root[block.subject], block.pair, derived
        kept = found[1] >= 0
        return found if kept.all() else (found[0][kept], found[1][kept], found[2][kept], found[3][kept])

    def _typed_rows(self) -> Iterator[tuple[Codes, Codes, Codes, Flags]]:
        """A row for each link that leads to a node of which rules gave the type, with a pair of that type."""
        block = self.block
        typed = np.arange(block.recorded, len(block.subject))
        typed = typed[block.pair_predicate[block.pair[typed]] == block.type]
        kinds = block.objects(typed)
        for kind in np.unique(kinds):
            given = np.zeros(block.count, bool)
            given[block.subject[typed[kinds == kind]]] = True
            links = block.rows_of(self.pair_node[: len(block.pair_object)] & given[block.pair_object])
            pairs = np.arange(len(self.pair_node), len(self.pair_node) + len(links), dtype=np.int32)
            self.pair_predicate = np.append(self.pair_predicate, block.pair_predicate[block.pair[links]])
            self.pair_node = np.append(self.pair_node, np.ones(len(links), bool))
            self.pair_value = np.append(self.pair_value, np.full(len(links), kind, np.int32))
            yield block.subject[links], block.root[block.subject[links]], pairs, np.ones(len(links), bool)

    def _classified(self) -> tuple[NDArray[Any], list[Verdict]]:
        """For each row the number of its context, and the verdict on each context."""
        block = self.block
        kinds, kind = _compact(block.kind, block.count)
        hangs, via = _compact(self.via, len(block.predicates))
        nodes, pairs = (np.arange(size, dtype=np.int32) for size in (block.count, len(self.pair_predicate)))
        roles, role = distinct(kind, nodes, via, nodes, len(hangs))
        values, value = _compact(self.pair_value, block.count)
        ends, end = distinct(self.pair_predicate * 2 + self.pair_node, pairs, value, pairs, len(values))
        contexts, context = distinct(role, self.subject, end, self.pair, len(ends))
        named, valued = (
            [block.term(code) if code >= 0 else "" for code in codes.tolist()] for codes in (kinds, values)
        )
        verdicts = []
        for number in contexts.tolist():
            k, v = divmod(int(roles[number // len(ends)]), len(hangs))
            pn, o = divmod(int(ends[number % len(ends)]), len(values))
            verdicts.append(self.classifier.verdict(Context(
                kind=named[k], via=block.predicates[hangs[v]] if hangs[v] >= 0 else "",
                predicate=block.predicates[pn // 2], node=bool(pn % 2), value=valued[o],
            )))  # fmt: skip
        return context, verdicts

    def refer(self) -> None:
        """Leave to the reference whose triples do not all conform, or may touch what lies outside the fragment."""
        conforming = np.array([verdict.conforms for verdict in self.verdicts], bool)
        if not conforming.all():
            self.block.refer(self.row[~conforming[self.context]])
        needs = self._gathered([[verdict.needs] for verdict in self.verdicts], np.ones(len(self.row), bool))[:, 0]
        for need in self.classifier.beyond:
            self.block.refer(np.flatnonzero(needs & np.uint64(need) == np.uint64(need)))

    def known(self) -> KnownOfPatients:
        """What the verdicts say of each patient."""
        pos, neg = self._literals(~self.derived)
        more_pos, more_neg = self._literals(self.derived)
        return KnownOfPatients(pos | more_pos, neg | more_neg, more_pos & ~pos, more_neg & ~neg, self._proposed())

    def _literals(self, rows: Flags) -> tuple[Masks, Masks]:
        """The literals that some rows give each patient: those true and those false."""
        words = range(-(-self.classifier.atoms // 64))
        found = self._gathered([[mask >> 64 * word & (1 << 64) - 1 for word in words for mask in (v.pos, v.neg)]
                                for v in self.verdicts], rows)  # fmt: skip
        return found[:, 0::2], found[:, 1::2]

    def _gathered(self, given: list[list[int]], rows: Flags) -> Masks:
        """For each patient all bits that some rows give; `given` by context."""
        found = np.zeros((len(self.block.patients), len(given[0]) if given else 1), np.uint64)
        if rows.any():
            gather_bits(self.row, self.context, rows, np.array(given, np.uint64).reshape(-1, found.shape[1]), found)
        return found

    def _proposed(self) -> dict[str, Flags]:
        """For each class of acts the patients for whom one is proposed."""
        actions = [verdict.action for verdict in self.verdicts]
        found: dict[str, Flags] = {}
        for action in sorted(set(actions) - {""}):
            rows = np.array([one == action for one in actions], bool)[self.context]
            found[action] = np.zeros(len(self.block.patients), bool)
            found[action][self.row[rows]] = True
        return found


def _compact(codes: Codes, count: int) -> tuple[Codes, Codes]:
    """The distinct codes (-1 among them), and each code's position among them."""
    marked = np.zeros(count + 1, bool)
    marked[codes] = True  # -1 marks the last
    found = np.flatnonzero(marked)
    position = np.zeros(count + 1, np.int32)
    position[found] = np.arange(len(found), dtype=np.int32)
    return np.where(found == count, -1, found).astype(np.int32), position[codes]
