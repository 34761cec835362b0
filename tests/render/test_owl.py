"""A record as OWL: HermiT alone, from the ontologies and what is written, gives the classes of `classify`."""

from __future__ import annotations

import time
from datetime import date
from pathlib import Path

from rdflib import OWL, RDF, RDFS, BNode, Graph, URIRef
from rdflib.collection import Collection

from reasoner.guideline.guideline import Guideline
from reasoner.logic.decide import State
from reasoner.patient.assess import Assessment
from reasoner.patient.classify import classify_files
from reasoner.patient.hermit import Logical
from reasoner.patient.hermit_process import classified, taxonomy_of
from reasoner.render.identity import BASE
from reasoner.render.owl import assumption_ontology, record_ontology
from reasoner.terms import GP

ROOT = Path(__file__).parents[2]
DAY = date(2026, 11, 22)
SOLE = URIRef("urn:sole")
EXAMPLE, DATED = ROOT / "docs" / "examples" / "patient.ttl", ROOT / "tests" / "derivation" / "dated.ttl"


def written(guideline: Guideline, assessment: Assessment) -> Graph:
    """The ontologies of a record: of what is recorded, and of what is assumed."""
    return record_ontology(guideline, [assessment]) + assumption_ontology(guideline, [assessment])


def states_by_hermit(guideline: Guideline, own: Graph, assessment: Assessment) -> dict[str, State]:
    """The state of each management class of one patient, who is the only member of a class that HermiT classifies."""
    management = [cls.iri for cls in guideline.catalogue.management]
    asked, only, sole = Graph(), BNode(), BNode()
    Collection(asked, only, [URIRef(assessment.patient)])
    links = [(sole, RDF.type, OWL.Class), (sole, OWL.oneOf, only), (SOLE, RDF.type, OWL.Class)]
    links.append((SOLE, RDFS.subClassOf, sole))
    for number, cls in enumerate(management):
        none = BNode()
        links += [(none, RDF.type, OWL.Class), (none, OWL.complementOf, URIRef(cls))]
        for kind, asked_for in (("yes", URIRef(cls)), ("no", none)):
            named = URIRef(f"urn:{kind}:{number}")
            links += [(named, RDF.type, OWL.Class), (asked_for, RDFS.subClassOf, named)]
    for link in links:
        asked.add(link)
    logical = Logical([*(part.graph for part in guideline.ontologies), own + asked], _individuals(own))
    above, waiting = taxonomy_of(classified(logical.triples, time.monotonic() + 60)), [str(SOLE)]
    found = set(waiting)
    for one in waiting:
        waiting += above.get(one, set()) - found
        found |= above.get(one, set())
    return {cls: State.ENTAILED if f"urn:yes:{number}" in found else State.EXCLUDED if f"urn:no:{number}" in found
            else State.UNDETERMINED for number, cls in enumerate(management)}  # fmt: skip


def _individuals(own: Graph) -> set[str]:
    return {str(term) for triple in own for term in triple if isinstance(term, URIRef)}


def test_hermit_alone_gives_the_classes(guideline: Guideline) -> None:
    for path in (EXAMPLE, DATED):
        assessment = classify_files(guideline, [path], DAY)[0]
        assert isinstance(assessment, Assessment)
        states = states_by_hermit(guideline, written(guideline, assessment), assessment)
        assert states == {cls.iri: assessment.decision.states[cls.iri] for cls in guideline.catalogue.management}


def test_each_ontology_names_what_it_imports(guideline: Guideline) -> None:
    results = [one for one in classify_files(guideline, [DATED], DAY) if isinstance(one, Assessment)]
    record, assumed = record_ontology(guideline, results), assumption_ontology(guideline, results)
    (name,) = record.subjects(RDF.type, OWL.Ontology)
    assert list(assumed.objects(None, OWL.imports)) == [name]
    assert GP.Patient not in assumed.objects() and str(name).startswith(BASE)
    assert {str(iri) for iri in record.objects(name, OWL.imports)} == {
        str(s) for part in guideline.ontologies for s in part.graph.subjects(RDF.type, OWL.Ontology)
    }


def test_nothing_of_the_records_own_vocabulary_is_left(guideline: Guideline) -> None:
    """A denial stands as a complement, bounds as a range: no property that only the record contract knows."""
    results = [one for one in classify_files(guideline, [DATED, EXAMPLE], DAY) if isinstance(one, Assessment)]
    used = set(record_ontology(guideline, results).predicates())
    assert used.isdisjoint({GP.lacksFinding, GP.didNotUndergo, GP.startDate})
    assert used.isdisjoint(map(URIRef, guideline.catalogue.bounds))
