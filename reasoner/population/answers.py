"""Where the answers of a run go: one file, or a directory with a Parquet file for each unit and `_manifest.json`.

Both are built in the workspace of the output and renamed to it when they are whole. Only a directory is resumed: a
finished part has a seal with lengths and checksums, written last, so that a torn part is no part. A run that is given
again goes on from the sealed parts, if all that the bytes depend on, the manifest, is still the same. One file of
Parquet is written as the answers come, and once more where patients turn out to be described twice; what goes into
another format is kept as an Arrow stream until that is known.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Full, Queue
from typing import IO, Any

import msgspec
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from reasoner.errors import InputError, Problem
from reasoner.kernel.cohort import strings
from reasoner.population.fact_table.table import PATIENT
from reasoner.population.workspace import clear, finished

#: The file that marks a directory as one of ours. Readers of Parquet directories pass over names that begin with "_".
MANIFEST = "_manifest.json"

#: The format of a directory of Parquet, beside those of files.
DIRECTORY = "directory"

#: The columns of what is written as N-Quads: the patient, and the lines of the named graph.
QUADS = pa.schema([(PATIENT, pa.string()), ("quads", pa.string())])

#: Rows of a row group of Parquet.
_GROUP = 1 << 19
_OS_ERROR = re.compile(r"\(os error ([0-9]+)\)")

Batches = Iterable[pa.RecordBatch]


class Seal(msgspec.Struct, frozen=True):
    """That a unit is finished: what it counted, and the length and checksum of each of its files by name."""

    rows: int
    extra: dict[str, int]
    files: dict[str, tuple[int, int]]


def check_replaceable(out: Path) -> None:
    """Raise InputError where something else than a directory of answers has the name of the output."""
    if out.exists() and not (out / MANIFEST).is_file():
        remedy = "move it away, or give another path: only a directory that a batch wrote is replaced"
        raise InputError(Problem("output-exists", "there is something else", remedy, str(out)))


def replace_directory(whole: Path, out: Path, aside: Path) -> None:
    """Rename a directory to the output; the one that was there is moved `aside`, and back if that fails."""
    if out.exists():
        out.rename(aside)
    try:
        whole.rename(out)
    except BaseException:
        if aside.exists():
            aside.rename(out)
        raise
    shutil.rmtree(aside, ignore_errors=True)


class AnswersFile:
    """The file of answers of a run."""

    def __init__(self, work: Path, out: Path, format: str, schema: pa.Schema) -> None:
        clear(work)
        self._path, self._out = work / "answers", out
        self._rows = (
            ParquetStream(self._path, schema) if format == "parquet"
            else KeptStream(work / "stream", self._path, format, schema)
        )  # fmt: skip

    def sealed(self, _number: int) -> None:
        """No unit is finished from an earlier run."""
        return

    def write(self, _number: int, rows: pa.RecordBatch, extra: dict[str, int], _beside: Collection[Path]) -> Seal:
        """Write the answers for the next unit."""
        self._rows.write(rows)
        return Seal(rows.num_rows, extra, {})

    def close(self, _count: int, left_out: Collection[str]) -> int:
        """End the file, without the patients that are named; give how many answers were about them."""
        removed = self._rows.close(left_out)
        with self._path.open("rb") as file:
            force(file)
        return removed

    def stop(self) -> None:
        """Let nothing write the file any more."""
        self._rows.stop()

    def deliver(self) -> None:
        """Rename the file to the output."""
        self._path.replace(self._out)


class AnswersDirectory:
    """The parts of an output in its workspace, and the directory that they become."""

    def __init__(
        self, work: Path, out: Path, schema: pa.Schema, manifest: dict[str, Any], say: Callable[[str], None]
    ) -> None:
        """Keep the finished parts of a run of the same, discard those of another, and say so."""
        self._work, self._out, self._parts, self._format = work, out, work / "answers", ParquetFormat(schema)
        if not out.exists() and self._before.exists():  # A run was killed between two renamings.
            self._before.rename(out)
        path, sealed = self._parts / MANIFEST, len(finished(work))
        content = json.dumps(manifest, sort_keys=True, indent=1).encode()
        if path.is_file() and path.read_bytes() == content:
            say(f"going on: {sealed} parts were finished")
            return
        if sealed:
            say("starting anew: finished parts were made from another input, with other options or by another version")
        clear(work)
        self._parts.mkdir()
        path.write_bytes(content)

    def sealed(self, number: int) -> Seal | None:
        """The seal of a unit that is finished and whole; None where it is not."""
        try:
            seal = msgspec.json.decode(self._seal(number).read_bytes(), type=Seal)
            whole = all(_sum(self._work / name) == kept for name, kept in seal.files.items())
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return seal if whole else None

    def write(self, number: int, rows: pa.RecordBatch, extra: dict[str, int], beside: Collection[Path]) -> Seal:
        """Write a part, and its seal, which holds for the files `beside` too."""
        part = self._part(number)
        self._format.write(_frame(rows), part)
        files = {str(path.relative_to(self._work)): _sum(path) for path in (part, *beside)}
        seal, written = Seal(rows.num_rows, extra, files), self._work / "seal.tmp"
        written.write_bytes(msgspec.json.encode(seal))
        written.replace(self._seal(number))
        return seal

    def close(self, count: int, left_out: Collection[str]) -> int:
        """Take out of all parts the patients that are named; give how many answers were about them."""
        if not count:
            self._format.write(self._format.schema.to_frame(), self._part(0))
        removed = sum(self._format.filter(self._part(number), left_out) for number in range(count if left_out else 0))
        for part in self._parts.iterdir():
            with part.open("rb") as file:
                force(file)
        return removed

    def stop(self) -> None:
        """A part is written at once."""

    def deliver(self) -> None:
        """Rename the whole to the output."""
        replace_directory(self._parts, self._out, self._before)
        clear(self._work)

    @property
    def _before(self) -> Path:
        """Where the output of an earlier run is while this one takes its place."""
        return self._work / "before"

    def _seal(self, number: int) -> Path:
        return self._work / f"{number:06d}.seal"

    def _part(self, number: int) -> Path:
        return self._parts / f"part-{number:06d}.parquet"


def _sum(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    return len(content), zlib.crc32(content)


def force(file: IO[Any]) -> None:
    """Have what was written to a file be on the disk."""
    file.flush()
    os.fsync(file.fileno())


# -- formats --


class ParquetFormat:
    """How Polars writes answers as Parquet: with what columns mean and which are never null, and file metadata."""

    def __init__(self, schema: pa.Schema) -> None:
        empty = _frame(schema.empty_table())
        kinds = empty.to_arrow(compat_level=pl.CompatLevel.oldest()).schema.types
        fields = [field.with_type(kind) for field, kind in zip(schema, kinds, strict=True)]
        metadata = {key.decode(): text.decode() for key, text in (schema.metadata or {}).items()}
        self.schema = pl.Schema(empty.schema)
        self.options: Mapping[str, Any] = {
            "compression": "zstd", "compression_level": 1, "row_group_size": _GROUP,
            "arrow_schema": pa.schema(fields), "metadata": metadata,
        }  # fmt: skip

    def write(self, frame: pl.DataFrame, path: Path) -> None:
        """Write one file; the same bytes for the same rows."""
        with _system_errors():
            frame.rechunk().write_parquet(path, **self.options)

    def filter(self, path: Path, left_out: Collection[str]) -> int:
        """Write a file anew without the patients that are named, if it has some; give how many it had."""
        rows, named = pl.scan_parquet(path, glob=False), pl.col(PATIENT).is_in(list(left_out))
        with _system_errors():
            removed = int(rows.filter(named).select(pl.len()).collect().item())
            if removed:
                written = path.with_name("filtered.tmp")
                rows.filter(~named).sink_parquet(written, **self.options)
                written.replace(path)
        return removed


class ParquetStream:
    """A Parquet file that Polars writes as the rows come, on a thread of its own, so that signals reach this one."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._path, self._format = path, ParquetFormat(schema)
        self._frames, self._thread = Queue[pl.DataFrame | None](1), ThreadPoolExecutor(1)
        self._written = self._thread.submit(self._write_all)

    def _write_all(self) -> None:
        from polars.io.plugins import register_io_source

        rows = register_io_source(self._given, schema=self._format.schema)
        with _system_errors():
            rows.sink_parquet(self._path, **self._format.options)

    def _given(self, *_: object) -> Iterator[pl.DataFrame]:
        while (frame := self._frames.get()) is not None:
            yield frame

    def write(self, rows: pa.RecordBatch) -> None:
        """Have rows be written next. Raises what befell the rows before them."""
        self._put(_frame(rows))
        if self._written.done():
            self._written.result()

    def close(self, left_out: Collection[str]) -> int:
        """End the file, without the patients that are named; give how many rows were about them."""
        self.stop()
        self._written.result()
        return self._format.filter(self._path, left_out) if left_out else 0

    def stop(self) -> None:
        """End the thread."""
        self._put(None)
        self._thread.shutdown()

    def _put(self, frame: pl.DataFrame | None) -> None:
        """Hand over to the thread, if it still writes."""
        while not self._written.done():
            with suppress(Full):
                self._frames.put(frame, timeout=0.1)
                break


