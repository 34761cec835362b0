"""The files of a guideline, all of them read, with what cannot be read named file by file.

A directory is checked as an author keeps it: `ontology/*.ttl`, `shapes/*.ttl`, `queries/*.rq`. Where it has no core
ontology or core shapes of its own, those of the package stand in.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from rdflib import OWL, RDF, BNode, Graph, URIRef
from rdflib.term import Node

from reasoner.errors import GuidelineError, Problem
from reasoner.guideline.content import merged
from reasoner.guideline.guideline import changed_shared_shapes, home, ontology_files, unread_files
from reasoner.rdf import Parsed, Triple, read_graph
from reasoner.terms import PREFIXES, curie, shorten
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.finding import Finding, Severity

ONTOLOGIES, SHAPES = "ontologies", "shapes"
_UNKNOWN_PREFIX = re.compile(r"The prefix (\S*?):? has not been declared")
_OTHER_QUERIES = {".sparql", ".sparqlquery", ".rq~", ".ru"}


@dataclass(frozen=True)
class TextFile:
    """A text file with its lines."""

    file: str
    text: str


class Sources:
    """The files of a guideline that could be read, and the problems of those that could not.

    `broken` has, for ontologies and shapes, the names of the files without which the whole cannot be judged; `texts`
    are the texts of all that could be read. Raises GuidelineError where the directory holds no ontology.
    """

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.broken: dict[str, list[str]] = {ONTOLOGIES: [], SHAPES: []}
        self.problems: list[Finding] = []
        self.texts: list[TextFile] = []
        self.ontologies = self._graphs(ontology_files(directory), ONTOLOGIES)
        self.shapes = self._graphs(_shapes_files(directory), SHAPES)
        self.queries = self._queries(sorted((directory / "queries").rglob("*.rq")))
        self.texts += self.queries
        self._name_ignored()

    # -- reading --

    def _graphs(self, paths: Iterable[Path], kind: str) -> tuple[Parsed, ...]:
        """The files that can be read; each of the others is named with its first fault."""
        found = []
        for path in paths:
            try:
                found.append(read_graph(path, imports=True))
                self.texts.append(self._text(path))
            except GuidelineError as error:
                self.broken[kind].append(self.relative(path))
                self._note(path, error.problem.line or 1, *_explained(error.problem))
        return tuple(found)

    def _queries(self, paths: Iterable[Path]) -> list[TextFile]:
        """The queries that are text."""
        found = []
        for path in paths:
            try:
                found.append(self._text(path))
            except (OSError, UnicodeDecodeError):
                what, remedy = "the query cannot be read as UTF-8 text", "save it as UTF-8, and check its permissions"
                self._note(path, 1, "not-utf8", what, remedy)
        return found

    def _name_ignored(self) -> None:
        """Name ontologies, shapes and queries that nothing reads: an editor's other ways of saving, other names."""
        for path, what, remedy in unread_files(self.directory):
            self._note(path, 1, "file-ignored", what, remedy)
        for path in changed_shared_shapes(self.directory):
            what, remedy = "the shapes are not read: those of the package are", "state your own in record.ttl"
            self._note(path, 1, "file-ignored", what, remedy)
        for path in sorted((self.directory / "queries").rglob("*")):
            if path.suffix.lower() in _OTHER_QUERIES:
                what, remedy = "the query is not read: only queries/*.rq are", "give it the ending .rq, or move it"
                self._note(path, 1, "file-ignored", what, remedy)

    def _text(self, path: Path) -> TextFile:
        return TextFile(self.relative(path), path.read_text("utf-8-sig"))

    def _note(self, path: Path, line: int, code: str, what: str, remedy: str) -> None:
        self.problems.append(check_finding(self.relative(path), line, code, what, remedy))

    def relative(self, file: Path | str) -> str:
        """A file's name as findings give it."""
        path = Path(file)
        return path.relative_to(self.directory).as_posix() if path.is_relative_to(self.directory) else str(path)

    # -- all of it --

    @property
    def files(self) -> tuple[Parsed, ...]:
        """The parsed files, ontologies first."""
        return (*self.ontologies, *self.shapes)

    @cached_property
    def ontology(self) -> Graph:
        """All ontologies in one graph."""
        return merged(self.ontologies)

    @cached_property
    def graph(self) -> Graph:
        """All ontologies and shapes in one graph."""
        return merged(self.files)

    @cached_property
    def prefixes(self) -> dict[str, str]:
        """The canonical prefixes, then those of the files, each namespace under its first name."""
        found = dict(PREFIXES)
        for parsed in self.files:
            for prefix, namespace in parsed.prefixes.items():
                if prefix not in found and namespace not in found.values():
                    found[prefix] = namespace
        return found

    def headers(self, files: Iterable[Parsed]) -> list[str]:
        """The IRIs of ontologies or shapes graphs."""
        return sorted({str(s) for parsed in files for s in parsed.graph.subjects(RDF.type, OWL.Ontology)})

    def without_header(self) -> list[Parsed]:
        """The ontologies that do not say which ontology they are."""
        return [one for one in self.ontologies if (None, RDF.type, OWL.Ontology) not in one.graph]

    # -- names and positions --

    def name(self, term: Node | str) -> str:
        """A term as people read it."""
        return curie(str(term), self.prefixes) if not isinstance(term, BNode) else "an unnamed node"

    def short(self, text: str) -> str:
        """A text with its IRIs shortened."""
        return shorten(text, self.prefixes)

    def position(self, at: Triple | Node) -> tuple[str, int]:
        """The file and the line of a triple; of a term, and of a triple that is in no file, where the term is declared.

        A term that is not declared has the line on which it is first described.
        """
        if isinstance(at, tuple):
            home = next((parsed for parsed in self.files if at in parsed.lines), None)
            return (self.relative(home.file), _opening(home, at)) if home else self.position(at[0])
        found = [(parsed, line) for parsed in self.files
                 for line in (parsed.line_of(at, RDF.type), parsed.line_of(at)) if line is not None]  # fmt: skip
        return (self.relative(found[0][0].file), found[0][1]) if found else ("", 0)

    def above(self, node: Node) -> Iterator[Node]:
        """A node, then those in which it stands, up to the first with a name."""
        passed = {node}
        yield node
        while isinstance(node, BNode):
            found = next((s for s in self.graph.subjects(None, node) if s not in passed), None)
            if found is None:
                return
            passed.add(found)
            yield (node := found)

    def owner(self, node: Node) -> Node:
        """The named term in whose description a node stands; the outermost node where none is named."""
        return list(self.above(node))[-1]

    # -- findings --

    def finding(
        self, code: str, what: str, remedy: str, at: Triple | Node, *, term: Node | None = None,
        about: Iterable[Node] = (), severity: Severity = Severity.WARNING,
    ) -> Finding:  # fmt: skip
        """A finding at a triple, or where a term is declared; `term` is the triple's owner if not given."""
        file, line = self.position(at)
        named = term if term is not None else self.owner(at[0] if isinstance(at, tuple) else at)
        iri = str(named) if isinstance(named, URIRef) else ""
        return check_finding(
            file, line, code, self.short(what), remedy, term=iri, about=map(str, about), severity=severity
        )

    def of_problem(self, problem: Problem) -> Finding:
        """The finding that stands for an error of the loader."""
        node = URIRef(problem.node) if problem.node and "://" in problem.node else None
        file, line = self._position_of_problem(problem, node)
        about = re.findall(r"https?://[^\s,]+", problem.what)
        what = self.short(problem.what)
        return check_finding(file, line, problem.code, what, problem.remedy, term=str(node or ""), about=about)

    def _position_of_problem(self, problem: Problem, node: URIRef | None) -> tuple[str, int]:
        if not problem.file:
            return self.position(node) if node is not None else ("", 0)
        read = [parsed for parsed in self.files if parsed.file == problem.file and node is not None]
        lines = [_opening(parsed, triple) for parsed in read for triple in parsed.graph.triples((node, None, None))
                if parsed.lines.get(triple) == problem.line]  # fmt: skip
        return self.relative(problem.file), min(lines, default=problem.line or 0)


def _opening(parsed: Parsed, triple: Triple) -> int:
    """The line on which a triple begins: the parser gives a blank node in brackets once it has read all of it."""
    lines = [parsed.lines[triple], parsed.line_of(triple[2]) if isinstance(triple[2], BNode) else None]
    return min((line for line in lines if line is not None), default=0)


def _shapes_files(directory: Path) -> list[Path]:
    own, core = sorted((directory / "shapes").glob("*.ttl")), home() / "shapes" / "core.ttl"
    return own if any(path.name == core.name for path in own) else [core, *own]


def _explained(problem: Problem) -> tuple[str, str, str]:
    """The code of a fault of a file, what is wrong and what to do; of an unknown prefix, how to declare it."""
    unknown = _UNKNOWN_PREFIX.search(problem.what)
    if unknown is None:
        return problem.code, problem.what, problem.remedy
    prefix = unknown[1]
    what = f"the prefix {prefix}: is used and not declared in this file"
    meant = f"@prefix {prefix}: <{PREFIXES.get(prefix, '…')}> ."
    return "undeclared-prefix", what, f"add {meant} at the top, or correct the prefix"
