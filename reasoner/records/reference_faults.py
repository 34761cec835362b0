"""What is wrong with records by the reference: terms that nobody declared, and the results of a report of SHACL.

What SHACL cannot see, a term that the guideline does not declare, is found here. The results of a validation report
(https://www.w3.org/TR/shacl/#validation-report) are mapped onto the nodes and the patients that they belong to.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from rdflib import OWL, RDF, RDFS, SH, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import Problem
from reasoner.records.contract import Vocabulary, stem
from reasoner.records.record import Records
from reasoner.records.vocabulary import SHARED, PermittedTerms
from reasoner.terms import GP, PREFIXES, curie, local_name

#: The properties that lead from a patient to the nodes of its record, with all their subproperties.
NODE_PROPERTIES = (GP.hasFinding, GP.underwent, GP.proposes)

#: What is added to a remedy where a record uses others' terms instead of the guideline's.
_OF_ANOTHER = "where the record is of another guideline, name that by --guideline DIR"

_Location = tuple[Node, Node | None, Node | None]
#: What is wrong with a term: code, what, remedy; None where nothing is.
_Finding = tuple[str, str, str] | None


def node_properties(guideline: Graph) -> frozenset[Node]:
    """`NODE_PROPERTIES` and every subproperty of them that the guideline declares."""
    return frozenset(p for top in NODE_PROPERTIES for p in _below(guideline, RDFS.subPropertyOf, top))


def _below(guideline: Graph, relation: URIRef, top: Node) -> set[Node]:
    return {top} | {term for term in guideline.transitive_subjects(relation, top) if term is not None}


class ReferenceTerms:
    """The terms that the guideline declares, and what of its ontology the shapes look at."""

    def __init__(self, guideline: Graph) -> None:
        self.properties = node_properties(guideline)
        self.taxonomy = [t for p in (RDF.type, RDFS.subClassOf, RDFS.subPropertyOf)
                         for t in guideline.triples((None, p, None))
                         if isinstance(t[0], URIRef) and isinstance(t[2], URIRef)]  # fmt: skip
        typed = [(s, o) for s, p, o in self.taxonomy if p == RDF.type]
        self.kinds: dict[Node, set[Node]] = defaultdict(set)
        for s, o in typed:
            self.kinds[s].add(o)
        ontologies = guideline.subjects(RDF.type, OWL.Ontology)
        stems = {stem(str(iri) + "#") for iri in (*ontologies, URIRef(GP))}
        properties = {s for s, o in typed if str(o).endswith("Property")}
        classes = {s for s, o in typed if o == OWL.Class}
        sets = (stems, properties, classes, self.kinds, self.properties)
        self.vocabulary = Vocabulary(*(tuple(sorted(map(str, terms))) for terms in sets))
        self.permitted = PermittedTerms(self.vocabulary)
        self.prefixes = {name: str(iri) for name, iri in guideline.namespaces() if self.in_namespace(iri)}
        self._known = {"property": properties, "class": classes, "value": self.kinds.keys()}
        self._likely = {
            "property": properties,
            "class": {GP.Patient}.union(*(_below(guideline, RDFS.subClassOf, top) for top in (GP.Finding, GP.Act))),
            "value": {s for s, o in typed if not str(o).startswith((str(GP), str(OWL)))},
        }

    def in_namespace(self, term: Node) -> bool:
        """Whether an IRI lies in a namespace of the guideline, or in one that only a slip tells from it."""
        return isinstance(term, URIRef) and self.permitted.in_namespace(term)

    def knows(self, term: Node, role: str) -> bool:
        """Whether the guideline declares an IRI as a `property`, as a `class`, or (a `value`) as anything."""
        return term in self._known[role]

    def nearest(self, term: Node, role: str) -> Node | None:
        """The declared term whose name is most like that of `term`; None where none is alike."""
        names = {local_name(str(t)).lower(): t for t in sorted(self._likely[role], key=str) if self.in_namespace(t)}
        like = difflib.get_close_matches(self.permitted.name_of(str(term)).lower(), names, n=1, cutoff=0.5)
        return names[like[0]] if like else None


def vocabulary(guideline: Graph) -> Vocabulary:
    """The terms that a record may use, as data."""
    return ReferenceTerms(guideline).vocabulary


@dataclass(frozen=True)
class RecordFault:
    """One thing wrong with a statement about a node; a lower stage is more basic."""

    stage: int
    code: str
    what: str
    remedy: str
    node: Node
    path: Node | None = None
    value: Node | None = None


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """The problems once each, by the places where they stand."""
    return sorted(set(problems), key=lambda p: (p.file or "", p.line or 0, p.code, p.what, p.node or ""))


class FaultReport:
    """The records as the contract's results are mapped onto them: which node belongs to which patients."""

    def __init__(self, records: Records, terms: ReferenceTerms) -> None:
        self.records, self.terms = records, terms
        self.triples = list(records.graph)
        self.owners = self._owners()
        self.prefixes = records.prefixes | terms.prefixes | PREFIXES

    def _owners(self) -> dict[Node, list[Node]]:
        """The patients of each node that one leads to by the guideline's terms; never through another patient."""
        links: dict[Node, list[Node]] = defaultdict(list)
        nodes = {s for s, _, _ in self.triples} - self.terms.kinds.keys() - set(self.records.patients)
        for s, p, o in self.triples:
            if o in nodes and self.terms.in_namespace(p):
                links[s].append(o)
        owners: dict[Node, list[Node]] = defaultdict(list)
        for patient in self.records.patients:
            reached = [patient]
            for node in reached:
                owners[node].append(patient)
                reached += dict.fromkeys(o for o in links[node] if o not in reached)
        return dict(owners)

    def strays(self) -> Iterator[RecordFault]:
        """Nodes of which the record states something in the guideline's terms and that no patient leads to."""
        stated = {s for s, p, o in self.triples if self.terms.in_namespace(o if p == RDF.type else p)}
        for s in stated - self.owners.keys() - self.terms.kinds.keys():
            yield RecordFault(0, "dangling-node", "no gp:Patient leads to the node",
                         "link it from its patient, or type it gp:Patient if it is one", s)  # fmt: skip

    def shared(self) -> Iterator[RecordFault]:
        """Nodes that belong to two patients, or that two files describe."""
        files = self.records.files if len(self.records.files) > 1 else ()
        for node, owners in self.owners.items():
            if len(owners) > 1 or sum((node, None, None) in parsed.graph for parsed in files) > 1:
                yield RecordFault(0, *SHARED, node)

    def located(self, report: Graph, result: Node, contract: Graph) -> Iterator[RecordFault]:
        """The faults that one result of the report stands for, on the nodes that they belong to."""
        shape = report.value(result, SH.sourceShape)
        assert shape is not None
        stage = int(str(contract.value(shape, SH.order) or 9))
        code, what, remedy = (str(contract.value(shape, p) or shape) for p in (GP.code, SH.message, GP.remedy))
        for location in self._locations(report, result, contract, shape):
            yield RecordFault(stage, code, what, remedy, *location)

    def _locations(self, report: Graph, result: Node, contract: Graph, shape: Node) -> Iterator[_Location]:
        focus, path, value = (report.value(result, p) for p in (SH.focusNode, SH.resultPath, SH.value))
        simple = path if isinstance(path, URIRef) else None
        holders = [(s, p, focus) for p in contract.objects(shape, SH.targetObjectsOf)
                   for s in self.records.graph.subjects(p, focus)]  # fmt: skip
        if holders and (simple is None or focus not in self.owners or focus in self.records.patients):
            yield from holders
        elif value in self.owners and focus not in self.owners:
            yield from ((value, simple, o) for o in self.records.graph.objects(value, simple))
        else:
            yield (BNode() if focus is None else focus), simple, value if simple else None

    def by_patient(self, faults: Iterable[RecordFault]) -> dict[Node, list[Problem]]:
        """The most basic problems of each patient who has any."""
        found: dict[Node, list[Problem]] = defaultdict(list)
        for fault in _basic(faults):
            for patient in self.owners[fault.node]:
                found[patient].append(self.problem(fault))
        return {patient: in_order(found[patient]) for patient in sorted(found, key=str)}

    def problem(self, fault: RecordFault) -> Problem:
        """The fault as a reader sees it: the value, what is wrong with it, and where it stands."""
        statement = " ".join(self.shown(term) for term in (fault.path, fault.value) if term is not None)
        triples = ((fault.node, fault.path, fault.value), (fault.node,), (None, None, fault.node))
        file, line = min((self.records.place(*t) for t in triples), key=lambda found: (not found[0], not found[1]))
        what = f"{statement}: {fault.what}" if statement else fault.what
        strange = not self._strangers.isdisjoint(self.owners.get(fault.node, ()))
        remedy = f"{fault.remedy}; {_OF_ANOTHER}" if strange else fault.remedy
        return Problem(fault.code, what, remedy, file, line, self._name(fault.node))

    @cached_property
    def _strangers(self) -> set[Node]:
        """The patients whose records use terms of others, and none of this guideline but the core's."""
        own, foreign, core = set[Node](), set[Node](), stem(str(GP))
        known = (core, *map(stem, PREFIXES.values()))
        for s, p, o in self.triples:
            for term in (p, o) if p == RDF.type or self.terms.permitted.leads_to_classes(str(p)) else (p,):
                if self.terms.in_namespace(term) and stem(str(term)) != core:
                    own.update(self.owners.get(s, ()))
                elif isinstance(term, URIRef) and stem(str(term)) not in known:
                    foreign.update(self.owners.get(s, ()))
        return foreign - own

    def _name(self, node: Node) -> str:
        """A node as its reader finds it: a blank node by the statement that leads to it."""
        if isinstance(node, BNode):
            for s, p in self.records.graph.subject_predicates(node):
                return f"{self.shown(s)} {self.shown(p)} []"
        return self.shown(node)

    def shown(self, term: Node) -> str:
        """A term as Turtle writes it, cut where it is long."""
        if isinstance(term, URIRef):
            return short if (short := curie(term, self.prefixes)) != str(term) else f"<{term}>"
        if not isinstance(term, Literal):
            return "[]"
        suffix = f"^^{self.shown(term.datatype)}" if term.datatype else f"@{term.language}" if term.language else ""
        text = " ".join(term.split())
        return f'"{text if len(text) <= 60 else text[:60] + "…"}"{suffix}'


