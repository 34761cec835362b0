"""Classifying a triple by its context: whether it conforms for certain, what it says of its patient, what it may touch.

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

from reasoner.caches import BoundedDict
from reasoner.guideline.guideline import Guideline
from reasoner.kernel.cohort import strings
from reasoner.logic.facts import NOTHING, Observation
from reasoner.logic.theory import Literals
from reasoner.population.ntriples.triple_block import PATIENT, TYPE, Codes, Flags
from reasoner.records.conform import Term, passes, term_of
from reasoner.records.constraints import Needs, mentioned_in
from reasoner.records.contract import Target, ValueShape
from reasoner.records.vocabulary import AS_OF as _AS_OF
from reasoner.records.vocabulary import OWL, RDFS, PermittedTerms
from reasoner.terms import CORE

AS_OF = f"<{_AS_OF}>"
_PROPOSES = f"<{CORE}proposes>"
_DECLARATIONS = frozenset({f"<{OWL}NamedIndividual>", f"<{OWL}Ontology>"})

#: How many verdicts are remembered, and the longest literal of which one is, in characters.
_REMEMBERED, _LONGEST = 1 << 16, 100


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

    `conforms`: every shape certainly holds. `needs` are the sets of terms of which it has one, as bits; `action` is the
    class of acts that it proposes.
    """

    conforms: bool
    literals: Literals
    needs: int
    action: str


