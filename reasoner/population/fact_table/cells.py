"""The cells of one column of a fact table: what they say, and which of them say nothing that can be understood.

A number is compared with a bound as the decimal number that it is written as: a decimal is exactly that, and a float64
is the shortest decimal number that is rounded to it.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from reasoner.population.fact_table.table import FLAGS, NUMBERS, CellFault, FactColumn, FactTable
from reasoner.records.contract import Between

#: How a cell of text, in any case, says true, false, and nothing.
TEXTS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
NULLS = ("", "na", "null")

_NUMBER = r"^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?$"

#: Below the first, every whole number has a float64 of its own; so has every number of no more characters.
_WHOLE, _SHORT = 2**53, 15

Faults = list[tuple[int, CellFault]]


@dataclass(frozen=True)
class Cells:
    """The cells of one column: flags, numbers, or codes of the individuals `values`; null where nothing is known."""

    column: FactColumn
    array: pa.Array
    values: tuple[str, ...] = ()


def is_text(kind: pa.DataType) -> bool:
    """Whether a column of this type holds text."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return bool(pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind))


def other_type(column: FactColumn, kind: pa.DataType) -> str:
    """The types that a column has to have; empty where `kind` is one of them. Text is read like CSV."""
    if pa.types.is_null(kind) or is_text(kind):
        return ""
    if column.kind in FLAGS:
        return "" if pa.types.is_boolean(kind) else "bool"
    if column.kind not in NUMBERS:
        return "string"
    number = pa.types.is_float64(kind) or pa.types.is_integer(kind) or pa.types.is_decimal(kind)
    return "" if number else "float64 (double) or decimal128"


def read_cells(table: FactTable, column: FactColumn, array: pa.Array) -> tuple[Cells, Faults]:
    """The cells of a column of a type that it can have, and why those rows are refused of which a cell is bad."""
    if column.kind in FLAGS:
        return _flags(column, array)
    return _numbers(table, column, array) if column.kind in NUMBERS else _values(table, column, array)


def _flags(column: FactColumn, array: pa.Array) -> tuple[Cells, Faults]:
    faults: Faults = []
    if is_text(array.type):
        codes, texts = _coded(array)
        faults = _faulty_rows(codes, [None if text.lower() in TEXTS else _no_flag(column, text) for text in texts])
        array = pa.array([TEXTS.get(text.lower()) for text in texts], pa.bool_()).take(codes)
    if not column.deniable and column.kind != "order":
        faults += [(row, _undeniable(column)) for row in _rows(pc.invert(array))]
    return Cells(column, array), faults


def _values(table: FactTable, column: FactColumn, array: pa.Array) -> tuple[Cells, Faults]:
    codes, texts = _coded(array)
    meant = [table.individual(column, text) for text in texts]
    faults = _faulty_rows(codes, [one if isinstance(one, CellFault) else None for one in meant])
    return Cells(column, codes, tuple("" if isinstance(one, CellFault) else one for one in meant)), faults


def _numbers(table: FactTable, column: FactColumn, array: pa.Array) -> tuple[Cells, Faults]:
    given = array
    faults: Faults = []
    if is_text(array.type):
        array, faults = _parsed(column, array)
    elif pa.types.is_integer(array.type):
        array = array.cast(pa.float64(), safe=False)
        array, rows = _without(array, pc.greater_equal(pc.abs(array), float(_WHOLE)))
        faults = [(row, _inexact(column, given[row].as_py())) for row in rows]
    if pa.types.is_float64(array.type):
        array, rows = _without(array, pc.invert(pc.is_finite(array)))
        faults += [(row, _endless(column, given[row].as_py())) for row in rows]
    extremes = pa.array(pc.min_max(array).values(), array.type)
    for shape, test in table.limits(column):
        if _beyond(extremes, column.kind, test).true_count:
            for row in _rows(_beyond(array, column.kind, test)):
                faults.append((row, table.fault_of(shape, f"{column.name} {shown(array[row])}")))
    return Cells(column, array), faults


def crossed(cells: Iterable[Cells]) -> Faults:
    """The rows in which a lower bound is above the upper one."""
    found: Faults = []
    sides = {(one.column.path, one.column.kind): one.array for one in cells}
    for (path, side), low in sides.items():
        high = sides.get((path, "high"))
        if side == "low" and high is not None:
            for row in _rows(pc.greater(low, high)):
                what = f"{path[-1]} is at least {shown(low[row])} and at most {shown(high[row])}"
                found.append((row, CellFault("contradictory-record", what,
                                         "correct the record: at least one of them is wrong")))  # fmt: skip
    return found


