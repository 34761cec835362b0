"""Records in one store of Oxigraph, for constraints and rules that are queries.

As the reference does it (`reasoner.records.reference_rules`): the store holds the records, the taxonomy of the
guideline and the as-of date. Whatever the reference might read otherwise raises NeedsReferenceError.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import TypeVar

import pyoxigraph as ox

from reasoner.records.canonical import to_oxigraph
from reasoner.records.constraints import Needs
from reasoner.records.contract import Contract
from reasoner.records.nodes import LiteralTerm, NeedsReferenceError, Nodes, Term, Triple, triples
from reasoner.records.vocabulary import AS_OF, AS_OF_DATE, TAXONOMY

T = TypeVar("T")

_XSD = "http://www.w3.org/2001/XMLSchema#"


class RecordStore:
    """The records of some patients with the taxonomy of the guideline and the as-of date."""

    def __init__(self, taxonomy: Sequence[ox.Quad], nodes: Nodes, among: Iterable[str], as_of: date) -> None:
        self._store = ox.Store()
        dated = AS_OF, AS_OF_DATE, LiteralTerm(as_of.isoformat(), f"{_XSD}date")
        self._store.bulk_extend([*taxonomy, *map(_quad, [dated, *triples(nodes, among)])])

    def add(self, found: Iterable[Triple]) -> None:
        """Add triples."""
        self._store.extend(map(_quad, found))

    def remove(self, nodes: Nodes, among: Iterable[str]) -> None:
        """Take out the statements about some nodes."""
        for triple in triples(nodes, among):
            self._store.remove(_quad(triple))

    def select(self, text: str) -> list[str]:
        """The `?value` of each solution of a query; '' where there is none."""
        found = self._asked(solutions, text)
        return ["" if value is None else str(_plain(value)) for row in found for value in [row["value"]]]

    def construct(self, text: str) -> list[Triple]:
        """The triples that a query gives."""
        found = self._asked(constructed, text)
        return [(str(_plain(t.subject)), t.predicate.value, _plain(t.object)) for t in found]

    def _asked(self, ask: Callable[[ox.Store, str], list[T] | None], text: str) -> list[T]:
        try:
            found = ask(self._store, text)
        except (SyntaxError, ValueError, OSError, RuntimeError):
            found = None
        if found is None:
            raise NeedsReferenceError
        return found


def solutions(store: ox.Store, text: str) -> list[ox.QuerySolution] | None:
    """The solutions of a SELECT; None where the query is none.

    Oxigraph's own answer may be dropped by its thread alone, and so it is in no frame from which something is raised.
    """
    found = store.query(text)
    return list(found) if isinstance(found, ox.QuerySolutions) else None


def constructed(store: ox.Store, text: str) -> list[ox.Triple] | None:
    """The triples of a CONSTRUCT; None where the query is none."""
    found = store.query(text)
    return list(found) if isinstance(found, ox.QueryTriples) else None


class Constraints:
    """The constraints of a guideline that are queries."""

    def __init__(self, contract: Contract, needs: Needs) -> None:
        self._selects = [(select.text, needs.of(select.needs)) for select in contract.selects]

    def violators(self, store: RecordStore, groups: Mapping[str, Sequence[str]], satisfied: int) -> set[str]:
        """The patients of `groups` who may not conform, where all of them together satisfy the needs `satisfied`.

        Raises NeedsReferenceError for a fault that is of no patient.
        """
        owners = {node: patient for patient, group in groups.items() for node in group}
        found = {owners.get(node, "") for text, needs in self._selects if needs & satisfied == needs
                 for node in store.select(text)}  # fmt: skip
        if "" in found:
            raise NeedsReferenceError
        return found


def taxonomy_quads(taxonomy: Iterable[tuple[str, str, str]]) -> list[ox.Quad]:
    """The part of a guideline's ontology that queries see."""
    return [_quad(triple) for triple in taxonomy if triple[1] in TAXONOMY]


def _quad(triple: Triple) -> ox.Quad:
    s, p, o = triple
    return ox.Quad(to_oxigraph(s), ox.NamedNode(p), to_oxigraph(o))  # type: ignore[arg-type]


def _plain(term: object) -> Term:
    """The same term as plain text. Raises NeedsReferenceError for a literal with a language."""
    if isinstance(term, ox.NamedNode):
        return term.value
    if isinstance(term, ox.BlankNode):
        return f"_:{term.value}"
    if isinstance(term, ox.Literal) and not term.language:
        return LiteralTerm(term.value, term.datatype.value)
    raise NeedsReferenceError
