"""The public names of the package, their docstrings, and the examples in them."""

from __future__ import annotations

import doctest
import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import reasoner

ROOT = Path(__file__).resolve().parents[1]
NAMES = [
    "Answers",
    "Assessment",
    "Conclusion",
    "Decision",
    "Fact",
    "Guideline",
    "GuideproofError",
    "JsonRenderer",
    "Justified",
    "Observation",
    "Problem",
    "Question",
    "RdfRenderer",
    "Reason",
    "Records",
    "Refusal",
    "State",
    "assess",
    "classify",
    "classify_files",
    "decide",
    "decide_batches",
    "load",
    "load_guideline",
]


def test_public_names() -> None:
    assert sorted(reasoner.__all__) == NAMES
    assert set(NAMES) <= set(dir(reasoner))


@pytest.mark.parametrize("name", NAMES)
def test_every_name_is_there_and_says_what_it_is(name: str) -> None:
    found = getattr(reasoner, name)
    assert inspect.isclass(found) or inspect.isfunction(found)
    assert inspect.getdoc(found)
    assert found.__module__.startswith("reasoner.")


def test_another_name_is_none() -> None:
    with pytest.raises(AttributeError, match="nothing_of_the_kind"):
        reasoner.nothing_of_the_kind  # noqa: B018


def test_examples_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    failed, run = doctest.testmod(reasoner)
    assert (failed, run > 5) == (0, True)


def test_importing_the_package_imports_no_heavy_library() -> None:
    code = "import sys, reasoner; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    heavy = {"numba", "numpy", "owlready2", "polars", "pyarrow", "pyshacl", "rdflib", "rich", "typer"}
    assert not set(done.stdout.split()) & heavy
