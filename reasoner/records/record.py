"""Records as rdflib's graphs: loaded from files, with the patients in them and the places where they state things."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import permutations
from pathlib import Path

from rdflib import OWL, RDF, Graph, Literal
from rdflib.term import Node

from reasoner.arguments import checked_paths
from reasoner.errors import Problem, RecordError
from reasoner.rdf import Parsed, Triple, read_graph, read_text
from reasoner.records.conversion import to_plain
from reasoner.records.nodes import RecordSource
from reasoner.terms import GP

#: What ontology editors declare in a record; it says nothing of a patient.
DECLARATIONS = frozenset({OWL.NamedIndividual, OWL.Ontology})


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
        stated = (triple for parsed in self.files for triple in parsed.lines if triple in self.graph)
        graph = graph_of(triple for triple in stated if to_plain(triple[0]) not in nodes)
        return replace(self, graph=graph, patients=tuple(p for p in self.patients if to_plain(p) not in nodes))

    def only(self, patients: Collection[Node], properties: Collection[Node]) -> Records:
        """The records of these patients alone."""
        graph = graph_of(t for p in patients for own in patient_nodes(self.graph, p, properties).values() for t in own)
        kept = tuple(p for p in self.patients if p in patients)
        return replace(self, graph=graph, patients=kept, derived=frozenset(t for t in self.derived if t in graph))


def load(paths: Iterable[Path | str], *, format: str | None = None) -> Records:
    """Load the records in `paths`. Raises RecordError: a file unread or without patient, a patient in two files."""
    return gather([read_graph(path, format=format) for path in checked_paths(paths)])


def load_sources(sources: Iterable[RecordSource]) -> Records:
    """Load records whose bytes are at hand. Raises as `load`."""
    return gather([
        read_graph(one.name, format=one.format) if one.data is None
        else read_text(one.data, one.name, format=one.format) for one in sources
    ])  # fmt: skip


def gather(files: Sequence[Parsed]) -> Records:
    """The records of files that are parsed already. Raises as `load`."""
    found = [_patients(parsed) for parsed in files]
    for (one, patients), (other, _) in permutations(zip(files, found, strict=True), 2):
        _check_apart(one, patients, other)
    stated = (triple for parsed in files for triple in statements(parsed))
    return Records(graph_of(stated), tuple(files), tuple(sorted(set().union(*found), key=str)))


def statements(parsed: Parsed) -> Iterable[Triple]:
    """The triples of a file, without declarations."""
    return (t for t in parsed.lines if t[1] != RDF.type or t[2] not in DECLARATIONS)


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


def graph_of(triples: Iterable[Triple]) -> Graph:
    """A graph of some triples."""
    graph = Graph(bind_namespaces="none")
    for triple in triples:
        graph.add(triple)
    return graph


def patient_nodes(graph: Graph, patient: Node, properties: Collection[Node]) -> dict[Node, list[Triple]]:
    """The patient and the nodes of its record, in the order in which they are reached, each with its own triples."""
    found: dict[Node, list[Triple]] = {}
    open_nodes = [patient]
    for node in open_nodes:
        if node not in found:
            found[node] = list(graph.triples((node, None, None)))
            open_nodes += [o for _, p, o in found[node] if p in properties and not isinstance(o, Literal)]
    return found
