"""Records in one store of Oxigraph, for constraints and rules that are queries.

As the reference does it (`reasoner.records.reference_rules`): the store holds the records, the taxonomy of the
guideline and the as-of date. Whatever the reference might read otherwise raises NeedsReferenceError.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date

import pyoxigraph as ox

from reasoner.records.canonical import to_oxigraph
from reasoner.records.constraints import Needs
from reasoner.records.contract import TYPE, WELL_FORMED, Contract
from reasoner.records.nodes import XSD_STRING, LiteralTerm, NeedsReferenceError, Nodes, Term, Triple, triples
from reasoner.records.vocabulary import AS_OF, AS_OF_DATE, TAXONOMY

_XSD = "http://www.w3.org/2001/XMLSchema#"

#: The literals, besides strings, that all libraries write alike: of others some change the form.
_ALIKE: dict[str, Callable[[str], object]] = {
    f"{_XSD}integer": re.compile("-?[1-9][0-9]{0,30}|0").fullmatch,
    f"{_XSD}decimal": re.compile(r"(?!-0$)-?(?:[1-9][0-9]{0,19}|0)(?:\.[0-9]{0,17}[1-9])?").fullmatch,
    f"{_XSD}boolean": re.compile("true|false").fullmatch,
    **{f"{_XSD}{name}": WELL_FORMED[f"{_XSD}{name}"] for name in ("date", "gYearMonth", "gYear")},
}


class RecordStore:
    """The records of some patients with the taxonomy of the guideline and the as-of date."""

    def __init__(self, taxonomy: Sequence[ox.Quad], nodes: Nodes, among: Iterable[str], as_of: date) -> None:
        self._store = ox.Store()
        self._store.bulk_extend(taxonomy)
        self.add((AS_OF, AS_OF_DATE, LiteralTerm(as_of.isoformat(), f"{_XSD}date")))
        self._store.bulk_extend(_quad(triple) for triple in triples(nodes, among))

    def add(self, triple: Triple) -> None:
        """Add a triple."""
        self._store.add(_quad(triple))

    def remove(self, nodes: Nodes, among: Iterable[str]) -> None:
        """Take out the statements about some nodes."""
        for triple in triples(nodes, among):
            self._store.remove(_quad(triple))

    def select(self, text: str) -> list[str]:
        """The `?value` of each solution of a query; '' where there is none."""
        found = self._answer(text)
        if not isinstance(found, ox.QuerySolutions):
            raise NeedsReferenceError
        values = [solution["value"] for solution in found]
        return ["" if value is None else str(_plain(value)) for value in values]

    def construct(self, text: str) -> list[Triple]:
        """The triples that a query gives."""
        found = self._answer(text)
        if not isinstance(found, ox.QueryTriples):
            raise NeedsReferenceError
        return [(str(_plain(t.subject)), t.predicate.value, _plain(t.object)) for t in found]

    def _answer(self, text: str) -> object:
        try:
            return self._store.query(text)
        except (SyntaxError, ValueError, OSError, RuntimeError) as error:
            raise NeedsReferenceError from error


class Constraints:
    """The constraints of a guideline that are queries."""

    def __init__(self, contract: Contract, needs: Needs) -> None:
        self._selects = [(select.text, needs.of(select.needs)) for select in contract.selects]
        self._terms = frozenset(term for select in contract.selects for term in select.terms)

    def violators(
        self, store: RecordStore, nodes: Nodes, groups: Mapping[str, Sequence[str]], satisfied: int
    ) -> set[str]:
        """The patients of `groups` who may not conform, where all of them together satisfy the needs `satisfied`.

        Raises NeedsReferenceError for a fault that is of no patient.
        """
        owners = {node: patient for patient, group in groups.items() for node in group}
        found = {owners.get(node, "") for text, needs in self._selects if needs & satisfied == needs
                 for node in store.select(text)}  # fmt: skip
        if "" in found:
            raise NeedsReferenceError
        return found | {patient for patient, group in groups.items() if self._may_differ(nodes, group)}

    def _may_differ(self, nodes: Nodes, group: Iterable[str]) -> bool:
        """Whether a constraint may see a value of some nodes whose text is another in another library."""
        return any(not all(map(_has_one_text, nodes[node][p]))
                   for node in group for p in self._terms & nodes[node].keys() if p != TYPE)  # fmt: skip


def taxonomy_quads(taxonomy: Iterable[tuple[str, str, str]]) -> list[ox.Quad]:
    """The part of a guideline's ontology that queries see."""
    return [_quad(triple) for triple in taxonomy if triple[1] in TAXONOMY]


def _quad(triple: Triple) -> ox.Quad:
    s, p, o = triple
    return ox.Quad(to_oxigraph(s), ox.NamedNode(p), to_oxigraph(o))  # type: ignore[arg-type]


def _plain(term: object) -> Term:
    """The same term as plain text. Raises NeedsReferenceError for a literal that some library may write otherwise."""
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, ox.Literal) and not term.language and is_alike(term.value, term.datatype.value):
        return LiteralTerm(term.value, term.datatype.value)
    raise NeedsReferenceError


def _has_one_text(term: Term) -> bool:
    if isinstance(term, LiteralTerm):
        return not term.language and is_alike(term.value, term.datatype)
    return term[0] != "_"


def is_alike(text: str, datatype: str) -> bool:
    """Whether all libraries certainly write a literal so."""
    return datatype == XSD_STRING or (datatype in _ALIKE and bool(_ALIKE[datatype](text)))
