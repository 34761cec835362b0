"""HermiT proves reasons: what a reason states and the axioms that it lists, and nothing else, entail its answer.

Nothing here knows the implicants. Each set of axioms stands in an ontology under names of its own, so that one run
proves many reasons: a class of the patients of whom the facts are true and the answer is not has to be empty, and
without any one of the facts it must not be.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

from rdflib import OWL, RDF, RDFS, XSD, BNode, URIRef
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline
from reasoner.logic.clauses import bits
from reasoner.logic.decide import State
from reasoner.logic.justify import Reason
from reasoner.logic.theory import Atom, Literals
from reasoner.patient.assess import Assessment
from reasoner.patient.hermit import ClassExpressionBuilder, Logical
from reasoner.patient.hermit_process import Triple, classified, taxonomy_of
from reasoner.terms import GP
from reasoner.workbench.verify.rebuild import Fault

_OWN = "urn:guideproof:verify:"

#: How many reasons are proved in one run.
_BATCH = 200


class Claimed(NamedTuple):
    """A reason as HermiT is asked: what each fact states, the terms of its axioms, the class, and whether it holds."""

    facts: tuple[Literals, ...]
    terms: frozenset[str]
    iri: str
    truth: bool


class ReasonProver:
    """Proves reasons by one guideline, each once."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.theory = guideline, guideline.compiled.theory
        self.verdicts: dict[Claimed, str] = {}

    def unproven(self, assessed: Iterable[Assessment], timeout: float) -> Iterator[Fault]:
        """What HermiT finds wrong with the reasons of some assessments. Raises EngineError where it fails."""
        asked = [self._claimed(justified.reason, conclusion.cls.iri, conclusion.state) for one in assessed
                 for conclusion in one.conclusions for justified in conclusion.reasons]  # fmt: skip
        new = [one for one in dict.fromkeys(asked) if one not in self.verdicts]
        deadline = time.monotonic() + timeout
        for start in range(0, len(new), _BATCH):
            self._prove(new[start : start + _BATCH], deadline)
        for one in dict.fromkeys(asked):
            if code := self.verdicts[one]:
                yield Fault(code, one.iri, _WHAT[code])

    def _claimed(self, reason: Reason, iri: str, state: State) -> Claimed:
        """The definitions of the criteria that are facts, and what their properties are, belong to what these say."""
        terms = {origin.term for origin in reason.axioms}
        for fact in reason.facts:
            if fact.term in self.guideline.compiled.attributes:
                atoms = (self.theory.atoms[i] for i in bits(fact.literals.pos | fact.literals.neg))
                terms |= {fact.term, *(prop for atom in atoms for prop in atom.path)}
        return Claimed(tuple(fact.literals for fact in reason.facts), frozenset(terms), iri, state is State.ENTAILED)

    @cached_property
    def axioms(self) -> _AxiomsByTerm:
        """The axioms of the guideline, by term."""
        return _AxiomsByTerm(Logical([parsed.graph for parsed in self.guideline.ontologies]))

    def _prove(self, asked: Sequence[Claimed], deadline: float) -> None:
        """Ask HermiT of some reasons, those with the same axioms in one copy of these."""
        triples: list[Triple] = []
        copies: dict[frozenset[str], list[int]] = {}
        for number, one in enumerate(asked):
            copies.setdefault(one.terms, []).append(number)
        for copy, (terms, numbers) in enumerate(copies.items()):
            builder = ClassExpressionBuilder(self.axioms.logical, f"c{copy}q")
            for number in numbers:
                self._ask(builder, number, asked[number])
            triples += _renamed([*self.axioms.about(terms), *builder.triples], copy, self.axioms)
        taxonomy = taxonomy_of(classified(triples, deadline))
        for number, one in enumerate(asked):
            self.verdicts[one] = _verdict(number, len(one.facts), taxonomy)

    def _ask(self, builder: ClassExpressionBuilder, number: int, one: Claimed) -> None:
        """Name the patients whose facts are these and whose answer is not, and those without each of the facts."""
        stated = [[*self._expressions(builder, fact)] for fact in one.facts]
        cls = builder.named(one.iri)
        other = builder.negation(cls) if one.truth else cls
        for left_out in range(-1, len(stated)):
            kept = [part for i, parts in enumerate(stated) if i != left_out for part in parts]
            sub = builder.both([GP.Patient, other, *kept])
            builder.triples.append((builder.named(_name(number, left_out)), RDFS.subClassOf, sub))

    def _expressions(self, builder: ClassExpressionBuilder, fact: Literals) -> Iterator[Node]:
        for atom in bits(fact.pos):
            yield _expression(builder, self.theory.atoms[atom])
        for atom in bits(fact.neg):
            yield builder.negation(_expression(builder, self.theory.atoms[atom]))


