"""Output that is safe to show: what a record or a guideline holds moves no cursor, hides nothing, and is no formula."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path

import pytest

from faults.outcomes import PREFIXES, TINY, cases, copied, guideproof, replaced

#: Each starts processes of its own.
pytestmark = pytest.mark.exhaustive


SHOWN = "control, C1 and bidi characters reach the terminal as they are"

OURS = ("--guideline", TINY)
HARMS = {
    "ESC": "\x1b[31mred\x1b]0;title\x07",
    "C1": "\x9b31m",
    "bidi override": "\u202efed\u202c",
    "bidi isolate": "\u2067abc\u2069",
    "backspace": "no\x08\x08yes",
    "bell": "\x07",
    "delete": "a\x7f",
    "line separator": "a\u2028b",
}
#: What may not stand in text: C0 but tab and line ends, delete, C1, marks of direction, and other ends of lines.
UNSAFE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]")


def turtle(text: str) -> str:
    """The text as Turtle writes it within quotes."""
    return "".join(f"\\u{ord(character):04X}" for character in text)


def safe(text: str) -> bool:
    return UNSAFE.search(text) is None


def harmful(path: Path, harm: str) -> Path:
    """A patient with a note that is harmful to show, and a value that is refused."""
    note, value = turtle(harm), turtle(harm)
    path.write_text(PREFIXES + f'ex:p a gp:Patient ; ex:note "{note}" ; pot:dryDays "{value}"^^xsd:decimal .', "utf-8")
    return path


@pytest.mark.parametrize("harm", cases(HARMS, "", SHOWN))
def test_a_value_in_an_error(tmp_path: Path, harm: str) -> None:
    outcome = guideproof("classify", harmful(tmp_path / "p.ttl", harm), *OURS)
    assert outcome.code == 2 and outcome.out + outcome.err and safe(outcome.out) and safe(outcome.err)


@pytest.mark.parametrize("harm", cases(HARMS, "", SHOWN))
def test_a_value_in_the_table_of_a_query(tmp_path: Path, harm: str) -> None:
    (tmp_path / "q.rq").write_text(f'SELECT ?x WHERE {{ VALUES ?x {{ "{turtle(harm)}" }} }}', "utf-8")
    for form in ("table", "csv", "tsv"):
        outcome = guideproof("query", tmp_path / "q.rq", *OURS, "--format", form)
        assert outcome.code == 0 and safe(outcome.out), form


@pytest.mark.parametrize("harm", cases(HARMS, "", SHOWN))
def test_a_name_of_a_file(tmp_path: Path, harm: str) -> None:
    path = tmp_path / f"p{harm}.ttl"
    path.write_text("no Turtle", "utf-8")
    outcome = guideproof("classify", path, *OURS)
    assert outcome.code == 2 and safe(outcome.err)


@pytest.mark.parametrize("harm", cases(HARMS, "", SHOWN))
def test_a_label_of_a_guideline(tmp_path: Path, harm: str) -> None:
    root = copied(tmp_path, TINY)
    replaced(root, "ontology/plant.ttl", '"water it now"', f'"water {turtle(harm)} now"')
    outcome = guideproof("classify", TINY / "records" / "dry.ttl", "--guideline", root)
    assert outcome.code == 0 and safe(outcome.out)


def test_json_keeps_the_value(tmp_path: Path) -> None:
    (tmp_path / "q.rq").write_text(f'SELECT ?x WHERE {{ VALUES ?x {{ "{turtle(HARMS["ESC"])}" }} }}', "utf-8")
    outcome = guideproof("query", tmp_path / "q.rq", *OURS, "--format", "json")
    assert json.loads(outcome.out)["results"]["bindings"][0]["x"]["value"] == HARMS["ESC"]


FORMULAE = ("=1+1", "+1+1", "-1+1", "@SUM(A1)", "\t=1", "=HYPERLINK(0)")


def test_the_rejects_of_a_batch_hold_no_formula(tmp_path: Path) -> None:
    rows = "".join(f'"{value}","maybe"\n' for value in FORMULAE)
    (tmp_path / "ward.csv").write_text("patient,pot:SoggySoil\n" + rows, "utf-8")
    outcome = guideproof("batch", tmp_path / "ward.csv", tmp_path / "a.csv", *OURS, memory=None)
    assert outcome.code == 2
    with (tmp_path / "a.csv.rejects.csv").open(encoding="utf-8", newline="") as file:
        rejects = list(csv.reader(file))
    assert len(rejects) > len(FORMULAE)
    assert not [cell for row in rejects for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


@pytest.mark.parametrize("label", ["a | b", "*b* _c_", "<script>x</script>", "[x](javascript:y)", "`x`"])
def test_labels_are_escaped_in_markdown(tmp_path: Path, label: str) -> None:
    new = copied(tmp_path, TINY)
    replaced(new, "ontology/plant.ttl", '"water it now"', f'"{label}"')
    replaced(new, "ontology/plant.ttl", "xsd:minInclusive 5.0", "xsd:minInclusive 4.0")
    outcome = guideproof("diff", TINY, new, "--format", "markdown", memory=None)
    shown = re.sub("^```.*?^```$", "", outcome.out, flags=re.MULTILINE | re.DOTALL)  # there nothing is Markdown
    assert label[-1] in shown and label not in shown
