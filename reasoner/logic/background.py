"""The clauses that an ontology's axioms put between the atoms of one patient.

Four sources: the taxonomy of fillers, lifted through each property (a patient with a finding in C has one in each
superclass of C); functional properties (one filler, one value, an ordered scale of thresholds); domains, ranges
and subproperties; and the axioms between classes of patients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations, pairwise

from reasoner.logic.clauses import Cube, absorb, bits, product
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or, leaves
from reasoner.logic.owl import Axioms, Inclusion
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT, Path, Translator, named_in
from reasoner.terms import local_name

_UNLIMITED = "an axiom between classes of findings or acts is limited to none of them"


@dataclass(frozen=True)
class Unfold:
    """Disjunctive normal forms of translated expressions, defined classes unfolded by `terms_of`."""

    terms_of: dict[tuple[str, bool], list[Cube]]

    def __call__(self, expr: Expr, truth: bool = True) -> list[Cube]:
        """The terms whose disjunction is `expr`, or its complement where `truth` is False."""
        match expr:
            case AtomLeaf(atom):
                return [Cube(1 << atom, 0) if truth else Cube(0, 1 << atom)]
            case Not(part):
                return self(part, not truth)
            case Name(iri):
                return self.terms_of[iri, truth]
            case And(parts) | Or(parts) if isinstance(expr, And) == truth:
                terms = [Cube(0, 0)]
                for part in parts:
                    terms = product(terms, self(part, truth))
                return terms
            case And(parts) | Or(parts):
                return absorb(term for part in parts for term in self(part, truth))
        raise TypeError(f"{expr!r} is not translated")


class BackgroundTheory:
    """Builds the clauses; `clauses` may still add atoms to the translator."""

    def __init__(self, translator: Translator, unfold: Unfold) -> None:
        self.translator, self.unfold = translator, unfold
        self.axioms: Axioms = translator.axioms
        self.fillers = _FillerTheory(translator)

    def clauses(self) -> list[Cube]:
        """All clauses between the atoms."""
        found = list(self._class_axioms())
        self._recordable()
        self._refuse_subproperties()
        for path in self._object_paths():
            self._number_attributes(path)
        for path in self._object_paths():
            found += self._filler_of(path)
        done: set[Atom] = set()
        while len(done) < len(self.translator.numbers):
            for atom in [a for a in self.translator.numbers if a not in done]:
                done.add(atom)
                found += [*self._domains(atom), *self._prefixes(atom), *self._lifted(atom)]
        return [*found, *self._scales(), *self._values()]

    def _clause(self, *literals: tuple[Atom, bool], axioms: int = 0) -> Cube:
        pos = neg = 0
        for atom, truth in literals:
            bit = 1 << self.translator.number(atom)
            pos, neg = (pos | bit, neg) if truth else (pos, neg | bit)
        return Cube(pos, neg, axioms)

    # -- axioms between classes of patients --

    def _class_axioms(self) -> Iterator[Cube]:
        for inclusion in self.axioms.inclusions:
            if self.translator.is_patient_level(inclusion.sub) or self.translator.is_patient_level(inclusion.sup):
                yield from self._inclusion(inclusion)

    def _inclusion(self, inclusion: Inclusion) -> Iterator[Cube]:
        self.translator.refuse_unguarded(inclusion.sub, inclusion.sup, inclusion.origin)
        sub = self.translator.translate(inclusion.sub, inclusion.origin)
        sup = self.translator.translate(inclusion.sup, inclusion.origin)
        bit = self.translator.axiom(inclusion.origin)
        for term in self.unfold(And((sub, Not(sup)))):
            yield Cube(term.neg, term.pos, term.axioms | bit)

    # -- what a record can state --

    def _recordable(self) -> None:
        """Give an atom to every class that a record can name under a property that the guideline uses."""
        used = {atom.path[0] for atom in self.translator.numbers if atom.path}
        for prop in self.axioms.with_supers(used):
            if not self.axioms.properties[prop].data and not self.translator.functional(prop):
                for iri in self.fillers.below(self.axioms.properties[prop].ranges):
                    self.translator.number(Atom((prop,), "class", iri))
        for prop in sorted(self.axioms.properties):
            if set(self.axioms.properties[prop].domains) & self.translator.patient_level - {ROOT}:
                self.translator.number(Atom((prop,), "exists"))

    def _number_attributes(self, path: Path) -> None:
        """Give an atom to every attribute of a functional path by which its filler is in more than the range."""
        known = self.fillers.above(self.axioms.ranges_of(path[-1]))
        for prop in sorted(self.axioms.properties):
            domains = set(self.axioms.properties[prop].domains)
            if self.translator.functional(prop) and domains - known and not domains & self.translator.patient_level:
                self.translator.number(Atom((*path, prop), "exists"))

    def _supers(self, prop: str) -> list[str]:
        return [sup for sup in self.axioms.with_supers([prop]) if sup != prop]

    def _refuse_subproperties(self) -> None:
        """Refuse subproperties other than of an object property of the patient that is not functional."""
        used = {(atom.path[:i], prop) for atom in self.translator.numbers for i, prop in enumerate(atom.path)}
        for path, prop in sorted(used):
            for sup in self._supers(prop):
                plain = not path and not self.axioms.properties[sup].data and not self.translator.functional(sup)
                if not plain and (path, sup) in used:
                    what = f"{local_name(sup)}, above {local_name(prop)}, is functional, nested or a quantity"
                    raise self.translator.refuse(what, self.axioms.properties[prop].origin)

    def _domains(self, atom: Atom) -> Iterator[Cube]:
        """A patient with a value of a property is in the property's domain."""
        if len(atom.path) != 1:
            return
        for prop in self.axioms.with_supers(atom.path):
            declared = self.axioms.properties[prop]
            for domain in (d for d in declared.domains if d != ROOT):
                below = self.translator.translate(Name(domain), declared.origin)
                axioms = self.translator.axiom(declared.origin)
                bit = 1 << self.translator.number(atom)
                for clause in (term.negated for term in self.unfold(below, False)):
                    yield Cube(clause.pos, clause.neg | bit, clause.axioms | axioms)

    # -- functional paths --

    def _prefixes(self, atom: Atom) -> Iterator[Cube]:
        """A value at the end of a path entails one of each prefix."""
        for end in range(1, len(atom.path) + 1):
            exists = Atom(atom.path[:end], "exists")
            if exists != atom and exists in self.translator.numbers:
                yield self._clause((atom, False), (exists, True))

    def _object_paths(self) -> list[Path]:
        """The functional paths that end in a filler: each prefix of each path."""
        paths = {atom.path[:end] for atom in self.translator.numbers for end in range(1, len(atom.path) + 1)}
        return sorted(p for p in paths if not self.axioms.properties[p[-1]].data and self.translator.functional(p[-1])
                      and Atom(p, "exists") in self.translator.numbers)  # fmt: skip

    def _filler_of(self, path: Path) -> Iterator[Cube]:
        """One filler: it is in the ranges and domains of its properties, and a filler of each superproperty."""
        prop = self.axioms.properties[path[-1]]
        exists, bit = Atom(path, "exists"), self.translator.axiom(prop.origin)
        sups = self._supers(prop.iri) if len(path) == 1 else []
        for sup in sups:
            for iri in self.axioms.ranges_of(prop.iri):
                yield self._clause((exists, False), (Atom((sup,), "class", iri), True), axioms=bit)
            above = Atom((sup,), "exists")
            if above in self.translator.numbers:
                yield self._clause((exists, False), (above, True), axioms=bit)
        if self._needs_type(path):
            yield from self._type(path, exists, bit)
            for atom in [a for a in self.translator.numbers if a.path == path and a.kind == "class"]:
                for sup in sups:
                    yield self._clause((atom, False), (Atom((sup,), "class", atom.target), True), axioms=bit)

    def _attributes(self, path: Path) -> list[Atom]:
        return [a for a in self.translator.numbers if len(a.path) == len(path) + 1 and a.path[:-1] == path]

    def _needs_type(self, path: Path) -> bool:
        """Whether atoms or axioms tell more of the filler's classes than that it is in the range."""
        named = any(a.path == path and a.kind == "class" for a in self.translator.numbers)
        domains = {d for a in self._attributes(path) for d in self.axioms.properties[a.path[-1]].domains}
        return named or self._tied(path) or not domains <= self.fillers.above(self.axioms.ranges_of(path[-1]))

    def _tied(self, path: Path) -> bool:
        """Whether an axiom has several classes on its left that a record can name of the filler, or excludes one."""
        ranges = self.axioms.ranges_of(path[-1])
        named = {iri for top in ranges for iri in self.fillers.below([top])} | self.fillers.above(ranges)
        return any(set(negative) <= named and (len(negative) > 1 or not positive)
                   for negative, positive, _ in self.fillers.rules)  # fmt: skip

    def _type(self, path: Path, exists: Atom, bit: int) -> Iterator[Cube]:
        """The classes of the filler satisfy the taxonomy jointly."""
        for iri in self.axioms.ranges_of(path[-1]):
            yield self._clause((exists, False), (Atom(path, "class", iri), True), axioms=bit)
        for a in self._attributes(path):
            prop = self.axioms.properties[a.path[-1]]
            for domain in prop.domains:
                axioms = self.translator.axiom(prop.origin)
                yield self._clause((a, False), (Atom(path, "class", domain), True), axioms=axioms)
        possible = self._possible(path)
        for negative, positive, axioms in self.fillers.rules:
            if possible.issuperset(negative):
                yield self._clause((exists, False), *((Atom(path, "class", n), False) for n in negative),
                                   *((Atom(path, "class", p), True) for p in positive), axioms=axioms)  # fmt: skip

    def _possible(self, path: Path) -> set[str]:
        """The classes of a filler that a record can name or a definition asks for, and all that they may lead to.

        Nothing is said of the filler and any other class, and so an axiom about that says nothing of the filler.
        """
        ranges = self.axioms.ranges_of(path[-1])
        named = {a.target for a in self.translator.numbers if a.path == path and a.kind == "class"}
        return self.fillers.reached([*ranges, *self.fillers.below(ranges), *named])

    # -- scales and values --

    def _scales(self) -> Iterator[Cube]:
        """Who passes a threshold passes every lower one."""
        cuts = [atom for atom in self.translator.numbers if atom.kind == "above"]
        for path in sorted({atom.path for atom in cuts}):
            scale = sorted((atom for atom in cuts if atom.path == path), key=lambda atom: atom.cut)
            for lower, higher in pairwise(scale):
                yield self._clause((higher, False), (lower, True))

    def _values(self) -> Iterator[Cube]:
        """A functional property has one value: individuals declared different exclude each other."""
        values = sorted(atom for atom in self.translator.numbers if atom.kind == "value")
        for one, other in combinations(values, 2):
            prop = self.axioms.properties[one.path[-1]]
            differ = frozenset((one.target, other.target)) in self.axioms.different
            if one.path == other.path and prop.functional and differ:
                yield self._clause((one, False), (other, False), axioms=self.translator.axiom(prop.origin))

    # -- the taxonomy of fillers, lifted --

    def _lifted(self, atom: Atom) -> Iterator[Cube]:
        """What a filler in one class says of fillers in others, under a property that is not functional."""
        if len(atom.path) != 1 or self.axioms.properties[atom.path[0]].data or self.translator.functional(atom.path[0]):
            return
        prop = self.axioms.properties[atom.path[0]]
        if atom.kind == "value":
            what = f"{local_name(prop.iri)} has a fixed value and is not functional"
            raise self.translator.refuse(what, prop.origin)
        ranges = self.axioms.ranges_of(prop.iri)
        bit = self.translator.axiom(prop.origin)
        above = (Atom((sup,), atom.kind, atom.target) for sup in self._supers(prop.iri))
        for other in (*(Atom(atom.path, "class", iri) for iri in ranges), *above):
            if other != atom:
                yield self._clause((atom, False), (other, True), axioms=bit)
        yield from self._simple(atom)
        start = {atom.target} if atom.kind == "class" else set()
        types, axioms, simple = self.fillers.types(frozenset(start) | frozenset(ranges))
        if not simple:
            yield from self._typed(atom, types, axioms)

    def _simple(self, atom: Atom) -> Iterator[Cube]:
        for negative, positive, axioms in self.fillers.rules:
            if negative == (atom.target,) and positive:
                heads = ((Atom(atom.path, "class", iri), True) for iri in positive)
                yield self._clause((atom, False), *heads, axioms=axioms)

    def _typed(self, atom: Atom, types: list[frozenset[str]], axioms: int) -> Iterator[Cube]:
        """One of the minimal types with the class has all its classes among the patient's."""
        clauses = [Cube(0, 0)]
        for members in types:
            numbers = [self.translator.number(Atom(atom.path, "class", iri)) for iri in sorted(members)]
            clauses = product(clauses, [Cube(1 << number, 0) for number in numbers])
        bit = 1 << self.translator.number(atom)
        for clause in clauses:
            if not clause.pos & bit:
                yield Cube(clause.pos, clause.neg | bit, clause.axioms | axioms)


