"""What authors declare of a guideline beside its definitions: safety invariants, and findings that they accept.

Both are individuals of the ontology, annotated in the core's vocabulary. A name in them that the guideline does not
have is refused by file and line: an invariant about nothing would hold of everything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rdflib import DCTERMS, RDF, RDFS, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Origin
from reasoner.logic.decide import State
from reasoner.rdf import Parsed
from reasoner.terms import GP, local_name

_PREMISES = {
    GP.whenEntailed: (State.ENTAILED, True),
    GP.whenExcluded: (State.EXCLUDED, True),
    GP.whenNotEntailed: (State.ENTAILED, False),
    GP.whenNotExcluded: (State.EXCLUDED, False),
}
_STATES: Mapping[Node, State] = {GP.Entailed: State.ENTAILED, GP.Excluded: State.EXCLUDED}


@dataclass(frozen=True)
class Premise:
    """Some class is (`holds`), or is not, in a state by what is recorded; each of `classes` is taken in turn."""

    classes: tuple[str, ...]
    state: State
    holds: bool


@dataclass(frozen=True)
class Invariant:
    """Whenever the premises hold, every class of `concerned` has the state (or, with `never`, has not)."""

    iri: str
    label: str
    premises: tuple[Premise, ...]
    concerned: tuple[str, ...]
    state: State
    never: bool
    statements: tuple[str, ...]
    origin: Origin


@dataclass(frozen=True)
class Acceptance:
    """An author's reason to leave findings of one code as they are.

    `concerns` are the terms that the findings are about. With `present` and `absent`, every finding is meant whose
    patients all have, and lack, these.
    """

    iri: str
    code: str
    concerns: frozenset[str]
    present: tuple[str, ...]
    absent: tuple[str, ...]
    reason: str
    origin: Origin


def invariants(guideline: Guideline) -> tuple[Invariant, ...]:
    """The declared safety invariants. Raises GuidelineError for one that cannot be read."""
    return tuple(declaration.invariant() for declaration in _declarations(guideline, GP.SafetyInvariant))


def acceptances(guideline: Guideline) -> tuple[Acceptance, ...]:
    """The declared acceptances. Raises GuidelineError for one that cannot be read."""
    return tuple(declaration.acceptance() for declaration in _declarations(guideline, GP.AcceptedFinding))


def acts_below(taxonomy: Graph, action: str) -> frozenset[str]:
    """A class of acts and all below it."""
    return frozenset(str(s) for s in taxonomy.transitive_subjects(RDFS.subClassOf, URIRef(action)))


def forbidding(graph: Graph) -> frozenset[str]:
    """The strengths that count against an action."""
    return frozenset(str(s) for s in graph.subjects(GP.forbids, Literal(True)))


def _declarations(guideline: Guideline, kind: Node) -> list[Declaration]:
    """The individuals of a kind, in the order of files and lines."""
    found = [Declaration(guideline, parsed, node)
             for parsed in guideline.ontologies for node in parsed.graph.subjects(RDF.type, kind)]  # fmt: skip
    return sorted(found, key=lambda one: (one.origin.file, one.origin.line or 0, one.origin.term))


class Declaration:
    """One individual that declares something; raises GuidelineError for what cannot be read of it."""

    def __init__(self, guideline: Guideline, parsed: Parsed, node: Node) -> None:
        self.guideline, self.graph, self.node = guideline, guideline.graph, node
        self.rules, self.taxonomy = guideline.compiled.rules, guideline.taxonomy
        self.origin = Origin(str(node), parsed.file, parsed.line_of(node, RDF.type))

    def invariant(self) -> Invariant:
        """The individual as a safety invariant."""
        premises = [Premise(self._classes(target), *kind)
                    for predicate, kind in _PREMISES.items() for target in self._objects(predicate)]  # fmt: skip
        states = [(o, p == GP.neverState) for p in (GP.thenState, GP.neverState) for o in self._objects(p)]
        if len(states) != 1 or states[0][0] not in _STATES:
            raise self._refused(
                "the invariant does not have exactly one of gp:thenState and gp:neverState, gp:Entailed or gp:Excluded",
                "say which state follows, or which never does",
            )
        return Invariant(self.origin.term, self.guideline.catalogue.label(self.origin.term), tuple(premises),
                         self._concerned(), _STATES[states[0][0]], states[0][1], self._statements(),
                         self.origin)  # fmt: skip

    def acceptance(self) -> Acceptance:
        """The individual as an acceptance."""
        code, reason = ([str(o) for o in self._objects(p)] for p in (GP.code, GP.rationale))
        if len(code) != 1 or not reason:
            what = "the acceptance does not have one gp:code, and a gp:rationale"
            raise self._refused(what, "name the code of the findings that it accepts, and say why")
        present, absent = (tuple(map(self._fact, self._objects(p))) for p in (GP.wherePresent, GP.whereAbsent))
        concerns = frozenset(map(str, self._objects(GP.concerns)))
        return Acceptance(self.origin.term, code[0], concerns, present, absent, reason[0], self.origin)

    def _concerned(self) -> tuple[str, ...]:
        """The management classes, or those named, that advise as the invariant asks and are not put aside."""
        named, aside = ([iri for o in self._objects(p) for iri in self._classes(o)] for p in (GP.concerning, GP.aside))
        found = named or [cls.iri for cls in self.guideline.catalogue.management]
        for predicate, forbids in ((GP.forbidding, True), (GP.opening, False)):
            for action in self._objects(predicate):
                found = [iri for iri in found if self._advises(iri, self._acts(action), forbids)]
        return tuple(iri for iri in dict.fromkeys(found) if iri not in aside)

    def _acts(self, action: Node) -> frozenset[str]:
        if GP.Act not in self.taxonomy.transitive_objects(action, RDFS.subClassOf):
            raise self._refused(f"{local_name(str(action))} is no class of acts", "name a class below gp:Act")
        return acts_below(self.taxonomy, str(action))

    def _advises(self, iri: str, acts: frozenset[str], forbids: bool) -> bool:
        """Whether a class advises against (or not against) one of the acts."""
        against = forbidding(self.graph)
        advice = [r for cls in self.guideline.catalogue.management if cls.iri == iri for r in cls.recommendations]
        return any(r.action in acts and (r.strength in against) == forbids for r in advice)

    def _classes(self, target: Node) -> tuple[str, ...]:
        """The defined class that a target is, or the defined classes of that kind."""
        if str(target) in self.rules:
            return (str(target),)
        kinds = set(self.taxonomy.transitive_subjects(RDFS.subClassOf, target))
        found = sorted(iri for iri in self.rules if kinds & set(self.taxonomy.objects(URIRef(iri), RDF.type)))
        if not found:
            what = f"{local_name(str(target))} is no defined class of patients, and no kind of such classes"
            raise self._refused(what, "name a defined class, or a kind that one has as its type")
        return tuple(found)

    def _fact(self, term: Node) -> str:
        facts = (atom.target for atom in self.guideline.compiled.theory.atoms if atom.kind == "class")
        if str(term) not in self.rules and str(term) not in facts:
            what = f"{local_name(str(term))} is no defined class of patients, and nothing that a record states"
            raise self._refused(what, "name a criterion, a finding or an act")
        return str(term)

    def _objects(self, predicate: URIRef) -> list[Node]:
        return sorted(self.graph.objects(self.node, predicate), key=str)

    def _statements(self) -> tuple[str, ...]:
        catalogue, linked = self.guideline.catalogue, (*self._objects(DCTERMS.source), *self._objects(GP.warrantedBy))
        return catalogue.in_text_order(str(o) for o in linked if str(o) in catalogue.statements)

    def _refused(self, what: str, remedy: str) -> GuidelineError:
        return GuidelineError(
            Problem("bad-declaration", what, remedy, self.origin.file, self.origin.line, self.origin.term)
        )


def matching(acceptance: Acceptance, code: str, about: Sequence[str], holds: Mapping[str, bool]) -> bool:
    """Whether an acceptance means a finding about the terms `about`, whose patients are as `holds` gives."""
    wanted = [*((term, True) for term in acceptance.present), *((term, False) for term in acceptance.absent)]
    named = acceptance.code == code and acceptance.concerns == frozenset(about)
    return named and all(holds.get(term) is truth for term, truth in wanted)
