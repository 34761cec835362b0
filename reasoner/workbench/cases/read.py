"""Reading the cases of a guideline. What names nothing that the guideline has would expect nothing: it is refused.

The subject that has `case:record` holds the expectation, and everything else in the file is the record of one patient.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from rdflib import RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.patient.orders import SUPPORTED, VERDICTS
from reasoner.rdf import Parsed, read_graph
from reasoner.terms import GP, curie, local_name
from reasoner.workbench.cases.case import (
    CASE,
    EXPECTING,
    KINDS,
    KNOWN,
    OF_ORDER,
    PLAIN,
    SIDES,
    SINGLE,
    STATES,
    TRUTH,
    WORDS,
    Case,
)

_WRITE = "write one Turtle file a case into cases/ beside ontology/, in the words of docs/case-vocabulary.ttl"
_STATUSES = ("decided", "undetermined", "silent", "outOfScope")


def read_cases(guideline: Guideline, given: Path | None = None) -> tuple[Case, ...]:
    """The cases of a guideline: those of the folder or file `given`, or of its own folder.

    Raises InputError where there is none, and names every fault of every file that is no case of this guideline.
    """
    folder = case_folder(guideline.directory, given)
    files = [folder] if folder.is_file() else sorted(folder.rglob("*.ttl"))
    if not files:
        raise InputError(Problem("no-cases", "the folder holds no case", _WRITE, str(folder)))
    words, cases, problems = CaseVocabulary(guideline), list[Case](), list[Problem]()
    for path in files:
        try:
            cases.append(_read(path, folder, words))
        except InputError as error:
            problems += error.problems
    problems += _repeated(cases)
    if problems:
        raise InputError(*problems)
    return tuple(cases)


def case_folder(directory: Path, given: Path | None = None) -> Path:
    """Where cases stand: what is given, or `cases` or `tests/cases` in the directory of a guideline."""
    looked = [given] if given else [directory / "cases", directory / "tests" / "cases"]
    found = next((path for path in looked if path.exists()), None)
    if found is None:
        what = "there is no such folder or file" if given else "the guideline has no folder of cases"
        raise InputError(Problem("no-cases", what, f"{_WRITE}, or name a folder by --cases", str(given or directory)))
    return found


def _read(path: Path, folder: Path, words: CaseVocabulary) -> Case:
    parsed = read_graph(path)
    file = CaseFile(parsed)
    node, patient = file.subject()
    name = path.stem if path == folder else path.relative_to(folder).with_suffix("").as_posix()
    case = file.case(node, patient, name)
    problems = [*file.problems(node), *words.problems(case)]
    if problems:
        raise InputError(*problems)
    return case


def _repeated(cases: Iterable[Case]) -> Iterator[Problem]:
    """Patients that two cases share: their records would be one."""
    first: dict[str, Case] = {}
    for case in cases:
        other = first.setdefault(case.patient, case)
        if other is not case:
            what = f"the patient {case.patient} is that of {other.file} too"
            remedy = "give the patient of each case an IRI of its own"
            yield Problem("duplicate-patient", what, remedy, case.file, case.line("record", case.patient))


@dataclass(frozen=True)
class CaseFile:
    """A file that should hold a case."""

    parsed: Parsed

    def subject(self) -> tuple[Node, Node]:
        """The subject that holds the expectation, and the patient. Raises InputError."""
        graph = self.parsed.graph
        found = sorted(set(graph.subjects(URIRef(f"{CASE}record"))), key=str)
        if len(found) != 1:
            what = "no subject has case:record" if not found else "more than one subject has case:record"
            raise InputError(Problem("no-case", what, "say in each file of one case which patient it is about",
                                     self.parsed.file, self._line(found[-1]) if found else None))  # fmt: skip
        patients = list(graph.objects(found[0], URIRef(f"{CASE}record")))
        if len(patients) != 1 or not isinstance(patients[0], URIRef):
            what = "case:record does not name one patient by an IRI"
            raise InputError(Problem("no-record", what, "name the patient of the record", self.parsed.file,
                                     self._line(found[0])))  # fmt: skip
        if list(graph.subjects(RDF.type, GP.Patient)) != patients:
            what = f"the file has no record of {patients[0]}, or records of others"
            raise InputError(Problem("no-record", what, f"write the record of <{patients[0]}>, a gp:Patient, and no "
                                     "other, into the file", self.parsed.file, self._line(found[0])))  # fmt: skip
        return found[0], patients[0]

    def case(self, node: Node, patient: Node, name: str) -> Case:
        """The case, not yet checked."""
        expected, record = dict[str, list[str]](), Graph()
        lines: dict[tuple[str, str], int | None] = {}
        for triple, line in sorted(self.parsed.lines.items(), key=lambda item: (item[1] or 0, item[0])):
            s, p, o = triple
            if s != node:
                record.add(triple)
            elif str(p).startswith(CASE):
                expected.setdefault(local_name(str(p)), []).append(str(o))
                lines[local_name(str(p)), str(o)] = line
        label, day = self.parsed.graph.value(node, RDFS.label), self.parsed.graph.value(node, URIRef(f"{CASE}asOf"))
        as_of = day.value if isinstance(day, Literal) and isinstance(day.value, date) else None
        kind, values = next(iter(self._kinds(node)), PLAIN), {word: tuple(found) for word, found in expected.items()}
        return Case(self.parsed.file, name, kind, str(label or ""), str(patient), as_of, values, lines,
                    record.serialize(format="nt"))  # fmt: skip

    def problems(self, node: Node) -> Iterator[Problem]:
        """What is wrong with the type of the case and with its date."""
        kinds = self._kinds(node)
        if len(kinds) > 1 or not set(kinds) <= set(KINDS):
            what = f"the case is typed {' and '.join(f'case:{kind}' for kind in kinds)}"
            remedy = f"type it with one of {', '.join(f'case:{kind}' for kind in KINDS)}"
            yield Problem("unknown-word", what, remedy, self.parsed.file, self._line(node))
        for day in self.parsed.graph.objects(node, URIRef(f"{CASE}asOf")):
            if not isinstance(day, Literal) or type(day.value) is not date:
                what = f"case:asOf is {day}, which is no date"
                yield Problem("bad-date", what, 'write it as "2026-11-22"^^xsd:date', self.parsed.file,
                              self._line(node))  # fmt: skip

    def _kinds(self, node: Node) -> list[str]:
        types = sorted(str(o) for o in self.parsed.graph.objects(node, RDF.type))
        return [local_name(iri) for iri in types if iri.startswith(CASE)]

    def _line(self, node: Node) -> int | None:
        return self.parsed.line_of(node)


class CaseVocabulary:
    """What each word can name in one guideline."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, catalogue = guideline, guideline.catalogue
        classes = ("class", "a defined class", set(guideline.compiled.rules))
        facts = {atom.target for atom in guideline.compiled.theory.atoms if atom.kind == "class"}
        asked = ("fact", "a fact that can be asked for", set(guideline.reader.names.values()))
        acts = set(map(str, guideline.taxonomy.transitive_subjects(RDFS.subClassOf, GP.Act)))
        alerts = {check.shape for check in guideline.content.checks if not check.action}
        self.names: dict[str, tuple[str, str, Container[str]]] = {
            **dict.fromkeys((*STATES, "criterion", "threshold"), classes),
            **dict.fromkeys(KNOWN, ("fact", "a finding or an act of the guideline", facts)),
            "statement": ("statement", "a statement of the guideline", set(catalogue.statements)),
            "assumes": ("act", "an act that is read as not done where nobody recorded it", set(catalogue.closable)),
            "asks": asked,
            "needs": asked,
            "alert": ("shape", "a shape that reports patients", alerts),
            "action": ("act", "a class of acts", acts),
            "status": ("value", "a status", _STATUSES),
            "verdict": ("value", "a verdict", {SUPPORTED, *VERDICTS.values()}),
            "state": ("value", "a state of a criterion", set(TRUTH)),
            "side": ("value", "a side of a threshold", set(SIDES)),
        }

    def problems(self, case: Case) -> Iterator[Problem]:
        """All that is wrong with an expectation."""
        for word, values in case.expected.items():
            yield from self._word(case, word, values)
        yield from self._jointly(case)

    def _word(self, case: Case, word: str, values: tuple[str, ...]) -> Iterator[Problem]:
        if word not in WORDS:
            remedy = _nearest(word, WORDS, lambda name: f"case:{name}", "use a word of the vocabulary")
            yield self._problem(case, word, values[0], "unknown-word", f"case:{word} is no word of cases", remedy)
            return
        if word in SINGLE and len(values) > 1:
            yield self._problem(case, word, values[-1], "contradictory-case", f"case:{word} stands more than once",
                                "give it one value")  # fmt: skip
        kind, what, names = self.names.get(word, ("", "", values))
        for value in values:
            if value not in names:
                wrong = f"case:{word} names {self._shown(value)}, which is not {what}"
                remedy = _nearest(value, names, self._shown, f"name {what}")
                yield self._problem(case, word, value, f"unknown-{kind}", wrong, remedy)

    def _jointly(self, case: Case) -> Iterator[Problem]:
        """Expectations that cannot all be satisfied, and the lack of any."""
        if not set(case.expected) & set(EXPECTING):
            what = "the case expects nothing"
            yield self._problem(case, "", "", "empty-case", what, "say what must be entailed, excluded or left open")
        for one, other in (*combinations(STATES, 2), tuple(KNOWN)):
            for both in sorted(case.all(one) & case.all(other)):
                what = f"{self._shown(both)} is expected by case:{one} and by case:{other}"
                yield self._problem(case, other, both, "contradictory-case", what, "delete one of the two")
        if case.expected.get("refused") and (more := [w for w in EXPECTING[:-1] if w in case.expected]):
            what = f"the record is expected to be refused, and case:{more[0]} expects something of the answer"
            yield self._problem(case, "refused", case.one("refused"), "contradictory-case", what, "delete one of them")
        for word, needed in (("state", "criterion"), ("side", "threshold"), ("verdict", "action")):
            if (word in case.expected) != (needed in case.expected):
                what = f"case:{word} and case:{needed} do not stand together"
                yield self._problem(case, word, case.one(word), "incomplete-case", what, "write both, or neither")
        if case.kind == OF_ORDER and not case.one("verdict"):
            yield self._problem(case, "", "", "incomplete-case", "a case of an order has no case:verdict",
                                "say what is proposed by case:action, and the verdict on it")  # fmt: skip

    def _shown(self, iri: str) -> str:
        return curie(iri, {**self.guideline.prefixes, "case": CASE})

    def _problem(self, case: Case, word: str, value: str, code: str, what: str, remedy: str) -> Problem:
        return Problem(code, what, remedy, case.file, case.line(word, value))


def _nearest(value: str, names: Container[str], shown: Callable[[str], str], otherwise: str) -> str:
    """A remedy that names what is spelt most alike."""
    known = {local_name(name): name for name in sorted(names)} if isinstance(names, Iterable) else {}
    near = get_close_matches(local_name(value), list(known), 1, 0.6)
    return f"did you mean {shown(known[near[0]])}?" if near else otherwise
