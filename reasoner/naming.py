"""Names that depend on content alone: canonical blank nodes (RDFC-1.0) and content hashes.

RDF Dataset Canonicalization, https://www.w3.org/TR/rdf-canon/, by Oxigraph. It renames the nodes without saying
which became which; the two graphs are matched again here by refining colours, so that a name can be traced back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping

import pyoxigraph as ox
from rdflib import BNode, Literal, URIRef
from rdflib.term import Node

Triple = tuple[Node, Node, Node]
OxTriple = tuple[object, object, object]
Names = dict[BNode, str]


def canonical_names(triples: Iterable[Triple]) -> tuple[Names, str]:
    """The RDFC-1.0 label of each blank node in `triples`, and the SHA-256 of the canonical N-Quads."""
    mine = list(triples)
    dataset = ox.Dataset(to_quad(triple) for triple in mine)
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    lines = sorted(f"{quad} .\n" for quad in dataset)
    digest = hashlib.sha256("".join(lines).encode()).hexdigest()
    if not any(isinstance(term, BNode) for triple in mine for term in triple):
        return {}, digest
    found = _match([_terms(to_quad(triple)) for triple in mine], [_terms(quad) for quad in dataset], {}, {})
    return {BNode(name.value): label.value for name, label in (found or {}).items()}, digest


def to_oxigraph(term: Node) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The same term in Oxigraph's types."""
    if isinstance(term, URIRef):
        return ox.NamedNode(str(term))
    if isinstance(term, BNode):
        return ox.BlankNode(str(term))
    assert isinstance(term, Literal)
    if term.language:
        return ox.Literal(str(term), language=term.language)
    return ox.Literal(str(term), datatype=ox.NamedNode(str(term.datatype))) if term.datatype else ox.Literal(str(term))


def to_quad(triple: Triple) -> ox.Quad:
    """The same triple in Oxigraph's types, in the default graph."""
    subject, predicate, value = (to_oxigraph(term) for term in triple)
    return ox.Quad(subject, predicate, value)  # type: ignore[arg-type]


def _terms(quad: ox.Quad) -> OxTriple:
    return quad.subject, quad.predicate, quad.object


def content_hash(text: str) -> str:
    """The first 128 bits of the SHA-256 of `text`, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


Colours = Mapping[ox.BlankNode, object]


def _match(
    ours: list[OxTriple], theirs: list[OxTriple], left: Colours, right: Colours
) -> dict[ox.BlankNode, ox.BlankNode] | None:
    """The renaming that turns `ours` into `theirs`; ties are broken by trying, which symmetry makes rare to fail."""
    left, right = _refine(ours, left), _refine(theirs, right)
    groups = _groups(left)
    tied = min((nodes for nodes in groups.values() if len(nodes) > 1), key=len, default=None)
    candidates = _groups(right)
    if tied is None:
        pairs = {nodes[0]: candidates[colour][0] for colour, nodes in groups.items() if colour in candidates}
        renamed = {tuple(pairs.get(term, term) for term in triple) for triple in ours}  # type: ignore[call-overload]
        return pairs if renamed == set(theirs) else None
    for candidate in candidates.get(left[tied[0]], []):
        found = _match(ours, theirs, {**left, tied[0]: "chosen"}, {**right, candidate: "chosen"})
        if found is not None:
            return found
    return None


def _groups(colours: Colours) -> dict[object, list[ox.BlankNode]]:
    groups: dict[object, list[ox.BlankNode]] = {}
    for node in sorted(colours, key=lambda node: node.value):
        groups.setdefault(colours[node], []).append(node)
    return groups


def _refine(triples: list[OxTriple], colours: Colours) -> dict[ox.BlankNode, object]:
    """Colour each blank node by its surroundings until no colour splits any more."""
    nodes = {term for triple in triples for term in triple if isinstance(term, ox.BlankNode)}
    current: dict[ox.BlankNode, object] = {node: colours.get(node, "") for node in nodes}
    while True:
        around: dict[ox.BlankNode, list[str]] = {node: [] for node in nodes}
        for triple in triples:
            for here, term in enumerate(triple):
                if isinstance(term, ox.BlankNode):
                    around[term].append(f"{here} {' '.join(_seen(t, term, current) for t in triple)}")
        refined = {n: content_hash(f"{current[n]}|{'|'.join(sorted(around[n]))}") for n in nodes}
        if len(set(refined.values())) == len(set(current.values())):
            return dict(refined)
        current = dict(refined)


def _seen(term: object, self: ox.BlankNode, colours: Colours) -> str:
    if term == self:
        return "self"
    return f"[{colours[term]}]" if isinstance(term, ox.BlankNode) else str(term)
