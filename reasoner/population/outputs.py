"""One file of answers as one stream: Parquet and CSV by Polars, Arrow IPC, N-Quads.

A body is what one unit gives: a data frame, a record batch, or the bytes that it is written as. Which patients are
described twice is known at the end only: then the file is read once more, and written without them.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import groupby
from pathlib import Path
from queue import Full, Queue
from typing import IO, Any, Protocol, TypeAlias

import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from reasoner.kernel.arrays import strings
from reasoner.population.fact_table.table import PATIENT
from reasoner.terms import CORE

Body: TypeAlias = "pl.DataFrame | pa.RecordBatch | bytes"

#: Rows of a row group of Parquet.
_GROUP = 1 << 19
_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")
_PATIENT_IN = re.compile(rb"[^ ]+ <" + f"{CORE}patient".encode() + rb"> <([^>]*)> ")


class OutputFile(Protocol):
    """A file that is written body by body."""

    def write(self, body: Any) -> None:
        """Write the answers of the next unit."""

    def close(self, left_out: Collection[str]) -> int:
        """End the file, without the answers for the patients that are named; give how many these were."""

    def abort(self) -> None:
        """Let go of the file, whose content is of no use."""


def open_output(format: str, path: Path, schema: pa.Schema) -> OutputFile:
    """A new file in a format: `parquet`, `arrow`, `csv` or `n-quads`; `schema` is that of the answers."""
    kinds: dict[str, Callable[[Path, pa.Schema], OutputFile]] = {
        "parquet": ParquetOutput, "arrow": ArrowOutput, "csv": _csv,
        "n-quads": lambda path, _: LinesOutput(path, b"", _copy_graphs),
    }  # fmt: skip
    return kinds[format](path, schema)


def encoded(format: str, rows: pa.RecordBatch) -> Body:
    """The body of rows of answers, in a format of tables."""
    if format == "arrow":
        return rows
    frame = pl.DataFrame(pl.from_arrow(rows))
    return frame.write_csv(include_header=False).encode() if format == "csv" else frame


class ParquetFormat:
    """How Polars writes answers as Parquet: with what columns mean and which are never null, and file metadata."""

    def __init__(self, schema: pa.Schema) -> None:
        empty = pl.DataFrame(pl.from_arrow(schema.empty_table()))
        kinds = empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema.types
        fields = [field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)]
        self.schema, self.columns = pl.Schema(empty.schema), pa.schema(fields)
        self.metadata = {key.decode(): text.decode() for key, text in (schema.metadata or {}).items()}

    @property
    def options(self) -> Mapping[str, Any]:
        """The options of `write_parquet` and `sink_parquet`."""
        return {"compression": "zstd", "compression_level": 1, "row_group_size": _GROUP,
                "arrow_schema": self.columns, "metadata": self.metadata}  # fmt: skip


class ParquetOutput:
    """A Parquet file: Polars takes the frames on a thread of its own, so that signals reach this one."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        from polars.io.plugins import register_io_source

        self._path, self._format = path, ParquetFormat(schema)
        self._frames: Queue[pl.DataFrame | None] = Queue(1)
        frames = register_io_source(self._given, schema=self._format.schema)
        self._pool = ThreadPoolExecutor(1)
        self._sink = self._pool.submit(lambda: frames.sink_parquet(path, **self._format.options))

    def _given(self, *_: object) -> Iterator[pl.DataFrame]:
        """The frames as they come; None is the end."""
        while (frame := self._frames.get()) is not None:
            yield frame

    def write(self, body: pl.DataFrame) -> None:
        self._put(body)

    def _put(self, frame: pl.DataFrame | None) -> None:
        while True:
            if self._sink.done():
                with system_errors():
                    self._sink.result()
            try:
                return self._frames.put(frame, timeout=0.2)
            except Full:
                continue

    def close(self, left_out: Collection[str]) -> int:
        self._put(None)
        with system_errors():
            self._sink.result()
        self._pool.shutdown()
        return rewritten(self._path, left_out, self._rewrite)

    def _rewrite(self, given: Path, left_out: Collection[str]) -> int:
        rows = pl.scan_parquet(given, glob=False)
        with system_errors():
            rows.filter(~_about(left_out)).sink_parquet(self._path, **self._format.options)
            return _count(rows.filter(_about(left_out)))

    def abort(self) -> None:
        if not self._sink.done():
            self._frames.queue.clear()
            self._frames.put(None)
        self._pool.shutdown()


