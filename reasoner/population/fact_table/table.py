"""The fact table: which columns it has for a guideline, and what each says of the patient of its row.

A row is one patient. A column is one fact, one bound of a quantity or one attribute, named by the path that leads to it
from the patient, in CURIEs of the guideline's prefixes: `ex:CLASS`, `ex:PROPERTY/ex:ATTRIBUTE`, `ex:QUANTITY.low`. A
class that occurs under one property goes by its own name. Everything is read from the compiled guideline and its record
contract. A row stands for the record in which each true class is a node of its own; the node of a functional property
has the type that the property's range says.
"""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from reasoner.guideline.guideline import Guideline
from reasoner.logic.facts import NOTHING, Observation
from reasoner.logic.theory import Literals
from reasoner.records.conform import Term, passes
from reasoner.records.contract import TYPE, All, Among, Between, InClass, Test, ValueShape, stem
from reasoner.terms import CORE, curie, expand, local_name

if TYPE_CHECKING:
    from rdflib import Graph

PATIENT = "patient"
PROPOSES = f"{CORE}proposes"

#: The kinds of columns with true and false, and of those with numbers.
FLAGS = frozenset({"class", "node", "order"})
NUMBERS = frozenset({"low", "high", "number"})
_ORDER = ("class", "node", "value", "low", "high", "order")

Path = tuple[str, ...]


class CellFault(NamedTuple):
    """Why a value is refused: a stable code, what is wrong, and what to do."""

    code: str
    what: str
    remedy: str


@dataclass(frozen=True)
class FactColumn:
    """One column.

    `kind` is `class` (whether some filler of `path` is in the class `target`), `node` (whether `path` leads to a node),
    `value` (the individual that `path` leads to), `low` and `high` (the bounds of the quantity at the end of `path`),
    `number` (both bounds at once) or `order` (whether an act of the class `target` is proposed). `deniable`: a record
    can say that there is none.
    """

    name: str
    kind: str
    path: Path
    target: str = ""
    deniable: bool = False

    @property
    def term(self) -> str:
        """The class or property that the column is about."""
        return self.target or self.path[-1]


