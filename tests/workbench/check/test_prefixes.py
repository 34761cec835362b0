"""Namespaces that are nearly, but not quite, a known one."""

from __future__ import annotations

import pytest

from reasoner.terms import PREFIXES
from reasoner.workbench.check.prefixes import near


@pytest.mark.parametrize(("namespace", "meant"), [
    ("http://www.w3.org/2002/07/owl", PREFIXES["owl"]),
    ("https://www.w3.org/2002/07/owl#", PREFIXES["owl"]),
    ("http://www.w3.org/2002/07/ow#", PREFIXES["owl"]),
    ("https://w3id.org/guideprof/core#", PREFIXES["gp"]),
    ("http://purl.org/dc/terms#", PREFIXES["dcterms"]),
    (PREFIXES["gp"], None),
    ("http://purl.org/dc/elements/1.1/", None),
    ("https://example.org/mine#", None),
])  # fmt: skip
def test_near_namespaces(namespace: str, meant: str | None) -> None:
    assert near(namespace, set(PREFIXES.values())) == meant