class TripleClassifier:
    """Classifies contexts by the contract and the atoms of one guideline; for many threads.

    Verdicts are remembered up to a bound, and none on a text: only on nodes, IRIs, and typed literals that are short.
    """

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.contract = guideline, guideline.content.contract
        self.atoms = len(guideline.compiled.theory.atoms)
        properties = guideline.compiled.properties
        self.functional = [f"<{iri}>" for iri, rule in properties.items() if rule.functional and not rule.data]
        self.single = sorted(f"<{iri}>" for iri, rule in properties.items() if rule.functional or rule.data)
        #: The terms that rules may write.
        self.constants = sorted({f"<{g.values[0]}>" for rule in self.contract.rules for g in rule.give if g.values})
        #: The terms that the guideline declares.
        self.terms = frozenset(f"<{iri}>" for iri in self.contract.vocabulary.terms)
        self._permitted = PermittedTerms(self.contract.vocabulary)
        self._needs, self._named = Needs(self.contract), mentioned_in(self.contract)
        #: For each shape or rule beyond the fragment the sets of terms that it needs, as bits.
        self.beyond = sorted({self._needs.of(beyond.needs) for beyond in self.contract.beyond})
        self._verdicts: BoundedDict[Context, Verdict] = BoundedDict(_REMEMBERED)

    def verdict(self, context: Context) -> Verdict:
        """What follows from a context."""
        found = self._verdicts.get(context)
        if found is not None:
            return found
        verdict = self._verdict(context)
        return self._verdicts.keep(context, verdict) if _may_be_remembered(context.value) else verdict

    def _verdict(self, context: Context) -> Verdict:
        conforms = self._is_allowed(context) and all(
            self._holds(shape, target, context) for shape in self.contract.checks for target in shape.targets
        )
        try:
            observation = self._observed(context) if conforms else None
        except InvalidOperation:  # a value of a quantity that no shape asks to be a number
            conforms, observation = False, None
        literals = self.guideline.reader.literals(observation) if observation else NOTHING
        proposes = context.predicate == _PROPOSES and context.node
        needs = self._needs.satisfied_by(context.value[1:-1] if context.predicate == TYPE else context.predicate[1:-1])
        return Verdict(conforms, literals, needs, context.value[1:-1] if proposes else "")

    # -- the vocabulary --

    def in_namespace(self, term: str) -> bool:
        """Whether a term is an IRI in a namespace of the guideline, or in one that only a slip tells from it."""
        return term.startswith("<") and self._permitted.in_namespace(term[1:-1])

    def are_in_namespace(self, terms: pa.Array) -> Flags:
        """Which terms are such IRIs."""
        found = self.suspect(terms)
        chosen = np.flatnonzero(found)
        found[chosen] = [self.in_namespace(term) for term in terms.take(pa.array(chosen)).to_pylist()]
        return found

    def is_ours(self, term: str) -> bool:
        """Whether a term is such an IRI, or one of another vocabulary that a shape or a rule asks about."""
        return self.in_namespace(term) or term in self._mentioned

    def is_idle(self, predicate: str) -> bool:
        """Whether nothing follows from a property, whatever its values, save for values that are `suspect`."""
        return self._may_use(predicate) and predicate not in self._asked_about

    def suspect(self, terms: pa.Array) -> Flags:
        """Which terms may be other than another vocabulary's."""
        return np.array(pc.match_substring_regex(terms, self._suspect, ignore_case=True), bool)

    def _is_allowed(self, context: Context) -> bool:
        """Whether the guideline declares what the triple uses, and the triple is no axiom."""
        if context.predicate == TYPE:
            return self._may_name(TYPE, context.value)
        return self._may_use(context.predicate) and (context.node or self._may_name(context.predicate, context.value))

    def _may_use(self, predicate: str) -> bool:
        """Whether a record may use a property; those that state bounds are for tables and rules."""
        iri = predicate[1:-1]
        return iri not in self.guideline.catalogue.bounds and self._permitted.permits_property(iri)

    def _may_name(self, predicate: str, term: str) -> bool:
        """Whether a record may name a term of which it says nothing more."""
        return not term.startswith("<") or self._permitted.permits_object(predicate[1:-1], term[1:-1])

    @cached_property
    def names(self) -> pa.StringArray:
        """All terms that the guideline declares or its contract names."""
        named = {PATIENT, AS_OF, *self.constants, *(f"<{iri}>" for iri in self._named)}
        return strings(sorted(self.terms | named))

    @cached_property
    def _suspect(self) -> str:
        paths = (stem[stem.find("/") :] if "/" in stem else stem for stem in self.contract.vocabulary.stems)
        parts = [*paths, OWL, RDFS, *(term[1:-1] for term in sorted(self._mentioned))]
        return rf"^<(?:[a-z][\w-]*:[\w-]+>$|.*(?:{'|'.join(map(re.escape, parts))}))"

    @cached_property
    def _asked_about(self) -> frozenset[str]:
        """The terms that a shape, a rule or the theory asks about."""
        iris = self._named.union(self.guideline.compiled.properties, self.guideline.catalogue.negations)
        return frozenset({TYPE, _PROPOSES, *(f"<{iri}>" for iri in iris)})

    @cached_property
    def _mentioned(self) -> frozenset[str]:
        """The terms of other vocabularies that a shape or a rule asks about."""
        return frozenset(f"<{iri}>" for iri in self._named if not self._permitted.in_namespace(iri))

    # -- what no patient leads to --

    def wrong(self, numbers: Codes, predicates: Sequence[str], values: pa.Array, described: Flags) -> Flags:
        """Of pairs of a predicate, given by number, and a value: which a node that no patient leads to may not have.

        `described` are the values of which the block says something.
        """
        refused = [number for number in np.unique(numbers).tolist() if self._is_refused(predicates[number])]
        found = np.isin(numbers, refused)
        for at in np.flatnonzero(self.suspect(values) & ~found).tolist():
            found[at] = self._is_wrong(predicates[numbers[at]], values[at].as_py(), bool(described[at]))
        return found

    def _is_refused(self, predicate: str) -> bool:
        return not self._may_use(predicate) or self.is_ours(predicate)

    def _is_wrong(self, predicate: str, term: str, described: bool) -> bool:
        if predicate == TYPE:
            return term not in _DECLARATIONS and (not self._may_name(TYPE, term) or self.is_ours(term))
        return not described and not self._may_name(predicate, term)

    # -- the shapes --

    def _holds(self, shape: ValueShape, target: Target, context: Context) -> bool:
        """Whether a shape certainly holds at the subject and at the object of a triple, as far as it has this target.

        Where the focus is not known, any triple of the path has to pass.
        """
        predicate, here = context.predicate[1:-1], target.iris
        if target.kind == "objects" and shape.path in ("", TYPE[1:-1]):
            return predicate not in here or self._object_passes(shape, context)
        if shape.path:
            elsewhere = target.kind == "class" and context.kind[1:-1] not in here
            return elsewhere or shape.path != predicate or passes(shape.test, self._value(context)) is True
        focus = context.kind[1:-1] if target.kind == "class" else predicate
        return focus not in here or passes(shape.test, self._subject(context)) is True

    def _object_passes(self, shape: ValueShape, context: Context) -> bool:
        """Whether the object of a triple, or each of its types, certainly passes."""
        value = self._value(context)
        if not shape.path:
            return passes(shape.test, value) is True
        types = [Term("iri", iri) for iri in value.classes]
        return value.text not in self._permitted.terms and all(passes(shape.test, term) is True for term in types)

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


def _may_be_remembered(value: str) -> bool:
    """Whether a value is certainly no text of a patient's: no literal, or one that is short and typed."""
    return not value.startswith('"') or (len(value) <= _LONGEST and value.endswith(">"))
