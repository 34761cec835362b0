"""What a guideline says besides its logic: management classes, recommendations, statements, citations, readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, Graph, URIRef
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem
from reasoner.terms import CITO, GP, local_name


@dataclass(frozen=True)
class Statement:
    """One statement of the guideline's text, and the numbers that it cites."""

    iri: str
    identifier: str
    section: str
    position: int
    paraphrase: str
    citations: tuple[str, ...]


@dataclass(frozen=True)
class Recommendation:
    """What the guideline says of one action."""

    iri: str
    action: str
    strength: str
    text: str
    statements: tuple[str, ...]


@dataclass(frozen=True)
class ManagementClass:
    """A class for whose patients the guideline says something."""

    iri: str
    restriction: bool
    scope_exit: bool
    recommendations: tuple[Recommendation, ...]
    diagnoses: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """A reading that the text does not force."""

    iri: str
    identifier: str
    question: str
    chosen: str


@dataclass(frozen=True)
class Catalogue:
    """Everything of a guideline that answers quote, by IRI.

    `management` stands in reading order. `warrants` gives the statements of a class in text order, `informs` those
    that only give context. `closable` gives, for each act that unrecorded means absent, the readings that say so.
    `bounds` gives, for each property that states a bound, the quantity and the side: `low` or `high`.
    """

    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    management: tuple[ManagementClass, ...]
    red_flags: tuple[str, ...]
    statements: Mapping[str, Statement]
    warrants: Mapping[str, tuple[str, ...]]
    informs: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, Reading]
    assumes: Mapping[str, tuple[str, ...]]
    closable: Mapping[str, tuple[str, ...]]
    negations: Mapping[str, str]
    bounds: Mapping[str, tuple[str, str]]
    references: Mapping[str, str]
    scope_notes: tuple[str, ...]

    def citations(self, statements: Iterable[str]) -> tuple[str, ...]:
        """The numbers that `statements` cite, each once, in order."""
        numbers = {number for iri in statements for number in self.statements[iri].citations}
        return tuple(sorted(numbers, key=_numeric))

    def in_text_order(self, statements: Iterable[str]) -> tuple[str, ...]:
        """`statements`, each once, as they stand in the text."""
        return tuple(sorted(set(statements), key=lambda iri: (self.statements[iri].position, iri)))

    def numbered(self, readings: Iterable[str]) -> tuple[str, ...]:
        """`readings`, each once, by their identifiers."""
        order = {iri: self.readings[iri].identifier for iri in readings}
        return tuple(sorted(order, key=lambda iri: (len(order[iri]), order[iri])))

    def label(self, iri: str) -> str:
        """The English label of a term; its local name where it has none."""
        return self.labels.get(iri, local_name(iri))


def _numeric(number: str) -> tuple[int, str]:
    return (int(number) if number.isdigit() else 10**6), number


def read_catalogue(graph: Graph) -> Catalogue:
    """The catalogue of the merged ontologies in `graph`.

    Raises GuidelineError where a class of findings is closed, or a link leads to what is no statement.
    """
    return _CatalogueReader(graph).read()


