"""The answers for many patients as Arrow columns: one row a patient, one nullable Boolean a class.

True is entailed, false excluded, null undetermined. Patients whose record contradicts itself have no row; they are
rejects, each with a minimal set of facts that cannot hold together.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline, version
from reasoner.kernel.cohort import Cohort, Reject
from reasoner.kernel.kernel import Decided, boolean_array
from reasoner.kernel.program import STATUSES
from reasoner.kernel.transpose import column_of, flags_of
from reasoner.logic.decide import contradiction
from reasoner.logic.theory import Literals
from reasoner.patient.orders import SUPPORTED, VERDICTS
from reasoner.population.fact_table.table import PATIENT, FactTable, nearest
from reasoner.population.known import facts_of
from reasoner.population.reasons import Reasons
from reasoner.terms import curie

STATUS = "status"

#: What stands for the columns of all management classes.
MANAGEMENT = "management"

#: Reasons, as JSON, a dictionary for each part.
REASON = pa.dictionary(pa.int32(), pa.string())
_CODED = pa.dictionary(pa.int8(), pa.string())
_VERDICTS = (SUPPORTED, *VERDICTS.values())


class AnswerColumn(NamedTuple):
    """A column of the answers, and what makes it."""

    field: pa.Field
    make: Callable[[Cohort, Decided], pa.Array]


class ResultTable:
    """The columns of a guideline's answers: patient, status, classes, alerts, verdicts on orders, and reasons.

    Classes stand as the guideline has its management classes, then by name. `only` names the columns that are wanted,
    the patient always among them; MANAGEMENT stands for all management classes. With `reasons` there is a column of
    the first reason of each management class among them. Raises InputError for a name that no column has.
    """

    def __init__(
        self, guideline: Guideline, as_of: date | None = None, *, reasons: bool = False, only: Sequence[str] = ()
    ) -> None:
        self.guideline = guideline
        columns = list(self._columns())
        management = {self._name(cls.iri): cls for cls in guideline.catalogue.management}
        chosen = _chosen([column.field.name for column in columns], only, management)
        self._chosen_columns = [column for column in columns if column.field.name in chosen]
        reasoned = [cls for name, cls in management.items() if reasons and name in chosen]
        self._reasons = Reasons(guideline, reasoned) if reasoned else None
        meaning = {
            "guideproof.guideline": guideline.content.version_iris,
            "guideproof.software": version(),
        }
        if as_of:
            meaning["guideproof.asOf"] = as_of.isoformat()
        why = [pa.field(f"reason:{self._name(cls.iri)}", REASON, metadata={"iri": cls.iri}) for cls in reasoned]
        self.schema = pa.schema([*(column.field for column in self._chosen_columns), *why], meaning)

    def batch(self, cohort: Cohort, decided: Decided) -> pa.RecordBatch:
        """The answers for all patients of a cohort but those whose record contradicts itself."""
        arrays = [column.make(cohort, decided) for column in self._chosen_columns]
        arrays += self._reasons.columns(cohort, decided) if self._reasons else []
        found, clash = pa.RecordBatch.from_arrays(arrays, schema=self.schema), decided.clash
        return found.filter(boolean_array(~clash, clash, decided.rows)) if clash.any() else found

    def _name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)

    def _columns(self) -> Iterator[AnswerColumn]:
        yield AnswerColumn(pa.field(PATIENT, pa.string(), nullable=False), lambda cohort, _: cohort.patients)
        yield AnswerColumn(pa.field(STATUS, _CODED, nullable=False), lambda _, decided: _status(decided))
        catalogue = self.guideline.catalogue
        for iri in self._classes():
            meaning = {"iri": iri, "label": catalogue.label(iri), "definition": catalogue.definitions.get(iri, "")}
            yield AnswerColumn(pa.field(self._name(iri), pa.bool_(), metadata=meaning), partial(_answers, iri))
        for check in self.guideline.content.checks:
            if not check.action:
                meaning = {"iri": check.shape, "severity": self._name(check.severity), "message": check.message}
                field = pa.field(f"alert:{self._name(check.shape)}", pa.bool_(), False, meaning)
                yield AnswerColumn(field, partial(_alerts, check.shape))
        for column in FactTable(self.guideline).columns:
            act = column.target
            if column.kind == "order" and self.guideline.checks_of(act):
                meaning = {"iri": act, "label": catalogue.label(act)}
                yield AnswerColumn(
                    pa.field(f"verdict:{self._name(act)}", _CODED, metadata=meaning), partial(_verdicts, act)
                )

    def _classes(self) -> list[str]:
        management = [cls.iri for cls in self.guideline.catalogue.management]
        criteria = [iri for iri in self.guideline.compiled.rules if iri not in management]
        return [*management, *sorted(criteria, key=self._name)]


def _chosen(names: Sequence[str], only: Sequence[str], management: Iterable[str]) -> set[str]:
    """The names of the columns that are wanted."""
    known = {name: name for name in (*names, MANAGEMENT)}
    problems = []
    for name in only:
        if name not in known:
            near = nearest(name, known)
            remedy = f"did you mean {near}?" if near else "guideproof batch without --only writes all of them"
            problems.append(Problem("unknown-column", f"the answers have no column {name}", remedy))
    if problems:
        raise InputError(*problems)
    wanted = {PATIENT, *only, *(management if MANAGEMENT in only else ())}
    return wanted if only else set(names)


def _status(decided: Decided) -> pa.Array:
    codes = pa.array(decided.status_codes().view(np.int8))
    return pa.DictionaryArray.from_arrays(codes, pa.array(STATUSES), safe=False)


def _answers(iri: str, _: Cohort, decided: Decided) -> pa.Array:
    at = decided.classes.index(iri)
    return boolean_array(decided.entailed[at], decided.excluded[at], decided.rows)


def _alerts(shape: str, _: Cohort, decided: Decided) -> pa.Array:
    return boolean_array(decided.alerts[shape], ~decided.alerts[shape], decided.rows)


def _verdicts(act: str, cohort: Cohort, decided: Decided) -> pa.Array:
    """The verdict on each proposed order, null where none is proposed."""
    proposed, rows = cohort.proposed.get(act), decided.rows
    if proposed is None:
        codes = pa.nulls(rows, pa.int8())
    else:
        found = sum((flags_of(those, rows) * np.uint8(_VERDICTS.index(name))
                     for name, those in decided.verdicts[act].items()), start=np.zeros(rows, np.uint8))  # fmt: skip
        codes = pa.array(found.view(np.int8), mask=flags_of(proposed, rows) == 0)
    return pa.DictionaryArray.from_arrays(codes, pa.array(_VERDICTS))


def rejects_of(guideline: Guideline, cohort: Cohort, decided: Decided, source: str) -> tuple[Reject, ...]:
    """The rejects of a cohort, and those whose record contradicts itself, each with a minimal set of facts."""
    rejects = [*cohort.rejects]
    for row in np.flatnonzero(flags_of(decided.clash, decided.rows)).tolist():
        literals = Literals(column_of(cohort.pos, row), column_of(cohort.neg, row))
        problem = contradiction(guideline.compiled.theory, facts_of(guideline, literals)).problem
        rejects.append(Reject(cohort.patients[row].as_py(), source, problem.code, problem.what, problem.remedy))
    return tuple(rejects)
