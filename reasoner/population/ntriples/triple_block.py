"""A block of triples by columns: read from lines, completed by rules, and turned into a cohort of patients."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.records.contract import PATIENT as _PATIENT
from reasoner.records.contract import TYPE as _TYPE

Codes: TypeAlias = NDArray[np.int32]
Positions: TypeAlias = NDArray[np.intp]
Flags: TypeAlias = NDArray[np.bool_]

#: rdf:type and gp:Patient as N-Triples write them.
TYPE, PATIENT = f"<{_TYPE}>", f"<{_PATIENT}>"


@dataclass(eq=False, repr=False)
class TripleBlock:
    """A block of triples, as a set: equal triples may stand twice. All codes are positions, counted from 0.

    `terms` are the distinct terms, as canonical N-Triples write them; `described` are those that are subjects of what
    was read. A pair is a predicate with an object; each distinct pair has one code, and `pair` has one for each row.
    Behind the `recorded` rows stand those that rules gave.
    """

    subject: Codes
    pair: Codes
    pair_predicate: Codes
    pair_object: Codes
    terms: pa.StringArray
    predicates: list[str]
    described: Flags

    # What `owners` finds. By node: its class where it has one type (-1: none), and the row of its patient (-1: none).
    kind: Codes = field(init=False)
    root: Codes = field(init=False)
    #: The nodes that are patients, in the order in which they are first typed.
    patients: Codes = field(init=False)
    is_patient: Flags = field(init=False)
    #: The nodes of patients' records, without the patients.
    owned: Flags = field(init=False)
    #: The codes of terms that the guideline names; and by code whether it declares a term.
    codes: dict[str, int] = field(init=False)
    is_declared: Flags = field(init=False)
    #: By predicate: whether it is a word of the guideline, rdf:type left out.
    in_namespace: Flags = field(init=False)
    #: By patient: whether the reference has to read the record; and pairs of patients of which it has to read both.
    needs_reference: Flags = field(init=False)
    ties: Codes = field(init=False)

    def __post_init__(self) -> None:
        self.recorded = len(self.subject)

    @property
    def count(self) -> int:
        """How many codes of terms there are."""
        return len(self.terms)

    def term(self, code: int) -> str:
        """A term as N-Triples write it."""
        found: str = self.terms[code].as_py()
        return found

    def flags(self, codes: Codes | list[int]) -> Flags:
        """By code of a term, whether it is one of these."""
        found = np.zeros(self.count, bool)
        found[codes] = True
        return found

    @property
    def type(self) -> int:
        """The code of rdf:type among the predicates; -1 where nothing is typed."""
        return self.predicates.index(TYPE) if TYPE in self.predicates else -1

    # -- rows --

    def rows(self, predicate: str) -> Positions:
        """The rows of a predicate."""
        if predicate not in self.predicates:
            return np.zeros(0, np.intp)
        rows, ends = self._by_predicate
        here = self.predicates.index(predicate)
        return rows[ends[here] : ends[here + 1]]

    @cached_property
    def _by_predicate(self) -> tuple[Positions, Positions]:
        """The rows, those of one predicate together, and where those of each begin."""
        return grouped(self.pair_predicate[self.pair], len(self.predicates))

    def rows_of(self, pairs: Flags) -> Positions:
        """The rows of the pairs that are marked."""
        return np.flatnonzero(pairs[self.pair]) if pairs.any() else np.zeros(0, np.intp)

    def objects(self, rows: Positions) -> Codes:
        """The objects of rows."""
        return self.pair_object[self.pair[rows]]

    def add(self, subject: Codes, predicate: str, value: Codes) -> bool:
        """Add triples that are not there yet; whether any was."""
        known, width = self.rows(predicate), np.int64(self.count)
        new = ~np.isin(subject * width + value, self.subject[known] * width + self.objects(known))
        if not new.any():
            return False
        if predicate not in self.predicates:
            self.predicates.append(predicate)
        code, size = np.int32(self.predicates.index(predicate)), int(new.sum())
        self.subject = np.append(self.subject, subject[new])
        self.pair = np.append(self.pair, np.arange(len(self.pair_object), len(self.pair_object) + size, dtype=np.int32))
        self.pair_predicate = np.append(self.pair_predicate, np.full(size, code, np.int32))
        self.pair_object = np.append(self.pair_object, value[new].astype(np.int32))
        self.__dict__.pop("_by_predicate", None)
        return True

    def lines(self, rows: Positions) -> bytes:
        """The triples at these rows as N-Triples."""
        predicates = pa.array(self.predicates, pa.string())
        columns = (self.terms.take(pa.array(self.subject[rows])),
                   predicates.take(pa.array(self.pair_predicate[self.pair[rows]])),
                   self.terms.take(pa.array(self.objects(rows))))  # fmt: skip
        joined = pc.binary_join_element_wise(*columns, pa.scalar(".\n"), " ")
        return joined.buffers()[2].to_pybytes() if len(joined) else b""

    # -- patients --

    def refer(self, rows: NDArray[np.integer]) -> None:
        """Leave the patients at these rows, where there are any (-1: none), to the reference."""
        self.needs_reference[rows[rows >= 0]] = True

    def names(self, patients: Codes) -> pa.StringArray:
        """The IRIs of patients, without brackets."""
        return pc.utf8_slice_codeunits(self.terms.take(pa.array(patients)), 1, -1)


def grouped(kind: NDArray[np.integer], kinds: int) -> tuple[Positions, Positions]:
    """The rows, those of one kind together, each in order; and where each of so many kinds begins, and the end."""
    rows = np.argsort(kind.astype(np.min_scalar_type(kinds)), kind="stable")  # a radix sort up to 16 bits
    return rows, np.concatenate(([0], np.cumsum(np.bincount(kind, minlength=kinds))))
