"""Reading one RDF file: strictly, whole or not at all, without the network, and with the line of each statement.

RDF 1.1 in Turtle, N-Triples, TriG (its graphs merged), RDF/XML and JSON-LD 1.1. Literals keep the form in which they
were written. A parser that is fed one line at a time tells on which line it came upon a statement; for JSON-LD, whose
parser needs the whole document first, no line is known.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import re
import sys
from collections import UserString
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import IO, NoReturn

import pyoxigraph as ox
from pyoxigraph import RdfFormat
from rdflib import OWL, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node, XSDToPython

from reasoner.errors import GuidelineError, RecordError
from reasoner.files import LineFeed
from reasoner.json_contexts import without_nulls
from reasoner.other_formats import ENOUGH, mistaken
from reasoner.rdf_checks import MAX_DEPTH, MAX_LINKED, FileRefusal, check_json, check_xml, refuse_depth, refuse_long
from reasoner.rdf_structure import check_depth, check_structure
from reasoner.terms import TEXTS

Triple = tuple[Node, Node, Node]

#: The formats by the suffix of a file; a format is named by such a suffix too, or as below.
SUFFIXES: dict[str, RdfFormat] = {
    "ttl": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "trig": RdfFormat.TRIG,
    "rdf": RdfFormat.RDF_XML,
    "owl": RdfFormat.RDF_XML,
    "xml": RdfFormat.RDF_XML,
    "jsonld": RdfFormat.JSON_LD,
    "json": RdfFormat.JSON_LD,
}
NAMES: dict[str, RdfFormat] = {
    "turtle": RdfFormat.TURTLE,
    "n-triples": RdfFormat.N_TRIPLES,
    "ntriples": RdfFormat.N_TRIPLES,
    "rdf/xml": RdfFormat.RDF_XML,
    "rdf-xml": RdfFormat.RDF_XML,
    "json-ld": RdfFormat.JSON_LD,
}
STDIN = "-"

#: Where a JSON-LD document's undefined names and relative IRIs are put: left alone, they would be dropped in silence.
UNDEFINED = "https://undefined.invalid/"
RELATIVE = "https://relative.invalid/"

_N3 = re.compile(r"[{}]|=>|<=|@for(All|Some)\b|\bis\s+\S+\s+of\b|^\s*\S+\s+=\s|[\w>][!^][\w<]")
_DECIMAL = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)")
_EXPONENT = re.compile(r"-?[0-9]\.[0-9]{1,20}E-?[0-9]{1,2}")
_NULL = re.compile(r"\bnull\b")
_XML = re.compile(r"<(\?xml|!--|!DOCTYPE|([\w.-]+:)?RDF[\s>])")


@dataclass(frozen=True)
class Parsed:
    """The graph of one file, the file's name and prefixes, and where each statement stands in it."""

    graph: Graph
    file: str
    prefixes: Mapping[str, str] = field(default_factory=dict)
    lines: Mapping[Triple, int | None] = field(default_factory=dict, repr=False)

    def line_of(self, s: Node | None, p: Node | None = None, o: Node | None = None) -> int | None:
        """The first line of the statements that match; None where none does or no line is known."""
        if s is not None and p is not None and o is not None:
            return self.lines.get((s, p, o))
        found = (self.lines.get(triple) for triple in self.graph.triples((s, p, o)))
        return min((line for line in found if line is not None), default=None)


def read_graph(path: Path | str, *, format: str | None = None, imports: bool = False) -> Parsed:
    """Read the file at `path` (`-` is standard input), as `format` or what its suffix says.

    With `imports` the file is part of a guideline: `owl:imports` is kept (and followed by nobody), and what is wrong
    raises GuidelineError; without, `owl:imports` is refused and RecordError is raised.
    """
    refuse = FileRefusal(str(path), GuidelineError if imports else RecordError)
    data = sys.stdin.buffer.read() if str(path) == STDIN else read_bytes(Path(path), refuse)
    return _read(data, format, imports, refuse)


def read_text(data: bytes | str, name: str, *, format: str | None = None, imports: bool = False) -> Parsed:
    """Read RDF that is at hand already; `name` stands for the file in errors. As `read_graph` otherwise."""
    refuse = FileRefusal(name, GuidelineError if imports else RecordError)
    return _read(data.encode() if isinstance(data, str) else data, format, imports, refuse)


def read_bytes(path: Path, refuse: FileRefusal) -> bytes:
    """The bytes of a file. Raises the refusal's error where it cannot be read."""
    if path.is_dir():
        refuse("is-a-directory", "this is a directory, not a file", "name the files in it")
    try:
        return path.read_bytes()
    except FileNotFoundError:
        refuse("no-such-file", "there is no such file", "check the path")
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        refuse("not-readable", f"the file cannot be read: {reason}", "check its permissions")


