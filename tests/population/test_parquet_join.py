"""Joining little Parquet files gives one file that other readers take for an ordinary one; so for the other formats."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa
import pytest
from pyarrow import parquet
from reasoner.population.parquet_join import (
    ArrowSink,
    CsvSink,
    ParquetSink,
    QuadsSink,
    Sink,
    join_parquet,
    shifted,
)
from reasoner.population.thrift import read_struct, write_struct

from reasoner.errors import EngineError

TEXT = pa.dictionary(pa.int32(), pa.string())
SCHEMA = pa.schema([("patient", pa.string()), ("file", TEXT), ("a", pa.bool_()), ("b", pa.bool_()), ("n", pa.int64())])


def rows_of(seed: int, rows: int) -> pa.Table:
    """Rows with a dictionary of the part's own, nullable Booleans, and a number."""
    random = np.random.default_rng(seed)
    known = random.integers(0, 2, rows).astype(bool)
    columns = [
        pa.array([f"urn:p:{seed}:{i}" for i in range(rows)], pa.string()),
        pa.array([f"f{seed + i % 3}" for i in range(rows)], pa.string()).dictionary_encode().cast(TEXT),
        pa.array(random.integers(0, 2, rows).astype(bool), mask=known),
        pa.nulls(rows, pa.bool_()),
        pa.array(random.integers(-9, 9, rows)),
    ]
    return pa.table(columns, schema=SCHEMA)


def plain(tables: Sequence[pa.Table]) -> pa.Table:
    """All rows, with strings for dictionaries."""
    return pa.concat_tables([SCHEMA.empty_table(), *tables]).cast(SCHEMA.set(1, pa.field("file", pa.string())))


def written(directory: Path, contents: Sequence[bytes | pa.Buffer]) -> list[Path]:
    paths = [directory / f"{number}.part" for number in range(len(contents))]
    for path, content in zip(paths, contents, strict=True):
        path.write_bytes(content)
    return paths


def joined(sink: Sink, tables: Sequence[pa.Table], directory: Path) -> Path:
    out = directory / f"whole{sink.suffix}"
    with out.open("wb") as file:
        sink.join(written(directory, [sink.encode(table) for table in tables]), file)
    return out


def footer(content: bytes) -> bytes:
    length = int.from_bytes(content[-8:-4], "little")
    return content[-8 - length : -8]


@pytest.mark.parametrize("count", [0, 1, 2, 14, 15, 16, 50])
def test_parquet_of_many_parts(count: int, tmp_path: Path) -> None:
    tables = [rows_of(number, 0 if number % 5 == 3 else 7 * number + 1) for number in range(count)]
    path = joined(ParquetSink(SCHEMA), tables, tmp_path)
    assert parquet.read_table(path).schema == SCHEMA
    assert plain([parquet.read_table(path)]) == plain(tables)
    assert pl.read_parquet(path).cast({"file": pl.String}).equals(pl.DataFrame(pl.from_arrow(plain(tables))))


def test_statistics_and_row_groups_tell_the_truth(tmp_path: Path) -> None:
    tables = [rows_of(number, 100 + number) for number in range(4)]
    path = joined(ParquetSink(SCHEMA), tables, tmp_path)
    meta = parquet.ParquetFile(path).metadata
    assert [meta.row_group(g).num_rows for g in range(meta.num_row_groups)] == [100, 101, 102, 103]
    for number, table in enumerate(tables):
        statistics = meta.row_group(number).column(0).statistics
        assert (statistics.min, statistics.max) == (
            min(table["patient"].to_pylist()),
            max(table["patient"].to_pylist()),
        )
        assert plain([parquet.ParquetFile(path).read_row_group(number)]) == plain([table])
    wanted = "urn:p:3:57"
    assert parquet.read_table(path, filters=[("patient", "=", wanted)])["patient"].to_pylist() == [wanted]
    assert pl.scan_parquet(path).filter(pl.col("patient") == wanted).collect().height == 1


def test_parts_without_any_row(tmp_path: Path) -> None:
    path = joined(ParquetSink(SCHEMA), [rows_of(0, 0), rows_of(1, 0)], tmp_path)
    assert parquet.read_table(path) == SCHEMA.empty_table()
    assert pl.read_parquet(path).height == 0


def test_files_of_several_row_groups_with_page_indexes(tmp_path: Path) -> None:
    contents = []
    for number in range(3):
        out = pa.BufferOutputStream()
        parquet.write_table(rows_of(number, 1000), out, row_group_size=300, write_page_index=True, data_page_size=64)
        contents.append(out.getvalue())
    out_path = tmp_path / "whole.parquet"
    with out_path.open("wb") as file:
        join_parquet(written(tmp_path, contents), file)
    meta = parquet.ParquetFile(out_path).metadata
    assert meta.num_row_groups == 12
    assert not any(meta.row_group(g).column(c).has_offset_index for g in range(12) for c in range(5))
    assert plain([parquet.read_table(out_path)]) == plain([rows_of(number, 1000) for number in range(3)])
    assert pl.scan_parquet(out_path).filter(pl.col("n") == 4).collect().height > 0


def test_polars_files_are_joined_too(tmp_path: Path) -> None:
    """Polars numbers its row groups, which Arrow leaves out."""
    columns = {"patient": pl.String, "a": pl.Boolean}
    frames = [pl.DataFrame({"patient": [f"urn:{i}"], "a": [None if i % 2 else True]}, columns) for i in range(3)]
    contents = []
    for frame in frames:
        out = io.BytesIO()
        frame.write_parquet(out)
        contents.append(out.getvalue())
    path = tmp_path / "whole.parquet"
    with path.open("wb") as file:
        join_parquet(written(tmp_path, contents), file)
    assert pl.read_parquet(path).equals(pl.concat(frames))
    assert [group[7] for group in read_struct(footer(path.read_bytes()))[4][1][1]] == [(4, 0), (4, 1), (4, 2)]


