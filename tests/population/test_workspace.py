"""A run works in a directory of its own making, and its output replaces nothing but an ordinary file."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import pytest

from reasoner.errors import InputError
from reasoner.guideline.guideline import Guideline
from reasoner.population.batch import BatchOptions, format_of, run_batch
from reasoner.population.run import rejects_path
from reasoner.population.workspace import clear, scratch, workspace

DAY = date(2026, 11, 22)


def code(action: object, *arguments: object) -> str:
    with pytest.raises(InputError) as error:
        action(*arguments)  # type: ignore[operator]
    return error.value.problem.code


def used(out: Path) -> None:
    with workspace(out):
        pass


def test_a_workspace_is_removed_unless_parts_are_finished(tmp_path: Path) -> None:
    with workspace(tmp_path / "out") as path:
        (path / "part").touch()
        (scratch(path) / "file").touch()
    assert not list(tmp_path.iterdir())
    with workspace(tmp_path / "out") as path:
        (path / "000000.seal").touch()
        (path / "part").touch()
    with workspace(tmp_path / "out") as path:
        assert (path / "part").exists()
        assert not list(scratch(path).iterdir())
        clear(path)
        assert not (path / "part").exists()
    assert not list(tmp_path.iterdir())


def test_a_planted_link_is_refused_and_not_followed(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    (victim / "folder").mkdir(parents=True)
    (victim / "folder" / "file").write_text("mine")
    (tmp_path / ".out.work").symlink_to(victim)
    assert code(used, tmp_path / "out") == "not-ours"
    assert [path.name for path in victim.rglob("*")] == ["folder", "file"]


def test_a_directory_of_somebody_else_is_refused_and_not_emptied(tmp_path: Path) -> None:
    (tmp_path / ".out.work").mkdir()
    (tmp_path / ".out.work" / "notes").write_text("mine")
    assert code(used, tmp_path / "out") == "not-ours"
    assert (tmp_path / ".out.work" / "notes").read_text() == "mine"
    (tmp_path / ".file.work").write_text("mine")
    assert code(used, tmp_path / "file") == "not-ours"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_directory_of_another_user_is_refused(tmp_path: Path) -> None:
    with workspace(tmp_path / "out") as path:
        (path / "000000.seal").touch()
    os.chown(path, 12345, 12345)
    assert code(used, tmp_path / "out") == "not-ours"


def test_links_in_a_workspace_are_removed_and_not_followed(tmp_path: Path) -> None:
    (tmp_path / "victim").mkdir()
    (tmp_path / "victim" / "file").write_text("mine")
    with workspace(tmp_path / "out") as path:
        (path / "link").symlink_to(tmp_path / "victim")
        clear(path)
    assert (tmp_path / "victim" / "file").read_text() == "mine"


@pytest.fixture
def given(tmp_path: Path) -> Path:
    (tmp_path / "facts.csv").write_text("patient,sn:Fever\nurn:x:1,true\nurn:x:2,true\n")
    return tmp_path / "facts.csv"


def batch(guideline: Guideline, given: Path, out: Path, format: str = "csv") -> None:
    run_batch(guideline, given, out, BatchOptions(DAY, format, only=("status",)))


def test_a_link_is_followed_and_stays(guideline: Guideline, given: Path, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "target.csv").write_text("old")
    (tmp_path / "link.csv").symlink_to("elsewhere/target.csv")
    batch(guideline, given, tmp_path / "link.csv")
    assert (tmp_path / "link.csv").is_symlink()
    assert (tmp_path / "elsewhere" / "target.csv").read_text().count("\n") == 3


@pytest.mark.parametrize("name", ["pipe.csv", "facts.csv.rejects.csv"])
def test_a_pipe_is_refused_and_stays(guideline: Guideline, given: Path, tmp_path: Path, name: str) -> None:
    os.mkfifo(tmp_path / name)
    out = tmp_path / "pipe.csv" if name == "pipe.csv" else tmp_path / "facts.csv"
    folder = tmp_path / "in"
    folder.mkdir()
    given = given.rename(folder / given.name)
    assert code(batch, guideline, given, out) == "not-a-file"
    assert (tmp_path / name).is_fifo()


def test_a_directory_is_replaced_only_where_a_batch_wrote_it(guideline: Guideline, given: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    batch(guideline, given, out, "directory")
    (given).write_text("patient\nurn:x:1\n")
    batch(guideline, given, out, "directory")
    assert {path.name for path in out.iterdir()} == {"part-000000.parquet", "_manifest.json"}
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "one.jpg").write_text("mine")
    assert code(batch, guideline, given, tmp_path / "photos", "directory") == "output-exists"
    assert code(batch, guideline, given, tmp_path / "photos", "csv") == "unwritable"
    assert (tmp_path / "photos" / "one.jpg").read_text() == "mine"
    assert {path.name for path in tmp_path.iterdir()} == {"facts.csv", "out", "photos"}


def test_an_output_that_is_the_input_is_refused(guideline: Guideline, given: Path, tmp_path: Path) -> None:
    assert code(batch, guideline, given, given) == "output-in-input"
    assert code(batch, guideline, tmp_path, tmp_path / "out.csv") == "output-in-input"
    assert code(batch, guideline, given, tmp_path, "directory") == "output-is-input"
    assert rejects_path(given).exists() is False


@pytest.mark.parametrize(("out", "wanted", "format"), [
    ("a.parquet", None, "parquet"), ("a.csv", None, "csv"), ("a.nq", None, "n-quads"), ("a.feather", None, "arrow"),
    ("answers", None, "directory"), ("answers", "parquet", "directory"), ("answers.v2/", None, "directory"),
    ("answers", "csv", "csv"), ("a.txt", "arrow", "arrow"), ("a.parquet/", "parquet", "directory"),
])  # fmt: skip
def test_the_format_is_that_of_the_name(out: str, wanted: str | None, format: str) -> None:
    assert format_of(out, wanted) == format


def test_a_name_that_tells_no_format_is_refused() -> None:
    assert code(format_of, "a.txt", None) == "unknown-format"
    assert code(format_of, "answers/", "csv") == "unknown-format"


def test_a_fact_in_the_name_of_a_directory_is_refused(guideline: Guideline, given: Path, tmp_path: Path) -> None:
    folder = tmp_path / "in" / "sn:SpineMri=true"
    folder.mkdir(parents=True)
    given.rename(folder / given.name)
    assert code(batch, guideline, tmp_path / "in", tmp_path / "out.csv") == "partitioned"
