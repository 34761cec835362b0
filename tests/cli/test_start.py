"""What the command line imports, and that its two ways of reading options and of writing text give the same."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from rich.cells import cell_len
from rich.console import Console

from reasoner.cli import commands, quick
from reasoner.cli.deliver import plain_width
from reasoner.cli.main import COMMANDS
from reasoner.cli.root import app
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.patient.classify import classify_files, explained
from reasoner.render.as_text import TextRenderer
from reasoner.render.lines import ONE_CELL, Line, as_plain, heading, indented, line, show

ROOT = Path(__file__).resolve().parents[2]
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"
TINY = ROOT / "tests" / "tiny"

# -- what is imported --

HEAVY = {"click", "owlready2", "pyshacl", "rdflib", "rich", "typer"}
WATCHED = """
import os, sys
leave = os._exit
def shown(code):
    print(code, *sorted({name.split(".")[0] for name in sys.modules}), file=sys.stderr, flush=True)
    leave(code)
os._exit = shown
from reasoner.cli.main import process
process()
"""


def imported(*arguments: str | Path) -> set[str]:
    """The packages that a command that succeeds has imported at its end."""
    line = [sys.executable, "-c", WATCHED, *map(str, arguments)]
    done = subprocess.run(line, capture_output=True, text=True, timeout=120, check=True, cwd="/")
    code, *names = done.stderr.splitlines()[-1].split()
    assert code == "0" and "reasoner" in names
    return set(names)


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
    found = imported("classify", EXAMPLE, *options)
    assert not found & HEAVY


def test_explaining_needs_no_heavy_library_either(guideline: Guideline) -> None:
    assert guideline.content
    assert not imported("explain", EXAMPLE, "MriAssessment") & HEAVY


def test_the_watch_sees_what_is_imported() -> None:
    assert "rdflib" in imported("classify", EXAMPLE, "--format", "turtle")
    assert "typer" in imported("query", "--list")


# -- which module a command comes from --


@pytest.mark.parametrize("command", COMMANDS)
def test_help_of_a_command_imports_its_module_alone(command: str) -> None:
    code = f"import sys; from reasoner.cli.root import app\ntry: app(['{command}', '-h'])\nfinally: print(*sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    *shown, modules = done.stdout.splitlines()
    assert "Examples" in "".join(shown)
    assert {name for name in modules.split() if name in set(COMMANDS.values())} == {COMMANDS[command]}


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        app(["--help"])
    listed = capsys.readouterr().out
    assert all(f" {command} " in listed for command in COMMANDS)


# -- options, read by two readers --

PLAIN = [
    ["classify", "a.ttl"],
    ["classify", "a.ttl", "b.ttl", "-"],
    ["classify", "--format", "json", "a.ttl", "--out", "x.json"],
    ["classify", "a.ttl", "--format=n-triples", "--as-of=2026-11-01", "--guideline=g", "--input", "ttl"],
    ["classify", "--engine", "hermit", "a.ttl", "--as-of", ""],
    ["explain", "a.ttl", "sn:Class"],
    ["explain", "--format", "json", "a.ttl", "Class", "--out=o=p"],
]
OTHER = [
    ["classify"],
    ["classify", "--help"],
    ["classify", "a.ttl", "-h"],
    ["classify", "a.ttl", "--format"],
    ["classify", "a.ttl", "--format", "yaml"],
    ["classify", "a.ttl", "--format", "json", "--format", "text"],
    ["classify", "a.ttl", "--form", "json"],
    ["classify", "a.ttl", "--out", "-x"],
    ["classify", "--", "a.ttl"],
    ["classify", "a.ttl", ""],
    ["explain", "a.ttl"],
    ["explain", "a.ttl", "Class", "more"],
    ["query", "name"],
    ["--version"],
]


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What the commands were called with, every option by its place; they do nothing."""
    calls: list[tuple[Any, ...]] = []

    def classify(records, as_of="", engine="compiled", format=None, out=None, guideline=None, input=None):  # type: ignore[no-untyped-def]
        calls.append(("classify", records, as_of, engine, format, out, guideline, input))
        return 0

    def explain(record, cls, as_of="", engine="compiled", format="text", out=None, guideline=None, input=None):  # type: ignore[no-untyped-def]
        calls.append(("explain", record, cls, as_of, engine, format, out, guideline, input))
        return 0

    monkeypatch.setattr(commands, "classify", classify)
    monkeypatch.setattr(commands, "explain", explain)
    return calls