def _read(data: bytes, name: str | None, imports: bool, refuse: FileRefusal) -> Parsed:
    kind = format_of(data, name, refuse)
    text = _text(data, refuse)
    _check_before(text, kind, refuse)
    parsed = _parse(text, kind, refuse)
    if not parsed.lines:
        refuse("no-triples", "the file states nothing", "give a file that holds RDF statements")
    check_depth(parsed, MAX_DEPTH if imports else MAX_LINKED, refuse)
    (check_structure if imports else _check_imports)(parsed, refuse)
    return parsed


def _text(data: bytes, refuse: FileRefusal) -> str:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        refuse("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", line)
    if not text.strip():
        refuse("empty-file", "the file is empty", "give a file that holds RDF statements")
    return text


def format_of(data: bytes, name: str | None, refuse: FileRefusal) -> RdfFormat:
    """The format of a name, else of the file's suffix, else (standard input) of what the text looks like.

    Raises the refusal's error for a name that is none, and for a file of a format that is no RDF, by its name.
    """
    if other := mistaken(data[:ENOUGH]):
        refuse("other-format", *other)
    given = (name or Path(refuse.file).suffix).lower().removeprefix(".")
    if not name and refuse.file == STDIN:
        return _sniff(data.decode("utf-8-sig", "replace"))
    found = SUFFIXES.get(given) or NAMES.get(given)
    if found is None:
        what = f"“{given}” is no format that can be read" if given else "the file name says no format"
        refuse("unknown-format", what, f"use one of {', '.join(SUFFIXES)}, or name the format")
    return found