def reaches(array: pa.Array, bound: Decimal, strict: bool) -> pa.BooleanArray:
    """Whether each number is greater than `bound`, or equal to it unless `strict`; exactly.

    Rounding to a float64 keeps the order. So where x is greater (less) than the float64 of the bound, the number that
    is rounded to x is greater (less) than the bound; where they are equal, it is the shortest decimal number of that
    float64, and that one is compared with the bound as a decimal number.
    """
    if pa.types.is_float64(array.type):
        edge = float(bound)
        at_edge = Decimal(repr(edge)) > bound if strict else Decimal(repr(edge)) >= bound
        return (pc.greater_equal if at_edge else pc.greater)(array, edge)
    return _reaches_decimal(array, bound, strict)


def _reaches_decimal(array: pa.Array, bound: Decimal, strict: bool) -> pa.BooleanArray:
    """Compared with the first number of the column's scale that is greater than the bound, or equal to it."""
    scale = array.type.scale
    units = Fraction(bound) * Fraction(10) ** scale
    first = math.floor(units) + 1 if strict else math.ceil(units)
    try:
        edge = pa.scalar(Decimal(f"{first}E{-scale}"), array.type)
    except pa.ArrowInvalid:  # more digits than the column has
        return pc.if_else(array.is_valid(), pa.scalar(first < 0), pa.scalar(None, pa.bool_()))
    return pc.greater_equal(array, edge)


def shown(number: pa.Scalar) -> str:
    """A number as the decimal number that it is compared as."""
    return format(Decimal(str(number.as_py())), "f")


def _beyond(array: pa.Array, side: str, test: Between) -> pa.BooleanArray:
    """Which numbers the record contract does not allow. An end that is open may be named as the bound on its side."""
    wrong = pa.array(np.zeros(len(array), bool))
    if test.low is not None:
        wrong = pc.invert(reaches(array, test.low, test.low_strict and side != "low"))
    if test.high is not None:
        wrong = pc.or_(wrong, reaches(array, test.high, side == "high" or not test.high_strict))
    return wrong


def _parsed(column: FactColumn, array: pa.Array) -> tuple[pa.Array, Faults]:
    """The numbers of a column of text, as float64."""
    texts = pc.utf8_trim_whitespace(array.cast(pa.string()))
    nothing = pc.is_in(pc.utf8_lower(texts), pa.array(NULLS))
    well = pc.match_substring_regex(texts, _NUMBER)
    numbers = pc.if_else(well, texts, pa.scalar(None, pa.string())).cast(pa.float64())
    faults = [(row, _endless(column, texts[row].as_py())) for row in _rows(pc.and_not(pc.invert(well), nothing))]
    for row in _rows(pc.and_(well, pc.greater(pc.utf8_length(texts), _SHORT))):
        number = numbers[row].as_py()
        if math.isfinite(number) and Decimal(repr(number)) != Decimal(texts[row].as_py()):
            faults.append((row, _inexact(column, texts[row].as_py())))
    return numbers, faults


def _no_flag(column: FactColumn, text: str) -> CellFault:
    return CellFault("wrong-datatype", f"{column.name} {text!r}: this is neither true nor false",
                 "write true or false, or leave the cell empty where it is not known")  # fmt: skip


def _undeniable(column: FactColumn) -> CellFault:
    return CellFault("no-absence", f"{column.name} is false, which no record can say",
                 "leave the cell empty; say that a class is absent in the column of the class")  # fmt: skip


def _endless(column: FactColumn, value: object) -> CellFault:
    return CellFault("wrong-datatype", f"{column.name} {value}: this is no finite number",
                 "write a number without a unit, or leave the cell empty where it is not known")  # fmt: skip


def _inexact(column: FactColumn, value: object) -> CellFault:
    return CellFault("inexact-number", f"{column.name} {value}: no float64 is exactly this number",
                 "round it to 15 digits, or give the column the type decimal128")  # fmt: skip


def _without(numbers: pa.Array, bad: pa.BooleanArray) -> tuple[pa.Array, list[int]]:
    """The numbers without those that are bad, and the rows of these."""
    rows = _rows(bad)
    return (pc.if_else(bad, pa.scalar(None, numbers.type), numbers) if rows else numbers), rows


def _rows(mask: pa.BooleanArray) -> list[int]:
    """Where a mask is true."""
    return pc.indices_nonzero(mask).to_pylist() if mask.true_count else []


def _coded(array: pa.Array) -> tuple[pa.Array, list[str]]:
    """The codes of a column of text, null where the text says nothing, and the distinct texts."""
    if not pa.types.is_dictionary(array.type):
        array = array.cast(pa.string()).dictionary_encode()
    texts = [(text or "").strip() for text in array.dictionary.to_pylist()]
    kept = [None if text.lower() in NULLS else code for code, text in enumerate(texts)]
    codes = array.indices
    return (pa.array(kept, pa.int32()).take(codes) if None in kept else codes), texts


def _faulty_rows(codes: pa.Array, faults: list[CellFault | None]) -> Faults:
    """The rows whose text has a fault."""
    if not any(faults):
        return []
    wrong = pa.array([fault is not None for fault in faults]).take(codes)
    found = ((row, faults[codes[row].as_py()]) for row in _rows(wrong))
    return [(row, fault) for row, fault in found if fault is not None]
