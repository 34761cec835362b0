"""The one list of codes, and the page that explains each."""

from __future__ import annotations

import re
from pathlib import Path

from rdflib import Graph

import reasoner
from reasoner.guideline.guideline import home
from reasoner.terms import GP
from reasoner.workbench.check.codes import DOCUMENT, SEVERITIES
from reasoner.workbench.check.queries import quality_queries

#: Modules whose errors become findings.
LOADERS = ["rdf", "logic/owl", "logic/translate", "logic/background", "guideline/shapes", "guideline/read_shapes",
           "guideline/build", "guideline/catalogue", "guideline/read_catalogue", "workbench/declared"]  # fmt: skip
#: What those refuse that cannot stand in a file of a guideline, or that another check finds at its place.
NOT_OF_GUIDELINES = {
    "is-a-directory", "unknown-format", "remote-context", "undefined-term", "xml-entity", "owl-imports", "no-guideline",
    "unknown-statement", "closed-finding", "undefined-class", "undeclared-class", "undeclared-property",
}  # fmt: skip


def sections() -> set[str]:
    """The anchors of docs/checks.md."""
    return set(re.findall(r"^### `?([a-z0-9-]+)`?$", (home() / DOCUMENT).read_text("utf-8"), re.MULTILINE))


def test_every_code_has_a_section() -> None:
    assert sections() == set(SEVERITIES)


def test_every_quality_query_is_in_the_list_and_says_what_is_wrong() -> None:
    queries = quality_queries(home())
    assert queries
    for path in queries:
        header = path.read_text("utf-8").splitlines()[:2]
        assert path.stem in SEVERITIES
        assert [line.partition(":")[0] for line in header] == ["# Problem", "# Solution"]


def test_every_authoring_code_is_in_the_list() -> None:
    codes = {str(code) for code in Graph().parse(home() / "shapes" / "authoring.ttl").objects(None, GP.code)}
    assert codes <= set(SEVERITIES)


def test_every_code_of_the_loader_is_in_the_list() -> None:
    package = Path(reasoner.__file__).parent
    text = "".join((package / f"{name}.py").read_text("utf-8") for name in LOADERS)
    given = r'(?:Problem|refuse)\(\s*"([a-z0-9-]+)"|code: str = "([a-z-]+)"|, "(undeclared-[a-z]+)"'
    codes = set(re.findall(given, text))
    named = {code for found in codes for code in found if code}
    assert "cyclic-definition" in named and "syntax-error" in named
    assert named - NOT_OF_GUIDELINES <= set(SEVERITIES)
