"""The fact table as others read it: an Arrow schema, a JSON Schema, a CSV header, and the command that gives them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Mapping
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fact_rows import DIAMETER, LEVEL, REJECTS, TINY, WEEKS, Row, both, main, random_rows, read_cohort, table_of, tiny

from reasoner.population.fact_table.schema import csv_header, json_schema, schema, without_rows

pytestmark = pytest.mark.filterwarnings("ignore:'click.utils:DeprecationWarning")  # typer's own

# -- schemas --


@both
@pytest.mark.parametrize("suffix", [".parquet", ".arrow", ".arrows", ".feather"])
def test_the_schema_round_trips(of: Any, suffix: str) -> None:
    columns, data = schema(of()), without_rows(schema(of()), suffix)
    if suffix == ".parquet":
        found = pq.read_schema(io.BytesIO(data))
    else:
        found = (pa.ipc.open_stream if suffix == ".arrows" else pa.ipc.open_file)(data).schema
    assert found.equals(columns, check_metadata=True)
    assert csv_header(of()).strip().split(",") == columns.names


def test_fields_say_what_they_mean() -> None:
    field = schema(main()).field(f"{DIAMETER}.low")
    told = {key.decode(): value.decode() for key, value in field.metadata.items()}
    assert told["iri"].endswith("#diameterMillimetre") and told["unit"] == "mm"
    assert told["label"].endswith(", at least") and told["definition"]
    assert b"statements" in schema(main()).field("sn:Fever").metadata
    assert not schema(main()).field("patient").nullable


def conforms(row: Row, of: Mapping[str, Any]) -> bool:
    """Whether a row conforms to a JSON Schema of the few keywords that ours uses."""
    used = {"title", "description", "type", "enum", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
            "format", "minLength"}  # fmt: skip
    assert all(set(each) <= used for each in of["properties"].values())
    names = [name for name in of["dependentSchemas"] if name in row]
    denied = {name for each in names for name in of["dependentSchemas"][each]["properties"]}
    return set(of["required"]) <= set(row) <= set(of["properties"]) and not denied & set(row) and all(
        fits(cell, of["properties"][name]) for name, cell in row.items())  # fmt: skip


def fits(cell: Any, of: Mapping[str, Any]) -> bool:
    kinds = {"string": str, "boolean": bool, "null": type(None), "number": float}
    allowed = [of["type"]] if isinstance(of.get("type"), str) else of.get("type", list(kinds))
    if not isinstance(cell, tuple(kinds[kind] for kind in allowed)) or cell not in of.get("enum", [cell]):
        return False
    bounded = not isinstance(cell, float) or (of.get("minimum", cell) <= cell <= of.get("maximum", cell) and
              of.get("exclusiveMinimum", -1e9) < cell < of.get("exclusiveMaximum", 1e9))  # fmt: skip
    return bounded and (not isinstance(cell, str) or len(cell) >= of.get("minLength", 0))


@both
def test_json_schema_takes_the_rows_that_are_read(of: Any) -> None:
    described = json_schema(of())
    assert described["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    rows = random_rows(of, 150)
    cohort = read_cohort(table_of(of(), rows), of(), "t")
    refused = {reject.patient for reject in cohort.rejects}
    assert [row["patient"] for row in rows if not conforms(row, described)] == sorted(
        refused, key=lambda p: int(p[20:])
    )


def test_json_schema_refuses_bad_rows() -> None:
    described = json_schema(main())
    beyond = {"bad-iri", "axiom-in-record", "contradictory-record"}  # what a JSON Schema does not see
    for row, code, reason, _ in REJECTS:
        if code not in beyond and "nan" not in reason and "inf" not in reason:
            assert not conforms({"patient": "urn:x:1", **row}, described), row
    assert not conforms({"patient": "urn:x:1", WEEKS: 1.0, f"{WEEKS}.low": 1.0}, described)
    assert conforms({"patient": "urn:x:1", WEEKS: 1.0, LEVEL: "sn:L4", "sn:Fever": None}, described)


# -- the command --


def run(*arguments: str, code: int = 0) -> str:
    """What the command `schema` prints."""
    from reasoner.cli.population import app

    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    argv = patch.object(sys, "argv", ["guideproof", "schema", *arguments])
    with argv, redirect_stdout(out), redirect_stderr(err), pytest.raises(SystemExit) as done:
        app()
    assert (done.value.code or 0) == code, err.getvalue()
    out.flush()
    return out.buffer.getvalue().decode()  # type: ignore[attr-defined]


def test_command_prints_every_column(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    shown = run()
    assert all(name in shown for name in schema(main()).names)
    assert "[mm]" in shown and "guideproof schema --out" in run("--help")


def test_command_writes_what_the_suffix_or_the_format_says(tmp_path: Path) -> None:
    guideline = ["--guideline", str(TINY)]
    assert run("--format", "csv", *guideline) == csv_header(tiny())
    assert json.loads(run("--format", "json-schema", *guideline)) == json_schema(tiny())
    for name in ("t.parquet", "t.csv", "t.json"):
        assert run("--out", str(tmp_path / name), *guideline) == ""
    assert pq.read_schema(tmp_path / "t.parquet").names == schema(tiny()).names
    assert (tmp_path / "t.csv").read_text("utf-8") == csv_header(tiny())
    assert json.loads((tmp_path / "t.json").read_text("utf-8")) == json_schema(tiny())
