"""What the reference, pySHACL on rdflib, makes of records: observations where they conform, problems where not."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from reasoner.errors import Problem, RecordError
from reasoner.facts import Observation
from reasoner.guideline import Guideline
from reasoner.observe import observe
from reasoner.rdf import Parsed
from reasoner.record import Records, derive, node_properties, validate
from reasoner.together import refuse_together


def observed(
    guideline: Guideline, records: Records, as_of: date
) -> Mapping[str, tuple[Observation, ...] | tuple[Problem, ...]]:
    """What each record says, rules run; or, of one that is refused, what is wrong with it.

    Raises RecordError for what belongs to no patient.
    """
    refused = validate(records, guideline.taxonomy, guideline.shapes("core", "record"), as_of)
    found: dict[str, tuple[Observation, ...] | tuple[Problem, ...]] = {}
    found |= {str(patient): tuple(problems) for patient, problems in refused.items()}
    sound = [patient for patient in records.patients if patient not in refused]
    if refused:
        records = records.only(sound, node_properties(guideline.taxonomy))
    rules = guideline.shapes("derivation")
    if rules and sound:
        records = derive(records, guideline.taxonomy, rules, as_of)
    catalogue = guideline.catalogue
    for patient in sound:
        seen = observe(records.graph, patient, guideline.compiled.properties, catalogue.negations, records.derived,
                       catalogue.bounds)  # fmt: skip
        found[str(patient)] = _together(guideline, seen)
    return found


def _together(guideline: Guideline, seen: tuple[Observation, ...]) -> tuple[Observation, ...] | tuple[Problem, ...]:
    try:
        refuse_together(guideline.compiled, seen)
    except RecordError as error:
        return error.problems
    return seen


def stray_problems(guideline: Guideline, parsed: Parsed, as_of: date) -> tuple[Problem, ...]:
    """What is wrong with nodes that no patient leads to."""
    records = Records(parsed.graph, (parsed,), ())
    try:
        validate(records, guideline.taxonomy, guideline.shapes("core", "record"), as_of)
    except RecordError as error:
        return error.problems
    return ()
