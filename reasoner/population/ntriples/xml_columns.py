"""RDF/XML of a plain kind to N-Triples in one pass over the bytes, compiled.

Read is what is certainly well-formed XML <https://www.w3.org/TR/xml/> and valid RDF/XML
<https://www.w3.org/TR/rdf-syntax-grammar/> of the kind that programs write: node elements by rdf:about, rdf:nodeID or
without a name; in them property elements with rdf:resource, with rdf:nodeID, with a text and maybe its rdf:datatype, or
around one node element. Names have prefixes of the root. Anything else is for the full parser: another attribute, a
comment, a reference to a character, an empty text, a word of RDF but rdf:Description and rdf:type.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np
from rdflib import RDF

from reasoner.population.ntriples.jit import compiled
from reasoner.population.ntriples.text import Text

#: How deep elements are read.
DEEPEST = 32
#: How many times as long as the text the N-Triples may be.
_LONGER = 16
_MARGIN = 16

_NONE, _ABOUT, _LABEL, _RESOURCE, _DATATYPE = range(5)
# What a term is: an IRI or a label in the text, or a node that has none, by its number.
_IRI, _NAMED, _MADE = range(3)
_BLANK, _TAB, _LINE, _RETURN = 0x20, 0x09, 0x0A, 0x0D
_LESS, _MORE, _SLASH, _COLON, _EQUAL, _AND, _DOUBLE, _SINGLE, _ESCAPE, _DOT, _UNDER, _ZERO = b"<>/:=&\"'\\._0"

_IS_BLANK = np.isin(np.arange(256), [_BLANK, _TAB, _LINE, _RETURN])
_FIRST, _FURTHER = 1, 2
_NAME = np.zeros(256, np.uint8)
_NAME[[*b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_"]] = _FIRST
_NAME[[*b"0123456789.-"]] = _FURTHER
# Bytes that may stand in an IRI, whatever is around it.
_IN_IRI = np.arange(256) > _BLANK
_IN_IRI[[*b"<>\"{}|^`\\&'\x7f"]] = False

# Bytes that stand for themselves in a text, and what N-Triples write behind a backslash for some of them.
_IN_TEXT = np.arange(256) >= _BLANK
_IN_TEXT[[_LINE, _TAB]], _IN_TEXT[[_LESS, _MORE, _AND]] = True, False
_ESCAPED = np.zeros(256, np.uint8)
_ESCAPED[[_LINE, _TAB, _DOUBLE, _ESCAPE]] = [*b'nt"\\']

_WORDS = (b"about", b"nodeID", b"resource", b"datatype", b"Description", b"type")
_WORD = np.frombuffer(b"".join(_WORDS), np.uint8)
_WORD_AT = np.cumsum([0, *map(len, _WORDS)])
_DESCRIPTION, _TYPE = 5, 6
_TYPED = np.frombuffer(f" <{RDF.type}> ".encode(), np.uint8)
_BEHIND = np.frombuffer(b" .\n", np.uint8)
_CARETS = np.frombuffer(b"^^", np.uint8)


class _Names(NamedTuple):
    """Prefixes, and what they stand for, each behind the one before; where each starts; and which stand for RDF's."""

    prefixes: Any
    prefix_at: Any
    spaces: Any
    space_at: Any
    is_rdf: Any


class _Tag(NamedTuple):
    """A start tag: where its name starts, its colon is, the name stops; the number of its prefix.

    `attribute` is its kind, `value` and `value_stop` where its value stands. `closed` tells that it ends the element;
    `end` is behind it. Where it is not plain, `end` is -1.
    """

    start: Any
    colon: Any
    stop: Any
    prefix: Any
    attribute: Any
    value: Any
    value_stop: Any
    closed: Any
    end: Any


# By level: of an open element where its name starts, its colon is, its name stops, its prefix; of a node what it is
# called; of a property whether a node has been in it.
_START, _MIDDLE, _STOP, _PREFIX, _KIND, _FROM, _UP_TO, _FILLED = range(8)


