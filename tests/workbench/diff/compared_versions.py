"""Versions of a guideline to compare, and what their witnesses show."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from clean_guideline import CLEAN, guideline_of

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline, home, load_guideline
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import classify_text
from reasoner.render.json import JsonRenderer
from reasoner.terms import expand
from reasoner.workbench.diff.diff import GuidelineDiff, diff
from reasoner.workbench.diff.render import DiffWriter

DAY = date(2026, 11, 22)
ROOT = home()
Json = dict[str, object]


def copied(folder: Path, source: Path = ROOT) -> Path:
    """A guideline's files in another place."""
    for name in ("ontology", "shapes"):
        shutil.copytree(source / name, folder / name)
    return folder


def edited(folder: Path, file: str, *edits: tuple[str, str]) -> Path:
    """A copy of the guideline with texts of one file replaced, each of which stands there just once."""
    path = copied(folder) / file
    text = path.read_text("utf-8")
    for before, after in edits:
        assert text.count(before) == 1, f"{text.count(before)} times: {before}"
        text = text.replace(before, after)
    path.write_text(text, "utf-8")
    return folder


def compared(old: Guideline, directory: Path) -> tuple[GuidelineDiff, DiffWriter, Guideline]:
    new = load_guideline(directory, cache=False)
    found = diff(old, new)
    return found, DiffWriter(found, (old, new), ("old", "new")), new


def document(renderer: DiffWriter) -> Json:
    found = json.loads(renderer.json())
    assert isinstance(found, dict)
    return found


# -- what a witness shows --


def answer(guideline: Guideline, turtle: str) -> Assessment | Refusal:
    try:
        return classify_text(guideline, turtle, DAY)[0]
    except RecordError as error:
        return Refusal(None, error.problems)


def state(result: Assessment | Refusal, guideline: Guideline, curie: str) -> str:
    if isinstance(result, Refusal):
        return "contradictory" if result.problems[0].code == "contradictory-record" else "refused"
    iri = expand(curie, guideline.prefixes)
    return str(result.decision.states.get(str(iri), "unknown"))


def checked_shifts(found: Json, old: Guideline, new: Guideline) -> int:
    """How many witnesses of classes show, classified under both versions, just the states that are claimed."""
    shown = 0
    for cls in found["classes"]:  # type: ignore[attr-defined]
        for change in cls["changes"]:
            witness = change["witness"]
            if witness is None:
                continue
            for guideline, side in ((old, "old"), (new, "new")):
                expected = change[side] if side in witness["acceptedBy"] else "refused"
                got = state(answer(guideline, witness["turtle"]), guideline, cls["class"])
                assert got == expected, (cls["class"], side, witness["turtle"])
            shown += 1
    return shown


def answers_differ(turtle: str, old: Guideline, new: Guideline) -> bool:
    """Whether the JSON of two answers, the places of axioms aside, differs."""
    texts = []
    for guideline in (old, new):
        result = answer(guideline, turtle)
        rendered = json.dumps(JsonRenderer(guideline).render([result]), sort_keys=True)
        texts.append(re.sub(r'"line": \d+', "", rendered))
    return texts[0] != texts[1]


def witnesses(found: Json) -> Iterator[str]:
    told = [*found["texts"], *found["shapes"], *found["patients"]]  # type: ignore[misc]
    told += [change for cls in found["classes"] for change in cls["changes"]]  # type: ignore[attr-defined]
    yield from (one["witness"]["turtle"] for one in told if one["witness"])


def plants(folder: Path, *edits: tuple[str, str], text: str = CLEAN) -> Guideline:
    for before, after in edits:
        assert before in text
        text = text.replace(before, after)
    folder.mkdir()
    return guideline_of(folder, text)
