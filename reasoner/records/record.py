"""Records: loaded from files, validated against the record contract, and completed by the guideline's rules.

The contract is SHACL (W3C Recommendation, 20 July 2017) and runs once over all patients; rules are SHACL Advanced
Features, `sh:rule`. Both see the record, the taxonomy of the guideline, and the as-of date as a triple. What SHACL
cannot see, a term that nobody declared, is looked for before it runs.
"""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date
from itertools import chain, permutations
from pathlib import Path

from rdflib import OWL, RDF, RDFS, SH, XSD, BNode, Graph, Literal, URIRef
from rdflib.term import Node

from reasoner.errors import Problem, RecordError
from reasoner.rdf import Parsed, Triple, read_graph
from reasoner.records.contract import Vocabulary, stem
from reasoner.records.naming import to_plain
from reasoner.records.report import ONE_AT_A_TIME, report_of
from reasoner.records.rules import AS_OF, Scene, expand
from reasoner.records.words import SHARED
from reasoner.terms import GP, PREFIXES, curie, local_name

#: The properties that lead from a patient to the nodes of its record, with all their subproperties.
NODE_PROPERTIES = (GP.hasFinding, GP.underwent, GP.proposes)

#: How often a rule runs before it is said never to end.
MAX_PASSES = 50

_DECLARATIONS = frozenset({OWL.NamedIndividual, OWL.Ontology})
_AXIOMS = frozenset({RDFS.subClassOf, RDFS.subPropertyOf, RDFS.domain, RDFS.range})
_ABOUT_FILES = frozenset({OWL.versionIRI, OWL.versionInfo})
_Place = tuple[Node, Node | None, Node | None]
_Verdict = tuple[str, str, str] | None


@dataclass(frozen=True)
class Records:
    """The records of one or more files: one graph, and the patients in it. `derived` is what rules added."""

    graph: Graph
    files: tuple[Parsed, ...]
    patients: tuple[Node, ...]
    derived: frozenset[Triple] = frozenset()

    def place(self, s: Node | None, p: Node | None = None, o: Node | None = None) -> tuple[str | None, int | None]:
        """The file that states a matching triple, and the first line that does; None where none is known."""
        found = (parsed for parsed in self.files if (s, p, o) in parsed.graph)
        return next(((parsed.file, parsed.line_of(s, p, o)) for parsed in found), (None, None))

    @property
    def prefixes(self) -> dict[str, str]:
        """The prefixes that the files bind."""
        return {name: iri for parsed in self.files for name, iri in parsed.prefixes.items() if name}

    def without(self, nodes: Collection[str]) -> Records:
        """The records of the patients who are not among `nodes`, and of no other of these nodes."""
        told = (triple for parsed in self.files for triple in parsed.lines if triple in self.graph)
        graph = _graph(triple for triple in told if to_plain(triple[0]) not in nodes)
        return replace(self, graph=graph, patients=tuple(p for p in self.patients if to_plain(p) not in nodes))

    def only(self, patients: Collection[Node], properties: Collection[Node]) -> Records:
        """The records of these patients alone."""
        graph = _graph(*(t for p in patients for t in patient_nodes(self.graph, p, properties).values()))
        kept = tuple(p for p in self.patients if p in patients)
        return replace(self, graph=graph, patients=kept, derived=frozenset(t for t in self.derived if t in graph))


def load(paths: Iterable[Path | str], *, format: str | None = None) -> Records:
    """Load the records in `paths`. Raises RecordError: a file unread or without patient, a patient in two files."""
    return gather([read_graph(path, format=format) for path in paths])


def gather(files: Sequence[Parsed]) -> Records:
    """The records of files that are parsed already. Raises as `load`."""
    found = [_patients(parsed) for parsed in files]
    for (one, patients), (other, _) in permutations(zip(files, found, strict=True), 2):
        _check_apart(one, patients, other)
    told = (t for parsed in files for t in parsed.lines if t[1] != RDF.type or t[2] not in _DECLARATIONS)
    return Records(_graph(told), tuple(files), tuple(sorted(set().union(*found), key=str)))


def _patients(parsed: Parsed) -> set[Node]:
    patients = set(parsed.graph.subjects(RDF.type, GP.Patient))
    if not patients:
        remedy = f"type the patient: <IRI> a gp:Patient, with gp: = {GP}"
        raise RecordError(Problem("no-patient", "the file has no gp:Patient", remedy, parsed.file))
    return patients


