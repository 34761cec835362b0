"""Mutants of a guideline: each with one small change to its axioms, as an author might make by mistake.

The changes are made to the axioms as they are read, never to text. Those of the core vocabulary are left alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from msgspec.structs import replace

from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import BOTTOM, And, Expr, Name, Not, Or, Some, Threshold
from reasoner.logic.owl import Axioms
from reasoner.logic.translate import ROOT, Translator
from reasoner.render.manchester import ExpressionWriter
from reasoner.terms import curie
from reasoner.workbench.lookup import Rebuild, between

#: What each operator does.
OPERATORS = {
    "drop": "a condition is left out of a definition",
    "negate": "a condition is turned into its opposite",
    "swap": "and stands for or, or or for and",
    "threshold": "a number is moved by one unit, or counts for the other side of itself",
    "drop-superclass": "an axiom that puts one class below another is left out",
    "drop-disjointness": "an axiom that keeps classes apart is left out",
    "drop-difference": "individuals are no longer declared different",
    "drop-closing": "an act that unrecorded means absent is unknown where it is not recorded",
}
#: One unit of the quantity.
STEP = Decimal(1)
_CORE = "core.ttl"
_OTHER_SIDE = {">=": ">", ">": ">=", "<=": "<", "<": "<="}


@dataclass(frozen=True)
class Mutant:
    """One change. One of the last four fields is set: the new definition, or what is left out."""

    operator: str
    term: str
    what: str
    origin: Origin
    definition: Expr | None = None
    inclusion: int | None = None
    individuals: frozenset[str] = frozenset()
    act: str = ""

    def apply(self, axioms: Axioms) -> Axioms:
        """The axioms with the change; those of the guideline where it is not one of axioms."""
        if self.definition is not None:
            changed = {**axioms.definitions, self.term: (self.definition, self.origin)}
            return replace(axioms, definitions=changed)
        if self.inclusion is not None:
            left = [one for i, one in enumerate(axioms.inclusions) if i != self.inclusion]
            return replace(axioms, inclusions=left)
        different = {pair: origin for pair, origin in axioms.different.items() if not pair <= self.individuals}
        return replace(axioms, different=different)


def mutants(axioms: Axioms, closable: Iterable[str], prefixes: Mapping[str, str]) -> tuple[Mutant, ...]:
    """Every mutant of a guideline's own axioms, by file and line; `closable` acts are absent where unrecorded."""
    writer = ExpressionWriter(lambda iri: curie(iri, prefixes))
    found = [*_of_definitions(axioms, writer), *_of_inclusions(axioms, writer), *_of_individuals(axioms, writer)]
    for act in closable:
        if act in axioms.classes and _own(axioms.classes[act]):
            what = f"{writer.name(act)} is unknown where nobody recorded it"
            found.append(Mutant("drop-closing", act, what, axioms.classes[act], act=act))
    rank = list(OPERATORS)
    return tuple(sorted(found, key=lambda m: (m.origin.file, m.origin.line or 0, rank.index(m.operator), m.what)))


def _own(origin: Origin) -> bool:
    return Path(origin.file).name != _CORE


def _of_definitions(axioms: Axioms, writer: ExpressionWriter) -> Iterator[Mutant]:
    patients = Translator(axioms).patient_level
    for iri, (expr, origin) in axioms.definitions.items():
        known = {expr}
        of_patients = iri in patients
        for operator, what, changed in _changes(expr, writer, axioms, of_patients) if _own(origin) else ():
            if changed not in known:
                known.add(changed)
                yield Mutant(operator, iri, f"{writer.name(iri)}: {what}", origin, definition=changed)


def _changes(
    expr: Expr, writer: ExpressionWriter, axioms: Axioms, of_patients: bool
) -> Iterator[tuple[str, str, Expr]]:
    """The operator, what it does, and the whole expression after it, for each part of `expr`."""
    for part, rebuild, guarded in _parts_of(expr, lambda whole: whole, axioms, of_patients):
        for operator, what, changed in _of_part(part, writer):
            yield operator, what, rebuild(_guarded(changed, guarded))


