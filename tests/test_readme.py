"""The README does what it says: its output is the real one, and its examples run."""

from __future__ import annotations

import json
import re
from datetime import date
from pathlib import Path

import pytest

from reasoner import JsonRenderer, classify_files, load_guideline
from reasoner.render.text import TextRenderer

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")
DAY = date(2026, 11, 22)


def block(language: str, containing: str) -> str:
    found = [text for text in re.findall(rf"```{language}\n(.*?)```", README, re.S) if containing in text]
    assert len(found) == 1, f"{len(found)} blocks of {language} contain {containing!r}"
    return found[0]


def printed(width: int = 110) -> str:
    guideline = load_guideline()
    results = classify_files(guideline, [ROOT / "docs/examples/patient.ttl"], DAY)
    return TextRenderer(guideline).page(results).plain(width)


def test_output_of_make_run_is_the_real_one() -> None:
    shown = block("console", "$ make run").removeprefix("$ make run\n").removesuffix("$ make test\n")
    assert shown.strip() == printed().strip()


def test_record_of_the_readme_is_classified(tmp_path: Path) -> None:
    path = tmp_path / "ward.ttl"
    path.write_text(block("turtle", "ex:ward-7"), "utf-8")
    [result] = classify_files(load_guideline(), [path], DAY)
    assert result.status == "decided"  # type: ignore[union-attr]


def test_python_of_the_readme_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    exec(compile(block("python", "load_guideline"), "README.md", "exec"), names)
    assert names["answer"]["status"] == "decided"  # type: ignore[index]


def test_error_of_the_readme_has_the_keys_of_a_real_one(tmp_path: Path) -> None:
    path = tmp_path / "ward.ttl"
    record = block("turtle", "ex:ward-7").replace("ex:ward-7", "ex:ward-8").replace("sn:BackPain", "sn:Feverr")
    path.write_text(record, "utf-8")
    guideline = load_guideline()
    real = JsonRenderer(guideline).render(classify_files(guideline, [path], DAY))
    shown = json.loads(block("json", "unknown-term"))
    assert isinstance(real, dict)
    assert real["error"].keys() == shown["error"].keys()
    assert real["error"]["remedy"] == shown["error"]["remedy"]


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_commands_of_the_readme_exist() -> None:
    from typer.main import get_command

    from reasoner.cli.main import app

    known = set(get_command(app).commands)  # type: ignore[attr-defined]
    used = set(re.findall(r"^\$ guideproof (\w+)", README, re.M))
    assert used and used <= known
