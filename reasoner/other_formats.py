"""Files that were given by mistake, known by how they begin: what each is, and what to do with it."""

from __future__ import annotations

import re
from collections.abc import Callable

#: How many bytes of a file show what it is.
ENOUGH = 4096

_FHIR_JSON = re.compile(rb'\A\s*[\[{][^<]*?"resourceType"\s*:\s*"')
_FHIR_XML = re.compile(rb'\A\s*(<\?xml[^>]*>\s*)?<[A-Za-z]+\s[^>]*"http://hl7\.org/fhir"')
_TURN = "turn it into RDF first, or into a fact table (guideproof schema)"

#: Each format: how it is known, its name with an article, and the remedy. Excel is a zip, and stands before it.
_FORMATS: tuple[tuple[Callable[[bytes], object], str, str], ...] = (
    (_FHIR_JSON.match, "a FHIR resource", _TURN),
    (_FHIR_XML.match, "a FHIR resource", _TURN),
    (lambda head: head.startswith(b"\x1f\x8b"), "compressed by gzip", "decompress it: gzip -d"),
    (lambda head: head.startswith((b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd")), "compressed", "decompress it"),
    (lambda head: head.startswith(b"PK") and b"xl/" in head, "a workbook of Excel", "save the sheet as CSV, in UTF-8"),
    (lambda head: head.startswith(b"\xd0\xcf\x11\xe0"), "a workbook of Excel", "save the sheet as CSV, in UTF-8"),
    (lambda head: head.startswith(b"PK\x03\x04"), "a zip archive", "unpack it, and give the files in it"),
    (lambda head: head.startswith(b"$HDT"), "RDF as HDT", "turn it into N-Triples: hdt2rdf"),
    (lambda head: head.startswith(b"%PDF"), "a PDF", _TURN),
    (lambda head: head.startswith(b"SQLite format 3"), "a database of SQLite", _TURN),
)


def _other_commas(head: bytes) -> bool:
    """Whether the first line of a table parts its cells by something else than commas."""
    line = head.split(b"\n", 1)[0]
    cells = [cell.strip(b'\xef\xbb\xbf" \r') for cell in re.split(rb"[;\t]", line)]
    return len(cells) > 1 and b"patient" in cells and b"," not in line


_CSV = ((_other_commas, "CSV with semicolons or tabs", "part its cells by commas, and write 3.5 for 3,5"),)
_TABLES: tuple[tuple[Callable[[bytes], object], str, str], ...] = (
    (
        lambda head: head.startswith(b"PAR1"),
        "a table as Parquet",
        "give it to guideproof batch as .parquet",
    ),
    (
        lambda head: head.startswith(b"ARROW1"),
        "a table as Arrow",
        "give it to guideproof batch as .arrow",
    ),
)


def mistaken(head: bytes, *, table: bool = False) -> tuple[str, str] | None:
    """What a file is, and what to do with it, where it begins as a format that nothing here reads as it was given.

    A `table` may begin as Parquet and Arrow do, but not as CSV without commas.
    """
    for known, name, remedy in (*_FORMATS, *(_CSV if table else _TABLES)):
        if known(head):
            return f"this is {name}, which is not read as it is", remedy
    return None
