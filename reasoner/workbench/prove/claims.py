"""What holds of a guideline over all its patients: where it is silent, contradicts itself, or states one thing twice.

A *claim* is a finding before it is counted and shown: a condition that its patients meet, the minimal terms that
entail the condition, and the terms, axioms and statements that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from rdflib import OWL, RDFS

from reasoner.guideline.catalogue import ManagementClass, Recommendation
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import BOTTOM, TOP, And, Expr, Name, Or
from reasoner.logic.profiles import Profiles, none_of, term
from reasoner.logic.theory import Literals
from reasoner.render.manchester import ExpressionWriter
from reasoner.terms import curie
from reasoner.workbench.declared import acts_below, forbidding
from reasoner.workbench.lookup import declared_at, reachable

EMPTY = Cube(0, 0)


@dataclass(frozen=True)
class Claim:
    """A finding that is not yet counted: the records of its witnesses are looked for among `shown_by`, in order.

    `about` are the terms that it concerns. `conditions` is the term that describes its patients, where one does.
    `shows` tells whether a record that states these literals, closed under the theory, is a witness.
    """

    code: str
    what: str
    about: tuple[str, ...]
    condition: Expr
    shown_by: tuple[Cube, ...]
    axioms: frozenset[Origin]
    statements: tuple[str, ...] = ()
    conditions: Cube = EMPTY
    shows: Callable[[Literals], bool] = field(default=lambda _: True, compare=False)


class ProofContext:
    """A guideline with all its profiles, and what every claim looks up."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.profiles = guideline, Profiles(guideline.compiled)
        self.catalogue, self.compiled = guideline.catalogue, guideline.compiled
        self.rules, self.management = self.compiled.rules, self.catalogue.management
        self.written = ExpressionWriter(self.name, self.compiled.theory.atoms)
        self.dead = {iri for iri, rule in self.rules.items() if not rule.entailed_by}
        self.always = {iri for iri, rule in self.rules.items() if not rule.excluded_by}

    def name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)

    def origins(self, classes: Iterable[str], *cubes: Cube) -> frozenset[Origin]:
        """The definitions of `classes`, and the axioms by which the terms were found."""
        used = {self.compiled.axioms[i] for cube in cubes for i in bits(cube.axioms)}
        return frozenset(used | {self.rules[iri].origin for iri in classes if iri in self.rules})

    def statements(self, terms: Iterable[str]) -> tuple[str, ...]:
        """What warrants these terms, in text order."""
        return self.catalogue.in_text_order(s for iri in terms for s in self.catalogue.warrants.get(iri, ()))

    def advising(self) -> list[str]:
        """The classes that advise or find the guideline not to apply: all but the restrictions."""
        return [cls.iri for cls in self.management if not cls.restriction]

    def claim(self, code: str, what: str, about: Sequence[str], condition: Expr, shown_by: Sequence[Cube]) -> Claim:
        """A claim about classes, whose definitions and statements are its own."""
        axioms = self.origins(about, *shown_by[:1]) or frozenset(declared_at(self.guideline, iri) for iri in about)
        return Claim(code, what, tuple(about), condition, tuple(shown_by), axioms, self.statements(about))


def silent_regions(context: ProofContext) -> Iterator[Claim]:
    """The largest sets of patients in scope for whom no class holds, restrictions aside."""
    advising = context.advising()
    for cube in context.profiles.conditions(none_of(advising)):
        closed = context.compiled.theory.close(cube)
        held = [iri for iri, rule in context.rules.items() if any(closed.satisfy(t) for t in rule.entailed_by)]
        what = "the guideline is in scope and silent on these patients: no class holds, restrictions aside"
        yield Claim("silent-region", what, (), term(cube), (cube,), context.origins(advising, cube),
                    context.statements(held), cube)  # fmt: skip


def conflicts(context: ProofContext) -> Iterator[Claim]:
    """Pairs of classes that can hold jointly, of which one recommends an act and the other advises against it."""
    forbids = forbidding(context.guideline.graph)
    for one, other in combinations_with_replacement(context.management, 2):
        clashes = sorted(set(_clashes(context, one, other, forbids)))
        both = And((Name(one.iri), Name(other.iri)))
        if clashes and context.profiles.any(both):
            what = f"{context.name(one.iri)} and {context.name(other.iri)} hold together, and {'; '.join(clashes)}"
            about = list(dict.fromkeys((one.iri, other.iri)))
            yield context.claim("conflict", what, about, both, context.profiles.conditions(both))


