"""The statements of a record by node, as plain text, and reading them from Turtle, N-Triples and TriG.

A file that holds anything unusual is not read here: `reasoner.rdf` reads it, and refuses it where it has to. Blank
nodes get the same labels in both. An IRI is its text, a blank node begins with `_:`, a literal is a `LiteralTerm`.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import pyoxigraph as ox
from msgspec import Struct
from pyoxigraph import RdfFormat

from reasoner.records.contract import PATIENT, TYPE

_FORMATS = {
    "ttl": RdfFormat.TURTLE,
    "turtle": RdfFormat.TURTLE,
    "nt": RdfFormat.N_TRIPLES,
    "n-triples": RdfFormat.N_TRIPLES,
    "ntriples": RdfFormat.N_TRIPLES,
    "trig": RdfFormat.TRIG,
}
STDIN = "-"
XSD_STRING = "http://www.w3.org/2001/XMLSchema#string"
_OWL = "http://www.w3.org/2002/07/owl#"
_REST = "http://www.w3.org/1999/02/22-rdf-syntax-ns#rest"
_DECLARATIONS = frozenset({f"{_OWL}NamedIndividual", f"{_OWL}Ontology"})

#: Literals of these datatypes do not keep their form in every library.
_UNSTABLE = frozenset({"http://www.w3.org/2001/XMLSchema#normalizedString", "http://www.w3.org/2001/XMLSchema#token"})

#: How many links between blank nodes are nested without doubt less deep than may be.
_FEW_LINKS = 200


class LiteralTerm(NamedTuple):
    """A literal as it is written."""

    value: str
    datatype: str
    language: str = ""


Term = str | LiteralTerm
Values = dict[Term, None]
Nodes = dict[str, dict[str, Values]]
Triple = tuple[str, str, Term]


class NeedsReferenceError(Exception):
    """The reference has to read this."""


class RecordSource(Struct, frozen=True):
    """A file of records: its name (`-` is standard input), its format where one is given, and what it holds.

    `data` is None where it cannot be read.
    """

    name: str
    format: str | None
    data: bytes | None


def source_of(path: Path | str, format: str | None) -> RecordSource:
    """The file at `path`, read once."""
    try:
        if str(path) == STDIN:
            import sys

            return RecordSource(STDIN, format, sys.stdin.buffer.read())
        return RecordSource(str(path), format, Path(path).read_bytes())
    except (OSError, ValueError):
        return RecordSource(str(path), format, None)


def read(sources: Iterable[RecordSource]) -> ReadFile | None:
    """The statements of all files; None where the reference has to read one of them."""
    try:
        whole, *others = [_read(source) for source in sources] or [ReadFile("", "")]
        for other in others:
            whole.merge(other)
    except (NeedsReferenceError, SyntaxError, UnicodeDecodeError, MemoryError):
        return None
    return whole if whole.classes.isdisjoint(whole.nodes) else None


def _read(source: RecordSource) -> ReadFile:
    """One file. Raises NeedsReferenceError also where it may be nested too deep, or has no patient."""
    if source.data is None:
        raise NeedsReferenceError
    text = source.data.decode().removeprefix("\ufeff")
    kind = _kind(source, text)
    if "<<" in text:
        raise NeedsReferenceError
    file = ReadFile(source.name, text)
    file.read(ox.parse(text, kind))
    unnamed = any(type(c) is not str or c[0] == "_" for c in file.classes)
    if unnamed or file.links > _FEW_LINKS or PATIENT not in file.classes:
        raise NeedsReferenceError
    return file


def _kind(source: RecordSource, text: str) -> RdfFormat:
    if source.name == STDIN and not source.format:
        if re.match(r"\s*([\[{]|<[?!]|<([\w.-]+:)?RDF[\s>]|$)", text):
            raise NeedsReferenceError
        return RdfFormat.TRIG
    kind = _FORMATS.get((source.format or _suffix(source.name)).lower().removeprefix("."))
    if kind is None:
        raise NeedsReferenceError
    return kind


@lru_cache(1000)
def _suffix(name: str) -> str:
    return Path(name).suffix


class ReadFile:
    """The statements of one file or several by node, all subjects, also those only declared, and all types that occur.

    `links` counts those between blank nodes.
    """

    def __init__(self, name: str, text: str) -> None:
        self._name, self._text = name, text
        self._known: dict[str, str] = {}
        self._blanks: dict[str, str] = {}
        self._prefix = ""
        self.links = 0
        self.nodes: Nodes = {}
        self.subjects: set[str] = set()
        self.classes: set[Term] = set()

    def merge(self, other: ReadFile) -> None:
        """Add another file. Raises NeedsReferenceError where both state something of one node."""
        if not self.subjects.isdisjoint(other.subjects):
            raise NeedsReferenceError
        self.nodes.update(other.nodes)
        self.subjects |= other.subjects
        self.classes |= other.classes

    def read(self, quads: Iterable[ox.Quad]) -> None:
        """Collect all statements."""
        nodes, same, label = self.nodes, self._known.setdefault, self._label
        iri = ox.NamedNode
        for quad in quads:
            subject, predicate, value = quad.subject, quad.predicate.value, quad.object
            s = subject.value if type(subject) is iri else label(subject)
            p = same(predicate, predicate)
            o: Term
            if type(value) is iri:
                text = value.value
                o = same(text, text)
            else:
                o = self._value(s, p, value)
            if p == TYPE:
                if o in _DECLARATIONS:
                    self.subjects.add(s)
                    continue
                self.classes.add(o)
            stated = nodes.get(s)
            if stated is None:
                nodes[s] = {p: {o: None}}
            elif p in stated:
                stated[p][o] = None
            else:
                stated[p] = {o: None}
        self.subjects |= nodes.keys()

    def _value(self, s: str, p: str, value: object) -> Term:
        """A value that is no IRI."""
        if type(value) is ox.Literal:
            return _literal(value)
        self.links += s[0] == "_" and p != _REST
        return self._label(value)

    def _label(self, term: object) -> str:
        """The label of a blank node, as `reasoner.rdf` numbers it."""
        if type(term) is not ox.BlankNode:
            raise NeedsReferenceError
        label = self._blanks.get(term.value)
        if label is None:
            if not self._prefix:
                digest = hashlib.sha256(os.fsencode(self._name) + bytes(1) + self._text.encode()).hexdigest()
                self._prefix = f"_:b{digest[:12]}n"
            label = self._blanks[term.value] = f"{self._prefix}{len(self._blanks) + 1}"
        return label


def _literal(term: ox.Literal) -> LiteralTerm:
    language, datatype = term.language, term.datatype.value
    if language is None:
        if datatype in _UNSTABLE:
            raise NeedsReferenceError
        return LiteralTerm(term.value, datatype)
    if term.direction is not None or not re.fullmatch("[a-zA-Z]+(-[a-zA-Z0-9]+)*", language):
        raise NeedsReferenceError
    return LiteralTerm(term.value, datatype, language)


def reachable(nodes: Nodes, top: str, properties: frozenset[str]) -> list[str]:
    """A node and those that the properties lead to from it, in the order in which they are reached."""
    found = [top]
    for node in found:
        for p, values in nodes.get(node, {}).items():
            if p in properties:
                found += [o for o in values if type(o) is str and o not in found]
    return found


def triples(nodes: Nodes, among: Iterable[str]) -> Iterator[Triple]:
    """The statements of some nodes."""
    for s in among:
        for p, values in nodes.get(s, {}).items():
            for o in values:
                yield s, p, o
