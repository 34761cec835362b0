"""The names of the core vocabulary, the one prefix table, and IRIs as people read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rdflib import Namespace

    GP: Namespace
    CITO: Namespace

#: The namespace of the core vocabulary as text; `GP` is the same for rdflib, which is imported where it is asked for.
CORE = "https://w3id.org/guideproof/core#"
_XSD, _RDF = "http://www.w3.org/2001/XMLSchema#", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"

#: The datatypes whose lexical forms may begin and end with white space.
TEXTS = frozenset({*(f"{_XSD}{name}" for name in ("string", "normalizedString", "token")),
                   *(f"{_RDF}{name}" for name in ("HTML", "XMLLiteral", "JSON"))})  # fmt: skip
_SPACES = {"GP": CORE, "CITO": "http://purl.org/spar/cito/"}

#: The canonical prefix of every vocabulary that the project writes. A guideline adds its own.
PREFIXES: dict[str, str] = {
    "cito": _SPACES["CITO"],
    "dcterms": "http://purl.org/dc/terms/",
    "gp": CORE,
    "owl": "http://www.w3.org/2002/07/owl#",
    "prov": "http://www.w3.org/ns/prov#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
    "sh": "http://www.w3.org/ns/shacl#",
    "skos": "http://www.w3.org/2004/02/skos/core#",
    "xsd": "http://www.w3.org/2001/XMLSchema#",
}


def curie(iri: str, prefixes: Mapping[str, str]) -> str:
    """`iri` shortened by the longest namespace that fits; unchanged where none does."""
    best = max((p for p in prefixes.items() if iri.startswith(p[1])), key=lambda p: len(p[1]), default=None)
    if best is None:
        return iri
    local = iri[len(best[1]) :]
    return f"{best[0]}:{local}" if local and all(c.isalnum() or c in "-_." for c in local) else iri


def shorten(text: str, prefixes: Mapping[str, str]) -> str:
    """`text` with the IRIs of these namespaces written as CURIEs."""
    for prefix, namespace in sorted(prefixes.items(), key=lambda item: -len(item[1])):
        text = text.replace(namespace, f"{prefix}:")
    return text


def expand(name: str, prefixes: Mapping[str, str]) -> str | None:
    """The IRI that a CURIE, an IRI or an IRI in angle brackets stands for; None where it is none."""
    if name.startswith("<") and name.endswith(">"):
        return name[1:-1]
    prefix, colon, local = name.partition(":")
    if colon and prefix in prefixes and not local.startswith("//"):
        return prefixes[prefix] + local
    return name if "://" in name or name.startswith("urn:") else None


def local_name(iri: str) -> str:
    """What follows the last `#` or `/` of an IRI."""
    return iri.rsplit("#", 1)[-1].rsplit("/", 1)[-1]


def __getattr__(name: str) -> Any:
    if name not in _SPACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from rdflib import Namespace

    return globals().setdefault(name, Namespace(_SPACES[name]))
