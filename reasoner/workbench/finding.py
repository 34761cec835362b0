"""What the commands for authors find: one kind of finding for `check`, `prove`, `test` and `diff`."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from reasoner.logic.compiled import Origin

#: Where what `prove`, `test` and `diff` find is explained.
DOCUMENT = "docs/authoring.md"


class Severity(StrEnum):
    """How grave a finding is: an error or a warning is to be mended before publishing, an info need not be."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True)
class Finding:
    """One thing that a command found.

    `where` is the term concerned (an IRI, or empty) and the file and line in which to look; the file is empty where
    none is known. `about` are further terms that it comes from. `docs` is where the code is explained, a path in the
    project. `suppressed` is the reason for which an author leaves the finding as it is, empty where nobody does.
    """

    code: str
    severity: Severity
    what: str
    where: Origin
    remedy: str
    docs: str
    about: tuple[str, ...] = ()
    suppressed: str = field(default="", kw_only=True)

    @property
    def file(self) -> str:
        """The file; empty where none is known."""
        return self.where.file

    @property
    def line(self) -> int:
        """The line, from 1; 0 where none is known."""
        return self.where.line or 0

    @property
    def term(self) -> str:
        """The IRI of the term that the finding is about; empty where there is none."""
        return self.where.term

    @property
    def grave(self) -> bool:
        """Whether it is to be mended before publishing."""
        return self.severity is not Severity.INFO
