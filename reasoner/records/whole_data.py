"""Constraints and rules that go over the whole data, for many patients at once: by Oxigraph, without rdflib or pySHACL.

As the reference does it (`reasoner.records.rules`): one store holds the records, the taxonomy of the guideline and the
as-of date; all rules, the compiled ones too, run in their order, each only where the terms that it needs occur, again
where such a term is new. Whatever the reference might read otherwise raises UnsureError.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date
from functools import reduce
from operator import or_
from typing import NamedTuple

import pyoxigraph as ox
from msgspec import Struct

from reasoner.records.canonical import to_oxigraph
from reasoner.records.contract import TYPE, WELL_FORMED, Contract, Query
from reasoner.records.materialise import Needs, UnsureError, add
from reasoner.records.nodes import XSD_STRING, LiteralTerm, Nodes, Term, Triple, triples
from reasoner.records.words import AS_OF, AS_OF_DATE, RDFS

_XSD = "http://www.w3.org/2001/XMLSchema#"

#: The triples of the guideline that queries see; no rule adds any but types.
_TAXONOMY = frozenset({TYPE, f"{RDFS}subClassOf", f"{RDFS}subPropertyOf"})

#: The literals, besides strings, that all libraries write alike: of others some change the form.
_ALIKE: dict[str, Callable[[str], object]] = {
    f"{_XSD}integer": re.compile("-?[1-9][0-9]{0,30}|0").fullmatch,
    f"{_XSD}decimal": re.compile(r"(?!-0$)-?(?:[1-9][0-9]{0,19}|0)(?:\.[0-9]{0,17}[1-9])?").fullmatch,
    f"{_XSD}boolean": re.compile("true|false").fullmatch,
    **{f"{_XSD}{name}": WELL_FORMED[f"{_XSD}{name}"] for name in ("date", "gYearMonth", "gYear")},
}

#: How often a rule runs before the reference is asked whether it ends.
_MOST_RUNS = 50

#: The nodes of each patient, and the needs that its record meets.
Groups = Mapping[str, Sequence[str]]
Met = Mapping[str, int]


class Completed(Struct, frozen=True):
    """What rules give of some patients, and of each the needs that are met then; of others the reference speaks."""

    derived: frozenset[Triple]
    met: dict[str, int]


class _Step(NamedTuple):
    """A query ready to be asked: its text, and what it needs, as bits."""

    text: str
    needs: int

    def ready(self, met: int) -> bool:
        return self.needs & met == self.needs


class WholeData:
    """The constraints and rules of a guideline that go over the whole data."""

    def __init__(self, contract: Contract, needs: Needs, taxonomy: Iterable[tuple[str, str, str]]) -> None:
        self._needs = needs
        self._selects = self._steps(contract.selects)
        self._constructs = self._steps(contract.constructs)
        self._asked = frozenset(term for select in contract.selects for term in select.terms)
        self._taxonomy = [_quad(triple) for triple in taxonomy if triple[1] in _TAXONOMY]

    def _steps(self, queries: Iterable[Query]) -> list[_Step]:
        return [_Step(query.text, self._needs.of(query.needs)) for query in queries]

    def complete(self, nodes: Nodes, groups: Groups, met: Met, as_of: date) -> Completed:
        """Add to `nodes` what follows about the patients of `groups`, but for those who may not conform.

        Raises UnsureError where the reference has to say what follows.
        """
        store, met = self._store(nodes, groups, as_of), {patient: met[patient] for patient in groups}
        owners = {node: patient for patient, group in groups.items() for node in group}
        refused = self._refused(store, owners, met) | self._unlike(nodes, groups)
        for quad in (_quad(t) for patient in refused for t in triples(nodes, groups[patient])):
            store.remove(quad)
        left = {node: patient for node, patient in owners.items() if patient not in refused}
        scene = _Scene(store, nodes, left, self._needs, {p: bits for p, bits in met.items() if p not in refused})
        self._expand(scene)
        return Completed(frozenset(scene.derived), {p: bits | scene.everywhere for p, bits in scene.met.items()})

    def _store(self, nodes: Nodes, groups: Groups, as_of: date) -> ox.Store:
        store = ox.Store()
        store.bulk_extend(self._taxonomy)
        store.add(_quad((AS_OF, AS_OF_DATE, LiteralTerm(as_of.isoformat(), f"{_XSD}date"))))
        store.bulk_extend(_quad(triple) for group in groups.values() for triple in triples(nodes, group))
        return store

    # -- constraints --

    def _refused(self, store: ox.Store, owners: Mapping[str, str], met: Met) -> set[str]:
        """The patients about whom a constraint finds a fault. Raises UnsureError for a fault that is of no patient."""
        refused, occurring = set(), reduce(or_, met.values(), 0)
        for select in self._selects:
            if select.ready(occurring):
                refused |= {owners.get(node, "") for node in _selected(store, select.text)}
        if "" in refused:
            raise UnsureError
        return refused

    def _unlike(self, nodes: Nodes, groups: Groups) -> set[str]:
        """The patients of whom a constraint may see a value whose text is another in another library."""
        return {patient for patient, group in groups.items() for node in group for p in self._asked & nodes[node].keys()
                if p != TYPE and not all(map(_has_one_text, nodes[node][p]))}  # fmt: skip

    # -- rules --

    def _expand(self, scene: _Scene) -> None:
        """Run all rules until none has more to add."""
        due, runs = list(self._constructs), Counter[_Step]()
        while due and scene.met:
            step = due.pop(0)
            if step.ready(scene.occurring):
                if runs[step] == _MOST_RUNS:
                    raise UnsureError
                new, gained = scene.add(_constructed(scene.store, step.text))
                runs[step] += 1
                due = [s for s in self._constructs if s in due or (s.needs & gained if s.needs else new)]


class _Scene:
    """What rules look at and add to: a store, the same statements by node, and whose each node is."""

    def __init__(
        self, store: ox.Store, nodes: Nodes, owners: Mapping[str, str], needs: Needs, met: dict[str, int]
    ) -> None:
        self.store, self.derived, self.met = store, set[Triple](), met
        self.occurring, self.everywhere = reduce(or_, met.values(), 0), 0
        self._nodes, self._owners, self._needs = nodes, owners, needs
        self._of_the_day: Nodes = {AS_OF: {}}

    def add(self, found: Iterable[Triple]) -> tuple[int, int]:
        """Add what a rule gives: how many triples are new, and the needs that these meet."""
        new = gained = 0
        for triple in found:
            if add(self._of_the_day if triple[0] == AS_OF else self._nodes, self._checked(triple)):
                new += 1
                gained |= self._enter(triple)
        self.occurring |= gained
        return new, gained

    def _enter(self, triple: Triple) -> int:
        """Enter a new triple everywhere else; the needs that it meets."""
        s, p, o = triple
        bits = self._needs.met_by(str(o) if p == TYPE else p)
        self.store.add(_quad(triple))
        if s == AS_OF:
            self.everywhere |= bits
        else:
            self.derived.add(triple)
            self.met[self._owners[s]] |= bits
        return bits

    def _checked(self, triple: Triple) -> Triple:
        """A triple about a node of one patient or about the day. Raises UnsureError for any other."""
        s, p, o = triple
        owner = self._owners.get(s)
        strange = p == AS_OF_DATE or (p in _TAXONOMY and (p != TYPE or isinstance(o, LiteralTerm) or o[0] == "_"))
        if strange or o == AS_OF or (owner is None and s != AS_OF):
            raise UnsureError
        if isinstance(o, str) and (o[0] == "_" or o in self._nodes) and self._owners.get(o, "") != owner:
            raise UnsureError
        return triple


# -- Oxigraph --


def _quad(triple: Triple) -> ox.Quad:
    s, p, o = triple
    return ox.Quad(to_oxigraph(s), ox.NamedNode(p), to_oxigraph(o))  # type: ignore[arg-type]


def _selected(store: ox.Store, text: str) -> Iterator[str]:
    """The `?value` of each solution; '' where there is none."""
    found = _asked(store, text)
    if not isinstance(found, ox.QuerySolutions):
        raise UnsureError
    values = [solution["value"] for solution in found]
    return ("" if value is None else str(_plain(value)) for value in values)


def _constructed(store: ox.Store, text: str) -> list[Triple]:
    found = _asked(store, text)
    if not isinstance(found, ox.QueryTriples):
        raise UnsureError
    return [(str(_plain(t.subject)), t.predicate.value, _plain(t.object)) for t in found]


def _asked(store: ox.Store, text: str) -> object:
    """The results of a query. Raises UnsureError where it cannot be asked."""
    try:
        return store.query(text)
    except (SyntaxError, ValueError, OSError, RuntimeError) as error:
        raise UnsureError from error


def _plain(term: object) -> Term:
    """The same term as plain text. Raises UnsureError for a literal that other libraries may write otherwise."""
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, ox.Literal) and not term.language and is_alike(term.value, term.datatype.value):
        return LiteralTerm(term.value, term.datatype.value)
    raise UnsureError


def _has_one_text(term: Term) -> bool:
    if isinstance(term, LiteralTerm):
        return not term.language and is_alike(term.value, term.datatype)
    return term[0] != "_"


def is_alike(text: str, datatype: str) -> bool:
    """Whether all libraries certainly write a literal so."""
    return datatype == XSD_STRING or (datatype in _ALIKE and bool(_ALIKE[datatype](text)))
