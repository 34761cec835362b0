"""Queries as rdflib's parser and algebra have them (https://www.w3.org/TR/sparql11-query/#sparqlAlgebra).

Each text is read once: it takes longer than all else that is done with a guideline.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

from pyparsing import ParseResults
from rdflib import OWL, RDF, RDFS
from rdflib.plugins.sparql.algebra import translateQuery
from rdflib.plugins.sparql.parser import parseQuery

#: rdflib's SPARQL parser, and pySHACL with it, are for one thread at a time.
ONE_AT_A_TIME = threading.Lock()

#: What pySHACL binds in every query.
_PREFIXES = {"rdf": str(RDF), "rdfs": str(RDFS), "owl": str(OWL)}


class Read(NamedTuple):
    """The algebra of a query, not to be changed; and whether its `NOT EXISTS` hold nothing but triple patterns.

    The algebra does not tell: the translation drops filters there.
    """

    algebra: Any
    plainly_denied: bool


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
