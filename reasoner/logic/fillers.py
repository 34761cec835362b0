"""The axioms between classes of findings and acts: what one of them that is in some classes is in besides."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property

from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compiled import Origin
from reasoner.logic.expressions import And, Expr, Name, Not, leaves, named_in
from reasoner.logic.owl import Inclusion
from reasoner.logic.translate import Translator
from reasoner.logic.unfold import Unfold

_UNLIMITED = "an axiom between classes of findings or acts is limited to none of them"

Rule = tuple[tuple[str, ...], tuple[str, ...], int]


class FillerTheory:
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