class KeptStream:
    """Rows that are kept as a stream of Arrow, and put into the format of a file at the end."""

    def __init__(self, kept: Path, path: Path, format: str, schema: pa.Schema) -> None:
        self._kept, self._path, self._format, self._schema = kept, path, format, schema
        packed = pa.ipc.IpcWriteOptions(compression="zstd" if format == "n-quads" else None)
        self._stream = pa.ipc.new_stream(kept, schema, options=packed)

    def write(self, rows: pa.RecordBatch) -> None:
        """Keep rows."""
        self._stream.write_batch(rows)

    def close(self, left_out: Collection[str]) -> int:
        """Write the file, without the patients that are named; give how many rows were about them."""
        self._stream.close()
        removed = sum(_about(batch, left_out).true_count for batch in self._batches()) if left_out else 0
        kept = (batch.filter(pc.invert(_about(batch, left_out))) if left_out else batch for batch in self._batches())
        _WRITERS[self._format](self._path, self._schema, kept)
        return removed

    def stop(self) -> None:
        """Rows are kept at once."""

    def _batches(self) -> Iterator[pa.RecordBatch]:
        """The rows; a file of Arrow has one dictionary for each column of text."""
        stream = pa.ipc.open_stream(pa.memory_map(str(self._kept)))
        yield from stream.read_all().unify_dictionaries().to_batches() if self._format == "arrow" else stream


