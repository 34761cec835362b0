"""From records to results: load → validate → derive → observe → assess, for every patient of the files."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date
from pathlib import Path

from rdflib import URIRef
from rdflib.term import Node

from reasoner.assess import Assessment, Refusal, assess, conclude
from reasoner.catalogue import ManagementClass
from reasoner.decide import State
from reasoner.errors import EngineError, Problem, RecordError
from reasoner.facts import Observation
from reasoner.guideline import Guideline
from reasoner.justify import questions
from reasoner.naming import canonical_names
from reasoner.observe import observe
from reasoner.pause import collection_paused
from reasoner.record import Records, derive, load, node_properties, patient_nodes, validate
from reasoner.terms import curie, expand, local_name

Result = Assessment | Refusal
Progress = Callable[[Iterable[Node], str], Iterable[Node]]
REFERENCE_TIMEOUT = 600.0


@collection_paused()
def classify_files(
    guideline: Guideline,
    paths: Sequence[Path | str],
    as_of: date,
    *,
    format: str | None = None,
    engine: str = "compiled",
    progress: Progress | None = None,
) -> list[Result]:
    """Assess every patient in `paths`; of several files, one that cannot be used stands as a Refusal of its own.

    Raises RecordError for a single file that cannot be read, that holds no patient, or that names things of none, and
    for one patient in two files.
    """
    try:
        return classify(guideline, load(paths, format=format), as_of, engine=engine, progress=progress)
    except RecordError as error:
        if len(paths) == 1 or error.problem.code == "duplicate-patient":
            raise
    results: list[Result] = []
    for path in paths:
        try:
            results += classify_files(guideline, [path], as_of, format=format, engine=engine, progress=progress)
        except RecordError as error:
            results.append(Refusal(None, error.problems))
    return results


@collection_paused()
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
    work = _Classification(guideline, records, as_of)
    patients = sorted(records.patients, key=str)
    seen = {patient: work.observations(patient) for patient in patients if patient not in work.refused}
    every = progress(patients, "deciding") if progress else patients
    results = [work.result(patient, seen.get(patient)) for patient in every]
    if engine == "hermit":
        work.refer(seen, results)
    return results


class _Classification:
    """One run over one set of records."""

    def __init__(self, guideline: Guideline, records: Records, as_of: date) -> None:
        self.guideline, self.as_of = guideline, as_of
        contract = guideline.shapes("core", "record")
        problems = validate(records, guideline.taxonomy, contract, as_of) if contract else {}
        self.refused: Mapping[Node, list[Problem]] = problems
        self.properties = node_properties(guideline.taxonomy)
        sound = [patient for patient in records.patients if patient not in problems]
        rules = guideline.shapes("derivation")
        if problems:
            records = records.only(sound, self.properties)
        self.records = derive(records, guideline.taxonomy, rules, as_of) if rules and sound else records
        self.names: dict[Node, tuple[dict[str, str], str]] = {}

    def observations(self, patient: Node) -> tuple[Observation, ...]:
        """What the record says, its blank nodes under their canonical names."""
        recorded = [t for triples in patient_nodes(self.records.graph, patient, self.properties).values()
                    for t in triples if t not in self.records.derived]  # fmt: skip
        labels, digest = canonical_names(recorded)
        names = {f"_:{node}": f"_:{label}" for node, label in labels.items()}
        self.names[patient] = names, digest
        compiled = self.guideline.compiled
        catalogue = self.guideline.catalogue
        found = observe(self.records.graph, patient, compiled.properties, catalogue.negations, self.records.derived,
                        catalogue.bounds)  # fmt: skip
        return tuple(replace(seen, source=names.get(seen.source, seen.source)) for seen in found)

    def result(self, patient: Node, seen: tuple[Observation, ...] | None) -> Result:
        if seen is None:
            return Refusal(str(patient), tuple(self.refused[patient]))
        try:
            return assess(self.guideline, str(patient), seen, self.as_of, self.names[patient][1])
        except RecordError as error:
            return Refusal(str(patient), tuple(self._placed(problem, patient) for problem in error.problems))

    def _placed(self, problem: Problem, patient: Node) -> Problem:
        """A contradiction with the file and line of the patient, and the patient's name."""
        file, line = self.records.place(patient)
        return replace(problem, file=file, line=line, node=curie(str(patient), self.records.prefixes))

    def refer(self, seen: Mapping[Node, tuple[Observation, ...]], results: Iterable[Result]) -> None:
        """Ask HermiT about the same observations. Raises EngineError where it answers otherwise."""
        from reasoner.hermit import decide_profiles

        compiled, closable = self.guideline.compiled, self.guideline.catalogue.closable
        ontologies = [parsed.graph for parsed in self.guideline.ontologies]
        answers = decide_profiles(
            ontologies, list(seen.values()), list(compiled.rules), list(closable), timeout=REFERENCE_TIMEOUT
        )
        ours = {result.patient: result for result in results}
        for patient, answer in zip(seen, answers, strict=True):
            _agree(ours[str(patient)], answer)


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


def find_class(guideline: Guideline, name: str) -> URIRef | None:
    """The defined class that a CURIE, an IRI or a local name stands for."""
    wanted = expand(name, guideline.prefixes)
    for iri in guideline.compiled.rules:
        if iri == wanted or local_name(iri) == name:
            return URIRef(iri)
    return None
