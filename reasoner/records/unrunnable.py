"""What shapes ask that nothing here runs: named by shape, file and line before any record is read.

An engine of SHACL Core passes over targets in SPARQL, node expressions and JavaScript in silence, and fails on a
pattern or a query that it cannot read only where a record reaches it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

import pyoxigraph as ox
from rdflib import RDF, SH, BNode, Graph, Literal
from rdflib.term import Node

from reasoner.errors import Problem
from reasoner.patterns import PatternError, compiled
from reasoner.rdf import Parsed
from reasoner.records.algebra import prefixed, prefixes_of
from reasoner.records.contract_shapes import BeyondError

#: Properties of SHACL Advanced Features and of SHACL-JS.
_BEYOND = frozenset(SH[name] for name in (
    "target", "expression", "filterShape", "nodes", "union", "intersection", "js", "jsFunctionName", "jsLibrary",
    "returnType",
))  # fmt: skip
_BEYOND_TYPES = frozenset(SH[name] for name in (
    "SPARQLTarget", "SPARQLTargetType", "SPARQLFunction", "JSConstraint", "JSRule", "JSTarget", "JSFunction",
    "JSValidator",
))  # fmt: skip
#: Each property with a query, the kind of its answer, and the name of that.
_QUERIES = (
    (SH.select, ox.QuerySolutions, "SELECT"), (SH.construct, ox.QueryTriples, "CONSTRUCT"),
    (SH.ask, ox.QueryBoolean, "ASK"),
)  # fmt: skip
#: What leads out of the records, outside of texts, names and comments.
_ELSEWHERE = re.compile(r"(?<![?$:\w])(SERVICE|GRAPH|FROM)\b", re.IGNORECASE)
_OPAQUE = re.compile(r"\"\"\".*?\"\"\"|'''.*?'''|\"(?:\\.|[^\"\\])*\"|'(?:\\.|[^'\\])*'|<[^<>\s]*>|#[^\n]*", re.DOTALL)


def unrunnable(parsed: Parsed, *, rules: bool) -> Iterator[Problem]:
    """What nothing runs of the shapes in a file; with `rules` the file is one whose rules run."""
    reader = _ShapesFile(parsed)
    yield from reader.features(rules)
    yield from reader.patterns()
    yield from reader.queries()


class _ShapesFile:
    def __init__(self, parsed: Parsed) -> None:
        self.parsed = parsed
        self.graph: Graph = parsed.graph

    def features(self, rules: bool) -> Iterator[Problem]:
        """The use of what is beyond SHACL Core, its SPARQL and its rules."""
        for s, p, o in self.graph:
            if p in _BEYOND or (p == RDF.type and o in _BEYOND_TYPES):
                name = str(o if p == RDF.type else p).removeprefix(str(SH))
                yield self._problem(
                    s, p, f"sh:{name} is run by nothing here", "state it in SHACL Core, or by sh:sparql"
                )
            elif p == SH.rule and not rules:
                yield self._problem(s, p, "a rule is run in derivation.ttl alone", "move the shape with the rule there")

    def patterns(self) -> Iterator[Problem]:
        """The patterns that cannot be matched."""
        for s, o in self.graph.subject_objects(SH.pattern):
            flags = "".join(str(flag) for flag in self.graph.objects(s, SH.flags))
            try:
                if not isinstance(o, Literal) or not isinstance(o.value, str):
                    raise PatternError("it is no text")
                compiled(str(o), flags)
            except PatternError as error:
                what = f"the pattern {str(o)!r} cannot be matched: {error}"
                yield self._problem(
                    s, SH.pattern, what, "write it as RE2 reads it: https://github.com/google/re2/wiki/Syntax"
                )

    def queries(self) -> Iterator[Problem]:
        """The queries that are none, are of another kind, or lead out of the records."""
        for p, kind, name in _QUERIES:
            for s, o in self.graph.subject_objects(p):
                if fault := self._fault(s, str(o), kind, name):
                    yield self._problem(s, p, *fault)

    def _fault(self, node: Node, text: str, kind: type, name: str) -> tuple[str, str] | None:
        if elsewhere := _ELSEWHERE.search(_OPAQUE.sub(" ", text)):
            return f"the query uses {elsewhere[1].upper()}, and sees the record alone", "ask of the record by patterns"
        try:
            found = ox.Store().query(prefixed(text, prefixes_of(self.graph, node)))
        except BeyondError:
            return "the prefixes of the query are not clear", "declare each once, by sh:declare of one owl:Ontology"
        except (SyntaxError, ValueError) as error:
            what = " ".join(str(error).split())
            return f"the query cannot be read: {what}", "correct it; declare its prefixes by sh:prefixes and sh:declare"
        return None if isinstance(found, kind) else (f"the query is no {name}", f"write a {name}")

    def _problem(self, node: Node, p: Node, what: str, remedy: str) -> Problem:
        line = self.parsed.line_of(node, p) or self.parsed.line_of(node)
        return Problem("bad-shapes", what, remedy, self.parsed.file, line, self._shape(node))

    def _shape(self, node: Node) -> str:
        """The named shape in which a node stands."""
        passed: set[Node] = set()
        while isinstance(node, BNode) and node not in passed:
            passed.add(node)
            node = next(self.graph.subjects(None, node), node)
        return str(node)


def all_unrunnable(files: Iterable[Parsed], ruling: Iterable[str]) -> list[Problem]:
    """What nothing runs of some files of shapes; `ruling` are the names of those whose rules run."""
    named = {f"{name}.ttl" for name in ruling}
    return [problem for parsed in files for problem in unrunnable(parsed, rules=parsed.file.endswith(tuple(named)))]
