"""Cases of a guideline: a record each, with what must be answered, in the words of `docs/case-vocabulary.ttl`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from reasoner.logic.decide import State

CASE = "https://w3id.org/guideproof/case#"

#: The kinds of cases. What a worked case leaves out of its conclusions must not be there, and the same of an order.
PLAIN, WORKED, OF_CRITERION, OF_THRESHOLD, OF_ORDER = KINDS = (
    "Case", "Worked", "OfCriterion", "OfThreshold", "OfOrder",
)  # fmt: skip

#: The words that expect a class in a state, and those that expect a finding or an act to be known.
STATES = {"entails": State.ENTAILED, "excludes": State.EXCLUDED, "leavesOpen": State.UNDETERMINED}
KNOWN = {"present": True, "absent": False}

#: The state in which a case of a criterion expects it, as one of these words, and where a case of a threshold lies.
TRUTH = {f"{CASE}True": "entails", f"{CASE}False": "excludes", f"{CASE}Unknown": "leavesOpen"}
SIDES = {f"{CASE}Below": -1, f"{CASE}At": 0, f"{CASE}Above": 1}

#: How near to a threshold a number has to be to lie just beside it, in the unit of the quantity.
BESIDE = "0.1"

#: The words that a case can have once, and all that it can have.
SINGLE = ("record", "asOf", "number", "criterion", "state", "threshold", "side", "status", "action", "verdict",
          "needsNothing")  # fmt: skip
EXPECTING = (*STATES, *KNOWN, "state", "status", "statement", "citation", "assumes", "asks", "alert", "verdict",
             "needs", "needsNothing", "refused")  # fmt: skip
WORDS = tuple(dict.fromkeys((*SINGLE, *EXPECTING)))


@dataclass(frozen=True, eq=False)
class Case:
    """One file. `expected` has the values of each word, `lines` where each value stands; `record` is N-Triples."""

    file: str
    name: str
    kind: str
    label: str
    patient: str
    as_of: date | None
    expected: Mapping[str, tuple[str, ...]]
    lines: Mapping[tuple[str, str], int | None]
    record: str

    def all(self, word: str) -> frozenset[str]:
        """The values of a word."""
        return frozenset(self.expected.get(word, ()))

    def one(self, word: str) -> str:
        """The value of a word that stands once; empty where it does not."""
        return next(iter(self.expected.get(word, ())), "")

    def line(self, word: str, value: str) -> int | None:
        """Where a value of a word stands in the file; where the patient is named, if it does not stand there."""
        return self.lines.get((word, value)) or self.lines.get(("record", self.patient))

    def states(self) -> dict[str, State]:
        """The state in which each class is expected by name."""
        expected = {iri: state for word, state in STATES.items() for iri in self.expected.get(word, ())}
        truth = TRUTH.get(self.one("state"))
        if truth and self.one("criterion") not in expected:
            expected[self.one("criterion")] = STATES[truth]
        return expected
