"""Judging a triple by its context: whether it conforms for certain, what it says of its patient, what it may touch.

A context is all that the compiled contract asks of a triple but the names of its nodes: the class of the subject, the
functional property by which the subject hangs on its patient, the predicate, and the object or, of a node, its class.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from reasoner.conform import Term, passes, term_of
from reasoner.contract import Contract, CountShape, Target, ValueShape, stem
from reasoner.facts import NOTHING, Observation
from reasoner.guideline import Guideline
from reasoner.terms import GP

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
PATIENT = f"<{GP.Patient}>"
OWL, RDFS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#"
_BITS = 64


class Context(NamedTuple):
    """All that is asked of a triple; terms as N-Triples write them, '' where there is none.

    `kind` is the class of the subject, `via` the functional property that leads to the subject. With `node`, the
    object is a node of the record, and `value` its class.
    """

    kind: str
    via: str
    predicate: str
    node: bool
    value: str


class Verdict(NamedTuple):
    """What follows from a context.

    `ok`: every shape is certainly met. `pos` and `neg` are the literals that it gives, `needs` the sets of terms (as
    bits) that it meets, `action` the class of acts that it proposes.
    """

    ok: bool
    pos: int
    neg: int
    needs: int
    action: str


class Judge:
    """Judges contexts by the contract and the atoms of one guideline; each context once."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.contract = guideline, guideline.content.contract
        self.words = -(-len(guideline.compiled.theory.atoms) // 64)
        properties = guideline.compiled.properties
        self.functional = [f"<{iri}>" for iri, rule in properties.items() if rule.functional and not rule.data]
        self.node_properties = {f"<{iri}>" for iri in self.contract.vocabulary.node_properties}
        self._sets, self.beyond = _needs(self.contract)
        self._verdicts: dict[Context, Verdict] = {}

    def speaks(self, term: str) -> bool:
        """Whether an IRI lies in a namespace of the guideline, or in one that only a slip tells from it."""
        return term.startswith("<") and stem(term[1:-1]) in self.contract.vocabulary.stems

    def counted(self, shape: CountShape, written: str) -> bool:
        """Whether a value counts for a shape; one that may or may not counts where there is an upper limit."""
        found = passes(shape.test, term_of(written))
        return found is True or (found is None and shape.high is not None)

    def verdict(self, context: Context) -> Verdict:
        """What follows from a context."""
        found = self._verdicts.get(context)
        if found is None:
            found = self._verdicts[context] = self._judged(context)
        return found

    def _judged(self, context: Context) -> Verdict:
        ok = self._allowed(context) and all(self._met(shape, context) for shape in self.contract.checks)
        seen = self._observed(context) if ok else None
        literals = self.guideline.reader.literals(seen) if seen else NOTHING
        proposes = context.predicate == f"<{GP.proposes}>" and context.node
        return Verdict(ok, *literals, self._needed(context), context.value[1:-1] if proposes else "")

    # -- the vocabulary --

    def _allowed(self, context: Context) -> bool:
        """Whether the guideline declares what the triple uses, and the triple is no axiom."""
        words = self.contract.vocabulary
        predicate, value = context.predicate[1:-1], context.value[1:-1]
        if context.predicate == TYPE:
            return not value.startswith((OWL, RDFS)) and (not self.speaks(context.value) or value in words.classes)
        if predicate.startswith((OWL, RDFS)) or predicate in (GP.asOf, *self.guideline.catalogue.bounds):
            return predicate == RDFS + "label" or predicate == RDFS + "comment"
        if self.speaks(context.predicate) and predicate not in words.properties:
            return False
        if context.node or not self.speaks(context.value):
            return True
        negates = predicate in self.guideline.catalogue.negations
        named = words.classes if negates or predicate in words.node_properties else words.terms
        return value in named

    # -- the shapes --

    def _met(self, shape: ValueShape, context: Context) -> bool:
        """Whether a triple certainly meets a shape, at its subject and at its object."""
        return all(self._met_for(shape, target, context) for target in shape.targets)

    def _met_for(self, shape: ValueShape, target: Target, context: Context) -> bool:
        """The same for one target; where the focus cannot be told, any triple of the path has to pass."""
        predicate, here = context.predicate[1:-1], target.iris
        if target.kind == "objects" and shape.path in ("", TYPE[1:-1]):
            value = self._value(context)
            types = [Term("iri", iri) for iri in value.classes]
            return predicate not in here or (
                all(passes(shape.test, term) is True for term in types if shape.path)
                and (bool(shape.path) or passes(shape.test, value) is True)
            )
        if shape.path:
            elsewhere = target.kind == "class" and context.kind[1:-1] not in here
            return elsewhere or shape.path != predicate or passes(shape.test, self._value(context)) is True
        met = context.kind[1:-1] if target.kind == "class" else predicate
        return met not in here or passes(shape.test, self._subject(context)) is True

    def _subject(self, context: Context) -> Term:
        kind = "iri" if context.kind == PATIENT else "node"
        return Term(kind, "", classes=frozenset({context.kind[1:-1]}) if context.kind else frozenset())

    def _value(self, context: Context) -> Term:
        return Term("node", "", classes=frozenset({context.value[1:-1]})) if context.node else term_of(context.value)

    # -- what it says --

    def _observed(self, context: Context) -> Observation | None:
        """What a triple says of the patient, or of the node to which a functional property leads from it."""
        if context.kind != PATIENT and not context.via:
            return None
        negations, predicate = self.guideline.catalogue.negations, context.predicate[1:-1]
        if predicate in negations and context.kind == PATIENT:
            return Observation((negations[predicate],), "class", context.value[1:-1], False)
        rule = self.guideline.compiled.properties.get(predicate)
        if rule is None:
            return None
        path = (context.via[1:-1], predicate) if context.via else (predicate,)
        if rule.data:
            number = Decimal(term_of(context.value).text)
            return Observation(path, "number", low=number, high=number)
        return Observation(path, "class" if context.node else "value", context.value[1:-1])

    def _needed(self, context: Context) -> int:
        """The sets of needed terms that the triple has a term of, as bits."""
        term = context.value[1:-1] if context.predicate == TYPE else context.predicate[1:-1]
        terms = {term, *self.contract.above.get(term, ())}
        return sum(1 << bit for need, bit in self._sets.items() if not terms.isdisjoint(need))


def _needs(contract: Contract) -> tuple[dict[tuple[str, ...], int], tuple[int, ...]]:
    """A bit for each set of needed terms, and for each shape beyond the fragment the bits that it needs together.

    Sets beyond the first 64 are taken to be met always.
    """
    sets = sorted({need for beyond in contract.beyond for need in beyond.needs})[:_BITS]
    numbered = {need: bit for bit, need in enumerate(sets)}
    together = {sum(1 << numbered[n] for n in set(b.needs) if n in numbered) for b in contract.beyond}
    return numbered, tuple(sorted(together))
