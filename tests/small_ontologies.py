"""Guidelines to compile in tests: the shipped one, and the small ontologies that hold one difficulty each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest
from random_records import Record, Records
from rdflib import Graph

from reasoner.errors import FragmentError, GuidelineError, Problem
from reasoner.logic.compile import compile_axioms
from reasoner.logic.compiled import Compiled
from reasoner.logic.decide import Decision, decide
from reasoner.logic.facts import FactReader, Observation
from reasoner.logic.owl import Axioms, read_axioms
from reasoner.rdf import Parsed, read_graph
from reasoner.terms import GP

ROOT = Path(__file__).parent.parent
CORE = ROOT / "ontology" / "core.ttl"
SMALL = sorted((ROOT / "tests" / "small").glob("*.ttl"))
NAMES = [path.stem for path in SMALL]
MAIN = "the guideline"
SEED = 20260301

#: The head of core.ttl, and a few declarations under it, to which a test adds axioms.
PREFIXES = CORE.read_text(encoding="utf-8").split("\n\n")[0] + "\n@prefix ex: <urn:ex:> ."
DECLARED = """
ex:A a owl:Class ; rdfs:subClassOf gp:Finding . ex:B a owl:Class ; rdfs:subClassOf gp:Finding .
ex:P a owl:Class ; rdfs:subClassOf gp:Patient . ex:Q a owl:Class ; rdfs:subClassOf gp:Patient .
ex:f a owl:ObjectProperty , owl:FunctionalProperty . ex:h a owl:ObjectProperty .
ex:k a owl:DatatypeProperty , owl:FunctionalProperty . ex:m a owl:DatatypeProperty .
ex:I a owl:NamedIndividual . ex:J a owl:NamedIndividual .
"""


@dataclass(frozen=True)
class Model:
    """A guideline that is compiled, its graphs, and the acts that are read as not done where nobody recorded them."""

    compiled: Compiled
    graphs: tuple[Graph, ...]
    closable: tuple[str, ...]

    @property
    def classes(self) -> list[str]:
        return sorted(self.compiled.rules)

    def records(self, seed: int = SEED) -> Records:
        return Records(self.compiled, seed, self.closable)

    def decision(self, record: Sequence[Observation], closable: Sequence[str] | None = None) -> Decision:
        acts = self.closable if closable is None else closable
        return decide(self.compiled, FactReader(self.compiled).read(record), acts)


def parsed(name: str) -> list[Parsed]:
    files = sorted((ROOT / "ontology").glob("*.ttl")) if name == MAIN else [CORE, SMALL[NAMES.index(name)]]
    return [read_graph(path, imports=True) for path in files]


@cache
def axioms(name: str) -> Axioms:
    return read_axioms(parsed(name))


@cache
def model(name: str) -> Model:
    parts = parsed(name)
    closable = {str(act) for part in parts for act in part.graph.subjects(GP.unrecordedMeans, GP.Absent)}
    return Model(compile_axioms(read_axioms(parts)), tuple(p.graph for p in parts), tuple(sorted(closable)))


@cache
def drawer(name: str) -> Records:
    return model(name).records()


def written(text: str, folder: Path) -> tuple[Axioms, Path]:
    """The axioms of core.ttl and of `text` under `PREFIXES` and `DECLARED`, and the file that it stands in."""
    file = folder / "outside.ttl"
    file.write_text(f"{PREFIXES}\n{DECLARED}\n{text}\n", encoding="utf-8")
    return read_axioms([read_graph(CORE, imports=True), read_graph(file, imports=True)]), file


def small(name: str, local: str) -> str:
    return f"https://example.org/{name}#{local}"


def read(name: str, *lines: str) -> Record:
    """Observations as `+Hum`, `-Hum` (a finding), `+!Trial` (an act), `hours=5` or `place=North`."""
    return tuple(_observation(name, line) for line in lines)


def _observation(name: str, line: str) -> Observation:
    left, equals, right = line.partition("=")
    if not equals:
        prop = GP.underwent if "!" in line else GP.hasFinding
        return Observation((str(prop),), "class", small(name, line.lstrip("+-!")), line.startswith("+"))
    path = tuple(small(name, step) for step in left.split("/"))
    if right[0].isdigit():
        return Observation(path, "number", low=Decimal(right), high=Decimal(right))
    return Observation(path, "value", small(name, right))


def refusal(text: str, folder: Path) -> Problem:
    """The problem for which `text` is refused; it names the file, and a line on which its node stands."""
    with pytest.raises(GuidelineError) as caught:
        compile_axioms(written(text, folder)[0])
    problem = caught.value.problem
    lines = (folder / "outside.ttl").read_text(encoding="utf-8").splitlines()
    assert problem.node is not None and problem.node.startswith("urn:ex:")
    assert problem.file == str(folder / "outside.ttl")
    assert problem.line is not None and f"ex:{problem.node[7:]} " in lines[problem.line - 1]
    assert isinstance(caught.value, FragmentError) == (problem.code != "cyclic-definition")
    return problem
