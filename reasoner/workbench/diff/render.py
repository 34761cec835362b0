"""A comparison of two versions as text, as JSON, and as Markdown for a pull request.

The JSON is stable: `docs/authoring.md` describes its keys.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath
from typing import Any

from rdflib import URIRef
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.theory import Atom
from reasoner.terms import GP, curie, shorten
from reasoner.workbench.diff.axioms import Axiom, Change, manchester, number
from reasoner.workbench.diff.classes import BOTH, ClassDifference, Condition, Shift
from reasoner.workbench.diff.diff import Difference, Told
from reasoner.workbench.diff.texts import TextChange
from reasoner.workbench.diff.witnesses import Witness

_MOST_CONDITIONS = 2
_MOST_AXIOMS = 4
#: Lines that stand further in are Turtle, and are not broken.
_VERBATIM = 6
_MANAGEMENT, _RED_FLAG, _CRITERION = "management", "redFlag", "criterion"
_TITLES = {_MANAGEMENT: "Management classes", _RED_FLAG: "Red flags", _CRITERION: "Criteria"}


class DiffRenderer:
    """Writes the comparison of two guidelines, named as the caller named them."""

    def __init__(self, difference: Difference, guidelines: tuple[Guideline, Guideline], names: tuple[str, str]) -> None:
        self.difference, self.guidelines, self.names = difference, guidelines, names
        self.prefixes = {**guidelines[0].prefixes, **guidelines[1].prefixes}
        self.numbers = {change: i for i, change in enumerate(difference.axioms, 1)}
        management = [cls.iri for guideline in guidelines for cls in guideline.catalogue.management]
        self._places = {iri: i for i, iri in reversed(list(enumerate(management)))}
        self._flags = {iri for guideline in guidelines for iri in guideline.catalogue.red_flags}

    # -- JSON --

    def json(self) -> str:
        """The whole comparison as a JSON object."""
        found = self.difference
        document = {
            "old": self.names[0], "new": self.names[1], "differs": found.differs,
            "profiles": found.profiles, "affected": found.affected, "share": float(found.share),
            "axioms": [{"id": self.numbers[change], **self._change(change)} for change in found.axioms],
            "classes": [self._class(cls) for cls in self._ordered()],
            "patients": [self._shift(shift) for shift in found.patients],
            "texts": [self._told(told) for told in found.texts],
            "shapes": [self._told(told) for told in found.shapes],
            "rewritten": [self._change(change) for change in found.rewritten],
            "wording": [self._text_change(change) for change in found.silent],
        }  # fmt: skip
        return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

    def _change(self, change: Change) -> dict[str, Any]:
        old, new = ([self._axiom(axiom) for axiom in side] for side in (change.old, change.new))
        return {"term": self._name(change.term), "old": old, "new": new}

    def _axiom(self, axiom: Axiom) -> dict[str, Any]:
        return {"axiom": manchester(axiom, self._name), "file": _file(axiom.origin), "line": axiom.origin.line}

    def _class(self, cls: ClassDifference) -> dict[str, Any]:
        shifts = [self._shift(shift) for shift in cls.shifts]
        return {"class": self._name(cls.iri), "label": self._label(cls.iri), "kind": self._kind(cls.iri),
                "presence": cls.presence, "changes": shifts}  # fmt: skip

    def _shift(self, shift: Shift) -> dict[str, Any]:
        return {
            "old": shift.old, "new": shift.new, "profiles": shift.profiles, "share": self._share(shift),
            "conditions": [self._terms(condition, self._name) for condition in shift.conditions],
            "axioms": [self.numbers[change] for change in shift.because],
            "witness": _witness(shift.witness),
        }  # fmt: skip

    def _share(self, shift: Shift) -> float | None:
        return None if shift.profiles is None else shift.profiles / self.difference.profiles

    def _told(self, told: Told) -> dict[str, Any]:
        return {**self._text_change(told.change), "witness": _witness(told.witness)}

    def _text_change(self, change: TextChange) -> dict[str, Any]:
        place = change.new_place or change.old_place
        return {
            "kind": change.kind, "term": self._name(change.term), "property": self._name(change.predicate) or None,
            "old": [self._short(value) for value in change.old], "new": [self._short(value) for value in change.new],
            "file": _file(place) if place else None, "line": place.line if place else None,
        }  # fmt: skip

    # -- text --

    def text(self, console: Console) -> None:
        """Print the comparison; the witnesses of criteria are left to the other forms."""
        found = self.difference
        console.print(Text(self.summary(), style="bold"))
        self._print_all(console, "Axioms", (self._axiom_lines(change) for change in found.axioms))
        self._print_all(console, "Patients", map(self._patient_lines, found.patients))
        for kind, title in _TITLES.items():
            mine = (self._class_lines(cls, kind) for cls in self._ordered() if self._kind(cls.iri) == kind)
            self._print_all(console, title, mine)
        self._print_all(console, "Texts and links", map(self._told_lines, found.texts))
        self._print_all(console, "Shapes and rules", map(self._told_lines, found.shapes))
        self._print_all(console, "Axioms that change no answer", map(self._rewritten_lines, found.rewritten))
        self._print_all(console, "Wording", ([self._text_line(change)] for change in found.silent))

    def _print_all(self, console: Console, title: str, blocks: Iterable[list[str]]) -> None:
        for i, lines in enumerate(blocks):
            if not i:
                console.print(Text(f"\n{title}", style="bold"))
            for line in lines:
                indent = len(line) - len(line.lstrip())
                if indent >= _VERBATIM:
                    console.print(Text(f"  {line}", style="cyan"), soft_wrap=True)
                else:
                    console.print(Padding(Text(line.strip()), (0, 0, 0, 2 + indent), expand=False))

    def summary(self) -> str:
        """What differs, in a line."""
        found = self.difference
        if not found.differs:
            return f"{self.names[0]} → {self.names[1]}: no answer differs."
        counts = {("class", "classes"): len(found.classes), ("text or link", "texts or links"): len(found.texts),
                  ("shape", "shapes"): len(found.shapes)}  # fmt: skip
        told = ", ".join(f"{count} {words[count != 1]}" for words, count in counts.items() if count)
        verb = "differs" if sum(counts.values()) == 1 else "differ"
        among = (
            f"{found.affected:,} of {found.profiles:,} complete profiles ({_percent(found.share)}) have another class"
        )
        share = among if found.affected else "no complete profile has another class"
        named = f"{told or 'the patients that are possible'} {verb}"
        return f"{self.names[0]} → {self.names[1]}: {named}; {share}."

    def _axiom_lines(self, change: Change) -> list[str]:
        return [f"[{self.numbers[change]}] {self._name(change.term)}", *self._rewritten_lines(change)]

    def _rewritten_lines(self, change: Change) -> list[str]:
        lines = []
        for mark, axioms in (("−", change.old), ("+", change.new)):
            lines += [f"    {mark} {manchester(a, self._name)}  ({_place(a.origin)})" for a in axioms[:_MOST_AXIOMS]]
            lines += [f"    {mark} and {len(axioms) - _MOST_AXIOMS} more"] if len(axioms) > _MOST_AXIOMS else []
        return lines

    def _class_lines(self, cls: ClassDifference, kind: str) -> list[str]:
        presence = "" if cls.presence == BOTH else f": {cls.presence}"
        lines = [f"{self._label(cls.iri)}  ({self._name(cls.iri)}){presence}"]
        for shift in cls.shifts:
            lines += [f"    {self._shift_line(shift)}", *self._where(shift)]
            lines += self._witness_lines(shift.witness) if kind != _CRITERION else []
        return lines

    def _patient_lines(self, shift: Shift) -> list[str]:
        return [self._shift_line(shift), *self._where(shift), *self._witness_lines(shift.witness)]

    def _shift_line(self, shift: Shift) -> str:
        share = self._share(shift)
        counted = (
            "records that leave something open" if share is None else f"{shift.profiles:,} profiles ({_percent(share)})"
        )
        because = "".join(f" [{self.numbers[change]}]" for change in shift.because)
        return f"{shift.old} → {shift.new}: {counted}{f', by{because}' if because else ''}"

    def _where(self, shift: Shift) -> Iterator[str]:
        for condition in shift.conditions[:_MOST_CONDITIONS]:
            yield f"    where {'; '.join(self._terms(condition, self._label)) or 'nothing is recorded'}"
        if len(shift.conditions) > _MOST_CONDITIONS:
            yield f"    and {len(shift.conditions) - _MOST_CONDITIONS} more descriptions"

    def _witness_lines(self, witness: Witness | None) -> list[str]:
        if witness is None:
            return ["    no record shows it"]
        return [f"    witness{_accepted(witness)}:", *(f"      {line}" for line in witness.turtle.splitlines() if line)]

    def _told_lines(self, told: Told) -> list[str]:
        shown = self._witness_lines(told.witness) if told.witness else []
        return [self._text_line(told.change), *shown]

    def _text_line(self, change: TextChange) -> str:
        place = change.new_place or change.old_place
        where = f"  ({_place(place)})" if place else ""
        about = (
            f"{change.kind} {self._name(change.term)}{f' {self._name(change.predicate)}' if change.predicate else ''}"
        )
        sides = [
            f"{mark} {self._short(value)}"
            for mark, values in (("−", change.old), ("+", change.new))
            for value in values
        ]
        gone = "" if change.predicate else ": removed" if change.new_place is None else ": added"
        return f"{about}{gone}{where}: {'  '.join(sides)}" if sides else f"{about}{gone}{where}"

    # -- Markdown --

    def markdown(self) -> str:
        """The comparison for a pull request: the summary and one table, the rest to unfold."""
        found = self.difference
        parts = [f"## Guideline diff\n\n{self.summary()}\n"]
        rows = [self._row(cls, shift) for cls in self._ordered() for shift in cls.shifts]
        if rows:
            parts.append("| class | change | profiles | axioms |\n|---|---|---|---|\n" + "".join(rows))
        parts += self._list("Axioms", [f"{line.strip()}\n" for c in found.axioms for line in self._axiom_lines(c)])
        parts += self._list("Texts and links", [f"- {self._text_line(told.change)}\n" for told in found.texts])
        parts += self._list("Shapes and rules", [f"- {self._text_line(told.change)}\n" for told in found.shapes])
        parts += [self._details(title, shift) for title, shift in self._shifts()]
        parts += [self._told_details(told) for told in (*found.texts, *found.shapes) if told.witness]
        silent = [line.strip() for change in found.rewritten for line in self._rewritten_lines(change)]
        silent += [self._text_line(change) for change in found.silent]
        if silent:
            body = "\n".join(silent)
            parts.append(
                f"<details><summary>Changes that no answer rests on</summary>\n\n```text\n{body}\n```\n\n</details>\n"
            )
        return "\n".join(parts)

    def _row(self, cls: ClassDifference, shift: Shift) -> str:
        share = self._share(shift)
        counted = "open records" if share is None else f"{shift.profiles:,} ({_percent(share)})"
        because = " ".join(f"[{self.numbers[change]}]" for change in shift.because)
        return (
            f"| {self._label(cls.iri)} `{self._name(cls.iri)}` | {shift.old} → {shift.new} | {counted} | {because} |\n"
        )

    def _list(self, title: str, lines: Sequence[str]) -> list[str]:
        if not lines:
            return []
        body = "".join(lines) if lines[0].startswith("- ") else "```diff\n" + "".join(lines).replace("−", "-") + "```\n"
        return [f"### {title}\n\n{body}"]

    def _shifts(self) -> Iterator[tuple[str, Shift]]:
        for shift in self.difference.patients:
            yield "Patients", shift
        for cls in self._ordered():
            for shift in cls.shifts:
                yield self._name(cls.iri), shift

    def _details(self, title: str, shift: Shift) -> str:
        lines = "".join(f"- {line.strip()}\n" for line in self._where(shift))
        return _folded(f"{title}: {self._shift_line(shift)}", lines, shift.witness)

    def _told_details(self, told: Told) -> str:
        return _folded(f"{told.change.kind} {self._name(told.change.term)}", "", told.witness)

    # -- names --

    def _ordered(self) -> list[ClassDifference]:
        """The management classes in reading order, then the red flags, then the other criteria."""
        kinds = list(_TITLES)
        return sorted(self.difference.classes,
                      key=lambda c: (kinds.index(self._kind(c.iri)), self._places.get(c.iri, 0), c.iri))  # fmt: skip

    def _kind(self, iri: str) -> str:
        return _MANAGEMENT if iri in self._places else _RED_FLAG if iri in self._flags else _CRITERION

    def _name(self, iri: str) -> str:
        return curie(iri, self.prefixes)

    def _label(self, iri: str) -> str:
        """The label, in the new version's words where it has the term."""
        found = (guideline.catalogue.labels.get(iri) for guideline in reversed(self.guidelines))
        return next((label for label in found if label), self._name(iri))

    def _short(self, value: str) -> str:
        return shorten(value, self.prefixes)

    def _terms(self, condition: Condition, name: Any) -> list[str]:
        """The conditions that describe a record; that a value is there is left out where the value is spoken of."""
        spoken = {atom.path for atom, _ in condition if atom.kind != "exists"}
        return [self._literal(atom, truth, name) for atom, truth in condition
                if atom.kind != "exists" or not truth
                or not any(path[: len(atom.path)] == atom.path for path in spoken)]  # fmt: skip

    def _literal(self, atom: Atom, truth: bool, name: Any) -> str:
        """A condition, or its complement, in few words."""
        path = " ".join(name(prop) for prop in atom.path)
        if atom.kind == "above":
            sign = {(True, True): ">", (True, False): ">=", (False, True): "<=", (False, False): "<"}[
                truth, atom.strict
            ]
            return f"{path} {sign} {number(atom.bound)}{self._unit(atom.path[-1])}"
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
    shown = f"\n```turtle\n{witness.turtle}```\n" if witness else "\nNo record shows it.\n"
    return f"<details><summary>{title}</summary>\n\n{body}{shown}\n</details>\n"


def _file(origin: Origin) -> str:
    """A file by its place in the guideline, not on the machine."""
    path = PurePath(origin.file)
    return f"{path.parent.name}/{path.name}" if path.parent.name in ("ontology", "shapes") else path.name


def _place(origin: Origin) -> str:
    return f"{_file(origin)}:{origin.line}"


def _percent(share: Any) -> str:
    return f"{float(share):.2%}" if share >= 0.0001 or not share else "<0.01%"
