"""Compiling: every defined class of patients to its prime implicants and those of its complement.

The implicants are those of the Blake canonical form (A. Blake, Canonical Expressions in Boolean Algebra, 1937) modulo
the theory: the minimal consistent terms that entail the class, of which the weakest are kept. Facts closed under the
theory entail the class exactly where they satisfy one.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from reasoner.errors import FragmentError, Problem
from reasoner.logic.background import BackgroundTheory
from reasoner.logic.clauses import Cube, TooManyError, absorb, atoms_of, bits, prime
from reasoner.logic.compiled import ClassRule, Compiled, Origin, PropertyRule
from reasoner.logic.expressions import And, Expr, HasValue, Name, Not, Or, Some, Threshold
from reasoner.logic.owl import Axioms
from reasoner.logic.theory import Literals, Theory
from reasoner.logic.translate import ROOT, Translator
from reasoner.logic.unfold import Unfold

#: Names the axiom in an error about an expression that is mentioned.
MENTIONED = "urn:guideproof:mentioned"


def compile_axioms(axioms: Axioms, mentioned: Iterable[Expr] = ()) -> Compiled:
    """Compile a guideline, its atoms those of its axioms and of expressions that are `mentioned`.

    Raises FragmentError for an axiom outside the fragment, GuidelineError for a definition that goes in a circle.
    """
    translator = Translator(axioms)
    definitions = {iri: translator.translate(*axioms.definitions[iri]) for iri in translator.order}
    for expr in mentioned:
        translator.translate(expr, Origin(MENTIONED, "", None))
    raw = Unfold({})
    for iri in translator.order:
        with _refusing(axioms.definitions[iri][1], translator):
            raw.terms_of.update({(iri, truth): raw(definitions[iri], truth) for truth in (True, False)})
    with _refusing(Origin("", "", None), translator):
        background = BackgroundTheory(translator, raw)
        clauses = background.clauses()
        theory = Theory.of(list(translator.numbers), clauses)
    rules = _rules(translator, definitions, theory)
    return Compiled(theory, rules, tuple(translator.origins), _attributes(axioms, definitions),
                    _properties(axioms), tuple(sorted(tuple(sorted(pair)) for pair in axioms.different)),
                    background.fillers.joined(), background.fillers.broader())  # fmt: skip


@contextmanager
def _refusing(origin: Origin, translator: Translator) -> Iterator[None]:
    """Turns a form that is too large into the refusal of the class at `origin`; without a term, of an axiom in it."""
    try:
        yield
    except TooManyError as error:
        named = (*(tuple(translator.origins)[i] for i in bits(error.axioms)), *translator.axioms.classes.values())
        at = origin if origin.term else named[0 if error.axioms else -1]
        what, remedy = f"the class has {error}: too many to compile", "name parts of it as criteria, or ask for fewer"
        raise FragmentError(Problem("too-large", what, remedy, at.file or None, at.line, at.term or None)) from error


def _rules(translator: Translator, definitions: dict[str, Expr], theory: Theory) -> dict[str, ClassRule]:
    axioms = translator.axioms
    unfold, rules = Unfold({}), {}
    for iri, definition in definitions.items():
        with _refusing(axioms.definitions[iri][1], translator):
            for truth in (True, False):
                unfold.terms_of[iri, truth] = implicants(unfold(definition, truth), theory)
        entailed, excluded = (tuple(unfold.terms_of[iri, truth]) for truth in (True, False))
        rules[iri] = ClassRule(iri, definition, entailed, excluded, axioms.definitions[iri][1])
    return rules


def implicants(terms: Iterable[Cube], theory: Theory) -> list[Cube]:
    """The weakest consistent terms that entail, modulo `theory`, the disjunction of `terms`: smallest first."""
    possible = [term for term in absorb(terms) if theory.consistent(term)]
    background = theory.over(theory.relevant(atoms_of(possible)))
    found = prime([*possible, *(clause.negated for clause in background)])
    return weakest([term for term in found if theory.consistent(term)], theory)


def weakest(terms: list[Cube], theory: Theory) -> list[Cube]:
    """`terms` without those that entail another of them modulo `theory`; of equivalents, the first by size."""
    ordered = sorted(terms, key=lambda t: (t.size, t.axioms.bit_count(), t))
    closures = [theory.close(term) for term in ordered]
    return [term for i, term in enumerate(ordered)
            if not any(_drops(i, j, ordered, closures) for j in range(len(ordered)) if j != i)]  # fmt: skip


def _drops(i: int, j: int, terms: list[Cube], closures: list[Literals]) -> bool:
    """Whether term `i` is stronger than term `j`, or equivalent to it and later."""
    return closures[i].satisfy(terms[j]) and (j < i or not closures[j].satisfy(terms[i]))


def _attributes(axioms: Axioms, definitions: dict[str, Expr]) -> dict[str, Expr]:
    """The criteria whose definition, beside the root, is one restriction on values or quantities and names no class."""
    found = {}
    for iri, translated in definitions.items():
        parts = _flat(axioms.definitions[iri][0])
        rest = [part for part in parts if part != Name(ROOT)]
        if len(rest) == 1 and _is_attribute(rest[0], axioms):
            found[iri] = translated
    return found


def _flat(expr: Expr) -> list[Expr]:
    return [p for part in expr.parts for p in _flat(part)] if isinstance(expr, And) else [expr]


def _is_attribute(expr: Expr, axioms: Axioms) -> bool:
    match expr:
        case HasValue() | Threshold():
            return True
        case Some(prop, filler):
            return axioms.properties[prop].functional and _is_attribute(filler, axioms)
        case And(parts) | Or(parts):
            return bool(parts) and all(_is_attribute(part, axioms) for part in parts)
        case Not(part):
            return _is_attribute(part, axioms)
    return False


def _properties(axioms: Axioms) -> dict[str, PropertyRule]:
    return {
        iri: PropertyRule(p.functional, p.data, tuple(p.supers), tuple(p.ranges))
        for iri, p in axioms.properties.items()
    }
