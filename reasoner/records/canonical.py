"""Names that depend on content alone: canonical labels of blank nodes (RDFC-1.0) and content hashes.

RDF Dataset Canonicalization, https://www.w3.org/TR/rdf-canon/, of one default graph. Functions bear the names that the
algorithms have there. Blank nodes that look alike cost work that can grow without end, so the work has a budget.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import permutations

import pyoxigraph as ox

from reasoner.errors import Problem, RecordError
from reasoner.records.nodes import XSD_STRING, LiteralTerm, Nodes, Term, Triple, Values

#: How many statements are looked at to tell blank nodes apart that look alike: about a second's work.
BUDGET = 200_000

#: How many blank nodes that look alike may hang on each other in a row.
_DEEPEST = 100

#: Matches text that N-Quads writes as it is.
_plain = re.compile(r"[ !#-\[\]-~]*").fullmatch

_NOTHING: dict[str, Values] = {}

#: A statement with a blank node: subject, predicate and object as N-Quads write them.
_Statement = tuple[str, str, str]


def canonical(nodes: Nodes, among: Iterable[str], left_out: Collection[Triple]) -> tuple[dict[str, str], str]:
    """The RDFC-1.0 label of each blank node, and the SHA-256 of the canonical N-Quads.

    They are those of the statements about the nodes `among`, without the triples `left_out`. Raises RecordError where
    blank nodes look so much alike that telling them apart exceeds `BUDGET`.
    """
    about: dict[str, list[_Statement]] = {}
    lines: list[str] = []
    named: list[_Statement] = []
    for s in among:
        blank = s[0] == "_"
        subject = s if blank else f"<{s}>"
        for p, values in nodes.get(s, _NOTHING).items():
            for o in [o for o in values if (s, p, o) not in left_out] if left_out else values:
                value = _written(o)
                if blank or value[0] == "_":
                    statement = subject, p, value
                    named.append(statement)
                    for node in {subject, value}:
                        if node[0] == "_":
                            about.setdefault(node, []).append(statement)
                else:
                    lines.append(f"{subject} <{p}> {value} .\n")
    labels = _Labelling(about).labels
    lines += [f"{labels.get(s, s)} <{p}> {labels.get(o, o)} .\n" for s, p, o in named]
    return labels, hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def content_hash(text: str) -> str:
    """The first 128 bits of the SHA-256 of `text`, in hexadecimal."""
    return _sha256(text)[:32]


def to_oxigraph(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The same term in Oxigraph's types."""
    if isinstance(term, LiteralTerm):
        if term.language:
            return ox.Literal(term.value, language=term.language)
        return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))
    return ox.BlankNode(term[2:]) if term[0] == "_" else ox.NamedNode(term)


def _written(term: Term) -> str:
    """A term as canonical N-Quads write it."""
    if not isinstance(term, LiteralTerm):
        return term if term[0] == "_" else f"<{term}>"
    if term.language or not _plain(term.value):
        return str(to_oxigraph(term))
    return f'"{term.value}"' if term.datatype == XSD_STRING else f'"{term.value}"^^<{term.datatype}>'


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


class _Labelling:
    """The canonical label of each blank node, by the statements about each."""

    def __init__(self, about: Mapping[str, Sequence[_Statement]]) -> None:
        self.labels: dict[str, str] = {}
        self._about, self._work = about, 0
        self._first_degree = {node: self._hash_first_degree(node) for node in about}
        alike: dict[str, list[str]] = {}
        for node, digest in self._first_degree.items():
            alike.setdefault(digest, []).append(node)
        groups = [alike[digest] for digest in sorted(alike)]
        for group in groups:
            if len(group) == 1:
                self._name(group[0])
        for group in groups:
            if len(group) > 1:
                self._name_alike(group)

    def _name(self, node: str) -> None:
        self.labels.setdefault(node, f"_:c14n{len(self.labels)}")

    def _name_alike(self, group: Sequence[str]) -> None:
        """Name the nodes of a group with one hash of first degree, by what lies further from them."""
        found = [self._hash_n_degree(node, {node: "_:b0"}, 0) for node in group if node not in self.labels]
        for _, issued in sorted(found, key=lambda result: result[0]):
            for node in issued:
                self._name(node)

    def _hash_first_degree(self, node: str) -> str:
        """The hash of what is stated of a node, itself as `_:a` and other blank nodes as `_:z`."""

        def shown(term: str) -> str:
            return term if term[0] != "_" else "_:a" if term == node else "_:z"

        return _sha256("".join(sorted([f"{shown(s)} <{p}> {shown(o)} .\n" for s, p, o in self._about[node]])))

    def _hash_related(self, related: str, predicate: str, issued: Mapping[str, str], position: str) -> str:
        known = self.labels.get(related) or issued.get(related) or self._first_degree[related]
        return _sha256(f"{position}<{predicate}>{known}")

    def _hash_n_degree(self, node: str, issued: dict[str, str], depth: int) -> tuple[str, dict[str, str]]:
        """The hash of all that hangs on a node, and the temporary names in the order in which they were issued."""
        self._spend(len(self._about[node]), depth)
        around: dict[str, list[str]] = {}
        for s, p, o in self._about[node]:
            for position, related in (("s", s), ("o", o)):
                if related[0] == "_" and related != node:
                    around.setdefault(self._hash_related(related, p, issued, position), []).append(related)
        data = ""
        for digest in sorted(around):
            path, issued = self._shortest_path(around[digest], issued, depth)
            data += digest + path
        return _sha256(data), issued

    def _shortest_path(self, related: list[str], issued: dict[str, str], depth: int) -> tuple[str, dict[str, str]]:
        """The least path through nodes that look alike from here, and the names that it issues."""
        best: tuple[str, dict[str, str]] | None = None
        for order in permutations(related):
            self._spend(len(order), depth)
            found = self._path(order, dict(issued), best[0] if best else "", depth)
            if found is not None and (best is None or found[0] < best[0]):
                best = found
        assert best is not None
        return best

    def _path(
        self, order: Iterable[str], issued: dict[str, str], best: str, depth: int
    ) -> tuple[str, dict[str, str]] | None:
        """The path through nodes in one order; None where it comes after the best one."""
        path, unseen = "", []
        for node in order:
            if node not in self.labels and node not in issued:
                issued[node] = f"_:b{len(issued)}"
                unseen.append(node)
            path += self.labels.get(node) or issued[node]
            if best and len(path) >= len(best) and path > best:
                return None
        for node in unseen:
            digest, after = self._hash_n_degree(node, issued, depth + 1)
            path += f"{issued[node]}<{digest}>"
            issued = after
            if best and len(path) >= len(best) and path > best:
                return None
        return path, issued

    def _spend(self, work: int, depth: int) -> None:
        """Count work. Raises RecordError where it exceeds `BUDGET` or nodes alike hang too deep on each other."""
        self._work += work
        if self._work > BUDGET or depth > _DEEPEST:
            what = f"{len(self._about)} blank nodes look too much alike: {BUDGET} steps do not tell them apart"
            raise RecordError(Problem("nodes-alike", what, "name the nodes of the record by IRIs"))