@pytest.mark.parametrize("arguments", PLAIN, ids=" ".join)
def test_plain_options_are_read_as_typer_reads_them(arguments: list[str], called: list[tuple[Any, ...]]) -> None:
    assert quick.run(arguments) == 0
    app(arguments, standalone_mode=False)
    ours, theirs = called
    assert ours == theirs


@pytest.mark.parametrize("arguments", OTHER, ids=" ".join)
def test_other_options_are_left_to_typer(arguments: list[str], called: list[tuple[Any, ...]]) -> None:
    assert quick.run(arguments) is None
    assert called == []


# -- text, written in two ways --


def by_rich(lines: list[Line], width: int) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    show(lines, console)
    return console.file.getvalue()  # type: ignore[attr-defined]


@pytest.mark.parametrize("width", [40, 66, 80, 110, 200])
@pytest.mark.parametrize("directory", [None, TINY], ids=["main", "tiny"])
def test_text_is_what_rich_prints(directory: Path | None, width: int) -> None:
    loaded = load_guideline(directory)
    path = EXAMPLE if directory is None else sorted((TINY / "records").glob("*.ttl"))[0]
    results = classify_files(loaded, [path], date(2026, 11, 22))
    renderer = TextRenderer(loaded)
    pages = [renderer.lines(results)]
    pages += [
        renderer.lines([explained(loaded, result, iri) for result in results], iri) for iri in loaded.compiled.rules
    ]
    for lines in pages:
        assert as_plain(lines, width) == by_rich(lines, width)


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        "a",
        "  two  blanks  between  words  ",
        "ends in blanks" + " " * 30,
        "x" * 24,
        "word " * 20,
        "✔ – “ä” ≥ 3",
    ],
)
def test_wrapping_is_that_of_rich(text: str) -> None:
    for width in (24, 25, 26, 31):
        for one in (line(text), indented(line(text, ("bold", "bold")), 2), indented(line(text), 0)):
            plain = as_plain([one], width)
            assert plain is None or plain == by_rich([one], width)
    assert as_plain([line(text)], 30) is not None


@pytest.mark.parametrize("text", ["one\ntwo", "a\ttab", "日本", "e\u0301", "x" * 40, "no\u00a0break", "\x1b[31m"])
def test_what_may_differ_is_left_to_rich(text: str) -> None:
    assert as_plain([line(text)], 30) is None


def test_a_title_that_does_not_fit_is_left_to_rich() -> None:
    assert as_plain([heading("x" * 29)], 30) is None
    assert as_plain([heading("x" * 28)], 30) == by_rich([heading("x" * 28)], 30)


def test_every_plain_character_takes_one_cell() -> None:
    plain = [chr(i) for i in range(0x30000) if ONE_CELL.fullmatch(chr(i))]
    assert len(plain) > 500
    assert all(cell_len(one) == 1 and (one == " " or not one.isspace()) for one in plain)


@pytest.mark.parametrize("env", [{}, {"COLUMNS": "97"}, {"COLUMNS": "0"}, {"COLUMNS": "wide"}, {"COLUMNS": " 5"}])
def test_the_width_is_the_one_that_rich_finds(env: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("COLUMNS", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "JUPYTER_COLUMNS"):
        monkeypatch.delenv(name, raising=False)
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    monkeypatch.setattr(sys, "stdout", out)
    assert plain_width() == Console(file=out).width


@pytest.mark.parametrize("name", ["FORCE_COLOR", "TTY_COMPATIBLE"])
def test_a_console_that_may_show_styles_is_left_to_rich(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), "utf-8"))
    monkeypatch.setenv(name, "1")
    assert plain_width() is None


def test_an_output_that_cannot_write_all_is_left_to_rich(monkeypatch: pytest.MonkeyPatch) -> None:
    for stream in (io.TextIOWrapper(io.BytesIO(), "ascii"), io.StringIO()):
        monkeypatch.setattr(sys, "stdout", stream)
        assert plain_width() is None


def test_a_file_gets_the_text_that_rich_would_export(tmp_path: Path, guideline: Guideline) -> None:
    commands.classify([str(EXAMPLE)], as_of="2026-11-22", out=tmp_path / "answer.txt")
    console = Console(record=True, file=open(os.devnull, "w"), width=120)  # noqa: PTH123, SIM115
    TextRenderer(guideline).render(classify_files(guideline, [EXAMPLE], date(2026, 11, 22)), console)
    assert (tmp_path / "answer.txt").read_text("utf-8") == console.export_text()
