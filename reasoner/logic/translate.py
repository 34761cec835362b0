"""From class expressions to Boolean combinations of atoms.

A restriction becomes an atom where it stands on a property of the patient, and a combination of atoms where it is
nested under functional properties: there ∃f.(A ⊓ B) = ∃f.A ⊓ ∃f.B, and ∃f.¬A = ∃f.⊤ ⊓ ¬∃f.A.
"""

from __future__ import annotations

from reasoner.errors import FragmentError, GuidelineError, Problem
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import (
    TOP,
    And,
    AtomLeaf,
    Expr,
    HasValue,
    Name,
    Not,
    Or,
    Some,
    Threshold,
    leaves,
    named_in,
    truth_value,
    with_leaves,
)  # fmt: skip
from reasoner.logic.owl import FRAGMENT, Axioms
from reasoner.logic.theory import Atom
from reasoner.terms import GP, local_name

ROOT = str(GP.Patient)
Path = tuple[str, ...]


class Translator:
    """Numbers the atoms and the axioms of a guideline, and translates expressions into atoms.

    `patient_level` are the named classes of patients; `order` are those that are defined, each after those that its
    definition uses. Raises GuidelineError where a class is defined by way of itself.
    """

    def __init__(self, axioms: Axioms) -> None:
        self.axioms = axioms
        self.numbers: dict[Atom, int] = {}
        self.origins: dict[Origin, int] = {}
        self.patient_level = _patient_level(axioms)
        self._origin: Origin | None = None
        self.order = _definition_order(axioms, self.patient_level)
        self._beside_patients: dict[str, bool | None] = dict.fromkeys(self.patient_level, False)
        for iri in self.order:
            self._beside_patients[iri] = self._elsewhere(axioms.definitions[iri][0])

    def number(self, atom: Atom) -> int:
        """The number of `atom`, given on first use."""
        return self.numbers.setdefault(atom, len(self.numbers))

    def axiom(self, origin: Origin) -> int:
        """The bit of an axiom, given on first use: a clause says by bits which ones it rests on."""
        return 1 << self.origins.setdefault(origin, len(self.origins))

    def leaf(self, atom: Atom) -> Expr:
        """An atom as an expression, numbered on first use."""
        return AtomLeaf(self.number(atom))

    def translate(self, expr: Expr, origin: Origin) -> Expr:
        """A patient-level expression, its leaves numbered atoms and defined classes.

        Raises FragmentError naming `origin` where the expression leaves the fragment.
        """
        self._origin = origin
        return with_leaves(expr, self._patient)

    def is_patient_level(self, expr: Expr) -> bool:
        """Whether an expression describes patients rather than findings or acts."""
        return _describes_patients(expr, self.patient_level, self.axioms)

    def refuse_unguarded(self, sub: Expr, sup: Expr, origin: Origin) -> None:
        """Refuse an axiom between classes of patients that may fail for a finding or an act.

        Where it failed, no finding could exist, and every record with one would be contradictory.
        """
        if self._elsewhere(sub) is not False and self._elsewhere(sup) is not True:
            what = "the axiom also speaks of findings and acts, because its left side is not limited to patients"
            remedy = "intersect the left side, or the definition of the class there, with gp:Patient"
            raise self.refuse(what, origin, remedy)

    def _elsewhere(self, expr: Expr) -> bool | None:
        """Whether what is no patient is in a class, in Kleene's three-valued logic."""

        def of_leaf(leaf: Expr) -> bool | None:
            match leaf:
                case Name(iri):
                    return self._beside_patients.get(iri)
                case Some(prop, _) | HasValue(prop, _) | Threshold(prop, _):
                    return False if self.axioms.domains_of(prop) & self.patient_level else None
            return None

        return truth_value(expr, of_leaf)

    def functional(self, prop: str) -> bool:
        """Whether a property has one value."""
        return self.axioms.properties[prop].functional

    def _patient(self, leaf: Expr) -> Expr:
        return self._patient_class(leaf.iri) if isinstance(leaf, Name) else self._restriction((), leaf)

    def _patient_class(self, iri: str) -> Expr:
        if iri == ROOT:
            return TOP
        if iri in self.axioms.definitions and iri in self.patient_level:
            return Name(iri)
        return self.leaf(Atom((), "class", iri))

    def _restriction(self, path: Path, expr: Expr) -> Expr:
        match expr:
            case Some(prop, filler) if self.functional(prop):
                below = (*path, prop)
                exists = self.leaf(Atom(below, "exists"))
                return And((exists, with_leaves(filler, lambda leaf: self._filler(below, leaf))))
            case Some(prop, filler) if not path:
                return self._some(prop, filler)
            case HasValue(prop, individual):
                return self.leaf(Atom((*path, prop), "value", individual))
            case Threshold(prop, facets):
                return self._threshold((*path, prop), facets)
        raise self._outside("a restriction is nested under a property that is not functional")

    def _some(self, prop: str, filler: Expr) -> Expr:
        """∃p.C under a property that is not functional: C is a class or a union of classes."""
        match filler:
            case Name(iri):
                self._refuse_filler(iri)
                return self.leaf(Atom((prop,), "class", iri))
            case And(()):
                return self.leaf(Atom((prop,), "exists"))
            case Or(parts):
                return Or(tuple(self._some(prop, part) for part in parts))
        raise self._outside(f"under {local_name(prop)}, which is not functional, stands neither a class nor a union")

    def _filler(self, path: Path, leaf: Expr) -> Expr:
        """What a leaf says of the one filler of a functional path."""
        if not isinstance(leaf, Name):
            return self._restriction(path, leaf)
        self._refuse_filler(leaf.iri)
        return self.leaf(Atom(path, "class", leaf.iri))

    def _refuse_filler(self, iri: str) -> None:
        """Refuse a class that no finding or act can be said to be in."""
        if iri in self.patient_level or iri == ROOT:
            raise self._outside(f"{local_name(iri)}, a class of patients, stands where a finding or an act belongs")
        if iri in self.axioms.populated:
            raise self._outside(f"{local_name(iri)}, a class with named members, stands as a filler; name the members")

    def _threshold(self, path: Path, facets: tuple[tuple[str, object], ...]) -> Expr:
        if not self.functional(path[-1]):
            raise self._outside(f"the quantity {local_name(path[-1])} is not functional")
        parts: list[Expr] = [self.leaf(Atom(path, "exists"))]
        for facet, bound in facets:
            atom = Atom(path, "above", bound=bound, strict=facet in (">", "<="))  # type: ignore[arg-type]
            parts.append(self.leaf(atom) if facet in (">", ">=") else Not(self.leaf(atom)))
        return And(tuple(parts))

    def _outside(self, what: str) -> FragmentError:
        assert self._origin is not None
        return self.refuse(what, self._origin)

    def refuse(self, what: str, origin: Origin, remedy: str = f"express it within: {FRAGMENT}") -> FragmentError:
        """The error that names an axiom outside the fragment."""
        return FragmentError(Problem("outside-fragment", what, remedy, origin.file, origin.line, origin.term))


