"""Assessments as a person reads them: red flags first, then what holds, what is missing, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.facts import ASSUMED, DERIVED, Fact
from reasoner.patient.assess import Assessment, Conclusion, ContextNote, Justified, Refusal
from reasoner.patient.orders import RED_FLAG, Order
from reasoner.render.json import ontology_file
from reasoner.render.paragraphs import Page, Paragraph, below_blank, heading, paragraph
from reasoner.terms import curie, local_name, shorten

_STATUS = {
    "decided": ("decided", "bold green"),
    "undetermined": ("undetermined: more has to be known", "bold yellow"),
    "silent": ("the guideline is silent on this patient", "bold magenta"),
    "outOfScope": ("outside the guideline's scope", "bold magenta"),
}
_MARKS = {State.ENTAILED: ("✔", "green"), State.EXCLUDED: ("✘", "red"), State.UNDETERMINED: ("?", "yellow")}
_FLAGS = {State.ENTAILED: "bold white on red", State.UNDETERMINED: "yellow", State.EXCLUDED: "green"}
_FLAG_TITLES = {State.ENTAILED: "⚑ RED FLAG: ", State.UNDETERMINED: "⚑ Not recorded, ask for: "}
_VERDICTS = {
    "supported": ("supported", "green"),
    "judgement": ("a matter of judgement", "yellow"),
    "notSupported": ("not supported", "bold red"),
    "undecided": ("undecided", "yellow"),
    "silent": ("the guideline is silent", "magenta"),
}
_MOST_QUESTIONS = 6


class TextRenderer:
    """Writes assessments of one guideline as text."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.catalogue, self.prefixes = guideline, guideline.catalogue, dict(guideline.prefixes)

    def page(self, results: Iterable[Assessment | Refusal], only: str | None = None) -> Page:
        """The results, one below the other; with `only`, the explanation of that class alone."""
        return Page([line for result in results for line in self._result(result, only)])

    def _result(self, result: Assessment | Refusal, only: str | None) -> Iterator[Paragraph]:
        if isinstance(result, Refusal):
            return self._refusal(result)
        return self._explanation(result.conclusions[0], result) if only else self._assessment(result)

    def _refusal(self, refusal: Refusal) -> Iterator[Paragraph]:
        yield heading(refusal.patient or "the record")
        yield paragraph(("Not classified: the record does not conform.", "bold red"))
        for problem in refusal.problems:
            yield paragraph((shorten(f"[{problem.code}] {problem.what}", self.prefixes), "red"), indent=2)
            yield paragraph(shorten(f"{problem.where}: {problem.remedy}", self.prefixes), indent=4)
        yield paragraph()

    def _assessment(self, assessment: Assessment) -> Iterator[Paragraph]:
        yield heading(assessment.patient)
        yield paragraph("As of ", (assessment.as_of.isoformat(), "bold"), ": ", _STATUS[assessment.status])
        yield from self._red_flags(assessment)
        for note in assessment.notes:
            yield paragraph((note, "yellow"))
        yield from self._orders(assessment.orders)
        entailed = [c for c in assessment.conclusions if c.state is State.ENTAILED]
        for conclusion in entailed:
            yield from self._entailed(conclusion)
        yield from self._questions(assessment.questions)
        yield from self._others(assessment, State.UNDETERMINED, "Undetermined")
        yield from self._others(assessment, State.EXCLUDED, "Excluded")
        yield from self._assumed(assessment)
        yield from self._context(assessment.context)
        shown = [j for c in entailed for j in c.reasons[:1]]
        yield from self._legend(shown)
        yield from self._named_readings(shown)
        yield from self._scope()

    def _explanation(self, conclusion: Conclusion, assessment: Assessment) -> Iterator[Paragraph]:
        """Everything that is known of one class for one patient."""
        (mark, style), iri = _MARKS[conclusion.state], conclusion.cls.iri
        yield heading(assessment.patient)
        name = (self.catalogue.label(iri), "bold")
        yield paragraph((f"{mark} ", style), name, f" ({self._name(iri)}): ", (str(conclusion.state), style))
        yield paragraph((self.catalogue.definitions.get(iri, ""), "dim"))
        for recommendation in conclusion.cls.recommendations if conclusion.state is State.ENTAILED else ():
            yield paragraph(f"Advice: {recommendation.text}", indent=4)
        for number, justified in enumerate(conclusion.reasons, 1):
            yield paragraph((f"Reason {number} of {len(conclusion.reasons)}", "bold"))
            yield from self._reason(justified)
            yield from self._origins(justified.reason.facts)
            for origin in justified.reason.axioms:
                axiom = f"by axiom: {self._name(origin.term)} ({ontology_file(origin.file)}:{origin.line})"
                yield paragraph((axiom, "dim"), indent=4)
        if asked := [q for q in assessment.questions if iri in q.decides]:
            yield paragraph(("What would settle it", "bold"))
            yield from map(self._question, asked)
        yield from self._legend(conclusion.reasons)
        yield from self._full_readings(conclusion.reasons)
        yield from self._scope()

    # -- parts --

    def _scope(self) -> Iterator[Paragraph]:
        """What the guideline says of itself: its origin, and what it is not."""
        yield paragraph()
        for note in self.catalogue.scope_notes:
            yield paragraph((note, "italic dim"))
        yield paragraph()

    def _name(self, iri: str) -> str:
        return curie(iri, self.prefixes)

    def _labels(self, iris: Iterable[str], separator: str = ", ") -> str:
        return separator.join(self.catalogue.label(iri) for iri in iris)

    def _red_flags(self, assessment: Assessment) -> Iterator[Paragraph]:
        """What the shapes report of red flags, else their states; and those that are known to be absent."""
        for check in assessment.alerts:
            yield self._alert(check)
        for state, title in _FLAG_TITLES.items() if not assessment.alerts else ():
            yield from self._flags(assessment, state, title)
        yield from self._flags(assessment, State.EXCLUDED, "Red flags absent: ")

    def _flags(self, assessment: Assessment, state: State, title: str) -> Iterator[Paragraph]:
        flags = [f for f in self.catalogue.red_flags if assessment.decision.states[f] is state]
        named = "; ".join(f"{self.catalogue.label(flag)}{self._warrants(flag)}" for flag in flags)
        if flags:
            yield paragraph((f"{title}{named}", _FLAGS[state]))

    def _warrants(self, iri: str) -> str:
        statements = self.catalogue.warrants.get(iri, ())
        return f" [{', '.join(local_name(s) for s in statements)}]" if statements else ""

    def _alert(self, check: StateShape) -> Paragraph:
        style = _FLAGS[State.ENTAILED if check.severity == RED_FLAG else State.UNDETERMINED]
        return paragraph((f"⚑ {check.message}", style), f" {self._grounds(check.statements)}")

    def _grounds(self, statements: Iterable[str]) -> str:
        """Statements and the numbers that they cite, in brackets."""
        ordered = self.catalogue.in_text_order(statements)
        names, cited = self._identifiers(ordered), ", ".join(self.catalogue.citations(ordered))
        return f"[{names}; references {cited}]" if cited else f"[{names}]" if names else ""

    def _identifiers(self, statements: Iterable[str]) -> str:
        return ", ".join(self.catalogue.statements[s].identifier for s in statements)

    def _orders(self, orders: Iterable[Order]) -> Iterator[Paragraph]:
        if orders:
            yield from below_blank(("Orders under review", "bold"))
        for order in orders:
            label = (self.catalogue.label(order.action), "bold")
            yield paragraph(label, ": ", _VERDICTS[order.verdict], indent=2)
            why = [order.check.message if order.check else "", self._grounds(order.statements)]
            if any(why):
                yield paragraph(" ".join(filter(None, why)), indent=4)
            if order.needs:
                yield paragraph((f"could change with: {self._labels(order.needs)}", "dim"), indent=4)

    def _entailed(self, conclusion: Conclusion) -> Iterator[Paragraph]:
        cls, label = conclusion.cls, self.catalogue.label
        yield from below_blank(("✔ ", "green"), (label(cls.iri), "bold"), (f"  {self._name(cls.iri)}", "dim"))
        if not cls.recommendations and not cls.diagnoses:
            yield paragraph(self.catalogue.definitions.get(cls.iri, ""), indent=4)
        for r in cls.recommendations:
            yield paragraph((r.text, "bold cyan"), f"  {label(r.action)}: ", (label(r.strength), "italic"), indent=4)
        for diagnosis in cls.diagnoses:
            yield paragraph((label(diagnosis), "bold cyan"), indent=4)
        yield from self._reason(conclusion.reasons[0])
        if more := len(conclusion.reasons) - 1:
            yield paragraph((f"and {more} more reason{'s' * (more > 1)}: see explain", "dim"), indent=4)

    def _reason(self, justified: Justified) -> Iterator[Paragraph]:
        yield paragraph(f"because {self._facts(justified.reason.facts)}", indent=4)
        if justified.statements:
            cited = ", ".join(justified.citations)
            references = f"; references {cited}" if cited else ", uncited"
            text = f"rests on statements {self._identifiers(justified.statements)}{references}"
            yield paragraph((text, "dim"), indent=4)

    def _origins(self, facts: Iterable[Fact]) -> Iterator[Paragraph]:
        """The number behind each threshold, and what each derived fact comes from."""
        for fact in facts:
            number = " to ".join(
                str(bound) if bound is not None else "…" for bound in dict.fromkeys((fact.low, fact.high))
            )
            parts = [f"{number} {self.guideline.unit(fact.term)}".strip()] if fact.low or fact.high else []
            parts += [f"by {self._labels(fact.basis.rules)}"] if fact.basis.rules else []
            parts += [
                ", ".join(
                    f"{self.catalogue.label(prop)} {self._name(value)}" for _, prop, value, _ in fact.basis.statements
                )
            ]
            if told := "; ".join(filter(None, parts)):
                yield paragraph((f"{self.catalogue.label(fact.term)}: {told}", "dim"), indent=4)

    def _facts(self, facts: Iterable[Fact]) -> str:
        """The facts by what they say: yes, no, or no by assumption."""
        groups: dict[str, list[str]] = {}
        for fact in sorted(facts, key=lambda fact: (fact.by == ASSUMED, not fact.present, fact.term)):
            answer = "assumed not done" if fact.by == ASSUMED else "yes" if fact.present else "no"
            label = self.catalogue.label(fact.term)
            groups.setdefault(answer, []).append(f"{label} (derived)" if fact.by == DERIVED else label)
        return "; ".join(f"{answer}: {', '.join(labels)}" for answer, labels in groups.items())

    def _questions(self, questions: tuple[Question, ...]) -> Iterator[Paragraph]:
        if questions:
            yield from below_blank(("Ask next", "bold yellow"))
            yield from map(self._question, questions[:_MOST_QUESTIONS])
        if (more := len(questions) - _MOST_QUESTIONS) > 0:
            yield paragraph((f"and {more} more: see --format json", "dim"), indent=2)

    def _question(self, question: Question) -> Paragraph:
        asked = (self._labels(question.ask, " and "), "bold")
        return paragraph(("? ", "yellow"), asked, f"  can settle: {self._labels(question.decides)}", indent=2)

    def _others(self, assessment: Assessment, state: State, title: str) -> Iterator[Paragraph]:
        """The classes that are not entailed, by name; `explain` says why."""
        mark, style = _MARKS[state]
        if chosen := [c.cls.iri for c in assessment.conclusions if c.state is state]:
            yield from below_blank((f"{mark} {title}: ", style), (self._labels(chosen, "; "), "dim"))

    def _assumed(self, assessment: Assessment) -> Iterator[Paragraph]:
        """The acts that are read as not done, with the reading that says so."""
        acts = [f"{self.catalogue.label(fact.term)}{self._reading_of(r)}" for fact, r in assessment.assumptions]
        if acts:
            yield from below_blank(("Assumed not done, for nobody recorded it: ", "bold"), "; ".join(acts))

    def _context(self, notes: Iterable[ContextNote]) -> Iterator[Paragraph]:
        """What the guideline tells besides; nothing is decided by it."""
        if notes:
            yield from below_blank(("For context, deciding nothing", "bold"))
        for note in notes:
            grounds = (self._grounds(note.statements), "dim")
            yield paragraph((self.catalogue.label(note.cls), "cyan"), f": {note.text} ", grounds, indent=2)

    def _reading_of(self, iri: str) -> str:
        return f" ({self.catalogue.readings[iri].identifier})" if iri in self.catalogue.readings else ""

    def _legend(self, shown: Iterable[Justified]) -> Iterator[Paragraph]:
        """The statements that were named, paraphrased."""
        statements = self.catalogue.in_text_order(s for j in shown for s in j.statements)
        if statements:
            yield from below_blank(("Statements", "bold"))
        for s in map(self.catalogue.statements.__getitem__, statements):
            cites = f"references {', '.join(s.citations)}" if s.citations else "uncited"
            where = (f"[{s.section}, line {s.position}; {cites}]", "dim")
            yield paragraph((s.identifier, "cyan"), f"  {s.paraphrase} ", where, indent=2)

    def _used_readings(self, shown: Iterable[Justified]) -> tuple[str, ...]:
        return self.catalogue.numbered(r for j in shown for r in j.readings)

    def _named_readings(self, shown: Iterable[Justified]) -> Iterator[Paragraph]:
        """The readings by name alone."""
        if names := ", ".join(self.catalogue.readings[r].identifier for r in self._used_readings(shown)):
            yield paragraph((f"Readings where the text leaves room: {names} (explain shows each)", "dim"))

    def _full_readings(self, shown: Iterable[Justified]) -> Iterator[Paragraph]:
        """The readings with the question and what was chosen."""
        if used := self._used_readings(shown):
            yield from below_blank(("Readings", "bold"))
        for reading in map(self.catalogue.readings.__getitem__, used):
            chosen = (reading.chosen, "italic")
            yield paragraph((reading.identifier, "cyan"), f"  {reading.question} ", chosen, indent=2)
