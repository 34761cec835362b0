"""The cases of a guideline: a record each, with what must be answered, in the words of `docs/case-vocabulary.ttl`.

The subject that has `case:record` holds the expectation, and everything else in the file is the record of one patient.
What names nothing that the guideline has would expect nothing: it is refused.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from difflib import get_close_matches
from itertools import combinations
from pathlib import Path

from rdflib import RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import InputError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.orders import SUPPORTED, VERDICTS
from reasoner.rdf import Parsed, read_graph
from reasoner.terms import GP, curie, local_name

CASE = "https://w3id.org/guideproof/case#"

#: The kinds of cases. What a worked case leaves out of its conclusions must not be there, and the same of an order.
PLAIN, WORKED, OF_CRITERION, OF_THRESHOLD, OF_ORDER = KINDS = (
    "Case", "Worked", "OfCriterion", "OfThreshold", "OfOrder",
)  # fmt: skip

#: The words that expect a class in a state, and those that expect a finding or an act to be known.
STATES = {"entails": State.ENTAILED, "excludes": State.EXCLUDED, "leavesOpen": State.UNDETERMINED}
WORD_FOR = {state: word for word, state in STATES.items()}
KNOWN = {"present": True, "absent": False}

#: The state in which a case of a criterion expects it, as one of these words, and where a case of a threshold lies.
TRUTH = {f"{CASE}True": "entails", f"{CASE}False": "excludes", f"{CASE}Unknown": "leavesOpen"}
SIDES = {f"{CASE}Below": -1, f"{CASE}At": 0, f"{CASE}Above": 1}
#: The same in words.
WHERE = {-1: "just below", 0: "at", 1: "just above"}

#: How near to a threshold a number has to be to lie just beside it, in the unit of the quantity.
BESIDE = "0.1"

#: The words that a case can have once, and all that it can have.
SINGLE = ("record", "asOf", "number", "criterion", "state", "threshold", "side", "status", "action", "verdict",
          "needsNothing")  # fmt: skip
EXPECTING = (*STATES, *KNOWN, "state", "status", "statement", "citation", "assumes", "asks", "alert", "verdict",
             "needs", "needsNothing", "refused")  # fmt: skip
WORDS = tuple(dict.fromkeys((*SINGLE, *EXPECTING)))

_WRITE = "write one Turtle file a case into cases/ beside ontology/, in the words of docs/case-vocabulary.ttl"
_STATUSES = ("decided", "undetermined", "silent", "outOfScope")


@dataclass(frozen=True, eq=False)
class Case:
    """One file. `expected` has the values of each word, `lines` where each value stands; `record` is N-Triples."""

    file: str
    name: str
    kind: str
    label: str
    patient: str
    as_of: date | None
    expected: Mapping[str, tuple[str, ...]]
    lines: Mapping[tuple[str, str], int | None]
    record: str

    def all(self, word: str) -> frozenset[str]:
        """The values of a word."""
        return frozenset(self.expected.get(word, ()))

    def one(self, word: str) -> str:
        """The value of a word that stands once; empty where it does not."""
        return next(iter(self.expected.get(word, ())), "")

    def line(self, word: str, value: str) -> int | None:
        """Where a value of a word stands in the file; where the patient is named, if it does not stand there."""
        return self.lines.get((word, value)) or self.lines.get(("record", self.patient))

    def states(self) -> dict[str, State]:
        """The state in which each class is expected by name."""
        expected = {iri: state for word, state in STATES.items() for iri in self.expected.get(word, ())}
        truth = TRUTH.get(self.one("state"))
        if truth and self.one("criterion") not in expected:
            expected[self.one("criterion")] = STATES[truth]
        return expected


# -- reading --


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
    file = CaseFile(read_graph(path))
    case = file.case(path.stem if path == folder else path.relative_to(folder).with_suffix("").as_posix())
    if problems := [*file.problems(), *words.problems(case)]:
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


class CaseFile:
    """A file that holds a case: the subject with the expectation, and the patient. Raises InputError for another."""

    def __init__(self, parsed: Parsed) -> None:
        self.parsed, self.graph = parsed, parsed.graph
        found = sorted(set(self.graph.subjects(URIRef(f"{CASE}record"))), key=str)
        self.node = found[-1] if found else None
        if len(found) != 1:
            what = "no subject has case:record" if not found else "more than one subject has case:record"
            raise InputError(self._problem("no-case", what, "say in each file of one case which patient it is about"))
        patients = list(self.graph.objects(self.node, URIRef(f"{CASE}record")))
        if len(patients) != 1 or not isinstance(patients[0], URIRef):
            what = "case:record does not name one patient by an IRI"
            raise InputError(self._problem("no-record", what, "name the patient of the record"))
        self.patient = str(patients[0])
        if list(self.graph.subjects(RDF.type, GP.Patient)) != patients:
            remedy = f"write the record of <{self.patient}>, a gp:Patient, and no other, into the file"
            what = f"the file has no record of {self.patient}, or records of others"
            raise InputError(self._problem("no-record", what, remedy))

    def case(self, name: str) -> Case:
        """The case, not yet checked."""
        expected, record = dict[str, tuple[str, ...]](), Graph()
        lines: dict[tuple[str, str], int | None] = {}
        for (s, p, o), line in sorted(self.parsed.lines.items(), key=lambda item: (item[1] or 0, item[0])):
            if s != self.node:
                record.add((s, p, o))
            elif str(p).startswith(CASE):
                word, value = local_name(str(p)), str(o)
                expected[word] = (*expected.get(word, ()), value)
                lines[word, value] = line
        label, days = self.graph.value(self.node, RDFS.label), self._days()
        as_of = days[0].value if days and isinstance(days[0], Literal) and isinstance(days[0].value, date) else None
        kind, nt = next(iter(self._kinds()), PLAIN), record.serialize(format="nt")
        return Case(self.parsed.file, name, kind, str(label or ""), self.patient, as_of, expected, lines, nt)

    def problems(self) -> Iterator[Problem]:
        """What is wrong with the type of the case and with its date."""
        kinds = self._kinds()
        if len(kinds) > 1 or not set(kinds) <= set(KINDS):
            what = f"the case is typed {' and '.join(f'case:{kind}' for kind in kinds)}"
            remedy = f"type it with one of {', '.join(f'case:{kind}' for kind in KINDS)}"
            yield self._problem("unknown-word", what, remedy)
        for day in self._days():
            if not isinstance(day, Literal) or type(day.value) is not date:
                what = f"case:asOf is {day}, which is no date"
                yield self._problem("bad-date", what, 'write it as "2026-11-22"^^xsd:date')

    def _kinds(self) -> list[str]:
        types = sorted(str(o) for o in self.graph.objects(self.node, RDF.type))
        return [local_name(iri) for iri in types if iri.startswith(CASE)]

    def _days(self) -> list[Node]:
        return list(self.graph.objects(self.node, URIRef(f"{CASE}asOf")))

    def _problem(self, code: str, what: str, remedy: str) -> Problem:
        line = self.parsed.line_of(self.node) if self.node else None
        return Problem(code, what, remedy, self.parsed.file, line)


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
