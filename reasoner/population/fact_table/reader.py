"""Reading a fact table: rows of Arrow columns become a cohort, and every row that cannot be read a reject.

Boolean columns are taken as the bitmaps that they are; what a number or an individual says is worked out once for each
threshold and each distinct value. Nothing is guessed: a name, a type or a value that is not known is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyoxigraph as ox

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Bitmap, Cohort, Reject, words
from reasoner.kernel.kernel import bitmap_of
from reasoner.logic.clauses import bits
from reasoner.logic.theory import Literals
from reasoner.population.fact_table.cells import Cells, Faults, crossed, is_text, other_type, reaches, read_cells
from reasoner.population.fact_table.table import FLAGS, NUMBERS, PATIENT, CellFault, FactTable, nearest
from reasoner.records.contract import stem
from reasoner.terms import expand

#: What is certainly an IRI, and no CURIE; of other texts each is looked at.
_PLAIN = (
    r"^(?:https?://[0-9A-Za-z.-]+(?::[0-9]+)?/|urn:[0-9A-Za-z][0-9A-Za-z-]+:)"
    r"[0-9A-Za-z_.~!$&'()*+,;=:@/?-]*(?:#[0-9A-Za-z_.~!$&'()*+,;=:@/?-]*)?$"
)


def csv_options(guideline: Guideline) -> pyarrow.csv.ConvertOptions:
    """How a fact table in CSV is read: as text, so that a cell that says nothing costs its row and not the file."""
    text, coded = pa.string(), pa.dictionary(pa.int32(), pa.string())
    types = {name: text if column.kind in NUMBERS else coded for name, column in FactTable(guideline).by_name.items()}
    return pyarrow.csv.ConvertOptions(column_types={**types, PATIENT: text}, null_values=[""], strings_can_be_null=True)


class FactTableReader:
    """Reads fact tables for one guideline."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.table = guideline, FactTable(guideline)
        flags = [column for column in self.table.by_name.values() if column.kind in FLAGS]
        self._flags = {c.name: (self.table.flag(c, True), self.table.flag(c, False)) for c in flags}
        vocabulary = guideline.content.contract.vocabulary
        self._terms = frozenset(vocabulary.terms)
        self._own = [iri for iri in guideline.prefixes.values() if stem(iri) in vocabulary.stems]

    def read(self, batch: pa.RecordBatch | pa.Table, source: str, first: int = 1) -> Cohort:
        """The patients of `batch`, and the rows that are refused, each as `source:number`, counted from `first`.

        The first row of a CSV file stands on line 2. Raises InputError for a table of which no row can be read: columns
        that are missing, not known, of a wrong type, or at odds with each other.
        """
        self.check(batch.schema, source)
        names, faults = self._patients(_column(batch, PATIENT))
        cells = []
        for name in batch.schema.names:
            array = _column(batch, name)
            if name != PATIENT and array.null_count < len(array):
                one, found = read_cells(self.table, self.table.by_name[name], array)
                cells.append(one)
                faults += found
        faults += crossed(cells)
        rejects = tuple(Reject(names[row].as_py() or "", f"{source}:{first + row}", *fault)
                        for row, fault in sorted(faults))  # fmt: skip
        if faults:
            kept = np.ones(len(names), bool)
            kept[[row for row, _ in faults]] = False
            keep = pa.array(kept)
            names, cells = names.filter(keep), [replace(one, array=one.array.filter(keep)) for one in cells]
        return self._cohort(names, cells, rejects)

    # -- the whole table --

    def check(self, schema: pa.Schema, source: str) -> None:
        """Raise InputError for columns of which no row can be read."""
        problems = [problem.at(source) for problem in self._problems(schema)]
        if problems:
            raise InputError(*problems)

    def _problems(self, schema: pa.Schema) -> Iterator[Problem]:
        types = dict(zip(schema.names, schema.types, strict=True))
        if PATIENT not in types:
            yield Problem("no-patient-column", f"the table has no column {PATIENT}",
                          f"name the column with the IRIs of the patients {PATIENT}")  # fmt: skip
        for name, kind in types.items():
            if schema.names.count(name) > 1:
                yield Problem("duplicate-column", f"the table has the column {name} more than once", "keep one of them")
            elif name not in self.table.by_name and name != PATIENT:
                near = nearest(name, {known: known for known in (PATIENT, *self.table.by_name)})
                remedy = f"did you mean {near}?" if near else "leave it out; guideproof schema lists the columns"
                yield Problem("unknown-column", f"the guideline knows no column {name}", remedy)
            elif wanted := self._other_type(name, kind):
                yield Problem("wrong-type", f"the column {name} has the type {kind}", f"give it the type {wanted}")
        for column in self.table.columns:
            if column.kind == "low":
                yield from _at_odds(column.name.removesuffix(".low"), types)

    def _other_type(self, name: str, kind: pa.DataType) -> str:
        if name == PATIENT:
            return "" if is_text(kind) else "string"
        return other_type(self.table.by_name[name], kind)

    # -- patients --

    def _patients(self, array: pa.Array) -> tuple[pa.Array, Faults]:
        """The IRIs of the patients, CURIEs expanded, and the rows without one."""
        names = array.cast(pa.string())
        sure = pl.Series(pl.from_arrow(names)).str.contains(_PLAIN).to_arrow()
        for namespace in self._own:
            sure = pc.and_not(sure, pc.starts_with(names, namespace))
        if sure.true_count == len(names):
            return names, []
        unsure = pc.invert(pc.fill_null(sure, False))
        named = {row: self._patient(names[row].as_py()) for row in pc.indices_nonzero(unsure).to_pylist()}
        faults = [(row, iri) for row, iri in named.items() if isinstance(iri, CellFault)]
        texts = [names[row].as_py() if isinstance(iri, CellFault) else iri for row, iri in named.items()]
        return pc.replace_with_mask(names, unsure, pa.array(texts, pa.string())), faults

    def _patient(self, text: str | None) -> str | CellFault:
        if not text:
            return CellFault("patient-without-iri", "the row names no patient", "give the patient an IRI")
        iri = expand(text, self.guideline.prefixes) or text
        try:
            ox.NamedNode(iri)
        except ValueError:
            return CellFault("bad-iri", f"{text!r} is no IRI", "write an absolute IRI, such as urn:x:1")
        if iri in self._terms:
            return CellFault("axiom-in-record", f"{text} is a term of the guideline and no patient", "name the patient")
        return iri

    # -- facts --

    def _cohort(self, names: pa.Array, cells: Sequence[Cells], rejects: tuple[Reject, ...]) -> Cohort:
        size = len(self.guideline.compiled.theory.atoms), words(len(names))
        pos, neg = np.zeros(size, np.uint64), np.zeros(size, np.uint64)
        proposed = {}
        for one in cells:
            for literals, rows in self._facts(one):
                for atom in bits(literals.pos):
                    pos[atom] |= rows
                for atom in bits(literals.neg):
                    neg[atom] |= rows
            if one.column.kind == "order":
                proposed[one.column.target] = bitmap_of(one.array)[0]
        return Cohort(names, pos, neg, proposed, rejects=rejects)

    def _facts(self, cells: Cells) -> Iterator[tuple[Literals, Bitmap]]:
        """What the cells of a column say, each with the rows in which it is stated."""
        if cells.column.kind in NUMBERS:
            yield from self._thresholds(cells)
        elif cells.column.kind in FLAGS:
            yield from zip(self._flags[cells.column.name], bitmap_of(cells.array), strict=True)
        else:
            meanings = [self.table.value(cells.column, iri) for iri in cells.values]
            distinct = list(dict.fromkeys(meanings))
            numbers = np.array([*map(distinct.index, meanings), len(distinct)], np.int16)
            which = pa.array(numbers[cells.array.fill_null(len(meanings)).to_numpy()])
            yield from ((one, bitmap_of(pc.equal(which, number))[0]) for number, one in enumerate(distinct))

    def _thresholds(self, cells: Cells) -> Iterator[tuple[Literals, Bitmap]]:
        """A lower bound says which thresholds are passed, an upper bound which are not, a number both."""
        column = cells.column
        yield self.table.quantity(column), bitmap_of(cells.array.is_valid())[0]
        for number, atom in enumerate(self.guideline.compiled.theory.atoms):
            if atom.kind == "above" and atom.path == column.path:
                passed, failed = bitmap_of(reaches(cells.array, atom.bound, atom.strict))
                if column.kind != "high":
                    yield Literals(1 << number, 0), passed
                if column.kind != "low":
                    yield Literals(0, 1 << number), failed


def _at_odds(quantity: str, types: Mapping[str, pa.DataType]) -> Iterator[Problem]:
    """A quantity that is given as a number and by bounds, or by bounds that cannot be compared exactly."""
    sides = [name for name in (f"{quantity}.low", f"{quantity}.high") if name in types]
    if quantity in types and sides:
        yield Problem("bounds-twice", f"the table has both {quantity} and {sides[0]}",
                      "keep the one column for both bounds, or a column for each")  # fmt: skip
    if len({pa.types.is_decimal(types[name]) for name in sides if not pa.types.is_null(types[name])}) > 1:
        yield Problem("wrong-type", f"one bound of {quantity} is decimal and the other is not", "give both one type")


def _column(batch: pa.RecordBatch | pa.Table, name: str) -> pa.Array:
    column = batch.column(name)
    if not isinstance(column, pa.ChunkedArray):
        return column
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
