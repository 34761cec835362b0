"""Lines of N-Triples to codes, in one pass over the bytes, eight at a time: each distinct term and pair once.

A line is cut at blanks, which are all bytes up to the space: subject, predicate, and what stands before the last blank
of the line, the object. Words of eight bytes are searched for a blank and hashed at once (the search is that of
https://graphics.stanford.edu/~seander/bithacks.html#HasLessInWord, exact for the first such byte). Hashes only choose
slots in a table: what is taken for equal has been compared.

Codes count from 0 in the order in which strings first appear. The loops are compiled when they are first called
(https://numba.readthedocs.io/), and hold no lock of Python's: threads run them side by side.
"""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import IO, Any, NamedTuple, TypeAlias, TypeVar, cast

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic
from numpy.typing import NDArray

Function = TypeVar("Function", bound=Callable[..., object])

_0, _1, _3, _7, _8, _32, _56 = (np.uint64(number) for number in (0, 1, 3, 7, 8, 32, 56))
_BYTE, _SPACE, _LINE = np.uint64(0xFF), np.uint64(ord(" ")), np.uint64(ord("\n"))
_3_BYTES, _CLOSE = np.uint64(0xFFFFFF), np.uint64(int.from_bytes(b" .\n", "little"))
_HIGH = np.uint64(0x8080808080808080)
_FIRST = np.uint64(0x2121212121212121)  # in each byte the first that is no blank
_POSITIONS = np.uint64(0x0001020304050607)
_FACTOR = np.uint64(0x9E3779B97F4A7C15)  # 2^64 by the golden ratio
_END = np.uint8(ord("\n"))
_HASH, _START, _LENGTH = 0, 1, 2
_SLOTS_AT_FIRST = 1 << 14
#: How many line ends stand behind a text, for whoever reads eight bytes at a time.
_MARGIN = 24

#: Whole lines as bytes, and behind them the margin.
Lines: TypeAlias = NDArray[np.uint8]


def as_lines(text: bytes) -> Lines:
    """The lines of a text, whose last may lack its end."""
    return read_lines(io.BytesIO(text), len(text))


def read_lines(file: IO[bytes], size: int) -> Lines:
    """The lines that are the next bytes of a file, at most `size`; the last may lack its end."""
    data = np.empty(size + 1 + _MARGIN, np.uint8)
    size = file.readinto(data[:size].data)  # type: ignore[attr-defined]
    data[size:] = _END
    unended = size > 0 and data[size - 1] != _END
    return data[: size + unended + _MARGIN]


def text_of(lines: Lines) -> bytes:
    """The text of some lines."""
    return lines[:-_MARGIN].tobytes()


class Swept(NamedTuple):
    """Codes, which count from 0 in the order of first appearance: for each line those of its subject and its pair.

    A pair is a predicate with an object; for each the codes of the two terms. `terms` has for each term its hash, where
    it starts, and its length in bytes. A line that is not three terms, a space behind each, and a dot has the codes -1.
    """

    subject: NDArray[np.int32]
    pair: NDArray[np.int32]
    predicate: NDArray[np.int32]
    object: NDArray[np.int32]
    terms: NDArray[np.uint64]


class _Strings(NamedTuple):
    """Distinct strings by code, as `Swept.terms`; their codes by hash, -1 where there is none; two numbers.

    These are the number of strings, and how many of the slots are in use: a power of two, at least half of them free.
    """

    rows: Any
    slots: Any
    numbers: Any


def compiled(function: Function) -> Function:
    """The function, compiled for the types that it is called with; kept on disk where that can be written.

    Bounds are not checked.
    """
    try:
        return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba finds no directory for its cache
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


