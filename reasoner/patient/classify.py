"""From records to results: load → validate → derive → observe → assess, for every patient of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec.structs import replace

from reasoner.arguments import check_day, check_engine, checked_paths
from reasoner.errors import EngineError, Problem, RecordError
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import Assessment, Refusal, assess, assessor_of
from reasoner.patient.observed import ObservedFiles, observe_each, observe_records
from reasoner.records.nodes import RecordSource, source_of
from reasoner.records.validate import ObservedRecord
from reasoner.terms import expand, local_name

if TYPE_CHECKING:
    from reasoner.records.record import Records

Result = Assessment | Refusal
Progress = Callable[[Iterable[Any], str], Iterable[Any]]
REFERENCE_TIMEOUT = 600.0


def classify_files(
    guideline: Guideline,
    paths: Sequence[Path | str],
    as_of: date,
    *,
    format: str | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
    plain: bool = True,
) -> list[Result]:
    """Assess every patient in `paths`; of several files, one that cannot be used stands as a Refusal of its own.

    Without `plain` the reference validates and completes every record. Raises RecordError for a single file that cannot
    be read, that holds no patient, or that names things of none, and for one patient in two files; TypeError or
    ValueError for an `as_of` that is no date, for one path instead of a list, and for another engine.
    """
    check_day(as_of)
    check_engine(engine)
    sources = [source_of(path, format) for path in checked_paths(paths)]
    return _results(guideline, observe_each(guideline, sources, as_of, plain), as_of, engine, progress)


def classify_text(
    guideline: Guideline,
    data: bytes | str,
    as_of: date,
    *,
    name: str = "record.ttl",
    format: str | None = None,
    engine: str = "compiled",
) -> list[Result]:
    """Assess every patient of a record that is at hand; `name` stands for its file. Raises as `classify_files`."""
    check_day(as_of)
    check_engine(engine)
    source = RecordSource(name, format, data.encode() if isinstance(data, str) else data)
    return _results(guideline, observe_each(guideline, [source], as_of), as_of, engine)


def classify(
    guideline: Guideline,
    records: Records,
    as_of: date,
    *,
    engine: str = "compiled",
    progress: Progress | None = None,
) -> list[Result]:
    """Assess every patient of `records`, in the order of their IRIs; one that is refused stands as a Refusal.

    With the engine `hermit` the reference reasoner decides too, and the two have to agree: raises EngineError where
    they do not.
    """
    check_day(as_of)
    check_engine(engine)
    return _results(guideline, [observe_records(guideline, records, as_of)], as_of, engine, progress)


def _results(
    guideline: Guideline, observed: Iterable[ObservedFiles], as_of: date, engine: str, progress: Progress | None = None
) -> list[Result]:
    """The result of every patient, in the order of their IRIs within the files that are observed together."""
    results: list[Result] = []
    for files in observed:
        patients = sorted([*files.observed, *files.refused], key=str)
        shown = progress(patients, "deciding") if progress else patients
        found = [_result(guideline, files, patient, as_of) for patient in shown]
        if engine == "hermit":
            _refer(guideline, files.observed, found)
        results += found
    return results


def _result(guideline: Guideline, files: ObservedFiles, patient: str | None, as_of: date) -> Result:
    if patient is None or patient in files.refused:
        return Refusal(patient, files.refused[patient])
    record = files.observed[patient]
    try:
        if record.problems:
            raise RecordError(*record.problems)
        return assess(guideline, patient, record.observations, as_of, record.digest, record.notes)
    except RecordError as error:
        return Refusal(patient, tuple(files.located(problem, patient) for problem in error.problems))


def _refer(guideline: Guideline, observed: Mapping[str, ObservedRecord], results: Iterable[Result]) -> None:
    """Ask HermiT about the same observations. Raises EngineError where it answers otherwise."""
    from reasoner.patient.hermit import decide_profiles

    compiled, closable = guideline.compiled, guideline.catalogue.closable
    ontologies = [parsed.graph for parsed in guideline.ontologies]
    patients = sorted(observed)
    profiles = [observed[patient].observations for patient in patients]
    answers = decide_profiles(ontologies, profiles, list(compiled.rules), list(closable), timeout=REFERENCE_TIMEOUT)
    ours = {result.patient: result for result in results}
    for patient, answer in zip(patients, answers, strict=True):
        _agree(ours[patient], answer)


def _agree(ours: Result, answer: Mapping[str, State] | None) -> None:
    """Raises EngineError where the answer of the reference reasoner (None: a contradiction) is not ours."""
    if isinstance(ours, Refusal):
        differs = answer is not None and ours.problems[0].code == "contradictory-record"
        what = "the record is contradictory as compiled, and consistent by the reference reasoner"
    elif answer is None:
        differs, what = True, "the record is consistent as compiled, and contradictory by the reference reasoner"
    else:
        states = ours.decision.states
        other = [f"{iri} is {states[iri]} as compiled and {state} by the reference reasoner"
                 for iri, state in answer.items() if states[iri] is not state]  # fmt: skip
        differs, what = bool(other), "; ".join(other)
    if differs:
        raise EngineError(Problem("engines-differ", what, "please report this record", node=ours.patient))


def has_refusals(results: Iterable[Result]) -> bool:
    """Whether any patient was refused."""
    return any(isinstance(result, Refusal) for result in results)


def explained(guideline: Guideline, result: Result, iri: str) -> Result:
    """The assessment with one conclusion, of the class `iri` (a criterion too), and the questions that settle it."""
    if isinstance(result, Refusal):
        return result
    assessor, decision = assessor_of(guideline), result.decision
    known = {cls.iri: cls for cls in guideline.catalogue.management}
    cls = known.get(iri) or ManagementClass(iri, False, False, (), ())
    asked = assessor.asker.questions(decision, [iri])
    return replace(result, conclusions=assessor.conclusions(decision, [cls]), questions=asked)


def find_class(guideline: Guideline, name: str) -> str | None:
    """The defined class that a CURIE, an IRI or a local name stands for."""
    wanted = expand(name, guideline.prefixes)
    for iri in guideline.compiled.rules:
        if iri == wanted or local_name(iri) == name:
            return iri
    return None
