"""What can go wrong, and what to do about it.

The hierarchy; each class is caught by its parent at the doors:

    GuideproofError            anything below; carries a Problem
    ├── InputError             the caller's input cannot be used           exit code 2
    │   ├── RecordError        a record cannot be read, or does not conform
    │   │   └── ContradictionError   its facts cannot hold together
    │   ├── GuidelineError     an ontology or shapes file cannot be used
    │   │   └── FragmentError  an axiom outside the fragment that is decided exactly
    │   └── QueryError         a query or a binding cannot be used
    └── EngineError            a component of ours failed                  exit code 3
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from msgspec import Struct
from msgspec.structs import replace

from reasoner.escapes import visible


class Problem(Struct, frozen=True, order=True):
    """One fault: a stable code, what is wrong, where, and what to do."""

    code: str
    what: str
    remedy: str
    file: str | None = None
    line: int | None = None
    node: str | None = None

    @property
    def where(self) -> str:
        """File, line and node in one text; empty where none is known."""
        where = self.file or ""
        if self.line is not None:
            where = f"{where}:{self.line}" if where else f"line {self.line}"
        if self.node:
            where = f"{where} at {self.node}" if where else self.node
        return where

    def __str__(self) -> str:
        where = f"{self.where}: " if self.where else ""
        return visible(f"error [{self.code}] {where}{self.what} — {self.remedy}").replace("\n", " ")

    def at(self, file: str | None, line: int | None = None) -> Problem:
        """The same problem with file and line filled in where they were not known."""
        return replace(self, file=self.file or file, line=self.line or line)

    def as_json(self) -> dict[str, str]:
        """The `error` object of the JSON of an assessment."""
        return {"code": self.code, "what": self.what, "where": self.where, "remedy": self.remedy}


class GuideproofError(Exception):
    """Anything that Guideproof reports; `problems` is never empty and the first is the main one."""

    exit_code = 3

    def __init__(self, *problems: Problem) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), self.problems, self.__dict__

    @property
    def problem(self) -> Problem:
        """The main problem."""
        return self.problems[0]


class InputError(GuideproofError):
    """The caller's input cannot be used."""

    exit_code = 2


class RecordError(InputError):
    """A record cannot be read, or does not conform to the record contract."""


class ContradictionError(RecordError):
    """The facts of one patient cannot hold together; `facts` is a minimal set of them."""

    def __init__(self, *problems: Problem, facts: tuple[object, ...] = ()) -> None:
        super().__init__(*problems)
        self.facts = facts


class GuidelineError(InputError):
    """An ontology or shapes file cannot be used."""


class FragmentError(GuidelineError):
    """An axiom lies outside the fragment that is decided exactly."""


class QueryError(InputError):
    """A query, or a value bound in it, cannot be used."""


class EngineError(GuideproofError):
    """A component of ours failed."""


#: The extra of this package that installs a library, for each library that the base does not install.
EXTRAS = {
    "llvmlite": "batch",
    "numba": "batch",
    "numpy": "batch",
    "polars": "batch",
    "pyarrow": "batch",
    "pandas": "spark",
    "pyspark": "spark",
}


@contextmanager
def extras_explained() -> Iterator[None]:
    """Raise InputError with code `missing-extra` where a library that is imported within needs an extra to be there."""
    try:
        yield
    except ModuleNotFoundError as error:
        library = (error.name or "").partition(".")[0]
        if library not in EXTRAS:
            raise
        install = f"install it: pip install 'guideproof[{EXTRAS[library]}]'"
        raise InputError(Problem("missing-extra", f"{library} is not installed", install)) from error
