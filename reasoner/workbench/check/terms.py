"""Undeclared terms: to OWL, SHACL and SPARQL a misspelt name is a new name, and nothing follows from it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from rdflib import OWL, RDF, RDFS, SH, XSD, Literal, URIRef
from rdflib.term import Node

from reasoner.rdf import Parsed, Triple
from reasoner.terms import PREFIXES, local_name
from reasoner.workbench.check.codes import check_finding
from reasoner.workbench.check.files import Sources
from reasoner.workbench.check.shapes import terms as shacl_terms
from reasoner.workbench.finding import Finding

#: What names versions of files and not terms.
_VERSIONS = {OWL.versionIRI, OWL.imports, OWL.priorVersion, OWL.backwardCompatibleWith, OWL.incompatibleWith}
_CLASS_POSITIONS = {RDF.type, RDFS.subClassOf, OWL.equivalentClass, OWL.disjointWith, OWL.someValuesFrom,
                    SH.targetClass, SH["class"], OWL.complementOf}  # fmt: skip
_SHOWN = 5
#: Two names that are as alike as this are taken for one, misspelt.
_ALIKE = 0.75
_PROPERTY_POSITIONS = {OWL.onProperty, SH.path, SH.targetSubjectsOf, SH.targetObjectsOf, RDFS.subPropertyOf}


class DeclaredTerms:
    """The terms that ontologies and shapes declare (give a type) and those of the W3C's vocabularies.

    `namespaces` are those in which every term has to be declared.
    """

    def __init__(self, sources: Sources) -> None:
        standard = {str(term) for namespace in (OWL, RDF, RDFS, XSD) for term in dir(namespace)}
        typed = {str(s) for parsed in sources.files for s in parsed.graph.subjects(RDF.type)}
        own = (f"{header}{end}" for header in sources.headers(sources.files) for end in "#/")
        self.terms = frozenset(standard | set(map(str, shacl_terms(RDFS.Resource))) | typed)
        self.namespaces = tuple(sorted({*PREFIXES.values(), *own}))

    def lacks(self, iri: str) -> bool:
        """Whether a term is in one of the namespaces and is not declared."""
        return iri not in self.terms and iri not in self.namespaces and iri.startswith(self.namespaces)

    def nearest(self, iri: str) -> str | None:
        """The declared term that was probably meant: the same name in another namespace, or a like one in its own."""
        local, start = local_name(iri), iri[: len(iri) - len(local_name(iri))]
        alike = {local_name(term): term for term in sorted(self.terms) if term.startswith(start)}
        by_case = {name.lower(): term for name, term in alike.items()}
        if local.lower() in by_case:
            return by_case[local.lower()]
        same = sorted(term for term in self.terms if local_name(term) == local)
        found = get_close_matches(local, alike, 1, _ALIKE)
        return same[0] if same else alike[found[0]] if found else None


def check_terms(sources: Sources, files: tuple[Parsed, ...]) -> Iterator[Finding]:
    """Each term that one of the files uses and nothing declares, at the first line there."""
    declared = DeclaredTerms(sources)
    for parsed in files:
        uses: dict[str, tuple[str, list[int]]] = {}
        for triple, line in parsed.lines.items():
            for iri, role in _terms(triple):
                if declared.lacks(iri):
                    uses.setdefault(iri, (role, []))[1].append(line or 0)
        file = sources.relative(parsed.file)
        yield from (undeclared(sources, declared, iri, role, file, lines) for iri, (role, lines) in uses.items())


def _terms(triple: Triple) -> Iterator[tuple[str, str]]:
    """The IRIs of a triple that name terms, each with its role. Terms of SHACL are left to the lint of shapes."""
    s, p, o = triple
    if p in _VERSIONS:
        return
    found: list[tuple[Node, str]] = [(s, "subject"), (p, "property")]
    found.append((o.datatype, "datatype") if isinstance(o, Literal) and o.datatype else (o, _role(p)))
    yield from ((str(node), role) for node, role in found if isinstance(node, URIRef) and not node.startswith(str(SH)))


def _role(predicate: Node) -> str:
    return "class" if predicate in _CLASS_POSITIONS else "property" if predicate in _PROPERTY_POSITIONS else "term"


def undeclared(
    sources: Sources, declared: DeclaredTerms, iri: str, role: str, file: str, lines: list[int],
    code: str = "undeclared-term",
) -> Finding:  # fmt: skip
    """The finding about one undeclared term, at the first of its lines."""
    kind = "term" if role == "subject" else role
    first, *others = sorted(set(lines))
    shown = f"{', '.join(map(str, others[:_SHOWN]))}{' …' if len(others) > _SHOWN else ''}"
    more = f" (and in line {shown})" if others else ""
    what = f"the {kind} {sources.name(iri)} is used here{more} and declared nowhere, so that nothing follows from it"
    meant = declared.nearest(iri)
    mend = f"did you mean {sources.name(meant)}?" if meant else "correct the name."
    remedy = f"{mend} Otherwise declare it, with a label and a definition"
    return check_finding(file, first, code, what, remedy, term=iri)


# -- terms in SPARQL --

_TOKEN = re.compile(
    r'#[^\n]*|"""(?:[^"\\]|\\.|"(?!""))*"""|"(?:[^"\\\n]|\\.)*"|\'(?:[^\'\\\n]|\\.)*\''
    r"|<(?P<iri>[^<>\"{}|^`\\\s]*)>|(?<![\w?$:])(?P<prefix>[A-Za-z][\w.-]*)?:(?P<local>[A-Za-z0-9_](?:[\w.%-]*[\w%-])?)?",
    re.DOTALL,
)
_PREFIX = re.compile(r"^\s*PREFIX\s+([\w.-]*):\s*<([^>]*)>", re.IGNORECASE | re.MULTILINE)


def terms_in_query(text: str, prefixes: Mapping[str, str]) -> Iterator[tuple[str, int]]:
    """The IRIs that a query names, each with its line in the text, counted from 0."""
    bound = {**prefixes, **dict(_PREFIX.findall(text))}
    for token in _TOKEN.finditer(text):
        line = text.count("\n", 0, token.start())
        if token["iri"]:
            yield token["iri"], line
        elif token["local"] and (token["prefix"] or "") in bound:
            yield bound[token["prefix"] or ""] + token["local"], line
