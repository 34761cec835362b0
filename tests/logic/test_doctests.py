"""The examples in the docstrings of logic and kernel are true."""

from __future__ import annotations

import doctest
from importlib import import_module
from pkgutil import iter_modules

import pytest

import reasoner.kernel
import reasoner.logic

MODULES = ["reasoner.caches", *(f"{room.__name__}.{module.name}" for room in (reasoner.logic, reasoner.kernel)
           for module in iter_modules(room.__path__))]  # fmt: skip


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_some() -> None:
    assert sum(doctest.testmod(import_module(name)).attempted for name in MODULES) > 10