class _CatalogueReader:
    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.statements = {str(s): self._statement(s) for s in self._typed(GP.Statement)}

    def read(self) -> Catalogue:
        return Catalogue(
            labels=self._texts(RDFS.label),
            definitions=self._texts(SKOS.definition),
            management=self._management(),
            red_flags=tuple(str(s) for s in self._typed(GP.RedFlagCriterion)),
            statements=self.statements,
            warrants=self._statements_by(GP.warrantedBy),
            informs=self._statements_by(GP.informedBy),
            readings={str(s): self._reading(s) for s in self._typed(GP.Assumption)},
            assumes=self._links(GP.assumes),
            closable=self._closable(),
            negations={s: targets[0] for s, targets in self._links(GP.negates).items()},
            bounds={
                s: (targets[0], side)
                for p, side in ((GP.lowerBoundOf, "low"), (GP.upperBoundOf, "high"))
                for s, targets in self._links(p).items()
            },
            references={self._text(s, DCTERMS.identifier): str(s) for s in self._typed(GP.Reference)},
            scope_notes=tuple(self._text(s, SKOS.scopeNote) for s in self._typed(GP.Guideline)),
        )

    def _typed(self, kind: Node) -> list[Node]:
        return sorted(self.graph.subjects(RDF.type, kind), key=str)

    def _text(self, subject: Node, predicate: URIRef) -> str:
        """The text of a property, in English where there are several."""
        values = sorted(self.graph.objects(subject, predicate), key=lambda v: (getattr(v, "language", "") != "en", v))
        return str(values[0]) if values else ""

    def _texts(self, predicate: URIRef) -> dict[str, str]:
        subjects = {s for s in self.graph.subjects(predicate) if isinstance(s, URIRef)}
        return {str(s): self._text(s, predicate) for s in sorted(subjects)}

    def _links(self, predicate: URIRef) -> dict[str, tuple[str, ...]]:
        found: dict[str, list[str]] = {}
        for s, o in self.graph.subject_objects(predicate):
            found.setdefault(str(s), []).append(str(o))
        return {s: tuple(sorted(found[s])) for s in sorted(found)}

    def _statements_by(self, predicate: URIRef) -> dict[str, tuple[str, ...]]:
        links = self._links(predicate)
        for term, targets in links.items():
            for target in targets:
                if target not in self.statements:
                    what = f"{local_name(term)} is linked to {target}, which is no gp:Statement"
                    raise GuidelineError(Problem("unknown-statement", what, "link it to a statement", node=term))
        order = {iri: (statement.position, iri) for iri, statement in self.statements.items()}
        return {term: tuple(sorted(targets, key=order.__getitem__)) for term, targets in links.items()}

    def _statement(self, node: Node) -> Statement:
        references = self.graph.objects(node, CITO.citesAsEvidence)
        numbers = {self._text(reference, DCTERMS.identifier) for reference in references}
        position = self._text(node, GP.position)
        return Statement(
            iri=str(node),
            identifier=self._text(node, DCTERMS.identifier) or local_name(str(node)),
            section=self._text(node, GP.section),
            position=int(position) if position.isdigit() else 0,
            paraphrase=self._text(node, GP.paraphrase),
            citations=tuple(sorted(numbers, key=_numeric)),
        )

    def _reading(self, node: Node) -> Reading:
        identifier = self._text(node, DCTERMS.identifier) or local_name(str(node))
        return Reading(str(node), identifier, self._text(node, GP.question), self._text(node, GP.chosen))

    def _management(self) -> tuple[ManagementClass, ...]:
        kinds = (GP.ManagementClass, GP.Restriction, GP.ScopeExit)
        classes = {s for kind in kinds for s in self.graph.subjects(RDF.type, kind)}
        return tuple(self._class(node) for node in sorted(classes, key=self._reading_order))

    def _reading_order(self, node: Node) -> tuple[int, str]:
        order = self._text(node, GP.readingOrder)
        return (int(order) if order.isdigit() else 10**6), str(node)

    def _class(self, node: Node) -> ManagementClass:
        recommendations = [self._recommendation(r) for r in self.graph.objects(node, GP.recommends)]
        recommendations.sort(key=lambda r: ([self._place(s) for s in r.statements], r.iri))
        return ManagementClass(
            iri=str(node),
            restriction=(node, RDF.type, GP.Restriction) in self.graph,
            scope_exit=(node, RDF.type, GP.ScopeExit) in self.graph,
            recommendations=tuple(recommendations),
            diagnoses=tuple(sorted(str(d) for d in self.graph.objects(node, GP.establishes))),
        )

    def _recommendation(self, node: Node) -> Recommendation:
        statements = sorted((str(s) for s in self.graph.objects(node, GP.warrantedBy)), key=self._place)
        action, strength = (str(self.graph.value(node, p)) for p in (GP.action, GP.strength))
        return Recommendation(str(node), action, strength, self._text(node, RDFS.label), tuple(statements))

    def _place(self, statement: str) -> tuple[int, str]:
        return (self.statements[statement].position if statement in self.statements else 0), statement

    def _closable(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for act in sorted(self.graph.subjects(GP.unrecordedMeans, GP.Absent), key=str):
            if GP.Act not in self.graph.transitive_objects(act, RDFS.subClassOf):
                what = f"{local_name(str(act))} carries gp:unrecordedMeans and is no class of acts"
                raise GuidelineError(Problem("closed-finding", what, "remove it: what is not recorded of a finding is "
                                             "unknown", node=str(act)))  # fmt: skip
            found[str(act)] = tuple(sorted(str(a) for a in self.graph.objects(act, GP.assumes)))
        return found


def versions(*graphs: Graph) -> tuple[str, ...]:
    """The version IRIs of the ontologies and shapes in `graphs`; the IRI itself where one has no version."""
    found = {str(g.value(s, OWL.versionIRI) or s) for g in graphs for s in g.subjects(RDF.type, OWL.Ontology)}
    return tuple(sorted(found))
