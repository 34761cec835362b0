"""What tests share: the guideline compiled once, the table of the statements, and the numbers of the ontology."""

from __future__ import annotations

import csv
import importlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import combinations
from pathlib import Path

import pyhornedowl
import pyoxigraph as ox
import pytest
from rdflib import OWL, RDF, Graph, Namespace, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.guideline.guideline import Guideline, load_guideline

TESTS = Path(__file__).parent

#: Names the file in which every process of the tests notes the connections that it tries: see `audit`.
CONNECTIONS = "GUIDEPROOF_CONNECTIONS"
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")


@dataclass(frozen=True)
class Row:
    """One row of `cases/statements.csv`: a statement's line, kind and citation numbers, written down from the text."""

    line: int
    kind: str
    cites: frozenset[str]


#: Reads a patient in N-Triples, so that each loop over triples is compiled.
COMPILE = """
from reasoner.population.ntriples.reading import read_block
read_block(b"<https://example.org/s> <https://example.org/p> <https://example.org/o> .\\n", "x.nt")
"""


def pytest_configure(config: pytest.Config) -> None:
    """Have all processes note connections, and compile, before there are workers, what they would all compile."""
    if CONNECTIONS not in os.environ:
        handle, os.environ[CONNECTIONS] = tempfile.mkstemp(prefix="guideproof-connections-")
        os.close(handle)
        os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (str(TESTS / "audit"), os.environ.get("PYTHONPATH"))))
        sys.path.insert(0, str(TESTS / "audit"))  # this process began before it was there
        sys.modules.pop("sitecustomize", None)
        importlib.import_module("sitecustomize")
    if not hasattr(config, "workerinput") and getattr(config.option, "numprocesses", None):
        subprocess.run([sys.executable, "-c", COMPILE], cwd=TESTS.parent, check=True)


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Fail a run in which some process tried to connect to another machine."""
    if not hasattr(session.config, "workerinput"):
        tried = Path(os.environ[CONNECTIONS]).read_text("utf-8")
        Path(os.environ[CONNECTIONS]).unlink()
        print(f"\n{tried.count(chr(10))} connections were tried\n{tried}")
        if tried:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A cache directory of the session's own: no test reads what an earlier version compiled."""
    before, path = os.environ.get("GUIDEPROOF_CACHE"), tmp_path_factory.mktemp("cache")
    os.environ["GUIDEPROOF_CACHE"] = str(path)
    yield path
    if before is None:
        del os.environ["GUIDEPROOF_CACHE"]
    else:
        os.environ["GUIDEPROOF_CACHE"] = before


@pytest.fixture(scope="session")
def guideline(own_cache: Path) -> Guideline:
    """The guideline that comes with the package."""
    assert own_cache.is_dir()
    return load_guideline()


@pytest.fixture(scope="session")
def statements() -> dict[str, Row]:
    """The statements by identifier, from the table that is kept apart from the ontology."""
    with (TESTS / "cases" / "statements.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["statement"]: Row(int(row["line"]), row["kind"], frozenset(row["cites"].split()))
            for row in csv.DictReader(file)
        }


@pytest.fixture(scope="session")
def numbers(guideline: Guideline) -> list[tuple[str, URIRef, Decimal]]:
    """Every number of the definitions: the class in whose definition it stands, the facet, and the number."""
    graph = guideline.graph
    facets = (XSD.minInclusive, XSD.minExclusive, XSD.maxInclusive, XSD.maxExclusive)
    found = [(s, p, o) for p in facets for s, o in graph.subject_objects(p)]
    return [(str(_defined(graph, s)), p, Decimal(str(o))) for s, p, o in found]


def _defined(graph: Graph, node: Node) -> Node:
    """The class whose definition an anonymous node is part of."""
    while not isinstance(node, URIRef):
        above = list(graph.subject_predicates(node))
        assert len(above) == 1, f"{node} stands in {len(above)} places"
        node, predicate = above[0]
        assert not isinstance(node, URIRef) or predicate == OWL.equivalentClass
    return node


# -- graphs, compared and given to other tools --


def canonical(graph: Graph) -> set[str]:
    """The triples of a graph, its blank nodes named by RDFC-1.0."""
    return labelled(ox.parse(graph.serialize(format="nt").encode(), ox.RdfFormat.N_TRIPLES))


def labelled(quads: object) -> set[str]:
    dataset = ox.Dataset(quads)  # type: ignore[arg-type]
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    return {str(quad) for quad in dataset}


def in_pairs(graph: Graph) -> Graph:
    """The graph with each list of different terms taken apart: horned-owl drops owl:AllDisjointClasses in silence."""
    for kind, pair in ((OWL.AllDisjointClasses, OWL.disjointWith), (OWL.AllDifferent, OWL.differentFrom)):
        for node in list(graph.subjects(RDF.type, kind)):
            (head,) = (o for p in (OWL.members, OWL.distinctMembers) for o in graph.objects(node, p))
            members = Collection(graph, head)
            for one, other in combinations(list(members), 2):
                graph.add((one, pair, other))
            members.clear()
            graph.remove((node, None, None))
        for one, other in list(graph.subject_objects(pair)):
            graph.remove((one, pair, other))
            graph.add((min(one, other), pair, max(one, other)))
    return graph


def as_horned(graph: Graph) -> pyhornedowl.PyIndexedOntology:
    """The ontology as horned-owl reads it."""
    return pyhornedowl.open_ontology_from_string(graph.serialize(format="xml"), "rdf")


@pytest.fixture
def no_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing waits for the disk: a batch of many small parts is fast, and may be lost when the machine stops."""
    monkeypatch.setattr(os, "fsync", lambda _: None)