def test_a_footer_is_read_and_written_as_it_is() -> None:
    content = footer(ParquetSink(SCHEMA).encode(rows_of(1, 500)).to_pybytes())
    assert write_struct(read_struct(content)) == content


@pytest.mark.parametrize("number", [0, 1, -1, 63, 64, -64, -65, 2**31, 2**33 + 5, 2**63 - 1, -(2**63)])
def test_integers_of_the_compact_protocol(number: int) -> None:
    fields = {1: (6, number), 40: (1, True), 41: (2, False), 300: (9, (5, [number] * 20)), 301: (9, (1, [1, 2]))}
    assert read_struct(write_struct(fields)) == fields


def test_known_bytes_of_the_compact_protocol() -> None:
    """Field 1, i32 1: zigzag 2. Field 20, a far one, string "ab". Written out by hand from the specification."""
    content = bytes([0x15, 0x02, 0x08, 0x28, 0x02]) + b"ab\0"
    assert read_struct(content) == {1: (5, 1), 20: (8, b"ab")}
    assert write_struct({1: (5, 1), 20: (8, b"ab")}) == content


def test_offsets_beyond_32_bits() -> None:
    by = 2**33 + 1
    content = ParquetSink(SCHEMA).encode(rows_of(1, 50)).to_pybytes()
    group = read_struct(footer(content))[4][1][1][0] | {7: (4, 0)}
    moved = read_struct(write_struct(shifted(group, by, 7)))
    assert moved[5] == (6, group[5][1] + by)
    assert moved[7] == (4, 7)
    for before, after in zip(group[1][1][1], moved[1][1][1], strict=True):
        old, new = before[3][1], after[3][1]
        for offset in {9, 11} & set(old):
            assert new[offset] == (6, old[offset][1] + by)
        assert {n: v for n, v in new.items() if n not in {9, 11}} == {n: v for n, v in old.items() if n not in {9, 11}}
    assert 7 not in shifted(group, by, 2**15)


def test_what_is_no_like_part_is_refused(tmp_path: Path) -> None:
    good = ParquetSink(SCHEMA).encode(rows_of(1, 5)).to_pybytes()
    other = pa.BufferOutputStream()
    parquet.write_table(pa.table({"patient": ["x"]}), other)
    encrypted = b"PARE" + good[4:-4] + b"PARE"
    strange = write_struct(read_struct(footer(good)) | {9: (8, b"key")})
    signed = good[: -8 - len(footer(good))] + strange + len(strange).to_bytes(4, "little") + b"PAR1"
    cut = good[:-20] + good[-8:]
    for bad in (other.getvalue().to_pybytes(), encrypted, signed, cut, b"", good[:-1]):
        with pytest.raises(EngineError) as caught:
            join_parquet(written(tmp_path, [good, bad]), io.BytesIO())
        assert caught.value.problem.code == "bad-part"


@pytest.mark.parametrize("content", [b"", b"\x1c", b"\x15", b"\x18\x05ab", b"\x1b\x01\x55", b"\x15\x02\x00\x00"])
def test_bytes_that_are_no_structure_are_refused(content: bytes) -> None:
    with pytest.raises(EngineError):
        read_struct(content)


def test_rows_of_another_schema_are_refused() -> None:
    with pytest.raises(EngineError):
        ParquetSink(SCHEMA).encode(pa.table({"patient": ["x"]}))
    with pytest.raises(EngineError):
        QuadsSink().encode(rows_of(1, 2))


@pytest.mark.parametrize("count", [0, 1, 6])
def test_arrow_ipc_with_dictionaries_that_differ(count: int, tmp_path: Path) -> None:
    tables = [rows_of(number, 4 * (number % 4)) for number in range(count)]
    path = joined(ArrowSink(SCHEMA), tables, tmp_path)
    with pa.memory_map(str(path)) as source:
        table = pa.ipc.open_file(source).read_all()
    assert table.schema == SCHEMA
    assert plain([table]) == plain(tables)


def test_csv_has_one_header(tmp_path: Path) -> None:
    odd = pa.table([['a,"b', "", "urn:x\ny"], ["f", "g", None], [True, None, False], [None] * 3, [1, None, -1]], SCHEMA)
    path = joined(CsvSink(SCHEMA), [rows_of(1, 3), rows_of(2, 0), odd], tmp_path)
    lines = path.read_text().split("\n")
    assert lines[0] == "patient,file,a,b,n"
    assert lines[4:] == ['"a,""b",f,true,,1', '"",g,,,', '"urn:x', 'y",,false,,-1', ""]
    assert joined(CsvSink(SCHEMA), [], tmp_path).read_text() == "patient,file,a,b,n\n"


def test_quads_are_concatenated(tmp_path: Path) -> None:
    out = io.BytesIO()
    QuadsSink().join(written(tmp_path, [b"<a> <b> <c> <d> .\n", b"", b"<e> <b> <c> <d> .\n"]), out)
    assert out.getvalue() == b"<a> <b> <c> <d> .\n<e> <b> <c> <d> .\n"


def test_a_record_batch_is_a_body() -> None:
    table = rows_of(3, 9)
    sink = ParquetSink(SCHEMA)
    assert sink.encode(table.combine_chunks().to_batches()[0]) == sink.encode(table)
