"""What is seen of records that are not plain columns: observations where they can be used, problems where not.

As `reasoner.patient.classify` does it: what is plain without pySHACL (`reasoner.records.plain`), the rest by the
reference; and of both what contradicts itself is refused.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from reasoner.errors import Problem, RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import Observation
from reasoner.patient.assess import assessor_of
from reasoner.patient.classify import by_reference
from reasoner.records.nodes import RecordSource
from reasoner.records.plain import Seen

One = Sequence[Observation] | Sequence[Problem]


def observed(guideline: Guideline, data: bytes, source: str, as_of: date) -> Mapping[str, One]:
    """What each record in N-Triples says, rules run; or, of one that is refused, what is wrong with it.

    A patient that is a blank node goes by some label. Raises RecordError for what cannot be read, and for what belongs
    to no patient.
    """
    plain = guideline.lane.answer([RecordSource(source, "nt", data)], as_of)
    seen: dict[str, Seen] = dict(plain.seen) if plain else {}
    refused: dict[str, One] = {}
    if plain is None or plain.left:
        from reasoner.rdf import read_text
        from reasoner.records.record import gather

        records = gather([read_text(data, source, format="nt")])
        others, problems = by_reference(guideline, records.without(plain.nodes) if plain else records, as_of)
        seen, refused = seen | others, dict(problems)
    return refused | {patient: _possible(guideline, one.observations) for patient, one in seen.items()}


def _possible(guideline: Guideline, seen: tuple[Observation, ...]) -> One:
    """The observations of one record, or why no patient can have them all."""
    try:
        assessor_of(guideline).decide(seen)
    except RecordError as error:
        return error.problems
    return seen


def stray_problems(guideline: Guideline, data: bytes, source: str, as_of: date) -> Sequence[Problem]:
    """What is wrong with nodes that no patient leads to."""
    from rdflib import OWL, RDF, Graph

    from reasoner.rdf import read_text
    from reasoner.records.record import Records, validate

    try:
        parsed = read_text(data, source, format="nt")
        graph = Graph(bind_namespaces="none")
        for triple in parsed.lines:
            if triple[1] != RDF.type or triple[2] not in (OWL.NamedIndividual, OWL.Ontology):
                graph.add(triple)
        validate(Records(graph, (parsed,), ()), guideline.taxonomy, guideline.shapes("core", "record"), as_of)
    except RecordError as error:
        return error.problems
    return ()
