"""A comparison of two versions as text, as JSON, and as Markdown for a pull request.

The JSON is stable: `docs/authoring.md` describes its keys.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from rdflib import URIRef

from reasoner.escapes import html
from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.theory import Atom
from reasoner.render.manchester import plain_number
from reasoner.render.paragraphs import Paragraph, below_blank, paragraph
from reasoner.terms import GP, shorten
from reasoner.workbench.diff.axioms import BOTH, Axiom, Change, manchester
from reasoner.workbench.diff.classes import ClassDifference, Condition, Shift
from reasoner.workbench.diff.diff import GuidelineDiff, QuotedChange
from reasoner.workbench.diff.texts import TextChange
from reasoner.workbench.diff.witnesses import Witness
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.report import (
    Json,
    Markup,
    ReportWriter,
    block,
    bullets,
    code,
    fenced,
    marked,
    place,
    place_json,
    short_file,
    table,
)

_MOST_CONDITIONS = 2
_MOST_AXIOMS = 4
_CRITERION = "criterion"
_TITLES = {"management": "Management classes", "redFlag": "Red flags", _CRITERION: "Criteria"}


class DiffWriter(ReportWriter):
    """Writes the comparison of two guidelines, named as the caller named them."""

    def __init__(self, found: GuidelineDiff, guidelines: tuple[Guideline, Guideline], names: tuple[str, str]) -> None:
        super().__init__({**guidelines[0].prefixes, **guidelines[1].prefixes})
        self.difference, self.guidelines, self.versions = found, guidelines, names
        self.numbers = {change: i for i, change in enumerate(found.axioms, 1)}
        management = [cls.iri for guideline in guidelines for cls in guideline.catalogue.management]
        self.positions = {iri: i for i, iri in reversed(list(enumerate(management)))}
        self.flags = {iri for guideline in guidelines for iri in guideline.catalogue.red_flags}
        kinds = list(_TITLES)
        #: The management classes in reading order, then the red flags, then the other criteria.
        self.classes = sorted(found.classes, key=lambda cls: (
            kinds.index(self._kind(cls.iri)), self.positions.get(cls.iri, 0), cls.iri))  # fmt: skip
        self.shifts = [(cls, shift) for cls in self.classes for shift in cls.shifts]

    def findings(self) -> Iterator[Finding]:
        """The answers that differ, at the axioms responsible, and the texts and shapes that answers rest on."""
        found = self.difference
        shifts = [(cls.iri, self._label(cls.iri), shift) for cls, shift in self.shifts]
        for iri, label, shift in [*shifts, *(("", "patients", shift) for shift in found.patients)]:
            origins = [axiom.origin for change in shift.because for axiom in (*change.new, *change.old)]
            yield _finding("answer-differs", f"{label}: {self._shift_line(shift)}", iri, next(iter(origins), None))
        for change in (one.change for one in (*found.texts, *found.shapes)):
            yield _finding("text-differs", self._text_line(change), change.term, change.origin)

    # -- JSON --

    def document(self) -> Json:
        """The whole comparison as a JSON object."""
        found = self.difference
        return {
            "old": self.versions[0], "new": self.versions[1], "differs": found.differs,
            "profiles": found.profiles, "affected": found.affected, "share": float(found.share),
            "axioms": [{"id": self.numbers[change], **self._change(change)} for change in found.axioms],
            "classes": [self._class(cls) for cls in self.classes],
            "patients": [self._shift(shift) for shift in found.patients],
            "texts": [self._quoted(one) for one in found.texts],
            "shapes": [self._quoted(one) for one in found.shapes],
            "rewritten": [self._change(change) for change in found.rewritten],
            "wording": [self._text_change(change) for change in found.silent],
        }  # fmt: skip

    def _change(self, change: Change) -> Json:
        old, new = ([self._axiom(axiom) for axiom in side] for side in (change.old, change.new))
        return {"term": self.name(change.term), "old": old, "new": new}

    def _axiom(self, axiom: Axiom) -> Json:
        return {"axiom": manchester(axiom, self.name), **place_json(axiom.origin)}

    def _class(self, cls: ClassDifference) -> Json:
        shifts = [self._shift(shift) for shift in cls.shifts]
        return {"class": self.name(cls.iri), "label": self._label(cls.iri), "kind": self._kind(cls.iri),
                "presence": cls.presence, "changes": shifts}  # fmt: skip

    def _shift(self, shift: Shift) -> Json:
        return {
            "old": shift.old, "new": shift.new, "profiles": shift.profiles,
            "share": None if shift.profiles is None else shift.profiles / self.difference.profiles,
            "conditions": [self._terms(condition, self.name) for condition in shift.conditions],
            "axioms": [self.numbers[change] for change in shift.because],
            "witness": _witness(shift.witness),
        }  # fmt: skip

    def _quoted(self, one: QuotedChange) -> Json:
        return {**self._text_change(one.change), "witness": _witness(one.witness)}

    def _text_change(self, change: TextChange) -> Json:
        return {
            "kind": change.kind, "term": self.name(change.term), "property": self.name(change.predicate) or None,
            "old": [self._short(value) for value in change.old], "new": [self._short(value) for value in change.new],
            **place_json(change.origin),
        }  # fmt: skip

    # -- text --

    def paragraphs(self) -> Iterator[Paragraph]:
        """The comparison; the witnesses of criteria are left to the other forms."""
        found = self.difference
        yield paragraph((self.summary(), "bold"))
        yield from _section("Axioms", (block([self._numbered(one)], self._axiom_lines(one), indent=2)
                                       for one in found.axioms))  # fmt: skip
        yield from _section("Patients", (_witnessed([self._shift_line(one)], self._where(one), one.witness)
                                         for one in found.patients))  # fmt: skip
        for kind, title in _TITLES.items():
            yield from _section(title, (self._class_block(c, kind) for c in self.classes if self._kind(c.iri) == kind))
        yield from _section("Texts and links", map(self._quoted_block, found.texts))
        yield from _section("Shapes and rules", map(self._quoted_block, found.shapes))
        rewritten = (block([], self._axiom_lines(change), indent=2) for change in found.rewritten)
        yield from _section("Axioms that change no answer", rewritten)
        yield from _section("Wording", (block([self._text_line(change)], indent=2) for change in found.silent))

    def summary(self) -> str:
        """What differs, in a line."""
        found, versions = self.difference, " → ".join(self.versions)
        if not found.differs:
            return f"{versions}: no answer differs."
        counts = {("class", "classes"): len(found.classes), ("text or link", "texts or links"): len(found.texts),
                  ("shape", "shapes"): len(found.shapes)}  # fmt: skip
        counted = ", ".join(f"{count} {nouns[count != 1]}" for nouns, count in counts.items() if count)
        verb = "differs" if sum(counts.values()) == 1 else "differ"
        among = f"{found.affected:,} of {found.profiles:,} complete profiles ({_percent(float(found.share))})"
        share = f"{among} have another class" if found.affected else "no complete profile has another class"
        return f"{versions}: {counted or 'the patients that are possible'} {verb}; {share}."

    def _numbered(self, change: Change) -> str:
        return f"[{self.numbers[change]}] {self.name(change.term)}"

    def _axiom_lines(self, change: Change) -> list[str]:
        lines = []
        for mark, axioms in (("−", change.old), ("+", change.new)):
            lines += [f"{mark} {manchester(a, self.name)}  ({place(a.origin)})" for a in axioms[:_MOST_AXIOMS]]
            lines += [f"{mark} and {len(axioms) - _MOST_AXIOMS} more"] if len(axioms) > _MOST_AXIOMS else []
        return lines

    def _class_block(self, cls: ClassDifference, kind: str) -> Iterator[Paragraph]:
        yield from block([f"{self._label(cls.iri)}  ({self.name(cls.iri)}){_presence(cls)}"], indent=2)
        for shift in cls.shifts:
            lines = [self._shift_line(shift), *self._where(shift)]
            yield from block([], lines, indent=2) if kind == _CRITERION else _witnessed([], lines, shift.witness)

    def _shift_line(self, shift: Shift) -> str:
        counted = self._counted(shift, " profiles") or "records that leave something open"
        because = self._because(shift)
        return f"{shift.old} → {shift.new}: {counted}{because and f', by {because}'}"

    def _counted(self, shift: Shift, noun: str = "") -> str:
        """How many profiles differ, and which share; empty where only records that leave something open do."""
        if shift.profiles is None:
            return ""
        return f"{shift.profiles:,}{noun} ({_percent(shift.profiles / self.difference.profiles)})"

    def _because(self, shift: Shift) -> str:
        return " ".join(f"[{self.numbers[change]}]" for change in shift.because)

    def _where(self, shift: Shift) -> Iterator[str]:
        for condition in shift.conditions[:_MOST_CONDITIONS]:
            yield f"where {'; '.join(self._terms(condition, self._label)) or 'nothing is recorded'}"
        if len(shift.conditions) > _MOST_CONDITIONS:
            yield f"and {len(shift.conditions) - _MOST_CONDITIONS} more descriptions"

    def _quoted_block(self, one: QuotedChange) -> Iterator[Paragraph]:
        head = [self._text_line(one.change)]
        return _witnessed(head, (), one.witness) if one.witness else block(head, indent=2)

    def _text_line(self, change: TextChange) -> str:
        predicate = f" {self.name(change.predicate)}" if change.predicate else ""
        sides = [f"{mark} {self._short(value)}"
                 for mark, values in (("−", change.old), ("+", change.new)) for value in values]  # fmt: skip
        about = f"{change.kind} {self.name(change.term)}{predicate}{_presence(change)}  ({place(change.origin)})"
        return f"{about}: {'  '.join(sides)}" if sides else about

    # -- Markdown --

    def markdown(self) -> str:
        """The comparison for a pull request: the summary and one table, the rest to unfold."""
        found = self.difference
        rows = [self._row(cls, shift) for cls, shift in self.shifts]
        parts = [
            f"## Guideline diff\n\n{marked(self.summary())}\n",
            table(("class", "change", "profiles", "axioms"), rows),
        ]
        axioms = [line for change in found.axioms for line in (self._numbered(change), *self._axiom_lines(change))]
        shown = fenced("".join(f"{line}\n" for line in axioms).replace("−", "-"), "diff")
        parts += [f"### Axioms\n{shown}"] if axioms else []
        for title, quoted in (("Texts and links", found.texts), ("Shapes and rules", found.shapes)):
            lines = bullets(self._text_line(one.change) for one in quoted)
            parts += [f"### {title}\n\n{lines}"] if lines else []
        titled = [("Patients", shift) for shift in found.patients]
        for title, shift in [*titled, *((self.name(cls.iri), shift) for cls, shift in self.shifts)]:
            where = bullets(self._where(shift)) + _shown(shift.witness)
            parts.append(_folded(f"{title}: {self._shift_line(shift)}", where))
        parts += [_folded(f"{one.change.kind} {self.name(one.change.term)}", _shown(one.witness))
                  for one in (*found.texts, *found.shapes) if one.witness]  # fmt: skip
        silent = [line for change in found.rewritten for line in self._axiom_lines(change)]
        silent += map(self._text_line, found.silent)
        body = fenced("".join(f"{line}\n" for line in silent), "text")
        parts += [_folded("Changes that no answer rests on", body)] if silent else []
        return "\n".join(filter(None, parts))

    def _row(self, cls: ClassDifference, shift: Shift) -> tuple[str, ...]:
        counted = self._counted(shift) or "open records"
        named = f"{marked(self._label(cls.iri))} {code(self.name(cls.iri))}"
        return Markup(named), f"{shift.old} → {shift.new}", counted, self._because(shift)

    # -- names --

    def _kind(self, iri: str) -> str:
        return "management" if iri in self.positions else "redFlag" if iri in self.flags else _CRITERION

    def _label(self, iri: str) -> str:
        """The label, in the new version's words where it has the term."""
        found = (guideline.catalogue.labels.get(iri) for guideline in reversed(self.guidelines))
        return next((label for label in found if label), self.name(iri))

    def _short(self, value: str) -> str:
        return shorten(value, self.prefixes)

    def _terms(self, condition: Condition, name: Callable[[str], str]) -> list[str]:
        """The conditions that describe a record; that a value is there is left out where the value is named."""
        named = {atom.path[:length] for atom, _ in condition if atom.kind != "exists"
                 for length in range(len(atom.path) + 1)}  # fmt: skip
        return [self._literal(atom, truth, name) for atom, truth in condition
                if atom.kind != "exists" or not truth or atom.path not in named]  # fmt: skip

    def _literal(self, atom: Atom, truth: bool, name: Callable[[str], str]) -> str:
        """A condition, or its complement, in few words."""
        path = " ".join(map(name, atom.path))
        if atom.kind == "above":
            sign = (">" if atom.strict else ">=") if truth else "<=" if atom.strict else "<"
            return f"{path} {sign} {plain_number(atom.bound)}{self._unit(atom.path[-1])}"
        shown = {"exists": path, "class": name(atom.target)}.get(atom.kind, f"{path} {name(atom.target)}")
        return shown if truth else f"not {shown}"

    def _unit(self, prop: str) -> str:
        units = (guideline.graph.value(URIRef(prop), GP.unit) for guideline in reversed(self.guidelines))
        return next((f" {unit}" for unit in units if unit), "")


