"""Where the answers of a run go: one file, or a directory with a Parquet file for each unit and `_manifest.json`.

Both are built in the workspace of the output and renamed to it when they are whole. Only a directory is resumed: a
finished part has a seal with lengths and checksums, written last, so that a torn part is no part. A run that is given
again goes on from the sealed parts, if all that the bytes depend on, the manifest, is still the same.
"""

from __future__ import annotations

import json
import shutil
import zlib
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from reasoner.errors import InputError, Problem
from reasoner.population.outputs import OutputFile, ParquetFormat, filter_part, force, open_output, write_part
from reasoner.population.workspace import clear, keep, release

#: The file that marks a directory as one of ours. Readers of Parquet directories pass over names that begin with "_".
MANIFEST = "_manifest.json"

#: The format of a directory of Parquet, beside those of files.
DIRECTORY = "directory"


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
        self._work, self._out, self._format, self._schema = work, out, format, schema
        self._path = work / "answers"
        self._output: OutputFile | None = None

    def adopt(self, _say: Callable[[str], None]) -> None:
        """Begin the file; nothing of an earlier run is of use."""
        clear(self._work)
        self._output = open_output(self._format, self._path, self._schema)

    def sealed(self, _number: int) -> None:
        """No unit is finished from an earlier run."""
        return

    def write(self, _number: int, body: Any, rows: int, extra: dict[str, int], _beside: Collection[Path]) -> Seal:
        """Write the answers for the next unit."""
        self._open.write(body)
        return Seal(rows, extra, {})

    def close(self, _count: int, left_out: Collection[str]) -> int:
        """End the file, without the patients that are named; give how many answers were about them."""
        removed = self._open.close(left_out)
        with self._path.open("rb") as file:
            force(file)
        return removed

    def deliver(self) -> None:
        """Rename the file to the output."""
        self._path.replace(self._out)

    def abort(self) -> None:
        """Let go of the file."""
        if self._output:
            self._output.abort()

    @property
    def _open(self) -> OutputFile:
        assert self._output is not None
        return self._output


class AnswersDirectory:
    """The parts of an output in its workspace, and the directory that they become."""

    def __init__(self, work: Path, out: Path, schema: pa.Schema, manifest: dict[str, Any]) -> None:
        self.work, self.out, self.parts, self._format = work, out, work / "answers", ParquetFormat(schema)
        self._manifest = json.dumps(manifest, sort_keys=True, indent=1).encode()

    def adopt(self, say: Callable[[str], None]) -> None:
        """Keep the finished parts of a run of the same, discard those of another, and say so."""
        if not self.out.exists() and self._before.exists():  # A run was killed between two renamings.
            self._before.rename(self.out)
        path, sealed = self.parts / MANIFEST, len(list(self.work.glob("*.seal")))
        if path.is_file() and path.read_bytes() == self._manifest:
            say(f"going on: {sealed} parts were finished")
            return
        if sealed:
            say("starting anew: finished parts were made from another input, with other options or by another version")
        clear(self.work)
        self.parts.mkdir()
        path.write_bytes(self._manifest)

    def sealed(self, number: int) -> Seal | None:
        """The seal of a unit that is finished and whole; None where it is not."""
        try:
            seal = msgspec.json.decode(self._seal(number).read_bytes(), type=Seal)
            whole = all(_sum(self.work / name) == kept for name, kept in seal.files.items())
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return seal if whole else None

    def write(self, number: int, body: Any, rows: int, extra: dict[str, int], beside: Collection[Path]) -> Seal:
        """Write a part, and its seal, which holds for the files `beside` too."""
        part = self._part(number)
        write_part(part, self._format, body)
        seal = Seal(rows, extra, {str(path.relative_to(self.work)): _sum(path) for path in (part, *beside)})
        written = self.work / "seal.tmp"
        written.write_bytes(msgspec.json.encode(seal))
        written.replace(self._seal(number))
        keep(self.work)
        return seal

    def close(self, count: int, left_out: Collection[str]) -> int:
        """Take out of all parts the patients that are named; give how many answers were about them."""
        if not count:
            write_part(self._part(0), self._format, self._format.schema.to_frame())
        removed = sum(
            filter_part(self._part(number), self._format, left_out) for number in range(count if left_out else 0)
        )
        for part in self.parts.iterdir():
            with part.open("rb") as file:
                force(file)
        return removed

    def deliver(self) -> None:
        """Rename the whole to the output."""
        replace_directory(self.parts, self.out, self._before)
        release(self.work)

    def abort(self) -> None:
        """Finished parts stay."""

    @property
    def _before(self) -> Path:
        """Where the output of an earlier run is while this one takes its place."""
        return self.work / "before"

    def _seal(self, number: int) -> Path:
        return self.work / f"{number:06d}.seal"

    def _part(self, number: int) -> Path:
        return self.parts / f"part-{number:06d}.parquet"


def _sum(path: Path) -> tuple[int, int]:
    content = path.read_bytes()
    return len(content), zlib.crc32(content)
