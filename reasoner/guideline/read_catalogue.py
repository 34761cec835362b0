"""Reading what a guideline says besides its logic from its ontologies: see `catalogue`."""

from __future__ import annotations

from graphlib import TopologicalSorter
from hashlib import sha256

from rdflib import DCTERMS, OWL, RDF, RDFS, SKOS, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline.catalogue import Catalogue, ManagementClass, Reading, Recommendation, Statement, numeric
from reasoner.guideline.content import Version
from reasoner.terms import CITO, GP, local_name


class CatalogueReader:
    """Reads the catalogue of the merged ontologies in a graph."""

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.statements = {str(s): self._statement(s) for s in self._typed(GP.Statement)}

    def read(self) -> Catalogue:
        """The catalogue.

        Raises GuidelineError where a class of findings is closed, or a link leads to what is no statement.
        """
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
            suggests=self._suggests(),
            negations={s: targets[0] for s, targets in self._links(GP.negates).items()},
            units=self._texts(GP.unit),
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
            citations=tuple(sorted(numbers, key=numeric)),
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
        recommendations.sort(key=lambda r: ([self._position(s) for s in r.statements], r.iri))
        return ManagementClass(
            iri=str(node),
            restriction=(node, RDF.type, GP.Restriction) in self.graph,
            scope_exit=(node, RDF.type, GP.ScopeExit) in self.graph,
            recommendations=tuple(recommendations),
            diagnoses=tuple(sorted(str(d) for d in self.graph.objects(node, GP.establishes))),
        )

    def _recommendation(self, node: Node) -> Recommendation:
        statements = sorted((str(s) for s in self.graph.objects(node, GP.warrantedBy)), key=self._position)
        action, strength = (str(self.graph.value(node, p)) for p in (GP.action, GP.strength))
        return Recommendation(str(node), action, strength, self._text(node, RDFS.label), tuple(statements))

    def _position(self, statement: str) -> tuple[int, str]:
        return (self.statements[statement].position if statement in self.statements else 0), statement

    def _suggests(self) -> dict[str, tuple[tuple[str, bool], ...]]:
        found: dict[str, tuple[tuple[str, bool], ...]] = {}
        for link, present in ((GP.suggestedByPresent, True), (GP.suggestedByAbsent, False)):
            for act, findings in self._links(link).items():
                found[act] = (*found.get(act, ()), *((finding, present) for finding in findings))
        return found

    def _closable(self) -> dict[str, tuple[str, ...]]:
        found = {}
        for act in sorted(self.graph.subjects(GP.unrecordedMeans, GP.Absent), key=str):
            if GP.Act not in self.graph.transitive_objects(act, RDFS.subClassOf):
                what = f"{local_name(str(act))} carries gp:unrecordedMeans and is no class of acts"
                raise GuidelineError(Problem("closed-finding", what, "remove it: what is not recorded of a finding is "
                                             "unknown", node=str(act)))  # fmt: skip
            found[str(act)] = tuple(sorted(str(a) for a in self.graph.objects(act, GP.assumes)))
        return found


def version_of(graph: Graph) -> Version:
    """The version IRI of the ontology or shapes in a graph (its IRI where it has no version), and its content."""
    named = (graph.value(s, OWL.versionIRI) or s for s in sorted(graph.subjects(RDF.type, OWL.Ontology), key=str))
    return Version(str(next(named, "")), _content_of(graph))


def _content_of(graph: Graph) -> str:
    """The SHA-256 of the sorted statements, a blank node as the hash of its own: in a guideline none is part of itself.

    Unlike RDFC-1.0 this takes no longer where many expressions look alike.
    """
    inner = {node: {o for o in graph.objects(node) if isinstance(o, BNode)} for node in graph.subjects()}
    names: dict[Node, str] = {}
    for node in TopologicalSorter(inner).static_order():
        stated = sorted(f"{p.n3()} {names.get(o) or o.n3()}" for p, o in graph.predicate_objects(node))
        text = "\n".join(stated) if isinstance(node, BNode) else ""
        names[node] = f"_:{sha256(text.encode()).hexdigest()}" if text else node.n3()
    lines = sorted(f"{names[s]} {p.n3()} {names.get(o) or o.n3()} ." for s, p, o in graph if not isinstance(s, BNode))
    lines += sorted(names[s] for s in inner if isinstance(s, BNode) and (None, None, s) not in graph)
    return sha256("\n".join(lines).encode()).hexdigest()
