"""What holds of a guideline over all its patients: where it is silent, contradicts itself, or says one thing twice.

A *claim* is a finding before it is counted and shown: a condition that its patients meet, the minimal terms that
entail the condition, and the terms, axioms and statements that it is about.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement

from rdflib import OWL, RDF, RDFS, URIRef

from reasoner.guideline.catalogue import ManagementClass, Recommendation
from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import BOTTOM, TOP, And, Expr, Name, Or
from reasoner.logic.profiles import Profiles, none_of, term
from reasoner.logic.theory import Atom, Literals
from reasoner.terms import curie
from reasoner.workbench.declared import acts_below, forbidding

EMPTY = Cube(0, 0)


@dataclass(frozen=True)
class Claim:
    """A finding that is not yet counted: the records of its witnesses are looked for among `shown_by`, in order.

    `about` are the terms that it concerns. `conditions` is the term that describes its patients, where one does.
    `shows` says whether a record that says so much, closed under the theory, is a witness.
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


class Scene:
    """A guideline with all its profiles, and what every claim looks up."""

    def __init__(self, guideline: Guideline, profiles: Profiles) -> None:
        self.guideline, self.profiles = guideline, profiles
        self.catalogue, self.compiled = guideline.catalogue, guideline.compiled
        self.rules, self.management = self.compiled.rules, self.catalogue.management
        self.dead = {iri for iri, rule in self.rules.items() if not rule.entailed_by}
        self.always = {iri for iri, rule in self.rules.items() if not rule.excluded_by}

    def name(self, iri: str) -> str:
        return curie(iri, self.guideline.prefixes)

    def origins(self, classes: Iterable[str], *cubes: Cube) -> frozenset[Origin]:
        """The definitions of `classes`, and the axioms by which the terms were found."""
        used = {self.compiled.axioms[i] for cube in cubes for i in bits(cube.axioms)}
        return frozenset(used | {self.rules[iri].origin for iri in classes if iri in self.rules})

    def place(self, iri: str) -> Origin:
        """Where a term is declared."""
        node = URIRef(iri)
        home = next((parsed for parsed in self.guideline.ontologies if (node, RDF.type, None) in parsed.graph), None)
        return Origin(iri, home.file if home else "", home.line_of(node, RDF.type) if home else None)

    def statements(self, terms: Iterable[str]) -> tuple[str, ...]:
        """What warrants these terms, in text order."""
        return self.catalogue.in_text_order(s for iri in terms for s in self.catalogue.warrants.get(iri, ()))

    def text(self, atom: Atom) -> str:
        """A condition that no criterion names, in the words of its property."""
        path = " ".join(self.name(prop) for prop in atom.path)
        if atom.kind == "above":
            return f"{path} {'>' if atom.strict else '>='} {atom.bound}"
        return f"{path} has a value" if atom.kind == "exists" else f"{path} {self.name(atom.target)}".strip()

    def advising(self) -> list[str]:
        """The classes that advise or find the guideline not to apply: all but the restrictions."""
        return [cls.iri for cls in self.management if not cls.restriction]

    def claim(self, code: str, what: str, about: Sequence[str], condition: Expr, shown_by: Sequence[Cube]) -> Claim:
        """A claim about classes, whose definitions and statements are its own."""
        axioms = self.origins(about, *shown_by[:1]) or frozenset(map(self.place, about))
        return Claim(code, what, tuple(about), condition, tuple(shown_by), axioms, self.statements(about))


def silent_regions(scene: Scene) -> Iterator[Claim]:
    """The largest sets of patients in scope for whom no class holds, restrictions aside."""
    advising = scene.advising()
    for cube in scene.profiles.conditions(none_of(advising)):
        closed = scene.compiled.theory.close(_literals(cube))
        held = [iri for iri, rule in scene.rules.items() if any(closed.satisfy(t) for t in rule.entailed_by)]
        what = "the guideline is in scope and silent on these patients: no class holds, restrictions aside"
        yield Claim("silent-region", what, (), term(cube), (cube,), scene.origins(advising, cube),
                    scene.statements(held), cube)  # fmt: skip


