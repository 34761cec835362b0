"""One patient assessed: what the states amount to, and what is remembered of earlier patients changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import pytest

from reasoner.errors import RecordError
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline, load_guideline
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessor, assess, assessor_of, proposed_in, status

DAY = date(2026, 11, 22)
SN, GP = "https://w3id.org/guideproof/schmorl#", "https://w3id.org/guideproof/core#"
CLASSES = [ManagementClass("urn:exit", False, True, (), ()), ManagementClass("urn:do", False, False, (), ()),
           ManagementClass("urn:forbid", True, False, (), ())]  # fmt: skip
YES, NO, OPEN = State.ENTAILED, State.EXCLUDED, State.UNDETERMINED


@pytest.mark.parametrize("out, do, forbid, expected", [
    (YES, YES, YES, "outOfScope"), (NO, YES, NO, "decided"), (NO, OPEN, YES, "undetermined"), (NO, NO, YES, "silent"),
    (OPEN, NO, NO, "undetermined"),
])  # fmt: skip
def test_status(out: State, do: State, forbid: State, expected: str) -> None:
    states: Mapping[str, State] = {"urn:exit": out, "urn:do": do, "urn:forbid": forbid}
    assert status(CLASSES, states) == expected


def finding(name: str, source: str | None = None, present: bool = True) -> Observation:
    return Observation((f"{GP}hasFinding",), "class", f"{SN}{name}", present, source=source)


def test_earlier_patients_change_nothing(guideline: Guideline) -> None:
    records = [[finding("SchmorlsNode", f"urn:n{i}"), finding("Fever", present=i % 2 == 0)] for i in range(4)]
    warm = [assess(guideline, f"urn:p{i}", record, DAY) for i, record in enumerate([*records, *records])]
    assert [one.conclusions for one in warm[:4]] == [one.conclusions for one in warm[4:]]
    cold = [assess(load_guideline(), f"urn:p{i}", record, DAY) for i, record in enumerate(records)]
    assert [str(one.conclusions) for one in cold] == [str(one.conclusions) for one in warm[:4]]


def test_the_assessor_is_made_once(guideline: Guideline) -> None:
    assert isinstance(assessor_of(guideline), Assessor) and assessor_of(guideline) is assessor_of(guideline)


def test_one_conclusion_is_that_of_the_whole(guideline: Guideline) -> None:
    found = assess(guideline, "urn:p", [finding("SchmorlsNode", "urn:n")], DAY)
    classes = [one.cls for one in found.conclusions]
    assert assessor_of(guideline).conclusions(found.decision, classes) == found.conclusions


def test_proposals_are_classes_of_acts_that_are_present() -> None:
    path = (f"{GP}proposes",)
    record = [finding("Fever"), Observation(path, "class", "urn:a"), Observation(path, "class", "urn:b", False)]
    assert proposed_in(record) == {"urn:a": ()} and proposed_in(record[:1]) == {}


def test_two_unnamed_nodes_leave_a_note(guideline: Guideline) -> None:
    nodes = [finding("SchmorlsNode", f"urn:n{i}") for i in range(2)]
    (note,) = assess(guideline, "urn:p", nodes, DAY).notes
    assert note.startswith("2 findings of sn:SchmorlsNode are recorded")
    assert not assess(guideline, "urn:p", nodes[:1], DAY).notes


def test_classes_that_cannot_hold_together_are_an_error(guideline: Guideline) -> None:
    with pytest.raises(RecordError, match="contradictory-record"):
        assess(guideline, "urn:p", [finding("Fever"), finding("Fever", present=False)], DAY)
