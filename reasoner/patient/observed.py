"""What the records of some files state of each patient, or why they cannot be used.

Most records are validated and completed as compiled (`reasoner.records.validate`), without rdflib and pySHACL; the
reference (`reasoner.records.reference`), which needs both, is loaded for the others alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cached_property
from typing import TYPE_CHECKING

from msgspec.structs import replace

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import Observation
from reasoner.patient.assess import assessor_of
from reasoner.records.nodes import RecordSource
from reasoner.records.validate import ObservedRecord
from reasoner.terms import curie

if TYPE_CHECKING:
    from reasoner.records.record import Records


class ObservedFiles:
    """The records of some files: what is `observed` of each patient, and the problems of each who is `refused`.

    Problems of a file that cannot be used stand under None.
    """

    def __init__(self, sources: Sequence[RecordSource] = (), records: Records | None = None) -> None:
        self.observed: dict[str, ObservedRecord] = {}
        self.refused: dict[str | None, tuple[Problem, ...]] = {}
        self._sources, self._given = sources, records

    @cached_property
    def records(self) -> Records:
        """The records as the reference reads them. Raises as `reasoner.records.record.load`."""
        from reasoner.records.record import load_sources

        return load_sources(self._sources) if self._given is None else self._given

    def located(self, problem: Problem, patient: str) -> Problem:
        """A problem of a patient as a whole, with the file, the line and the name of the patient."""
        from rdflib import URIRef

        file, line = self.records.place(URIRef(patient))
        return replace(problem, file=file, line=line, node=curie(patient, self.records.prefixes))

    def refer(self, guideline: Guideline, records: Records, as_of: date) -> None:
        """Let the reference observe some of the records, and refuse what does not conform."""
        observed, refused = guideline.reference.observe(records, as_of)
        self.observed.update(observed)
        self.refused.update(refused)


def observe(guideline: Guideline, sources: Sequence[RecordSource], as_of: date, compiled: bool = True) -> ObservedFiles:
    """What all files state together; without `compiled` the reference reads every record.

    Raises RecordError for a file that cannot be read, that holds no patient, or that names things of none, and for one
    patient in two files.
    """
    files = ObservedFiles(sources)
    validated = guideline.compiled_contract.validate(sources, as_of) if compiled else None
    if validated is None:
        files.refer(guideline, files.records, as_of)
    else:
        files.observed |= validated.observed
        if validated.left:
            files.refer(guideline, files.records.without(validated.nodes), as_of)
    return files


def observe_each(
    guideline: Guideline, sources: Sequence[RecordSource], as_of: date, compiled: bool = True
) -> list[ObservedFiles]:
    """What all files state together; where one of several cannot be used, what each states alone.

    Raises RecordError for a single file that cannot be used, and for one patient in two files.
    """
    try:
        return [observe(guideline, sources, as_of, compiled)]
    except RecordError as error:
        if len(sources) == 1 or error.problem.code == "duplicate-patient":
            raise
    return [_observe_alone(guideline, source, as_of, compiled) for source in sources]


def _observe_alone(guideline: Guideline, source: RecordSource, as_of: date, compiled: bool) -> ObservedFiles:
    try:
        return observe(guideline, [source], as_of, compiled)
    except RecordError as error:
        files = ObservedFiles([source])
        files.refused[None] = error.problems
        return files


def observe_records(guideline: Guideline, records: Records, as_of: date) -> ObservedFiles:
    """What records state that are loaded already, by the reference. Raises as `observe`."""
    files = ObservedFiles(records=records)
    files.refer(guideline, records, as_of)
    return files


def observations_of(
    guideline: Guideline, data: bytes, source: str, as_of: date
) -> Mapping[str, Sequence[Observation] | Sequence[Problem]]:
    """What each record in N-Triples states, rules run; or, of one that is refused, what is wrong with it.

    A patient that is a blank node goes by some label. Raises RecordError for what cannot be read, and for what belongs
    to no patient.
    """
    files = observe(guideline, [RecordSource(source, "nt", data)], as_of)
    refused = {str(patient): problems for patient, problems in files.refused.items()}
    return refused | {patient: one.problems or _possible(guideline, one) for patient, one in files.observed.items()}


def _possible(guideline: Guideline, record: ObservedRecord) -> Sequence[Observation] | Sequence[Problem]:
    """The observations of one record, or why no patient can have them all."""
    try:
        assessor_of(guideline).decide(record.observations)
    except RecordError as error:
        return error.problems
    return record.observations