Rule = tuple[tuple[str, ...], tuple[str, ...], int]


class _FillerTheory:
    """The axioms between classes of findings and acts, as clauses over class names."""

    def __init__(self, translator: Translator) -> None:
        self.translator = translator
        self.rules: list[Rule] = [rule for inclusion in self._inclusions() for rule in self._rules(inclusion)]

    def _inclusions(self) -> Iterator[Inclusion]:
        axioms, of_patients = self.translator.axioms, self.translator.is_patient_level
        for inclusion in axioms.inclusions:
            if not of_patients(inclusion.sub) and not of_patients(inclusion.sup):
                yield inclusion
        for iri, (expr, origin) in axioms.definitions.items():
            if iri not in self.translator.patient_level:
                yield Inclusion(Name(iri), expr, origin)
                yield Inclusion(expr, Name(iri), origin)

    def _rules(self, inclusion: Inclusion) -> Iterator[Rule]:
        names = sorted(self._names(inclusion.sub, inclusion.origin) | self._names(inclusion.sup, inclusion.origin))
        number = {name: i for i, name in enumerate(names)}
        unfold = Unfold({(n, t): [Cube(1 << i, 0) if t else Cube(0, 1 << i)]
                         for n, i in number.items() for t in (True, False)})  # fmt: skip
        for term in unfold(And((inclusion.sub, Not(inclusion.sup)))):
            if not term.pos:  # it would hold of patients too, and of all else
                raise self.translator.refuse(_UNLIMITED, inclusion.origin, "give its left side a class that limits it")
            yield (tuple(names[i] for i in bits(term.pos)), tuple(names[i] for i in bits(term.neg)),
                   self.translator.axiom(inclusion.origin))  # fmt: skip

    def _names(self, expr: Expr, origin: Origin) -> set[str]:
        if not all(isinstance(leaf, Name) for leaf in leaves(expr)):
            raise self.translator.refuse("a class of findings or acts is described by a restriction", origin)
        return named_in(expr)

    def below(self, ranges: Iterable[str]) -> list[str]:
        """The classes below all of `ranges` by chains of inclusions, and the ranges themselves."""
        wanted = set(ranges)
        names = {n for negative, positive, _ in self.rules for n in (*negative, *positive)} | wanted
        return sorted(name for name in names if wanted <= self.above([name]))

    def above(self, names: Iterable[str]) -> set[str]:
        """The classes that a member of all `names` is in by chains of inclusions."""
        found = set(names)
        new = found
        while new:
            direct = {above for name in new for above in self._directly_above.get(name, ())}
            joint = {above for names, above in self._jointly_above if names <= found}
            new = (direct | joint) - found
            found = found | new
        return found

    def reached(self, names: Iterable[str]) -> set[str]:
        """Some classes, and those on the right of axioms with no class on the left but these."""
        found = set(names)
        while new := {p for n, positive, _ in self.rules if found.issuperset(n) for p in positive} - found:
            found |= new
        return found

    @cached_property
    def _directly_above(self) -> dict[str, set[str]]:
        """For each class those that an axiom has above it alone."""
        found: dict[str, set[str]] = {}
        for names, heads, _ in self.rules:
            if len(names) == len(heads) == 1:
                found.setdefault(names[0], set()).add(heads[0])
        return found

    @cached_property
    def _jointly_above(self) -> list[tuple[set[str], str]]:
        """The sets of classes that an axiom has below a class, other than one class alone."""
        return [(set(names), heads[0]) for names, heads, _ in self.rules if len(heads) == 1 and len(names) != 1]

    def joined(self) -> tuple[tuple[str, ...], ...]:
        """The sets of two or more classes that an axiom has on its left."""
        return tuple(sorted({negative for negative, _, _ in self.rules if len(negative) > 1}))

    def broader(self) -> dict[str, tuple[str, ...]]:
        """For each class the classes above it by chains of inclusions, itself included."""
        names = sorted({n for negative, positive, _ in self.rules for n in (*negative, *positive)})
        return {name: tuple(sorted(self.above([name]))) for name in names}

    @cached_property
    def _branching(self) -> list[Rule]:
        """The axioms that have several classes on the right, or none."""
        return [rule for rule in self.rules if len(rule[1]) != 1]

    @cached_property
    def _by_class(self) -> dict[str, list[Rule]]:
        """The axioms with one class on the right, by each class on the left."""
        found: dict[str, list[Rule]] = {}
        for rule in self.rules:
            for name in rule[0] if len(rule[1]) == 1 else ():
                found.setdefault(name, []).append(rule)
        return found

    def _saturated(self, start: frozenset[str]) -> tuple[frozenset[str], int, bool]:
        """Some classes with all above them, the axioms for that, and whether each has a single class on its left."""
        members, axioms, simple = set(start), 0, True
        new = sorted(start)
        for name in new:
            for names, (head,), used in self._by_class.get(name, ()):
                if head not in members and members.issuperset(names):
                    members.add(head)
                    new.append(head)
                    axioms, simple = axioms | used, simple and len(names) == 1
        return frozenset(members), axioms, simple

    def types(self, start: frozenset[str]) -> tuple[list[frozenset[str]], int, bool]:
        """The minimal sets of classes with `start` that one filler can be in, by tableau rules.

        Also the axioms that were applied, and whether each had a single class on its left.
        """
        found: list[frozenset[str]] = []
        axioms, simple, queue = 0, True, [start]
        while queue:
            members, used, plain = self._saturated(queue.pop())
            axioms, simple = axioms | used, simple and plain
            rule = next((r for r in self._branching if set(r[0]) <= members and not set(r[1]) & members), None)
            if rule is None:
                found.append(members)
                continue
            axioms |= rule[2]
            simple = simple and len(rule[0]) == 1 and bool(rule[1])
            queue += [members | {iri} for iri in rule[1]]
        minimal = [m for m in set(found) if not any(other < m for other in found)]
        return sorted(minimal, key=sorted), axioms, simple
