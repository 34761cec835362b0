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
    texts. `old_origin` and `new_origin` are where it stands.
    """

    kind: str
    term: str
    predicate: str
    old: tuple[str, ...]
    new: tuple[str, ...]
    old_origin: Origin | None
    new_origin: Origin | None


#: The values of a term by property, each with where it stands; and these by term.
Values = dict[str, dict[str, Origin]]
Terms = dict[str, Values]
Kind = Callable[[str, str], str]


def text_changes(old: Guideline, new: Guideline) -> list[TextChange]:
    """What differs between the ontologies, besides their axioms; classes that are decided come and go as classes."""
    before, after = _values(old.ontologies), _values(new.ontologies)
    decided = {*old.compiled.rules, *new.compiled.rules}
    found = list(_changes(before, after, _kind_in(old.graph, new.graph)))
    return sorted((c for c in found if c.predicate or c.term not in decided), key=_order)


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

    return sorted(_changes(_values(files[0]), _values(files[1]), kind), key=_order)


def _order(change: TextChange) -> tuple[str, ...]:
    return change.kind, change.term, change.predicate


# -- comparing --


def _changes(old: Terms, new: Terms, kind: Kind) -> Iterator[TextChange]:
    for term in sorted({*old, *new}):
        before, after = old.get(term), new.get(term)
        if before is None or after is None:
            yield _whole(term, before, after, kind)
            continue
        for predicate in sorted({*before, *after}):
            was, now = before.get(predicate, {}), after.get(predicate, {})
            if set(was) != set(now):
                first = _first(was, now), _first(now, was)
                yield TextChange(kind(term, predicate), term, predicate, _left(was, now), _left(now, was),
                                 first[0] or _any(before), first[1] or _any(after))  # fmt: skip


def _whole(term: str, before: Values | None, after: Values | None, kind: Kind) -> TextChange:
    """A term that one version does not have, by its texts."""
    values_of = before or after or {}
    texts = [p for p in (GP.paraphrase, RDFS.label, SKOS.definition, SH.message) if str(p) in values_of]
    values = tuple(values_of[str(texts[0])]) if texts else ()
    origin, name = _any(values_of), kind(term, "")
    return TextChange(name, term, "", values if before else (), values if after else (),
                      origin if before else None, origin if after else None)  # fmt: skip


def _left(mine: Mapping[str, Origin], theirs: Mapping[str, Origin]) -> tuple[str, ...]:
    return tuple(sorted(set(mine) - set(theirs)))


def _first(mine: Mapping[str, Origin], theirs: Mapping[str, Origin]) -> Origin | None:
    """Where what only one version states stands; else where it states something of the kind."""
    origins = [mine[value] for value in _left(mine, theirs)] or list(mine.values())
    return min(origins, key=_line, default=None)


def _any(values_of: Mapping[str, Mapping[str, Origin]]) -> Origin | None:
    return min((origin for values in values_of.values() for origin in values.values()), key=_line, default=None)


def _line(origin: Origin) -> tuple[str, int]:
    return origin.file, origin.line or 0


# -- reading --


def _values(files: Iterable[Parsed]) -> Terms:
    """By term and property the values, each with where it stands; an anonymous node is known by its content."""
    found: Terms = {}
    for parsed in files:
        graph = parsed.graph
        for s, p, o in graph:
            if p in _LOGICAL or (str(p).startswith(str(OWL)) and not isinstance(s, BNode) and p != OWL.versionInfo):
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
    if len(checks) < 2 or any(getattr(checks[0], f) != getattr(checks[1], f)
                              for f in ("severity", "message", "statements", "action")):  # fmt: skip
        return False
    return checks[0].condition == checks[1].condition or _same(checks[0].condition, checks[1].condition)


def _same(one: Condition, other: Condition) -> bool:
    classes = sorted(classes_in(one) | classes_in(other))
    if len(classes) > _MOST_CLASSES:
        return False
    rows = (dict(zip(classes, states, strict=True)) for states in product(State, repeat=len(classes)))
    return all(holds(one, states) == holds(other, states) for states in rows)
