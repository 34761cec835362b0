"""What a record must keep, and what follows from it, compiled from SHACL shapes and rules: as data.

Record shapes (https://www.w3.org/TR/shacl/) become tests of values and counts at the nodes of a record; SPARQL rules
(https://www.w3.org/TR/shacl-af/#rules) become patterns over its triples. What lies outside this fragment stands as a
`Beyond`: a record that may be touched by it is read by the reference, pySHACL, and so is one that fails a test, so
that every refusal is the reference's own. A record that passes all tests conforms.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal
from math import inf

from msgspec import Struct

TYPE = "http://www.w3.org/1999/02/22-rdf-syntax-ns#type"
PATIENT = "https://w3id.org/guideproof/core#Patient"
_XSD = "http://www.w3.org/2001/XMLSchema#"

# -- literals --


def _like(pattern: str) -> Callable[[str], bool]:
    return lambda text: len(text) <= _LONGEST and re.fullmatch(pattern, text) is not None


def _is_day(text: str) -> bool:
    try:
        return re.fullmatch("[0-9]{4}-[0-9]{2}-[0-9]{2}", text) is not None and bool(date.fromisoformat(text))
    except ValueError:
        return False


#: Longer numbers are left to the reference.
_LONGEST = 100

_FLOATING = _like(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]{1,3})?")

#: The datatypes whose literals may be ill-formed, each with a test that no ill-formed one passes.
WELL_FORMED: dict[str, Callable[[str], bool]] = {
    f"{_XSD}boolean": _like("true|false|0|1"),
    f"{_XSD}integer": _like("[+-]?[0-9]+"),
    f"{_XSD}decimal": _like(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)"),
    f"{_XSD}double": _FLOATING,
    f"{_XSD}float": _FLOATING,
    f"{_XSD}date": _is_day,
    f"{_XSD}gYearMonth": lambda text: _is_day(f"{text}-01"),
    f"{_XSD}gYear": lambda text: _is_day(f"{text}-01-01"),
}

#: The datatypes that are compared as numbers; a floating one as the number that its binary form is.
NUMBERS: dict[str, Callable[[str], Decimal]] = {
    f"{_XSD}integer": Decimal,
    f"{_XSD}decimal": Decimal,
    f"{_XSD}double": lambda text: Decimal(float(text)),
    f"{_XSD}float": lambda text: Decimal(float(text)),
}


def stem(iri: str) -> str:
    """A namespace without what people get wrong about it: scheme, case, and the last separator."""
    namespace = iri[: len(iri) - len(iri.rsplit("#", 1)[-1].rsplit("/", 1)[-1])]
    return namespace.rstrip("#/").lower().removeprefix("https://").removeprefix("http://")


# -- tests of one term --


class OfKind(Struct, frozen=True, tag=True):
    """The term is of one of the kinds `iri`, `blank`, `literal`."""

    kinds: tuple[str, ...]


class OfDatatype(Struct, frozen=True, tag=True):
    """The term is a literal of this datatype, and well-formed where the datatype is one of `WELL_FORMED`."""

    datatype: str


class Matches(Struct, frozen=True, tag=True):
    """The lexical form of a literal, or the IRI, contains a match of the regular expression."""

    pattern: str


class Between(Struct, frozen=True, tag=True):
    """The term is a well-formed literal of one of `NUMBERS` between two bounds; None is no bound."""

    low: Decimal | None
    low_strict: bool
    high: Decimal | None
    high_strict: bool


class Among(Struct, frozen=True, tag=True):
    """The term is one of these IRIs."""

    iris: tuple[str, ...]


class InClass(Struct, frozen=True, tag=True):
    """The term is one of `members`, or a node of the record with a type among `classes`."""

    classes: tuple[str, ...]
    members: tuple[str, ...]


class All(Struct, frozen=True, tag=True):
    """The term passes every test."""

    parts: tuple[Test, ...]


class AnyOf(Struct, frozen=True, tag=True):
    """The term passes one of the tests."""

    parts: tuple[Test, ...]


class Fails(Struct, frozen=True, tag=True):
    """The term does not pass the test."""

    part: Test


Test = OfKind | OfDatatype | Matches | Between | Among | InClass | All | AnyOf | Fails

# -- shapes --


class Target(Struct, frozen=True):
    """The nodes that a shape looks at.

    `kind` is `class` (nodes with a type among `iris`), `subjects` or `objects` (of a triple with a property of them).
    """

    kind: str
    iris: tuple[str, ...]


class ValueShape(Struct, frozen=True):
    """A shape: at each node of the target, every value of `path` (of '' the node itself) passes the test."""

    shape: str
    targets: tuple[Target, ...]
    path: str
    test: Test

    @property
    def holds_up_to(self) -> float:
        """The largest number of values for which it holds whatever the values are; -1 where the values decide."""
        return -1

    def holds(self, found: Sequence[bool | None]) -> bool:
        """Whether it certainly holds of values with these verdicts (None: unsure)."""
        return all(found)


class CountShape(Struct, frozen=True):
    """A shape: at each node of the target, `low` to `high` (None: any number) values of `path` pass the test."""

    shape: str
    targets: tuple[Target, ...]
    path: str
    test: Test
    low: int
    high: int | None

    @property
    def holds_up_to(self) -> float:
        """As of `ValueShape`."""
        return -1 if self.low else inf if self.high is None else self.high

    def holds(self, found: Sequence[bool | None]) -> bool:
        """As of `ValueShape`."""
        passing = found.count(True)
        return self.low <= passing and (self.high is None or passing + found.count(None) <= self.high)


Shape = ValueShape | CountShape


class Beyond(Struct, frozen=True):
    """A shape or rule outside the fragment.

    It touches a record in which of each of the sets `needs` some property or type (or one above it) occurs; with no
    set, every record.
    """

    shape: str
    needs: tuple[tuple[str, ...], ...]


# -- rules --


class Pattern(Struct, frozen=True):
    """A triple pattern; a variable begins with `?`.

    `subject` is a variable. `predicate` is an IRI. `values` are the IRIs that the object may be, where it is not the
    variable `object`: one IRI as the query has it, or a class and all below it.
    """

    subject: str
    predicate: str
    object: str
    values: tuple[str, ...] = ()


class Rule(Struct, frozen=True):
    """A rule: where `match` fits and none of `absent` does, `give` is added.

    With `sole`, a pair of variables (each, one): only where for each value of the first there is exactly one match,
    which gives the value of the second. The subjects of all patterns belong to one patient. Where a variable that
    stands in several places would be a literal, the reference decides: stores differ in what they call equal.
    """

    shape: str
    order: float
    needs: tuple[tuple[str, ...], ...]
    match: tuple[Pattern, ...]
    absent: tuple[tuple[Pattern, ...], ...]
    sole: tuple[str, ...]
    give: tuple[Pattern, ...]


class Query(Struct, frozen=True):
    """The query of a shape that goes over the whole data from the node with the as-of date, ready for Oxigraph.

    Of a constraint it selects a `?value` for each fault, of a rule it constructs what follows. `terms` are the IRIs
    that it asks about; `gives` are the properties, and the classes of nodes, that the rule named
    `rule` adds. `fault` is what is wrong where that contradicts a record: code, message and remedy.
    """

    shape: str
    order: float
    needs: tuple[tuple[str, ...], ...]
    text: str
    terms: tuple[str, ...]
    rule: str = ""
    gives: tuple[str, ...] = ()
    fault: tuple[str, str, str] | None = None


class Vocabulary(Struct, frozen=True):
    """The terms that a record may use: what it says in the guideline's namespaces has to be among them.

    `stems` are the namespaces as `record` compares them; `terms` everything that the guideline declares.
    """

    stems: tuple[str, ...]
    properties: tuple[str, ...]
    classes: tuple[str, ...]
    terms: tuple[str, ...]
    node_properties: tuple[str, ...]


class Contract(Struct, frozen=True):
    """Everything that decides whether a record can be read without the reference, and what follows from it.

    `above` are for each class and property those above it, itself left out. `selects` are constraints and `constructs`
    rules that go over the whole data; these in the order in which they run, and those that are compiled too.
    """

    vocabulary: Vocabulary
    checks: tuple[ValueShape, ...]
    counts: tuple[CountShape, ...]
    rules: tuple[Rule, ...]
    beyond: tuple[Beyond, ...]
    above: dict[str, tuple[str, ...]]
    selects: tuple[Query, ...] = ()
    constructs: tuple[Query, ...] = ()
