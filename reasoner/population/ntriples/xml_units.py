"""RDF/XML cut into pieces, each a document again: between the root's start tag and its end tag.

Why this gives what the whole file gives, wherever a cut lies. A document of XML <https://www.w3.org/TR/xml/> that ends
with the end tag of its root ends there: nothing else that may stand at the end of a document can hold `</`. So where
the header, a piece and that end tag are a well-formed document together, the piece is content of the root. Contents
behind each other are the content of one root, when each begins with a tag, as cuts do. So the whole file is well-formed
where all the pieces are, and what is between header and end is the elements of the pieces in turn. To RDF/XML
<https://www.w3.org/TR/rdf-syntax-grammar/> the elements in rdf:RDF are nodes, read one by one; what is known between
two of them is the namespaces, the base and the language of the root, which are in the header; the labels of nodes,
which are kept; and which values of rdf:ID were used. A piece with an attribute that may be rdf:ID raises UncutError.
There is no document type declaration, so that no entity is defined. What `xml_columns` reads is
well-formed; of other pieces expat judges: pyoxigraph takes a text for whole that ends within an element.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import ClassVar
from xml.parsers import expat

import pyoxigraph as ox
from pyoxigraph import RdfFormat

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.population.ntriples.pieces import FAR, HEADER, NEAR, Enclosed, UncutError, bytes_at, format_of, patient
from reasoner.population.ntriples.triples import Data, read_block
from reasoner.population.ntriples.xml_columns import read_plain

_BOM = codecs.BOM_UTF8
_ID = re.compile(rb"[\s:]ID\s*=")
_NAME = re.compile(rb"<([^\s/>]+)")
_PLAIN = re.compile(r"[!#-;=?-\[\]_a-z~]+")


@dataclass(frozen=True)
class Xml(Enclosed):
    """A file of RDF/XML, its header, which ends with the root's start tag, the root's end tag, and where to cut it."""

    weight: ClassVar[int] = 4
    syntax: ClassVar[str] = "rdf/xml"

    #: The prefixes that the root declares, where it does nothing else; empty where it does.
    prefixes: Mapping[str, str] = field(default_factory=dict)

    def read(self, start: int, stop: int) -> Data:
        """The piece from `start` up to `stop`. Raises UncutError or RecordError."""
        piece = bytes_at(self.path, start, stop)
        if not piece.startswith(b"<") or (b"ID" in piece and _ID.search(piece)):
            raise UncutError("it does not begin with a tag, or may say rdf:ID, which no other piece may say again")
        stem = _stem(piece)
        plain = read_plain(piece, self.prefixes, stem) if self.prefixes else None
        return replace(read_block(plain, str(self.path)), made=stem) if plain and plain.size else self.ntriples(piece)


def _stem(piece: bytes) -> str:
    """What labels can begin with that no label in a piece begins with."""
    stem = "b"
    while b"nodeID" in piece and any(f"{quote}{stem}".encode() in piece for quote in "'\""):
        stem += "b"
    return f"_:{stem}"


def cut(path: Path, size: int) -> Xml | None:
    """A file cut before patients into pieces of about `size` bytes, the first smaller; None where it had better not be.

    That is: where it is in another syntax, too small, broken at its beginning or end, has another root than rdf:RDF or
    a document type, or is not written patient by patient.
    """
    length = path.stat().st_size
    if format_of(path) != RdfFormat.RDF_XML or length < 2 * size:
        return None
    head = bytes_at(path, 0, NEAR)
    marked = len(_BOM) if head.startswith(_BOM) else 0
    frame = _frame(head[marked:], bytes_at(path, max(0, length - HEADER), length))
    if frame is None:
        return None
    header, names, footer, behind, prefixes = frame
    whole = Xml(path, header, footer, (marked + len(header), length - behind), prefixes)
    offsets = _offsets(whole, names, size)
    return replace(whole, offsets=offsets) if offsets else None


def _frame(head: bytes, tail: bytes) -> tuple[bytes, frozenset[bytes], bytes, int, dict[str, str]] | None:
    """Header, names of the root's children, the root's end tag, how many bytes stand from there on, and the prefixes.

    None where the document is of another form.
    """
    places, attributes = _children(head)
    if len(places) < 2 or places[1] > HEADER:
        return None
    root, *children = [found[1] for place in places if (found := _NAME.match(head, place))]
    header, footer = head[: places[1]], b"</" + root + b">"
    end = tail[tail.rfind(footer[:-1]) :]
    whole = _is_root(root, header + footer) and end.startswith(footer[:-1]) and _is_well_formed(header + end)
    return (header, frozenset(children), footer, len(end), _prefixes(attributes)) if whole else None


def _prefixes(attributes: Mapping[str, str]) -> dict[str, str]:
    """What the attributes of the root declare, where they declare nothing but prefixes for plain IRIs."""
    found = {name.removeprefix("xmlns:"): iri for name, iri in attributes.items() if name.startswith("xmlns:")}
    return found if len(found) == len(attributes) and all(map(_PLAIN.fullmatch, found.values())) else {}


def _children(head: bytes) -> tuple[list[int], dict[str, str]]:
    """Where the root's start tag is, and those of its first children; and the attributes of the root."""
    parser, depth, places, attributes = expat.ParserCreate("utf-8"), 0, list[int](), dict[str, str]()

    def start(_name: str, given: dict[str, str]) -> None:
        nonlocal depth
        if depth < 2:
            places.append(parser.CurrentByteIndex)
        if depth == 0:
            attributes.update(given)
        depth += 1

    def end(_name: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end
    try:
        parser.Parse(head, False)
    except expat.ExpatError:
        return [], {}
    return places, attributes


def _is_root(name: bytes, document: bytes) -> bool:
    """Whether the root of an empty document is rdf:RDF; any other states something, or is an error."""
    try:
        return name.rpartition(b":")[2] == b"RDF" and not list(ox.parse(document, RdfFormat.RDF_XML))
    except SyntaxError:
        return False


def _is_well_formed(document: bytes) -> bool:
    refuse = rdf._Refusal("", RecordError)
    try:
        rdf._check_xml(rdf._text(document, refuse), refuse)
    except RecordError:
        return False
    return True


def _offsets(whole: Xml, names: frozenset[bytes], size: int) -> tuple[int, ...]:
    """Where the pieces start and the last one stops; nothing where no patient begins near where a cut is wanted."""
    begin, stop = whole.offsets
    tag, found = _tag(whole.header, names), [begin]
    for wanted in (begin + size // 16, *range(begin + size, stop, size)):
        texts = (bytes_at(whole.path, wanted, min(wanted + span, stop)) for span in (NEAR, FAR))
        places = (patient(whole, _elements(text, wanted, tag)) for text in texts)
        offset = next((place for place in places if place is not None), None)
        if offset is None and wanted + FAR < stop:
            return ()
        if offset is not None and offset > found[-1]:
            found.append(offset)
    return (*found, stop) if len(found) > 1 else ()


def _tag(header: bytes, names: frozenset[bytes]) -> re.Pattern[bytes]:
    """What a child of the root begins with: indented as the first one is, if that stands on a line of its own."""
    indent = header[header.rfind(b"\n") :]
    before = indent if indent[:1] == b"\n" and indent.isspace() else b">"
    return re.compile(re.escape(before) + rb"(?=<(?:" + b"|".join(map(re.escape, sorted(names))) + rb")[\s/>])")


def _elements(text: bytes, at: int, tag: re.Pattern[bytes]) -> Iterator[tuple[int, bytes]]:
    """Where children of the root seem to begin in a text that stands `at` a place, each with what is up to the next."""
    for start, stop in pairwise([found.end() for found in tag.finditer(text)]):
        yield at + start, text[start:stop]
