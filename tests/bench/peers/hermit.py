"""HermiT 1.3.8: each patient's record as a class expression, classified below the management classes.

A patient at a time as an individual is slower and loses entailments. Timed is `decide_profiles`, which starts Java.
"""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from peers import CLASSES, COLUMNS, Steps
from reasoner.guideline.guideline import load_guideline
from reasoner.logic.decide import State
from reasoner.patient.hermit import decide_profiles
from reasoner.records.conversion import to_nodes
from reasoner.records.observe import Observer
from reasoner.records.record import load

SN = "https://w3id.org/guideproof/schmorl#"
ANSWER = {State.ENTAILED: True, State.EXCLUDED: False, State.UNDETERMINED: None}


def exact(source: Path, out: Path) -> Steps:
    """All classes as OWL entails them."""
    guideline, records = load_guideline(), load([source])
    properties, catalogue = guideline.compiled.properties, guideline.catalogue
    observer, nodes = Observer(properties, catalogue.negations, {}), to_nodes(records.graph)
    profiles = [observer.observe(nodes, str(patient)) for patient in records.patients]
    ontologies = [parsed.graph for parsed in guideline.ontologies]
    yield None
    answers = decide_profiles(ontologies, profiles, [SN + name for name in CLASSES], list(catalogue.closable),
                              timeout=600)  # fmt: skip
    yield len(answers)
    states = {column: pa.array([ANSWER[(answer or {})[SN + name]] for answer in answers], pa.bool_())
              for column, name in zip(COLUMNS, CLASSES, strict=True)}  # fmt: skip
    pq.write_table(pa.table({"patient": [str(patient) for patient in records.patients], **states}), out)
