"""Records in any syntax of RDF, written as N-Triples: pyoxigraph reads them as a stream, in bounded memory.

What a single record has to pass is checked here too, so that a batch refuses what `reasoner.rdf.read_graph` refuses,
with the same words and line; only how deep blank nodes are nested is not looked at. JSON-LD is a stream in the form in
which programs write many records (`json_parts`); any other document the parser holds whole.
"""

from __future__ import annotations

import codecs
import re
import signal
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import IO

import pyoxigraph as ox
from pyoxigraph import RdfFormat
from rdflib import OWL

from reasoner import rdf
from reasoner.errors import RecordError
from reasoner.population.ntriples.json_parts import UnusualJsonError, json_parts
from reasoner.population.processes import processes
from reasoner.rdf_checks import MAX_DEPTH, FileRefusal, check_json, check_xml, refuse_depth

# How many statements are written at once; between them another thread can run.
_AT_ONCE = 1000
_READ = 1 << 20
#: From so many bytes on, several files are worth processes.
_WORTH_PROCESSES = 32 << 20

_GRAPHS = (RdfFormat.TRIG, RdfFormat.JSON_LD)
_NESTED = "<<("
# What may be no record's; a character that is rare is looked for first.
_DIRECTION = re.compile(rb'"@[A-Za-z0-9-]+--')
_NO_NAMES = (f"<{rdf.UNDEFINED}".encode(), f"<{rdf.RELATIVE}".encode())
_IMPORTS = OWL.imports.encode()
_DECIMAL = b"XMLSchema#decimal"
_EXPONENT = re.compile(rb'"(-?[0-9]\.[0-9]{1,20}E-?[0-9]{1,2})"(?=\^\^<http://www\.w3\.org/2001/XMLSchema#decimal> )')

# A label of 128 random bits whose first hexadecimal digits are zero, which are not written, as subject or as object.
_LABEL = 34
_SHORT = re.compile(rb"(?m)_:(?:(?<=^_:)[a-f][0-9a-f]{0,30}(?= <)|[a-f][0-9a-f]{0,30}(?= \.$))")


def convert(path: Path, out: Path, *, in_parts: bool = True) -> None:
    """Write the statements of a file as N-Triples, its graphs merged.

    Blank nodes get labels at random, save in JSON-LD that is read in parts, where they keep those of the file. Raises
    RecordError as `reasoner.rdf.read_graph` does.
    """
    refuse = FileRefusal(str(path), RecordError)
    kind = rdf.format_of(b"", None, refuse)
    with _opened(path, refuse) as file, out.open("wb") as written:
        start = _check_text(file, kind, refuse)
        if kind == RdfFormat.JSON_LD:
            (_convert_json if in_parts else _convert_whole_json)(file, start, written, refuse)
        else:
            _convert_stream(file, start, kind, written, refuse)


def convert_all(paths: list[Path], folder: Path, workers: int) -> dict[Path, Path]:
    """The files as N-Triples, by the files that were given; in processes where there are several and they are large.

    Raises RecordError for the first, in the order given, that cannot be read.
    """
    written = {path: folder / f"{number:05}.nt" for number, path in enumerate(paths)}
    if len(paths) < 2 or workers < 2 or sum(path.stat().st_size for path in paths) < _WORTH_PROCESSES:
        for path, out in written.items():
            convert(path, out)
        return written
    pool, convert_one = processes(min(workers, len(paths)), _convert_to)
    try:
        list(pool.map(convert_one, written.items()))
    finally:
        pool.shutdown(cancel_futures=True)
    return written


def _convert_to(files: tuple[Path, Path]) -> None:
    """Convert the first of two files to the second, in a process that an interrupt ends: it may take long."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    convert(*files)


def _opened(path: Path, refuse: FileRefusal) -> IO[bytes]:
    try:
        return path.open("rb")
    except (OSError, ValueError):
        rdf.read_bytes(path, refuse)
        raise


def _check_text(file: IO[bytes], kind: RdfFormat, refuse: FileRefusal) -> int:
    """Where the text begins, behind any byte order mark. Refuses what is not UTF-8, empty or, in Turtle, too deep."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    line, nested, blank = 1, 0, True
    try:
        while chunk := file.read(_READ):
            text = decoder.decode(chunk)
            line += text.count("\n")
            nested += text.count(_NESTED)
            blank = blank and not text.strip()
        decoder.decode(b"", final=True)
    except UnicodeDecodeError as error:
        line += error.object[: error.start].count(b"\n")
        refuse("not-utf8", "the file is not encoded in UTF-8", "save it as UTF-8", line)
    if blank:
        refuse("empty-file", "the file is empty", "give a file that holds RDF statements")
    if nested > MAX_DEPTH and kind in (RdfFormat.TURTLE, RdfFormat.TRIG):
        refuse_depth(refuse)
    file.seek(0)
    return len(codecs.BOM_UTF8) if file.read(len(codecs.BOM_UTF8)) == codecs.BOM_UTF8 else 0


