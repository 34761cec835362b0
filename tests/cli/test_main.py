"""The command line as a whole: what it imports, its help, its completion, and a missing extra."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from typer.main import get_command

from reasoner.cli import main
from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"
COMMANDS = ("classify", "explain", "query", "check", "test", "prove", "diff", "batch", "schema", "owl", "verify")
HEAVY = {"numba", "numpy", "owlready2", "pandas", "polars", "pyarrow", "pyshacl", "rdflib", "rich"}
WATCHED = """
import atexit, sys
atexit.register(lambda: print(*sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr))
from reasoner.cli.main import main
main()
"""


def imported(*arguments: str | Path) -> set[str]:
    """The packages that a command that succeeds has imported at its end."""
    line = [sys.executable, "-c", WATCHED, *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True, cwd="/")
    names = set(done.stderr.splitlines()[-1].split())
    assert "reasoner" in names
    return names


@pytest.mark.parametrize(
    "options",
    [
        [],
        ["--format", "json"],
        ["--format", "n-triples"],
        ["--as-of=2026-11-22", "--engine", "compiled", "--format=text"],
    ],
)
def test_a_plain_record_is_answered_without_heavy_libraries(options: list[str], guideline: Guideline) -> None:
    assert guideline.content  # it is compiled, and cached
    assert not imported("classify", EXAMPLE, *options) & HEAVY


def test_explaining_needs_no_heavy_library_either(guideline: Guideline) -> None:
    assert guideline.content
    assert not imported("explain", EXAMPLE, "MriAssessment") & HEAVY


def test_the_watch_sees_what_is_imported() -> None:
    assert "rdflib" in imported("classify", EXAMPLE, "--format", "turtle")


def test_every_command_is_there_with_examples(capsys: pytest.CaptureFixture[str]) -> None:
    commands = get_command(main.app).commands  # type: ignore[attr-defined]
    assert set(commands) == set(COMMANDS)
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main.app([name, "-h"])
        shown = capsys.readouterr().out
        assert "Examples" in shown and f"guideproof {name}" in shown


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main.app(["--help"])
    listed = capsys.readouterr().out
    assert all(f" {command} " in listed for command in COMMANDS)


def test_shells_complete_classes() -> None:
    env = {**os.environ, "_GUIDEPROOF_COMPLETE": "complete_bash", "COMP_CWORD": "3",
           "COMP_WORDS": "guideproof explain a.ttl sn:Mri"}  # fmt: skip
    program = "import sys; sys.argv[0] = 'guideproof'; from reasoner.cli.main import app; app(prog_name='guideproof')"
    line = [sys.executable, "-c", program]
    done = subprocess.run(line, env=env, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.split() == ["sn:MriAssessment"]


def test_a_missing_extra_is_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    def batch() -> None:
        raise ModuleNotFoundError("No module named 'polars'", name="polars")

    monkeypatch.setattr(main, "app", batch)
    with pytest.raises(SystemExit) as leaving:
        main.main()
    assert leaving.value.code == 2
    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith("error [missing-extra] polars ") and "guideproof[batch]" in line


@pytest.mark.parametrize(
    ("error", "code", "printed"),
    [
        (InputError(Problem("a", "b", "c"), Problem("d", "e", "f")), 2, ["error [a] b — c", "error [d] e — f"]),
        (KeyboardInterrupt(), 130, []),
        (SystemExit("why"), 1, []),
        (ValueError("odd"), 3, ["error [internal] ValueError: odd — please report it; GUIDEPROOF_DEBUG=1 shows where"]),
    ],
)
def test_errors_are_lines_and_exit_codes(
    error: BaseException,
    code: int,
    printed: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.delenv("GUIDEPROOF_DEBUG", raising=False)
    monkeypatch.setattr(main, "app", fail)
    with pytest.raises(SystemExit) as leaving:
        main.main()
    assert (leaving.value.code, capsys.readouterr().err.splitlines()) == (code, printed)


def test_a_reader_that_leaves_early_is_no_error() -> None:
    command = f"{sys.executable} -m reasoner.cli classify {EXAMPLE} --format turtle | head -1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=True, cwd="/")
    assert done.stderr == "" and len(done.stdout.splitlines()) == 1
