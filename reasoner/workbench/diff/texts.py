"""What else differs between two versions of a guideline: statements, citations, advice, readings, roles and shapes.

Statements about a term are compared as sets of values, an anonymous node by all that stands below it, so that neither
order nor file nor prefix matters. The logical axioms are left to `axioms`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from pathlib import PurePath

from rdflib import DCTERMS, OWL, RDF, RDFS, SH, SKOS, BNode, Graph, Literal, URIRef
from rdflib.collection import Collection
from rdflib.term import Node

from reasoner.guideline.build import RULES
from reasoner.guideline.guideline import Guideline, shapes_files
from reasoner.guideline.shapes import Condition, StateShape, classes_in, holds
from reasoner.logic.compiled import Origin
from reasoner.logic.decide import State
from reasoner.rdf import Parsed, read_graph
from reasoner.terms import CITO, GP
from reasoner.workbench.diff.axioms import ADDED, BOTH, REMOVED

STATEMENT, CITATION, ADVICE, ASSUMPTION, READING = "statement", "citation", "recommendation", "assumption", "reading"
ROLE, TERM, DECLARATION, WORDING, VERSION = "role", "term", "declaration", "wording", "version"
ALERT, ORDER, CONTRACT, RULE, REWRITTEN = "alert", "order", "contract", "rule", "rewritten"

#: What changes no answer: it is listed, and is no difference.
SILENT = (WORDING, VERSION, REWRITTEN)

_KINDS: Mapping[Node, str] = {
    GP.Statement: STATEMENT, GP.Reference: CITATION, GP.Recommendation: ADVICE, GP.Assumption: READING,
    GP.SafetyInvariant: DECLARATION, GP.AcceptedFinding: DECLARATION, OWL.Ontology: VERSION,
}  # fmt: skip
_LINKS: Mapping[Node, str] = {
    GP.warrantedBy: STATEMENT, GP.informedBy: STATEMENT, GP.definedBy: STATEMENT, CITO.citesAsEvidence: CITATION,
    GP.recommends: ADVICE, GP.establishes: ADVICE, GP.unrecordedMeans: ASSUMPTION, GP.assumes: READING,
    GP.readingOrder: ROLE, RDF.type: ROLE,
}  # fmt: skip
_WORDS = {RDFS.label, RDFS.comment, RDFS.seeAlso, RDFS.isDefinedBy, SKOS.definition, SKOS.example, SKOS.altLabel,
          SKOS.note, SKOS.editorialNote, DCTERMS.source}  # fmt: skip
_SHAPE_WORDS = {*_WORDS, GP.code, GP.remedy, SH.description, SH.name, SH.order}
_LOGICAL = {RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range}
_UNORDERED = {SH["and"], SH["or"], SH["in"], SH.xone, OWL.intersectionOf, OWL.unionOf}
_MOST_CLASSES = 7


@dataclass(frozen=True)
class TextChange:
    """The values of a term for one property, before and after.

    `kind` is what it matters for. Where a version does not have the term, `predicate` is empty and the values are its
    texts. `origin` is where it stands, in the new version if it stands there.
    """

    kind: str
    term: str
    predicate: str
    presence: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    origin: Origin


#: The values of a term by property, each with where it stands; and these by term.
Values = dict[str, dict[str, Origin]]
Terms = dict[str, Values]
Kind = Callable[[str, str], str]


def text_changes(old: Guideline, new: Guideline) -> list[TextChange]:
    """What differs between the ontologies, besides their axioms; classes that are decided come and go as classes."""
    decided = {*old.compiled.rules, *new.compiled.rules}
    found = _changes(old.ontologies, new.ontologies, _kind_in(old.graph, new.graph))
    return [change for change in found if change.predicate or change.term not in decided]


def shape_changes(old: Guideline, new: Guideline) -> list[TextChange]:
    """What differs between the shapes and rules that answers rest on."""
    files = [[read_graph(path, imports=True) for path in shapes_files(g.directory)] for g in (old, new)]
    every = [parsed for found in files for parsed in found]
    rules = {str(s) for parsed in every if PurePath(parsed.file).stem in RULES for s in parsed.graph.subjects()}
    headers = {str(s) for parsed in every for s in parsed.graph.subjects(RDF.type, OWL.Ontology)}
    checks = [{check.shape: check for check in g.content.checks} for g in (old, new)]

    def kind(term: str, predicate: str) -> str:
        mine = [found[term] for found in checks if term in found]
        if term in headers:
            return VERSION
        if predicate and URIRef(predicate) in _SHAPE_WORDS:
            return WORDING
        if mine:
            return REWRITTEN if _rewritten(mine) else ORDER if mine[0].action else ALERT
        return RULE if term in rules else CONTRACT

    return _changes(files[0], files[1], kind)


# -- comparing --


def _changes(old_files: Iterable[Parsed], new_files: Iterable[Parsed], kind: Kind) -> list[TextChange]:
    found = _differences(_values(old_files), _values(new_files), kind)
    return sorted(found, key=lambda change: (change.kind, change.term, change.predicate))


def _differences(old: Terms, new: Terms, kind: Kind) -> Iterator[TextChange]:
    for term in sorted(old.keys() ^ new.keys()):
        yield _whole(term, old.get(term), new.get(term), kind(term, ""))
    for term in sorted(old.keys() & new.keys()):
        before, after = old[term], new[term]
        for predicate in sorted({*before, *after}):
            was, now = before.get(predicate, {}), after.get(predicate, {})
            lost, gained = (tuple(sorted(values)) for values in (was.keys() - now, now.keys() - was))
            if lost or gained:
                origin = _first([now[value] for value in gained or now] or _origins(after))
                yield TextChange(kind(term, predicate), term, predicate, BOTH, lost, gained, origin)


def _whole(term: str, before: Values | None, after: Values | None, kind: str) -> TextChange:
    """A term that one version does not have, by its texts."""
    found = before or after or {}
    texts = (found[str(p)] for p in (GP.paraphrase, RDFS.label, SKOS.definition, SH.message) if str(p) in found)
    values = tuple(next(texts, ()))
    old, new = (values, ()) if before else ((), values)
    return TextChange(kind, term, "", REMOVED if before else ADDED, old, new, _first(_origins(found)))


def _origins(values_of: Values) -> Iterator[Origin]:
    return (origin for values in values_of.values() for origin in values.values())


def _first(origins: Iterable[Origin]) -> Origin:
    return min(origins, key=lambda origin: (origin.file, origin.line or 0))


# -- reading --


def _values(files: Iterable[Parsed]) -> Terms:
    """By term and property the values, each with where it stands; an anonymous node is known by its content."""
    found: Terms = {}
    for parsed in files:
        graph = parsed.graph
        for s, p, o in graph:
            if (
                (p, o) == (RDF.type, OWL.NamedIndividual)
                or p in _LOGICAL
                or (str(p).startswith(str(OWL)) and not isinstance(s, BNode) and p != OWL.versionInfo)
            ):
                continue
            if isinstance(s, BNode) and not _stands_alone(graph, s):
                continue
            origin = Origin(str(s), parsed.file, parsed.line_of(s, p, o))
            values = found.setdefault(_text(graph, s), {}).setdefault(str(p), {})
            values.setdefault(_text(graph, o, p in _UNORDERED), origin)
    return found


def _stands_alone(graph: Graph, node: BNode) -> bool:
    """Whether an anonymous node is no part of another, and no axiom of those that are compared as such."""
    axioms = (OWL.AllDifferent, OWL.AllDisjointClasses, OWL.Class, OWL.Restriction)
    return (None, None, node) not in graph and not any((node, RDF.type, kind) in graph for kind in axioms)


def _text(graph: Graph, node: Node, unordered: bool = False) -> str:
    """A value as text: an anonymous node by all its values."""
    if isinstance(node, Literal):
        return node.n3() if node.datatype else f"{node}{f'@{node.language}' if node.language else ''}"
    if not isinstance(node, BNode):
        return str(node)
    if (node, RDF.first, None) in graph:
        members = [_text(graph, member) for member in Collection(graph, node)]
        return f"( {' '.join(sorted(members) if unordered else members)} )"
    parts = (f"{p} {_text(graph, o, p in _UNORDERED)}" for p, o in graph.predicate_objects(node))
    return f"[ {' ; '.join(sorted(parts))} ]"


def _kind_in(*graphs: Graph) -> Kind:
    def kind(term: str, predicate: str) -> str:
        types = {o for graph in graphs for o in graph.objects(URIRef(term), RDF.type)}
        by_type = next((name for cls, name in _KINDS.items() if cls in types), None)
        if by_type in (VERSION, DECLARATION):
            return by_type
        if by_type == ADVICE and predicate == str(RDFS.label):
            return ADVICE
        if predicate and URIRef(predicate) in _WORDS:
            return WORDING
        return _LINKS.get(URIRef(predicate), by_type or TERM) if predicate else by_type or TERM

    return kind


# -- shapes with one meaning --


def _rewritten(checks: list[StateShape]) -> bool:
    """Whether two forms of a shape report the same of every patient."""
    shown = {(check.severity, check.message, check.statements, check.action) for check in checks}
    return len(checks) == 2 and len(shown) == 1 and _same(checks[0].condition, checks[1].condition)


def _same(one: Condition, other: Condition) -> bool:
    if one == other:
        return True
    classes = sorted(classes_in(one) | classes_in(other))
    if len(classes) > _MOST_CLASSES:
        return False
    rows = (dict(zip(classes, states, strict=True)) for states in product(State, repeat=len(classes)))
    return all(holds(one, states) == holds(other, states) for states in rows)
