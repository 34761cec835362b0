"""What a record's values say only jointly, and facts of single classes and thresholds would lose.

Facts are about one class of one property, or one threshold, at a time. Two bounds that no number meets, two values of
a functional property, and two classes of one node that an axiom joins are looked for here, before facts are made.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reasoner.errors import ContradictionError, Problem, RecordError
from reasoner.logic.compiled import Compiled
from reasoner.logic.facts import Observation

ByPath = dict[tuple[str, ...], list[Observation]]


def refuse_contradictions(compiled: Compiled, observations: Sequence[Observation]) -> None:
    """Raises ContradictionError for values that exclude each other, RecordError for classes that an axiom joins."""
    numbers, values, classes = ByPath(), ByPath(), ByPath()
    of_kind = {"number": numbers, "value": values, "class": classes}
    for observation in observations:
        path, kind, _, present, *_ = observation
        if present:
            of_kind[kind].setdefault(path, []).append(observation)
    for problem in (*_bounds(numbers), *_values(compiled, values)):
        raise ContradictionError(problem)
    for problem in _classes(compiled, classes) if compiled.joined else ():
        raise RecordError(problem)


def _bounds(found: ByPath) -> Iterator[Problem]:
    for path, numbers in found.items():
        low = max((o.low for o in numbers if o.low is not None), default=None)
        high = min((o.high for o in numbers if o.high is not None), default=None)
        if low is not None and high is not None and low > high:
            what = f"{path[-1]} is at least {low} and at most {high}"
            yield Problem("contradictory-record", what, "correct the record: at least one of them is wrong")


def _values(compiled: Compiled, found: ByPath) -> Iterator[Problem]:
    for path, values in found.items():
        if len(values) == 1:
            continue
        names = sorted({o.target for o in values})
        functional = path[-1] in compiled.properties and compiled.properties[path[-1]].functional
        if functional and any(frozenset((a, b)) in compiled.different_pairs for a in names for b in names if a < b):
            what = f"{path[-1]} has one value and is {' and '.join(names)}"
            yield Problem("contradictory-record", what, "correct the record: at least one of them is wrong")


def _classes(compiled: Compiled, found: ByPath) -> Iterator[Problem]:
    """Classes of one node that an axiom joins; under a functional property the theory joins them itself."""
    for path, typed in found.items():
        alone = len({o.source for o in typed}) == len(typed)
        if alone or compiled.properties[path[-1]].functional:
            continue
        for source in sorted({o.source for o in typed}):
            names = sorted({o.target for o in typed if o.source == source})
            above = {iri for name in names for iri in compiled.broader.get(name, (name,))}
            if len(names) > 1 and any(set(joined) <= above for joined in compiled.joined):
                what = f"one node is {' and '.join(names)}, and an axiom says what follows from them together"
                yield Problem("classes-together", what, "give the node the one class that holds, or record two nodes",
                              node=source)  # fmt: skip
