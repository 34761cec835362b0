"""What the commands for authors find: one kind of finding for `check`, `prove`, `test` and `diff`, and its SARIF log.

Code hosts and editors show a SARIF log beside the lines concerned. The format is SARIF 2.1.0:
https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from reasoner.guideline.explained_codes import sections
from reasoner.guideline.guideline import version
from reasoner.logic.compiled import Origin

#: Where what `prove`, `test` and `diff` find is explained.
DOCUMENT = "docs/authoring.md"

#: Where the documentation of the project is found.
HOME = "https://w3id.org/guideproof/"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


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


# -- as a SARIF log --

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "note"}


def sarif_log(findings: Iterable[Finding]) -> dict[str, Any]:
    """The findings as one run of a SARIF log, with a rule for each of their codes."""
    found = list(findings)
    rules = {finding.code: finding for finding in found}
    driver = {"name": "Guideproof", "version": version(), "informationUri": HOME,
              "rules": [_rule(finding) for finding in rules.values()]}  # fmt: skip
    results = [_result(finding, list(rules).index(finding.code)) for finding in found]
    return {"$schema": _SCHEMA, "version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": results}]}


def _rule(finding: Finding) -> dict[str, Any]:
    level = {"level": _LEVELS[finding.severity]}
    section = sections().get(finding.code, f"See {finding.docs}.")
    return {"id": finding.code, "defaultConfiguration": level, "help": {"text": section, "markdown": section}}


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    message = f"{finding.what} — {finding.remedy}" if finding.remedy else finding.what
    result = {"ruleId": finding.code, "ruleIndex": rule, "level": _LEVELS[finding.severity],
              "message": {"text": message}, "locations": [_location(finding)]}  # fmt: skip
    suppressed = {"suppressions": [{"kind": "external", "justification": finding.suppressed}]}
    return result | (suppressed if finding.suppressed else {})


def _location(finding: Finding) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if finding.file:
        path = PurePath(finding.file)
        uri = path.as_uri() if path.is_absolute() else quote(path.as_posix())
        region = {"region": {"startLine": finding.line}} if finding.line else {}
        found["physicalLocation"] = {"artifactLocation": {"uri": uri}, **region}
    if finding.term:
        found["logicalLocations"] = [{"fullyQualifiedName": finding.term}]
    return found