class ArrowOutput:
    """Arrow IPC, the file form: written as a stream, then with one dictionary for each column of text."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._schema, self._stream = path, schema, path.with_suffix(".stream")
        self._writer = pa.ipc.new_stream(self._stream, schema)

    def write(self, body: pa.RecordBatch) -> None:
        self._writer.write_batch(body)

    def close(self, left_out: Collection[str]) -> int:
        self._writer.close()
        removed = 0
        with pa.memory_map(str(self._stream)) as source, pa.ipc.new_file(self._path, self._schema) as out:
            for batch in pa.ipc.open_stream(source).read_all().unify_dictionaries().to_batches():
                kept = batch.filter(pc.invert(pc.is_in(batch[PATIENT], strings(left_out)))) if left_out else batch
                removed += batch.num_rows - kept.num_rows
                out.write_batch(kept)
        self._stream.unlink()
        return removed

    def abort(self) -> None:
        self._writer.close()


class LinesOutput:
    """Lines that are rendered already: CSV (RFC 4180) under one header, or N-Quads."""

    def __init__(self, path: Path, header: bytes, copy: Callable[[Path, Path, Collection[str]], int]) -> None:
        self._path, self._copy, self._file = path, copy, path.open("wb")
        self._file.write(header)

    def write(self, body: bytes) -> None:
        self._file.write(body)

    def close(self, left_out: Collection[str]) -> int:
        self._file.close()
        return rewritten(self._path, left_out, lambda given, names: self._copy(given, self._path, names))

    def abort(self) -> None:
        self._file.close()


def _csv(path: Path, schema: pa.Schema) -> LinesOutput:
    return LinesOutput(path, pl.DataFrame(pl.from_arrow(schema.empty_table())).write_csv().encode(), _copy_rows)


def _copy_rows(given: Path, out: Path, left_out: Collection[str]) -> int:
    """Copy the rows of CSV that are not about a patient who is named; give how many are."""
    rows = pl.scan_csv(given, infer_schema=False, glob=False)
    with system_errors():
        rows.filter(~_about(left_out)).sink_csv(out)
        return _count(rows.filter(_about(left_out)))


def _copy_graphs(given: Path, out: Path, left_out: Collection[str]) -> int:
    """Copy the graphs of N-Quads that are not about a patient who is named; give how many are."""
    names, removed = {name.encode() for name in left_out}, 0
    with given.open("rb") as lines, out.open("wb") as kept:
        for _, graph in groupby(lines, lambda line: line.rsplit(b" ", 2)[1]):
            content = list(graph)
            if next((found[1] for line in content if (found := _PATIENT_IN.match(line))), b"") in names:
                removed += 1
            else:
                kept.writelines(content)
    return removed


def rewritten(path: Path, left_out: Collection[str], rewrite: Callable[[Path, Collection[str]], int]) -> int:
    """Have a file written anew from what it was, where somebody is to be left out; give how many answers were."""
    if not left_out:
        return 0
    whole = path.rename(path.with_suffix(".whole"))
    removed = rewrite(whole, left_out)
    whole.unlink()
    return removed


def _about(names: Collection[str]) -> pl.Expr:
    return pl.col(PATIENT).is_in(list(names))


def _count(rows: pl.LazyFrame) -> int:
    found: int = rows.select(pl.len()).collect().item()
    return found


def write_part(path: Path, format: ParquetFormat, frame: pl.DataFrame) -> None:
    """One Parquet file of a directory; the same bytes for the same rows."""
    with system_errors():
        frame.rechunk().write_parquet(path, **format.options)


def filter_part(path: Path, format: ParquetFormat, left_out: Collection[str]) -> int:
    """Write a Parquet file anew without the patients that are named, if it has some; give how many it had."""
    with system_errors():
        frame = pl.read_parquet(path, glob=False)
    kept = frame.filter(~_about(left_out))
    if kept.height < frame.height:
        written = path.with_name("filtered.tmp")
        write_part(written, format, kept)
        written.replace(path)
    return frame.height - kept.height


def force(file: IO[Any]) -> None:
    """Have what was written to a file be on the disk."""
    file.flush()
    os.fsync(file.fileno())


@contextmanager
def system_errors() -> Iterator[None]:
    """Raises as an OSError what Polars reports of the operating system."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if number := _OS_ERROR.search(str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
        raise
