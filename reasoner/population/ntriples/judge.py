"""Judging a triple by its context: whether it conforms for certain, what it says of its patient, what it may touch.

A context is all that the compiled contract asks of a triple but the names of its nodes: the class of the subject, the
functional property by which the subject hangs on its patient, the predicate, and the object or, of a node, its class.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from functools import cached_property
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reasoner.guideline.guideline import Guideline
from reasoner.kernel.arrays import strings
from reasoner.logic.facts import NOTHING, Observation
from reasoner.records.conform import Term, passes, term_of
from reasoner.records.contract import Contract, CountShape, Target, ValueShape
from reasoner.records.vocabulary import AS_OF as _AS_OF
from reasoner.records.vocabulary import OWL, RDFS, PermittedTerms
from reasoner.terms import CORE

TYPE = "<http://www.w3.org/1999/02/22-rdf-syntax-ns#type>"
PATIENT = f"<{CORE}Patient>"
AS_OF = f"<{_AS_OF}>"
_DECLARATIONS = frozenset({f"<{OWL}NamedIndividual>", f"<{OWL}Ontology>"})
_BITS = 64

#: How many verdicts are remembered.
_REMEMBERED = 1 << 16


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


class TripleClassifier:
    """Judges contexts by the contract and the atoms of one guideline; each context once."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.contract = guideline, guideline.content.contract
        self.words = -(-len(guideline.compiled.theory.atoms) // 64)
        properties = guideline.compiled.properties
        self.functional = [f"<{iri}>" for iri, rule in properties.items() if rule.functional and not rule.data]
        numbers = {iri for iri, rule in properties.items() if rule.functional or rule.data}
        self.single = [f"<{iri}>" for iri in sorted(numbers)]
        words = self.contract.vocabulary
        self.terms = strings(f"<{iri}>" for iri in words.terms)
        self._may = PermittedTerms(words)
        self._sets, self.beyond = _needs(self.contract)
        self._verdicts: dict[Context, Verdict] = {}

    def speaks(self, term: str) -> bool:
        """Whether an IRI lies in a namespace of the guideline, or in one that only a slip tells from it."""
        return term.startswith("<") and self._may.in_namespace(term[1:-1])

    def owns(self, terms: pa.Array) -> NDArray[np.bool_]:
        """Which terms are IRIs in such a namespace."""
        found = self.suspect(terms)
        chosen = np.flatnonzero(found)
        found[chosen] = [self.speaks(term) for term in terms.take(pa.array(chosen)).to_pylist()]
        return found

    def looks_at(self, predicate: str, term: str) -> bool:
        """Whether it may matter to the reference what is said of a term that a foreign property leads to."""
        return predicate in self._mentioned or self.speaks(term)

    def counted(self, shape: CountShape, written: str) -> bool | None:
        """Whether a value counts for a shape; None where that is for the reference to say."""
        return passes(shape.test, term_of(written))

    def verdict(self, context: Context) -> Verdict:
        """What follows from a context."""
        found = self._verdicts.get(context)
        if found is None:
            if len(self._verdicts) >= _REMEMBERED:
                self._verdicts.clear()
            found = self._verdicts[context] = self._judged(context)
        return found

    def _judged(self, context: Context) -> Verdict:
        ok = self._allowed(context) and all(self._met(shape, context) for shape in self.contract.checks)
        try:
            seen = self._observed(context) if ok else None
        except InvalidOperation:  # a value of a quantity that no shape asks to be a number
            ok, seen = False, None
        literals = self.guideline.reader.literals(seen) if seen else NOTHING
        proposes = context.predicate == f"<{CORE}proposes>" and context.node
        return Verdict(ok, *literals, self._needed(context), context.value[1:-1] if proposes else "")

    # -- the vocabulary --

    def _allowed(self, context: Context) -> bool:
        """Whether the guideline declares what the triple uses, and the triple is no axiom."""
        if context.predicate == TYPE:
            return self._is_class(context.value)
        return self._may_say(context.predicate) and (context.node or self._may_name(context.predicate, context.value))

    def _is_class(self, term: str) -> bool:
        return self._may_name(TYPE, term)

    def _may_say(self, predicate: str) -> bool:
        """Whether a record may use a property; those that state bounds are for tables and rules."""
        return predicate[1:-1] not in self.guideline.catalogue.bounds and self._may.permits_property(predicate[1:-1])

    def _may_name(self, predicate: str, term: str) -> bool:
        """Whether a record may name a term of which it says nothing more."""
        return not term.startswith("<") or self._may.permits_object(predicate[1:-1], term[1:-1])

    # -- what no patient leads to --

    def wrong(
        self, numbers: NDArray[np.int32], predicates: Sequence[str], values: pa.Array, said: NDArray[np.bool_]
    ) -> NDArray[np.bool_]:
        """Of pairs of a predicate, given by number, and a value: which a node that no patient leads to may not have.

        `said` are the values of which the block says something.
        """
        used = np.unique(numbers)
        refused = [n for n in used.tolist() if not self._may_say(predicates[n]) or self._speaks_or_asks(predicates[n])]
        found = np.isin(numbers, refused)
        for place in np.flatnonzero(self.suspect(values) & ~found).tolist():
            found[place] = self._is_wrong(predicates[numbers[place]], values[place].as_py(), bool(said[place]))
        return found

    def _is_wrong(self, predicate: str, term: str, said: bool) -> bool:
        if predicate == TYPE:
            return term not in _DECLARATIONS and (not self._is_class(term) or self._speaks_or_asks(term))
        return not said and not self._may_name(predicate, term)

    def _speaks_or_asks(self, term: str) -> bool:
        return self.speaks(term) or term in self._mentioned

    def is_idle(self, predicate: str) -> bool:
        """Whether nothing follows from a property, whatever its values, save for values that are `suspect`."""
        known = predicate[1:-1] in self.guideline.compiled.properties
        return self._may_say(predicate) and not (known or predicate == TYPE or self._speaks_or_asks(predicate))

    def suspect(self, terms: pa.Array) -> NDArray[np.bool_]:
        """Which terms may be other than another vocabulary's."""
        found = pc.match_substring_regex(terms, self._suspect, ignore_case=True)
        return np.array(found.to_numpy(zero_copy_only=False), bool)

    @cached_property
    def _suspect(self) -> str:
        parts = [*self.contract.vocabulary.stems, OWL, RDFS, *(term[1:-1] for term in sorted(self._mentioned))]
        return f"^<.*(?:{'|'.join(map(re.escape, parts))})"

    @cached_property
    def _mentioned(self) -> frozenset[str]:
        """The terms of other vocabularies by which a shape or a rule may come upon a node."""
        contract = self.contract
        targets = [(shape.targets, shape.path) for shape in contract.checks]
        targets += [(shape.targets, shape.path) for shape in contract.counts]
        found = {iri for places, path in targets for target in places for iri in (*target.iris, path)}
        found |= {iri for rule in contract.rules for need in rule.needs for iri in need}
        found |= {iri for beyond in contract.beyond for need in beyond.needs for iri in need}
        for rule in contract.rules:
            for pattern in (*rule.match, *(p for absent in rule.absent for p in absent)):
                found |= {pattern.predicate, *pattern.values}
        found |= {term for term, above in contract.above.items() if not found.isdisjoint(above)}
        foreign = {f"<{iri}>" for iri in found if iri} - {TYPE}
        return frozenset(term for term in foreign if not self.speaks(term))

    def count_leaves(self, terms: pa.Array) -> int:
        """How many of some terms can be no node that is described elsewhere: literals and the guideline's own."""
        return sum(term.startswith('"') or self.speaks(term) for term in terms.to_pylist())

    # -- the shapes --

    def _met(self, shape: ValueShape, context: Context) -> bool:
        """Whether a triple certainly meets a shape, at its subject and at its object."""
        return all(self._met_for(shape, target, context) for target in shape.targets)

    def _met_for(self, shape: ValueShape, target: Target, context: Context) -> bool:
        """The same for one target; where the focus cannot be told, any triple of the path has to pass."""
        predicate, here = context.predicate[1:-1], target.iris
        if target.kind == "objects" and shape.path in ("", TYPE[1:-1]):
            return predicate not in here or self._met_by(shape, context)
        if shape.path:
            elsewhere = target.kind == "class" and context.kind[1:-1] not in here
            return elsewhere or shape.path != predicate or passes(shape.test, self._value(context)) is True
        met = context.kind[1:-1] if target.kind == "class" else predicate
        return met not in here or passes(shape.test, self._subject(context)) is True

    def _met_by(self, shape: ValueShape, context: Context) -> bool:
        """Whether the object of a triple, or each of its types, certainly meets a shape."""
        value = self._value(context)
        if not shape.path:
            return passes(shape.test, value) is True
        types = [Term("iri", iri) for iri in value.classes]
        return value.text not in self._may.terms and all(passes(shape.test, term) is True for term in types)

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
