"""The rooms of the package: imports run one way, none in a circle, and the page about them is up to date."""

from __future__ import annotations

import ast
import re
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest
from house import PACKAGE, PAGE, PICTURE, ROOMS, imports, page, picture, room

README = PACKAGE.parent / "README.md"
MODULES = sorted(PACKAGE.rglob("*.py"))
named = pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))


def name_of(path: Path) -> str:
    return ".".join(("reasoner", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__")


@named
def test_imports_run_one_way(path: Path) -> None:
    own = room(name_of(path))
    if path != PACKAGE / "__init__.py":  # which offers names of every room
        assert [module for module in imports(path) if room(module) > own] == []


def test_no_imports_run_in_a_circle() -> None:
    known = {name_of(path): path for path in MODULES if path != PACKAGE / "__init__.py"}
    graph = {name: known.keys() & set(imports(path, typing=False)) for name, path in known.items()}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        pytest.fail(" → ".join(error.args[1]))


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)


@named
def test_modules_are_short_and_say_what_they_are(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text.splitlines()) <= 400
    assert ast.get_docstring(ast.parse(text))


def test_the_picture_is_up_to_date() -> None:
    assert PICTURE.read_text("utf-8") == picture(), "run make house"


def test_the_table_is_up_to_date() -> None:
    assert PAGE.read_text("utf-8") == page(), "run make house"


def test_the_readme_lists_the_rooms() -> None:
    inside = README.read_text("utf-8").partition("## Inside")[2].partition("\n## ")[0]
    assert re.findall(r"^\| `(\w+)` \|", inside, re.M) == list(ROOMS)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", PAGE.read_text("utf-8")))
def test_links_of_the_page_lead_somewhere(target: str) -> None:
    assert (PAGE.parent / target).exists()


def test_a_class_name_stands_for_one_thing() -> None:
    named: dict[str, list[str]] = {}
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ClassDef):
                named.setdefault(node.name.lstrip("_"), []).append(name_of(path))
    assert {name: modules for name, modules in named.items() if len(modules) > 1} == {}