def _write_arrow(path: Path, schema: pa.Schema, batches: Batches) -> None:
    with pa.ipc.new_file(path, schema) as file:
        for batch in batches:
            file.write_batch(batch)


def _write_csv(path: Path, schema: pa.Schema, batches: Batches) -> None:
    with path.open("wb") as file:
        file.write(_frame(schema.empty_table()).write_csv().encode())
        for batch in batches:
            file.write(_frame(batch).write_csv(include_header=False).encode())


def _write_quads(path: Path, _schema: pa.Schema, batches: Batches) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        for batch in batches:
            file.writelines(batch["quads"].to_pylist())


_WRITERS: Mapping[str, Callable[[Path, pa.Schema, Batches], None]] = {
    "arrow": _write_arrow, "csv": _write_csv, "n-quads": _write_quads,
}  # fmt: skip


def _frame(rows: pa.RecordBatch | pa.Table) -> pl.DataFrame:
    return pl.DataFrame(pl.from_arrow(rows))


def _about(rows: pa.RecordBatch, names: Collection[str]) -> pa.BooleanArray:
    return pc.is_in(rows[PATIENT], strings(names))


@contextmanager
def _system_errors() -> Iterator[None]:
    """Raises as an OSError what Polars reports of the operating system."""
    try:
        yield
    except (pl.exceptions.PolarsError, OSError) as error:
        if number := _OS_ERROR.search(str(error)):
            raise OSError(int(number[1]), os.strerror(int(number[1]))) from error
        raise
