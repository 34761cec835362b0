"""A guideline as a directory: its ontologies and shapes, loaded, compiled, and cached by what they contain."""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from msgspec import Struct

from reasoner.errors import GuidelineError, InputError, Problem
from reasoner.files import write_whole
from reasoner.guideline.catalogue import Catalogue
from reasoner.guideline.shapes import StateShape
from reasoner.logic.compiled import Compiled
from reasoner.logic.facts import FactReader
from reasoner.records.contract import Contract
from reasoner.records.observe import Observer
from reasoner.records.validate import CompiledContract

if TYPE_CHECKING:  # rdflib is slow to import, and a guideline that is compiled answers without it
    from rdflib import Graph

    from reasoner.rdf import Parsed
    from reasoner.records.reference import Reference

_PACKAGE = Path(__file__).resolve().parents[1]

#: The packages, beside the modules at the top, by which a guideline is compiled.
_COMPILING = ("logic", "records", "guideline")

#: The shapes that every guideline shares: the general part of the record contract, and what an ontology must keep.
SHARED = ("core", "authoring")

#: The shapes that see the states of classes, and are compiled.
CHECKED = ("red-flags", "pathway")


class Content(Struct, frozen=True, dict=True):
    """What is computed from the ontologies, and cached."""

    compiled: Compiled
    catalogue: Catalogue
    prefixes: Mapping[str, str]
    versions: tuple[str, ...]
    taxonomy: tuple[tuple[str, str, str], ...]
    checks: tuple[StateShape, ...]
    contract: Contract


class Guideline(Struct, frozen=True, dict=True):
    """A guideline, ready to assess records. The ontology's graph is read only where a caller asks for it."""

    directory: Path
    content: Content

    def __reduce__(self) -> tuple[object, ...]:
        """A guideline goes to another process by its directory."""
        return load_guideline, (self.directory,)

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
    def reader(self) -> FactReader:
        """Reads observations as facts over this guideline's atoms."""
        return FactReader(self.compiled)

    @cached_property
    def observer(self) -> Observer:
        """Reads the statements about a patient as observations."""
        return Observer(self.compiled.properties, self.catalogue.negations, self.catalogue.bounds)

    @cached_property
    def compiled_contract(self) -> CompiledContract:
        """Answers the records that need neither rdflib nor pySHACL."""
        return CompiledContract(self.content.contract, self.observer, self.content.taxonomy)

    @cached_property
    def reference(self) -> Reference:
        """Validates and completes records by pySHACL, with shapes that are parsed once."""
        from reasoner.records.reference import Reference

        return Reference(self.taxonomy, self.shapes("core", "record"), self.shapes("derivation"), self.observer)

    @cached_property
    def ontologies(self) -> tuple[Parsed, ...]:
        """The parsed ontology files."""
        from reasoner.guideline.build import read_ontologies

        return tuple(read_ontologies(self.directory))

    @cached_property
    def graph(self) -> Graph:
        """All ontologies in one graph."""
        return merged(self.ontologies)

    def checks_of(self, action: str) -> list[StateShape]:
        """The pathway shapes that review orders of an action: those of its class and of every class above it."""
        above = {action, *self.content.contract.above.get(action, ())}
        return [check for check in self.content.checks if check.action in above]

    @cached_property
    def taxonomy(self) -> Graph:
        """The part of the ontologies that shapes look at: which terms are declared, and what is below what."""
        from rdflib import Graph, URIRef

        graph = Graph(bind_namespaces="none")
        for prefix, namespace in self.prefixes.items():
            graph.bind(prefix, namespace)
        for triple in self.content.taxonomy:
            graph.add((URIRef(triple[0]), URIRef(triple[1]), URIRef(triple[2])))
        return graph

    def shapes(self, *names: str) -> list[Graph]:
        """The shapes graphs of those names that the guideline has, the shared ones before its own."""
        from reasoner.rdf import read_graph

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
    inside = _PACKAGE / "shipped"
    return inside if inside.is_dir() else _PACKAGE.parent


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
        from reasoner.guideline.build import content_of, read_ontologies
        from reasoner.rdf import read_graph

        parsed = tuple(read_ontologies(root))
        content = content_of(parsed, {path.stem: read_graph(path, imports=True) for path in shapes_files(root)})
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
    from rdflib import Graph

    graph = Graph()
    for part in parsed:
        graph += part.graph
    return graph


class _Cache:
    """Compiled guidelines in the user's cache directory, each under the hash of all that it was made from."""

    def __init__(self, files: list[Path]) -> None:
        digest = hashlib.sha256("".join(_modules()).encode())
        for path in files:
            digest.update(f"{path.name}\0{path}\0".encode())
            digest.update(path.read_bytes() if path.is_file() else b"")
        self.path = _cache_directory() / f"{digest.hexdigest()}.json"

    def load(self) -> Content | None:
        """The cached content; None where there is none, or where it is not what was written."""
        try:
            check, _, text = self.path.read_bytes().partition(b"\n")
            whole = hashlib.sha256(text).hexdigest().encode() == check
            return msgspec.json.decode(text, type=Content) if whole else None
        except (OSError, msgspec.MsgspecError):
            return None

    def save(self, content: Content) -> None:
        """Write the content whole or not at all; a cache that cannot be written is no error."""
        text = msgspec.json.encode(content, order="deterministic")
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(self.path, b"\n".join((hashlib.sha256(text).hexdigest().encode(), text)))
        except (OSError, InputError):
            return


def _modules() -> list[str]:
    """The modules by which a guideline is compiled, each with what tells Python that its source was not changed."""
    found = []
    for name in ("", *_COMPILING):
        with os.scandir(_PACKAGE / name) as entries:
            for entry in entries:
                if entry.name.endswith(".py"):
                    seen = entry.stat()
                    found.append(f"{entry.path}\0{seen.st_mtime_ns}\0{seen.st_size}\0")
    return sorted(found)


def _cache_directory() -> Path:
    if given := os.environ.get("GUIDEPROOF_CACHE"):
        return Path(given)
    if sys.platform == "linux":  # what platformdirs says, which is slow to import
        return Path(os.environ.get("XDG_CACHE_HOME", "").strip() or Path.home() / ".cache") / "guideproof"
    from platformdirs import user_cache_path

    return Path(user_cache_path("guideproof"))


def version() -> str:
    """The version of this software."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("guideproof")
    except PackageNotFoundError:
        return "0+unknown"
