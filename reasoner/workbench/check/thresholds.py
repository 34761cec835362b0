"""The numbers of definitions: each threshold is written once, and a label does not give another number."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from rdflib import OWL, RDFS, XSD, Literal
from rdflib.term import Node

from reasoner.rdf import Triple
from reasoner.workbench.check.files import Sources
from reasoner.workbench.finding import Finding

_FACETS = (XSD.minInclusive, XSD.minExclusive, XSD.maxInclusive, XSD.maxExclusive)
_NUMBER = re.compile(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.]*\w)")


@dataclass(frozen=True)
class StatedNumber:
    """A number of a definition: the class that it defines, the quantity that it cuts, and where it stands."""

    cls: Node
    quantity: Node
    number: Decimal
    triple: Triple


def stated_numbers(sources: Sources) -> list[StatedNumber]:
    """The numbers of the ontologies' definitions, in the order of files and lines."""
    found = [_stated_number(sources, (s, p, o)) for p in _FACETS for s, o in sources.ontology.subject_objects(p)]
    return sorted((one for one in found if one is not None), key=lambda one: sources.position(one.triple))


def _stated_number(sources: Sources, triple: Triple) -> StatedNumber | None:
    above = list(sources.above(triple[0]))
    quantity = next((q for node in above if (q := sources.ontology.value(node, OWL.onProperty)) is not None), None)
    try:
        number = Decimal(str(triple[2]))
    except InvalidOperation:  # the fragment refuses it
        return None
    return StatedNumber(above[-1], quantity, number, triple) if quantity is not None else None


def check_numbers(sources: Sources) -> Iterator[Finding]:
    """Numbers that stand in two definitions, and labels that give another number than the definition."""
    found = stated_numbers(sources)
    first: dict[tuple[Node, Decimal], StatedNumber] = {}
    for one in found:
        earlier = first.setdefault((one.quantity, one.number), one)
        if earlier is not one:
            yield _twice(sources, one, earlier)
    by_class: dict[Node, list[StatedNumber]] = defaultdict(list)
    for one in found:
        by_class[one.cls].append(one)
    for cls, own in by_class.items():
        yield from _labels(sources, cls, own)


def _twice(sources: Sources, one: StatedNumber, earlier: StatedNumber) -> Finding:
    file, line = sources.position(earlier.triple)
    what = (f"the threshold {one.number} on {sources.name(one.quantity)} stands in {sources.name(one.cls)} and also in "
            f"{sources.name(earlier.cls)} ({file}:{line})")  # fmt: skip
    remedy = f"name {sources.name(earlier.cls)}, or its complement, instead of writing the number again"
    return sources.finding("threshold-twice", what, remedy, one.triple)


def _labels(sources: Sources, cls: Node, own: list[StatedNumber]) -> Iterator[Finding]:
    numbers = {one.number for one in own}
    for label in sources.ontology.objects(cls, RDFS.label):
        in_label = {Decimal(number) for number in _NUMBER.findall(str(label))}
        if isinstance(label, Literal) and in_label and not in_label & numbers:
            shown = ", ".join(sorted(map(str, numbers)))
            what = f"the label “{label}” of {sources.name(cls)} gives another number than its definition, {shown}"
            yield sources.finding("label-number", what, "correct the one that is wrong", (cls, RDFS.label, label))
