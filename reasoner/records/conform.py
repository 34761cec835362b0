"""Whether one RDF term passes a compiled test: yes, no, or, where the term is not all known, None.

Terms are read as N-Triples write them (https://www.w3.org/TR/n-triples/).
"""

from __future__ import annotations

import re
from typing import NamedTuple

from reasoner.patterns import compiled
from reasoner.records.contract import (
    NUMBERS,
    WELL_FORMED,
    All,
    Among,
    AnyOf,
    Between,
    Fails,
    InClass,
    Matches,
    OfDatatype,
    OfKind,
    Test,
)
from reasoner.terms import TEXTS

XSD = "http://www.w3.org/2001/XMLSchema#"
_LITERAL = r'(?s)"(.*)"(?:\^\^<(.*)>|@(.*))?'
_ESCAPE = r"\\(?:u([0-9A-Fa-f]{4})|U([0-9A-Fa-f]{8})|(.))"
_ESCAPED = {"t": "\t", "b": "\b", "n": "\n", "r": "\r", "f": "\f"}


class Term(NamedTuple):
    """An RDF term: `kind` is `iri`, `blank`, `literal` or, for a node of which only the class is known, `node`.

    `classes` are the types that the record gives it.
    """

    kind: str
    text: str
    datatype: str = ""
    classes: frozenset[str] = frozenset()

    @property
    def unnamed(self) -> bool:
        """Whether it is not known which node it is."""
        return self.kind == "node" or (self.kind == "iri" and not self.text)


def term_of(written: str) -> Term:
    """The term that N-Triples write so."""
    if written.startswith("<"):
        return Term("iri", _unescaped(written[1:-1]))
    found = re.fullmatch(_LITERAL, written)
    if found is None:
        return Term("blank", written)
    datatype = found[2] or (XSD + "string" if found[3] is None else "@")
    return Term("literal", _unescaped(found[1]), datatype)


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    return re.sub(_ESCAPE, lambda m: chr(int(m[1] or m[2], 16)) if m[1] or m[2] else _ESCAPED.get(m[3], m[3]), text)


def passes(test: Test, term: Term) -> bool | None:
    """Whether `term` passes; None where that depends on what is not known of it, or is for the reference to say."""
    match test:
        case All(parts):
            found = [passes(part, term) for part in parts]
            return False if False in found else None if None in found else True
        case AnyOf(parts):
            found = [passes(part, term) for part in parts]
            return True if True in found else None if None in found else False
        case Fails(part):
            value = passes(part, term)
            return None if value is None else not value
        case InClass(classes, members):
            return not term.classes.isdisjoint(classes) or (term.text in members if term.kind == "iri" else False)
    return _simple(test, term)


def _simple(test: Test, term: Term) -> bool | None:
    match test:
        case OfKind(kinds):
            known = term.kind in kinds
            return known if term.kind != "node" else True if {"iri", "blank"} <= set(kinds) else None
        case OfDatatype(datatype):
            return term.kind == "literal" and term.datatype == datatype and _written_well(term)
        case Matches(pattern):
            return None if term.unnamed else term.kind != "blank" and bool(compiled(pattern).search(term.text))
        case Among(iris):
            return None if term.unnamed else term.kind == "iri" and term.text in iris
        case Between():
            return term.kind == "literal" and _between(test, term)
    return None


def _written_well(term: Term) -> bool | None:
    """Whether a literal has a form of its datatype; None for a datatype of XML Schema that is not looked at here."""
    if term.text != term.text.strip() and term.datatype not in (*TEXTS, "@"):
        return False
    test = WELL_FORMED.get(term.datatype)
    if test is None:
        return None if term.datatype.startswith(XSD) and term.datatype != XSD + "string" else True
    return test(term.text)


def _between(test: Between, term: Term) -> bool | None:
    if term.datatype not in NUMBERS or not _written_well(term):
        return None
    number = NUMBERS[term.datatype](term.text)
    above = test.low is None or number > test.low or (number == test.low and not test.low_strict)
    below = test.high is None or number < test.high or (number == test.high and not test.high_strict)
    return above and below
