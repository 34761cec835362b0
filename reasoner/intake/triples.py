"""N-Triples by columns: a block of lines becomes arrays of codes, each distinct term and pair held once.

Three cuts per line, where blanks stand, give two strings: the subject, and the rest, that is a predicate with its
object. Both are dictionary-encoded; then only distinct strings are cut further, and only distinct terms are checked.
The check accepts a part of N-Triples 1.1 <https://www.w3.org/TR/n-triples/> that is canonical as it stands. A line
that holds anything else goes to the full parser, which rewrites it in canonical form or refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray
from rdflib import OWL

from reasoner import rdf
from reasoner.errors import RecordError

Codes = NDArray[np.int32]
Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]
#: A block of lines, or what was read of one in another syntax.
Data: TypeAlias = "bytes | memoryview | pa.Buffer | Triples"
#: The number, from 1, of a block's first line in its file, or what counts it when an error must name a line.
FirstLine = int | Callable[[], int]

_BLANK, _LINE_END, _RETURN = 32, 10, 13
# Three blanks and the end of the line, as one little-endian number.
_PLAIN = np.frombuffer(b"   \n", "<u4")[0]
_IMPORTS = f"<{OWL.imports}>"

# Terms as the full parser writes them, and certainly valid; each ends with the blank that follows it.
_SAFE = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\-\x{A0}-\x{D7FF}]|%[0-9A-Fa-f]{2})"
_AUTHORITY = r"//[A-Za-z0-9._~\-]*(?::[0-9]{1,4})?"
_IRI = rf"<[A-Za-z][A-Za-z0-9+.\-]*:(?:{_AUTHORITY}(?:/{_SAFE}*)?|[A-Za-z0-9]{_SAFE}*)(?:\?{_SAFE}*)?(?:#{_SAFE}*)?>"
_NODE = r"_:[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_\-])?"
_CHARACTER = r'[ !#-\[\]-~\x{80}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{1FFFD}]|\\[tbnrf"\\]'
_LITERAL = rf'"(?:{_CHARACTER})*"(?:@[a-z]{{2,3}}(?:-[a-z]{{2}})?|\^\^{_IRI})?'
_TERM = rf"^(?:{_IRI}|{_NODE}|{_LITERAL}) $"
# Written without a datatype, or not at all.
_IMPLIED = r'"\^\^<http://www\.w3\.org/(2001/XMLSchema#string|1999/02/22-rdf-syntax-ns#(dirL|l)angString)> $'


@dataclass(frozen=True)
class Triples:
    """A block of triples, as a set: equal triples may stand twice. All codes are positions, counted from 0.

    `nodes` are the distinct terms in subject or object position, as canonical N-Triples write them; the first
    `subjects` of them are the subjects, in the order in which they appear. So an object whose code is below `subjects`
    is a subject of this block. A pair is a predicate with an object; each distinct pair has one code.
    """

    subject: Codes
    pair: Codes
    pair_predicate: Codes
    pair_object: Codes
    nodes: pa.StringArray
    predicates: pa.StringArray
    subjects: int

    def __len__(self) -> int:
        return len(self.subject)

    @property
    def predicate(self) -> Codes:
        """The code of each triple's predicate, in `predicates`."""
        return self.pair_predicate[self.pair]

    @property
    def object(self) -> Codes:
        """The code of each triple's object, in `nodes`."""
        return self.pair_object[self.pair]

    @property
    def pair_link(self) -> Codes:
        """For each pair, its object's code as a subject of this block; -1 where it is none."""
        return np.where(self.pair_object < self.subjects, self.pair_object, np.int32(-1))


def read_block(data: Data, source: str, first_line: FirstLine = 1) -> Triples:
    """Read whole lines of N-Triples; the last may lack its end. `source` stands for the file in errors.

    Blank nodes keep their labels, so blocks of one file share them and blocks of two files must not be mixed.
    Raises RecordError, with the line, where a line is invalid, not RDF 1.1, not UTF-8 or an `owl:imports`.
    """
    if isinstance(data, Triples):
        return data
    lines = _Lines(_whole_lines(data), source, first_line)
    found = _read(lines, lines.data, canonical=False)
    if pc.index(found.predicates, _IMPORTS).as_py() >= 0:
        lines.refuse_imports()
    return found


def _whole_lines(data: bytes | memoryview | pa.Buffer) -> bytes | memoryview:
    view = memoryview(data)
    if view.nbytes and view[-1] != _LINE_END:
        return bytes(view) + b"\n"
    return view


