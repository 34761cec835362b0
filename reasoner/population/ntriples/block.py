"""A block of triples by columns: what each node is, whose it is, which patients are odd, and what rules add.

A patient whose record is not certainly plain (a node of two patients, two types of one node, too many values of a
property) is `odd`: the reference reads it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import cached_property

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.kernel.cohort import NODE
from reasoner.population.ntriples.columns import counted, grouped
from reasoner.population.ntriples.judge import AS_OF, PATIENT, TYPE, TripleClassifier
from reasoner.population.ntriples.matching import matches
from reasoner.population.ntriples.triples import Triples
from reasoner.records.contract import All, CountShape, Rule, Target

Codes = NDArray[np.int32]
Flags = NDArray[np.bool_]


class Block:
    """A block of triples: what each node is, whose it is, and which patients are odd."""

    def __init__(self, triples: Triples, judge: TripleClassifier) -> None:
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
        if predicate not in self.predicates:
            return np.zeros(0, np.intp)
        rows, ends = self._rows
        here = self.predicates.index(predicate)
        return rows[ends[here] : ends[here + 1]]

    def rows_of(self, pairs: Flags) -> NDArray[np.intp]:
        """The rows of the pairs that are marked."""
        return np.flatnonzero(pairs[self.pair]) if pairs.any() else np.zeros(0, np.intp)

    def objects(self, rows: NDArray[np.intp]) -> Codes:
        """The objects of rows."""
        return self.pair_o[self.pair[rows]]

    @cached_property
    def _rows(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows, those of one predicate together, and where those of each begin."""
        return grouped(self.pair_p, self.pair, len(self.predicates))

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
        self.types = self._found(rows)
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
        """The patient of each node: `root` holds its row, or -1."""
        self.is_term = np.zeros(self.count, bool)
        subjects = self.terms.slice(0, self.triples.subjects)
        self.is_term[: len(subjects)] = pc.is_in(subjects, self.judge.terms).to_numpy(zero_copy_only=False)
        self.root = np.full(self.count, -1, np.int32)
        self.root[self.patients] = np.arange(len(self.patients), dtype=np.int32)
        node = self.said & ~self.is_patient & ~self.is_term
        self.links = self.rows_of(self.spoken[self.pair_p] & node[self.pair_o])
        start, end = self.s[self.links], self.objects(self.links)
        first = self.is_patient[start]
        self.root[end[first]] = self.root[start[first]]
        if not first.all():
            self._go_deeper(start[~first], end[~first])
        self.owned = (self.root >= 0) & ~self.is_patient
        self._find_odd(start, end)

    def _go_deeper(self, start: Codes, end: Codes) -> None:
        """Follow the links of nodes that are no patients, from those that a patient leads to."""
        below = defaultdict(list)
        for one, other in zip(start.tolist(), end.tolist(), strict=True):
            below[one].append(other)
        reached = [node for node in below if self.root[node] >= 0]
        for node in reached:
            new = [other for other in below[node] if self.root[other] < 0]
            self.root[new] = self.root[node]
            reached += new

    def _find_odd(self, start: Codes, end: Codes) -> None:
        """Mark the patients whose nodes are not each of one type, and one link away from one patient.

        `ties` are pairs of patients of which the reference has to read both.
        """
        self.odd = np.zeros(len(self.patients), bool)
        self.mark(self.root[(self.root >= 0) & (self.types != 1) & self.said])
        self.mark(np.flatnonzero(pc.starts_with(self.terms.take(pa.array(self.patients)), "_")))
        self.mark(self.root[start[~self.is_patient[start]]])
        self.mark(self.root[[code for code in [self.code(AS_OF, typed=False)] if code >= 0]])
        rows = self._named()
        start, end = np.append(start, self.s[rows]), np.append(end, self.objects(rows))
        self.mark(self.root[self.s[rows]])
        pairs = np.stack([self.root[start], self.root[end]], axis=1)
        self.ties = pairs[(pairs[:, 0] != pairs[:, 1]) & (pairs >= 0).all(axis=1)]
        self.mark(self.ties.ravel())

    def _named(self) -> NDArray[np.intp]:
        """The rows that name a patient in the guideline's words, or otherwise a node that the guideline may look at."""
        linked = self.said[self.pair_o] & (self.pair_p != self.type)
        spoken = self.spoken[self.pair_p]
        foreign = np.flatnonzero(linked & ~spoken)
        linked &= spoken & self.is_patient[self.pair_o]
        for pair in foreign.tolist():
            linked[pair] = self.judge.looks_at(self.predicates[self.pair_p[pair]], self.term(self.pair_o[pair]))
        return self.rows_of(linked)

    def mark(self, rows: NDArray[np.integer]) -> None:
        """Mark the patients at these rows, where there are any (-1: none), as odd."""
        self.odd[rows[rows >= 0]] = True

    def strays(self) -> Codes:
        """The nodes that no patient leads to and that may not stand so, by what the block says of them."""
        lost = np.zeros(self.count, bool)
        lost[: self.triples.subjects] = self.root[: self.triples.subjects] < 0
        rows = np.flatnonzero(lost[self.s]) if lost.any() else np.zeros(0, np.intp)
        pairs = np.unique(self.pair[rows])
        values = self.terms.take(pa.array(self.pair_o[pairs]))
        wrong = np.zeros(len(self.pair_p), bool)
        wrong[pairs] = self.judge.wrong(self.pair_p[pairs], self.predicates, values, self.said[self.pair_o[pairs]])
        return np.unique(self.s[rows[wrong[self.pair[rows]] | self.is_term[self.s[rows]]]])

    def names(self, source: str, *, labels: bool) -> pa.StringArray:
        """The nodes of all records, IRIs as every file has them and `labels` as no other file has such a name.

        None of them is the name of a patient, and labels that the reader made are left out.
        """
        nodes = self.terms.take(pa.array(np.flatnonzero(self.owned[: self.triples.subjects])))
        labelled = pc.starts_with(nodes, "_")
        if not labels:
            nodes = nodes.filter(pc.invert(labelled))
            return pc.binary_join_element_wise(nodes, "", NODE)
        if self.triples.made:
            kept = pc.invert(pc.starts_with(nodes, self.triples.made))
            nodes, labelled = nodes.filter(kept), labelled.filter(kept)
        return pc.binary_join_element_wise(nodes, pc.if_else(labelled, source, ""), NODE)

    def owners(self, names: Collection[str]) -> list[str]:
        """The patients in whose records the nodes of such names stand."""
        codes = [self.code(name.partition(NODE)[0], typed=False) for name in names]
        rows = np.unique(self.root[[code for code in codes if code >= 0]])
        return [self.term(code)[1:-1] for code in self.patients[rows[rows >= 0]].tolist()]

    def missing(self) -> int:
        """How many nodes are named in the guideline's words of which the block says nothing."""
        named = self.spoken[self.pair_p] & ~self.said[self.pair_o]
        nodes = self.terms.take(pa.array(np.unique(self.pair_o[named])))
        return len(nodes) - self.judge.count_leaves(nodes)

    def around(self, rows: Flags, strays: Codes) -> NDArray[np.intp]:
        """The rows of all that is said of some patients and, by others' words, of what they name."""
        mine = (self.root >= 0) & rows[self.root]
        foreign = self.said & (self.root < 0)
        foreign[strays] = False
        size = 0
        while size != (size := int(mine.sum())):
            found = self.objects(np.flatnonzero(mine[self.s])) if foreign.any() else np.zeros(0, np.int32)
            mine[found[foreign[found]]] = True
        return np.flatnonzero(mine[self.triples.subject])

    # -- shapes that count --

    def count_values(self) -> None:
        """Mark the patients whose record has too few or too many values somewhere."""
        for shape in self.judge.contract.counts:
            rows = self.rows(f"<{shape.path}>")
            sure, maybe = self._passing(shape, rows)
            high = len(rows) if shape.high is None else shape.high
            many = self._found(maybe) > high if len(maybe) > high else self._none
            if shape.low > 0 or many.any():
                self._mark_at(shape, self._focus(shape.targets) & (many | (self._found(sure) < shape.low)))

    @property
    def _none(self) -> Flags:
        return np.zeros(self.count, bool)

    def _found(self, rows: NDArray[np.intp]) -> NDArray[np.intp]:
        """How many different values each node has in these rows."""
        found, most = counted(self.s, rows, self.count)
        if most > 1:
            several = rows[found[self.s[rows]] > 1]
            same = np.unique(self.s[several] * np.int64(len(self.pair_p)) + self.pair[several], return_index=True)[1]
            found[self.s[several]] = 0
            found += np.bincount(self.s[several[same]], minlength=self.count)
        return found

    def _passing(self, shape: CountShape, rows: NDArray[np.intp]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """The rows whose value certainly counts, and those whose value may."""
        if shape.test == All(()):
            return rows, rows
        values = self.objects(rows)
        sure, maybe = self._none, self._none
        for code in np.unique(values).tolist():
            passes = self.judge.counted(shape, self.term(code))
            sure[code], maybe[code] = passes is True, passes is not False
        return rows[sure[values]], rows[maybe[values]]

    def _mark_at(self, shape: CountShape, wrong: Flags) -> None:
        """Mark the patients of the nodes that are wrong, and those who name one of which nothing is said."""
        self.mark(self.root[np.flatnonzero(wrong)])
        for iri in {iri for target in shape.targets if target.kind == "objects" for iri in target.iris}:
            rows = self.rows(f"<{iri}>")
            self.mark(self.root[self.s[rows[wrong[self.objects(rows)]]]])

    def find_repeated(self) -> None:
        """Mark the patients whose record gives two values where the theory has one."""
        for name in self.judge.single:
            rows = self.rows(name)
            self.mark(self.root[np.flatnonzero(self._found(rows) > 1)])

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
        found = matches(rule, self._told)
        if found.is_empty():
            return False
        grown = False
        for give in rule.give:
            subject = found[give.subject].to_numpy()
            value = found[give.object].to_numpy() if not give.values else self._added(f"<{give.values[0]}>")
            grown |= self._add(subject, f"<{give.predicate}>", np.broadcast_to(value, subject.shape))
        return grown

    def _told(self, predicate: str, values: tuple[str, ...]) -> tuple[Codes, Codes]:
        """The subjects and objects of a predicate; of the objects those among `values` where there are any."""
        rows = self.rows(f"<{predicate}>")
        if values:
            wanted = [self.code(f"<{value}>", typed=f"<{predicate}>" == TYPE) for value in values]
            rows = rows[self._among([code for code in wanted if code >= 0])[self.objects(rows)]]
        return self.s[rows], self.objects(rows)

    def _among(self, codes: list[int]) -> Flags:
        found = np.zeros(self.count, bool)
        found[codes] = True
        return found

    def _added(self, term: str) -> Codes:
        """The code of a term that a rule writes."""
        if term not in self._codes and (known := self.code(term, typed=False)) >= 0:
            self._codes[term] = known
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
        self.__dict__.pop("_rows", None)
        return True
