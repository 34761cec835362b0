"""Verifying an answer: by itself against the guideline, by HermiT, and against the record that it is about."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Protocol

import pyoxigraph as ox
from msgspec import Struct
from rdflib import PROV, RDF, XSD, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import RecordError
from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.patient.assess import Assessment, Refusal
from reasoner.patient.classify import REFERENCE_TIMEOUT, classify_files
from reasoner.rdf import STDIN, read_bytes, read_text
from reasoner.rdf_checks import FileRefusal
from reasoner.render.identity import assessment_iri, guideline_iri
from reasoner.render.json import JsonRenderer
from reasoner.render.triples import LEAN, TripleRenderer
from reasoner.terms import shorten
from reasoner.workbench.finding import Finding, Severity
from reasoner.workbench.verify.claims import (
    ClaimedAssessment,
    RdfClaims,
    differences,
    json_claim,
    json_objects,
    no_answer,
)
from reasoner.workbench.verify.rebuild import Fault, Rebuilder

DOCUMENT = "docs/verify.md"

#: How many differences are named; more say little more.
_NAMED = 5

_REMEDIES = {
    "guideline-differs": "verify it by the guideline that gave it, with --guideline",
    "record-differs": "classify the record again, or give the record that the answer is about",
}
_REMEDY = "classify the record again: the answer is not as it was given"

#: What tells when and by what an answer was made.
_RUN = {PROV.startedAtTime, PROV.endedAtTime, PROV.wasAssociatedWith}


class VerifyReport(Struct, frozen=True):
    """What was verified, and what was found."""

    file: str
    record: str
    assessments: int
    reasons: int
    engine: str
    findings: tuple[Finding, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing was found."""
        return not self.findings


class Answer(Protocol):
    """An answer as it is written."""

    claims: list[ClaimedAssessment]
    lean: bool

    def differences(self, expected: Sequence[Assessment]) -> Iterator[str]:
        """Where the answer differs from what is written of the assessments, one for each claim."""


class JsonAnswer:
    """An answer in JSON."""

    lean = False

    def __init__(self, guideline: Guideline, objects: list[dict[str, Any]], file: str) -> None:
        self.guideline, self.objects = guideline, objects
        self.claims = [json_claim(one, guideline.prefixes, file) for one in objects]

    def differences(self, expected: Sequence[Assessment]) -> Iterator[str]:
        """Where the values differ."""
        for written, claim, assessment in zip(self.objects, self.claims, expected, strict=True):
            anew = JsonRenderer(self.guideline, claim.base).assessment(assessment)
            yield from differences(written, json.loads(json.dumps(anew)))


class RdfAnswer:
    """An answer in RDF."""

    def __init__(self, guideline: Guideline, graph: Graph, file: str) -> None:
        self.guideline, self.graph = guideline, graph
        read = RdfClaims(graph, file)
        self.claims, self.types, self.profile = read.claims, read.types, read.profile
        self.lean = self.profile == LEAN

    def differences(self, expected: Sequence[Assessment]) -> Iterator[str]:
        """Which triples are missing, and which are too many."""
        lines: list[str] = []
        for claim, assessment in zip(self.claims, expected, strict=True):
            renderer = TripleRenderer(self.guideline, timed=False, types=self.types, profile=self.profile,
                                      base=claim.base)  # fmt: skip
            lines += renderer.triples([assessment])
        anew = _comparable(read_text("\n".join(lines), "answer.nt").graph)
        bases = tuple(claim.base for claim in self.claims)
        about = {s for s, _, _ in anew}
        given = {t for t in _comparable(self.graph) if t[0] in about or str(t[0]).startswith(bases)}
        yield from (f"missing: {_shown(triple)}" for triple in sorted(anew - given, key=_shown))
        yield from (f"too much: {_shown(triple)}" for triple in sorted(given - anew, key=_shown))


def _comparable(graph: Graph) -> set[tuple[Node, Node, object]]:
    """The triples without those about the run, decimals by their value."""
    software = {*graph.objects(None, PROV.wasAssociatedWith), *graph.subjects(RDF.type, PROV.SoftwareAgent)}
    return {(s, p, _value(o)) for s, p, o in graph if p not in _RUN and s not in software}


def _value(term: Node) -> object:
    exact = isinstance(term, Literal) and term.datatype == XSD.decimal
    return term.toPython() if exact and isinstance(term.toPython(), Decimal) else term  # type: ignore[attr-defined]


def _shown(triple: Iterable[object]) -> str:
    return " ".join(term.n3() if isinstance(term, (URIRef, Literal)) else str(term) for term in triple)


def read_answer(guideline: Guideline, path: Path | str, format: str | None = None) -> Answer:
    """The answer in a file; `-` is standard input. Raises InputError for what is no answer."""
    file = str(path)
    refuse = FileRefusal(file, RecordError)
    data = _standard_input() if file == STDIN else read_bytes(Path(path), refuse)
    objects = json_objects(data)
    if objects is not None:
        answer: Answer = JsonAnswer(guideline, objects, file)
    else:
        answer = RdfAnswer(guideline, _graph(data, file, format), file)
    if not answer.claims:
        no_answer(file, "the file holds no assessment")
    return answer