class FactTable:
    """The columns of a guideline's fact table, in order, and what their values mean."""

    def __init__(self, guideline: Guideline) -> None:
        self.guideline = guideline
        self._denied = frozenset(guideline.catalogue.negations.values())
        named = _short([*self._facts(), *self._orders()], guideline)
        self.columns = tuple(sorted(named, key=_place))
        whole = [replace(column, name=column.name.removesuffix(".low"), kind="number")
                 for column in self.columns if column.kind == "low"]  # fmt: skip
        self.by_name = {column.name: column for column in (*self.columns, *whole)}

    def name(self, path: Iterable[str]) -> str:
        """A path as columns are named."""
        return "/".join(curie(step, self.guideline.prefixes) for step in path)

    def _facts(self) -> Iterator[FactColumn]:
        """The columns of the atoms: of each path its classes, its values or its node, and its bounds."""
        atoms = [atom for atom in self.guideline.compiled.theory.atoms if atom.path and atom.path != (PROPOSES,)]
        valued = {atom.path for atom in atoms if atom.kind == "value"}
        for path, target in sorted({(atom.path, atom.target) for atom in atoms if atom.kind == "class"}):
            deniable = len(path) == 1 and path[0] in self._denied
            yield FactColumn(self.name((*path, target)), "class", path, target, deniable)
        for path in sorted({atom.path for atom in atoms if atom.kind != "class"}):
            if self.guideline.compiled.properties[path[-1]].data:
                yield from (FactColumn(f"{self.name(path)}.{side}", side, path) for side in ("low", "high"))
            else:
                yield FactColumn(self.name(path), "value" if path in valued else "node", path)

    def _orders(self) -> Iterator[FactColumn]:
        acts = {act for act, above in self.guideline.compiled.broader.items() if f"{CORE}Act" in above}
        acts |= {check.action for check in self.guideline.content.checks if check.action}
        acts |= {atom.target for atom in self.guideline.compiled.theory.atoms if atom.path == (PROPOSES,)}
        for act in sorted(acts):
            yield FactColumn(self.name((PROPOSES, act)), "order", (PROPOSES,), act)

    # -- what a value says --

    def flag(self, column: FactColumn, truth: bool) -> Literals:
        """The literals of true, or of false, in a column with flags."""
        if column.kind == "node":
            return self.node(column.path) if truth else NOTHING
        if not truth and not column.deniable:
            return NOTHING
        literals = self.guideline.reader.literals(Observation(column.path, "class", column.target, truth))
        return literals.union(self.above(column)) if truth else literals

    def value(self, column: FactColumn, iri: str) -> Literals:
        """The literals of an individual in a column with values."""
        literals = self.guideline.reader.literals(Observation(column.path, "value", iri))
        return literals.union(self.above(column))

    def quantity(self, column: FactColumn) -> Literals:
        """The literals of any number in a column with bounds; its thresholds left out."""
        return self.guideline.reader.literals(Observation(column.path, "number")).union(self.above(column))

    def above(self, column: FactColumn) -> Literals:
        """The literals of the nodes on the way to what a column says."""
        literals = NOTHING
        for end in range(1, len(column.path)):
            literals = literals.union(self.node(column.path[:end]))
        return literals

    def node(self, path: Path) -> Literals:
        """The literals of there being a node at the end of a path, with the types that its property gives it."""
        literals = NOTHING
        for kind in self.guideline.compiled.properties[path[-1]].ranges or ("",):
            literals = literals.union(self.guideline.reader.literals(Observation(path, "class", kind)))
        return literals

    # -- what the record contract allows --

    def limits(self, column: FactColumn) -> list[tuple[str, Between]]:
        """The ranges that shapes set for a quantity, each with its shape."""
        return [(shape, test) for shape, test in self._tests(column) if isinstance(test, Between)]

    def individual(self, column: FactColumn, text: str) -> str | CellFault:
        """The individual that a cell names by an IRI or a CURIE, or why none of that name can stand there."""
        iri = expand(text, self.guideline.prefixes)
        shown = f"{curie(column.path[-1], self.guideline.prefixes)} {curie(iri or text, self.guideline.prefixes)}"
        if iri is None or self._unknown(iri):
            near = nearest(local_name(iri or text), {local_name(name): name for name in self.individuals(column)})
            remedy = f"did you mean {curie(near, self.guideline.prefixes)}?" if near else "write the IRI of a value"
            return CellFault("unknown-term", f"{shown}: the guideline declares no such value", remedy)
        broken = self._broken(column, iri)
        return self.fault_of(broken, shown) if broken else iri

    def _unknown(self, iri: str) -> bool:
        vocabulary = self.guideline.content.contract.vocabulary
        return stem(iri) in vocabulary.stems and iri not in vocabulary.terms

    def fault_of(self, shape: str, shown: str) -> CellFault:
        """What a shape reports of the value `shown`."""
        from rdflib import SH, URIRef  # slow to import; needed only where something is refused

        from reasoner.terms import GP

        code, what, remedy = (self._contract.value(URIRef(shape), p) or shape for p in (GP.code, SH.message, GP.remedy))
        return CellFault(str(code), f"{shown}: {what}", str(remedy))

    def individuals(self, column: FactColumn) -> tuple[str, ...]:
        """The individuals that may stand in a column with values, as far as the guideline names them."""
        kinds = self.guideline.compiled.properties[column.path[-1]].ranges
        typed = {s for s, p, o in self.guideline.content.taxonomy if p == TYPE and o in kinds}
        listed = {iri for _, test in self._tests(column) for iri in _listed(test)}
        return tuple(sorted(iri for iri in typed | listed if not self._broken(column, iri)))

    def closed(self, column: FactColumn) -> bool:
        """Whether no other individual than those may stand there."""
        return any(isinstance(test, InClass | Among) for _, test in self._tests(column))

    def _broken(self, column: FactColumn, iri: str) -> str | None:
        """The shape that an individual does not conform to; None where it conforms."""
        term = Term("iri", iri)
        return next((shape.shape for shape in self._shapes(column) if passes(shape.test, term) is False), None)

    def _tests(self, column: FactColumn) -> list[tuple[str, Test]]:
        """The tests that a value at the end of a column's path has to pass, each with its shape."""
        return [(shape.shape, test) for shape in self._shapes(column) for test in _parts(shape.test)]

    def _shapes(self, column: FactColumn) -> list[ValueShape]:
        """The shapes that look at every value at the end of a column's path."""
        holder = self.guideline.compiled.properties[column.path[-2]].ranges if column.path[1:] else (f"{CORE}Patient",)
        return [shape for shape in self.guideline.content.contract.checks if _looks_at(shape, column.path, holder)]

    @cached_property
    def _contract(self) -> Graph:
        from rdflib import Graph

        graph = Graph()
        for part in self.guideline.shapes("core", "record"):
            graph += part
        return graph


def nearest(name: str, known: dict[str, str]) -> str | None:
    """What of `known` goes by the name most like `name`, case aside; None where none is alike."""
    names = {each.lower(): meant for each, meant in known.items()}
    like = difflib.get_close_matches(name.lower(), names, n=1, cutoff=0.5)
    return names[like[0]] if like else None


def _short(columns: Sequence[FactColumn], guideline: Guideline) -> list[FactColumn]:
    """The columns, a class that occurs under one property alone by its own name."""
    uses = Counter(column.target for column in columns if column.kind == "class")
    taken = {column.name for column in columns}
    own = {column.name: curie(column.target, guideline.prefixes) for column in columns
           if column.kind == "class" and len(column.path) == 1 and uses[column.target] == 1}  # fmt: skip
    return [replace(column, name=own[column.name]) if own.get(column.name) not in (None, *taken) else column
            for column in columns]  # fmt: skip


def _place(column: FactColumn) -> tuple[bool, bool, Path, int, str]:
    """Findings and acts first, then nodes with what stands about them, then quantities, then orders."""
    plain = column.kind == "class" and len(column.path) == 1
    return column.kind == "order", not plain, column.path, _ORDER.index(column.kind), column.name


def _looks_at(shape: ValueShape, path: Path, holder: Sequence[str]) -> bool:
    """Whether a shape looks at the values of a path whose holder has the types `holder`."""
    if not shape.path:
        return any(target.kind == "objects" and path[-1] in target.iris for target in shape.targets)
    if shape.path != path[-1]:
        return False
    means = {"subjects": path[-1:], "objects": path[-2:-1], "class": tuple(holder)}
    return any(iri in target.iris for target in shape.targets for iri in means[target.kind])


def _parts(test: Test) -> Iterator[Test]:
    """The tests that all have to be passed."""
    if isinstance(test, All):
        for part in test.parts:
            yield from _parts(part)
    else:
        yield test


def _listed(test: Test) -> tuple[str, ...]:
    return test.members if isinstance(test, InClass) else test.iris if isinstance(test, Among) else ()