def read_plain(piece: bytes, prefixes: Mapping[str, str], stem: str) -> Text | None:
    """The N-Triples of node elements, where these prefixes hold, and no base or language; None where it is not plain.

    Nodes without a name get labels that begin with `stem`. What they say is valid where the N-Triples are.
    """
    if b"rdf-syntax-ns#" in piece or not _is_text(piece):
        return None
    data = np.frombuffer(piece + bytes(_MARGIN), np.uint8)
    out = np.empty(_LONGER * len(piece), np.uint8)
    count = _written(data, len(piece), _names(prefixes), np.frombuffer(stem.encode(), np.uint8), out)
    return Text.of(out[:count].data) if count >= 0 else None


def _is_text(piece: bytes) -> bool:
    """Whether these are characters of XML; control characters are looked for where they matter."""
    try:
        return piece.isascii() or (bool(piece.decode()) and b"\xef\xbf" not in piece)
    except UnicodeDecodeError:
        return False


def _names(prefixes: Mapping[str, str]) -> _Names:
    names, spaces = [prefix.encode() for prefix in prefixes], [space.encode() for space in prefixes.values()]
    is_rdf = np.array([space == str(RDF) for space in prefixes.values()], bool)
    return _Names(*_strings(names), *_strings(spaces), is_rdf)


def _strings(texts: list[bytes]) -> tuple[Any, Any]:
    return np.frombuffer(b"".join(texts), np.uint8), np.cumsum([0, *map(len, texts)]).astype(np.int64)


@compiled
def _written(data: Any, size: int, names: _Names, stem: Any, out: Any) -> Any:
    """How many bytes of N-Triples were written to `out`; -1 where the text is not plain, or `out` too short."""
    levels = np.zeros((DEEPEST + 1, 8), np.int64)
    depth, made, end = 0, 0, 0
    at = _skipped(data, 0)
    while at < size:
        if data[at] == _LESS and data[at + 1] == _SLASH:
            depth -= 1
            at = _ended(data, at, levels[depth, _START], levels[depth, _STOP]) if depth >= 0 else -1
        else:
            tag = _tag(data, at, names)
            if depth % 2 == 0:
                at, depth, end = _node(data, names, stem, out, end, levels, depth, tag, made)
                made += 1
            else:
                at, depth, end = _property(data, names, stem, out, end, levels, depth, tag)
        if at < 0 or depth > DEEPEST or end >= len(out):
            return -1
        at = _skipped(data, at)
    return end if depth == 0 else -1


@compiled
def _node(
    data: Any, names: _Names, stem: Any, out: Any, end: Any, levels: Any, depth: Any, tag: _Tag, made: Any
) -> Any:
    """Enter a node element: write its type, and the triple that leads to it. Where the text goes on, depth, end."""
    is_rdf = tag.end >= 0 and names.is_rdf[tag.prefix]
    described = is_rdf and _is_word(data, tag.colon + 1, tag.stop, _DESCRIPTION)
    again = depth > 0 and levels[depth - 1, _FILLED] == 1
    if tag.end < 0 or tag.attribute > _LABEL or (is_rdf and not described) or again:
        return -1, depth, end
    here = levels[depth]
    here[_START], here[_STOP], here[_FROM], here[_UP_TO] = tag.start, tag.stop, tag.value, tag.value_stop
    here[_KIND] = _IRI if tag.attribute == _ABOUT else _NAMED
    if tag.attribute == _NONE:
        here[_KIND], here[_FROM] = _MADE, made
    if depth > 0:
        levels[depth - 1, _FILLED] = 1
        end = _led(data, names, stem, out, end, levels[depth - 2], levels[depth - 1])
        end = _put(out, _term(data, stem, out, end, here), _BEHIND, 0, len(_BEHIND))
    if not is_rdf:
        end = _put(out, _term(data, stem, out, end, here), _TYPED, 0, len(_TYPED))
        end = _name(data, names, out, end, tag.prefix, tag.colon, tag.stop)
        end = _put(out, end, _BEHIND, 0, len(_BEHIND))
    return tag.end, depth if tag.closed else depth + 1, end