def _standard_input() -> bytes:
    import sys

    return sys.stdin.buffer.read()


def _graph(data: bytes, file: str, format: str | None) -> Graph:
    """The triples of a file, of whatever graph."""
    kind = (format or Path(file).suffix).lower().removeprefix(".")
    if kind in ("nq", "n-quads", "nquads"):
        try:
            quads = list(ox.parse(data, ox.RdfFormat.N_QUADS))
        except SyntaxError as error:
            no_answer(file, f"this is not N-Quads: {error}")
        data, format = "".join(f"{quad.triple} .\n" for quad in quads).encode(), "nt"
    return read_text(data, file, format=format).graph


def verify(
    guideline: Guideline, answer: Path | str, record: Path | str | None = None, *, format: str | None = None,
    engine: str = "hermit", timeout: float = REFERENCE_TIMEOUT,
) -> VerifyReport:  # fmt: skip
    """Whether an answer is what the guideline gives: by itself, and with `record` as what is classified anew.

    With the engine `hermit` the reference reasoner proves each reason from its own axioms. Raises InputError for what
    is no answer, and EngineError where HermiT fails.
    """
    return Verifier(guideline).verify(read_answer(guideline, answer, format), str(answer), record, engine, timeout)


class Verifier:
    """Verifies answers by one guideline, and remembers what HermiT proved."""

    def __init__(self, guideline: Guideline) -> None:
        from reasoner.workbench.verify.entailment import ReasonProver

        self.guideline, self.rebuilder = guideline, Rebuilder(guideline)
        self.prover = ReasonProver(guideline)

    def verify(
        self, answer: Answer, file: str, record: Path | str | None = None, engine: str = "hermit",
        timeout: float = REFERENCE_TIMEOUT,
    ) -> VerifyReport:  # fmt: skip
        """What is found in an answer."""
        faults = self._misnamed(answer.claims)
        if not faults:
            faults, rebuilt = self._rebuilt(answer)
            if not faults and engine == "hermit":
                faults = list(self.prover.unproven(rebuilt, timeout))
        if record is not None:
            faults += self._against(answer, record)
        reasons = sum(len(one.reasons) for claim in answer.claims for one in claim.conclusions)
        found = tuple(self._finding(fault, file) for fault in dict.fromkeys(faults))
        return VerifyReport(file, str(record or ""), len(answer.claims), reasons, engine, found)

    def _misnamed(self, claims: Iterable[ClaimedAssessment]) -> list[Fault]:
        """Assessments by another guideline, after which nothing else is looked at."""
        return [Fault("guideline-differs", claim.iri, "the answer is by another guideline, or another version of it")
                for claim in claims if claim.guideline != guideline_iri(self.guideline, claim.base)]  # fmt: skip

    def _rebuilt(self, answer: Answer) -> tuple[list[Fault], list[Assessment]]:
        """What is wrong with the answer by itself, and the assessments made anew."""
        faults: list[Fault] = []
        rebuilt: list[Assessment] = []
        for claim in answer.claims:
            assessment, found = self.rebuilder.rebuilt(claim, answer.lean)
            faults += found
            if assessment is not None:
                rebuilt.append(assessment)
                if claim.iri != assessment_iri(self.guideline, assessment, claim.base):
                    what = "the name is not that of this patient, record, date and guideline"
                    faults.append(Fault("name-differs", claim.iri, what))
        if not faults:
            faults = [Fault("part-differs", "", what) for what in _first(answer.differences(rebuilt))]
        return faults, rebuilt

    def _against(self, answer: Answer, record: Path | str) -> list[Fault]:
        """Where the answer differs from what the record gives."""
        faults: list[Fault] = []
        anew: list[Assessment] = []
        by_day = {day: classify_files(self.guideline, [record], day) for day in {one.as_of for one in answer.claims}}
        for claim in answer.claims:
            results = {one.patient: one for one in by_day[claim.as_of]}
            result = results.get(claim.patient)
            if isinstance(result, Assessment):
                anew.append(result)
                if result.record != claim.digest:
                    faults.append(Fault("record-differs", claim.iri, "the answer is on a record of another content"))
            else:
                why = result.problems[0].what if isinstance(result, Refusal) else "the record is not of this patient"
                faults.append(Fault("record-differs", claim.iri, why))
        if len(anew) == len(answer.claims):
            faults += [Fault("record-differs", "", what) for what in _first(answer.differences(anew))]
        return faults

    def _finding(self, fault: Fault, file: str) -> Finding:
        remedy = _REMEDIES.get(fault.code, _REMEDY)
        what = shorten(fault.what, self.guideline.prefixes)
        where = Origin(fault.term, file, None)
        return Finding(fault.code, Severity.ERROR, what, where, remedy, f"{DOCUMENT}#{fault.code}")


def _first(differences: Iterable[str]) -> Iterator[str]:
    """The first differences."""
    for number, one in enumerate(differences):
        if number < _NAMED:
            yield one
