"""A block of triples by columns: what each node is, whose it is, which patients are odd, and what rules add.

A patient whose record is not certainly plain (a node of two patients, two types of one node, too many values of a
property) is `odd`: the reference reads it.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.contract import All, CountShape, Rule, Target
from reasoner.judge import PATIENT, TYPE, Judge
from reasoner.matching import matches
from reasoner.triples import Triples

Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]

#: How deep a node may hang below its patient and still be found; below the first level the record is odd.
_DEEPEST = 8


class Block:
    """A block of triples: what each node is, whose it is, and which patients are odd."""

    def __init__(self, triples: Triples, judge: Judge) -> None:
        self.judge, self.triples = judge, triples
        self.predicates: list[str] = triples.predicates.to_pylist()
        self.terms = triples.nodes
        self.extra: list[str] = []
        self.s, self.pair = triples.subject, triples.pair
        self.pair_p, self.pair_o = triples.pair_predicate, triples.pair_object
        self.recorded = len(self.s)
        self.type = self.predicates.index(TYPE) if TYPE in self.predicates else -1
        self.said = np.arange(self.count) < triples.subjects
        self._sort_nodes()
        self._find_owners()

    @property
    def count(self) -> int:
        """How many terms there are."""
        return len(self.terms) + len(self.extra)

    def term(self, code: int) -> str:
        """A term as N-Triples write it."""
        known = len(self.terms)
        return self.terms[code].as_py() if code < known else self.extra[code - known]

    def rows(self, predicate: str) -> NDArray[np.intp]:
        """The rows of a predicate."""
        if predicate not in self._rows:
            here = self.predicates.index(predicate) if predicate in self.predicates else -1
            self._rows[predicate] = np.flatnonzero(self._predicate == here) if here >= 0 else np.zeros(0, np.intp)
        return self._rows[predicate]

    def rows_of(self, pairs: Flags) -> NDArray[np.intp]:
        """The rows of the pairs that are marked."""
        return np.flatnonzero(pairs[self.pair]) if pairs.any() else np.zeros(0, np.intp)

    def objects(self, rows: NDArray[np.intp]) -> Codes:
        """The objects of rows."""
        return self.pair_o[self.pair[rows]]

    @cached_property
    def _rows(self) -> dict[str, NDArray[np.intp]]:
        return {}

    @cached_property
    def _predicate(self) -> NDArray[Any]:
        """The predicate of each row, in as few bytes as will do."""
        small = np.int8 if len(self.predicates) < 100 else np.int32
        return self.pair_p.astype(small)[self.pair]

    @cached_property
    def spoken(self) -> Flags:
        """Which predicates are words of the guideline, rdf:type left out."""
        return np.array([self.judge.speaks(name) and name != TYPE for name in self.predicates], bool)

    # -- what nodes are, and whose --

    def _sort_nodes(self) -> None:
        """The class of each node, where it has one type, and the patients."""
        rows = self.rows(TYPE)
        typed, kinds = self.s[rows], self.objects(rows)
        self.kind = np.full(self.count, -1, np.int32)
        self.kind[typed] = kinds
        self.types = np.bincount(typed, minlength=self.count)
        patient = self.code(PATIENT)
        of_patients = typed[kinds == patient]
        order = np.unique(of_patients, return_index=True)[1]
        self.patients = of_patients[np.sort(order)]
        self.is_patient = np.zeros(self.count, bool)
        self.is_patient[self.patients] = True

    def code(self, term: str, typed: bool = True) -> int:
        """The code of a term, -1 where it does not occur; with `typed` of a term that occurs as a type."""
        return self._codes.get(term, -1 if typed else int(pc.index(self.terms, term).as_py()))

    @cached_property
    def _codes(self) -> dict[str, int]:
        return {self.term(code): int(code) for code in np.unique(self.pair_o[self.pair_p == self.type])}

    def _find_owners(self) -> None:
        """The patient of each node: `root` holds its row, or -1. What belongs to two, or hangs deeper, is odd."""
        led = self.spoken[self.pair_p] & self.said[self.pair_o] & ~self.is_patient[self.pair_o]
        self.links = self.rows_of(led)
        start, end = self.s[self.links], self.objects(self.links)
        above = np.full(self.count, -1, np.int32)
        above[end] = start
        above[self.patients] = self.patients
        root = above
        for _ in range(_DEEPEST if not self.is_patient[start].all() else 0):
            root = np.where(root >= 0, above[root], -1)
        row = np.full(self.count, -1, np.int32)
        row[self.patients] = np.arange(len(self.patients), dtype=np.int32)
        self.root = np.where((root >= 0) & self.is_patient[root], row[root], -1)
        self.owned = (self.root >= 0) & ~self.is_patient
        self.odd = np.zeros(len(self.patients), bool)
        self.mark(self.root[(self.root >= 0) & (self.types != 1) & self.said])
        self.mark(np.flatnonzero(pc.starts_with(self.terms.take(pa.array(self.patients)), "_")))
        bad = (above[end] != start) | ~self.is_patient[start]
        self.mark(self.root[start[bad]])
        self.mark(self.root[end[bad]])

    def mark(self, rows: NDArray[np.integer]) -> None:
        """Mark the patients at these rows, where there are any (-1: none), as odd."""
        self.odd[rows[rows >= 0]] = True

    def strays(self) -> Codes:
        """The nodes of which the block says something in the guideline's words, and that no patient leads to."""
        lost = np.flatnonzero(self.root[: self.triples.subjects] < 0)
        if not len(lost):
            return lost.astype(np.int32)
        told = self.spoken[self.pair_p]
        typed = np.flatnonzero(self.pair_p == self.type)
        told[typed] = [self.judge.speaks(self.term(code)) for code in self.pair_o[typed].tolist()]
        return np.unique(self.s[np.isin(self.s, lost) & told[self.pair]])

    def missing(self) -> int:
        """How many findings or acts are named of which the block says nothing."""
        led = np.array([name in self.judge.node_properties for name in self.predicates], bool)
        return int(np.count_nonzero(led[self.pair_p] & ~self.said[self.pair_o]))

    # -- shapes that count --

    def count_values(self) -> None:
        """Mark the patients whose record has too few or too many values somewhere."""
        for shape in self.judge.contract.counts:
            rows = self.rows(f"<{shape.path}>")
            passing = self.s[rows if shape.test == All(()) else rows[self._passing(shape, rows)]]
            least = shape.low > 0
            if least or (len(passing) and self._too_many(shape, passing)):
                focus = self._focus(shape.targets)
                found = np.bincount(passing, minlength=self.count)
                wrong = focus & (found < shape.low)
                if shape.high is not None:
                    wrong |= focus & (found > shape.high)
                nodes = np.flatnonzero(wrong)
                self.mark(self.root[nodes])

    def _too_many(self, shape: CountShape, passing: Codes) -> bool:
        return shape.high is not None and int(np.bincount(passing).max()) > shape.high

    def _passing(self, shape: CountShape, rows: NDArray[np.intp]) -> Flags:
        values = self.objects(rows)
        passes = np.zeros(self.count, bool)
        for code in np.unique(values):
            passes[code] = self.judge.counted(shape, self.term(int(code)))
        return passes[values]

    def _focus(self, targets: tuple[Target, ...]) -> Flags:
        """The nodes that a shape looks at."""
        focus = np.zeros(self.count, bool)
        for target in targets:
            for iri in target.iris:
                if target.kind == "class":
                    focus |= self.kind == self.code(f"<{iri}>") if self.code(f"<{iri}>") >= 0 else False
                else:
                    rows = self.rows(f"<{iri}>")
                    focus[self.s[rows] if target.kind == "subjects" else self.objects(rows)] = True
        return focus

    # -- rules --

    def derive(self) -> None:
        """Add what the compiled rules give, until they give nothing more."""
        grown = True
        while grown:
            grown = any([self._apply(rule) for rule in self.judge.contract.rules])  # noqa: C419 - every rule runs

    def _apply(self, rule: Rule) -> bool:
        found = matches(rule, self._frame)
        if found.is_empty():
            return False
        grown = False
        for give in rule.give:
            subject = found[give.subject].to_numpy()
            value = found[give.object].to_numpy() if not give.values else self._added(f"<{give.values[0]}>")
            grown |= self._add(subject, f"<{give.predicate}>", np.broadcast_to(value, subject.shape))
        return grown

    def _frame(self, predicate: str, values: tuple[str, ...]) -> pl.DataFrame:
        """The triples of a predicate, whose objects are among `values` where there are any."""
        rows = self.rows(f"<{predicate}>")
        if values:
            wanted = [self.code(f"<{value}>", typed=f"<{predicate}>" == TYPE) for value in values]
            rows = rows[self._among([code for code in wanted if code >= 0])[self.objects(rows)]]
        return pl.DataFrame({"s": self.s[rows], "o": self.objects(rows)})

    def _among(self, codes: list[int]) -> Flags:
        found = np.zeros(self.count, bool)
        found[codes] = True
        return found

    def _added(self, term: str) -> Codes:
        """The code of a term that a rule writes."""
        if term not in self._codes:
            self._codes[term] = self.count
            self.extra.append(term)
            for name in ("said", "is_patient", "owned"):
                setattr(self, name, np.append(getattr(self, name), False))
            self.kind, self.root = np.append(self.kind, np.int32(-1)), np.append(self.root, np.int32(-1))
        return np.array(self._codes[term], np.int32)

    def _add(self, subject: Codes, predicate: str, value: Codes) -> bool:
        """Add triples that are not there yet; whether any was."""
        known = self.rows(predicate)
        width = np.int64(self.count)
        new = ~np.isin(subject * width + value, self.s[known] * width + self.objects(known))
        if not new.any():
            return False
        if predicate not in self.predicates:
            self.predicates.append(predicate)
        code, size = np.int32(self.predicates.index(predicate)), int(new.sum())
        self.s = np.append(self.s, subject[new])
        self.pair = np.append(self.pair, np.arange(len(self.pair_p), len(self.pair_p) + size, dtype=np.int32))
        self.pair_p = np.append(self.pair_p, np.full(size, code, np.int32))
        self.pair_o = np.append(self.pair_o, value[new].astype(np.int32))
        self._rows.pop(predicate, None)
        self.__dict__.pop("_predicate", None)
        return True
