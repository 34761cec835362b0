"""Problems say what, where and what to do; errors carry them, also to other processes; a missing extra is explained."""

from __future__ import annotations

import pickle
import re
import tomllib
from pathlib import Path

import pytest

from reasoner.errors import (
    EXTRAS,
    ContradictionError,
    EngineError,
    FragmentError,
    GuidelineError,
    GuideproofError,
    InputError,
    Problem,
    QueryError,
    RecordError,
    extras_explained,
)

ROOT = Path(__file__).resolve().parents[1]
PROBLEM = Problem("bad-thing", "it is bad", "mend it")


@pytest.mark.parametrize(
    ("problem", "where"),
    [
        (PROBLEM, ""),
        (Problem("c", "w", "r", "a.ttl"), "a.ttl"),
        (Problem("c", "w", "r", "a.ttl", 7), "a.ttl:7"),
        (Problem("c", "w", "r", None, 7), "line 7"),
        (Problem("c", "w", "r", None, None, "urn:n"), "urn:n"),
        (Problem("c", "w", "r", "a.ttl", 7, "urn:n"), "a.ttl:7 at urn:n"),
    ],
)
def test_where(problem: Problem, where: str) -> None:
    assert problem.where == where
    assert problem.as_json() == {"code": problem.code, "what": problem.what, "where": where, "remedy": problem.remedy}


def test_a_problem_is_one_line() -> None:
    assert str(PROBLEM) == "error [bad-thing] it is bad — mend it"
    assert str(Problem("c", "w", "r", "a.ttl", 7)) == "error [c] a.ttl:7: w — r"


def test_what_is_known_of_a_place_is_kept() -> None:
    assert PROBLEM.at("a.ttl", 7) == Problem("bad-thing", "it is bad", "mend it", "a.ttl", 7)
    known = Problem("c", "w", "r", "a.ttl", 7)
    assert known.at("b.ttl", 8) == known
    assert Problem("c", "w", "r", "a.ttl").at(None, 8).where == "a.ttl:8"


def test_problems_are_ordered_by_their_code() -> None:
    assert sorted([Problem("b", "", ""), Problem("a", "x", "")])[0].code == "a"


def test_an_error_shows_every_problem_and_the_first_is_the_main_one() -> None:
    error = InputError(PROBLEM, Problem("c", "w", "r"))
    assert error.problem is PROBLEM
    assert str(error) == f"{PROBLEM}\nerror [c] w — r"


@pytest.mark.parametrize("kind", [RecordError, GuidelineError, FragmentError, QueryError, EngineError, InputError])
def test_exit_codes_and_parents(kind: type[GuideproofError]) -> None:
    assert issubclass(kind, GuideproofError)
    assert kind.exit_code == (3 if kind is EngineError else 2)
    assert issubclass(kind, InputError) == (kind is not EngineError)


def test_errors_go_to_other_processes_whole() -> None:
    error = ContradictionError(PROBLEM, facts=("a", "b"))
    sent = pickle.loads(pickle.dumps(error))
    assert (type(sent), sent.problems, sent.facts, str(sent)) == (
        ContradictionError,
        (PROBLEM,),
        ("a", "b"),
        str(error),
    )


@pytest.mark.parametrize(("library", "extra"), [*EXTRAS.items(), ("pyarrow.parquet", "batch")])
def test_a_missing_extra_is_explained(library: str, extra: str) -> None:
    with pytest.raises(InputError) as error, extras_explained():
        raise ModuleNotFoundError(f"No module named {library!r}", name=library)
    assert error.value.problem.code == "missing-extra"
    assert f"'guideproof[{extra}]'" in error.value.problem.remedy
    assert library.split(".", maxsplit=1)[0] in error.value.problem.what


@pytest.mark.parametrize("name", ["no_such_library", None])
def test_another_missing_library_is_our_fault(name: str | None) -> None:
    with pytest.raises(ModuleNotFoundError), extras_explained():
        raise ModuleNotFoundError("missing", name=name)


def test_extras_are_those_of_the_package() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {extra: {re.split(r"[<>=\[]", one)[0] for one in listed}
             for extra, listed in project["optional-dependencies"].items()}  # fmt: skip
    for library, extra in EXTRAS.items():
        assert library in names[extra]
    base = {re.split(r"[<>=\[]", one)[0] for one in project["dependencies"]}
    assert not base & EXTRAS.keys()