def _read(lines: _Lines, data: bytes | memoryview, *, canonical: bool) -> Triples:
    cut = _cut(np.frombuffer(data, np.uint8))
    if cut.returns:
        return _read(lines, bytes(data).replace(b"\r\n", b"\n"), canonical=canonical)
    tokens = _encode(cut.offsets, data)
    subject, rest = tokens.codes[0::2], tokens.codes[1::2]
    parts = _split(cut, rest, tokens)
    try:
        texts = parts.texts.cast(pa.string())
    except pa.ArrowInvalid:
        lines.refuse_encoding()
    if not canonical:
        good = _fit(texts, parts.codes.reshape(-1, 3), subject, rest)
        if not good.all():
            return _read(lines, lines.rewritten(data, cut.offsets[0::2], good), canonical=True)
    return _table(subject, rest, parts.codes.reshape(-1, 3), texts)


# -- cutting lines at their blanks --


@dataclass(frozen=True)
class _Cut:
    """Where lines are cut: `offsets` of two strings a line, the subject with its blank, and the rest with its end.

    `plain` lines have white space in three places or more: after the subject, after the predicate and, last, before
    the dot; `predicate` and `object` are the lengths of these two with it. Of any other line the subject is left
    empty, which makes it misfit. `returns`: there is a CR LF.
    """

    offsets: Codes
    plain: Flags
    predicate: Positions
    object: Positions
    returns: bool


def _cut(data: NDArray[np.uint8]) -> _Cut:
    stops = np.flatnonzero(data <= _BLANK)
    kinds = data[stops]
    if len(stops) % 4 == 0 and (kinds.view("<u4") == _PLAIN).all():
        first, second, last, end = stops.reshape(-1, 4).T
        return _cuts(first, second, last, end, np.ones(len(end), bool), returns=False)
    end = np.flatnonzero(kinds == _LINE_END)
    before = np.concatenate((np.array([-1]), end))[: len(end)]
    first, second, last = before + 1, np.minimum(before + 2, end), end - 1
    plain = end - before > 3
    returns = bool((kinds == _RETURN).any()) and b"\r\n" in data.tobytes()
    return _cuts(stops[first], stops[second], stops[last], stops[end], plain, returns=returns)


def _cuts(first: Positions, second: Positions, last: Positions, end: Positions, plain: Flags, *, returns: bool) -> _Cut:
    offsets = np.zeros(2 * len(end) + 1, np.int32)
    offsets[2::2] = end + 1
    offsets[1::2] = np.where(plain, first + 1, offsets[0:-1:2])
    return _Cut(offsets, plain, second - first, last - second, returns)


# -- encoding strings --


@dataclass(frozen=True)
class _Encoded:
    """The code of each string, and the distinct strings."""

    codes: Codes
    texts: pa.BinaryArray


def _encode(offsets: Codes, data: Any) -> _Encoded:
    """Dictionary-encode the strings of `data` that lie between neighbouring offsets."""
    strings = pa.Array.from_buffers(pa.binary(), len(offsets) - 1, [None, pa.py_buffer(offsets), pa.py_buffer(data)])
    encoded = strings.dictionary_encode()
    return _Encoded(encoded.indices.to_numpy(), encoded.dictionary)


def _offsets(texts: pa.BinaryArray) -> Codes:
    return np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1]


def _split(cut: _Cut, rest: Codes, tokens: _Encoded) -> _Encoded:
    """Three parts of each distinct string: a subject and nothing, or predicate, object and the end of the line."""
    offsets = _offsets(tokens.texts)
    parts = np.repeat(offsets, 3)[2:]
    plain = np.flatnonzero(cut.plain)
    line = np.full(len(tokens.texts), -1)
    line[rest[plain]] = plain
    pairs = np.flatnonzero(line >= 0)
    parts[3 * pairs + 1] = parts[3 * pairs] + cut.predicate[line[pairs]]
    parts[3 * pairs + 2] = parts[3 * pairs + 1] + cut.object[line[pairs]]
    return _encode(parts, tokens.texts.buffers()[2] or b"")


# -- judging distinct terms --


def _fit(texts: pa.StringArray, parts: Codes, subject: Codes, rest: Codes) -> Flags:
    """Which lines hold terms that are certainly valid and canonical, each where it may stand, and end as they must."""
    term = _matches(texts, _TERM)
    # An empty text has no first character; it is no term, so that any other does.
    initial = np.frombuffer(texts.buffers()[2] or b"", np.uint8).take(_offsets(texts)[:-1], mode="clip")
    literal = initial == ord('"')
    quoted = np.flatnonzero(literal)
    term[quoted[_matches(texts.take(pa.array(quoted)), _IMPLIED)]] = False
    resource = term & ~literal
    iri = resource & (initial == ord("<"))
    end = pc.equal(texts, ".\n").to_numpy(zero_copy_only=False)
    pair: Flags = iri[parts[:, 0]] & term[parts[:, 1]] & end[parts[:, 2]]
    fit: Flags = resource[parts[:, 0]][subject] & pair[rest]
    return fit


def _matches(texts: pa.StringArray, pattern: str) -> Flags:
    found: Flags = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


# -- numbering --


