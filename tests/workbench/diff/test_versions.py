"""The command, and the versions that it is given: directories and revisions."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from compared_versions import plants
from typer.testing import CliRunner

from reasoner.cli.author import app
from reasoner.errors import GuidelineError, GuideproofError, InputError
from reasoner.workbench.diff.versions import two_versions


def run(*arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["diff", *arguments])
    if isinstance(result.exception, GuideproofError):
        return result.exception.exit_code, str(result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.output


def git(directory: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=author", "-c", "user.email=author@example.org"]
    done = subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True, text=True)
    return done.stdout


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository with a guideline in a folder: two commits, and an edit in the work tree."""
    root = tmp_path / "repository"
    (root / "guide").mkdir(parents=True)
    plants(root / "guide" / "plants")
    git(root, "init", "-q")
    for before, after in (
        ("5.0", "5.0"),
        ("minInclusive 5.0", "minInclusive 7.0"),
        ("minInclusive 7.0", "minInclusive 9.0"),
    ):
        path = root / "guide" / "plants" / "ontology" / "plant.ttl"
        path.write_text(path.read_text("utf-8").replace(before, after), "utf-8")
        if after != "minInclusive 9.0":
            git(root, "add", "-A")
            git(root, "commit", "-q", "--allow-empty", "-m", after)
    return root / "guide" / "plants"


def test_revisions_are_compared_and_the_work_tree_stays(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD")
    code, text = run("HEAD~1", str(repository), "--format", "json")
    assert code == 1
    [axiom] = json.loads(text)["axioms"]
    assert "[>= 5]" in axiom["old"][0]["axiom"] and "[>= 9]" in axiom["new"][0]["axiom"]
    assert axiom["old"][0]["file"] == "ontology/plant.ttl"
    monkeypatch.chdir(repository)
    code, text = run("HEAD~1", "HEAD", "--format", "markdown")
    assert code == 1 and "[>= 7]" in text and "<details>" in text
    results = json.loads(run("HEAD~1", "HEAD", "--format", "sarif")[1])["runs"][0]["results"]
    [position] = {json.dumps(result["locations"][0]["physicalLocation"]) for result in results}
    assert json.loads(position)["artifactLocation"] == {"uri": "ontology/plant.ttl"}
    assert run("HEAD", "HEAD")[0] == 0
    assert before == (git(repository, "status", "--porcelain"), git(repository, "rev-parse", "HEAD"))


@pytest.mark.parametrize("name", ["nosuch", "HEAD~99", "", "a\nb"])
def test_what_is_no_version_is_bad_input(name: str, repository: Path) -> None:
    code, text = run(name, str(repository))
    assert code == 2 and "revision" in text and "\nTraceback" not in text


def test_a_revision_is_no_option(repository: Path, tmp_path: Path) -> None:
    target = tmp_path / "written"
    with pytest.raises(InputError, match="bad-revision"), two_versions(f"--output={target}", str(repository)):
        pass
    assert not target.exists()


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_version_that_does_not_compile_is_named_by_side_file_and_line(
    side: str, repository: Path, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(repository, broken)
    path = broken / "ontology" / "plant.ttl"
    path.write_text(
        path.read_text("utf-8").replace("        pot:LongDryPlant\n", "        pot:LongDyrPlant\n"), "utf-8"
    )
    arguments = (str(broken), "HEAD") if side == "old" else (str(repository), str(broken))
    if side == "old":
        git(broken.parent, "init", "-q")
    with pytest.raises(GuidelineError, match=f"the {side} version") as caught, two_versions(*arguments):
        pass
    assert caught.value.problem.file == str(path) and caught.value.problem.line
    assert caught.value.exit_code == 2


def test_a_revision_that_does_not_compile_shows_its_name_and_no_temporary_place(repository: Path) -> None:
    path = repository / "ontology" / "plant.ttl"
    sound = path.read_text("utf-8")
    path.write_text(sound.replace("        pot:LongDryPlant\n", "        pot:LongDyrPlant\n"), "utf-8")
    git(repository, "commit", "-q", "-a", "-m", "a slip")
    path.write_text(sound, "utf-8")
    code, text = run("HEAD", str(repository))
    assert code == 2
    assert re.search(r"HEAD:ontology/plant\.ttl:\d+ .*the old version: .*LongDyrPlant", text)


def test_an_empty_directory_is_no_guideline(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, text = run(str(repository), str(tmp_path / "empty"))
    assert code == 2 and "no-guideline" in text and "the new version" in text


def test_out_is_written(repository: Path, tmp_path: Path) -> None:
    out = tmp_path / "diff.md"
    code, text = run("HEAD~1", str(repository), "--format", "markdown", "--out", str(out))
    assert (code, text) == (1, "")
    assert out.read_text("utf-8").startswith("## Guideline diff\n\nHEAD\\~1 → ")