def _presence(one: ClassDifference | TextChange) -> str:
    return "" if one.presence == BOTH else f": {one.presence}"


def _percent(share: float) -> str:
    return f"{share:.2%}" if share >= 0.0001 or not share else "<0.01%"


def _witness(witness: Witness | None) -> Json | None:
    return None if witness is None else {"turtle": witness.turtle, "acceptedBy": list(witness.accepted_by)}


def _shown(witness: Witness | None) -> str:
    return fenced(witness.turtle) if witness else "\nNo record shows it.\n"


def _folded(title: str, body: str) -> str:
    return f"<details><summary>{html(title)}</summary>\n\n{body}\n</details>\n"


def _section(title: str, blocks: Iterable[Iterable[Paragraph]]) -> Iterator[Paragraph]:
    """Blocks below a title; nothing where there is none."""
    found = list(chain.from_iterable(blocks))
    return chain(below_blank((title, "bold")) if found else (), found)


def _witnessed(head: list[str], lines: Iterable[str], witness: Witness | None) -> Iterator[Paragraph]:
    """A block with a record that shows it, or with the statement that none does."""
    if witness is None:
        return block(head, [*lines, "no record shows it"], indent=2)
    only = (
        "" if len(witness.accepted_by) == 2 else f", which only the {' or '.join(witness.accepted_by)} version accepts"
    )
    compact = "\n".join(filter(None, witness.turtle.splitlines()))
    return block(head, [*lines, f"witness{only}:"], compact, indent=2)


def _finding(code: str, what: str, term: str, origin: Origin | None) -> Finding:
    where = Origin(term, short_file(origin), origin.line) if origin else Origin(term, "", None)
    docs = f"{DOCUMENT}#what-diff-compares"
    return Finding(code, Severity.WARNING, what, where, "see that the change is meant", docs)
