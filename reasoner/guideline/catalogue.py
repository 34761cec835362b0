"""What a guideline says besides its logic: management classes, recommendations, statements, citations, readings."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from msgspec import Struct

from reasoner.terms import local_name


class Statement(Struct, frozen=True):
    """One statement of the guideline's text, and the numbers that it cites."""

    iri: str
    identifier: str
    section: str
    position: int
    paraphrase: str
    citations: tuple[str, ...]


class Recommendation(Struct, frozen=True):
    """What the guideline says of one action."""

    iri: str
    action: str
    strength: str
    text: str
    statements: tuple[str, ...]


class ManagementClass(Struct, frozen=True):
    """A class for whose patients the guideline says something."""

    iri: str
    restriction: bool
    scope_exit: bool
    recommendations: tuple[Recommendation, ...]
    diagnoses: tuple[str, ...]


class Reading(Struct, frozen=True):
    """A reading that the text does not force."""

    iri: str
    identifier: str
    question: str
    chosen: str


class Catalogue(Struct, frozen=True):
    """Everything of a guideline that answers quote, by IRI.

    `management` stands in reading order. `warrants` gives the statements of a class in text order, `informs` those
    that only give context. `closable` gives, for each act that unrecorded means absent, the readings that say so,
    and `suggests` the findings, present or absent, that are seldom known without it.
    `units` gives the UCUM code of a quantity. `bounds` gives, for each property that states a bound, the quantity and
    the side: `low` or `high`.
    """

    labels: Mapping[str, str]
    definitions: Mapping[str, str]
    management: tuple[ManagementClass, ...]
    red_flags: tuple[str, ...]
    statements: Mapping[str, Statement]
    warrants: Mapping[str, tuple[str, ...]]
    informs: Mapping[str, tuple[str, ...]]
    readings: Mapping[str, Reading]
    assumes: Mapping[str, tuple[str, ...]]
    closable: Mapping[str, tuple[str, ...]]
    suggests: Mapping[str, tuple[tuple[str, bool], ...]]
    negations: Mapping[str, str]
    units: Mapping[str, str]
    bounds: Mapping[str, tuple[str, str]]
    references: Mapping[str, str]
    scope_notes: tuple[str, ...]

    def citations(self, statements: Iterable[str]) -> tuple[str, ...]:
        """The numbers that `statements` cite, each once, in order."""
        numbers = {number for iri in statements for number in self.statements[iri].citations}
        return tuple(sorted(numbers, key=numeric))

    def in_text_order(self, statements: Iterable[str]) -> tuple[str, ...]:
        """`statements`, each once, as they stand in the text."""
        return tuple(sorted(set(statements), key=lambda iri: (self.statements[iri].position, iri)))

    def numbered(self, readings: Iterable[str]) -> tuple[str, ...]:
        """`readings`, each once, by their identifiers."""
        order = {iri: self.readings[iri].identifier for iri in readings}
        return tuple(sorted(order, key=lambda iri: (len(order[iri]), order[iri])))

    def label(self, iri: str) -> str:
        """The English label of a term; its local name where it has none."""
        return self.labels.get(iri, local_name(iri))


def numeric(number: str) -> tuple[int, str]:
    """The key by which citation numbers are sorted; what is no number comes last."""
    return (int(number) if number.isdigit() else 10**6), number
