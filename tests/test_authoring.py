"""What the ontology and the shapes must keep: `shapes/authoring.ttl` over both, and a lint of all shapes.

This is part of `make check`: an author runs it before anything is published.
"""

from __future__ import annotations

from pathlib import Path

import pyshacl
import pytest
from rdflib import OWL, RDF, RDFS, SH, Graph, Namespace, URIRef

from reasoner.guideline.guideline import home
from reasoner.terms import GP
from reasoner.workbench.check.shapes import NAMESPACE, misused

ROOT = home()
TINY = Path(__file__).parent / "tiny"
SHAPES = sorted((ROOT / "shapes").glob("*.ttl"))
#: Where shapes may hold SPARQL: the record contract, the rules, and what authors keep.
MAY_PROGRAM = {"core.ttl", "record.ttl", "derivation.ttl", "authoring.ttl"}
COMPILED = {"red-flags.ttl", "pathway.ttl"}
#: What only some shapes may use: the red flags and the pathway are compiled, and know nothing of these.
PROGRAMS = frozenset({SH.sparql, SH.rule, SH.target, SH.js, SH.expression})
FRAGMENT = frozenset(
    {SH["class"], SH.hasValue, SH["and"], SH["or"], SH["not"], SH.path, SH.inversePath, SH.targetClass, SH.severity,
     SH.message}
)  # fmt: skip
SN = Namespace("https://w3id.org/guideproof/schmorl#")
EX = Namespace("https://example.org/")

each_shapes_file = pytest.mark.parametrize("path", SHAPES, ids=lambda path: path.name)


def read(*folders: Path) -> Graph:
    """All Turtle files of the folders in one graph."""
    graph = Graph()
    for path in (path for folder in folders for path in sorted(folder.glob("*.ttl"))):
        graph.parse(path)
    return graph


@pytest.fixture(scope="module")
def authoring() -> Graph:
    return Graph().parse(ROOT / "shapes" / "authoring.ttl")


@pytest.fixture(scope="module")
def written() -> Graph:
    """What the project's authors wrote: ontologies and shapes."""
    return read(ROOT / "ontology", ROOT / "shapes")


def faults(data: Graph, shapes: Graph) -> list[str]:
    """What the shapes report: the shape, the node that it is about, and the value."""
    _, report, _ = pyshacl.validate(data, shacl_graph=shapes)
    assert isinstance(report, Graph), report
    results = report.subjects(RDF.type, SH.ValidationResult)
    return sorted(" ".join(str(report.value(r, p)) for p in (SH.sourceShape, SH.focusNode, SH.value)) for r in results)


# -- authoring --


def test_ontology_and_shapes_keep_the_authoring_contract(written: Graph, authoring: Graph) -> None:
    assert faults(written, authoring) == []


def test_another_guideline_keeps_it_too(authoring: Graph) -> None:
    files = [*(TINY / "ontology").glob("*.ttl"), *(TINY / "shapes").glob("*.ttl"), ROOT / "ontology" / "core.ttl"]
    assert len(files) >= 3
    data = Graph()
    for path in files:
        data.parse(path)
    assert faults(data, authoring) == []


def test_the_authoring_contract_knows_no_guideline(authoring: Graph) -> None:
    spoken = {t for triple in authoring for t in triple if isinstance(t, URIRef)}
    assert not [t for t in spoken if t.startswith((str(SN), "https://w3id.org/guideproof/schmorl"))]


