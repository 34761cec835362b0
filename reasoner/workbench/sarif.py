"""Findings as a SARIF log, which code hosts and editors show beside the lines concerned.

The format is SARIF 2.1.0: https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import PurePath
from typing import Any
from urllib.parse import quote

from reasoner.guideline.guideline import version
from reasoner.workbench.finding import Finding, Severity

#: Where the documentation of the project is found.
HOME = "https://w3id.org/guideproof/"
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
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
    rule = {"id": finding.code, "defaultConfiguration": level, "help": {"text": f"See {finding.docs}."}}
    return rule | ({"helpUri": HOME + finding.docs} if finding.docs.startswith("docs/") else {})


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