@cast(Callable[..., Any], intrinsic)
def eight(_context: Any, data: Any, at: Any) -> Any:
    """`eight(data, at)`: the eight bytes of a contiguous array of bytes from any at on, the first lowest."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, values[0])
        word = builder.bitcast(builder.gep(array.data, [values[1]]), ir.IntType(64).as_pointer())
        return builder.load(word, align=1)

    return types.uint64(data, at), generate


@compiled
def sweep(data: Lines) -> Swept:
    """Sweep over some lines."""
    lines = _count(data)
    subject, pair = np.full(lines, -1, np.int32), np.full(lines, -1, np.int32)
    predicate, value = np.empty(lines, np.int32), np.empty(lines, np.int32)
    terms, pairs = _none(3 * lines), _none(lines)
    row, start, this = 0, _0, -1
    while row < lines:
        (s_end, s_hash), (p_end, p_hash), (o_end, o_hash) = _line(data, start)
        if o_end == _0:
            start = _line_end(data, start) + _1
            row += 1
            continue
        if this < 0 or not _same(data, terms.rows[this, _START], terms.rows[this, _LENGTH], start, s_end):
            this = _code(data, terms, s_hash, start, s_end)
        new = pairs.numbers[0]
        code = _code(data, pairs, _mixed(p_hash ^ _FACTOR, o_hash), s_end + _1, o_end)
        if code == new:
            predicate[code] = _code(data, terms, p_hash, s_end + _1, p_end)
            value[code] = _code(data, terms, o_hash, p_end + _1, o_end)
        subject[row], pair[row] = this, code
        start = o_end + _3
        row += 1
    count = pairs.numbers[0]
    return Swept(subject, pair, predicate[:count], value[:count], terms.rows[: terms.numbers[0]])


# -- lines --


@compiled
def _count(data: Any) -> Any:
    """How many lines there are."""
    count = 0
    for i in range(len(data) - _MARGIN):
        count += data[i] == _END
    return count


@compiled
def _line(data: Any, start: Any) -> Any:
    """Where subject, predicate and object of the line from `start` on end, each with its hash.

    The object ends at 0 where the line is not three terms, a space behind each, and a dot.
    """
    subject, subject_hash = _token(data, start, _0)
    predicate, predicate_hash = _token(data, subject + _1, _0)
    value, value_hash = _token(data, predicate + _1, _0)
    ahead = eight(data, value)
    while ahead & _3_BYTES != _CLOSE and ahead & _BYTE != _LINE:
        value, value_hash = _token(data, value + _1, value_hash)
        ahead = eight(data, value)
    if ahead & _3_BYTES != _CLOSE or data[subject] != _SPACE or data[predicate] != _SPACE:
        value = _0
    return (subject, subject_hash), (predicate, predicate_hash), (value, value_hash)


@compiled
def _line_end(data: Any, start: Any) -> Any:
    """Where the line that begins at `start` ends."""
    while data[start] != _LINE:
        start += _1
    return start


# -- bytes by the word --


@compiled
def _token(data: Any, at: Any, seed: Any) -> tuple[Any, Any]:
    """Where the first blank from `at` on is, and a hash of what stands before it."""
    word = eight(data, at)
    blanks = (word - _FIRST) & ~word & _HIGH
    while blanks == _0:
        seed = _mixed(seed, word)
        at += _8
        word = eight(data, at)
        blanks = (word - _FIRST) & ~word & _HIGH
    low = (blanks & (_0 - blanks)) >> _7  # 1 in the first byte that is a blank
    return at + ((low * _POSITIONS) >> _56), _mixed(seed, word & (low - _1))


@compiled
def _mixed(seed: Any, word: Any) -> Any:
    product = (seed ^ word) * _FACTOR
    return product ^ (product >> _32)


@compiled
def _same(data: Any, one: Any, length: Any, other: Any, end: Any) -> Any:
    """Whether the bytes from `one` on, so many, are those from `other` up to `end`."""
    if other + length != end:
        return False
    while length >= _8:
        if eight(data, one) != eight(data, other):
            return False
        one, other, length = one + _8, other + _8, length - _8
    return length == _0 or (eight(data, one) ^ eight(data, other)) << ((_8 - length) << _3) == _0


# -- distinct strings --


@compiled
def _none(most: int) -> _Strings:
    """No strings, and room for so many."""
    size = _SLOTS_AT_FIRST
    while size < 2 * most:
        size *= 2
    slots = np.empty(size, np.int32)
    slots[:_SLOTS_AT_FIRST] = -1
    return _Strings(np.empty((most, 3), np.uint64), slots, np.array([0, _SLOTS_AT_FIRST]))


@compiled
def _code(data: Any, strings: _Strings, hashed: Any, start: Any, end: Any) -> Any:
    """The code of the string from `start` up to `end`; where it is new, the next one."""
    rows, slots, mask = strings.rows, strings.slots, np.uint64(strings.numbers[1] - 1)
    slot = hashed & mask
    while slots[slot] >= 0:
        code = np.uint64(slots[slot])
        if rows[code, _HASH] == hashed and _same(data, rows[code, _START], rows[code, _LENGTH], start, end):
            return np.int64(code)
        slot = (slot + _1) & mask
    count = strings.numbers[0]
    slots[slot] = count
    rows[count, _HASH], rows[count, _START], rows[count, _LENGTH] = hashed, start, end - start
    strings.numbers[0] = count + 1
    if 2 * (count + 1) > strings.numbers[1]:
        _widen(strings)
    return count


@compiled
def _widen(strings: _Strings) -> None:
    """Use twice as many slots."""
    strings.numbers[1] *= 2
    slots, mask = strings.slots, np.uint64(strings.numbers[1] - 1)
    slots[: strings.numbers[1]] = -1
    for code in range(strings.numbers[0]):
        slot = strings.rows[code, _HASH] & mask
        while slots[slot] >= 0:
            slot = (slot + _1) & mask
        slots[slot] = code


# -- the strings themselves --


@compiled
def gather(data: Lines, terms: NDArray[np.uint64]) -> tuple[Any, Any]:
    """The texts of the terms behind each other, and the offsets between them, one more than there are terms."""
    offsets = np.zeros(len(terms) + 1, np.int32)
    for i in range(len(terms)):
        offsets[i + 1] = offsets[i] + terms[i, _LENGTH]
    texts = np.empty(offsets[-1], np.uint8)
    for i in range(len(terms)):
        start = np.int64(terms[i, _START])
        for at in range(offsets[i + 1] - offsets[i]):
            texts[offsets[i] + at] = data[start + at]
    return texts, offsets
