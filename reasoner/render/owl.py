"""A record as an OWL 2 ontology (https://www.w3.org/TR/owl2-syntax/), so that any reasoner can check an answer.

The patient and the nodes of the record are individuals. What the record denies stands as the complement of a class to
which the patient belongs, a number that is not known exactly as a data range, and what rules derived like what is
recorded. What is assumed of acts that nobody recorded is an ontology of its own, which imports the record's.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from decimal import Decimal

from rdflib import OWL, RDF, RDFS, XSD, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection as RdfList
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import Observation
from reasoner.patient.assess import Assessment
from reasoner.render.identity import BASE, node_iri
from reasoner.terms import GP


def record_ontology(guideline: Guideline, assessed: Sequence[Assessment], base: str = BASE) -> Graph:
    """What the records of some patients state, as individuals of the guideline's ontologies, which are imported."""
    graph = _ontology(guideline, URIRef(_name(base, "record", assessed)), _imported(guideline))
    for assessment in assessed:
        _Individuals(graph, assessment, guideline.catalogue.negations, base).write()
    return graph


def assumption_ontology(guideline: Guideline, assessed: Sequence[Assessment], base: str = BASE) -> Graph:
    """What is assumed of some patients; imports the ontology of their records."""
    graph = _ontology(guideline, URIRef(_name(base, "assumed", assessed)), [URIRef(_name(base, "record", assessed))])
    denials = _denied_properties(guideline)
    for assessment in assessed:
        for fact in assessment.decision.assumed:
            for prop in denials:
                _deny(graph, URIRef(assessment.patient), prop, fact.term)
    return graph


def _name(base: str, kind: str, assessed: Sequence[Assessment]) -> str:
    """The IRI of the ontology of some records, by their content."""
    return f"{base}owl/{kind}/{'-'.join(sorted(assessment.record[:32] for assessment in assessed))}"


def _ontology(guideline: Guideline, name: URIRef, imports: Iterable[Node]) -> Graph:
    graph = Graph()
    for prefix, namespace in guideline.prefixes.items():
        graph.bind(prefix, namespace)
    graph.add((name, RDF.type, OWL.Ontology))
    for imported in imports:
        graph.add((name, OWL.imports, imported))
    return graph


def _imported(guideline: Guideline) -> list[Node]:
    return [s for part in guideline.ontologies for s in part.graph.subjects(RDF.type, OWL.Ontology)]


def _denied_properties(guideline: Guideline) -> list[str]:
    """The property of acts that a record can deny: what `gp:negates` leads to, and whose range holds closed acts."""
    negated: Mapping[str, str] = guideline.catalogue.negations
    acts = {str(o) for prop in negated.values() for o in guideline.graph.objects(URIRef(prop), RDFS.range)}
    closed = {cls for act in guideline.catalogue.closable for cls in (act, *guideline.compiled.broader.get(act, ()))}
    return sorted(prop for prop in negated.values()
                  if {str(o) for o in guideline.graph.objects(URIRef(prop), RDFS.range)} & acts & closed)  # fmt: skip


def _deny(graph: Graph, patient: URIRef, prop: str, cls: str) -> None:
    """Say that the patient has no filler of a property in a class."""
    some, none = BNode(), BNode()
    graph.add((some, RDF.type, OWL.Restriction))
    graph.add((some, OWL.onProperty, URIRef(prop)))
    graph.add((some, OWL.someValuesFrom, URIRef(cls)))
    graph.add((none, RDF.type, OWL.Class))
    graph.add((none, OWL.complementOf, some))
    graph.add((patient, RDF.type, none))


class _Individuals:
    """Writes what is observed of one patient as assertions about individuals."""

    def __init__(self, graph: Graph, assessment: Assessment, negations: Collection[str], base: str) -> None:
        self.graph, self.assessment, self.base = graph, assessment, base
        self.patient = URIRef(assessment.patient)
        self.observations = [one for one in assessment.observations if one.path[0] not in negations]

    def write(self) -> None:
        """Write all of it."""
        self._typed(self.patient, GP.Patient)
        for one in self.observations:
            subject = self.patient if len(one.path) == 1 else self._subject(one)
            if one.kind == "number":
                self._number(subject, URIRef(one.path[-1]), one.low, one.high)
            elif one.kind == "value":
                self.graph.add((subject, URIRef(one.path[-1]), URIRef(one.target)))
            elif one.present:
                self.graph.add((subject, URIRef(one.path[-1]), self._node(one.source)))
                self._typed(self._node(one.source), URIRef(one.target))
            else:
                _deny(self.graph, self.patient, one.path[-1], one.target)

    def _subject(self, one: Observation) -> URIRef:
        """The node that a statement is about: of a value or a number its source, of a class the node above."""
        if one.kind != "class":
            return self._node(one.source)
        return self._node(next(other.source for other in self.observations if other.path == one.path[:-1]))

    def _node(self, source: str) -> URIRef:
        return URIRef(node_iri(self.assessment, source, self.base))

    def _typed(self, node: URIRef, cls: Node) -> None:
        self.graph.add((node, RDF.type, OWL.NamedIndividual))
        self.graph.add((node, RDF.type, cls))

    def _number(self, subject: URIRef, prop: URIRef, low: Decimal | None, high: Decimal | None) -> None:
        """State a number, or that there is one between two bounds."""
        exact = low is not None and low == high
        if exact:
            self.graph.add((subject, prop, _decimal(low)))
        else:
            some = BNode()
            for p, o in (
                (RDF.type, OWL.Restriction),
                (OWL.onProperty, prop),
                (OWL.someValuesFrom, self._range(low, high)),
            ):
                self.graph.add((some, p, o))
            self.graph.add((subject, RDF.type, some))

    def _range(self, low: Decimal | None, high: Decimal | None) -> Node:
        facets = []
        for facet, bound in ((XSD.minInclusive, low), (XSD.maxInclusive, high)):
            if bound is not None:
                facets.append(BNode())
                self.graph.add((facets[-1], facet, _decimal(bound)))
        if not facets:
            return XSD.decimal
        datatype, head = BNode(), BNode()
        RdfList(self.graph, head, list(facets))
        for p, o in ((RDF.type, RDFS.Datatype), (OWL.onDatatype, XSD.decimal), (OWL.withRestrictions, head)):
            self.graph.add((datatype, p, o))
        return datatype


def _decimal(number: Decimal | None) -> Literal:
    assert number is not None
    return Literal(format(number, "f"), datatype=XSD.decimal)
