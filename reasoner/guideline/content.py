"""The files of a guideline as they were read, and what is computed from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from msgspec import Struct

from reasoner.guideline.catalogue import Catalogue
from reasoner.guideline.shapes import StateShape
from reasoner.logic.compiled import Compiled
from reasoner.records.canonical import content_hash
from reasoner.records.contract import Contract

if TYPE_CHECKING:  # rdflib is slow to import, and a guideline that is compiled answers without it
    from rdflib import Graph
    from rdflib.term import Node

    from reasoner.rdf import Parsed

#: The shapes that see the states of classes, and are compiled.
CHECKED = ("red-flags", "pathway")


class Version(NamedTuple):
    """An ontology or a graph of shapes: its version IRI, and a SHA-256 of what it states."""

    iri: str
    digest: str


class Content(Struct, frozen=True, dict=True):
    """What is computed from the files of a guideline, and cached."""

    compiled: Compiled
    catalogue: Catalogue
    prefixes: Mapping[str, str]
    versions: tuple[Version, ...]
    taxonomy: tuple[tuple[str, str, str], ...]
    checks: tuple[StateShape, ...]
    contract: Contract

    @property
    def version_iris(self) -> str:
        """The version IRIs of all ontologies and shapes, in one text."""
        return " ".join(version.iri for version in self.versions)

    @cached_property
    def digest(self) -> str:
        """The hash of what all ontologies and shapes contain: no comment, prefix or line end of a file changes it."""
        return content_hash("|".join(sorted(version.digest for version in self.versions)))


class GuidelineFiles(Struct, frozen=True):
    """The bytes of each ontology and of each file of shapes that answers rest on, by path, each read once."""

    ontologies: Mapping[Path, bytes]
    shapes: Mapping[Path, bytes]

    def parsed_ontologies(self) -> list[Parsed]:
        """The ontologies, parsed. Raises GuidelineError for one that is not RDF."""
        return [parsed_file(path, data) for path, data in self.ontologies.items()]

    def parsed_shapes(self, *names: str) -> list[Parsed]:
        """The shapes of those names that there are, in the order of the names. Raises GuidelineError."""
        return [parsed_file(path, data) for name in names for path, data in self.shapes.items() if path.stem == name]


@lru_cache(maxsize=16)
def parsed_file(path: Path, data: bytes) -> Parsed:
    """A file of a guideline that holds `data`, parsed; callers share it and must not change it.

    Raises GuidelineError for what is not RDF.
    """
    from reasoner.rdf import read_text

    return read_text(data, str(path), imports=True)


def merged(parsed: Iterable[Parsed]) -> Graph:
    """One new graph of all files."""
    from rdflib import Graph

    graph = Graph()
    for part in parsed:
        graph += part.graph
    return graph


def missing_imports(parsed: Iterable[Parsed]) -> Iterator[tuple[Parsed, Node, Node]]:
    """Each import of an ontology that is not among the files, with the ontology that asks for it."""
    from rdflib import OWL, RDF

    given = list(parsed)
    present = {iri for part in given for s in part.graph.subjects(RDF.type, OWL.Ontology)
               for iri in (s, part.graph.value(s, OWL.versionIRI))}  # fmt: skip
    for part in given:
        for s, target in part.graph.subject_objects(OWL.imports):
            if target not in present:
                yield part, s, target


def graph_of(taxonomy: Iterable[tuple[str, str, str]]) -> Graph:
    """Triples of IRIs as a new graph."""
    from rdflib import Graph, URIRef

    graph = Graph(bind_namespaces="none")
    for s, p, o in taxonomy:
        graph.add((URIRef(s), URIRef(p), URIRef(o)))
    return graph