@pytest.mark.parametrize("loss, shape", [
    ((SN.MriAssessment, GP.warrantedBy, None), "ClassWarranted"),
    ((SN.MriAssessment, GP.recommends, None), "ClassAdvises"),
    ((SN.MriAssessment, OWL.equivalentClass, None), "ClassDefined"),
    ((SN["rec-spine-mri"], GP.strength, None), "RecommendationStrength"),
    ((SN["red-4"], GP.position, None), "StatementPosition"),
    ((SN["red-1"], GP.uncited, None), "StatementCited"),
    ((SN.AtLeast6WeeksPatient, GP.unit, None), "ThresholdUnit"),
    ((SN.SmallNodePatient, GP.unit, None), "ThresholdUnit"),
    ((SN["shape-alert-red-4"], GP.warrantedBy, None), "ShapeWarranted"),
    ((SN["shape-ask-red-4"], SH.message, None), "ShapeMessage"),
])  # fmt: skip
def test_what_is_lost_is_reported(
    loss: tuple[URIRef, URIRef, None], shape: str, written: Graph, authoring: Graph
) -> None:
    about = written.cbd(loss[0])
    for triple in written.triples((None, RDFS.subClassOf, None)):
        about.add(triple)
    sound = faults(about, authoring)
    assert loss in about
    about.remove(loss)
    new = set(faults(about, authoring)) - set(sound)
    assert [fault.split()[0] for fault in new] == [f"{GP}shape-{shape}"]


# -- lint --


def programs(graph: Graph) -> list[str]:
    """The shapes that hold SPARQL, rules or another language."""
    return sorted(f"{s}: sh:{p.removeprefix(NAMESPACE)}" for s, p, _ in graph if p in PROGRAMS)


def outside_fragment(graph: Graph) -> list[str]:
    """The uses of SHACL that red-flag and pathway shapes cannot have, because they are compiled."""
    used = [(s, p) for s, p, _ in graph if p.startswith(NAMESPACE)]
    return sorted(f"{s}: sh:{p.removeprefix(NAMESPACE)}" for s, p in used if p not in FRAGMENT)


@each_shapes_file
def test_every_shacl_term_exists(path: Path) -> None:
    assert list(misused(Graph().parse(path))) == []


@each_shapes_file
def test_programs_stand_where_they_may(path: Path) -> None:
    assert path.name in MAY_PROGRAM or programs(Graph().parse(path)) == []


@pytest.mark.parametrize("name", sorted(COMPILED))
def test_compiled_shapes_stay_in_the_fragment(name: str) -> None:
    assert outside_fragment(Graph().parse(ROOT / "shapes" / name)) == []


def test_the_files_of_the_lint_are_there() -> None:
    assert {path.name for path in SHAPES} >= MAY_PROGRAM | COMPILED


SNIPPET = """@prefix ex: <https://example.org/> . @prefix sh: <http://www.w3.org/ns/shacl#> .
ex:shape a sh:NodeShape ; sh:targetClass ex:Thing ; sh:property ex:inner .
ex:inner sh:path ex:part ; %s ."""


@pytest.mark.parametrize("bad", [
    "sh:mincount 1",
    "a sh:Propertyshape",
    "a sh:property",
    "sh:NodeShape ex:Thing",
    "sh:nodeKind sh:Iri",
    "sh:severity sh:Warn",
    "sh:class sh:severity",
    "sh:targetSubjectsOf sh:NodeShape",
    "sh:in ( sh:Violation sh:violation )",
    "sh:or ( [ sh:minLenght 1 ] )",
])  # fmt: skip
def test_lint_finds_a_bad_term(bad: str) -> None:
    assert len(list(misused(Graph().parse(data=SNIPPET % bad)))) == 1


@pytest.mark.parametrize("good", [
    "sh:minCount 1",
    "a sh:PropertyShape",
    "sh:nodeKind sh:IRI",
    "sh:severity sh:Warning",
    "sh:class sh:NodeShape",
    "sh:targetSubjectsOf sh:severity",
    "sh:in ( sh:Violation sh:Info )",
    "sh:rule [ a sh:SPARQLRule ; sh:construct '' ]",
])  # fmt: skip
def test_lint_passes_a_good_term(good: str) -> None:
    assert list(misused(Graph().parse(data=SNIPPET % good))) == []


@pytest.mark.parametrize("program", ["sh:sparql ex:query", "sh:rule ex:rule", "sh:target ex:target"])
def test_lint_finds_a_program(program: str) -> None:
    graph = Graph().parse(data=SNIPPET % program)
    found = f"{EX.inner}: {program.partition(' ')[0]}"
    assert programs(graph) == [found]
    assert found in outside_fragment(graph)
