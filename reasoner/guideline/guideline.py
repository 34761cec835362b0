"""A guideline as a directory: its ontologies and shapes, loaded, compiled, and cached by what they contain."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import Struct

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline import cache as compiled_before
from reasoner.guideline.catalogue import Catalogue
from reasoner.guideline.content import Content, GuidelineFiles, graph_of, merged
from reasoner.guideline.shapes import StateShape
from reasoner.logic.clauses import bits
from reasoner.logic.compiled import Compiled, literals_in
from reasoner.logic.facts import FactReader
from reasoner.records.observe import Observer, rule_terms
from reasoner.records.validate import CompiledContract

if TYPE_CHECKING:  # rdflib is slow to import, and a guideline that is compiled answers without it
    from rdflib import Graph

    from reasoner.rdf import Parsed
    from reasoner.records.reference import Reference

_PACKAGE = Path(__file__).resolve().parents[1]

#: The shapes that every guideline shares: the general part of the record contract, and what an ontology must keep.
SHARED = ("core", "authoring")

#: The names of a guideline's own shapes: its record contract, its rules, and what looks at answers.
ROLES = ("record", "derivation", "pathway", "red-flags")

#: The suffixes of files that hold ontologies or shapes, in whatever syntax.
_SYNTAXES = frozenset(
    {
        ".ttl",
        ".turtle",
        ".nt",
        ".n3",
        ".trig",
        ".nq",
        ".rdf",
        ".owl",
        ".owx",
        ".ofn",
        ".omn",
        ".obo",
        ".jsonld",
        ".shacl",
    }
)


class Guideline(Struct, frozen=True, dict=True, eq=False, weakref=True):
    """A guideline, ready to assess records, and the files that it was compiled from.

    It may be used by many threads. What needs rdflib is parsed where a caller asks for it, from the same bytes.
    """

    directory: Path
    content: Content
    files: GuidelineFiles

    def __reduce__(self) -> tuple[object, ...]:
        """A guideline goes to another process by its files, which are compiled there or found in the cache."""
        return from_files, (self.directory, self.files)

    @property
    def compiled(self) -> Compiled:
        """The classes, compiled to prime implicants, and the theory of the facts."""
        return self.content.compiled

    @property
    def catalogue(self) -> Catalogue:
        """What the guideline says besides its logic."""
        return self.content.catalogue

    @property
    def prefixes(self) -> Mapping[str, str]:
        """The namespaces by prefix: the canonical ones, and those of the guideline's own terms."""
        return self.content.prefixes

    @cached_property
    def reader(self) -> FactReader:
        """Reads observations as facts over this guideline's atoms."""
        return FactReader(self.compiled)

    @cached_property
    def observer(self) -> Observer:
        """Reads the statements about a patient as observations."""
        rules = rule_terms(self.content.contract.constructs)
        return Observer(self.compiled.properties, self.catalogue.negations, self.catalogue.bounds, rules)

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
        return tuple(self.files.parsed_ontologies())

    @cached_property
    def graph(self) -> Graph:
        """All ontologies in one graph."""
        return merged(self.ontologies)

    def checks_of(self, action: str) -> list[StateShape]:
        """The pathway shapes that review orders of an action: those of its class and of every class above it."""
        above = {action, *self.content.contract.above.get(action, ())}
        return [check for check in self.content.checks if check.action in above]

    def unit(self, criterion: str) -> str:
        """The UCUM code of the quantity on which a criterion is a threshold; '' where there is none."""
        expr = self.compiled.attributes.get(criterion)
        atoms = bits(literals_in(expr)) if expr is not None else ()
        quantities = (self.compiled.theory.atoms[i].path[-1] for i in atoms)
        return next((unit for q in quantities if (unit := self.catalogue.units.get(q))), "")

    @cached_property
    def taxonomy(self) -> Graph:
        """The part of the ontologies that shapes look at: which terms are declared, and what is below what."""
        graph = graph_of(self.content.taxonomy)
        for prefix, namespace in self.prefixes.items():
            graph.bind(prefix, namespace)
        return graph

    def shapes(self, *names: str) -> list[Graph]:
        """The shapes graphs of those names that the guideline has, as it was compiled from them.

        They are parsed once and shared: a caller that changes one works on a copy.
        """
        return [parsed.graph for parsed in self.files.parsed_shapes(*names)]

    def shape_files(self, name: str) -> list[Path]:
        """The file of the shapes of that name, in a list; none where answers do not rest on any."""
        return [path for path in self.files.shapes if path.stem == name]

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

    Raises GuidelineError for a directory without an ontology and for a file that cannot be used, and FragmentError for
    an axiom or a shape outside what is decided exactly.
    """
    root = directory or home()
    return from_files(root, read_files(root), cache=cache)


def from_files(directory: Path, files: GuidelineFiles, *, cache: bool = True) -> Guideline:
    """The guideline of a directory whose files were read. Raises what `load_guideline` raises."""
    key = compiled_before.key_of({**files.ontologies, **files.shapes}) if cache else ""
    content = compiled_before.load(key, Content) if cache else None
    if content is None:
        from reasoner.guideline.build import content_of

        content = content_of(files)
        if cache:
            compiled_before.save(key, content)
    return Guideline(directory, content, files)


def read_files(directory: Path) -> GuidelineFiles:
    """The files of the guideline in `directory`. Raises GuidelineError where one is missing or cannot be read."""
    ontologies, shapes = ontology_files(directory), shapes_files(directory)
    for path, what, remedy in unread_files(directory):
        raise GuidelineError(Problem("file-ignored", what, remedy, str(path)))
    return GuidelineFiles({path: _bytes(path) for path in ontologies}, {path: _bytes(path) for path in shapes})


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        what = f"the file cannot be read: {error.strerror or error}"
        raise GuidelineError(Problem("not-readable", what, "check its permissions", str(path))) from error


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


def unread_files(directory: Path) -> Iterator[tuple[Path, str, str]]:
    """The files of `ontology/` and `shapes/` that hold RDF and are read by nothing, each with why and what to do."""
    for folder in ("ontology", "shapes"):
        for path in sorted((directory / folder).rglob("*")):
            if path.suffix.lower() not in _SYNTAXES or not path.is_file():
                continue
            if path.suffix != ".ttl" or path.parent != directory / folder:
                yield (
                    path,
                    f"the file is not read: only {folder}/*.ttl are",
                    f"save it so in {folder}/, or move it",
                )
            elif folder == "shapes" and path.stem not in (*ROLES, *SHARED):
                names = ", ".join(f"{name}.ttl" for name in ROLES)
                yield path, f"the shapes are not read: of shapes/ only {names} are", "name the file so, or move it"


def changed_shared_shapes(directory: Path) -> Iterator[Path]:
    """Files in `shapes/` that have the name of shared shapes and other content, which nothing reads."""
    for name in SHARED:
        own, ours = directory / "shapes" / f"{name}.ttl", home() / "shapes" / f"{name}.ttl"
        if own.is_file() and ours.is_file() and own.read_bytes() != ours.read_bytes():
            yield own


def version() -> str:
    """The version of this software."""
    from importlib.metadata import PackageNotFoundError
    from importlib.metadata import version as installed

    try:
        return installed("guideproof")
    except PackageNotFoundError:
        return "0+unknown"
