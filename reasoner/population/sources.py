"""Inputs of a batch, each cut into units that are read by themselves: tables by rows, RDF by bytes.

Parquet, Arrow IPC and CSV hold fact tables (`guideproof schema`), RDF in any syntax holds records. What reads RDF is
slow to import, and imported where there is some.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

import pyarrow as pa

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.kernel.kernel import Kernel
from reasoner.other_formats import ENOUGH, mistaken
from reasoner.population.fact_table.files import open_table
from reasoner.population.fact_table.reader import FactTableReader
from reasoner.population.unit import Unit
from reasoner.population.workspace import check_name

if TYPE_CHECKING:
    from reasoner.population.ntriples.classifier import TripleClassifier
    from reasoner.population.ntriples.cohort_reader import CohortReader

_TABLES = {"parquet": "parquet", "pq": "parquet", "arrow": "arrow", "feather": "arrow", "ipc": "arrow",
           "arrows": "stream", "csv": "csv"}  # fmt: skip


class Source(Protocol):
    """One input file."""

    @property
    def path(self) -> Path:
        """The file that was given."""

    @property
    def regrouped(self) -> bool:
        """Whether each unit is known to hold its patients whole."""

    def units(self) -> list[Unit]:
        """The pieces that make up the file, in order."""

    def cohort(self, unit: Unit) -> Cohort:
        """The patients of one piece. Raises ScatteredError where it does not hold them whole."""

    def records(self, unit: Unit, patients: pa.Array, /) -> bytes | None:
        """What a piece states of some of its patients, as N-Triples; None where it holds no RDF."""

    def shared(self, unit: Unit, names: Collection[str], /) -> list[Reject]:
        """The patients of a piece in whose records stand the nodes of such names, which other files describe too."""

    def whole(self, scratch: Path, /) -> Sequence[Source]:
        """The same as sources whose units hold their patients whole; `scratch` is an empty directory."""


@dataclass(frozen=True)
class Readers:
    """What reads the records of one guideline, for each thread its own; units of tables are `cut` times smaller."""

    guideline: Guideline
    as_of: date
    cut: int = 1

    def __getstate__(self) -> dict[str, object]:
        return {"guideline": self.guideline, "as_of": self.as_of, "cut": self.cut}

    @cached_property
    def table(self) -> FactTableReader:
        """The reader of fact tables."""
        return FactTableReader(self.guideline)

    @cached_property
    def kernel(self) -> Kernel:
        """What decides, and tells the patients whose record contradicts itself."""
        return Kernel(self.guideline)

    @cached_property
    def classifier(self) -> TripleClassifier:
        """What classifies triples, and remembers its verdicts; one for all threads."""
        from reasoner.population.ntriples.classifier import TripleClassifier

        return TripleClassifier(self.guideline)

    @cached_property
    def _own(self) -> threading.local:
        return threading.local()

    @property
    def triples(self) -> CohortReader:
        """This thread's reader of N-Triples."""
        from reasoner.population.ntriples.cohort_reader import CohortReader

        if not hasattr(self._own, "triples"):
            self._own.triples = CohortReader(self.guideline, self.classifier, self.kernel, self.as_of)
        found: CohortReader = self._own.triples
        return found


def files_of(path: Path) -> list[Path]:
    """The input files that a path stands for: itself, or in a directory every file, in the order of their names."""
    if not path.exists():
        raise InputError(Problem("no-such-file", "there is no such file", "check the path", str(path)))
    if not path.is_dir() and not path.is_file():
        raise InputError(Problem("not-a-file", "this is no ordinary file", "write it to a file first", str(path)))
    found = [path] if not path.is_dir() else sorted(
        file for file in path.rglob("*")
        if file.is_file() and not any(part.startswith((".", "_")) for part in file.relative_to(path).parts)
    )  # fmt: skip
    if not found:
        raise InputError(Problem("no-input", "the directory holds no file", "name a directory of records", str(path)))
    for file in found:
        _check_format(file)
        _check_no_partition(file.relative_to(path).parts[:-1] if path.is_dir() else (), path)
    return found


def _check_no_partition(folders: tuple[str, ...], path: Path) -> None:
    """Raise InputError for a directory whose name is a fact that its files do not hold, as `ex:Condition=true`."""
    for number, name in enumerate(folders):
        if "=" in name:
            what, remedy = "a directory's name holds a column's value", "write the column into the files"
            raise InputError(Problem("partitioned", what, remedy, str(path.joinpath(*folders[: number + 1]))))


def _check_format(path: Path) -> None:
    """Raise InputError for a file whose suffix names no format, or that begins as one of another format does."""
    table = path.suffix.lower().removeprefix(".") in _TABLES
    if table:
        check_name(path)
    with suppress(OSError), path.open("rb") as file:
        if other := mistaken(file.read(ENOUGH), table=table):
            raise InputError(Problem("other-format", *other, str(path)))
    kind_of(path)


def kind_of(path: Path) -> str:
    """`parquet`, `arrow`, `stream`, `csv`, or `rdf` for any syntax of RDF. Raises InputError."""
    suffix = path.suffix.lower().removeprefix(".")
    if suffix in _TABLES:
        return _TABLES[suffix]
    from reasoner.rdf import SUFFIXES

    if suffix in SUFFIXES:
        return "rdf"
    remedy = f"give the file one of the suffixes {', '.join(sorted({*_TABLES, *SUFFIXES}))}"
    raise InputError(Problem("unknown-format", f"the suffix {path.suffix!r} names no format", remedy, str(path)))


def open_sources(paths: Sequence[Path], readers: Readers, scratch: Path, workers: int = 1) -> list[Source]:
    """The sources of some files, in order; `scratch` is an empty directory for what has to be written anew."""
    records = [path for path in paths if kind_of(path) == "rdf"]
    opened: dict[Path, Source] = {}
    if records:
        from reasoner.population.ntriples.small_files import open_small
        from reasoner.population.ntriples.triple_sources import open_all

        small = open_small(records, readers, scratch)
        together = set() if small is None else set(small.files)
        opened.update(open_all([path for path in records if path not in together], readers, scratch, workers))
        if small is not None:
            opened[small.files[0]] = small
            paths = [path for path in paths if path in opened or path not in together]
    for number, path in enumerate(paths):
        if path not in opened:
            folder = scratch / f"table-{number}"
            folder.mkdir()
            opened[path] = open_table(kind_of(path), path, readers.table, readers.cut, folder)
    return [opened[path] for path in paths]
