"""A guideline as a directory: its ontologies and shapes, loaded, compiled, and cached by what they contain."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rdflib import OWL, RDF, RDFS, Graph, URIRef

from reasoner.catalogue import Catalogue, read_catalogue, versions
from reasoner.codec import decode, encode
from reasoner.compiled import Compiled
from reasoner.errors import GuidelineError, InputError, Problem
from reasoner.facts import Reader
from reasoner.files import write_whole
from reasoner.rdf import Parsed, read_graph
from reasoner.shapes import Check, compile_shapes
from reasoner.terms import GP, PREFIXES

#: The shapes that every guideline shares: the general part of the record contract, and what an ontology must keep.
SHARED = ("core", "authoring")

#: The shapes that see the states of classes, and are compiled.
CHECKED = ("red-flags", "pathway")


@dataclass(frozen=True)
class Content:
    """What is computed from the ontologies, and cached."""

    compiled: Compiled
    catalogue: Catalogue
    prefixes: Mapping[str, str]
    versions: tuple[str, ...]
    taxonomy: tuple[tuple[str, str, str], ...]
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class Guideline:
    """A guideline, ready to assess records. The ontology's graph is read only where a caller asks for it."""

    directory: Path
    content: Content

    @property
    def compiled(self) -> Compiled:
        return self.content.compiled

    @property
    def catalogue(self) -> Catalogue:
        return self.content.catalogue

    @property
    def prefixes(self) -> Mapping[str, str]:
        return self.content.prefixes

    @cached_property
    def reader(self) -> Reader:
        """Reads observations as facts over this guideline's atoms."""
        return Reader(self.compiled)

    @cached_property
    def ontologies(self) -> tuple[Parsed, ...]:
        """The parsed ontology files."""
        return tuple(_read_ontologies(self.directory))

    @cached_property
    def graph(self) -> Graph:
        """All ontologies in one graph."""
        return merged(self.ontologies)

    def checks_of(self, action: str) -> list[Check]:
        """The pathway shapes that review orders of an action: those of its class and of every class above it."""
        above = {str(iri) for iri in self.taxonomy.transitive_objects(URIRef(action), RDFS.subClassOf)}
        return [check for check in self.content.checks if check.action in above]

    @cached_property
    def taxonomy(self) -> Graph:
        """The part of the ontologies that shapes look at: which terms are declared, and what is below what."""
        graph = Graph(bind_namespaces="none")
        for prefix, namespace in self.prefixes.items():
            graph.bind(prefix, namespace)
        for triple in self.content.taxonomy:
            graph.add((URIRef(triple[0]), URIRef(triple[1]), URIRef(triple[2])))
        return graph

    def shapes(self, *names: str) -> list[Graph]:
        """The shapes graphs of those names that the guideline has, the shared ones before its own."""
        return [read_graph(path, imports=True).graph for name in names for path in self.shape_files(name)]

    def shape_files(self, name: str) -> list[Path]:
        """The files of a shapes graph, the shared ones from the package."""
        root = home() if name in SHARED else self.directory
        path = root / "shapes" / f"{name}.ttl"
        return [path] if path.is_file() else []

    @property
    def queries(self) -> Path:
        """The folder of named queries: the guideline's own, or the shared one."""
        own = self.directory / "queries"
        return own if own.is_dir() else home() / "queries"


def home() -> Path:
    """Where the ontology, the shapes and the queries that come with the package stand."""
    here = Path(__file__).resolve().parent
    inside = here / "guideline"
    return inside if inside.is_dir() else here.parent


def load_guideline(directory: Path | None = None, *, cache: bool = True) -> Guideline:
    """Load and compile the guideline in `directory` (the one that comes with the package if None).

    Raises GuidelineError or FragmentError for an ontology that cannot be used.
    """
    root = directory or home()
    files = ontology_files(root)
    store = _Cache([*files, *shapes_files(root)]) if cache else None
    content = store.load() if store else None
    guideline = Guideline(root, content) if content else None
    if guideline is None:
        parsed = tuple(_read_ontologies(root))
        content = _content(parsed, {path.stem: read_graph(path, imports=True) for path in shapes_files(root)})
        guideline = Guideline(root, content)
        guideline.__dict__["ontologies"] = parsed
        if store:
            store.save(content)
    return guideline


def ontology_files(directory: Path) -> list[Path]:
    """The core ontology and the guideline's own. Raises GuidelineError where there is none."""
    own = sorted((directory / "ontology").glob("*.ttl")) if (directory / "ontology").is_dir() else []
    if not own:
        raise GuidelineError(
            Problem("no-guideline", "the directory holds no ontology", "give a directory with ontology/*.ttl in it",
                    file=str(directory))
        )  # fmt: skip
    core = home() / "ontology" / "core.ttl"
    return own if any(path.name == core.name for path in own) else [core, *own]


