"""The axioms of a guideline as a set, so that two versions can be compared and axioms of one put into the other.

Axioms are equal where they state the same after what does not matter is levelled: the order and nesting of the parts of
intersections and unions, doubled parts and complements, and how a number is written. Where an axiom stands, in which
file and under which prefixes, is no part of it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from rdflib import URIRef

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import BOTTOM, TOP, And, Expr, Name, Not, Or, Some, Threshold, named_in
from reasoner.logic.owl import Axioms, Inclusion, Property, read_axioms
from reasoner.render.manchester import ExpressionWriter
from reasoner.terms import GP
from reasoner.workbench.lookup import declared_at

DEFINITION, SUBCLASS, DISJOINT, DIFFERENT, CLOSING = "definition", "subclass", "disjoint", "different", "closing"
PROPERTY, FUNCTIONAL, SUPER, DOMAIN, RANGE = "property", "functional", "super", "domain", "range"
#: Which versions have a term: both, or the new or the old one alone.
BOTH, ADDED, REMOVED = "both", "added", "removed"
_SETS = {DISJOINT, DIFFERENT}
_LISTED = {SUPER: "supers", DOMAIN: "domains", RANGE: "ranges"}
_FRAMES = {FUNCTIONAL: "Characteristics", SUPER: "SubPropertyOf", DOMAIN: "Domain", RANGE: "Range",
           DIFFERENT: "DifferentFrom", PROPERTY: "Types"}  # fmt: skip


@dataclass(frozen=True)
class Axiom:
    """One axiom: `left` and `right` are levelled; `source` is the right side as it was written, where it was otherwise.

    `right` is an expression for the axioms between classes, and a name for those of properties and individuals. An
    act that unrecorded means absent counts as an axiom of the kind `closing`.
    """

    kind: str
    subject: str
    left: Expr | None
    right: Expr | str
    origin: Origin = field(compare=False)
    source: Expr | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Change:
    """Axioms of the old version that stand in the new one as others; one side may be empty."""

    old: tuple[Axiom, ...]
    new: tuple[Axiom, ...]

    @property
    def term(self) -> str:
        """What the first of the axioms is about."""
        return (*self.old, *self.new)[0].subject


@dataclass(frozen=True)
class Body:
    """All axioms of one version, and the names that it declares."""

    axioms: frozenset[Axiom]
    classes: frozenset[str]
    populated: frozenset[str]
    individuals: frozenset[str]

    def changed(self, change: Iterable[Change]) -> frozenset[Axiom]:
        """The axioms with some changes made."""
        found = set(self.axioms)
        for one in change:
            found = (found - set(one.old)) | set(one.new)
        return frozenset(found)


def body_of(guideline: Guideline) -> Body:
    """The axioms of a guideline. Raises as `read_axioms`."""
    read = read_axioms(guideline.ontologies)
    axioms = frozenset([*_class_axioms(read), *_property_axioms(read), *_others(read, guideline)])
    named = {str(s) for s in guideline.graph.subjects() if isinstance(s, URIRef)}
    return Body(axioms, frozenset(read.classes), frozenset(read.populated), frozenset(named))


def _class_axioms(read: Axioms) -> Iterator[Axiom]:
    for iri, (expr, origin) in read.definitions.items():
        yield Axiom(DEFINITION, iri, Name(iri), levelled(expr), origin, expr)
    for one in read.inclusions:
        sub, sup = levelled(one.sub), levelled(one.sup)
        kind = DISJOINT if sup == BOTTOM and isinstance(sub, And) else SUBCLASS
        yield Axiom(kind, min(named_in(sub), default=one.origin.term), sub, sup, one.origin, one.sup)


def _property_axioms(read: Axioms) -> Iterator[Axiom]:
    for iri, prop in read.properties.items():
        kinds = [(PROPERTY, "owl:DatatypeProperty" if prop.data else "owl:ObjectProperty")]
        kinds += [(FUNCTIONAL, "Functional")] if prop.functional else []
        kinds += [(kind, target) for kind, name in _LISTED.items() for target in getattr(prop, name)]
        yield from (Axiom(kind, iri, None, target, prop.origin) for kind, target in kinds)


def _others(read: Axioms, guideline: Guideline) -> Iterator[Axiom]:
    """Which individuals differ, and which acts unrecorded means absent."""
    for pair, origin in read.different.items():
        yield Axiom(DIFFERENT, min(pair), None, max(pair), origin)
    for act in guideline.catalogue.closable:
        yield Axiom(CLOSING, act, None, str(GP.Absent), declared_at(guideline, act, GP.unrecordedMeans))


# -- levelling --


def levelled(expr: Expr) -> Expr:
    """An expression without what does not matter for its meaning: order, nesting, doubling, the writing of numbers."""
    match expr:
        case And(parts) | Or(parts):
            kind = type(expr)
            flat = {p for part in map(levelled, parts) for p in (part.parts if isinstance(part, kind) else (part,))}
            return flat.pop() if len(flat) == 1 else kind(tuple(sorted(flat, key=repr)))
        case Not(part):
            inner = levelled(part)
            return inner.part if isinstance(inner, Not) else Not(inner)
        case Some(prop, filler):
            return Some(prop, levelled(filler))
        case Threshold(prop, facets):
            return Threshold(prop, tuple(sorted((facet, bound.normalize()) for facet, bound in facets)))
    return expr


# -- back into what is compiled --


def assembled(axioms: Iterable[Axiom], *bodies: Body) -> Axioms:
    """The axioms as they are compiled, with the names that any of `bodies` declares."""
    found = Axioms(classes={iri: Origin(iri, "", None) for body in bodies for iri in sorted(body.classes)})
    found.populated = set.intersection(*(set(body.populated) for body in bodies))
    declared = [axiom for body in bodies for axiom in body.axioms if axiom.kind == PROPERTY]
    ordered = sorted(axioms, key=lambda a: (a.kind, a.subject, repr(a.left), repr(a.right)))
    for axiom in (*(a for a in ordered if a.kind == PROPERTY), *sorted(declared, key=lambda a: a.subject)):
        data = axiom.right == "owl:DatatypeProperty"
        found.properties.setdefault(axiom.subject, Property(axiom.subject, axiom.origin, data))
    for axiom in ordered:
        _assemble(axiom, found)
    return found


def _assemble(axiom: Axiom, found: Axioms) -> None:
    kind, right = axiom.kind, axiom.right
    if kind == DIFFERENT:
        found.different[frozenset((axiom.subject, str(right)))] = axiom.origin
    elif kind == FUNCTIONAL:
        found.properties[axiom.subject].functional = True
    elif kind in _LISTED:
        getattr(found.properties[axiom.subject], _LISTED[kind]).append(right)
    elif kind == DEFINITION and not isinstance(right, str):
        found.definitions[axiom.subject] = right, axiom.origin
    elif axiom.left is not None and not isinstance(right, str):
        found.inclusions.append(Inclusion(axiom.left, right, axiom.origin))


# -- what changed --


def changes(old: Body, new: Body) -> tuple[Change, ...]:
    """The axioms that differ: those about one thing jointly, as what they were and what they are."""
    groups: dict[tuple[str, ...], tuple[list[Axiom], list[Axiom]]] = defaultdict(lambda: ([], []))
    for side, axioms in enumerate((old.axioms - new.axioms, new.axioms - old.axioms)):
        for axiom in sorted(axioms, key=_position):
            whole = (f"{side} {axiom.origin.file} {axiom.origin.line}",) if axiom.kind in _SETS else ()
            groups[(axiom.kind, *(whole or (axiom.subject,)))][side].append(axiom)
    found = [change for key, group in sorted(groups.items()) for change in _paired(key[0], *group)]
    return tuple(sorted(found, key=lambda c: _position((*c.old, *c.new)[0])))


def _paired(kind: str, old: list[Axiom], new: list[Axiom]) -> list[Change]:
    if kind in _SETS or (len(old) <= 1 and len(new) <= 1):
        return [Change(tuple(old), tuple(new))]
    return [*(Change((axiom,), ()) for axiom in old), *(Change((), (axiom,)) for axiom in new)]


def _position(axiom: Axiom) -> tuple[str, int, str, str]:
    return axiom.origin.file, axiom.origin.line or 0, axiom.subject, repr(axiom.right)


# -- in words --


def manchester(axiom: Axiom, name: Callable[[str], str]) -> str:
    """An axiom in the manner of the Manchester syntax; `name` shortens an IRI."""
    writer, subject, source = ExpressionWriter(name), name(axiom.subject), axiom.source or axiom.right
    if axiom.kind == CLOSING:
        return f"{subject} {name(str(GP.unrecordedMeans))} {name(str(source))}"
    if isinstance(source, str):
        return f"{subject} {_FRAMES[axiom.kind]}: {name(source)}"
    if axiom.kind == DISJOINT and isinstance(axiom.left, And):
        return " DisjointWith: ".join(map(writer.operand, axiom.left.parts))
    frame = "EquivalentTo" if axiom.kind == DEFINITION else "SubClassOf"
    return f"{writer.whole(axiom.left or TOP)} {frame}: {writer.whole(source)}"