def _check_apart(one: Parsed, patients: set[Node], other: Parsed) -> None:
    for patient in sorted(patients & set(other.graph.subjects()), key=str):
        raise RecordError(
            Problem("duplicate-patient", f"the patient is described in {one.file} and in {other.file}",
                    "put one patient into one file, or give two patients two IRIs",
                    other.file, other.line_of(patient), str(patient))
        )  # fmt: skip


def _graph(*parts: Iterable[Triple]) -> Graph:
    graph = Graph(bind_namespaces="none")
    for triple in chain(*parts):
        graph.add(triple)
    return graph


def node_properties(guideline: Graph) -> frozenset[Node]:
    """`NODE_PROPERTIES` and every subproperty of them that the guideline declares."""
    return frozenset(p for top in NODE_PROPERTIES for p in _below(guideline, RDFS.subPropertyOf, top))


def _below(guideline: Graph, relation: URIRef, top: Node) -> set[Node]:
    return {top} | {term for term in guideline.transitive_subjects(relation, top) if term is not None}


def patient_nodes(graph: Graph, patient: Node, properties: Collection[Node]) -> dict[Node, list[Triple]]:
    """The patient and the nodes of its record, in the order in which they are reached, each with its own triples."""
    found: dict[Node, list[Triple]] = {}
    open_nodes = [patient]
    for node in open_nodes:
        if node not in found:
            found[node] = list(graph.triples((node, None, None)))
            open_nodes += [o for _, p, o in found[node] if p in properties and not isinstance(o, Literal)]
    return found


class _Vocabulary:
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
        self.stems = {stem(str(iri) + "#") for iri in (*ontologies, URIRef(GP))}
        self.prefixes = {name: str(iri) for name, iri in guideline.namespaces() if self.speaks(iri)}
        self._roles = {
            "property": {s for s, o in typed if str(o).endswith("Property")},
            "class": {GP.Patient}.union(*(_below(guideline, RDFS.subClassOf, top) for top in (GP.Finding, GP.Act))),
            "value": {s for s, o in typed if not str(o).startswith((str(GP), str(OWL)))},
        }

    def speaks(self, term: Node) -> bool:
        """Whether an IRI lies in a namespace of the guideline, or in one that only a slip tells from it."""
        return isinstance(term, URIRef) and stem(term) in self.stems

    def knows(self, term: Node, role: str) -> bool:
        """Whether the guideline declares an IRI as a `property`, as a `class`, or (a `value`) as anything."""
        if role == "property":
            return term in self._roles[role]
        return OWL.Class in self.kinds.get(term, ()) if role == "class" else term in self.kinds

    def nearest(self, term: Node, role: str) -> Node | None:
        """The declared term whose name is most like that of `term`; None where none is alike."""
        names = {local_name(str(t)).lower(): t for t in sorted(self._roles[role], key=str) if self.speaks(t)}
        like = difflib.get_close_matches(local_name(str(term)).lower(), names, n=1, cutoff=0.5)
        return names[like[0]] if like else None


def vocabulary(guideline: Graph) -> Vocabulary:
    """The terms that a record may use, as data."""
    words = _Vocabulary(guideline)
    properties = [term for term in words.kinds if words.knows(term, "property")]
    classes = [term for term in words.kinds if words.knows(term, "class")]
    sets = (words.stems, properties, classes, words.kinds, words.properties)
    return Vocabulary(*(tuple(sorted(map(str, terms))) for terms in sets))


@dataclass(frozen=True)
class _Fault:
    """One thing wrong with a statement about a node; a lower stage is more basic."""

    stage: int
    code: str
    what: str
    remedy: str
    node: Node
    path: Node | None = None
    value: Node | None = None


def validate(records: Records, guideline: Graph, shapes: Sequence[Graph], as_of: date) -> dict[Node, list[Problem]]:
    """What is wrong with each patient's record, most basic faults only; patients whose record conforms are left out.

    `guideline` is the graph of all ontologies, `shapes` the record contract. Raises RecordError for what belongs to no
    patient, and GuidelineError for shapes that cannot be used.
    """
    view = _View(records, _Vocabulary(guideline))
    faults = [*_Terms(view).faults(), *view.shared()]
    _refuse_strays(view, [*faults, *view.strays()])
    contract = _graph(*shapes)
    with _scene(records.graph, view.words, as_of) as scene:
        report = report_of(scene, contract)
    faults += [fault for result in report.subjects(RDF.type, SH.ValidationResult)
               for fault in view.located(report, result, contract)]  # fmt: skip
    _refuse_strays(view, faults)
    return view.by_patient(faults)


