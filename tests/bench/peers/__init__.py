"""The same 15 answers, by others: what each peer is given, and what it has to give back.

A peer is a generator of the source file and the path of its answers. What comes before its first `yield` prepares and
is not timed; what lies between that and its second `yield` is timed; the second yield gives the number of patients;
what follows writes answers in the common form, where the peer has none of its own, for comparison.

The common form is a Parquet file: `patient`, and a nullable Boolean for each class of CLASSES, named `sn:CLASS`.
The peers know this one guideline: its definitions are written out in each peer's own language, after
`ontology/schmorl.ttl`.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from pathlib import Path

CLASSES = (
    "RedFlagReassessmentNeeded", "DifferentialWorkup", "SymptomaticAcuteNode", "NoTreatmentOrFollowUp",
    "NoFollowUpImaging", "ConservativeManagement", "MriAssessment", "VertebroplastyConsiderable",
    "VertebroplastyByJudgement", "SurgicalReferral", "RadiculopathyOfOtherCause", "PainNotAttributable",
    "InterventionPremature", "SurgeryNotIndicated", "OutOfScope",
)  # fmt: skip
COLUMNS = tuple(f"sn:{name}" for name in CLASSES)

#: Of patients one at a time so many are timed, the last of the file: those before them make the process warm.
TIMED = 200

Steps = Generator[int | None, None, None]
Peer = Callable[[Path, Path], Steps]