@compiled
def _property(data: Any, names: _Names, stem: Any, out: Any, end: Any, levels: Any, depth: Any, tag: _Tag) -> Any:
    """Enter a property element, and leave it where no node is in it. Where the text goes on, depth, end."""
    wrong = tag.end < 0 or (names.is_rdf[tag.prefix] and not _is_word(data, tag.colon + 1, tag.stop, _TYPE))
    if wrong or tag.attribute == _ABOUT or tag.closed != (tag.attribute in (_LABEL, _RESOURCE)):
        return -1, depth, end
    here = levels[depth]
    here[_START], here[_MIDDLE], here[_STOP], here[_PREFIX] = tag.start, tag.colon, tag.stop, tag.prefix
    here[_KIND], here[_FROM], here[_UP_TO] = _IRI if tag.attribute != _LABEL else _NAMED, tag.value, tag.value_stop
    here[_FILLED] = 0
    inner = _skipped(data, tag.end)
    if not tag.closed and tag.attribute == _NONE and data[inner] == _LESS:
        return (inner, depth + 1, end) if data[inner + 1] != _SLASH else (-1, depth, end)
    end = _led(data, names, stem, out, end, levels[depth - 1], here)
    if tag.closed:
        return tag.end, depth, _put(out, _term(data, stem, out, end, here), _BEHIND, 0, len(_BEHIND))
    stop = _text_end(data, tag.end)
    if stop < 0 or inner >= stop:
        return -1, depth, end
    end = _literal(data, out, end, tag, stop)
    return _ended(data, stop, tag.start, tag.stop), depth, end


# -- tags --


@compiled
def _skipped(data: Any, at: Any) -> Any:
    """The first place from `at` on that is no white space."""
    while _IS_BLANK[data[at]]:
        at += 1
    return at


@compiled
def _name_end(data: Any, at: Any) -> Any:
    """Where a name that begins here stops; the same place where none does."""
    if _NAME[data[at]] == _FIRST:
        at += 1
        while _NAME[data[at]]:
            at += 1
    return at


@compiled
def _tag(data: Any, at: Any, names: _Names) -> _Tag:
    start = at + 1
    colon = _name_end(data, start)
    stop = _name_end(data, colon + 1)
    prefix = _prefix(data, start, colon, names)
    attribute, value, value_stop, end = _attribute(data, stop, names)
    closed = end >= 0 and data[end] == _SLASH
    end = end + 1 if closed else end
    named = data[at] == _LESS and data[colon] == _COLON and colon > start and stop > colon + 1 and prefix >= 0
    good = named and end >= 0 and data[end] == _MORE
    return _Tag(start, colon, stop, prefix, attribute, value, value_stop, closed, end + 1 if good else -1)


@compiled
def _prefix(data: Any, start: Any, stop: Any, names: _Names) -> Any:
    """The number of a prefix; -1 where there is no such."""
    for number in range(len(names.prefix_at) - 1):
        if _same(data, start, stop, names.prefixes, names.prefix_at[number], names.prefix_at[number + 1]):
            return number
    return -1


@compiled
def _attribute(data: Any, at: Any, names: _Names) -> tuple[Any, Any, Any, Any]:
    """The kind of the only attribute from here on, where its value starts and stops, where the tag ends; -1 if odd."""
    start = _skipped(data, at)
    if data[start] == _MORE or data[start] == _SLASH:
        return _NONE, 0, 0, start
    colon = _name_end(data, start)
    stop = _name_end(data, colon + 1)
    prefix = _prefix(data, start, colon, names)
    kind = _kind(data, colon + 1, stop)
    known = start > at and data[colon] == _COLON and prefix >= 0 and names.is_rdf[prefix] and kind != _NONE
    quote = data[stop + 1]
    if not known or data[stop] != _EQUAL or quote not in (_DOUBLE, _SINGLE):
        return _NONE, 0, 0, -1
    end = _label_end(data, stop + 2) if kind == _LABEL else _iri_end(data, stop + 2)
    good = end > stop + 2 and data[end] == quote
    return kind, stop + 2, end, _skipped(data, end + 1) if good else -1


@compiled
def _kind(data: Any, start: Any, stop: Any) -> Any:
    for kind in range(_ABOUT, _DATATYPE + 1):
        if _is_word(data, start, stop, kind):
            return kind
    return _NONE


@compiled
def _is_word(data: Any, start: Any, stop: Any, word: Any) -> Any:
    return _same(data, start, stop, _WORD, _WORD_AT[word - 1], _WORD_AT[word])


