"""One function assesses a patient; every door calls it.

facts → decide → justify: the states of all classes, the reasons of the management classes with their statements and
citations, the questions, the assumptions, the alerts, the verdicts on orders, and the status that they amount to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import partial
from typing import NamedTuple

from msgspec import Struct
from msgspec.structs import replace

from reasoner.caches import BoundedCache, BoundedDict
from reasoner.errors import Problem
from reasoner.guideline.catalogue import ManagementClass
from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Asker, Question, undetermined
from reasoner.logic.decide import Decision, State, assumptions_of, decide_assuming, state_of
from reasoner.logic.facts import Fact, Observation
from reasoner.logic.justify import Derivation, FactSet, Justifier, Reason
from reasoner.patient.contradictions import refuse_contradictions
from reasoner.patient.orders import Order, Reviewer, alerts_among
from reasoner.terms import CORE, curie, shorten

_PROPOSES = (f"{CORE}proposes",)

#: How many conclusions are remembered.
_CONCLUSIONS = 10_000


Texts = tuple[str, ...]


class Justified(NamedTuple):
    """A reason with what it cites: the statements in text order, the numbers they cite, and the readings used."""

    reason: Reason
    statements: Texts
    citations: Texts
    readings: Texts


class Conclusion(NamedTuple):
    """What is decided of one management class."""

    cls: ManagementClass
    state: State
    reasons: tuple[Justified, ...]


class ContextNote(NamedTuple):
    """What the guideline tells of the patients of a class without deciding anything: the statements, and their text."""

    cls: str
    statements: Texts
    citations: Texts
    text: str


class Assessment(Struct, frozen=True):
    """The whole answer for one patient as of one date.

    `record` is the content hash of the record, `observations` are what it states of the patient.
    """

    patient: str
    as_of: date
    status: str
    conclusions: tuple[Conclusion, ...]
    questions: tuple[Question, ...]
    assumptions: tuple[tuple[Fact, str], ...]
    decision: Decision
    alerts: tuple[StateShape, ...]
    orders: tuple[Order, ...]
    context: tuple[ContextNote, ...] = ()
    notes: tuple[str, ...] = ()
    record: str = ""
    observations: tuple[Observation, ...] = ()


class Refusal(Struct, frozen=True):
    """A record that is not classified, and why."""

    patient: str | None
    problems: tuple[Problem, ...]


def assess(
    guideline: Guideline,
    patient: str,
    observations: Iterable[Observation],
    as_of: date,
    record: str = "",
    notes: Iterable[str] = (),
) -> Assessment:
    """Assess one patient from what the record says; `record` is the content hash of it, `notes` what it passes over.

    Raises ContradictionError for facts that cannot hold together, and RecordError for classes of one node that say more
    jointly.
    """
    stated = tuple(observations)
    assessor = assessor_of(guideline)
    decision = assessor.decide(stated)
    passed_over = (shorten(note, assessor.prefixes) for note in notes)
    told = (*assessor.unnamed_index(stated), *passed_over, *assessor.doubted(decision))
    found = assess_decided(guideline, patient, decision, proposed_in(stated), as_of, record, told)
    return replace(found, observations=stated)


def proposed_in(observations: Sequence[Observation]) -> dict[str, tuple[str, ...]]:
    """The classes of acts that a record proposes, each with the nodes of these orders."""
    found: dict[str, set[str]] = {}
    for one in observations:
        if one.path == _PROPOSES and one.kind == "class" and one.present:
            found.setdefault(one.target, set()).add(one.source)
    return {action: tuple(sorted(filter(None, nodes))) for action, nodes in found.items()}


def assess_decided(
    guideline: Guideline,
    patient: str,
    decision: Decision,
    proposed: Mapping[str, tuple[str, ...]],
    as_of: date,
    record: str = "",
    notes: tuple[str, ...] = (),
) -> Assessment:
    """Assess one patient from what is decided, and the classes of acts that are proposed, each with its orders."""
    assessor = assessor_of(guideline)
    return Assessment(
        patient=patient,
        as_of=as_of,
        status=assessor.status(decision),
        conclusions=assessor.conclusions(decision, guideline.catalogue.management),
        questions=assessor.questions(decision),
        assumptions=assessor.assumptions(decision),
        decision=decision,
        alerts=assessor.alerts.of(decision.answers),
        orders=assessor.orders(decision, proposed),
        context=assessor.context(decision),
        notes=notes,
        record=record,
    )


def assessor_of(guideline: Guideline) -> Assessor:
    """The assessor of a guideline, made once."""
    if "assessor" not in guideline.__dict__:
        guideline.__dict__["assessor"] = Assessor(guideline)
    assessor: Assessor = guideline.__dict__["assessor"]
    return assessor


class Assessor:
    """Assesses patients by one guideline. It remembers what it found of one patient for others like that one."""

    def __init__(self, guideline: Guideline) -> None:
        compiled, catalogue = guideline.compiled, guideline.catalogue
        self.compiled, self.catalogue, self.reader = compiled, catalogue, guideline.reader
        self.prefixes = guideline.prefixes
        self.management = tuple(cls.iri for cls in catalogue.management)
        self.justifier, self.asker = Justifier(compiled, self._cites), Asker(compiled, guideline.reader.names)
        self._class_bits = compiled.index.class_bits
        self._managed = sum(self._class_bits[iri].answers for iri in self.management)
        self._status = BoundedCache(self._status_by)
        self._informing = self._informing_classes()
        self._informed = sum(self._class_bits[iri].answers for iri in self._informing)
        self._context = BoundedCache(self._context_by)
        self._open = BoundedCache(partial(undetermined, [self._class_bits[iri] for iri in self.management]))
        self.alerts = alerts_among(compiled.index, guideline.content.checks)
        self.closing = assumptions_of(compiled, tuple(catalogue.closable))
        self.reviewer = Reviewer(self.asker, self.closing, guideline.checks_of)
        self._assumed = BoundedCache(self._assuming)
        self._atoms = {atom.target: number for number, atom in enumerate(compiled.theory.atoms)
                       if atom.kind == "class" and len(atom.path) == 1}  # fmt: skip
        self._concluded: BoundedDict[tuple[str, tuple[Derivation, ...], tuple[Fact, ...]], Conclusion] = BoundedDict(
            _CONCLUSIONS
        )
        self._indexing = [(iri, rule) for iri, rule in compiled.properties.items()
                          if rule.functional and not rule.data and rule.supers]  # fmt: skip

    def decide(self, observations: Sequence[Observation]) -> Decision:
        """The states of all classes. Raises RecordError for what cannot hold together."""
        refuse_contradictions(self.compiled, observations)
        return decide_assuming(self.compiled, self.reader.read(observations), self.closing)

    def status(self, decision: Decision) -> str:
        """What the answers for the management classes amount to."""
        return self._status[decision.answers & self._managed]

    def _status_by(self, answers: int) -> str:
        states = {iri: state_of(self._class_bits[iri], answers) for iri in self.management}
        return status(self.catalogue.management, states)

    def _informing_classes(self) -> Texts:
        """The criteria and classes that statements inform, in the order of the text; criteria first."""
        informs, managed = self.catalogue.informs, set(self.management)
        first = {iri: self.catalogue.statements[informs[iri][0]].position for iri in informs if iri in self._class_bits}
        return tuple(sorted(first, key=lambda iri: (iri in managed, first[iri], iri)))

    def context(self, decision: Decision) -> tuple[ContextNote, ...]:
        """What the guideline tells besides, of the criteria and classes that hold, in scope; each statement once."""
        if self.status(decision) == "outOfScope":
            return ()
        return self._context[decision.answers & self._informed]

    def _context_by(self, answers: int) -> tuple[ContextNote, ...]:
        catalogue, told, found = self.catalogue, set[str](), []
        for iri in self._informing:
            if self._class_bits[iri].value(answers):
                new = tuple(statement for statement in catalogue.informs[iri] if statement not in told)
                text = " ".join(catalogue.statements[statement].paraphrase for statement in new)
                found += [ContextNote(iri, new, catalogue.citations(new), text)] if new else []
                told.update(new)
        return tuple(found)

    def questions(self, decision: Decision) -> tuple[Question, ...]:
        """What would settle the management classes that are undetermined."""
        return self.asker.settling(self._open[decision.answers & self._managed], decision)

    def conclusions(self, decision: Decision, classes: Iterable[ManagementClass]) -> tuple[Conclusion, ...]:
        """What is decided of some classes, with every reason; remembered where no fact has a source of its own."""
        known = FactSet(self.justifier, decision.facts, decision.satisfied, decision.answers)
        return tuple([self._concluded_of(known, cls) for cls in classes])

    def _concluded_of(self, known: FactSet, cls: ManagementClass) -> Conclusion:
        state, derivations = known.answer(self._class_bits[cls.iri])
        if known.sourced:
            return Conclusion(cls, state, _justified(known, derivations))
        key = cls.iri, derivations, known.used(derivations)
        found = self._concluded.get(key)
        return found or self._concluded.keep(key, Conclusion(cls, state, _justified(known, derivations)))

    def reason_by(self, facts: Sequence[Fact], iri: str, term: int) -> Justified:
        """Of the reasons for the state of a class by one implicant, which the facts satisfy, the first."""
        known = FactSet(self.justifier, facts)
        return _justified(known, [known.first_derivation(self._class_bits[iri], term)])[0]

    def _cites(self, terms: Iterable[str], axioms: Iterable[str], assumed: Iterable[str]) -> tuple[Texts, Texts, Texts]:
        """The statements of a reason (the class's own and, where entailed, its criteria's), citations and readings."""
        catalogue = self.catalogue
        statements = catalogue.in_text_order(s for term in terms for s in catalogue.warrants.get(term, ()))
        assuming = (*[term for term in axioms if term not in catalogue.closable], *assumed)
        readings = {reading for term in assuming for reading in catalogue.assumes.get(term, ())}
        return statements, catalogue.citations(statements), catalogue.numbered(readings)

    def assumptions(self, decision: Decision) -> tuple[tuple[Fact, str], ...]:
        """The facts that are assumed, each with the readings that say so."""
        return tuple([pair for fact in decision.assumed for pair in self._assumed[fact]])

    def _assuming(self, fact: Fact) -> tuple[tuple[Fact, str], ...]:
        return tuple((fact, reading) for reading in self.catalogue.closable[fact.term] or ("",))

    def doubted(self, decision: Decision) -> Iterator[str]:
        """A question on each act that is assumed not done while the record states what is seldom known without it."""
        for fact in decision.assumed:
            for finding, present in self.catalogue.suggests.get(fact.term, ()):
                atom = self._atoms.get(finding)
                if atom is not None and decision.recorded >> atom + (0 if present else self.compiled.theory.size) & 1:
                    act, seen = (curie(term, self.prefixes) for term in (fact.term, finding))
                    yield (f"{seen} is recorded as {'present' if present else 'absent'} and no {act} is recorded, "
                           "which is read as not done: ask whether one was made, and record it.")  # fmt: skip

    def orders(self, decision: Decision, proposed: Mapping[str, tuple[str, ...]]) -> tuple[Order, ...]:
        """The verdict on each action that the record proposes, with the nodes of these orders."""
        return tuple(
            [self.reviewer.order(action, decision)._replace(nodes=proposed[action]) for action in sorted(proposed)]
        )

    def unnamed_index(self, observations: Sequence[Observation]) -> Iterator[str]:
        """Why attributes stay unknown where several findings could be the one that a functional property names."""
        used = {one.path[0] for one in observations}
        for iri, rule in self._indexing:
            if iri not in used:
                nodes = {s.source for s in observations if s.kind == "class" and s.present and len(s.path) == 1
                         and s.path[0] in rule.supers and s.target in rule.ranges}  # fmt: skip
                if len(nodes) > 1:
                    name, kind = (curie(term, self.prefixes) for term in (iri, rule.ranges[0]))
                    yield (f"{len(nodes)} findings of {kind} are recorded and none is named as {name}: what depends on "
                           f"its attributes stays undetermined until the record names one.")  # fmt: skip


def _justified(known: FactSet, derivations: Iterable[Derivation]) -> tuple[Justified, ...]:
    """The reasons by some derivations, with what they cite."""
    return tuple([Justified(known.reason(derivation), *derivation.cited) for derivation in derivations])


def status(management: Iterable[ManagementClass], states: Mapping[str, State]) -> str:
    """`outOfScope`, `decided`, `undetermined` or `silent`: the first that fits."""
    classes = list(management)
    if any(cls.scope_exit and states[cls.iri] is State.ENTAILED for cls in classes):
        return "outOfScope"
    advising = [states[cls.iri] for cls in classes if not cls.restriction]
    if State.ENTAILED in advising:
        return "decided"
    return "undetermined" if State.UNDETERMINED in advising else "silent"
