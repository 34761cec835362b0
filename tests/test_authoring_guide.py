"""The authoring guide does what it says: its patches apply, its commands run, and its output is the real one.

Output is compared by its words. `…` stands for what the guide leaves out, and a number after the name of a file for
whichever line it is.
"""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reasoner.cli.main import app
from reasoner.guideline.guideline import home

GUIDE = (home() / "docs" / "authoring.md").read_text("utf-8")
ALLOWED = ("cp -r ", "rm -r ", "git -C edited apply ")

COMMANDS = ("check", "test", "prove", "diff", "classify", "explain")


def sections() -> dict[str, list[tuple[str, str]]]:
    """The fenced blocks of each section that works on a copy: the words after the fence, and the text."""
    found = {}
    for part in re.split(r"^## ", GUIDE, flags=re.M)[1:]:
        blocks = re.findall(r"^```([^\n]+)\n(.*?)^```$", part, re.S | re.M)
        if blocks:
            found[part.partition("\n")[0]] = blocks
    return found


def steps(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a block, each with the output that is shown."""
    for step in re.split(r"^\$ ", block, flags=re.M)[1:]:
        command, _, shown = step.partition("\n")
        yield command, shown


def words(text: str) -> str:
    return " ".join(re.sub(r"\.ttl:\d+", ".ttl:N", text).split())


def run(command: str, folder: Path) -> str:
    """What a command of the guide prints; bad input and faults fail here."""
    if not command.startswith("guideproof "):
        assert command.startswith(ALLOWED), command
        return subprocess.run(shlex.split(command), cwd=folder, check=True, capture_output=True, text=True).stdout
    arguments = shlex.split(command)[1:]
    result = CliRunner().invoke(app, arguments, env={"COLUMNS": "120"})
    assert result.exit_code in (0, 1), (command, result.output, result.exception)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.output


def check(command: str, shown: str, printed: str) -> None:
    """The parts that the guide shows stand in what is printed, in their order."""
    rest, at_start = words(printed), True
    for part in map(words, shown.split("…")):
        place = rest.find(part)
        assert place == 0 or (place > 0 and not at_start), f"$ {command}\nshows: {part}\nprints: {rest[:3000]}"
        rest, at_start = rest[place + len(part) :], False
    assert not rest or shown.rstrip().endswith("…"), f"$ {command}\nprints also: {rest[:300]}"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with the copy that the guide begins with."""
    for name in ("ontology", "shapes"):
        shutil.copytree(home() / name, tmp_path / "guideline" / name)
    shutil.copytree(home() / "tests" / "cases", tmp_path / "guideline" / "cases")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    "section", [*list(sections())[:2], *(pytest.param(s, marks=pytest.mark.exhaustive) for s in list(sections())[2:])]
)
def test_section_is_as_shown(section: str, folder: Path) -> None:
    for kind, text in sections()[section]:
        language, _, name = kind.partition(" ")
        if language != "console":
            assert name, kind
            (folder / name).write_text(text, "utf-8")
            continue
        for command, shown in steps(text):
            check(command, shown, run(command, folder))
    assert not (folder / "edited").exists()


def test_the_four_edits_of_the_issue_are_there() -> None:
    assert list(sections()) == ["Change a threshold", "Add a red flag", "Add a class", "Add a citation"]
    commands = {command.split()[1] for blocks in sections().values() for kind, text in blocks if kind == "console"
                for command, _ in steps(text) if command.startswith("guideproof")}  # fmt: skip
    assert commands == set(COMMANDS)
    for blocks in sections().values():
        text = "".join(block for _, block in blocks)
        assert all(f"guideproof {command} " in text for command in ("check", "test", "diff"))


def test_a_wrong_output_is_noticed() -> None:
    check("x", "one\n…\nfive\n", "one two three four five")
    for shown in ("two\n…\n", "one\n…\nsix\n", "one two three four\n", "…\nfive\n…\nfour\n…\n"):
        with pytest.raises(AssertionError):
            check("x", shown, "one two three four five")


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", GUIDE))
def test_links_lead_somewhere(target: str) -> None:
    assert (home() / "docs" / target).exists()
