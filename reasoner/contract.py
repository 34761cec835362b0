"""What a record must keep, and what follows from it, compiled from SHACL shapes and rules: as data.

Record shapes (https://www.w3.org/TR/shacl/) become tests of values and counts at the nodes of a record; SPARQL rules
(https://www.w3.org/TR/shacl-af/#rules) become patterns over its triples. What lies outside this fragment stands as a
`Beyond`: a record that may be touched by it is read by the reference, pySHACL, and so is one that fails a test, so
that every refusal is the reference's own. A record that passes all tests conforms.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

# -- tests of one term --


@dataclass(frozen=True)
class OfKind:
    """The term is of one of the kinds `iri`, `blank`, `literal`."""

    kinds: tuple[str, ...]


@dataclass(frozen=True)
class OfDatatype:
    """The term is a literal of this datatype."""

    datatype: str


@dataclass(frozen=True)
class Matches:
    """The lexical form of a literal, or the IRI, contains a match of the regular expression."""

    pattern: str


@dataclass(frozen=True)
class Between:
    """The term is a numeric literal between two bounds; None is no bound."""

    low: Decimal | None
    low_strict: bool
    high: Decimal | None
    high_strict: bool


@dataclass(frozen=True)
class Among:
    """The term is one of these IRIs."""

    iris: tuple[str, ...]


@dataclass(frozen=True)
class InClass:
    """The term is one of `members`, or a node of the record with a type among `classes`."""

    classes: tuple[str, ...]
    members: tuple[str, ...]


@dataclass(frozen=True)
class All:
    """The term passes every test."""

    parts: tuple[Test, ...]


@dataclass(frozen=True)
class AnyOf:
    """The term passes one of the tests."""

    parts: tuple[Test, ...]


@dataclass(frozen=True)
class Fails:
    """The term does not pass the test."""

    part: Test


Test = OfKind | OfDatatype | Matches | Between | Among | InClass | All | AnyOf | Fails

# -- shapes --


@dataclass(frozen=True)
class Target:
    """The nodes that a shape looks at.

    `kind` is `class` (nodes with a type among `iris`), `subjects` or `objects` (of a triple with a property of them).
    """

    kind: str
    iris: tuple[str, ...]


@dataclass(frozen=True)
class ValueShape:
    """A shape: at each node of the target, every value of `path` (of '' the node itself) passes the test."""

    shape: str
    targets: tuple[Target, ...]
    path: str
    test: Test


@dataclass(frozen=True)
class CountShape:
    """A shape: at each node of the target, `low` to `high` (None: any number) values of `path` pass the test."""

    shape: str
    targets: tuple[Target, ...]
    path: str
    test: Test
    low: int
    high: int | None


@dataclass(frozen=True)
class Beyond:
    """A shape or rule outside the fragment.

    It touches a record in which of each of the sets `needs` some property or type (or one above it) occurs; with no
    set, every record.
    """

    shape: str
    needs: tuple[tuple[str, ...], ...]


# -- rules --


@dataclass(frozen=True)
class Pattern:
    """A triple pattern; a variable begins with `?`.

    `subject` is a variable. `predicate` is an IRI. `values` are the IRIs that the object may be, where it is not the
    variable `object`: one IRI as the query has it, or a class and all below it.
    """

    subject: str
    predicate: str
    object: str
    values: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A rule: where `match` fits and none of `absent` does, `give` is added.

    With `sole`, a pair of variables (each, one): only where for each value of the first there is exactly one match,
    which gives the value of the second.
    """

    shape: str
    order: float
    needs: tuple[tuple[str, ...], ...]
    match: tuple[Pattern, ...]
    absent: tuple[tuple[Pattern, ...], ...]
    sole: tuple[str, ...]
    give: tuple[Pattern, ...]


@dataclass(frozen=True)
class Vocabulary:
    """The terms that a record may use: what it says in the guideline's namespaces has to be among them.

    `stems` are the namespaces as `reasoner.record` compares them; `terms` everything that the guideline declares.
    """

    stems: tuple[str, ...]
    properties: tuple[str, ...]
    classes: tuple[str, ...]
    terms: tuple[str, ...]
    node_properties: tuple[str, ...]


@dataclass(frozen=True)
class Contract:
    """Everything that decides whether a record can be read without the reference, and what follows from it.

    `above` are for each class and property those above it, itself left out.
    """

    vocabulary: Vocabulary
    checks: tuple[ValueShape, ...]
    counts: tuple[CountShape, ...]
    rules: tuple[Rule, ...]
    beyond: tuple[Beyond, ...]
    above: dict[str, tuple[str, ...]]
