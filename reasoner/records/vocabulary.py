"""Which terms a record may use, of IRIs as plain text; the reference, `reasoner.records.reference`, refuses others."""

from __future__ import annotations

import re

from reasoner.records.contract import PATIENT, TYPE, Vocabulary
from reasoner.terms import local_name

#: A node that is not one patient's alone: code, what is wrong, and what to do.
SHARED = ("shared-node", "the node belongs to several patients, or stands in several files",
          "give each patient nodes of its own, in one file")  # fmt: skip

OWL, RDFS = "http://www.w3.org/2002/07/owl#", "http://www.w3.org/2000/01/rdf-schema#"
_ABOUT_FILES = frozenset({f"{OWL}versionIRI", f"{OWL}versionInfo"})
_AXIOMS = frozenset(RDFS + name for name in ("subClassOf", "subPropertyOf", "domain", "range"))
_CORE = PATIENT.removesuffix("Patient")
_DENIALS = frozenset({f"{_CORE}lacksFinding", f"{_CORE}didNotUndergo"})

#: The node that carries the as-of date where shapes and rules look at records, and the property that it has.
AS_OF, AS_OF_DATE = "urn:guideproof:as-of", f"{_CORE}asOf"

#: The triples of the guideline that queries see; no rule adds any but types.
TAXONOMY = frozenset({TYPE, f"{RDFS}subClassOf", f"{RDFS}subPropertyOf"})


#: After a namespace: a suffix of a file, a version, the separator, and the name.
_SLIPS = r"(?:\.[A-Za-z]{2,6})?(?:/v?\d+(?:\.\d+)*)?((?:[#/]|%23)*)([^#/%]*|%20[^#/]*)"
#: A name with its prefix between brackets: `<ex:Term>` is an IRI of the scheme `ex`.
_CURIE = re.compile(r"(?!(?:data|doi|file|info|mailto|tag|tel|urn):)[A-Za-z][\w-]*:([A-Za-z][\w-]*)")


def _with_port(stem: str) -> str:
    """A pattern for a namespace without its scheme, perhaps with a port."""
    host, slash, path = stem.partition("/")
    return rf"{re.escape(host)}(?::\d+)?{re.escape(slash + path)}"


class PermittedTerms:
    """The terms of one guideline, and what a record may do with them."""

    def __init__(self, vocabulary: Vocabulary) -> None:
        self._names = frozenset(map(local_name, vocabulary.terms))
        self._slips = re.compile(
            f"(?:https?://)?(?:www\\.)?(?:{'|'.join(map(_with_port, vocabulary.stems))}){_SLIPS}", re.I
        )
        self._properties, self._classes = frozenset(vocabulary.properties), frozenset(vocabulary.classes)
        self.terms = frozenset(vocabulary.terms)
        self._naming_classes = _DENIALS.union(vocabulary.node_properties, [TYPE])

    def in_namespace(self, iri: str) -> bool:
        """Whether an IRI lies in a namespace of the guideline, or in one that only a slip tells from it."""
        return self._name_in_namespace(iri) is not None

    def name_of(self, iri: str) -> str:
        """The name that an IRI has in its namespace, also where a slip hides it."""
        return self._name_in_namespace(iri) or local_name(iri)

    def _name_in_namespace(self, iri: str) -> str | None:
        found = self._slips.fullmatch(iri)
        if found and (found[1] or found[2] in self._names):
            return found[2]
        curie = _CURIE.fullmatch(iri)
        return curie[1] if curie and curie[1] in self._names else None

    def states_axiom(self, predicate: str) -> bool:
        """Whether a property makes an axiom of what is stated by it."""
        return predicate in _AXIOMS or (predicate.startswith(OWL) and predicate not in _ABOUT_FILES)

    def permits_property(self, predicate: str) -> bool:
        """Whether a record may use a property."""
        if predicate == AS_OF_DATE or self.states_axiom(predicate):
            return False
        return predicate in self._properties or not self.in_namespace(predicate)

    def leads_to_classes(self, predicate: str) -> bool:
        """Whether what a property leads to, if it is no node of the record, is a class."""
        return predicate in self._naming_classes

    def permits_object(self, predicate: str, iri: str) -> bool:
        """Whether a property may lead to an IRI of which the record says nothing more."""
        if predicate == TYPE and iri.startswith((OWL, RDFS)):
            return False
        known = self._classes if self.leads_to_classes(predicate) else self.terms
        return iri in known or not self.in_namespace(iri)