def _sniff(text: str) -> RdfFormat:
    """What standard input looks like. TriG includes Turtle and N-Triples."""
    text = text.lstrip()
    if _XML.match(text):
        return RdfFormat.RDF_XML
    if text.startswith(("{", "[")):
        try:
            json.loads(text, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            return RdfFormat.JSON_LD if re.match(r'[\[{\s]*"', text) else RdfFormat.TRIG
        return RdfFormat.JSON_LD
    return RdfFormat.TRIG


# -- before parsing: what would harm the parser, or what it would let pass --


def _check_before(text: str, kind: RdfFormat, refuse: FileRefusal) -> None:
    if kind == RdfFormat.JSON_LD:
        check_json(text, refuse)
    elif kind == RdfFormat.RDF_XML:
        check_xml(io.BytesIO(text.encode()), refuse)
    elif text.count("<<(") > MAX_DEPTH:
        refuse_depth(refuse)


# -- parsing --


def _parse(text: str, kind: RdfFormat, refuse: FileRefusal) -> Parsed:
    is_json = kind == RdfFormat.JSON_LD
    feed = LineFeed(io.BytesIO((wrapped(text) if is_json else text).encode()))
    terms = _Terms(text, is_json, refuse)
    lines: dict[Triple, int | None] = {}
    try:
        parser = ox.parse(feed, kind, base_iri=RELATIVE if is_json else None)  # type: ignore[arg-type]
        for quad in parser:
            line = None if is_json else feed.line
            triple = (terms.of(quad.subject, line), terms.of(quad.predicate, line), terms.of(quad.object, line))
            lines.setdefault(triple, line)
    except SyntaxError as error:
        refuse_syntax(error, text, kind, feed.line, refuse)
    except MemoryError:
        refuse_long(refuse, feed.line)
    prefixes = {} if is_json else dict(parser.prefixes)
    return Parsed(_graph(lines, prefixes), refuse.file, prefixes, lines)


def check_statements(file: IO[bytes], kind: RdfFormat, refuse: FileRefusal) -> None:
    """Read what stands in a file from here on, line by line, and keep nothing: for files larger than memory.

    Raises the refusal's error, with its line, for the first statement that no record may hold, and for `owl:imports`
    where all others are right. Not for JSON-LD, of which no line is known.
    """
    feed, terms, imported = LineFeed(file), _Terms("", False, refuse), None
    try:
        for quad in ox.parse(feed, kind):  # type: ignore[arg-type]
            for term in (quad.subject, quad.predicate, quad.object):
                terms.new(term, feed.line)
            if imported is None and quad.predicate.value == str(OWL.imports):
                imported = terms.new(quad.object, feed.line), feed.line
    except SyntaxError as error:
        refuse_syntax(error, feed.text(), kind, feed.line, refuse)
    except MemoryError:
        refuse_long(refuse, feed.line)
    if imported is not None:
        _refuse_imports(refuse, *imported)


def wrapped(text: str) -> str:
    """A JSON-LD document inside one whose vocabulary catches every name that the document does not define."""
    if _NULL.search(text):
        text = without_nulls(text, {"@vocab": UNDEFINED, "@base": RELATIVE})
    return f'{{"@context": {{"@vocab": "{UNDEFINED}"}}, "@graph": [\n{text}\n]}}'


def _graph(triples: Mapping[Triple, int | None], prefixes: Mapping[str, str]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for prefix, namespace in prefixes.items():
        graph.bind(prefix, namespace, override=True, replace=True)
    for triple in triples:
        graph.add(triple)
    return graph


class _Terms:
    """The parser's terms as rdflib's; blank nodes are numbered under a name that depends on the file alone."""

    def __init__(self, text: str, is_json: bool, refuse: FileRefusal) -> None:
        self._is_json = is_json
        self._known: dict[object, Node] = {}
        self._blank = f"b{hashlib.sha256(os.fsencode(refuse.file) + bytes(1) + text.encode()).hexdigest()[:12]}n"
        self._count = 0
        self._refuse = refuse

    def of(self, term: object, line: int | None) -> Node:
        found = self._known.get(term)
        if found is None:
            found = self._known[term] = self.new(term, line)
        return found

    def new(self, term: object, line: int | None) -> Node:
        """The term made anew; a blank node gets the next number."""
        if isinstance(term, ox.NamedNode):
            return self._iri(term.value, line)
        if isinstance(term, ox.BlankNode):
            self._count += 1
            return BNode(f"{self._blank}{self._count}")
        if not isinstance(term, ox.Literal) or term.direction is not None:
            self._refuse("rdf-12", "a statement about a statement, or a text direction, is beyond RDF 1.1",
                         "state it in RDF 1.1", line)  # fmt: skip
        return _literal(term, self._is_json)

    def _iri(self, iri: str, line: int | None) -> URIRef:
        if iri.startswith(UNDEFINED):
            self._refuse("undefined-term", f"the @context does not define “{iri.removeprefix(UNDEFINED)}”",
                         "define it in the @context, or leave it out", line)  # fmt: skip
        if iri.startswith(RELATIVE):
            _refuse_relative(self._refuse, line, iri.removeprefix(RELATIVE))
        return URIRef(iri)


def _literal(term: ox.Literal, is_json: bool) -> Literal:
    """The literal as written. JSON-LD writes a number typed xsd:decimal with an exponent, which no decimal has."""
    if term.language:
        return Literal(term.value, lang=term.language)
    datatype, value = URIRef(term.datatype.value), term.value
    if is_json and datatype == XSD.decimal and _EXPONENT.fullmatch(value):
        value = format(Decimal(value), "f")
    if not _has_value(value, datatype):
        return IllTypedLiteral(UserString(value), datatype=datatype, normalize=False)  # rdflib converts a str alone
    return Literal(value, datatype=None if datatype == XSD.string else datatype, normalize=False)


class IllTypedLiteral(Literal):
    """A literal without a value, for its form is none of its datatype; rdflib logs it, or takes "NaN" for a number."""

    __slots__ = ()

    @property
    def value(self) -> None:
        """None."""

    @property
    def ill_typed(self) -> bool:
        """True."""
        return True


def _has_value(text: str, datatype: URIRef) -> bool:
    """Whether a text is a lexical form of a datatype; true where rdflib does not know it, but for outer white space.

    White space is no part of a lexical form in RDF 1.1, other than of texts.
    """
    if text != text.strip() and str(datatype) not in TEXTS:
        return False
    if datatype == XSD.decimal:
        return _DECIMAL.fullmatch(text) is not None
    if datatype == XSD.boolean:
        return text in ("true", "false", "1", "0")
    convert = XSDToPython.get(datatype)
    try:
        return convert is None or convert(text) is not None
    except Exception:  # the converters of rdflib raise what they like
        return False


def _refuse_relative(refuse: FileRefusal, line: int | None, iri: str = "") -> NoReturn:
    shown = f" “{iri}”" if iri else ""
    refuse("relative-iri", f"the IRI{shown} is relative and the file gives no base", "write the IRI in full", line)


def refuse_syntax(error: SyntaxError, text: str, kind: RdfFormat, read: int, refuse: FileRefusal) -> NoReturn:
    sources = text.splitlines()
    line = (error.lineno or read) - (kind == RdfFormat.JSON_LD)
    line = min(max(line, 1), len(sources))
    if "No scheme found" in error.msg:
        _refuse_relative(refuse, line)
    if "LoadDocumentCallback" in error.msg:
        refuse("remote-context", "a context is elsewhere, which is never fetched", "write it into the file")
    if kind == RdfFormat.TURTLE and _N3.search(sources[line - 1]):
        refuse("n3-syntax", "this is Notation3, not Turtle", "write plain Turtle; named graphs go into .trig", line)
    what = re.sub(r"^Parser error at line \d+ (between )?", "", error.msg)
    refuse("syntax-error", f"the file is not well-formed: {what}", "correct the file", line)


# -- after parsing --


def _check_imports(parsed: Parsed, refuse: FileRefusal) -> None:
    for s, o in parsed.graph.subject_objects(OWL.imports):
        _refuse_imports(refuse, o, parsed.line_of(s, OWL.imports, o))


def _refuse_imports(refuse: FileRefusal, imported: object, line: int | None) -> NoReturn:
    refuse("owl-imports", f"the record imports {imported}, which is never fetched",
           "delete owl:imports; the guideline is at hand already", line)  # fmt: skip
