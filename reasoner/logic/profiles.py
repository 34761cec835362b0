"""All the patients that a compiled guideline allows: how many there are, and which of them satisfy a condition.

A *profile* is a complete assignment to the theory's atoms that breaks none of its implicates. A condition is a Boolean
combination of the defined classes and of atoms; it is counted by a decision diagram, and described by its weakest
implicants modulo the theory, the same as those by which records are decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reasoner.errors import GuidelineError, Problem
from reasoner.logic.bdd import FALSE, Diagrams, good_order
from reasoner.logic.clauses import Cube, bits
from reasoner.logic.compile import implicants
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.expressions import And, AtomLeaf, Expr, Name, Not, Or
from reasoner.logic.unfold import Unfold


class Profiles:
    """Every complete profile of a compiled guideline; `total` is how many there are. One thread at a time.

    Raises GuidelineError where the axioms leave none.
    """

    def __init__(self, compiled: Compiled) -> None:
        self.compiled = compiled
        clauses = compiled.theory.implicates
        groups = [*(clause.atoms for clause in clauses), *(literals_in(r.definition) for r in compiled.rules.values())]
        self.diagrams = Diagrams(good_order(len(compiled.theory.atoms), groups))
        self._classes: dict[str, int] = {}
        self._unfold = Unfold({(iri, truth): list(rule.implicants(truth))
                               for iri, rule in compiled.rules.items() for truth in (True, False)})  # fmt: skip
        self.possible = self.diagrams.all_of(map(self.diagrams.clause, clauses))
        if self.possible == FALSE:
            what = "the axioms contradict each other: no patient is possible"
            raise GuidelineError(Problem("no-patient", what, "run guideproof check, and correct what it names"))
        self.total = self.diagrams.count(self.possible)

    def count(self, condition: Expr) -> int:
        """How many profiles satisfy a condition."""
        return self.diagrams.count(self.identity(condition))

    def any(self, condition: Expr) -> bool:
        """Whether some profile satisfies a condition."""
        return self.identity(condition) != FALSE

    def identity(self, condition: Expr) -> int:
        """The diagram of a condition: two conditions have the same number where the same profiles satisfy them."""
        return self.diagrams.all_of([self.diagrams.of(condition, self._leaf), self.possible])

    def implies(self, one: Expr, other: Expr) -> bool:
        """Whether every profile that satisfies `one` satisfies `other`."""
        return not self.any(And((one, Not(other))))

    def conditions(self, condition: Expr) -> list[Cube]:
        """The minimal terms that entail a condition, weakest modulo the theory, smallest first."""
        return implicants(self._unfold(condition), self.compiled.theory)

    def _leaf(self, leaf: Expr) -> int:
        match leaf:
            case AtomLeaf(atom):
                return self.diagrams.literal(atom)
            case Name(iri):
                if iri not in self._classes:
                    self._classes[iri] = self.diagrams.of(self.compiled.rules[iri].definition, self._leaf)
                return self._classes[iri]
        raise TypeError(f"{leaf!r} is not translated")


def term(cube: Cube) -> Expr:
    """A term as an expression."""
    return And((*(AtomLeaf(i) for i in bits(cube.pos)), *(Not(AtomLeaf(i)) for i in bits(cube.neg))))


def none_of(classes: Iterable[str]) -> Expr:
    """The patients in none of the classes."""
    return And(tuple(Not(Name(iri)) for iri in classes))


def any_term(cubes: Sequence[Cube]) -> Expr:
    """The patients who satisfy one of the terms."""
    return Or(tuple(map(term, cubes)))