def _clashes(
    context: ProofContext, one: ManagementClass, other: ManagementClass, forbids: frozenset[str]
) -> Iterator[str]:
    for mine in one.recommendations:
        for theirs in other.recommendations:
            if (mine.strength in forbids) != (theirs.strength in forbids) and _same_act(context, mine, theirs):
                yield " while ".join(f"{context.name(r.action)} is {context.catalogue.label(r.strength)}"
                                     for r in sorted((mine, theirs), key=lambda r: r.strength in forbids))  # fmt: skip


def _same_act(context: ProofContext, mine: Recommendation, theirs: Recommendation) -> bool:
    """Whether two recommendations are about one action, or about one that is a kind of the other."""
    below = (acts_below(context.guideline.taxonomy, r.action) for r in (mine, theirs))
    return any(action in acts for action, acts in zip((theirs.action, mine.action), below, strict=True))


def dead_classes(context: ProofContext) -> Iterator[Claim]:
    """Classes that no patient can be in, and classes that every patient is in."""
    for iri in sorted(context.dead):
        yield context.claim("dead-class", f"{context.name(iri)} holds for no patient", [iri], BOTTOM, [EMPTY])
    for iri in sorted(context.always):
        yield context.claim("always-true", f"{context.name(iri)} holds for every patient", [iri], TOP, [EMPTY])


def coinciding(context: ProofContext) -> Iterator[Claim]:
    """Defined classes that hold for the same patients: each with the first of them, by name."""
    first: dict[int, str] = {}
    for iri in sorted(set(context.rules) - context.dead - context.always):
        same = first.setdefault(context.profiles.identity(Name(iri)), iri)
        if same != iri:
            what = f"{context.name(same)} and {context.name(iri)} hold for the same patients"
            yield context.claim("coinciding", what, [same, iri], Name(iri), context.rules[iri].entailed_by)


def implications(context: ProofContext) -> Iterator[Claim]:
    """Management classes that imply others although no axiom states it; what follows from two of them is left out."""
    alive = [cls.iri for cls in context.management if cls.iri not in context.dead | context.always]
    follows = {(a, b) for a in alive for b in alive if a != b and context.profiles.implies(Name(a), Name(b))}
    strict = {(a, b) for a, b in follows if (b, a) not in follows}
    stated = _stated(context)
    for a, b in sorted(strict):
        if b not in stated.get(a, ()) and not any((a, c) in strict and (c, b) in strict for c in alive):
            what = f"every patient in {context.name(a)} is in {context.name(b)}, and no axiom says so"
            yield context.claim("implied", what, [a, b], Name(a), context.rules[a].entailed_by)


def _stated(context: ProofContext) -> dict[str, set[str]]:
    """For each class those that the axioms put above it, in one step or more."""
    above: dict[str, set[str]] = {iri: set(conjuncts(rule.definition)) for iri, rule in context.rules.items()}
    for iri, rule in context.rules.items():
        for part in _disjuncts(rule.definition):
            above[part].add(iri)
    for predicate in (RDFS.subClassOf, OWL.equivalentClass):
        for s, o in context.guideline.graph.subject_objects(predicate):
            above.setdefault(str(s), set()).add(str(o))
    return {iri: reachable(classes, lambda cls: above.get(cls, ())) for iri, classes in above.items()}


def conjuncts(expr: Expr) -> Iterator[str]:
    """The classes that an expression names as conditions that must all hold."""
    match expr:
        case Name(iri):
            yield iri
        case And(parts):
            for part in parts:
                yield from conjuncts(part)


def _disjuncts(expr: Expr) -> Iterator[str]:
    match expr:
        case Name(iri):
            yield iri
        case And(parts) if len([part for part in parts if part != TOP]) == 1:
            yield from _disjuncts(next(part for part in parts if part != TOP))
        case Or(parts):
            for part in parts:
                yield from _disjuncts(part)