def _table(subject: Codes, rest: Codes, parts: Codes, texts: pa.StringArray) -> Triples:
    subjects, of_subject = _used(subject, len(parts))
    pairs, of_pair = _used(rest, len(parts))
    predicates, of_predicate = _used(parts[pairs, 0], len(texts))
    nodes = parts[subjects, 0]
    others = np.zeros(len(texts), bool)
    others[parts[pairs, 1]] = True
    others[nodes] = False
    nodes = np.concatenate((nodes, np.flatnonzero(others)))
    of_node = np.empty(len(texts), np.int32)
    of_node[nodes] = np.arange(len(nodes), dtype=np.int32)
    return Triples(
        of_subject[subject],
        of_pair[rest],
        of_predicate[parts[pairs, 0]],
        of_node[parts[pairs, 1]],
        _terms(texts, nodes),
        _terms(texts, predicates),
        len(subjects),
    )


def _used(codes: Codes, size: int) -> tuple[Positions, Codes]:
    """The codes, of `size`, that occur, ascending; and for each its place among them."""
    used = np.zeros(size, bool)
    used[codes] = True
    found = np.flatnonzero(used)
    places = np.empty(size, np.int32)
    places[found] = np.arange(len(found), dtype=np.int32)
    return found, places


def _terms(texts: pa.StringArray, chosen: Positions) -> pa.StringArray:
    """The chosen terms, without the blank that follows each."""
    return pc.binary_slice(texts.take(pa.array(chosen)).cast(pa.binary()), 0, -1).cast(pa.string())


# -- lines that the columns cannot hold as they stand --


@dataclass(frozen=True)
class _Lines:
    """The lines of a block, and where they stand in their file."""

    data: bytes | memoryview
    source: str
    first: FirstLine

    def rewritten(self, data: bytes | memoryview, begins: Codes, good: Flags) -> bytes:
        """The good lines, and what the full parser makes of the others, in canonical form."""
        text = bytes(data)
        odd = np.flatnonzero(~good)
        pieces, done = [], 0
        others = [text[begins[i] : begins[i + 1]] for i in odd]
        for i in odd:
            pieces.append(text[done : begins[i]])
            done = begins[i + 1]
        return b"".join((*pieces, text[done:], self._parsed(others, odd)))

    def _parsed(self, others: list[bytes], numbers: Positions) -> bytes:
        try:
            quads = list(_quads(b"".join(others)))
        except SyntaxError:
            quads = None
        if quads is None or any(map(_beyond, quads)):
            self._refuse_first(zip(numbers, others, strict=True))
        return ox.serialize(quads, format=ox.RdfFormat.N_TRIPLES) or b""

    def _refuse_first(self, lines: Iterable[tuple[int, bytes]]) -> NoReturn:
        """Raise the error of the first line that the full parser refuses by itself; no statement spans two lines."""
        for number, line in lines:
            refuse = _Refusal(self.source, RecordError, self._number(number))
            try:
                rdf_11 = rdf._Terms("", False, refuse)
                for quad in _quads(line):
                    rdf_11.of(quad.object, 1)
            except SyntaxError as error:
                rdf._refuse_syntax(error, line.decode(), ox.RdfFormat.N_TRIPLES, 1, refuse)
        raise AssertionError("lines that are valid one by one are valid together")

    def _number(self, line: int) -> int:
        return int(line) + (self.first if isinstance(self.first, int) else self.first())

    def refuse_encoding(self) -> NoReturn:
        """Raise the error of bytes that are not UTF-8."""
        try:
            str(self.data, "utf-8")
        except UnicodeDecodeError as error:
            line = self._number(bytes(self.data[: error.start]).count(b"\n"))
            _Refusal(self.source, RecordError, line)(
                "not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", 1
            )
        raise AssertionError("terms of valid UTF-8 are valid UTF-8")

    def refuse_imports(self) -> NoReturn:
        """Raise the error of an `owl:imports`."""
        for number, line in enumerate(bytes(self.data).split(b"\n")):
            for quad in _quads(line):
                if str(quad.predicate) == _IMPORTS:
                    what = f"the record imports {quad.object}, which is never fetched"
                    remedy = "delete owl:imports; the guideline is at hand already"
                    _Refusal(self.source, RecordError, self._number(number))("owl-imports", what, remedy, 1)
        raise AssertionError("a predicate of the block stands in a line of the block")


@dataclass(frozen=True)
class _Refusal(rdf._Refusal):
    """Raises the error of one line that stands alone, with its line in the file."""

    line: int = 1

    def __call__(self, code: str, what: str, remedy: str, line: int | None = None) -> NoReturn:
        super().__call__(code, what, remedy, line and self.line)


def _quads(text: bytes) -> Iterator[ox.Quad]:
    return iter(ox.parse(text, ox.RdfFormat.N_TRIPLES))


def _beyond(quad: ox.Quad) -> bool:
    """Whether a statement is beyond RDF 1.1."""
    term = quad.object
    return isinstance(term, ox.Triple) or (isinstance(term, ox.Literal) and term.direction is not None)
