"""The fact table of a guideline as others read it: an Arrow schema, a JSON Schema, a CSV header, a table for people.

JSON Schema is that of draft 2020-12 (https://json-schema.org/draft/2020-12/schema), for one row as an object.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from rdflib import DCTERMS, URIRef
from rich.console import Console
from rich.table import Column as Header
from rich.table import Table

from reasoner.guideline.guideline import Guideline
from reasoner.population.fact_table.table import FLAGS, NUMBERS, PATIENT, FactColumn, FactTable
from reasoner.terms import GP, curie

_CODED = pa.dictionary(pa.int32(), pa.string())
_ASIDE = {"low": ", at least", "high": ", at most", "order": ", proposed"}

#: The files that hold an Arrow schema, as a table without rows.
SUFFIXES = (".arrow", ".arrows", ".feather", ".parquet")


def schema(guideline: Guideline) -> pa.Schema:
    """The columns of the fact table; the metadata of each field says what it means."""
    fields = [pa.field(PATIENT, pa.string(), False, {"label": "patient", "definition": "The IRI of the patient."})]
    for column in FactTable(guideline).columns:
        fields.append(pa.field(column.name, _type(column), metadata=_meaning(guideline, column)))
    return pa.schema(fields, {"guideproof.guideline": guideline.content.version_iris})


def _type(column: FactColumn) -> pa.DataType:
    return pa.bool_() if column.kind in FLAGS else pa.float64() if column.kind in NUMBERS else _CODED


def _meaning(guideline: Guideline, column: FactColumn) -> dict[str, str]:
    """What a column means; what the guideline does not say of it is left out."""
    catalogue, term = guideline.catalogue, URIRef(column.term)
    sources = {str(source) for source in guideline.graph.objects(term, DCTERMS.source)} & catalogue.statements.keys()
    meaning = {
        "iri": column.term,
        "label": catalogue.label(column.term) + _ASIDE.get(column.kind, ""),
        "definition": catalogue.definitions.get(column.term, ""),
        "unit": str(guideline.graph.value(term, GP.unit) or ""),
        "statements": " ".join(curie(iri, guideline.prefixes) for iri in catalogue.in_text_order(sources)),
    }
    return {key: value for key, value in meaning.items() if value}


def csv_header(guideline: Guideline) -> str:
    """The first line of a fact table in CSV. A name with a comma stands in quotes."""
    names = (PATIENT, *(column.name for column in FactTable(guideline).columns))
    return ",".join(f'"{name}"' if "," in name else name for name in names) + "\n"


def without_rows(columns: pa.Schema, suffix: str) -> bytes:
    """A table without rows in the format of a file's suffix, one of `SUFFIXES`."""
    sink = pa.BufferOutputStream()
    if suffix == ".parquet":
        pq.write_table(columns.empty_table(), sink)
    else:
        writer = pa.ipc.new_stream if suffix == ".arrows" else pa.ipc.new_file
        with writer(sink, columns):
            pass
    return bytes(sink.getvalue())


def show(columns: pa.Schema, console: Console) -> None:
    """A table for people: name, type, meaning."""
    table = Table(Header("column", no_wrap=True), "type", "meaning", box=None, header_style="bold")
    for field in columns:
        meaning = {key.decode(): value.decode() for key, value in field.metadata.items()}
        unit = f" [{meaning['unit']}]" if "unit" in meaning else ""
        kind = "string" if field.type == _CODED else str(field.type)
        table.add_row(field.name, kind, meaning["label"] + unit)
    console.print(table, markup=False, highlight=False)


# -- JSON Schema --


def json_schema(guideline: Guideline) -> dict[str, Any]:
    """One row as a JSON object; what is not known is null or left out. A quantity has two bounds, or one number."""
    table = FactTable(guideline)
    properties = {name: _property(guideline, table, column) for name, column in table.by_name.items()}
    sides = {name: [f"{name}.low", f"{name}.high"] for name, column in table.by_name.items() if column.kind == "number"}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A row of a fact table",
        "description": "Guideline: " + guideline.content.version_iris,
        "type": "object",
        "properties": {PATIENT: {"type": "string", "format": "iri", "minLength": 1}, **properties},
        "required": [PATIENT],
        "additionalProperties": False,
        "dependentSchemas": {name: {"properties": dict.fromkeys(both, False)} for name, both in sides.items()},
    }


def _property(guideline: Guideline, table: FactTable, column: FactColumn) -> dict[str, Any]:
    meaning = _meaning(guideline, column)
    words = {"title": meaning["label"], "description": meaning.get("definition", "")}
    if column.kind in NUMBERS:
        return {**words, "type": ["number", "null"], **_range(table, column)}
    if column.kind in FLAGS:
        both = column.deniable or column.kind == "order"
        return {**words, "type": ["boolean", "null"]} if both else {**words, "enum": [True, None]}
    if not table.closed(column):
        return {**words, "type": ["string", "null"]}
    known = table.individuals(column)
    return {**words, "enum": [*(curie(iri, guideline.prefixes) for iri in known), *known, None]}


def _range(table: FactTable, column: FactColumn) -> dict[str, int | float]:
    """The range of a quantity; an end that is open may be named as the bound on its own side."""
    found: dict[str, int | float] = {}
    for _, test in table.limits(column):
        if test.low is not None:
            strict = test.low_strict and column.kind != "low"
            found["exclusiveMinimum" if strict else "minimum"] = _number(test.low)
        if test.high is not None:
            strict = test.high_strict and column.kind != "high"
            found["exclusiveMaximum" if strict else "maximum"] = _number(test.high)
    return found


def _number(bound: Decimal) -> int | float:
    return int(bound) if bound == bound.to_integral_value() else float(bound)
