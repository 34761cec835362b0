"""Runs `guideproof` as its users do, in a process with limits, and reads what came of it.

A process that passes its limits of processor time or memory is ended by the system, and counts as a fault: neither an
answer nor a coded refusal.
"""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

import reasoner

ROOT = Path(__file__).resolve().parents[2]
TINY = ROOT / "tests" / "tiny"
EXAMPLE = ROOT / "docs" / "examples" / "patient.ttl"
AS_OF = "2026-11-22"
GP = "https://w3id.org/guideproof/core#"
SN = "https://w3id.org/guideproof/schmorl#"
PREFIXES = (
    f"@prefix ex: <https://example.org/> .\n@prefix gp: <{GP}> .\n@prefix sn: <{SN}> .\n"
    "@prefix pot: <https://example.org/pot#> .\n@prefix xsd: <http://www.w3.org/2001/XMLSchema#> .\n"
)
#: What the tests may use of a machine, unless they say so: 4 GiB, and a minute of a processor.
MEMORY, PROCESSOR = 4 << 30, 60


@dataclass(frozen=True)
class Outcome:
    """What a command left: exit code (negative: ended by that signal), standard output, standard error."""

    code: int
    out: str
    err: str

    @property
    def codes(self) -> list[str]:
        """The codes of the errors on standard error, in their order."""
        return re.findall(r"^error \[([a-z0-9-]+)\]", self.err, re.MULTILINE)

    @property
    def answers(self) -> list[Any]:
        """The results of `--format json`, one for each patient."""
        answers = json.loads(self.out)
        return answers if isinstance(answers, list) else [answers]

    def states(self) -> dict[str, str]:
        """The state of each management class of a single patient."""
        [answer] = self.answers
        return {one["class"]: one["state"] for one in answer["conclusions"]}


def guideproof(
    *arguments: str | Path,
    stdin: bytes | None = None,
    cpu: int = PROCESSOR,
    memory: int | None = MEMORY,
    largest: int | None = None,
    **env: str,
) -> Outcome:
    """Run the command in a process of its own, within `cpu` seconds of a processor and `memory` bytes.

    With `largest` no file that it writes can have more bytes: beyond, writing fails as on a full disk.
    A command that starts Java needs `memory=None`: its address space is large, whatever it uses.
    """
    result = subprocess.run(
        [sys.executable, "-m", "reasoner.cli", *map(os.fsencode, arguments)],
        input=b"" if stdin is None else stdin,
        capture_output=True,
        timeout=6 * cpu + 60,
        check=False,
        cwd="/",
        env=surroundings(**env),
        preexec_fn=lambda: limit(cpu, memory, largest),
    )
    return Outcome(result.returncode, result.stdout.decode(errors="replace"), result.stderr.decode(errors="replace"))


def surroundings(**env: str) -> dict[str, str]:
    """The environment of a command: that of the tests, with the project first on Python's path."""
    return {**os.environ, "COLUMNS": "200", "PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'tests' / 'audit'}", **env}


def limit(cpu: int, memory: int | None, largest: int | None = None) -> None:
    """Bound the process that runs this, and all that it starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    if memory is not None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    if largest is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))


def classify(text: str | bytes, *, suffix: str = "ttl", guideline: Path | None = None) -> Outcome:
    """Classify a record that is given as text, in this process; Turtle without prefixes gets them.

    What came of it has the form of the command's: JSON, errors by lines, and 3 for an exception that is not ours.
    """
    data = text.encode() if isinstance(text, str) else text
    if suffix == "ttl" and b"@prefix" not in data:
        data = PREFIXES.encode() + data
    with TemporaryDirectory() as folder:
        path = Path(folder, f"record.{suffix}")
        path.write_bytes(data)
        try:
            loaded = _loaded(guideline)
            results = reasoner.classify_files(loaded, [path], date.fromisoformat(AS_OF))
            answer: Any = reasoner.JsonRenderer(loaded).render(results)
        except reasoner.GuideproofError as error:
            return Outcome(error.exit_code, "", "".join(f"{problem}\n" for problem in error.problems))
        except Exception as error:
            return Outcome(3, "", f"error [internal] {type(error).__name__}: {error}\n")
    errors = [one["error"] for one in (answer if isinstance(answer, list) else [answer]) if "error" in one]
    lines = (f"error [{one['code']}] {one['where']}: {one['what']} — {one['remedy']}\n" for one in errors)
    return Outcome(2 if errors else 0, json.dumps(answer), "".join(lines))


@cache
def _loaded(guideline: Path | None) -> Any:
    """A guideline, loaded once: a test that edits one gives it a path of its own."""
    return reasoner.load_guideline() if guideline is None else reasoner.load_guideline(guideline)


def cases(given: Iterable[str] | Mapping[str, Any], failing: str, reason: str) -> list[Any]:
    """Parameters by name, of which some fail today: `failing` names them, parted by semicolons; `*` are all.

    `* but` these names are all others. Whoever mends one takes its name out, or puts it there.
    """
    all_but = failing.startswith("*")
    listed = [name.strip() for name in failing.removeprefix("*").removeprefix(" but ").split(";") if name.strip()]
    assert set(listed) <= set(given), sorted(set(listed) - set(given))
    names = [name for name in given if (name in listed) is not all_but]
    mark = pytest.mark.xfail(strict=True, reason=reason)
    values = given if isinstance(given, Mapping) else {name: name for name in given}
    return [pytest.param(value, id=name, marks=[mark] * (name in names)) for name, value in values.items()]


def coded(outcome: Outcome) -> list[str]:
    """The codes of a refusal: exit code 2, each error on a line of its own with a code, and no traceback."""
    assert outcome.code == 2, outcome
    assert outcome.codes and "internal" not in outcome.codes and "Traceback" not in outcome.err, outcome
    return outcome.codes


def settled(outcome: Outcome, *, findings: bool = False) -> Outcome:
    """An answer, or a coded refusal: never another error, never a process that had to be ended."""
    assert "[internal]" not in outcome.err and "Traceback" not in outcome.err, outcome.err[-2000:]
    if outcome.code == 2:
        assert outcome.codes or '"code"' in outcome.out, outcome.err[-2000:]
    else:
        assert outcome.code in ((0, 1) if findings else (0,)), (outcome.code, outcome.err[-2000:])
    return outcome


def copied(root: Path, source: Path = ROOT) -> Path:
    """A copy of a guideline to edit: the one that comes with the package, or the tiny one."""
    for folder in ("ontology", "shapes", "queries"):
        if (source / folder).is_dir():
            shutil.copytree(source / folder, root / folder)
    return root


def added(root: Path, file: str, text: str) -> Path:
    """The guideline with text at the end of one of its files, which need not exist."""
    path = root / file
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text((path.read_text("utf-8") if path.exists() else "") + text, "utf-8")
    return root


def replaced(root: Path, file: str, old: str, new: str) -> Path:
    """The guideline with the one occurrence of `old` in a file replaced. Fails where it is not exactly one."""
    path = root / file
    text = path.read_text("utf-8")
    assert text.count(old) == 1, f"{file}: {text.count(old)} times {old!r}"
    path.write_text(text.replace(old, new), "utf-8")
    return root
