"""What tests share: the guideline compiled once, the table of the statements, and the numbers of the ontology."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import pytest
from rdflib import OWL, Graph, Namespace, URIRef
from rdflib.term import Node

from reasoner.guideline import Guideline, load_guideline

TESTS = Path(__file__).parent
XSD = Namespace("http://www.w3.org/2001/XMLSchema#")


@dataclass(frozen=True)
class Row:
    """One row of `cases/statements.csv`: a statement's line, kind and citation numbers, written down from the text."""

    line: int
    kind: str
    cites: frozenset[str]


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