def _of_part(part: Expr, writer: ExpressionWriter) -> Iterator[tuple[str, str, Expr]]:
    match part:
        case And(parts) | Or(parts):
            yield from _of_junction(part, parts, writer)
        case Not(inner):
            yield "negate", f"{writer.brief(inner)} instead of {writer.brief(part)}", inner
        case _:
            yield "negate", f"not {writer.brief(part)} instead of {writer.brief(part)}", Not(part)
            if isinstance(part, Threshold):
                for moved in _moved(part):
                    yield "threshold", f"{writer.brief(moved)} instead of {writer.brief(part)}", moved


def _guarded(expr: Expr, guarded: bool) -> Expr:
    """An expression about patients with nobody else in it: without its guard it could be outside the fragment."""
    return And((Name(ROOT), expr)) if guarded else expr


def _parts_of(expr: Expr, rebuild: Rebuild, axioms: Axioms, guarded: bool) -> Iterator[tuple[Expr, Rebuild, bool]]:
    """Every part that can be changed, with what puts another one there, and whether it is about patients.

    Below a complement and below a property that is not functional only junctions are changed.
    """
    if expr == Name(ROOT):
        return
    yield expr, rebuild, guarded
    match expr:
        case And(parts) | Or(parts):
            for i, part in enumerate(parts):
                around = between(rebuild, expr, parts[:i], parts[i + 1 :])
                yield from _parts_of(part, around, axioms, guarded)
        case Not(part):
            inner = _parts_of(part, lambda new: rebuild(Not(new)), axioms, guarded)
            yield from ((p, r, g) for p, r, g in inner if p is not part or isinstance(p, And | Or))
        case Some(prop, filler):
            below = _parts_of(filler, lambda new: rebuild(Some(prop, new)), axioms, False)
            functional = axioms.properties[prop].functional
            yield from ((p, r, g) for p, r, g in below if isinstance(p, And | Or) or (functional and p != filler)
                        or (functional and not isinstance(p, Name)))  # fmt: skip


def _of_junction(expr: And | Or, parts: tuple[Expr, ...], writer: ExpressionWriter) -> Iterator[tuple[str, str, Expr]]:
    conditions = tuple(part for part in parts if part != Name(ROOT))
    for i, part in enumerate(parts):
        if part in conditions and len(parts) > 1:
            what = f"without {writer.brief(part)}" if len(conditions) > 1 else f"anyone instead of {writer.brief(part)}"
            yield "drop", what, type(expr)((*parts[:i], *parts[i + 1 :]))
    if len(conditions) > 1:
        swapped: Expr = Or(conditions) if isinstance(expr, And) else And(conditions)
        yield "swap", f"{writer.brief(swapped)} instead of {writer.brief(expr)}", swapped


def _moved(part: Threshold) -> Iterator[Threshold]:
    for i, (facet, bound) in enumerate(part.facets):
        for moved in ((_OTHER_SIDE[facet], bound), (facet, bound + STEP), (facet, bound - STEP)):
            yield Threshold(part.prop, (*part.facets[:i], moved, *part.facets[i + 1 :]))


def _of_inclusions(axioms: Axioms, writer: ExpressionWriter) -> Iterator[Mutant]:
    for number, one in enumerate(axioms.inclusions):
        if _own(one.origin):
            apart = one.sup == BOTTOM
            operator = "drop-disjointness" if apart else "drop-superclass"
            axiom = (
                f"{writer.brief(one.sub)} cannot be" if apart else f"{writer.brief(one.sub)} ⊑ {writer.brief(one.sup)}"
            )
            yield Mutant(operator, one.origin.term, f"without {axiom}", one.origin, inclusion=number)


def _of_individuals(axioms: Axioms, writer: ExpressionWriter) -> Iterator[Mutant]:
    """The groups of individuals that are declared different from each other, each as one axiom."""
    groups: list[frozenset[str]] = []
    for pair in axioms.different:
        touching = [group for group in groups if group & pair]
        groups = [group for group in groups if group not in touching] + [pair.union(*touching)]
    for group in sorted(groups, key=sorted):
        names = sorted(group)
        shown = ", ".join(map(writer.name, names[:3])) + (" …" if len(names) > 3 else "")
        what = f"without the difference of {shown}"
        yield Mutant("drop-difference", names[0], what, Origin(names[0], "", None), individuals=group)
