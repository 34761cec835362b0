"""A comparison of two versions as text, as JSON, and as Markdown for a pull request.

The JSON is stable: `docs/authoring.md` describes its keys.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from rdflib import URIRef
from rich.console import Console
from rich.text import Text

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.theory import Atom
from reasoner.render.manchester import plain_number
from reasoner.terms import GP, shorten
from reasoner.workbench.diff.axioms import Axiom, Change, manchester
from reasoner.workbench.diff.classes import BOTH, ClassDifference, Condition, Shift
from reasoner.workbench.diff.diff import GuidelineDiff, QuotedChange
from reasoner.workbench.diff.texts import TextChange
from reasoner.workbench.diff.witnesses import Witness
from reasoner.workbench.finding import DOCUMENT, Finding, Severity
from reasoner.workbench.report import (
    Json,
    ReportBlock,
    ReportWriter,
    bullets,
    fenced,
    place,
    place_json,
    short_file,
    table,
)

_MOST_CONDITIONS = 2
_MOST_AXIOMS = 4
_MANAGEMENT, _RED_FLAG, _CRITERION = "management", "redFlag", "criterion"
_TITLES = {_MANAGEMENT: "Management classes", _RED_FLAG: "Red flags", _CRITERION: "Criteria"}


class DiffWriter(ReportWriter):
    """Writes the comparison of two guidelines, named as the caller named them."""

    def __init__(self, found: GuidelineDiff, guidelines: tuple[Guideline, Guideline], names: tuple[str, str]) -> None:
        super().__init__({**guidelines[0].prefixes, **guidelines[1].prefixes})
        self.difference, self.guidelines, self.versions = found, guidelines, names
        self.numbers = {change: i for i, change in enumerate(found.axioms, 1)}
        management = [cls.iri for guideline in guidelines for cls in guideline.catalogue.management]
        self.positions = {iri: i for i, iri in reversed(list(enumerate(management)))}
        self.flags = {iri for guideline in guidelines for iri in guideline.catalogue.red_flags}

    def findings(self) -> Iterator[Finding]:
        """The answers that differ, at the axioms responsible, and the texts and shapes that answers rest on."""
        found = self.difference
        shifts = [(cls.iri, shift) for cls in self._ordered() for shift in cls.shifts]
        for iri, shift in [*shifts, *(("", shift) for shift in found.patients)]:
            origins = [axiom.origin for change in shift.because for axiom in (*change.new, *change.old)]
            what = f"{self._label(iri) if iri else 'patients'}: {self._shift_line(shift)}"
            yield _finding("answer-differs", what, iri, next(iter(origins), None))
        for one in (*found.texts, *found.shapes):
            change = one.change
            yield _finding("text-differs", self._text_line(change), change.term, change.new_origin or change.old_origin)

    # -- JSON --

    def document(self) -> Json:
        """The whole comparison as a JSON object."""
        found = self.difference
        return {
            "old": self.versions[0], "new": self.versions[1], "differs": found.differs,
            "profiles": found.profiles, "affected": found.affected, "share": float(found.share),
            "axioms": [{"id": self.numbers[change], **self._change(change)} for change in found.axioms],
            "classes": [self._class(cls) for cls in self._ordered()],
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
            "old": shift.old, "new": shift.new, "profiles": shift.profiles, "share": self._share(shift),
            "conditions": [self._terms(condition, self.name) for condition in shift.conditions],
            "axioms": [self.numbers[change] for change in shift.because],
            "witness": _witness(shift.witness),
        }  # fmt: skip

    def _share(self, shift: Shift) -> float | None:
        return None if shift.profiles is None else shift.profiles / self.difference.profiles

    def _quoted(self, one: QuotedChange) -> Json:
        return {**self._text_change(one.change), "witness": _witness(one.witness)}

    def _text_change(self, change: TextChange) -> Json:
        origin = change.new_origin or change.old_origin
        return {
            "kind": change.kind, "term": self.name(change.term), "property": self.name(change.predicate) or None,
            "old": [self._short(value) for value in change.old], "new": [self._short(value) for value in change.new],
            **(place_json(origin) if origin else {"file": None, "line": None}),
        }  # fmt: skip

    # -- text --

    def text(self, console: Console) -> None:
        """Print the comparison; the witnesses of criteria are left to the other forms."""
        found = self.difference
        console.print(Text(self.summary(), style="bold"))
        self._print(console, "Axioms", map(self._axiom_block, found.axioms))
        self._print(console, "Patients", map(self._patient_block, found.patients))
        for kind, title in _TITLES.items():
            mine = [cls for cls in self._ordered() if self._kind(cls.iri) == kind]
            self._print(console, title, (block for cls in mine for block in self._class_blocks(cls, kind)))
        self._print(console, "Texts and links", map(self._quoted_block, found.texts))
        self._print(console, "Shapes and rules", map(self._quoted_block, found.shapes))
        rewritten = (ReportBlock((), self._axiom_lines(change), apart=False) for change in found.rewritten)
        self._print(console, "Axioms that change no answer", rewritten)
        wording = (ReportBlock((self._text_line(change),), apart=False) for change in found.silent)
        self._print(console, "Wording", wording)

    def _print(self, console: Console, title: str, blocks: Iterable[ReportBlock]) -> None:
        for i, block in enumerate(blocks):
            if not i:
                console.print(Text(f"\n{title}", style="bold"))
            block.print(console, 2)

    def summary(self) -> str:
        """What differs, in a line."""
        found, versions = self.difference, " → ".join(self.versions)
        if not found.differs:
            return f"{versions}: no answer differs."
        counts = {("class", "classes"): len(found.classes), ("text or link", "texts or links"): len(found.texts),
                  ("shape", "shapes"): len(found.shapes)}  # fmt: skip
        counted = ", ".join(f"{count} {nouns[count != 1]}" for nouns, count in counts.items() if count)
        verb = "differs" if sum(counts.values()) == 1 else "differ"
        among = f"{found.affected:,} of {found.profiles:,} complete profiles ({_percent(found.share)})"
        share = f"{among} have another class" if found.affected else "no complete profile has another class"
        return f"{versions}: {counted or 'the patients that are possible'} {verb}; {share}."

    def _axiom_block(self, change: Change) -> ReportBlock:
        return ReportBlock(
            (f"[{self.numbers[change]}] {self.name(change.term)}",), self._axiom_lines(change), apart=False
        )

    def _axiom_lines(self, change: Change) -> list[str]:
        lines = []
        for mark, axioms in (("−", change.old), ("+", change.new)):
            lines += [f"{mark} {manchester(a, self.name)}  ({place(a.origin)})" for a in axioms[:_MOST_AXIOMS]]
            lines += [f"{mark} and {len(axioms) - _MOST_AXIOMS} more"] if len(axioms) > _MOST_AXIOMS else []
        return lines

    def _class_blocks(self, cls: ClassDifference, kind: str) -> Iterator[ReportBlock]:
        presence = "" if cls.presence == BOTH else f": {cls.presence}"
        yield ReportBlock((f"{self._label(cls.iri)}  ({self.name(cls.iri)}){presence}",), apart=False)
        for shift in cls.shifts:
            lines = [self._shift_line(shift), *self._where(shift)]
            if kind == _CRITERION:
                yield ReportBlock((), lines, apart=False)
            else:
                yield _witnessed((), lines, shift.witness)

    def _patient_block(self, shift: Shift) -> ReportBlock:
        return _witnessed((self._shift_line(shift),), self._where(shift), shift.witness)

    def _shift_line(self, shift: Shift) -> str:
        share = self._share(shift)
        counted = (
            "records that leave something open" if share is None else f"{shift.profiles:,} profiles ({_percent(share)})"
        )
        because = "".join(f" [{self.numbers[change]}]" for change in shift.because)
        return f"{shift.old} → {shift.new}: {counted}{f', by{because}' if because else ''}"

    def _where(self, shift: Shift) -> Iterator[str]:
        for condition in shift.conditions[:_MOST_CONDITIONS]:
            yield f"where {'; '.join(self._terms(condition, self._label)) or 'nothing is recorded'}"
        if len(shift.conditions) > _MOST_CONDITIONS:
            yield f"and {len(shift.conditions) - _MOST_CONDITIONS} more descriptions"

    def _quoted_block(self, one: QuotedChange) -> ReportBlock:
        head = (self._text_line(one.change),)
        return _witnessed(head, (), one.witness) if one.witness else ReportBlock(head, apart=False)

    def _text_line(self, change: TextChange) -> str:
        origin = change.new_origin or change.old_origin
        where = f"  ({place(origin)})" if origin else ""
        predicate = f" {self.name(change.predicate)}" if change.predicate else ""
        gone = "" if change.predicate else ": removed" if change.new_origin is None else ": added"
        sides = [f"{mark} {self._short(value)}"
                 for mark, values in (("−", change.old), ("+", change.new)) for value in values]  # fmt: skip
        about = f"{change.kind} {self.name(change.term)}{predicate}{gone}{where}"
        return f"{about}: {'  '.join(sides)}" if sides else about

    # -- Markdown --

    def markdown(self) -> str:
        """The comparison for a pull request: the summary and one table, the rest to unfold."""
        found = self.difference
        parts = [f"## Guideline diff\n\n{self.summary()}\n"]
        parts += [table(("class", "change", "profiles", "axioms"),
                        [self._row(cls, shift) for cls in self._ordered() for shift in cls.shifts])]  # fmt: skip
        blocks = [self._axiom_block(change) for change in found.axioms]
        axioms = "".join(f"{line}\n" for one in blocks for line in (*map(str, one.head), *one.lines))
        parts += [f"### Axioms\n\n```diff\n{axioms.replace('−', '-')}```\n"] if axioms else []
        for title, quoted in (("Texts and links", found.texts), ("Shapes and rules", found.shapes)):
            lines = bullets(self._text_line(one.change) for one in quoted)
            parts += [f"### {title}\n\n{lines}"] if lines else []
        parts += [self._details("Patients", shift) for shift in found.patients]
        parts += [self._details(self.name(cls.iri), shift) for cls in self._ordered() for shift in cls.shifts]
        parts += [_folded(f"{one.change.kind} {self.name(one.change.term)}", "", one.witness)
                  for one in (*found.texts, *found.shapes) if one.witness]  # fmt: skip
        silent = [line for change in found.rewritten for line in self._axiom_lines(change)]
        silent += map(self._text_line, found.silent)
        if silent:
            body = "\n\n```text\n" + "\n".join(silent) + "\n```\n"
            parts.append(f"<details><summary>Changes that no answer rests on</summary>{body}\n</details>\n")
        return "\n".join(filter(None, parts))

    def _row(self, cls: ClassDifference, shift: Shift) -> Sequence[str]:
        share = self._share(shift)
        counted = "open records" if share is None else f"{shift.profiles:,} ({_percent(share)})"
        because = " ".join(f"[{self.numbers[change]}]" for change in shift.because)
        return f"{self._label(cls.iri)} `{self.name(cls.iri)}`", f"{shift.old} → {shift.new}", counted, because

    def _details(self, title: str, shift: Shift) -> str:
        return _folded(f"{title}: {self._shift_line(shift)}", bullets(self._where(shift)), shift.witness)

    # -- names --

    def _ordered(self) -> list[ClassDifference]:
        """The management classes in reading order, then the red flags, then the other criteria."""
        kinds = list(_TITLES)
        return sorted(self.difference.classes,
                      key=lambda c: (kinds.index(self._kind(c.iri)), self.positions.get(c.iri, 0), c.iri))  # fmt: skip

    def _kind(self, iri: str) -> str:
        return _MANAGEMENT if iri in self.positions else _RED_FLAG if iri in self.flags else _CRITERION

    def _label(self, iri: str) -> str:
        """The label, in the new version's words where it has the term."""
        found = (guideline.catalogue.labels.get(iri) for guideline in reversed(self.guidelines))
        return next((label for label in found if label), self.name(iri))

    def _short(self, value: str) -> str:
        return shorten(value, self.prefixes)

    def _terms(self, condition: Condition, name: Any) -> list[str]:
        """The conditions that describe a record; that a value is there is left out where the value is named."""
        named = {atom.path for atom, _ in condition if atom.kind != "exists"}
        return [self._literal(atom, truth, name) for atom, truth in condition
                if atom.kind != "exists" or not truth
                or not any(path[: len(atom.path)] == atom.path for path in named)]  # fmt: skip

    def _literal(self, atom: Atom, truth: bool, name: Any) -> str:
        """A condition, or its complement, in few words."""
        path = " ".join(name(prop) for prop in atom.path)
        if atom.kind == "above":
            sign = {(True, True): ">", (True, False): ">=", (False, True): "<=", (False, False): "<"}[
                truth, atom.strict
            ]
            return f"{path} {sign} {plain_number(atom.bound)}{self._unit(atom.path[-1])}"
        denied = "" if truth else "not "
        if atom.kind == "exists":
            return f"{denied}{path}"
        return f"{denied}{name(atom.target)}" if atom.kind == "class" else f"{denied}{path} {name(atom.target)}"

    def _unit(self, prop: str) -> str:
        units = (guideline.graph.value(URIRef(prop), GP.unit) for guideline in reversed(self.guidelines))
        return next((f" {unit}" for unit in units if unit), "")


