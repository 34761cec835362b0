"""Records of the guideline that comes with the package, drawn at random, and what may be wrong with them."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from random_records import Record, Records, as_graph
from rdflib import RDF, Graph, URIRef

from reasoner.guideline.guideline import Guideline
from reasoner.terms import GP

SN = "https://w3id.org/guideproof/schmorl#"
CORE = str(GP)
TYPE = f"<{RDF.type}>"
XSD = "http://www.w3.org/2001/XMLSchema#"
SEED = 20261122


class Draft:
    """A record while something is done to it: its lines of N-Triples, its patient, and the blank nodes in it."""

    def __init__(self, lines: list[str], number: int, rng: random.Random) -> None:
        self.lines, self.number, self.rng = lines, number, rng
        self.patient = f"<https://example.org/p{number}>"

    @property
    def node(self) -> str:
        """Some node of the record, the patient where there is no other."""
        nodes = sorted({line.split()[0] for line in self.lines if line.startswith("_:")})
        return self.rng.choice(nodes) if nodes else self.patient

    def new(self, suffix: str = "y") -> str:
        """A node of which the record says nothing yet."""
        return f"_:{suffix}{self.number}"

    def say(self, s: str, p: str, o: str) -> None:
        """Add a statement."""
        self.lines.append(f"{s} {p if p.startswith('<') else _iri(p)} {o} .")

    def literal(self, texts: str, kinds: str) -> str:
        """One of some forms, separated by `|`, as a literal of one of some datatypes."""
        kind = self.rng.choice(kinds.split())
        return f'"{self.rng.choice(texts.split("|"))}"^^<{kind if ":" in kind else XSD + kind}>'

    def one(self, names: str) -> str:
        """One of some IRIs."""
        return _iri(self.rng.choice(names.split()))


def _iri(name: str) -> str:
    prefix, _, local = name.partition(":")
    return f"<{ {'sn': SN, 'gp': CORE, 'ex': 'https://example.org/'}[prefix] }{local}>".replace(" ", "")


def _therapy(draft: Draft) -> None:
    act, kind = draft.new(), draft.one("sn:PhysicalTherapy sn:ConservativeTherapy sn:SpineMri sn:Vertebroplasty")
    draft.say(draft.patient, "gp:underwent", act)
    draft.say(act, TYPE, kind)
    said = draft.rng.choice(("none", "weeks", "start", "duration", "ongoing", "future"))
    if said == "weeks":
        draft.say(act, "gp:durationWeeks", draft.literal("6|1501|-1|6.5", "integer decimal double string"))
    elif said == "duration":
        draft.say(act, "gp:duration", draft.literal("56 d|8 wk|2 mo", "https://w3id.org/cdt/ucum"))
    elif said == "ongoing":
        draft.say(act, "gp:ongoing", draft.literal("true|yes", "boolean"))
    elif said != "none":
        draft.say(act, "gp:startDate", draft.literal("2026-03-01|2031-02-01|2026-02-30", "date gYear"))


def _second_finding(draft: Draft) -> None:
    draft.say(draft.patient, "gp:hasFinding", draft.new())
    draft.say(draft.new(), TYPE, draft.one("sn:SchmorlsNode sn:Fever sn:Feverr sn:SpineMri"))


def _nested_finding(draft: Draft) -> None:
    draft.say(draft.node, "gp:hasFinding", draft.new())
    draft.say(draft.new(), TYPE, draft.one("sn:Fever"))


def _named_node(draft: Draft) -> None:
    node = draft.node
    if node != draft.patient:
        name = f"<https://example.org/f{draft.number}>"
        draft.lines = [line.replace(f"{node} ", f"{name} ") for line in draft.lines]


def _proposal(draft: Draft) -> None:
    draft.say(draft.patient, "gp:proposes", draft.new())
    draft.say(draft.new(), TYPE, draft.one("sn:SpineMri sn:Vertebroplasty sn:FollowUpImaging"))


def _less(draft: Draft) -> None:
    """One statement about a node is missing; what leads to the nodes stays."""
    about = [line for line in draft.lines if line.startswith("_:")]
    if about:
        draft.lines.remove(draft.rng.choice(about))


def _shared(draft: Draft) -> None:
    draft.say(draft.patient, "gp:hasFinding", _iri("ex:shared"))
    draft.say(_iri("ex:shared"), TYPE, _iri("sn:Fever"))


def _document(draft: Draft) -> None:
    draft.say(draft.node, "ex:by", f"<https://example.org/doc{draft.number}>")
    draft.say(f"<https://example.org/doc{draft.number}>", "ex:name", '"Dr"')


NOTES = ('"a b"', '"x"@EN', '"t\\n\\"q\\""', "<https://example.org/doc>")

#: What is done to a record, and belongs to its patient alone.
CHANGES: dict[str, Callable[[Draft], None]] = {
    "nothing": lambda d: d.say(d.patient, TYPE, d.one("gp:Patient")),
    "unknown class": lambda d: d.say(d.node, TYPE, d.one("sn:Feverr sn:fever sn:Q")),
    "typo in the namespace": lambda d: d.say(d.patient, f"<{SN[:-1]}/hasFinding>", d.node),
    "wrong datatype or range": lambda d: d.say(
        d.patient,
        "sn:conservativeTherapyWeeks",
        d.literal("3|-1|2000|x| 3|3.0|1e2|1500.0", "decimal integer double float string int"),
    ),
    "diameter": lambda d: d.say(
        d.node, "sn:diameterMillimetre", d.literal("3|0|61|60.0|1E1|.5|5.|0.0|1_0", "decimal integer double")
    ),
    "another level": lambda d: d.say(d.node, "sn:vertebra", d.one("sn:L4 sn:L5 sn:L9 sn:Fever ex:L4")),
    "another type": lambda d: d.say(d.node, TYPE, d.one("sn:Fever sn:BackPain sn:SpineMri sn:SchmorlsNode ex:Thing")),
    "type of the patient": lambda d: d.say(
        d.patient, TYPE, d.one("sn:BackPainPatient gp:Finding ex:Person gp:Patient")
    ),
    "literal for a node": lambda d: d.say(d.patient, "gp:hasFinding", '"x"'),
    "untyped node": lambda d: d.say(d.patient, "gp:hasFinding", d.new()),
    "second finding": _second_finding,
    "misplaced property": _nested_finding,
    "index node": lambda d: d.say(d.patient, "sn:indexNode", d.node),
    "therapy": _therapy,
    "quantity": lambda d: d.say(
        d.node, "sn:diameter", d.literal("3 mm|0.3 cm|3 km|99 mm|0 mm", "https://w3id.org/cdt/ucum string")
    ),
    "absent": lambda d: d.say(d.patient, "gp:lacksFinding", d.one("sn:Fever sn:BackPain sn:SpineMri sn:Xyz")),
    "conclusion": lambda d: d.say(d.patient, "gp:excludedFrom", d.one("sn:MriAssessment")),
    "working property": lambda d: d.say(d.patient, "sn:conservativeTherapyWeeksAtLeast", d.literal("3", "decimal")),
    "note": lambda d: d.say(d.patient, "ex:note", d.rng.choice((*NOTES, d.node, d.patient))),
    "document": _document,
    "less": _less,
    "shared node": _shared,
    "named node": _named_node,
    "label": lambda d: d.say(d.node, "<http://www.w3.org/2000/01/rdf-schema#label>", '"pain"@en'),
    "order": _proposal,
    "declared": lambda d: d.say(d.node, TYPE, "<http://www.w3.org/2002/07/owl#NamedIndividual>"),
    "as-of date": lambda d: d.say(d.patient, "gp:asOf", d.literal("2026-01-01", "date")),
    "axiom": lambda d: d.say(d.node, "<http://www.w3.org/2000/01/rdf-schema#subClassOf>", d.one("sn:Fever")),
}

#: What is said of things that are of no patient, in a file of its own.
ASTRAY = {
    "dangling node": f"_:lost {TYPE} {_iri('sn:Fever')} .",
    "dangling value": f"<https://example.org/lost> {_iri('sn:vertebra')} {_iri('sn:L4')} .",
    "term of the guideline": f'{_iri("sn:Fever")} {_iri("ex:note")} "hot" .',
    "foreign node of an unknown value": f"<https://example.org/x> {_iri('ex:is')} {_iri('sn:Nothing')} .",
    "import": f"<https://example.org/x> <http://www.w3.org/2002/07/owl#imports> {_iri('ex:other')} .",
    "as-of date": f'<urn:guideproof:as-of> {_iri("gp:asOf")} "2026-01-01"^^<{XSD}date> .',
    "file header": f"<https://example.org/x> {TYPE} <http://www.w3.org/2002/07/owl#Ontology> .",
    "no more": "",
    "not RDF": "this is no RDF",
    "statement about a statement": f"_:s {_iri('ex:says')} <<( {_iri('ex:a')} {_iri('ex:b')} {_iri('ex:c')} )>> .",
    "typed with a literal": f'<https://example.org/x> {TYPE} "Person" .',
}


class Drafts:
    """Draws records and changes them, the same ones for the same seed."""

    def __init__(self, guideline: Guideline, seed: int = SEED) -> None:
        self.compiled = guideline.compiled
        self.records = Records(self.compiled, seed, list(guideline.catalogue.closable))
        self.denies = {denied: prop for prop, denied in guideline.catalogue.negations.items()}
        self.rng = random.Random(seed)

    def draft(self, number: int, change: str) -> Draft:
        """A record that conforms, changed."""
        graph = self._graph(number)
        lines = [line.replace("_:", f"_:x{number}") for line in graph.serialize(format="nt").splitlines() if line]
        draft = Draft(sorted(lines), number, self.rng)
        CHANGES[change](draft)
        return draft

    def _graph(self, number: int) -> Graph:
        patient = URIRef(f"https://example.org/p{number}")
        while True:
            try:
                graph = as_graph(self._known(), self.compiled, self.denies, patient)
            except ValueError:
                continue
            for node in graph.objects(patient, URIRef(f"{SN}indexNode")):
                graph.add((node, RDF.type, URIRef(f"{SN}SchmorlsNode")))
            return graph

    def _known(self) -> Record:
        """A record without individuals of which nothing is declared, and without intervals."""
        return tuple(
            seen for seen in self.records.draw()
            if seen.target != "urn:example:undeclared" and (seen.kind != "number" or seen.low == seen.high)
        )  # fmt: skip

    def all(self, numbers: range) -> Iterator[tuple[str, Draft]]:
        """Records with each change in turn."""
        changes = sorted(CHANGES)
        for number in numbers:
            change = changes[number % len(changes)] if number % 3 else "nothing"
            yield change, self.draft(number, change)