def _refuse_strays(view: _View, faults: Iterable[_Fault]) -> None:
    if strays := [view.problem(fault) for fault in faults if fault.node not in view.owners]:
        raise RecordError(*_in_order(strays))


def _in_order(problems: Iterable[Problem]) -> list[Problem]:
    return sorted(set(problems), key=lambda p: (p.file or "", p.line or 0, p.code, p.what, p.node or ""))


class _View:
    """The records as the contract's results are mapped onto them: which node belongs to which patients."""

    def __init__(self, records: Records, words: _Vocabulary) -> None:
        self.records, self.words = records, words
        self.triples = list(records.graph)
        self.owners = self._owners()
        self.prefixes = records.prefixes | words.prefixes | PREFIXES

    def _owners(self) -> dict[Node, list[Node]]:
        """The patients of each node that one leads to by the guideline's words; never through another patient."""
        links: dict[Node, list[Node]] = defaultdict(list)
        nodes = {s for s, _, _ in self.triples} - self.words.kinds.keys() - set(self.records.patients)
        for s, p, o in self.triples:
            if o in nodes and self.words.speaks(p):
                links[s].append(o)
        owners: dict[Node, list[Node]] = defaultdict(list)
        for patient in self.records.patients:
            reached = [patient]
            for node in reached:
                owners[node].append(patient)
                reached += dict.fromkeys(o for o in links[node] if o not in reached)
        return dict(owners)

    def strays(self) -> Iterator[_Fault]:
        """Nodes of which the record says something in the guideline's words and that no patient leads to."""
        told = {s for s, p, o in self.triples if self.words.speaks(o if p == RDF.type else p)}
        for s in told - self.owners.keys() - self.words.kinds.keys():
            yield _Fault(0, "dangling-node", "no gp:Patient leads to the node",
                         "link it from its patient, or type it gp:Patient if it is one", s)  # fmt: skip

    def shared(self) -> Iterator[_Fault]:
        """Nodes that belong to two patients, or that two files describe."""
        files = self.records.files if len(self.records.files) > 1 else ()
        for node, owners in self.owners.items():
            if len(owners) > 1 or sum((node, None, None) in parsed.graph for parsed in files) > 1:
                yield _Fault(0, *SHARED, node)

    def located(self, report: Graph, result: Node, contract: Graph) -> Iterator[_Fault]:
        """The faults that one result of the report stands for, on the nodes that they belong to."""
        shape = report.value(result, SH.sourceShape)
        assert shape is not None
        stage = int(str(contract.value(shape, SH.order) or 9))
        code, what, remedy = (str(contract.value(shape, p) or shape) for p in (GP.code, SH.message, GP.remedy))
        for place in self._places(report, result, contract, shape):
            yield _Fault(stage, code, what, remedy, *place)

    def _places(self, report: Graph, result: Node, contract: Graph, shape: Node) -> Iterator[_Place]:
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

    def by_patient(self, faults: Iterable[_Fault]) -> dict[Node, list[Problem]]:
        found: dict[Node, list[Problem]] = defaultdict(list)
        for fault in _basic(faults):
            for patient in self.owners[fault.node]:
                found[patient].append(self.problem(fault))
        return {patient: _in_order(found[patient]) for patient in sorted(found, key=str)}

    def problem(self, fault: _Fault) -> Problem:
        """The fault as a reader sees it: the value, what is wrong with it, and where it stands."""
        said = " ".join(self.shown(term) for term in (fault.path, fault.value) if term is not None)
        triples = ((fault.node, fault.path, fault.value), (fault.node,), (None, None, fault.node))
        file, line = min((self.records.place(*t) for t in triples), key=lambda found: (not found[0], not found[1]))
        what = f"{said}: {fault.what}" if said else fault.what
        return Problem(fault.code, what, fault.remedy, file, line, self._name(fault.node))

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