def _basic(faults: Iterable[RecordFault]) -> list[RecordFault]:
    """Of several faults of one value the most basic; nothing about the place of a node whose type is wrong."""
    first: dict[tuple[Node, Node | None, Node | None], RecordFault] = {}
    for fault in sorted(faults, key=lambda f: (f.stage, f.code)):
        first.setdefault((fault.node, fault.path, fault.value), fault)
    mistyped = {fault.node for fault in first.values() if fault.stage <= 2 and fault.path in (RDF.type, None)}
    return [fault for fault in first.values() if fault.stage != 3 or mistyped.isdisjoint((fault.node, fault.value))]


class UndeclaredTerms:
    """Finds the terms of a record that the guideline does not declare, and axioms, which no record may state."""

    def __init__(self, report: FaultReport) -> None:
        self.report, self.terms = report, report.terms
        self._subjects = {s for s, _, _ in report.triples}

    def faults(self) -> Iterator[RecordFault]:
        """One fault for each statement that uses such a term."""
        predicates = {p: self._of_predicate(p) for p in {p for _, p, _ in self.report.triples}}
        links = {(p, o) for _, p, o in self.report.triples if isinstance(o, URIRef)}
        objects = {link: self._of_object(*link) for link in links}
        for s, p, o in self.report.triples:
            fault = predicates[p] or objects.get((p, o))  # type: ignore[arg-type]
            if fault is None and s in self.terms.kinds:
                fault = _axiom("the record says something of a term of the guideline")
            if fault is not None:
                yield RecordFault(0, *fault, s, p, o)

    def _of_predicate(self, p: Node) -> _Finding:
        if self.terms.permitted.states_axiom(str(p)):
            return _axiom("the record states an axiom")
        if p == GP.asOf:
            return "as-of-in-record", "the as-of date is not recorded", "give it when the record is read"
        return self._unknown(p, "property")

    def _of_object(self, p: Node, o: Node) -> _Finding:
        if p != RDF.type:
            role = "class" if self.terms.permitted.leads_to_classes(str(p)) else "value"
            return None if o in self._subjects else self._unknown(o, role)
        declared = str(o).startswith((str(OWL), str(RDFS)))
        return _axiom("the record declares a term") if declared else self._unknown(o, "class")

    def _unknown(self, term: Node, role: str) -> _Finding:
        if not self.terms.in_namespace(term) or self.terms.knows(term, role):
            return None
        shown, near = self.report.shown(term), self.terms.nearest(term, role)
        remedy = f"did you mean {self.report.shown(near)}?" if near is not None else "use a term that it declares"
        return "unknown-term", f"{shown} is no {role} of the guideline", remedy


def _axiom(what: str) -> tuple[str, str, str]:
    return "axiom-in-record", what, "leave it out: a record states facts of patients"