def _patient_level(axioms: Axioms) -> frozenset[str]:
    """The named classes of patients: what is defined or placed below the root, directly or not."""
    sups: dict[str, list[Expr]] = {iri: [expr] for iri, (expr, _) in axioms.definitions.items()}
    for inclusion in axioms.inclusions:
        if isinstance(inclusion.sub, Name):
            sups.setdefault(inclusion.sub.iri, []).append(inclusion.sup)
    found: set[str] = {ROOT}
    while new := {iri for iri, exprs in sups.items() if iri not in found
                  and any(_describes_patients(expr, found, axioms) for expr in exprs)}:  # fmt: skip
        found |= new
    return frozenset(found)


def _describes_patients(expr: Expr, patient_level: frozenset[str] | set[str], axioms: Axioms) -> bool:
    for leaf in leaves(expr):
        match leaf:
            case Name(iri) if iri in patient_level:
                return True
            case Some(prop, _) | HasValue(prop, _) | Threshold(prop, _):
                domains = axioms.properties[prop].domains
                if not domains or not patient_level.isdisjoint(domains):
                    return True
    return False


def _definition_order(axioms: Axioms, names: frozenset[str]) -> list[str]:
    """The defined ones of some classes, each after those that it uses. Raises GuidelineError for a circle."""
    order: dict[str, None] = {}
    defined = names & axioms.definitions.keys()

    def visit(iri: str, trail: tuple[str, ...]) -> None:
        if iri in trail:
            raise _cyclic((*trail[trail.index(iri) :], iri), axioms)
        for used in sorted(named_in(axioms.definitions[iri][0]) & defined - order.keys()):
            visit(used, (*trail, iri))
        order[iri] = None

    for iri in sorted(defined):
        visit(iri, ())
    return list(order)


def _cyclic(trail: tuple[str, ...], axioms: Axioms) -> GuidelineError:
    origin = axioms.definitions[trail[0]][1]
    what = f"the definition goes in a circle: {' → '.join(local_name(iri) for iri in trail)}"
    return GuidelineError(Problem("cyclic-definition", what, "define one of them without the others",
                                  origin.file, origin.line, origin.term))  # fmt: skip
