"""What a record of a guideline can state: each observation by itself, and records as Turtle that can be classified."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import ROUND_FLOOR, Decimal
from itertools import pairwise

from rdflib import URIRef

from reasoner.guideline.guideline import Guideline
from reasoner.logic.compiled import Compiled
from reasoner.logic.facts import Observation
from reasoner.rdf import read_text
from reasoner.records.record import gather
from reasoner.records.reference import validate
from reasoner.terms import GP, curie

PATIENT = "https://example.org/patient"
Path = tuple[str, ...]

#: No observation has a date, so that any day does for the record contract.
_ANY_DAY = date(2000, 1, 1)


def recordable(guideline: Guideline) -> list[Observation]:
    """Every observation that the record contract accepts by itself; of numbers, some on each side of each bound."""
    found = _candidates(guideline.compiled, frozenset(guideline.catalogue.negations.values()))
    contract = guideline.shapes("core", "record")
    if not contract:
        return found
    stated = {f"{PATIENT}/{number}": one for number, one in enumerate(found)}
    texts = (turtle([one], guideline, patient) for patient, one in stated.items())
    records = gather([read_text("\n".join(texts), "witness", format="turtle")])
    refused = validate(records, guideline.taxonomy, contract, _ANY_DAY)
    return [one for patient, one in stated.items() if URIRef(patient) not in refused]


def _candidates(compiled: Compiled, denied: frozenset[str]) -> list[Observation]:
    paths: dict[tuple[Path, str], set[str]] = {}
    for atom in compiled.theory.atoms:
        for end in range(1, len(atom.path) + 1):
            paths.setdefault((atom.path[:end], "class"), set())
        if atom.path and atom.kind in ("class", "value"):
            paths.setdefault((atom.path, atom.kind), set()).add(atom.target)
    return [
        one for (path, kind), targets in sorted(paths.items()) for one in _at(compiled, denied, path, kind, targets)
    ]


def _at(compiled: Compiled, denied: frozenset[str], path: Path, kind: str, targets: set[str]) -> Iterator[Observation]:
    """The observations at the end of one path."""
    rule = compiled.properties[path[-1]]
    if rule.data:
        yield from (Observation(path, "number", low=n, high=n) for n in _points(compiled, path))
    elif kind == "value":
        others = {iri for pair in compiled.different_pairs if pair & targets for iri in pair}
        yield from (Observation(path, "value", iri) for iri in sorted(targets | others))
    else:
        yield from (Observation(path, "class", iri) for iri in sorted({*targets, *rule.ranges}))
        if len(path) == 1 and path[0] in denied:
            yield from (Observation(path, "class", iri, False) for iri in sorted(targets))


def _points(compiled: Compiled, path: Path) -> list[Decimal]:
    """Numbers at, between and around the bounds of a quantity, whole where one fits."""
    bounds = sorted({atom.bound for atom in compiled.theory.atoms if atom.path == path and atom.kind == "above"})
    if not bounds:
        return [Decimal(1)]
    ends = sorted({Decimal(0), bounds[0] - 1, *bounds, bounds[-1] + 1})
    return sorted({*ends, *(_between(low, high) for low, high in pairwise(ends))})


def _between(low: Decimal, high: Decimal) -> Decimal:
    middle = (low + high) / 2
    whole = middle.to_integral_value(ROUND_FLOOR)
    return whole if low < whole < high else middle


# -- as a file --


@dataclass
class RecordNode:
    """A node of a record, while it is written: its classes, its values, and the nodes under its properties."""

    types: list[str] = field(default_factory=list)
    values: list[tuple[str, str]] = field(default_factory=list)
    below: dict[str, list[RecordNode]] = field(default_factory=dict)

    def one(self, prop: str) -> RecordNode:
        """The node under a property that has one."""
        return self.below.setdefault(prop, [RecordNode()])[0]


def turtle(record: Sequence[Observation], guideline: Guideline, patient: str = PATIENT) -> str:
    """A record as Turtle that is classified as it is.

    Raises ValueError for an interval, and for an absence that no property states.
    """
    writer = RecordWriter(guideline)
    lines = [f"a {writer.name(str(GP.Patient))}", *writer.lines(writer.tree(record))]
    body = ";\n    ".join(f"{line} " for line in lines)
    head = "".join(f"@prefix {p}: <{guideline.prefixes[p]}> .\n" for p in sorted(writer.used))
    return f"{head}\n<{patient}> {body}.\n"


class RecordWriter:
    """Writes records of one guideline as Turtle; `used` are the prefixes that it needed."""

    def __init__(self, guideline: Guideline) -> None:
        self.compiled, self.prefixes = guideline.compiled, guideline.prefixes
        self.denies = {denied: prop for prop, denied in guideline.catalogue.negations.items()}
        self.used: set[str] = set()

    def name(self, iri: str) -> str:
        """A term as Turtle has it: a CURIE, its prefix noted as used, or an IRI in angle brackets."""
        short = curie(iri, self.prefixes)
        if short == iri:
            return URIRef(iri).n3()
        self.used.add(short.partition(":")[0])
        return short

    def tree(self, record: Sequence[Observation]) -> RecordNode:
        """The nodes of a record; all under a functional property are one."""
        root = RecordNode()
        for observed in sorted(record):
            node = root
            for prop in observed.path[:-1]:
                node = node.one(prop)
            self._add(node, observed)
        return root

    def _add(self, node: RecordNode, observed: Observation) -> None:
        prop = observed.path[-1]
        if observed.kind == "number":
            node.values.append((prop, _number(observed)))
        elif observed.kind == "value":
            node.values.append((prop, self.name(observed.target)))
        elif not observed.present:
            if len(observed.path) > 1 or prop not in self.denies:
                raise ValueError(f"no property says that {observed.target} is absent")
            node.values.append((self.denies[prop], self.name(observed.target)))
        elif self.compiled.properties[prop].functional:
            node.one(prop).types.append(observed.target)
        else:
            node.below.setdefault(prop, []).append(RecordNode([observed.target]))

    def lines(self, node: RecordNode) -> list[str]:
        """The properties of a node, one a line."""
        objects: dict[str, list[str]] = {}
        for prop, below in node.below.items():
            objects[prop] = [f"[ {' ; '.join(self._below(one, prop))} ]" for one in below]
        for prop, value in node.values:
            objects.setdefault(prop, []).append(value)
        return [f"{self.name(prop)} {' , '.join(objects[prop])}" for prop in sorted(objects)]

    def _below(self, node: RecordNode, prop: str) -> list[str]:
        types = node.types or list(self.compiled.properties[prop].ranges[:1])
        return [*(f"a {self.name(iri)}" for iri in types), *self.lines(node)]


def _number(observed: Observation) -> str:
    if observed.low is None or observed.low != observed.high:
        raise ValueError("an interval cannot stand in a record")
    text = format(observed.low, "f")
    return text if "." in text else f"{text}.0"