def shapes_files(directory: Path) -> list[Path]:
    """The shapes that answers rest on: the shared contract, and the guideline's own."""
    core = home() / "shapes" / "core.ttl"
    return [core, *(path for path in sorted((directory / "shapes").glob("*.ttl")) if path.stem not in SHARED)]


def merged(parsed: Iterable[Parsed]) -> Graph:
    """One graph of all files."""
    graph = Graph()
    for part in parsed:
        graph += part.graph
    return graph


def _read_ontologies(directory: Path) -> list[Parsed]:
    parsed = [read_graph(path, imports=True) for path in ontology_files(directory)]
    _resolve_imports(parsed)
    return parsed


def _resolve_imports(parsed: list[Parsed]) -> None:
    """Every import is among the files at hand. Raises GuidelineError; nothing is ever fetched."""
    present = {iri for part in parsed for s in part.graph.subjects(RDF.type, OWL.Ontology)
               for iri in (s, part.graph.value(s, OWL.versionIRI))}  # fmt: skip
    for part in parsed:
        for s, target in part.graph.subject_objects(OWL.imports):
            if target not in present:
                raise GuidelineError(
                    Problem("unresolved-import", f"the import {target} is not among the guideline's files",
                            "put the ontology into the directory ontology/", part.file,
                            part.line_of(s, OWL.imports, target), str(s))
                )  # fmt: skip


def _content(parsed: tuple[Parsed, ...], shapes: Mapping[str, Parsed]) -> Content:
    from reasoner.compile import compile_axioms  # only where nothing is cached
    from reasoner.owl import read_axioms

    graph = merged(parsed)
    compiled = compile_axioms(read_axioms(parsed))
    catalogue = read_catalogue(graph)
    _defined(catalogue, compiled, parsed)
    checks = compile_shapes([shapes[name] for name in CHECKED if name in shapes], compiled.rules)
    versioned = versions(graph, *(part.graph for part in shapes.values()))
    return Content(compiled, catalogue, _prefixes(parsed), versioned, _taxonomy(graph), checks)


def _defined(catalogue: Catalogue, compiled: Compiled, parsed: tuple[Parsed, ...]) -> None:
    """Every management class has a definition. Raises GuidelineError."""
    for cls in catalogue.management:
        if cls.iri not in compiled.rules:
            node = URIRef(cls.iri)
            home = next(part for part in parsed if (node, RDF.type, None) in part.graph)
            raise GuidelineError(
                Problem("undefined-class", "a management class has no definition among classes of patients",
                        "define it by owl:equivalentClass", home.file, home.line_of(node, RDF.type), cls.iri)
            )  # fmt: skip


def _prefixes(parsed: tuple[Parsed, ...]) -> dict[str, str]:
    """The canonical prefixes, and those that the ontologies bind to namespaces of their own terms."""
    spoken = {str(s).rsplit("#", 1)[0] for part in parsed for s in part.graph.subjects(RDF.type, None)}
    found = dict(PREFIXES)
    for part in parsed:
        for prefix, namespace in part.prefixes.items():
            if namespace not in found.values() and namespace.rstrip("#") in spoken:
                found[prefix] = namespace
    return dict(sorted(found.items()))


class _Cache:
    """Compiled guidelines in the user's cache directory, each under the hash of all that it was made from."""

    def __init__(self, files: list[Path]) -> None:
        digest = hashlib.sha256()
        sources = sorted(Path(__file__).parent.glob("*.py"))
        for path in [*sources, *files]:
            digest.update(f"{path.name}\0{path}\0".encode() if path in files else path.name.encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        self.path = _cache_directory() / f"{digest.hexdigest()}.json"

    def load(self) -> Content | None:
        """The cached content; None where there is none, or where it is not what was written."""
        try:
            check, _, text = self.path.read_text("utf-8").partition("\n")
            if hashlib.sha256(text.encode()).hexdigest() != check:
                return None
            content = decode(json.loads(text), Content)
        except (OSError, ValueError, KeyError, TypeError, IndexError):
            return None
        return content if isinstance(content, Content) else None

    def save(self, content: Content) -> None:
        """Write the content whole or not at all; a cache that cannot be written is no error."""
        text = json.dumps(encode(content), ensure_ascii=False, separators=(",", ":"))
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, f"{hashlib.sha256(text.encode()).hexdigest()}\n{text}".encode())
        except (OSError, InputError):
            return


def _cache_directory() -> Path:
    from platformdirs import user_cache_path

    return Path(os.environ.get("GUIDEPROOF_CACHE") or user_cache_path("guideproof"))


def _taxonomy(graph: Graph) -> tuple[tuple[str, str, str], ...]:
    predicates = (RDF.type, RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range, GP.negates)
    triples = (triple for p in predicates for triple in graph.triples((None, p, None)))
    named = [t for t in triples if isinstance(t[0], URIRef) and isinstance(t[2], URIRef)]
    return tuple(sorted((str(s), str(p), str(o)) for s, p, o in named))


def version() -> str:
    """The version of this software."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("guideproof")
    except PackageNotFoundError:
        return "0+unknown"
