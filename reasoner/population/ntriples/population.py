"""What is known of each patient of a block of triples, as masks of literals.

What `reasoner.records.plain` does for one record is done here by columns. Triples are judged by their context (the
class of their subject, their predicate, their object or its class), each context once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.population.ntriples.block import Block, Codes, Flags
from reasoner.population.ntriples.columns import distinct, gather_bits
from reasoner.population.ntriples.judge import Context, Verdict

Masks = NDArray[np.uint64]


@dataclass(frozen=True)
class Population:
    """The patients of a block of triples, by row.

    `pos` and `neg` say what is recorded of each, a word for each 64 atoms; `derived_pos` and `derived_neg` what rules
    add. `odd` are those whom the reference has to read. `proposed` are, by class of acts, those for whom one is
    proposed.
    """

    patients: pa.Array
    pos: Masks
    neg: Masks
    derived_pos: Masks
    derived_neg: Masks
    proposed: Mapping[str, Flags]
    odd: Flags


def read_population(block: Block) -> Population:
    """What `block` says of its patients; rules are run."""
    block.count_values()
    block.derive()
    block.find_repeated()
    return _Reading(block).population()


class _Reading:
    """One reading of a block: its rows, their contexts, and the verdict on each."""

    def __init__(self, block: Block) -> None:
        self.block, self.judge = block, block.judge
        self.size = len(block.patients)
        self._place_nodes()
        self.s, self.row, self.pair, self.derived = self._seen()
        self.context, self.verdicts = self._contexts()

    def _place_nodes(self) -> None:
        """By which functional property each node hangs on its patient, and whether a rule says so."""
        block = self.block
        names = [name for name in self.judge.functional if name in block.predicates]
        self.via = np.full(block.count, -1, np.int32)
        self.via_derived = np.zeros(block.count, bool)
        for name in names:
            rows = block.rows(name)
            rows = rows[block.said[block.objects(rows)]]
            nodes = block.objects(rows)
            block.mark(block.root[block.s[rows[self.via[nodes] >= 0]]])
            self.via[nodes] = block.predicates.index(name)
            self.via_derived[nodes[rows >= block.recorded]] = True

    def _seen(self) -> list[NDArray[Any]]:
        """The rows to look at: subject, its patient, pair, whether it is derived.

        `pair_value` is the object, or a node's class.

        A type that a rule gives to a node adds a pair, with a row for each link that leads to the node.
        """
        block = self.block
        self.pair_p = block.pair_p
        self.pair_node = block.owned[block.pair_o] & (block.pair_p != block.type)
        self.pair_value = np.where(self.pair_node, block.kind[block.pair_o], block.pair_o)
        self._forget_idle()
        derived = self.via_derived[block.s] if self.via_derived.any() else np.zeros(len(block.s), bool)
        derived[block.recorded :] = True
        found = block.s, block.root[block.s], block.pair, derived
        kept = found[1] >= 0
        every = [found if kept.all() else tuple(column[kept] for column in found), *self._typed()]
        return [np.concatenate(columns) if len(columns) > 1 else columns[0] for columns in zip(*every, strict=True)]

    def _forget_idle(self) -> None:
        """Take the values of properties from which nothing follows for one and the same."""
        block = self.block
        idle = np.array([self.judge.is_idle(name) for name in block.predicates], bool)
        pairs = np.flatnonzero(idle[block.pair_p] & ~self.pair_node)
        if len(pairs):
            suspect = self.judge.suspect(block.terms.take(pa.array(block.pair_o[pairs])))
            self.pair_value[pairs[~suspect]] = -1

    def _typed(self) -> Iterator[tuple[Codes, Codes, Codes, Flags]]:
        """The rows for types that rules gave."""
        block = self.block
        typed = np.arange(block.recorded, len(block.s))
        typed = typed[block.pair_p[block.pair[typed]] == block.type]
        kinds = block.objects(typed)
        for kind in np.unique(kinds):
            given = np.zeros(block.count, bool)
            given[block.s[typed[kinds == kind]]] = True
            links = block.rows_of(self.pair_node[: len(block.pair_p)] & given[block.pair_o])
            pairs = np.arange(len(self.pair_p), len(self.pair_p) + len(links), dtype=np.int32)
            self.pair_p = np.append(self.pair_p, block.pair_p[block.pair[links]])
            self.pair_node = np.append(self.pair_node, np.ones(len(links), bool))
            self.pair_value = np.append(self.pair_value, np.full(len(links), kind, np.int32))
            yield block.s[links], block.root[block.s[links]], pairs, np.ones(len(links), bool)

    def _contexts(self) -> tuple[NDArray[Any], list[Verdict]]:
        """For each row the number of its context, and the verdict on each context."""
        block = self.block
        kinds, kind = _compact(block.kind, block.count)
        hangs, via = _compact(self.via, len(block.predicates))
        nodes, pairs = (np.arange(size, dtype=np.int32) for size in (block.count, len(self.pair_p)))
        roles, role = distinct(kind, nodes, via, nodes, len(hangs))
        values, value = _compact(self.pair_value, block.count)
        ends, end = distinct(self.pair_p * 2 + self.pair_node, pairs, value, pairs, len(values))
        contexts, context = distinct(role, self.s, end, self.pair, len(ends))
        named, valued = (
            [block.term(code) if code >= 0 else "" for code in codes.tolist()] for codes in (kinds, values)
        )
        verdicts = []
        for number in contexts.tolist():
            k, v = divmod(int(roles[number // len(ends)]), len(hangs))
            pn, o = divmod(int(ends[number % len(ends)]), len(values))
            verdicts.append(self.judge.verdict(Context(
                kind=named[k], via=block.predicates[hangs[v]] if hangs[v] >= 0 else "",
                predicate=block.predicates[pn // 2], node=bool(pn % 2), value=valued[o],
            )))  # fmt: skip
        return context, verdicts

    def population(self) -> Population:
        """All that the verdicts on its rows say of each patient."""
        block = self.block
        fine = np.array([verdict.ok for verdict in self.verdicts], bool)
        if not fine.all():
            block.mark(self.row[~fine[self.context]])
        block.mark(np.flatnonzero(self._touched()))
        masks = [self._known(derived) for derived in (False, True)]
        names = pc.utf8_slice_codeunits(block.terms.take(pa.array(block.patients)), 1, -1)
        return Population(names, *masks[0], *masks[1], self._proposed(), block.odd)

    def _known(self, derived: bool) -> tuple[Masks, Masks]:
        """The literals that recorded rows, or derived ones, give each patient: those true and those false."""
        width = self.judge.words
        found = self._gathered([[mask >> 64 * word & (1 << 64) - 1 for word in range(width) for mask in (v.pos, v.neg)]
                                for v in self.verdicts], self.derived == derived)  # fmt: skip
        return found[:, 0::2], found[:, 1::2]

    def _touched(self) -> Flags:
        """The patients that a shape or rule outside the fragment may touch."""
        met = self._gathered([[verdict.needs] for verdict in self.verdicts], np.ones(len(self.row), bool))[:, 0]
        touched = np.zeros(self.size, bool)
        for need in self.judge.beyond:
            touched |= met & np.uint64(need) == np.uint64(need)
        return touched

    def _gathered(self, given: list[list[int]], rows: Flags) -> Masks:
        """For each patient all bits that some rows give; `given` by context."""
        found = np.zeros((self.size, len(given[0]) if given else 1), np.uint64)
        if rows.any():
            gather_bits(self.row, self.context, rows, np.array(given, np.uint64).reshape(-1, found.shape[1]), found)
        return found

    def _proposed(self) -> dict[str, Flags]:
        """For each class of acts the patients for whom one is proposed."""
        actions = [verdict.action for verdict in self.verdicts]
        found: dict[str, Flags] = {}
        for action in sorted(set(actions) - {""}):
            rows = np.array([one == action for one in actions], bool)[self.context]
            found[action] = np.zeros(self.size, bool)
            found[action][self.row[rows]] = True
        return found


def _compact(codes: Codes, count: int) -> tuple[Codes, Codes]:
    """The distinct codes (-1 among them), and each code's place among them."""
    marked = np.zeros(count + 1, bool)
    marked[codes] = True  # -1 marks the last
    found = np.flatnonzero(marked)
    place = np.zeros(count + 1, np.int32)
    place[found] = np.arange(len(found), dtype=np.int32)
    return np.where(found == count, -1, found).astype(np.int32), place[codes]
