"""The answers for many patients as Arrow columns: one row a patient, one nullable Boolean a class.

True is entailed, false excluded, null undetermined. Patients whose record contradicts itself have no row; they are
rejects, each with a minimal set of facts that cannot hold together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

import numpy as np
import pyarrow as pa

from reasoner.guidelines.guideline import Guideline, version
from reasoner.intake.facttable import PATIENT, FactTable
from reasoner.kernel.cohort import Bitmap, Cohort, Reject
from reasoner.kernel.kernel import Decided, boolean_array
from reasoner.kernel.program import STATUSES
from reasoner.kernel.transpose import column_of, flags_of
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import literals_in
from reasoner.logic.decide import contradiction
from reasoner.logic.facts import NOTHING, RECORDED, Fact, kleene
from reasoner.logic.theory import Literals
from reasoner.patient.orders import SUPPORTED, VERDICTS
from reasoner.terms import curie

STATUS = "status"

#: Reasons, as JSON, a dictionary for each part.
REASON = pa.dictionary(pa.int32(), pa.string())
_CODED = pa.dictionary(pa.int8(), pa.string())
_VERDICTS = (SUPPORTED, *VERDICTS.values())


def result_schema(guideline: Guideline, as_of: date | None = None) -> pa.Schema:
    """The columns of the answers; `as_of` is the date for which the records were read."""
    return ResultTable(guideline, as_of).schema


def result_batch(guideline: Guideline, cohort: Cohort, decided: Decided, as_of: date | None = None) -> pa.RecordBatch:
    """The answers for the patients of a cohort, as `ResultTable.batch` gives them."""
    return ResultTable(guideline, as_of).batch(cohort, decided)


class ResultTable:
    """The columns of a guideline's answers: patient, status, classes, alerts, and verdicts on orders.

    `classes` stand as the guideline has its management classes, then by name.
    """

    def __init__(self, guideline: Guideline, as_of: date | None = None, *, reasons: bool = False) -> None:
        self.guideline, self.reasons = guideline, reasons
        management = [cls.iri for cls in guideline.catalogue.management]
        criteria = [iri for iri in guideline.compiled.rules if iri not in management]
        self.classes = (*management, *sorted(criteria, key=self._name))
        self.alerts = tuple(check for check in guideline.content.checks if not check.action)
        acts = [column.target for column in FactTable(guideline).columns if column.kind == "order"]
        self.actions = tuple(act for act in acts if guideline.checks_of(act))
        told = {"guideproof.guideline": " ".join(guideline.content.versions), "guideproof.software": version()}
        if as_of:
            told["guideproof.asOf"] = as_of.isoformat()
        self.schema = pa.schema(list(self._fields()), told)

    def batch(self, cohort: Cohort, decided: Decided, reasons: Sequence[pa.Array] = ()) -> pa.RecordBatch:
        """The answers for all patients of a cohort but those whose record contradicts itself.

        `reasons` are the columns of `reasoner.population.reasons`, where the table has them.
        """
        rows, place = decided.rows, {iri: at for at, iri in enumerate(decided.classes)}
        known = [(decided.entailed[place[iri]], decided.excluded[place[iri]]) for iri in self.classes]
        arrays = [
            cohort.patients,
            pa.DictionaryArray.from_arrays(
                pa.array(decided.status_codes().view(np.int8)), pa.array(STATUSES), safe=False
            ),
            *(boolean_array(true, false, rows) for true, false in known),
            *(boolean_array(decided.alerts[check.shape], ~decided.alerts[check.shape], rows) for check in self.alerts),
            *(_verdicts(decided.verdicts[act], cohort.proposed.get(act), rows) for act in self.actions),
            *reasons,
        ]
        found = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        return found.filter(boolean_array(~decided.clash, decided.clash, rows)) if decided.clash.any() else found

    def _name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)

    def _fields(self) -> Iterator[pa.Field]:
        catalogue = self.guideline.catalogue
        yield pa.field(PATIENT, pa.string(), nullable=False)
        yield pa.field(STATUS, _CODED, nullable=False)
        for iri in self.classes:
            told = {"iri": iri, "label": catalogue.label(iri), "definition": catalogue.definitions.get(iri, "")}
            yield pa.field(self._name(iri), pa.bool_(), metadata=told)
        for check in self.alerts:
            told = {"iri": check.shape, "severity": self._name(check.severity), "message": check.message}
            yield pa.field(f"alert:{self._name(check.shape)}", pa.bool_(), False, told)
        for act in self.actions:
            yield pa.field(f"verdict:{self._name(act)}", _CODED, metadata={"iri": act, "label": catalogue.label(act)})
        for cls in catalogue.management if self.reasons else ():
            yield pa.field(f"reason:{self._name(cls.iri)}", REASON, metadata={"iri": cls.iri})


def _verdicts(named: Mapping[str, Bitmap], proposed: Bitmap | None, rows: int) -> pa.Array:
    """The verdict on each proposed order, null where none is proposed."""
    if proposed is None:
        codes = pa.nulls(rows, pa.int8())
    else:
        found = sum((flags_of(rows_of, rows) * np.uint8(_VERDICTS.index(name)) for name, rows_of in named.items()),
                    start=np.zeros(rows, np.uint8))  # fmt: skip
        codes = pa.array(found.view(np.int8), mask=flags_of(proposed, rows) == 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(_VERDICTS))


def contradictions(guideline: Guideline, cohort: Cohort, decided: Decided, source: str = "") -> tuple[Reject, ...]:
    """The patients whose record contradicts itself, each with a minimal set of facts that cannot hold together."""
    rejects = []
    for row in np.flatnonzero(flags_of(decided.clash, decided.rows)).tolist():
        said = Literals(column_of(cohort.pos, row), column_of(cohort.neg, row))
        problem = contradiction(guideline.compiled.theory, facts_of(guideline, said)).problem
        rejects.append(Reject(cohort.patients[row].as_py(), source, problem.code, problem.what, problem.remedy))
    return tuple(rejects)


def facts_of(guideline: Guideline, said: Literals) -> tuple[Fact, ...]:
    """Facts that give exactly these literals, under the names that `reasoner.logic.facts` would give them.

    A class is a fact of its own; of the other literals, those that settle a criterion go by its name.
    """
    told: dict[tuple[str, bool], Literals] = {}
    left = said
    for iri, expr in sorted(guideline.compiled.attributes.items()):
        given = _among(said, literals_in(expr))
        truth = kleene(expr, given) if given != NOTHING else None
        if truth is not None:
            told[iri, truth] = given
            left = Literals(left.pos & ~given.pos, left.neg & ~given.neg)
    for present, mask in ((True, left.pos), (False, left.neg)):
        for number in bits(mask):
            key = name_of(guideline, number), present
            one = Literals(1 << number, 0) if present else Literals(0, 1 << number)
            told[key] = told.get(key, NOTHING).union(one)
    return tuple(Fact(term, present, None, RECORDED, given) for (term, present), given in sorted(told.items()))


def name_of(guideline: Guideline, number: int) -> str:
    """The name that a literal of an atom goes by where it settles no criterion."""
    atom = guideline.compiled.theory.atoms[number]
    return atom.target if atom.kind == "class" else guideline.reader.names[number]


def _among(said: Literals, atoms: int) -> Literals:
    return Literals(said.pos & atoms, said.neg & atoms)