def _basic(faults: Iterable[_Fault]) -> list[_Fault]:
    """Of several faults of one value the most basic; nothing about the place of a node whose type is wrong."""
    first: dict[tuple[Node, Node | None, Node | None], _Fault] = {}
    for fault in sorted(faults, key=lambda f: (f.stage, f.code)):
        first.setdefault((fault.node, fault.path, fault.value), fault)
    mistyped = {fault.node for fault in first.values() if fault.stage <= 2 and fault.path in (RDF.type, None)}
    return [fault for fault in first.values() if fault.stage != 3 or mistyped.isdisjoint((fault.node, fault.value))]


class _Terms:
    """Finds the terms of a record that the guideline does not declare, and axioms, which no record may state."""

    def __init__(self, view: _View) -> None:
        self.view, self.words = view, view.words
        self._subjects = {s for s, _, _ in view.triples}

    def faults(self) -> Iterator[_Fault]:
        """One fault for each statement that uses such a term."""
        predicates = {p: self._of_predicate(p) for p in {p for _, p, _ in self.view.triples}}
        links = {(p, o) for _, p, o in self.view.triples if isinstance(o, URIRef)}
        objects = {link: self._of_object(*link) for link in links}
        for s, p, o in self.view.triples:
            fault = predicates[p] or objects.get((p, o))  # type: ignore[arg-type]
            if fault is None and s in self.words.kinds:
                fault = _axiom("the record says something of a term of the guideline")
            if fault is not None:
                yield _Fault(0, *fault, s, p, o)

    def _of_predicate(self, p: Node) -> _Verdict:
        if p in _AXIOMS or (str(p).startswith(str(OWL)) and p not in _ABOUT_FILES):
            return _axiom("the record states an axiom")
        if p == GP.asOf:
            return "as-of-in-record", "the as-of date is not recorded", "give it when the record is read"
        return self._unknown(p, "property")

    def _of_object(self, p: Node, o: Node) -> _Verdict:
        if p != RDF.type:
            role = "class" if p in {GP.lacksFinding, GP.didNotUndergo, *self.words.properties} else "value"
            return None if o in self._subjects else self._unknown(o, role)
        declared = str(o).startswith((str(OWL), str(RDFS)))
        return _axiom("the record declares a term") if declared else self._unknown(o, "class")

    def _unknown(self, term: Node, role: str) -> _Verdict:
        if not self.words.speaks(term) or self.words.knows(term, role):
            return None
        shown, near = self.view.shown(term), self.words.nearest(term, role)
        remedy = f"did you mean {self.view.shown(near)}?" if near is not None else "use a term that it declares"
        return "unknown-term", f"{shown} is no {role} of the guideline", remedy


def _axiom(what: str) -> tuple[str, str, str]:
    return "axiom-in-record", what, "leave it out: a record states facts of patients"


def derive(records: Records, guideline: Graph, rules: Sequence[Graph], as_of: date) -> Records:
    """The records with all that the SHACL rules give, repeated until they give nothing new; `derived` holds that.

    Raises GuidelineError for rules that cannot be used or that never come to an end.
    """
    scene = Scene(records.graph, _background(_Vocabulary(guideline), as_of))
    with ONE_AT_A_TIME:
        expand(scene, _graph(*rules), MAX_PASSES)
    added = frozenset(triple for triple in scene.added if triple[0] != AS_OF)
    return replace(records, graph=scene.records(), derived=records.derived | added)


def _background(words: _Vocabulary, as_of: date) -> list[Triple]:
    """What shapes see besides the record: the guideline's taxonomy and the as-of date."""
    return [*words.taxonomy, (AS_OF, GP.asOf, Literal(as_of.isoformat(), datatype=XSD.date))]


@contextmanager
def _scene(graph: Graph, words: _Vocabulary, as_of: date) -> Iterator[Graph]:
    """`graph` as the shapes see it, for as long as they look; of as-of dates they see one."""
    recorded = list(graph.triples((None, GP.asOf, None)))
    for triple in recorded:
        graph.remove(triple)
    added = [triple for triple in _background(words, as_of) if triple not in graph]
    for triple in added:
        graph.add(triple)
    try:
        yield graph
    finally:
        for triple in added:
            graph.remove(triple)
        for triple in recorded:
            graph.add(triple)
