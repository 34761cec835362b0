"""What a code of an error or a finding means: a section of a page of the package, or words of a shape."""

from __future__ import annotations

import re
from difflib import get_close_matches
from functools import cache

from reasoner.guideline.guideline import Guideline, home

#: The pages with a section for each code.
PAGES = ("checks.md", "errors.md")

_SECTION = re.compile(r"^### ([a-z0-9-]+)\n+(.*?)(?=^##|\Z)", re.MULTILINE | re.DOTALL)


@cache
def sections() -> dict[str, str]:
    """The sections of the pages by code, as Markdown."""
    found: dict[str, str] = {}
    for page in PAGES:
        text = (home() / "docs" / page).read_text("utf-8")
        found |= {code: section.strip() for code, section in _SECTION.findall(text)}
    return found


def explained(code: str, guideline: Guideline) -> str | None:
    """What a code means, as Markdown; None for one that nothing uses."""
    return sections().get(code) or of_shapes(guideline).get(code)


def of_shapes(guideline: Guideline) -> dict[str, str]:
    """What the guideline's own shapes say of their codes: what is wrong, and what to do."""
    from rdflib import SH

    from reasoner.terms import GP

    found: dict[str, list[str]] = {}
    for parsed in guideline.files.parsed_shapes(*(path.stem for path in guideline.files.shapes)):
        for shape, code in parsed.graph.subject_objects(GP.code):
            told, remedy = (parsed.graph.value(shape, p) for p in (SH.message, GP.remedy))
            line = f"{told}: {remedy}." if remedy else f"{told}."
            found.setdefault(str(code), []).append(f"- {line[:1].upper()}{line[1:]}")
    return {code: "\n".join(dict.fromkeys(sorted(lines))) for code, lines in found.items()}


def nearest(code: str, guideline: Guideline) -> str | None:
    """The code that is most like another text."""
    known = [*sections(), *of_shapes(guideline)]
    return next(iter(get_close_matches(code, known, 1, 0.5)), None)
