"""Runs of `check` in the tests: quick ones, and the places of what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from conftest import TESTS
from faults.faults import AUTHORING

from reasoner.errors import GuidelineError
from reasoner.rdf import Parsed, read_graph, read_text
from reasoner.workbench.check import files
from reasoner.workbench.check.check import Check, CheckReport


@lru_cache(64)
def _parsed(text: bytes, name: str) -> Parsed:
    return read_text(text, name, imports=True)


@pytest.fixture
def read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files with the same content are parsed once: a copy differs from the guideline in one file."""

    def read(path: Path, *, imports: bool) -> Parsed:
        try:
            return replace(_parsed(path.read_bytes(), path.name), file=str(path))
        except GuidelineError:
            return read_graph(path, imports=imports)

    monkeypatch.setattr(files, "read_graph", read)


TINY = TESTS / "tiny"
SLOW = {"consistency by HermiT", "invariants and accepted findings", AUTHORING}


def quickly(*titles: str) -> Callable[[tuple[Check, ...]], Iterable[Check]]:
    """The checks but for the slow ones that are not named."""
    return lambda checks: [one for one in checks if one.title not in SLOW - set(titles)]


def places(report: CheckReport) -> list[tuple[str, str, int]]:
    return [(finding.code, finding.file, finding.line) for finding in report.findings]