_WHAT = {
    "not-proven": "HermiT does not conclude the answer from the facts and axioms of a reason",
    "needless-fact": "HermiT concludes the answer without one of the facts of a reason, too",
}


def _name(number: int, left_out: int) -> str:
    return f"{_OWN}{number}-{'all' if left_out < 0 else left_out}"


def _verdict(number: int, facts: int, taxonomy: Mapping[str, set[str]]) -> str:
    """A code of `_WHAT`, empty where the reason is proved."""

    def empty(left_out: int) -> bool:
        return str(OWL.Nothing) in taxonomy.get(_name(number, left_out), ())

    if not empty(-1):
        return "not-proven"
    return "needless-fact" if any(map(empty, range(facts))) else ""


def _expression(builder: ClassExpressionBuilder, atom: Atom) -> Node:
    """The class of the patients of whom an atom is true."""
    *path, last = atom.path
    if not atom.path:
        return builder.named(atom.target)
    if atom.kind == "class":
        return builder.some(atom.path, builder.named(atom.target))
    if atom.kind == "value":
        return builder.some(path, builder.restriction(last, OWL.hasValue, URIRef(atom.target)))
    if atom.kind == "above":
        return builder.some(atom.path, builder.above(atom.bound, atom.strict))
    data = URIRef(last) in builder.ontology.quantities
    return builder.some(atom.path, XSD.decimal if data else OWL.Thing)


class _AxiomsByTerm:
    """The axioms of an ontology by the term under which the compiler files them."""

    def __init__(self, logical: Logical) -> None:
        self.logical = logical
        self.below: dict[Node, list[Triple]] = {}
        for triple in logical.triples:
            self.below.setdefault(triple[0], []).append(triple)
        pointed = {o for _, _, o in logical.triples if isinstance(o, BNode)}
        self.unnamed: dict[str, list[Node]] = {}
        for node in self.below:
            if isinstance(node, BNode) and node not in pointed:
                self.unnamed.setdefault(self._first_class(node), []).append(node)

    def _first_class(self, node: Node) -> str:
        """The class under which an axiom without a name is filed; empty where it names none, as owl:AllDifferent."""
        visited, queue = {node}, [node]
        while queue:
            reached = sorted({o for _, _, o in self.below.get(queue.pop(0), ())} - visited, key=str)
            for one in reached:
                if isinstance(one, URIRef) and one in self.logical.classes:
                    return str(one)
            visited.update(reached)
            queue += [one for one in reached if isinstance(one, BNode)]
        return ""

    def about(self, terms: Iterable[str]) -> list[Triple]:
        """The axioms about some terms, and which individuals differ."""
        found: dict[Triple, None] = {}
        queue: list[Node] = [*map(URIRef, sorted(terms)), *self.unnamed.get("", ())]
        queue += [node for term in sorted(terms) for node in self.unnamed.get(term, ())]
        visited = set(queue)
        while queue:
            for triple in self.below.get(queue.pop(), ()):
                found[triple] = None
                if isinstance(triple[2], BNode) and triple[2] not in visited:
                    visited.add(triple[2])
                    queue.append(triple[2])
        return list(found)

    def declarations(self, terms: Iterable[Node]) -> Iterator[Triple]:
        """What kind of thing each of some terms is."""
        kinds = (
            (OWL.Class, self.logical.classes),
            (OWL.ObjectProperty, self.logical.links),
            (OWL.DatatypeProperty, self.logical.quantities),
            (OWL.NamedIndividual, self.logical.individuals),
        )
        for term in terms:
            yield from ((term, RDF.type, kind) for kind, known in kinds if term in known)


_KEPT = (str(OWL), str(RDF), str(RDFS), str(XSD), _OWN)


def _renamed(triples: Sequence[Triple], copy: int, axioms: _AxiomsByTerm) -> Iterator[Triple]:
    """The triples and the declarations of their terms, under names of their own."""

    def name(term: Node) -> Node:
        if isinstance(term, BNode):
            return BNode(f"c{copy}x{term}")
        if isinstance(term, URIRef) and not str(term).startswith(_KEPT):
            return URIRef(f"urn:guideproof:copy:{copy}:{term}")
        return term

    used = {term for triple in triples for term in triple if isinstance(term, URIRef)}
    for s, p, o in [*triples, *axioms.declarations(sorted(used))]:
        yield name(s), p if str(p).startswith(_KEPT) else name(p), name(o)
