"""The assessments of a cohort as N-Quads, one named graph for each: https://www.w3.org/TR/n-quads/.

The triples are those that `classify` writes, save for three: a patient in a cohort has no nodes to name as sources or
to note that several could be meant, and the time of the run is left out, so that the same input gives the same bytes.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date

import numpy as np
from rdflib import RDF

from reasoner.guidelines.guideline import Guideline
from reasoner.kernel.cohort import Cohort
from reasoner.kernel.kernel import Decided
from reasoner.kernel.transpose import column_of, flags_of
from reasoner.logic.decide import decide
from reasoner.logic.theory import Literals
from reasoner.patient.assess import assess_decided
from reasoner.pause import collection_paused
from reasoner.population.reasons import Told, origin
from reasoner.population.results import facts_of
from reasoner.records.canonical import content_hash
from reasoner.render.as_rdf import RdfRenderer
from reasoner.terms import GP


class QuadsWriter:
    """Writes the assessments of cohorts by one guideline, as of one date; one thread at a time."""

    def __init__(self, guideline: Guideline, as_of: date) -> None:
        self.guideline, self.as_of = guideline, as_of
        self._lock = threading.Lock()

    def write(self, cohort: Cohort, decided: Decided, without: frozenset[str]) -> tuple[bytes, int]:
        """The quads of all patients but those whose record contradicts itself and those named, and how many these are.

        Each graph has the IRI of its assessment; the quads of a graph are sorted.
        """
        rows = np.flatnonzero(~flags_of(decided.clash, decided.rows).astype(bool)).tolist()
        names = cohort.patients.to_pylist()
        with self._lock, collection_paused():
            found = [self._graph(names[row], told, orders) for row, told, orders in _told(cohort, rows)
                     if names[row] not in without]  # fmt: skip
        return "".join(found).encode(), len(found)

    def _graph(self, patient: str, told: Told, proposed: list[str]) -> str:
        facts = [origin(fact, told) for fact in facts_of(self.guideline, Literals(told.pos, told.neg))]
        decision = decide(self.guideline.compiled, facts, self.guideline.catalogue.closable)
        record = content_hash("|".join([patient, *(f"{mask:x}" for mask in told), *proposed]))
        assessment = assess_decided(self.guideline, patient, decision, proposed, self.as_of, record)
        graph = RdfRenderer(self.guideline, timed=False).render([assessment])
        name = graph.value(predicate=RDF.type, object=GP.Assessment)
        lines = graph.serialize(format="nt", encoding="utf-8").decode().splitlines()
        return "".join(f"{line[:-1]}<{name}> .\n" for line in sorted(filter(None, lines)))


def _told(cohort: Cohort, rows: list[int]) -> Iterator[tuple[int, Told, list[str]]]:
    """For each of `rows` what is known of the patient, and the classes of acts that are proposed, in order."""
    sides = (cohort.pos, cohort.neg, cohort.derived_pos, cohort.derived_neg)
    for row in rows:
        pos, neg, derived_pos, derived_neg = (0 if side is None else column_of(side, row) for side in sides)
        yield (
            row,
            Told(pos, neg, derived_pos, derived_neg, 0),
            sorted(act for act, flags in cohort.proposed.items() if column_of(flags[None], row)),
        )
