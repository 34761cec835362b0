"""N-Triples by columns: a block of lines becomes arrays of codes, each distinct term and pair held once.

`sweep` finds the distinct terms, and pairs of a predicate with an object; only these are checked. The check accepts a
part of N-Triples 1.1 <https://www.w3.org/TR/n-triples/> that is canonical as it stands. A line that holds anything else
goes to the full parser, which rewrites it in canonical form or refuses it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn, TypeAlias

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from numpy.typing import NDArray

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.population.ntriples.simple import simple
from reasoner.population.ntriples.sweep import Swept, gather, sweep
from reasoner.population.ntriples.text import Text
from reasoner.records.vocabulary import OWL

Codes = NDArray[np.int32]
Positions = NDArray[np.intp]
Flags = NDArray[np.bool_]
#: A block of lines, or what was read of one in another syntax.
Data: TypeAlias = "bytes | memoryview | pa.Buffer | Text | Triples"
#: The number, from 1, of a block's first line in its file, or what counts it when an error must name a line.
FirstLine = int | Callable[[], int]

_IMPORTS = f"<{OWL}imports>"

# Terms as the full parser writes them, and certainly valid.
_SAFE = r"(?:[A-Za-z0-9._~!$&'()*+,;=:@/\-\x{A0}-\x{D7FF}]|%[0-9A-Fa-f]{2})"
_AUTHORITY = r"//[A-Za-z0-9._~\-]*(?::[0-9]{1,4})?"
_IRI = rf"<[A-Za-z][A-Za-z0-9+.\-]*:(?:{_AUTHORITY}(?:/{_SAFE}*)?|[A-Za-z0-9]{_SAFE}*)(?:\?{_SAFE}*)?(?:#{_SAFE}*)?>"
_NODE = r"_:[A-Za-z0-9](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_\-])?"
_CHARACTER = r'[ !#-\[\]-~\x{80}-\x{D7FF}\x{E000}-\x{FFFD}\x{10000}-\x{1FFFD}]|\\[tbnrf"\\]'
_LITERAL = rf'"(?:{_CHARACTER})*"(?:@[a-z]{{2,3}}(?:-[a-z]{{2}})?|\^\^{_IRI})?'
_TERM = rf"^(?:{_IRI}|{_NODE}|{_LITERAL})$"
# Written without a datatype, or not at all.
_IMPLIED = r'"\^\^<http://www\.w3\.org/(2001/XMLSchema#string|1999/02/22-rdf-syntax-ns#(dirL|l)angString)>$'


@dataclass(frozen=True)
class Triples:
    """A block of triples, as a set: equal triples may stand twice. All codes are positions, counted from 0.

    `nodes` are the distinct terms in subject or object position, as canonical N-Triples write them; the first
    `subjects` of them are the subjects. So an object whose code is below `subjects` is a subject of this block. A pair
    is a predicate with an object; each distinct pair has one code. `made` begins every label of a blank node that the
    text does not name, and no other term; it is empty where there is none.
    """

    subject: Codes
    pair: Codes
    pair_predicate: Codes
    pair_object: Codes
    nodes: pa.StringArray
    predicates: pa.StringArray
    subjects: int
    made: str = ""

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
    text = data if isinstance(data, Text) else Text.of(data)
    lines = _Lines(text.view, source, first_line)
    found = _read(lines, text, canonical=False)
    if pc.index(found.predicates, _IMPORTS).as_py() >= 0:
        lines.refuse_imports()
    return found


def _read(lines: _Lines, text: Text, *, canonical: bool) -> Triples:
    found = sweep(text.data, text.size)
    good = found.subject >= 0
    if not good.all() and b"\r\n" in bytes(text.view):
        return _read(lines, Text.of(bytes(text.view).replace(b"\r\n", b"\n")), canonical=canonical)
    try:
        table = _table(text, found, slice(None) if good.all() else good)
    except pa.ArrowInvalid:
        lines.refuse_encoding()
    if not canonical:
        good[good] = _fit(table)
        if not good.all():
            return _read(lines, Text.of(lines.rewritten(text, good)), canonical=True)
    return table


# -- numbering --


def _table(text: Text, found: Swept, lines: slice | Flags) -> Triples:
    """The triples of some lines. Raises ArrowInvalid where a term is not in UTF-8."""
    subject, pair = found.subject[lines], found.pair[lines]
    subjects, of_subject = _used(subject, len(found.terms))
    predicates, of_predicate = _used(found.predicate, len(found.terms))
    others = np.zeros(len(found.terms), bool)
    others[found.object] = True
    others[subjects] = False
    nodes = np.concatenate((subjects, np.flatnonzero(others)))
    of_node = np.empty(len(found.terms), np.int32)
    of_node[nodes] = np.arange(len(nodes), dtype=np.int32)
    return Triples(
        of_subject[subject],
        pair,
        of_predicate[found.predicate],
        of_node[found.object],
        _terms(text, found, nodes),
        _terms(text, found, predicates),
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


def _terms(text: Text, found: Swept, chosen: Positions) -> pa.StringArray:
    texts, offsets = gather(text.data, found.terms, chosen)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(texts)]
    return pa.Array.from_buffers(pa.binary(), len(chosen), buffers).cast(pa.string())


# -- judging distinct terms --


def _fit(table: Triples) -> Flags:
    """Which triples are of terms that are certainly valid and canonical, each where it may stand."""
    term = simple(_bytes(table.nodes), _offsets(table.nodes))
    others = np.flatnonzero(~term)
    texts = table.nodes.take(pa.array(others))
    term[others] = _matches(texts, _TERM) & ~_matches(texts, _IMPLIED)
    quoted = others[pc.starts_with(texts, '"').to_numpy(zero_copy_only=False)]
    pair = _matches(table.predicates, f"^{_IRI}$")[table.pair_predicate] & term[table.pair_object]
    term[quoted[quoted < table.subjects]] = False
    if term[: table.subjects].all() and pair.all():
        return np.ones(len(table), bool)
    fit: Flags = term[table.subject] & pair[table.pair]
    return fit


def _matches(texts: pa.StringArray, pattern: str) -> Flags:
    found: Flags = pc.match_substring_regex(texts, pattern).to_numpy(zero_copy_only=False)
    return found


def _bytes(texts: pa.BinaryArray) -> NDArray[np.uint8]:
    return np.frombuffer(texts.buffers()[2] or b"", np.uint8)


def _offsets(texts: pa.BinaryArray) -> Codes:
    return np.frombuffer(texts.buffers()[1], np.int32)[: len(texts) + 1]


# -- lines that the columns cannot hold as they stand --


@dataclass(frozen=True)
class _Lines:
    """The lines of a block, and where they stand in their file."""

    data: bytes | memoryview
    source: str
    first: FirstLine

    def rewritten(self, block: Text, good: Flags) -> bytes:
        """The good lines, and what the full parser makes of the others, in canonical form."""
        text, begins = bytes(block.view), block.line_offsets()
        odd = np.flatnonzero(~good)
        pieces, done = [], 0
        others = [text[begins[i] : begins[i + 1]] for i in odd]
        for i in odd:
            pieces.append(text[done : begins[i]])
            done = begins[i + 1]
        return b"".join((*pieces, text[done:], self._parsed(others, odd)))

    def _parsed(self, others: list[bytes], numbers: Positions) -> bytes:
        text = b"".join(others)
        try:
            quads = list(_quads(text)) if text.isascii() or text.decode() else None
        except UnicodeDecodeError:
            self.refuse_encoding()
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