# -- Turtle, TriG and RDF/XML --


def _convert_stream(file: IO[bytes], start: int, kind: RdfFormat, out: IO[bytes], refuse: FileRefusal) -> None:
    def check() -> None:
        file.seek(start)
        rdf.check_statements(file, kind, refuse)

    if kind == RdfFormat.RDF_XML:
        file.seek(start)
        check_xml(file, refuse)
    file.seek(start)
    _write(_parts(file, kind), out, check, refuse)


def _parts(file: IO[bytes] | str, kind: RdfFormat, *, rename: bool = True) -> Iterator[bytes]:
    """What a file states, a part for each thousand statements. Raises SyntaxError."""
    base = rdf.RELATIVE if kind == RdfFormat.JSON_LD else None
    parser = ox.parse(file, kind, base_iri=base, rename_blank_nodes=rename)
    triples = map(attrgetter("triple"), parser) if kind in _GRAPHS else parser
    while part := ox.serialize(islice(triples, _AT_ONCE), format=RdfFormat.N_TRIPLES):
        yield part


def _write(parts: Iterator[bytes], out: IO[bytes], check: Callable[[], object], refuse: FileRefusal) -> None:
    """Write the parts. `check` reads the file closely, and is called once, where something may be wrong with it."""
    checked = False
    try:
        for part in parts:
            if not checked and _is_suspect(part):
                check()
                checked = True
            out.write(evenly(part))
    except (SyntaxError, MemoryError) as error:
        check()
        raise AssertionError("what the parser refuses it refuses again") from error
    if not out.tell():
        refuse("no-triples", "the file states nothing", "give a file that holds RDF statements")


def _is_suspect(part: bytes) -> bool:
    """Whether a part may hold something that no record may."""
    return (
        (b"(" in part and b"<<(" in part)
        or (b"@" in part and _DIRECTION.search(part) is not None)
        or _IMPORTS in part
        or any(name in part for name in _NO_NAMES)
    )


def evenly(lines: bytes) -> bytes:
    """N-Triples whose random labels of blank nodes all have one length, so that units begin where they did.

    "g" is no hexadecimal digit: labels that differ stay different.
    """
    return _SHORT.sub(lambda found: found[0].ljust(_LABEL, b"g"), lines)


# -- JSON-LD --


def _convert_json(file: IO[bytes], start: int, out: IO[bytes], refuse: FileRefusal) -> None:
    """Write the parts of a document one by one; where they are unusual or in any way wrong, the document as one."""
    documents = map(rdf.wrapped, json_parts(file, start))
    parts = (_decimals(part) for text in documents for part in _parts(text, RdfFormat.JSON_LD, rename=False))
    try:
        _write(parts, out, _unusual, refuse)
    except (UnusualJsonError, RecordError):
        out.seek(0)
        out.truncate()
        _convert_whole_json(file, start, out, refuse)


def _unusual() -> None:
    raise UnusualJsonError


def _convert_whole_json(file: IO[bytes], start: int, out: IO[bytes], refuse: FileRefusal) -> None:
    file.seek(start)
    text = file.read().decode()
    check_json(text, refuse)
    parts = map(_decimals, _parts(rdf.wrapped(text), RdfFormat.JSON_LD))
    _write(parts, out, lambda: rdf.read_text(text, refuse.file, format="jsonld"), refuse)


def _decimals(part: bytes) -> bytes:
    """A part in which numbers typed xsd:decimal have no exponent, which the parser gives them and no decimal has."""
    if _DECIMAL not in part:
        return part
    return _EXPONENT.sub(lambda found: b'"%s"' % format(Decimal(found[1].decode()), "f").encode(), part)
