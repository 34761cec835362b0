"""What is checked of RDF/XML and JSON-LD before a parser reads it, and how a file is refused.

What a document takes from elsewhere or defines, external contexts (JSON-LD 1.1, section 9.4) and entities (XML 1.0,
section 4), is refused, and so is nesting that would exhaust the stack.
"""

from __future__ import annotations

import io
import json
import logging
import re
import warnings
from dataclasses import dataclass
from typing import IO, NoReturn
from xml.parsers import expat

from reasoner.errors import InputError, Problem

#: How deep nodes may be nested; a record needs one level, an ontology a few.
MAX_DEPTH = 200

#: How many nodes without names may hang on each other in a row in a record that is no document of its own depth.
MAX_LINKED = 10_000


#: A string, also one without an end, and what opens and closes.
_JSON_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*(?:"|\Z)|[\[{]|[\]}]', re.DOTALL)
#: The keywords of JSON-LD 1.1, https://www.w3.org/TR/json-ld11/#keywords; what looks like one and is none is dropped.
_KEYWORD = re.compile(
    "@(base|container|context|direction|graph|id|import|included|index|json|language|list|nest|none|prefix|propagate"
    r"|protected|reverse|set|type|value|version|vocab)\Z"
)
_LIKE_KEYWORD = re.compile(r"@[A-Za-z]+\Z")


def silence_conversions() -> None:
    """Have rdflib say nothing, in this process, of literals that it cannot convert: here they are findings, by line."""
    logging.getLogger("rdflib").setLevel(logging.ERROR)
    warnings.filterwarnings("ignore", module=r"rdflib\..*")


@dataclass(frozen=True)
class FileRefusal:
    """Raises errors of one kind about one file."""

    file: str
    error: type[InputError]

    def __call__(self, code: str, what: str, remedy: str, line: int | None = None) -> NoReturn:
        """Raise the error, with the line from 1 where it is known."""
        raise self.error(Problem(code, what, remedy, self.file, line)) from None


def refuse_depth(refuse: FileRefusal, most: int = MAX_DEPTH) -> NoReturn:
    """Raise the error of nodes that are nested too deep."""
    refuse("too-deep", f"the nodes are nested more than {most:,} deep", "name the inner nodes by IRIs")


def refuse_long(refuse: FileRefusal, line: int | None = None) -> NoReturn:
    """Raise the error of a term that is too long for the parser."""
    what, remedy = "a term is longer than 16 MiB (16,777,216 bytes)", "leave the text out, or link to where it stands"
    refuse("long-term", what, remedy, line)


def check_json(text: str, refuse: FileRefusal) -> None:
    """Refuse JSON that is not well-formed or nested too deep, or that names a context elsewhere."""
    depth = 0
    for token in _JSON_TOKEN.finditer(text):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth > MAX_DEPTH:
            refuse_depth(refuse)

    def check(pairs: list[tuple[str, object]]) -> dict[str, object]:
        for key, value in pairs:
            _check_keyword(key, refuse)
            _check_context(key, value, refuse)
            for name in (value if isinstance(value, list) else [value]) if key in ("@id", "@type") else ():
                _check_keyword(name, refuse)
        return dict(pairs)

    try:
        json.loads(text, object_pairs_hook=check, parse_int=str, parse_float=str)
    except json.JSONDecodeError as error:
        refuse("syntax-error", f"the JSON is not well-formed: {error.msg}", "correct the file", error.lineno)


def _check_keyword(name: object, refuse: FileRefusal) -> None:
    """Refuse what looks like a keyword and is none: JSON-LD drops it, and all that stands under it."""
    if isinstance(name, str) and _LIKE_KEYWORD.match(name) and not _KEYWORD.match(name):
        refuse("undefined-term", f"“{name}” is no keyword of JSON-LD", "write it without @, or correct it")


def _check_context(key: str, value: object, refuse: FileRefusal) -> None:
    contexts = value if isinstance(value, list) else [value]
    if key == "@import" or (key == "@context" and any(isinstance(one, str) for one in contexts)):
        refuse("remote-context", f"the {key} names a document elsewhere, which is never fetched",
               "write the context into the file")  # fmt: skip
    for one in contexts if key == "@context" else ():
        for name, meaning in one.items() if isinstance(one, dict) else ():  # others: reasoner.json_contexts
            if ":" in name and (meaning is None or (isinstance(meaning, dict) and meaning.get("@id", "") is None)):
                refuse("undefined-term", f"the @context defines “{name}” as nothing", "leave the definition out")


#: Of larger documents the depth is not watched, which would take longer than all else that is done with them.
_WATCHED = 32 << 20


def _length(file: IO[bytes]) -> int:
    """How many bytes a file has from here on."""
    here = file.tell()
    there = file.seek(0, io.SEEK_END)
    file.seek(here)
    return there - here


def _watch_depth(parser: expat.XMLParserType, refuse: FileRefusal) -> None:
    """Refuse elements that are nested too deep: an element for each node, and one for each property."""
    depth = 0

    def start(*_: object) -> None:
        nonlocal depth
        depth += 1
        if depth > 2 * MAX_DEPTH:
            refuse_depth(refuse)

    def end(_: str) -> None:
        nonlocal depth
        depth -= 1

    parser.StartElementHandler, parser.EndElementHandler = start, end


def check_xml(file: IO[bytes], refuse: FileRefusal) -> None:
    """Refuse a document that is not well-formed or declares entities; it is read to its end, in pieces."""
    parser = expat.ParserCreate("utf-8")

    def declared(*_: object) -> None:
        refuse("xml-entity", "the file has a document type declaration, which could define entities",
               "write the names out in full and delete <!DOCTYPE …>", parser.CurrentLineNumber)  # fmt: skip

    def encoded(_version: str, encoding: str | None, _standalone: int) -> None:
        if encoding and encoding.lower() not in ("utf-8", "us-ascii"):
            refuse("not-utf8", f"the file says that its encoding is {encoding}", "save it as UTF-8", 1)

    parser.StartDoctypeDeclHandler = declared
    parser.XmlDeclHandler = encoded
    if _length(file) < _WATCHED:
        _watch_depth(parser, refuse)
    try:
        parser.ParseFile(file)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "error")
        refuse("syntax-error", f"the XML is not well-formed: {reason}", "correct the file", error.lineno)