@compiled
def _same(data: Any, start: Any, stop: Any, other: Any, begin: Any, end: Any) -> Any:
    """Whether two texts are the same."""
    if stop - start != end - begin:
        return False
    while start < stop and data[start] == other[begin]:
        start, begin = start + 1, begin + 1
    return start == stop


@compiled
def _iri_end(data: Any, at: Any) -> Any:
    while _IN_IRI[data[at]]:
        at += 1
    return at


@compiled
def _label_end(data: Any, at: Any) -> Any:
    """Where a label stops; one with a dot is odd."""
    stop = _name_end(data, at)
    for place in range(at, stop):
        if data[place] == _DOT:
            return at
    return stop if data[at] != _UNDER else at


@compiled
def _ended(data: Any, at: Any, start: Any, stop: Any) -> Any:
    """Behind the end tag at this place, if it is that of the element of this name; -1 if not."""
    if data[at] != _LESS or data[at + 1] != _SLASH:
        return -1
    behind = at + 2 + stop - start
    if not _same(data, start, stop, data, at + 2, behind):
        return -1
    behind = _skipped(data, behind)
    return behind + 1 if data[behind] == _MORE else -1


@compiled
def _text_end(data: Any, at: Any) -> Any:
    """Where a text stops before a tag; -1 where it holds something that is not as it stands."""
    while _IN_TEXT[data[at]]:
        at += 1
    return at if data[at] == _LESS else -1


# -- writing; what has no room any more is not written, and the end is that of `out` --


@compiled
def _put(out: Any, end: Any, data: Any, start: Any, stop: Any) -> Any:
    """Write bytes; the end behind them."""
    if end + stop - start >= len(out):
        return len(out)
    for i in range(start, stop):
        out[end] = data[i]
        end += 1
    return end


@compiled
def _byte(out: Any, end: Any, byte: Any) -> Any:
    if end >= len(out):
        return len(out)
    out[end] = byte
    return end + 1


@compiled
def _term(data: Any, stem: Any, out: Any, end: Any, level: Any) -> Any:
    """Write what a node is called."""
    if level[_KIND] == _IRI:
        return _byte(out, _put(out, _byte(out, end, _LESS), data, level[_FROM], level[_UP_TO]), _MORE)
    if level[_KIND] == _MADE:
        return _number(out, _put(out, end, stem, 0, len(stem)), level[_FROM])
    end = _byte(out, _byte(out, end, _UNDER), _COLON)
    return _put(out, end, data, level[_FROM], level[_UP_TO])


@compiled
def _number(out: Any, end: Any, number: Any) -> Any:
    """Write a number, its last digit first: it has to differ from other numbers, and no more."""
    while number >= 10:
        end = _byte(out, end, _ZERO + number % 10)
        number //= 10
    return _byte(out, end, _ZERO + number)


@compiled
def _name(data: Any, names: _Names, out: Any, end: Any, prefix: Any, colon: Any, stop: Any) -> Any:
    """Write the IRI of a name."""
    end = _byte(out, end, _LESS)
    end = _put(out, end, names.spaces, names.space_at[prefix], names.space_at[prefix + 1])
    return _byte(out, _put(out, end, data, colon + 1, stop), _MORE)


@compiled
def _led(data: Any, names: _Names, stem: Any, out: Any, end: Any, node: Any, link: Any) -> Any:
    """Write the subject and the predicate of what a property element says."""
    end = _byte(out, _term(data, stem, out, end, node), _BLANK)
    end = _name(data, names, out, end, link[_PREFIX], link[_MIDDLE], link[_STOP])
    return _byte(out, end, _BLANK)


@compiled
def _literal(data: Any, out: Any, end: Any, tag: _Tag, stop: Any) -> Any:
    """Write the text behind a tag, its datatype, and the end of the line."""
    end = _byte(out, end, _DOUBLE)
    for i in range(tag.end, stop):
        byte = _ESCAPED[data[i]]
        if byte:
            end = _byte(out, end, _ESCAPE)
        end = _byte(out, end, byte if byte else data[i])
    end = _byte(out, end, _DOUBLE)
    if tag.attribute == _DATATYPE:
        end = _byte(out, _put(out, end, _CARETS, 0, len(_CARETS)), _LESS)
        end = _byte(out, _put(out, end, data, tag.value, tag.value_stop), _MORE)
    return _put(out, end, _BEHIND, 0, len(_BEHIND))
