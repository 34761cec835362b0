"""Turtle by columns: whole statements become arrays of codes, as N-Triples do in `triples`.

Words are cut where white space, brackets, semicolons and commas stand, and before a dot at their end. What stands
between two words, the gap, tells the role of the next: subject, predicate or object. Words and gaps are
dictionary-encoded; only distinct ones are judged. Read is what is certainly valid Turtle 1.1
<https://www.w3.org/TR/turtle/> of a plain kind: names with a prefix, IRIs in full, labels, numbers, strings on one line
without escapes, nodes in brackets as objects, and lines of comment. A directive, a list, a name with an escape or
another string is for the full parser. From left to right: up to the first quote there is no comment and no other
string, or a word would not be plain; so a string begins there and ends with the next quote; and so on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from reasoner.kernel.arrays import strings
from reasoner.population.ntriples.judge import TYPE
from reasoner.population.ntriples.triples import (
    _IMPORTS,
    _IRI,
    _NODE,
    Codes,
    Flags,
    Positions,
    Triples,
    _matches,
    _offsets,
    _used,
)

#: How deep nodes in brackets are read.
DEEPEST = 8
#: How many different gaps a block may have.
_GAPS = 1000

_SUBJECT, _PREDICATE, _OBJECT = range(3)
_RESOURCE, _LABEL, _VALUE, _A = range(4)
#: By role, which kinds of terms may have it.
_MAY = np.array([[1, 1, 0, 0], [1, 0, 0, 1], [1, 1, 1, 0]], bool)

_NOTHING = np.zeros(1, np.int32)
_DOT, _COLON, _LINE, _QUOTE = b'.:_"'
_ALNUM = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_"


# For each byte whether it is none of those that end a word, or of those within a name.
_WORD, _ODD = (bytes(byte not in chosen for byte in range(256)) for chosen in (b" \t\r\n[];,", _ALNUM + b"-."))
_FIRST = np.isin(np.arange(256), [*_ALNUM])

# Ends of nodes in brackets, a mark, the beginning of such a node; a semicolon before an end says nothing.
_GAP = re.compile(rb"(\]*)([.;,]?)(\[?)")
_IDLE = re.compile(rb";+(?=[.;\]])")
_COMMENT = re.compile(rb"\n[ \t]*#[^\r\n]*")
_AFTER = {b".": _SUBJECT, b";": _PREDICATE, b",": _OBJECT}

_NUMBER = r"[+-]?(?:[0-9]+|[0-9]*\.[0-9]+|(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)[eE][+-]?[0-9]+)"
_STRING = (
    r'"[ !#-\[\]-~\x{A0}-\x{D7FF}]*"'
    rf"(?:@[A-Za-z]+(?:-[A-Za-z0-9]+)*|\^\^(?:{_IRI}|[A-Za-z][A-Za-z0-9]*:[A-Za-z0-9_]+))?"
)
#: A word of each kind; a name with a prefix is told apart without a pattern.
_KINDS = {
    _RESOURCE: f"^{_IRI}$",
    _LABEL: f"^{_NODE}$",
    _VALUE: f"^(?:{_NUMBER}|true|false|{_STRING})$",
    _A: "^a$",
}
_BEFORE = "<a:s> <a:p> "


class _OddError(Exception):
    """The text is not of the plain kind."""


def read_plain(data: bytes, prefixes: Mapping[str, str]) -> Triples | None:
    """The triples of whole statements, where these prefixes hold and no base; None where the full parser has to look.

    Nodes in brackets get labels that no other node of the block has.
    """
    try:
        return _read(data, prefixes)
    except _OddError:
        return None


def directives(prefixes: Mapping[str, str]) -> str:
    """What declares these prefixes."""
    return "".join(f"@prefix {prefix}: <{iri}> .\n" for prefix, iri in prefixes.items())


def _demand(plain: object) -> None:
    if not plain:
        raise _OddError


def _read(data: bytes, prefixes: Mapping[str, str]) -> Triples:
    data = _bare(data) if b"#" in data else data
    encoded = _words(data).dictionary_encode()
    codes, texts = encoded.indices.to_numpy(), encoded.dictionary
    gap, word = codes[0::2], codes[1::2]
    frame = _frame(_gaps(texts, gap), gap)
    terms = _terms(texts, _used(word, len(texts))[0], prefixes)
    _demand(_MAY[frame.role, terms.kind[word]].all())
    count = int(np.count_nonzero(frame.begins))
    made = _stem(terms) if count else ""
    nodes = strings(f"{made}{number}" for number in range(count))
    found = _numbered(*_rows(frame, terms.place[word], len(terms.texts)), pa.concat_arrays([terms.texts, nodes]))
    _demand(pc.index(found.predicates, _IMPORTS).as_py() < 0)
    return replace(found, made=made)


def _bare(data: bytes) -> bytes:
    """The text without lines of comment; these may say anything, but in UTF-8."""
    bare = _COMMENT.sub(b"", data)
    try:
        _demand(len(bare) == len(data) or data.isascii() or data.decode())
    except UnicodeDecodeError:
        raise _OddError from None
    return bare


def _words(data: bytes) -> pa.BinaryArray:
    """The strings between neighbouring cuts."""
    cuts = _cuts(data)
    return pa.Array.from_buffers(pa.binary(), len(cuts) - 1, [None, pa.py_buffer(cuts), pa.py_buffer(data)])


def _cuts(data: bytes) -> Codes:
    """Offsets of the first gap, the first word, the second gap, and so on up to the last gap and the end."""
    inside = np.frombuffer(b"\0" + data.translate(_WORD) + b"\0", bool) | _strings(data)
    edges = np.flatnonzero(inside[1:] != inside[:-1]).astype(np.int32)
    edges[1::2] -= np.frombuffer(data, np.uint8)[edges[1::2] - 1] == _DOT
    kept = edges[0::2] < edges[1::2]
    _demand(kept.any())
    return np.concatenate((_NOTHING, edges[np.repeat(kept, 2)], np.array([len(data)], np.int32)))


def _strings(data: bytes) -> Flags:
    """For each byte, with one more at either end, whether it is in a string; its last quote need not be."""
    quotes = np.flatnonzero(np.frombuffer(data, np.uint8) == _QUOTE) + 1
    if not len(quotes):
        return np.zeros(1, bool)
    _demand(len(quotes) % 2 == 0 and b"\\" not in data)
    turns = np.zeros(len(data) + 2, np.int8)
    turns[quotes[0::2]], turns[quotes[1::2]] = 1, -1
    return np.cumsum(turns, dtype=np.int8).view(bool)


# -- gaps and roles --


@dataclass(frozen=True)
class _Gaps:
    """By the code of a gap: how many nodes end, whether one begins, and the roles of the words after and before it.

    The role after a blank is -1: it follows from the word before.
    """

    ends: NDArray[np.int8]
    begins: NDArray[np.int8]
    after: NDArray[np.int8]
    before: NDArray[np.int8]


def _gaps(texts: pa.BinaryArray, gap: Codes) -> _Gaps:
    codes, _ = _used(gap, len(texts))
    _demand(len(codes) <= _GAPS)
    found = np.zeros((4, len(texts)), np.int8)
    for code in codes.tolist():
        found[:, code] = _gap(texts[code].as_py())
    return _Gaps(*found)


def _gap(text: bytes) -> tuple[int, int, int, int]:
    match = _GAP.fullmatch(_IDLE.sub(b"", b"".join(text.split())))
    if match is None:
        raise _OddError
    ends, mark, begins = match.groups()
    _demand((mark or not ends) and len(ends) <= DEEPEST and (not begins or mark in b","))
    if not mark:
        return 0, len(begins), _PREDICATE if begins else -1, _PREDICATE
    return len(ends), len(begins), _PREDICATE if begins else _AFTER[mark], _OBJECT


@dataclass(frozen=True)
class _Frame:
    """For each word its role, how deep it is in brackets, and whether a node in brackets begins before it."""

    role: Codes
    depth: Codes
    begins: Flags


def _frame(gaps: _Gaps, gap: Codes) -> _Frame:
    after, place = gaps.after[gap], np.arange(len(gap) - 1, dtype=np.int32)
    _demand(after[0] < 0 and after[-1] == _SUBJECT)
    marked = np.flatnonzero(after >= 0)
    since = _latest(after[:-1] >= 0)
    role = np.where(since > 0, after[since], _SUBJECT) + place - since
    _demand(role.max() <= _OBJECT and (role[marked - 1] == gaps.before[gap[marked]]).all())
    begins = gaps.begins[gap]
    depth = np.cumsum(begins - gaps.ends[gap], dtype=np.int32)
    _demand((depth >= begins).all() and depth.max() <= DEEPEST and not depth[after == _SUBJECT].any())
    return _Frame(role, depth[:-1], begins[:-1] > 0)


def _latest(flags: Flags) -> Codes:
    """For each place the last place up to it that is marked; 0 where there is none."""
    found: Codes = np.maximum.accumulate(np.arange(len(flags), dtype=np.int32) * flags)
    return found


def _rows(frame: _Frame, word: Codes, first: int) -> tuple[Codes, Codes, Codes]:
    """The three terms of each triple; the nodes in brackets are numbered from `first`."""
    node, parts = first - 1 + np.cumsum(frame.begins, dtype=np.int32), []
    for depth in range(int(frame.depth.max()) + 1):
        here = frame.depth == depth
        predicate = word[_latest(here & (frame.role == _PREDICATE))]
        subject = node[_latest(here & frame.begins)] if depth else word[_latest(frame.role == _SUBJECT)]
        for rows, named, value in ((np.flatnonzero(here & (frame.role == _OBJECT)), 1, word),
                                   (np.flatnonzero(frame.begins & (frame.depth == depth + 1)), 0, node)):  # fmt: skip
            parts.append((2 * rows + named, subject[rows], predicate[rows], value[rows]))
    found = [np.concatenate(columns) for columns in zip(*parts, strict=True)]
    if frame.begins.any():
        order = np.argsort(found[0])
        found = [column[order] for column in found]
    return found[1], found[2], found[3]


# -- terms --


@dataclass(frozen=True)
class _Terms:
    """By the code of a word its kind, and the place of its term among the distinct `texts`, as N-Triples write them."""

    kind: NDArray[np.int8]
    place: Codes
    texts: pa.StringArray


def _terms(texts: pa.BinaryArray, used: Positions, prefixes: Mapping[str, str]) -> _Terms:
    kind, place = np.zeros(len(texts), np.int8), np.zeros(len(texts), np.int32)
    named, colon = _names(texts, used)
    names, others = used[named], used[~named]
    found, order = [_expanded(texts, names, colon, prefixes)], [names]
    for one, codes, written in _others(texts.take(pa.array(others)), others, prefixes):
        kind[codes] = one
        found.append(written)
        order.append(codes)
    distinct = pa.concat_arrays(found).dictionary_encode()
    place[np.concatenate(order)] = distinct.indices.to_numpy()
    return _Terms(kind, place, distinct.dictionary)


def _names(texts: pa.BinaryArray, used: Positions) -> tuple[Flags, Positions]:
    """Which words are a prefix, a colon and a plain local name; and where the colon of each of these is."""
    offsets, text = _offsets(texts), texts.buffers()[2].to_pybytes() + b"  "
    data, odd = np.frombuffer(text, np.uint8), np.frombuffer(text.translate(_ODD), np.int8)
    before = np.concatenate((_NOTHING, np.cumsum(odd, dtype=np.int32)))
    start, stop = offsets[used], offsets[used + 1]
    colon = np.flatnonzero(odd)[before[start]]
    named: Flags = (before[stop] - before[start] == 1) & (data[colon] == _COLON) & (data[start] != _LINE)
    named &= _FIRST[data[colon + 1]] & (colon + 1 < stop) & (data[stop - 1] != _DOT)
    return named, colon[named]


def _expanded(texts: pa.BinaryArray, names: Positions, colon: Positions, prefixes: Mapping[str, str]) -> pa.StringArray:
    """The IRIs of names."""
    offsets = _offsets(texts)
    # A prefix, the colon, a local name, whatever follows: four strings a name.
    bounds = np.stack((offsets[names], colon, colon + 1, offsets[names + 1]), axis=1).astype(np.int32).reshape(-1)
    buffers = [None, pa.py_buffer(np.append(bounds, bounds[-1:])), texts.buffers()[2]]
    parts = pa.Array.from_buffers(pa.string(), len(bounds), buffers)
    prefix, local = (parts.take(pa.array(np.arange(start, len(bounds), 4))) for start in (0, 2))
    prefix = prefix.dictionary_encode()
    _demand(prefixes.keys() >= set(prefix.dictionary.to_pylist()))
    begins = strings(f"<{prefixes[one]}" for one in prefix.dictionary.to_pylist())
    _demand(_matches(pc.binary_join_element_wise(begins, "x>", ""), f"^{_IRI}$").all())
    return pc.binary_join_element_wise(begins.take(prefix.indices), local, ">", "")


def _others(
    texts: pa.BinaryArray, codes: Positions, prefixes: Mapping[str, str]
) -> Iterator[tuple[int, Positions, pa.StringArray]]:
    """By kind the other words, and their terms."""
    try:
        texts = texts.cast(pa.string())
    except pa.ArrowInvalid:
        raise _OddError from None
    left = len(texts)
    for kind, pattern in _KINDS.items():
        found = np.flatnonzero(_matches(texts, pattern))
        left -= len(found)
        some = texts.take(pa.array(found))
        if kind == _VALUE:
            some = _written(some, prefixes)
        yield kind, codes[found], some if kind != _A else strings([TYPE] * len(found))
    _demand(not left)


def _written(values: pa.StringArray, prefixes: Mapping[str, str]) -> pa.StringArray:
    """Literals as N-Triples write them."""
    text = "".join([directives(prefixes), *(f"{_BEFORE}{value} .\n" for value in values.to_pylist())])
    try:
        written = ox.serialize(ox.parse(text, ox.RdfFormat.TURTLE), format=ox.RdfFormat.N_TRIPLES) or b""
    except SyntaxError:
        raise _OddError from None
    return strings(line[len(_BEFORE) : -len(" .")] for line in written.decode().split("\n")[:-1])


def _stem(terms: _Terms) -> str:
    """What labels can begin with that no term begins with."""
    stem = "_:b"
    while pc.any(pc.starts_with(terms.texts, stem)).as_py():
        stem += "b"
    return stem


# -- numbering --


def _numbered(subject: Codes, predicate: Codes, value: Codes, terms: pa.StringArray) -> Triples:
    """Triples of places in `terms`, as the table of a block."""
    size = len(terms)
    subjects = pa.array(subject).dictionary_encode()
    pairs = pa.array(predicate * np.int64(size) + value).dictionary_encode()
    of_pair, pair_value = np.divmod(pairs.dictionary.to_numpy(), size)
    predicates, of_predicate = _used(of_pair, size)
    first = subjects.dictionary.to_numpy()
    others = np.zeros(size, bool)
    others[pair_value] = True
    others[first] = False
    nodes = np.concatenate((first, np.flatnonzero(others)))
    of_node = np.empty(size, np.int32)
    of_node[nodes] = np.arange(len(nodes), dtype=np.int32)
    return Triples(
        subjects.indices.to_numpy(), pairs.indices.to_numpy(), of_predicate[of_pair], of_node[pair_value],
        terms.take(pa.array(nodes)), terms.take(pa.array(predicates)), len(first),
    )  # fmt: skip
