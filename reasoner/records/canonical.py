"""Names that depend on content alone: canonical labels of blank nodes (RDFC-1.0) and content hashes.

RDF Dataset Canonicalization, https://www.w3.org/TR/rdf-canon/. Where the hashes of first degree tell all blank nodes
apart, they give the labels. Otherwise Oxigraph canonicalizes; it renames the nodes without saying which became which,
and the two graphs are matched again here by refining colours, so that a name can be traced back.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Iterable, Mapping, Sequence

import pyoxigraph as ox

from reasoner.records.nodes import XSD_STRING, LiteralTerm, Nodes, Term, Triple, Values, triples

OxTriple = tuple[object, object, object]
Colours = Mapping[ox.BlankNode, object]

#: Matches text that N-Quads writes as it is.
_plain = re.compile(r"[ !#-\[\]-~]*").fullmatch

_NOTHING: dict[str, Values] = {}


def canonical(nodes: Nodes, among: Iterable[str], left_out: Collection[Triple]) -> tuple[dict[str, str], str]:
    """The RDFC-1.0 label of each blank node, and the SHA-256 of the canonical N-Quads.

    They are those of the statements about the nodes `among`, without the triples `left_out`.
    """
    about: dict[str, list[str]] = {}
    lines: list[str] = []
    named: list[tuple[str, str, str]] = []
    plain = True
    for s in among:
        blank = s[0] == "_"
        subject = s if blank else f"<{s}>"
        for p, values in nodes.get(s, _NOTHING).items():
            for o in [o for o in values if (s, p, o) not in left_out] if left_out else values:
                if isinstance(o, LiteralTerm):
                    value, plain = _literal(o), plain and bool(_plain(o.value))
                else:
                    value = o if o[0] == "_" else f"<{o}>"
                if blank or value[0] == "_":
                    named.append((subject, p, value))
                    _tell(about, subject, p, value)
                else:
                    lines.append(f"{subject} <{p}> {value} .\n")
    labels = _first_degree(about)
    if labels is None or not plain:
        return _by_oxigraph(t for t in triples(nodes, among) if t not in left_out)
    lines += [f"{labels.get(s, s)} <{p}> {labels.get(o, o)} .\n" for s, p, o in named]
    return labels, _digest(lines)


def _tell(about: dict[str, list[str]], subject: str, p: str, value: str) -> None:
    """Note a statement for each of its blank nodes, as seen from there."""
    if subject[0] != "_":
        about.setdefault(value, []).append(f"{subject} <{p}> _:a .\n")
        return
    seen = value if value[0] != "_" else "_:a" if value == subject else "_:z"
    about.setdefault(subject, []).append(f"_:a <{p}> {seen} .\n")
    if seen == "_:z":
        about.setdefault(value, []).append(f"_:z <{p}> _:a .\n")


def content_hash(text: str) -> str:
    """The first 128 bits of the SHA-256 of `text`, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def _digest(lines: Iterable[str]) -> str:
    return hashlib.sha256("".join(sorted(lines)).encode()).hexdigest()


def _literal(term: LiteralTerm) -> str:
    """A literal as N-Quads write it, where its text is plain."""
    return str(to_oxigraph(term)) if term.language else f'"{term.value}"{_suffix(term.datatype)}'


def _suffix(datatype: str) -> str:
    return "" if datatype == XSD_STRING else f"^^<{datatype}>"


def _first_degree(about: Mapping[str, Sequence[str]]) -> dict[str, str] | None:
    """The labels of blank nodes by what is said of each; None where that tells not all apart."""
    hashes = {hashlib.sha256("".join(sorted(said)).encode()).hexdigest(): node for node, said in about.items()}
    if len(hashes) < len(about):
        return None
    return {hashes[found]: f"_:c14n{number}" for number, found in enumerate(sorted(hashes))}


# -- where Oxigraph has to canonicalize --


def _by_oxigraph(told: Iterable[Triple]) -> tuple[dict[str, str], str]:
    mine = [(to_oxigraph(s), ox.NamedNode(p), to_oxigraph(o)) for s, p, o in told]
    dataset = ox.Dataset(ox.Quad(*triple) for triple in mine)  # type: ignore[arg-type]
    dataset.canonicalize(ox.CanonicalizationAlgorithm.RDFC_1_0)
    digest = _digest(f"{quad} .\n" for quad in dataset)
    found = _match(list(mine), [(quad.subject, quad.predicate, quad.object) for quad in dataset], {}, {})
    return {f"_:{node.value}": f"_:{label.value}" for node, label in (found or {}).items()}, digest


def to_oxigraph(term: Term) -> ox.NamedNode | ox.BlankNode | ox.Literal:
    """The same term in Oxigraph's types."""
    if isinstance(term, LiteralTerm):
        if term.language:
            return ox.Literal(term.value, language=term.language)
        return ox.Literal(term.value, datatype=ox.NamedNode(term.datatype))
    return ox.BlankNode(term[2:]) if term[0] == "_" else ox.NamedNode(term)


def _match(
    ours: Sequence[OxTriple], theirs: Sequence[OxTriple], left: Colours, right: Colours
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


def _refine(triples: Sequence[OxTriple], colours: Colours) -> dict[ox.BlankNode, object]:
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
