"""The clauses that an ontology's axioms put between the atoms of one patient.

Four sources: the taxonomy of fillers, lifted through each property (a patient with a finding in C has one in each
superclass of C); functional properties (one filler, one value, an ordered scale of thresholds); domains, ranges
and subproperties; and the axioms between classes of patients.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations, pairwise

from reasoner.logic.clauses import Cube, product
from reasoner.logic.expressions import And, Name, Not, named_in
from reasoner.logic.fillers import FillerTheory
from reasoner.logic.index import union_of
from reasoner.logic.owl import Axioms, Inclusion
from reasoner.logic.theory import Atom
from reasoner.logic.translate import ROOT, Path, Translator
from reasoner.logic.unfold import Unfold
from reasoner.terms import local_name


class BackgroundTheory:
    """Builds the clauses; `clauses` may still add atoms to the translator."""

    def __init__(self, translator: Translator, unfold: Unfold) -> None:
        self.translator, self.unfold = translator, unfold
        self.axioms: Axioms = translator.axioms
        self.fillers = FillerTheory(translator)

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
        used = self.translator.axiom(inclusion.origin) | self._definitions(named_in(sub) | named_in(sup))
        for term in self.unfold(And((sub, Not(sup)))):
            yield Cube(term.neg, term.pos, term.axioms | used)

    def _definitions(self, names: Iterable[str]) -> int:
        """The definitions of some classes of patients and of those that these name, as bits."""
        defined = self.axioms.definitions.keys() & self.translator.patient_level
        found, new = set[str](), defined & set(names)
        while new:
            found |= new
            named = (named_in(self.axioms.definitions[name][0]) for name in new)
            new = defined & set[str]().union(*named) - found
        return union_of(self.translator.axiom(self.axioms.definitions[name][1]) for name in sorted(found))

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
                axioms = self.translator.axiom(declared.origin) | self._definitions(named_in(below))
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
            for iri, used in self._ranges(prop.iri):
                yield self._clause((exists, False), (Atom((sup,), "class", iri), True), axioms=bit | used)
            above = Atom((sup,), "exists")
            if above in self.translator.numbers:
                yield self._clause((exists, False), (above, True), axioms=bit)
        if self._needs_type(path):
            yield from self._type(path, exists, bit)
            for atom in [a for a in self.translator.numbers if a.path == path and a.kind == "class"]:
                for sup in sups:
                    yield self._clause((atom, False), (Atom((sup,), "class", atom.target), True), axioms=bit)

    def _ranges(self, prop: str) -> Iterator[tuple[str, int]]:
        """The ranges of a property and of those above it, each with the axioms that say so."""
        for above in self.axioms.with_supers([prop]):
            for iri in self.axioms.properties[above].ranges:
                yield iri, self.translator.axiom(self.axioms.properties[above].origin)

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
        for iri, used in self._ranges(path[-1]):
            yield self._clause((exists, False), (Atom(path, "class", iri), True), axioms=bit | used)
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
        in_range = ((Atom(atom.path, "class", iri), used) for iri, used in self._ranges(prop.iri))
        above = ((Atom((sup,), atom.kind, atom.target), 0) for sup in self._supers(prop.iri))
        for other, used in (*in_range, *above):
            if other != atom:
                yield self._clause((atom, False), (other, True), axioms=bit | used)
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
