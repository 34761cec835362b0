"""docs/querying.md does what it says, and lists every query.

The list is written anew by `python tests/test_querying.py`.
"""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from reasoner.cli.main import app
from reasoner.guideline.guideline import home
from reasoner.patient.query import named_queries, parameters, title

PAGE = Path(__file__).resolve().parents[1] / "docs" / "querying.md"
LIST = re.compile(
    r"(?<=<!-- queries: written by python tests/test_querying.py -->\n).*?(?=<!-- end of queries -->)", re.S
)


def listed() -> str:
    """The queries as a table: each with its question and its parameters."""
    rows = ["| query | question | parameters |", "|---|---|---|"]
    for name, path in named_queries(home() / "queries").items():
        bound = ", ".join(f"`?{one}`" for one in parameters(path.read_text("utf-8")) or [])
        rows.append(f"| [{name}](../queries/{name}.rq) | {title(path)} | {bound} |")
    return "".join(f"{row}\n" for row in rows)


def test_page_lists_every_query() -> None:
    assert LIST.findall(PAGE.read_text("utf-8")) == [listed()]


def test_page_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    blocks = re.findall(
        r"```(turtle|console|python)(?: (\S+))?\n(.*?)```(?:\n```text\n(.*?)```)?", PAGE.read_text(), re.S
    )
    assert [kind for kind, *_ in blocks] == ["turtle", "console", "python", "python"]
    for kind, file, text, shown in blocks:
        capsys.readouterr()
        if kind == "turtle":
            Path(file).write_text(text, "utf-8")
        elif kind == "python":
            exec(compile(text, PAGE.name, "exec"), names)
            assert capsys.readouterr().out == shown
        else:
            for line in text.splitlines():
                asked = shlex.split(line.removeprefix("$ guideproof "), comments=True)
                assert CliRunner().invoke(app, asked).exit_code == 2  # one record is refused


if __name__ == "__main__":
    PAGE.write_text(LIST.sub(lambda _: listed(), PAGE.read_text("utf-8")), "utf-8")
