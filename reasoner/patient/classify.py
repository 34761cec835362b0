"""From records to results: load → validate → derive → observe → assess, for every patient of the files.

A patient whose record is plain (`reasoner.records.plain`) needs neither rdflib nor pySHACL, which are imported for the
others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from msgspec import Struct
from msgspec.structs import replace

from reasoner.errors import EngineError, Problem, RecordError
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline
from reasoner.logic.ask import questions
from reasoner.logic.decide import State
from reasoner.patient.assess import Assessment, Refusal, assess, conclude
from reasoner.records.canonical import canonical
from reasoner.records.nodes import RecordSource, reachable, source_of
from reasoner.records.plain import Seen
from reasoner.terms import curie, expand, local_name

if TYPE_CHECKING:
    from reasoner.records.record import Records

Result = Assessment | Refusal
Progress = Callable[[Iterable[Any], str], Iterable[Any]]
REFERENCE_TIMEOUT = 600.0


class _Options(Struct, frozen=True):
    as_of: date
    engine: str
    progress: Progress | None
    plain: bool = False


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
    be read, that holds no patient, or that names things of none, and for one patient in two files.
    """
    options = _Options(as_of, engine, progress, plain)
    return _classify_sources(guideline, [source_of(path, format) for path in paths], options)


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
    source = RecordSource(name, format, data.encode() if isinstance(data, str) else data)
    return _classify_sources(guideline, [source], _Options(as_of, engine, None, True))


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
    seen, refused = by_reference(guideline, records, as_of)
    return _results(guideline, seen, refused, lambda: records, _Options(as_of, engine, progress))


class _Files:
    """Some files, read for the reference when it needs them."""

    def __init__(self, sources: Sequence[RecordSource]) -> None:
        self.sources = sources

    @cached_property
    def records(self) -> Records:
        """All records of the files. Raises as `reasoner.records.record.load`."""
        from reasoner.rdf import read_graph, read_text
        from reasoner.records.record import gather

        return gather([
            read_graph(one.name, format=one.format) if one.data is None
            else read_text(one.data, one.name, format=one.format) for one in self.sources
        ])  # fmt: skip


def _classify_sources(guideline: Guideline, sources: Sequence[RecordSource], options: _Options) -> list[Result]:
    try:
        return _classify_together(guideline, _Files(sources), options)
    except RecordError as error:
        if len(sources) == 1 or error.problem.code == "duplicate-patient":
            raise
    results: list[Result] = []
    for source in sources:
        try:
            results += _classify_sources(guideline, [source], options)
        except RecordError as error:
            results.append(Refusal(None, error.problems))
    return results


def _classify_together(guideline: Guideline, files: _Files, options: _Options) -> list[Result]:
    """Assess the patients of some files, the plain ones without the reference."""
    plain = guideline.lane.answer(files.sources, options.as_of) if options.plain else None
    if plain is None:
        seen, refused = by_reference(guideline, files.records, options.as_of)
    else:
        rest = files.records.without(plain.nodes) if plain.left else None
        seen, refused = by_reference(guideline, rest, options.as_of) if rest else ({}, {})
        seen |= plain.seen
    return _results(guideline, seen, refused, lambda: files.records, options)


def by_reference(
    guideline: Guideline, records: Records, as_of: date
) -> tuple[dict[str, Seen], Mapping[str, Sequence[Problem]]]:
    """What is seen of each patient, and what is wrong with each other: by pySHACL and rdflib."""
    from rdflib import URIRef

    from reasoner.records.naming import plain_triple, to_nodes
    from reasoner.records.record import derive, validate

    contract, rules = guideline.shapes("core", "record"), guideline.shapes("derivation")
    problems = validate(records, guideline.taxonomy, contract, as_of) if contract else {}
    sound = [patient for patient in records.patients if patient not in problems]
    properties = guideline.content.contract.vocabulary.node_properties
    if problems:
        records = records.only(sound, {URIRef(p) for p in properties})
    if rules and sound:
        records = derive(records, guideline.taxonomy, rules, as_of)
    nodes, derived = to_nodes(records.graph), frozenset(map(plain_triple, records.derived))
    seen = {}
    for patient in map(str, sound):
        names, digest = canonical(nodes, reachable(nodes, patient, frozenset(properties)), derived)
        seen[patient] = Seen(guideline.observer.observe(nodes, patient, derived, names), digest)
    return seen, {str(patient): found for patient, found in problems.items()}


def _results(
    guideline: Guideline,
    seen: Mapping[str, Seen],
    refused: Mapping[str, Sequence[Problem]],
    records: Callable[[], Records],
    options: _Options,
) -> list[Result]:
    """The result of every patient, in the order of their IRIs."""
    patients = sorted([*seen, *refused])
    results: list[Result] = []
    for patient in options.progress(patients, "deciding") if options.progress else patients:
        if patient in refused:
            results.append(Refusal(patient, tuple(refused[patient])))
            continue
        try:
            results.append(assess(guideline, patient, seen[patient].observations, options.as_of, seen[patient].digest))
        except RecordError as error:
            results.append(Refusal(patient, tuple(_placed(problem, patient, records()) for problem in error.problems)))
    if options.engine == "hermit":
        _refer(guideline, seen, results)
    return results


def _placed(problem: Problem, patient: str, records: Records) -> Problem:
    """A contradiction with the file and line of the patient, and the patient's name."""
    from rdflib import URIRef

    file, line = records.place(URIRef(patient))
    return replace(problem, file=file, line=line, node=curie(patient, records.prefixes))


def _refer(guideline: Guideline, seen: Mapping[str, Seen], results: Iterable[Result]) -> None:
    """Ask HermiT about the same observations. Raises EngineError where it answers otherwise."""
    from reasoner.patient.hermit import decide_profiles

    compiled, closable = guideline.compiled, guideline.catalogue.closable
    ontologies = [parsed.graph for parsed in guideline.ontologies]
    patients = sorted(seen)
    profiles = [seen[patient].observations for patient in patients]
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
    compiled, decision = guideline.compiled, result.decision
    known = {cls.iri: cls for cls in guideline.catalogue.management}
    cls = known.get(iri) or ManagementClass(iri, False, False, (), ())
    asked = questions(compiled, decision, guideline.reader.names, [iri])
    return replace(result, conclusions=(conclude(guideline, decision, cls),), questions=asked)


def find_class(guideline: Guideline, name: str) -> str | None:
    """The defined class that a CURIE, an IRI or a local name stands for."""
    wanted = expand(name, guideline.prefixes)
    for iri in guideline.compiled.rules:
        if iri == wanted or local_name(iri) == name:
            return iri
    return None
