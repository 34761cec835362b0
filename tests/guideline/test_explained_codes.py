"""Each code that a command may give has a section, or words of a shape, that an installed package can show."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from reasoner.guideline.explained_codes import explained, nearest, of_shapes, sections
from reasoner.guideline.guideline import Guideline

ROOT = Path(__file__).parents[2]
#: How the package names a code where it raises or reports one.
_RAISED = re.compile(r"""\b(?:Problem|refuse|CellFault|failed|_axiom|Reject)\(\s*["']([a-z0-9]+(?:-[a-z0-9]+)*)["']""")


def raised() -> set[str]:
    """The codes that stand in the source."""
    return {code for path in (ROOT / "reasoner").rglob("*.py") for code in _RAISED.findall(path.read_text("utf-8"))}


def test_every_code_is_explained(guideline: Guideline) -> None:
    assert len(raised()) > 80
    assert {code for code in raised() if explained(code, guideline) is None} == set()


def test_no_section_is_of_a_code_that_nothing_gives() -> None:
    source = "".join(path.read_text("utf-8") for path in (ROOT / "reasoner").rglob("*.py"))
    shapes = "".join(path.read_text("utf-8") for path in (ROOT / "shapes").glob("*.ttl"))
    queries = {path.stem for path in (ROOT / "queries" / "qc").glob("*.rq")}
    assert [code for code in sections() if code not in queries and f'"{code}"' not in source + shapes
            and not re.search(rf"\b{code}\b", source)] == []  # fmt: skip


def test_a_shape_explains_its_own_code(guideline: Guideline) -> None:
    assert "red-flag" in of_shapes(guideline) and "evaluate" in (explained("red-flag", guideline) or "")


@pytest.mark.parametrize(("slip", "meant"), [("unknown-trem", "unknown-term"), ("syntax-eror", "syntax-error")])
def test_a_slip_is_recognised(slip: str, meant: str, guideline: Guideline) -> None:
    assert explained(slip, guideline) is None and nearest(slip, guideline) == meant
