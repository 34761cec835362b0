"""The rooms of the package: imports run one way, from the doors down to the terms."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[1] / "reasoner"

#: Each room imports from those before it, and from the modules at the top of the package.
ROOMS = ("logic", "records", "guideline", "patient", "render", "kernel", "population", "workbench", "cli")


def imports(path: Path) -> Iterator[str]:
    """The modules of the package that a module imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("reasoner"):
            yield node.module
        elif isinstance(node, ast.Import):
            yield from (name.name for name in node.names if name.name.startswith("reasoner"))


def room(module: str) -> int:
    """The place of a module's room; -1 for a module at the top."""
    name = module.split(".")[1] if "." in module else ""
    return ROOMS.index(name) if name in ROOMS else -1


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_run_one_way(path: Path) -> None:
    own = room(".".join(("reasoner", *path.relative_to(PACKAGE).parts)))
    if path != PACKAGE / "__init__.py":  # which offers names of every room
        assert [module for module in imports(path) if room(module) > own] == []


def test_every_folder_is_a_room() -> None:
    assert {path.parent.name for path in PACKAGE.glob("*/__init__.py")} == set(ROOMS)