def _witness(witness: Witness | None) -> dict[str, Any] | None:
    if witness is None:
        return None
    accepted = [name for name, yes in (("old", witness.old_accepts), ("new", witness.new_accepts)) if yes]
    return {"turtle": witness.turtle, "acceptedBy": accepted}


def _accepted(witness: Witness) -> str:
    if witness.old_accepts and witness.new_accepts:
        return ""
    return f", which only the {'old' if witness.old_accepts else 'new'} version accepts"


def _folded(title: str, body: str, witness: Witness | None) -> str:
    shown = fenced(witness.turtle) if witness else "\nNo record shows it.\n"
    return f"<details><summary>{title}</summary>\n\n{body}{shown}\n</details>\n"


def _percent(share: Any) -> str:
    return f"{float(share):.2%}" if share >= 0.0001 or not share else "<0.01%"


def _witnessed(head: tuple[str, ...], lines: Iterable[str], witness: Witness | None) -> ReportBlock:
    """A block with a record that shows it, or with the statement that none does."""
    if witness is None:
        return ReportBlock(head, [*lines, "no record shows it"], apart=False)
    compact = "\n".join(filter(None, witness.turtle.splitlines()))
    return ReportBlock(head, [*lines, f"witness{_accepted(witness)}:"], compact, apart=False)


def _finding(code: str, what: str, term: str, origin: Origin | None) -> Finding:
    where = Origin(term, short_file(origin), origin.line) if origin else Origin(term, "", None)
    return Finding(
        code, Severity.WARNING, what, where, "see that the change is meant", f"{DOCUMENT}#what-diff-compares"
    )
