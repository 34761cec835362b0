"""Lines of N-Triples to a block of triples, each distinct term and pair of predicate and object held once.

`sweep` finds the distinct terms and pairs; only these are checked. The check accepts a part of N-Triples 1.1
<https://www.w3.org/TR/n-triples/> that is canonical as it stands. A line that holds anything else goes to the full
parser, which rewrites it in canonical form or refuses it.
"""

from __future__ import annotations

import io
from itertools import compress
from typing import NoReturn

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyoxigraph as ox
from msgspec import structs

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.kernel.cohort import strings
from reasoner.population.ntriples.sweep import Lines, Swept, as_lines, gather, sweep, text_of
from reasoner.population.ntriples.triple_block import Flags, TripleBlock
from reasoner.rdf_checks import FileRefusal
from reasoner.records.vocabulary import OWL

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


def read_block(text: Lines, source: str) -> TripleBlock:
    """Read lines of N-Triples. `source` stands for the file in errors.

    Blank nodes keep their labels, so blocks of one file share them and blocks of two files must not be mixed.
    Raises RecordError, with the line counted from 1 in the block, where a line is invalid, not RDF 1.1, not UTF-8 or
    an `owl:imports`.
    """
    found = _read(text, source)
    if _IMPORTS in found.predicates:
        _refuse(text, source)
    return found


def _read(text: Lines, source: str) -> TripleBlock:
    found = sweep(text)
    good = found.subject >= 0
    if not good.all() and b"\r\n" in text_of(text):
        return _read(as_lines(text_of(text).replace(b"\r\n", b"\n")), source)
    try:
        block = _block(text, found, slice(None) if good.all() else good)
    except pa.ArrowInvalid:
        _refuse(text, source)
    good[good] = _fit(block)
    if good.all():
        return block
    rewritten = as_lines(_rewritten(text, good, source))
    return _block(rewritten, sweep(rewritten), slice(None))


def _block(text: Lines, found: Swept, lines: slice | Flags) -> TripleBlock:
    """The triples of some lines. Raises ArrowInvalid where a term is not in UTF-8."""
    texts, offsets = gather(text, found.terms)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(texts)]
    terms = pa.Array.from_buffers(pa.binary(), len(found.terms), buffers).cast(pa.string())
    predicate = pa.array(found.predicate).dictionary_encode()
    described = np.zeros(len(terms), bool)
    described[found.subject[lines]] = True
    return TripleBlock(
        found.subject[lines], found.pair[lines], predicate.indices.to_numpy(), found.object,
        terms, terms.take(predicate.dictionary).to_pylist(), described,
    )  # fmt: skip


# -- checking distinct terms --


def _fit(block: TripleBlock) -> Flags:
    """Which triples are of terms that are certainly valid and canonical, each where it may stand."""
    term = _matches(block.terms, _TERM)
    literal = np.array(pc.starts_with(block.terms, '"'), bool)
    term[literal] &= ~_matches(block.terms.filter(pa.array(literal)), _IMPLIED)
    predicate = _matches(strings(block.predicates), f"^{_IRI}$")
    pair = predicate[block.pair_predicate] & term[block.pair_object]
    subject = term & ~literal
    if subject[block.described].all() and pair.all():
        return np.ones(len(block.subject), bool)
    fit: Flags = subject[block.subject] & pair[block.pair]
    return fit


def _matches(texts: pa.StringArray, pattern: str) -> Flags:
    return np.array(pc.match_substring_regex(texts, pattern), bool)


# -- lines that the columns cannot hold as they stand --


def _rewritten(text: Lines, good: Flags, source: str) -> bytes:
    """The good lines, and what the full parser makes of the others, in canonical form. Raises RecordError."""
    lines = text_of(text).split(b"\n")
    kept, others = (b"".join(line + b"\n" for line in compress(lines, chosen)) for chosen in (good, ~good))
    return kept + _canonical(others, text, source)


def _canonical(lines: bytes, text: Lines, source: str) -> bytes:
    """What the full parser makes of some lines of a text; no statement spans two lines. Raises RecordError."""
    try:
        quads = list(ox.parse(lines.decode(), ox.RdfFormat.N_TRIPLES))
    except (SyntaxError, UnicodeDecodeError):
        _refuse(text, source)
    if any(_beyond(quad.object) for quad in quads):
        _refuse(text, source)
    return ox.serialize(quads, format=ox.RdfFormat.N_TRIPLES) or b""


def _beyond(term: object) -> bool:
    """Whether a term is beyond RDF 1.1."""
    return isinstance(term, ox.Triple) or (isinstance(term, ox.Literal) and term.direction is not None)


def _refuse(text: Lines, source: str) -> NoReturn:
    """Raise the error of the first line that no record may hold; of an import where all other lines are right."""
    refuse, data = FileRefusal(source, RecordError), text_of(text)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        refuse("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", line)
    imports = None
    for number, statement in enumerate(data.split(b"\n"), 1):
        try:
            rdf.check_statements(io.BytesIO(statement), ox.RdfFormat.N_TRIPLES, refuse)
        except RecordError as error:
            found = RecordError(structs.replace(error.problem, line=number))
            if error.problem.code != "owl-imports":
                raise found from None
            imports = imports or found
    assert imports, "what is refused in columns is refused line by line"
    raise imports
