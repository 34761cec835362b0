"""Assessments as a person reads them: red flags first, then what holds, what is missing, and what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from reasoner.guideline.guideline import Guideline
from reasoner.guideline.shapes import StateShape
from reasoner.logic.ask import Question
from reasoner.logic.decide import State
from reasoner.logic.facts import ASSUMED, DERIVED, Fact
from reasoner.patient.assess import Assessment, Conclusion, Justified, Refusal
from reasoner.patient.orders import RED_FLAG
from reasoner.render.as_json import ontology_file
from reasoner.render.lines import Line, as_plain, heading, indented, line, show
from reasoner.terms import curie, local_name, shorten

if TYPE_CHECKING:
    from rich.console import Console

_STATUS = {
    "decided": ("decided", "bold green"),
    "undetermined": ("undetermined: more has to be known", "bold yellow"),
    "silent": ("the guideline is silent on this patient", "bold magenta"),
    "outOfScope": ("outside the guideline's scope", "bold magenta"),
}
_MARKS = {State.ENTAILED: ("✔", "green"), State.EXCLUDED: ("✘", "red"), State.UNDETERMINED: ("?", "yellow")}
_FLAGS = {State.ENTAILED: "bold white on red", State.UNDETERMINED: "yellow", State.EXCLUDED: "green"}
_VERDICTS = {
    "supported": ("supported", "green"),
    "judgement": ("a matter of judgement", "yellow"),
    "notSupported": ("not supported", "bold red"),
    "undecided": ("undecided", "yellow"),
    "silent": ("the guideline is silent", "magenta"),
}
_MOST_QUESTIONS = 6


class TextRenderer:
    """Writes assessments of one guideline to a terminal."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.catalogue = guideline, guideline.catalogue
        self.prefixes = dict(guideline.prefixes)

    def render(self, results: Iterable[Assessment | Refusal], console: Console, only: str | None = None) -> None:
        """Print the results; with `only`, the explanation of that class alone."""
        show(self.lines(results, only), console)

    def page(self, results: Sequence[Assessment | Refusal], only: str | None = None) -> TextPage:
        """The results as a page that is printed by a console or without one."""
        return TextPage(self, results, only)

    def lines(self, results: Iterable[Assessment | Refusal], only: str | None = None) -> list[Line]:
        """The results line by line, before they are wrapped; with `only`, the explanation of that class alone."""
        found: list[Line] = []
        for result in results:
            if isinstance(result, Refusal):
                found += self.refusal(result)
            else:
                found += self.explanation(result.conclusions[0], result) if only else self.assessment(result)
        return found

    def refusal(self, refusal: Refusal) -> list[Line]:
        lines: list[Line] = [heading(refusal.patient or "the record")]
        lines.append(line(("Not classified: the record does not conform.", "bold red")))
        for problem in refusal.problems:
            fault = shorten(f"[{problem.code}] {problem.what}", self.prefixes)
            lines.append(self._indent(fault, "red", by=2))
            lines.append(self._indent(shorten(f"{problem.where}: {problem.remedy}", self.prefixes)))
        return [*lines, line()]

    def assessment(self, assessment: Assessment) -> list[Line]:
        status, style = _STATUS[assessment.status]
        head = line("As of ", (assessment.as_of.isoformat(), "bold"), ": ", (status, style))
        parts: list[Line] = [heading(assessment.patient), head, *self._red_flags(assessment)]
        parts += [line((note, "yellow")) for note in assessment.notes]
        parts += self._orders(assessment)
        entailed = [c for c in assessment.conclusions if c.state is State.ENTAILED]
        for conclusion in entailed:
            parts += self._entailed(conclusion)
        parts += self._questions(assessment)
        parts += self._others(assessment, State.UNDETERMINED, "Undetermined")
        parts += self._others(assessment, State.EXCLUDED, "Excluded")
        parts += self._assumed(assessment)
        shown = [j for c in entailed for j in c.reasons[:1]]
        parts += [*self._legend(shown), *self._read(shown), line()]
        return [*parts, *self._scope(), line()]

    def explanation(self, conclusion: Conclusion, assessment: Assessment) -> list[Line]:
        """Everything that is known of one class for one patient."""
        mark, style = _MARKS[conclusion.state]
        iri = conclusion.cls.iri
        name = (self.catalogue.label(iri), "bold")
        title = line((f"{mark} ", style), name, f" ({self._name(iri)}): ", (str(conclusion.state), style))
        parts: list[Line] = [heading(assessment.patient), title]
        parts += [line((self.catalogue.definitions.get(conclusion.cls.iri, ""), "dim"))]
        parts += [
            self._indent(f"Advice: {r.text}")
            for r in conclusion.cls.recommendations
            if conclusion.state is State.ENTAILED
        ]
        for number, justified in enumerate(conclusion.reasons, 1):
            parts.append(line((f"Reason {number} of {len(conclusion.reasons)}", "bold")))
            parts += self._reason(justified)
            for origin in justified.reason.axioms:
                place = f"{ontology_file(origin.file)}:{origin.line}"
                parts.append(self._indent(f"by axiom: {self._name(origin.term)} ({place})", "dim"))
        parts += self._deciding(conclusion, assessment)
        parts += [*self._legend(conclusion.reasons), *self._readings(conclusion.reasons), line()]
        return [*parts, *self._scope(), line()]

    # -- parts --

    def _scope(self) -> list[Line]:
        """What the guideline says of itself: its origin, and what it is not."""
        return [line((note, "italic dim")) for note in self.catalogue.scope_notes]

    def _indent(self, text: str | Line, style: str = "", by: int = 4) -> Line:
        return indented(text if isinstance(text, Line) else line((text, style)), by)

    def _name(self, iri: str) -> str:
        return curie(iri, self.prefixes)

    def _red_flags(self, assessment: Assessment) -> list[Line]:
        """What the shapes report of red flags, else their states; and those that are known to be absent."""
        lines: list[Line] = [self._alert(check) for check in assessment.alerts]
        forms = {State.ENTAILED: "⚑ RED FLAG: {}", State.UNDETERMINED: "⚑ Not recorded, ask for: {}"}
        for state, form in forms.items() if not lines else ():
            lines += self._flags(assessment, state, form, _FLAGS[state])
        return lines + self._flags(assessment, State.EXCLUDED, "Red flags absent: {}", _FLAGS[State.EXCLUDED])

    def _flags(self, assessment: Assessment, state: State, form: str, style: str) -> list[Line]:
        flags = [f for f in self.catalogue.red_flags if assessment.decision.states[f] is state]
        named = "; ".join(f"{self.catalogue.label(f)}{self._cited(f)}" for f in flags)
        return [line((form.format(named), style))] if flags else []

    def _alert(self, check: StateShape) -> Line:
        style = _FLAGS[State.ENTAILED if check.severity == RED_FLAG else State.UNDETERMINED]
        return line((f"⚑ {check.message}", style), f" {self._grounds(check.statements)}")

    def _grounds(self, statements: Iterable[str]) -> str:
        """Statements and the numbers that they cite, in brackets."""
        ordered = self.catalogue.in_text_order(statements)
        names = ", ".join(self.catalogue.statements[s].identifier for s in ordered)
        cited = ", ".join(self.catalogue.citations(ordered))
        return f"[{names}; references {cited}]" if cited else f"[{names}]" if names else ""

    def _orders(self, assessment: Assessment) -> list[Line]:
        lines: list[Line] = [line(), line(("Orders under review", "bold"))] if assessment.orders else []
        for order in assessment.orders:
            verdict, style = _VERDICTS[order.verdict]
            label = (self.catalogue.label(order.action), "bold")
            lines.append(self._indent(line(label, ": ", (verdict, style)), by=2))
            why = [order.check.message if order.check else "", self._grounds(order.statements)]
            lines += [self._indent(" ".join(filter(None, why)))] if any(why) else []
            needs = ", ".join(self.catalogue.label(term) for term in order.needs)
            lines += [self._indent(f"could change with: {needs}", "dim")] if needs else []
        return lines

    def _cited(self, iri: str) -> str:
        statements = self.catalogue.warrants.get(iri, ())
        return f" [{', '.join(local_name(s) for s in statements)}]" if statements else ""

    def _entailed(self, conclusion: Conclusion) -> list[Line]:
        iri = conclusion.cls.iri
        title = line(("✔ ", "green"), (self.catalogue.label(iri), "bold"), (f"  {self._name(iri)}", "dim"))
        lines: list[Line] = [line(), title]
        if not conclusion.cls.recommendations and not conclusion.cls.diagnoses:
            lines.append(self._indent(self.catalogue.definitions.get(conclusion.cls.iri, "")))
        for r in conclusion.cls.recommendations:
            strength = (self.catalogue.label(r.strength), "italic")
            text = line((r.text, "bold cyan"), f"  {self.catalogue.label(r.action)}: ", strength)
            lines.append(self._indent(text))
        lines += [self._indent(self.catalogue.label(d), "bold cyan") for d in conclusion.cls.diagnoses]
        lines += self._reason(conclusion.reasons[0])
        more = len(conclusion.reasons) - 1
        return lines + ([self._indent(f"and {more} more reason{'s' * (more > 1)}: see explain", "dim")] if more else [])

    def _reason(self, justified: Justified) -> list[Line]:
        lines: list[Line] = [self._indent(f"because {self._facts(justified.reason.facts)}")]
        return lines + (
            [self._indent(f"rests on {self._statements(justified)}", "dim")] if justified.statements else []
        )

    def _statements(self, justified: Justified) -> str:
        names = ", ".join(self.catalogue.statements[s].identifier for s in justified.statements)
        cited = ", ".join(justified.citations)
        return f"statements {names}; references {cited}" if cited else f"statements {names}, uncited"

    def _facts(self, facts: Iterable[Fact]) -> str:
        """The facts by what they say: yes, no, or no by assumption."""
        groups: dict[str, list[str]] = {}
        for fact in sorted(facts, key=lambda fact: (fact.by == ASSUMED, not fact.present, fact.term)):
            says = "assumed not done" if fact.by == ASSUMED else "yes" if fact.present else "no"
            label = self.catalogue.label(fact.term)
            groups.setdefault(says, []).append(f"{label} (derived)" if fact.by == DERIVED else label)
        return "; ".join(f"{says}: {', '.join(labels)}" for says, labels in groups.items())

    def _questions(self, assessment: Assessment) -> list[Line]:
        if not assessment.questions:
            return []
        lines: list[Line] = [line(), line(("Ask next", "bold yellow"))]
        lines += [self._question(question) for question in assessment.questions[:_MOST_QUESTIONS]]
        more = len(assessment.questions) - _MOST_QUESTIONS
        return lines + ([self._indent(f"and {more} more: see --format json", "dim", 2)] if more > 0 else [])

    def _question(self, question: Question) -> Line:
        ask = " and ".join(self.catalogue.label(term) for term in question.ask)
        decides = ", ".join(self.catalogue.label(iri) for iri in question.decides)
        return self._indent(line(("? ", "yellow"), (ask, "bold"), f"  can settle: {decides}"), by=2)

    def _others(self, assessment: Assessment, state: State, title: str) -> list[Line]:
        """The classes that are not entailed, by name; `explain` tells why."""
        chosen = [c.cls.iri for c in assessment.conclusions if c.state is state]
        names = "; ".join(self.catalogue.label(iri) for iri in chosen)
        mark, style = _MARKS[state]
        return [line(), line((f"{mark} {title}: ", style), (names, "dim"))] if chosen else []

    def _assumed(self, assessment: Assessment) -> list[Line]:
        """The acts that are read as not done, with the reading that says so."""
        acts = [f"{self.catalogue.label(fact.term)}{self._reading_of(r)}" for fact, r in assessment.assumptions]
        text = line(("Assumed not done, for nobody recorded it: ", "bold"), "; ".join(acts))
        return [line(), text] if acts else []

    def _reading_of(self, iri: str) -> str:
        return f" ({self.catalogue.readings[iri].identifier})" if iri in self.catalogue.readings else ""

    def _deciding(self, conclusion: Conclusion, assessment: Assessment) -> list[Line]:
        asked = [q for q in assessment.questions if conclusion.cls.iri in q.decides]
        return [line(("What would settle it", "bold")), *map(self._question, asked)] if asked else []

    def _legend(self, shown: Iterable[Justified]) -> list[Line]:
        """The statements that were named, paraphrased."""
        statements = self.catalogue.in_text_order(s for j in shown for s in j.statements)
        lines: list[Line] = [line(), line(("Statements", "bold"))] if statements else []
        for iri in statements:
            s = self.catalogue.statements[iri]
            cites = f"references {', '.join(s.citations)}" if s.citations else "uncited"
            place = (f"[{s.section}, line {s.position}; {cites}]", "dim")
            lines.append(self._indent(line((s.identifier, "cyan"), f"  {s.paraphrase} ", place), by=2))
        return lines

    def _read(self, shown: Iterable[Justified]) -> list[Line]:
        """The readings by name alone."""
        names = [
            self.catalogue.readings[r].identifier for r in self.catalogue.numbered(r for j in shown for r in j.readings)
        ]
        text = f"Readings where the text leaves room: {', '.join(names)} (explain shows each)"
        return [self._indent(text, "dim", 0)] if names else []

    def _readings(self, shown: Iterable[Justified]) -> list[Line]:
        """The readings in full."""
        used = self.catalogue.numbered(r for j in shown for r in j.readings)
        lines: list[Line] = [line(), line(("Readings", "bold"))] if used else []
        for iri in used:
            reading = self.catalogue.readings[iri]
            text = line((reading.identifier, "cyan"), f"  {reading.question} ", (reading.chosen, "italic"))
            lines.append(self._indent(text, by=2))
        return lines


class TextPage:
    """Results as text, for a console or without one."""

    def __init__(self, renderer: TextRenderer, results: Sequence[Assessment | Refusal], only: str | None) -> None:
        self._lines = renderer.lines(results, only)

    def __call__(self, console: Console) -> None:
        """Print to a console."""
        show(self._lines, console)

    def plain(self, width: int) -> str | None:
        """The text as a console of that width prints it without styles; None where only a console can tell."""
        return as_plain(self._lines, width)
