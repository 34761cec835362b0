"""The queries of shapes, and their algebra as rdflib has it (https://www.w3.org/TR/sparql11-query/#sparqlAlgebra).

Each text is read once: it takes longer than all else that is done with a guideline.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pyparsing import ParseResults
from rdflib import OWL, RDF, RDFS, SH, Graph, URIRef
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery
from rdflib.term import Node

from reasoner.records.contract_shapes import Background, BeyondError, needs_of
from reasoner.terms import GP

#: rdflib's SPARQL parser, and pySHACL with it, are for one thread at a time.
ONE_AT_A_TIME = threading.RLock()

#: What pySHACL binds in every query.
_PREFIXES = {"rdf": str(RDF), "rdfs": str(RDFS), "owl": str(OWL)}


class Read(NamedTuple):
    """The algebra of a query, not to be changed; and whether its `NOT EXISTS` hold nothing but triple patterns.

    The algebra does not tell: the translation drops filters there.
    """

    algebra: Any
    plainly_denied: bool


def query_of(graph: Graph, shape: Node, link: URIRef, text: URIRef) -> tuple[Node, str]:
    """The one node with a query to which a shape links, and the query with its prefixes.

    Raises BeyondError where there is another number of them, or the shape is asked elsewhere than of the node with the
    as-of date, or anything else is stated that changes how it runs.
    """
    nodes, said_of_all = list(graph.objects(shape, link)), {SH.message, SH.severity, SH.order}
    if len(nodes) != 1 or set(graph.objects(shape, SH.targetSubjectsOf)) != {GP.asOf}:
        raise BeyondError
    texts = list(graph.objects(nodes[0], text))
    allowed = ((shape, {SH.targetSubjectsOf, link}), (nodes[0], {SH.prefixes, text}))
    if len(texts) != 1 or not all(_uses(graph, node, said_of_all | more) for node, more in allowed):
        raise BeyondError
    return nodes[0], prefixed(str(texts[0]), prefixes_of(graph, nodes[0]))


def _uses(graph: Graph, node: Node, allowed: Collection[Node]) -> bool:
    """Whether no more of SHACL is stated of a node than is allowed."""
    return all(p in allowed for p in graph.predicates(node) if str(p).startswith(str(SH)))


def prefixes_of(graph: Graph, node: Node) -> dict[str, str]:
    """The prefixes that a node with a query declares. Raises BeyondError where they are not clear."""
    found = dict[str, str]()
    for ontology in graph.objects(node, SH.prefixes):
        if (ontology, RDF.type, OWL.Ontology) not in graph:
            raise BeyondError
        for declared in graph.objects(ontology, SH.declare):
            names, iris = (list(map(str, graph.objects(declared, p))) for p in (SH.prefix, SH.namespace))
            if len(names) != 1 or len(iris) != 1 or found.setdefault(names[0], iris[0]) != iris[0]:
                raise BeyondError
    return found


def order_of(graph: Graph, rule: Node) -> float:
    """When a rule runs, by `sh:order`."""
    return min((float(str(order)) for order in graph.objects(rule, SH.order)), default=0.0)


def needs_of_rule(graph: Graph, shape: Node, background: Background) -> tuple[tuple[str, ...], ...]:
    """The sets of terms that the rules of a shape cannot do without, but for those that the guideline has itself."""
    shared = background.kinds | background.predicates
    return tuple(sorted(need for need in needs_of(graph, shape, lists_only=False) if shared.isdisjoint(need)))


def prefixed(text: str, prefixes: Mapping[str, str]) -> str:
    """A query with what it may abbreviate."""
    return "".join(f"PREFIX {name}: <{iri}>\n" for name, iri in sorted((_PREFIXES | dict(prefixes)).items())) + text


@lru_cache(maxsize=256)
def read_query(text: str) -> Read:
    """The query of a text. Raises whatever rdflib does where it is none."""
    with ONE_AT_A_TIME:
        tree = parseQuery(text)
        plain = all(part.name == "TriplesBlock" for denied in _all_denied(tree[1]) for part in denied.graph.part or ())
        return Read(translateQuery(tree).algebra, plain)


def _all_denied(tree: Any) -> Iterator[Any]:
    """Every `NOT EXISTS` of a query as it was parsed."""
    if getattr(tree, "name", "") == "Builtin_NOTEXISTS":
        yield tree
    inner = tree.values() if isinstance(tree, Mapping) else tree if isinstance(tree, list | ParseResults) else ()
    for part in inner:
        yield from _all_denied(part)
