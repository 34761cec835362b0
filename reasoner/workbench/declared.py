"""What authors declare of a guideline beside its definitions: safety invariants, and findings that they accept.

Both are individuals of the ontology, annotated in the core's vocabulary. A name in them that the guideline does not
have is refused by file and line: an invariant about nothing would hold of everything.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
    reader = DeclarationReader(guideline)
    return tuple(reader.invariant(parsed, node) for parsed, node in reader.typed(GP.SafetyInvariant))


def acceptances(guideline: Guideline) -> tuple[Acceptance, ...]:
    """The declared acceptances. Raises GuidelineError for one that cannot be read."""
    reader = DeclarationReader(guideline)
    return tuple(reader.acceptance(parsed, node) for parsed, node in reader.typed(GP.AcceptedFinding))


def acts_below(taxonomy: Graph, action: str) -> frozenset[str]:
    """A class of acts and all below it."""
    return frozenset(str(s) for s in taxonomy.transitive_subjects(RDFS.subClassOf, URIRef(action)))


def forbidding(graph: Graph) -> frozenset[str]:
    """The strengths that count against an action."""
    return frozenset(str(s) for s in graph.subjects(GP.forbids, Literal(True)))


class DeclarationReader:
    """Reads the declarations of one guideline; raises GuidelineError for one that cannot be read."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline, self.graph = guideline, guideline.graph
        self.rules, self.taxonomy = guideline.compiled.rules, guideline.taxonomy
        self.facts = {atom.target for atom in guideline.compiled.theory.atoms if atom.kind == "class"}

    def typed(self, kind: Node) -> list[tuple[Parsed, Node]]:
        """The individuals of a kind with the file that each stands in, in the order of the files."""
        found = [
            (parsed, node) for parsed in self.guideline.ontologies for node in parsed.graph.subjects(RDF.type, kind)
        ]
        return sorted(found, key=lambda item: (item[0].file, item[0].line_of(item[1], RDF.type) or 0, str(item[1])))

    def invariant(self, parsed: Parsed, node: Node) -> Invariant:
        premises = [
            Premise(self._classes(parsed, node, target), state, holds)
            for predicate, (state, holds) in _PREMISES.items()
            for target in self._objects(node, predicate)
        ]
        states = [(o, p == GP.neverState) for p in (GP.thenState, GP.neverState) for o in self._objects(node, p)]
        if len(states) != 1 or states[0][0] not in _STATES:
            what = (
                "the invariant does not have exactly one of gp:thenState and gp:neverState, gp:Entailed or gp:Excluded"
            )
            raise _refused(parsed, node, what, "say which state follows, or which never does")
        return Invariant(str(node), self.guideline.catalogue.label(str(node)), tuple(premises),
                         self._concerned(parsed, node), _STATES[states[0][0]], states[0][1],
                         self._statements(node), self._origin(parsed, node))  # fmt: skip

    def acceptance(self, parsed: Parsed, node: Node) -> Acceptance:
        code, reason = ([str(o) for o in self._objects(node, p)] for p in (GP.code, GP.rationale))
        if len(code) != 1 or not reason:
            what = "the acceptance does not have one gp:code, and a gp:rationale"
            raise _refused(parsed, node, what, "name the code of the findings that it accepts, and say why")
        present, absent = (tuple(self._fact(parsed, node, o) for o in self._objects(node, p))
                           for p in (GP.wherePresent, GP.whereAbsent))  # fmt: skip
        concerns = frozenset(map(str, self._objects(node, GP.concerns)))
        return Acceptance(str(node), code[0], concerns, present, absent, reason[0], self._origin(parsed, node))

    def _concerned(self, parsed: Parsed, node: Node) -> tuple[str, ...]:
        """The management classes, or those named, that advise as the invariant asks and are not put aside."""
        named = [iri for o in self._objects(node, GP.concerning) for iri in self._classes(parsed, node, o)]
        aside = {iri for o in self._objects(node, GP.aside) for iri in self._classes(parsed, node, o)}
        found = named or [cls.iri for cls in self.guideline.catalogue.management]
        for predicate, forbids in ((GP.forbidding, True), (GP.opening, False)):
            for action in self._objects(node, predicate):
                found = [iri for iri in found if self._advises(iri, self._acts(parsed, node, action), forbids)]
        return tuple(iri for iri in dict.fromkeys(found) if iri not in aside)

    def _acts(self, parsed: Parsed, node: Node, action: Node) -> frozenset[str]:
        if GP.Act not in self.taxonomy.transitive_objects(action, RDFS.subClassOf):
            raise _refused(parsed, node, f"{local_name(str(action))} is no class of acts", "name a class below gp:Act")
        return acts_below(self.taxonomy, str(action))

    def _advises(self, iri: str, acts: frozenset[str], forbids: bool) -> bool:
        """Whether a class advises against (or not against) one of the acts."""
        against = forbidding(self.graph)
        advice = [r for cls in self.guideline.catalogue.management if cls.iri == iri for r in cls.recommendations]
        return any(r.action in acts and (r.strength in against) == forbids for r in advice)

    def _classes(self, parsed: Parsed, node: Node, target: Node) -> tuple[str, ...]:
        """The defined class that a target is, or the defined classes of that kind."""
        if str(target) in self.rules:
            return (str(target),)
        kinds = set(self.taxonomy.transitive_subjects(RDFS.subClassOf, target))
        found = sorted(iri for iri in self.rules if kinds & set(self.taxonomy.objects(URIRef(iri), RDF.type)))
        if not found:
            what = f"{local_name(str(target))} is no defined class of patients, and no kind of such classes"
            raise _refused(parsed, node, what, "name a defined class, or a kind that one has as its type")
        return tuple(found)

    def _fact(self, parsed: Parsed, node: Node, term: Node) -> str:
        if str(term) not in self.rules and str(term) not in self.facts:
            what = f"{local_name(str(term))} is no defined class of patients, and nothing that a record states"
            raise _refused(parsed, node, what, "name a criterion, a finding or an act")
        return str(term)

    def _objects(self, node: Node, predicate: URIRef) -> list[Node]:
        return sorted(self.graph.objects(node, predicate), key=str)

    def _statements(self, node: Node) -> tuple[str, ...]:
        linked: Iterable[Node] = [*self._objects(node, DCTERMS.source), *self._objects(node, GP.warrantedBy)]
        catalogue = self.guideline.catalogue
        return catalogue.in_text_order(str(o) for o in linked if str(o) in catalogue.statements)

    def _origin(self, parsed: Parsed, node: Node) -> Origin:
        return Origin(str(node), parsed.file, parsed.line_of(node, RDF.type))


def _refused(parsed: Parsed, node: Node, what: str, remedy: str) -> GuidelineError:
    return GuidelineError(
        Problem("bad-declaration", what, remedy, parsed.file, parsed.line_of(node, RDF.type), str(node))
    )


def matching(acceptance: Acceptance, code: str, about: Sequence[str], holds: Mapping[str, bool]) -> bool:
    """Whether an acceptance means a finding about the terms `about`, whose patients are as `holds` gives."""
    named = acceptance.code == code and acceptance.concerns == frozenset(about)
    return (
        named
        and all(holds.get(term) is True for term in acceptance.present)
        and all(holds.get(term) is False for term in acceptance.absent)
    )