def conflicts(scene: Scene) -> Iterator[Claim]:
    """Pairs of classes that can hold together, of which one speaks for an act and the other against it."""
    forbids = forbidding(scene.guideline.graph)
    for one, other in combinations_with_replacement(scene.management, 2):
        clashes = sorted(set(_clashes(scene, one, other, forbids)))
        both = And((Name(one.iri), Name(other.iri)))
        if clashes and scene.profiles.any(both):
            what = f"{scene.name(one.iri)} and {scene.name(other.iri)} hold together, and {'; '.join(clashes)}"
            about = list(dict.fromkeys((one.iri, other.iri)))
            yield scene.claim("conflict", what, about, both, scene.profiles.conditions(both))


def _clashes(scene: Scene, one: ManagementClass, other: ManagementClass, forbids: frozenset[str]) -> Iterator[str]:
    for mine in one.recommendations:
        for theirs in other.recommendations:
            if (mine.strength in forbids) != (theirs.strength in forbids) and _same_act(scene, mine, theirs):
                yield " while ".join(f"{scene.name(r.action)} is {scene.catalogue.label(r.strength)}"
                                     for r in sorted((mine, theirs), key=lambda r: r.strength in forbids))  # fmt: skip


def _same_act(scene: Scene, mine: Recommendation, theirs: Recommendation) -> bool:
    """Whether two recommendations are about one action, or about one that is a kind of the other."""
    below = (acts_below(scene.guideline.taxonomy, r.action) for r in (mine, theirs))
    return any(action in acts for action, acts in zip((theirs.action, mine.action), below, strict=True))


def dead_classes(scene: Scene) -> Iterator[Claim]:
    """Classes that no patient can be in, and classes that every patient is in."""
    for iri in sorted(scene.dead):
        yield scene.claim("dead-class", f"{scene.name(iri)} holds for no patient", [iri], BOTTOM, [EMPTY])
    for iri in sorted(scene.always):
        yield scene.claim("always-true", f"{scene.name(iri)} holds for every patient", [iri], TOP, [EMPTY])


def coinciding(scene: Scene) -> Iterator[Claim]:
    """Defined classes that hold for the same patients: each with the first of them, by name."""
    first: dict[int, str] = {}
    for iri in sorted(set(scene.rules) - scene.dead - scene.always):
        same = first.setdefault(scene.profiles.identity(Name(iri)), iri)
        if same != iri:
            what = f"{scene.name(same)} and {scene.name(iri)} hold for the same patients"
            yield scene.claim("coinciding", what, [same, iri], Name(iri), scene.rules[iri].entailed_by)


def implications(scene: Scene) -> Iterator[Claim]:
    """Management classes that imply others although no axiom says so; what follows from two of them is left out."""
    alive = [cls.iri for cls in scene.management if cls.iri not in scene.dead | scene.always]
    follows = {(a, b) for a in alive for b in alive if a != b and scene.profiles.implies(Name(a), Name(b))}
    strict = {(a, b) for a, b in follows if (b, a) not in follows}
    stated = _stated(scene)
    for a, b in sorted(strict):
        if b not in stated.get(a, ()) and not any((a, c) in strict and (c, b) in strict for c in alive):
            what = f"every patient in {scene.name(a)} is in {scene.name(b)}, and no axiom says so"
            yield scene.claim("implied", what, [a, b], Name(a), scene.rules[a].entailed_by)


def _stated(scene: Scene) -> dict[str, set[str]]:
    """For each class those that are above it by the ontology's own words, in one step or more."""
    above: dict[str, set[str]] = {iri: set(conjuncts(rule.definition)) for iri, rule in scene.rules.items()}
    for iri, rule in scene.rules.items():
        for part in _disjuncts(rule.definition):
            above[part].add(iri)
    for predicate in (RDFS.subClassOf, OWL.equivalentClass):
        for s, o in scene.guideline.graph.subject_objects(predicate):
            above.setdefault(str(s), set()).add(str(o))
    grown = True
    while grown:
        sizes = sum(map(len, above.values()))
        for classes in above.values():
            classes |= {further for cls in classes for further in above.get(cls, ())}
        grown = sum(map(len, above.values())) != sizes
    return above


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


def _literals(cube: Cube) -> Literals:
    return Literals(cube.pos, cube.neg)
