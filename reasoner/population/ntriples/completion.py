"""What the compiled contract says of a whole block: how many values there may be, and what rules add.

SHACL shapes and rules (https://www.w3.org/TR/shacl/, https://www.w3.org/TR/shacl-af/#rules) in the fragment of
`reasoner.records.contract`, over columns.
"""

from __future__ import annotations

import numpy as np

from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.matching import matches
from reasoner.population.ntriples.triple_block import TYPE, Codes, Flags, Positions, TripleBlock
from reasoner.records.contract import All, CountShape, Rule, Target


def complete(block: TripleBlock, classifier: TripleClassifier) -> None:
    """Add what rules give; leave to the reference who has too few or too many values of a property somewhere."""
    for shape in classifier.contract.counts:
        _count_values(block, classifier, shape)
    grown = True
    while grown:
        grown = any([_apply(block, rule) for rule in classifier.contract.rules])  # noqa: C419 - every rule runs
    for name in classifier.single:
        block.refer(block.root[np.flatnonzero(values_of(block, block.rows(name)) > 1)])


def values_of(block: TripleBlock, rows: Positions) -> Positions:
    """How many different values each node has in these rows, which are of one predicate."""
    found = np.bincount(block.subject[rows], minlength=block.count)
    if (found > 1).any():
        several = rows[found[block.subject[rows]] > 1]
        keys = block.subject[several] * np.int64(len(block.pair_object)) + block.pair[several]
        first = np.unique(keys, return_index=True)[1]
        found[block.subject[several]] = 0
        found += np.bincount(block.subject[several[first]], minlength=block.count)
    return found


# -- shapes that count --


def _count_values(block: TripleBlock, classifier: TripleClassifier, shape: CountShape) -> None:
    rows = block.rows(f"<{shape.path}>")
    sure, maybe = _passing(block, classifier, shape, rows)
    high = len(rows) if shape.high is None else shape.high
    many = values_of(block, maybe) > high if len(maybe) > high else np.zeros(block.count, bool)
    if shape.low > 0 or many.any():
        wrong = _focus(block, shape.targets) & (many | (values_of(block, sure) < shape.low))
        block.refer(block.root[np.flatnonzero(wrong)])
        _refer_naming(block, shape, wrong)


def _passing(
    block: TripleBlock, classifier: TripleClassifier, shape: CountShape, rows: Positions
) -> tuple[Positions, Positions]:
    """The rows whose value certainly counts, and those whose value may."""
    if shape.test == All(()):
        return rows, rows
    values = block.objects(rows)
    sure, maybe = np.zeros(block.count, bool), np.zeros(block.count, bool)
    for code in np.unique(values).tolist():
        passes = classifier.counts(shape, block.term(code))
        sure[code], maybe[code] = passes is True, passes is not False
    return rows[sure[values]], rows[maybe[values]]


def _refer_naming(block: TripleBlock, shape: CountShape, wrong: Flags) -> None:
    """Leave to the reference those who name a node that is wrong, of which the block may say nothing."""
    for iri in {iri for target in shape.targets if target.kind == "objects" for iri in target.iris}:
        rows = block.rows(f"<{iri}>")
        block.refer(block.root[block.subject[rows[wrong[block.objects(rows)]]]])


def _focus(block: TripleBlock, targets: tuple[Target, ...]) -> Flags:
    """The nodes that a shape looks at."""
    focus = np.zeros(block.count, bool)
    for target in targets:
        for iri in target.iris:
            if target.kind == "class":
                code = block.type_code(f"<{iri}>")
                focus |= block.kind == code if code >= 0 else False
            else:
                rows = block.rows(f"<{iri}>")
                focus[block.subject[rows] if target.kind == "subjects" else block.objects(rows)] = True
    return focus


# -- rules --


def _apply(block: TripleBlock, rule: Rule) -> bool:
    """Add what one rule gives; whether that was anything new."""
    found = matches(rule, lambda predicate, values: _rows(block, predicate, values))
    if found.is_empty():
        return False
    grown = False
    for give in rule.give:
        subject = found[give.subject].to_numpy()
        value = found[give.object].to_numpy() if not give.values else np.int32(block.code(f"<{give.values[0]}>"))
        grown |= block.add(subject, f"<{give.predicate}>", np.broadcast_to(value, subject.shape))
    return grown


def _rows(block: TripleBlock, predicate: str, values: tuple[str, ...]) -> tuple[Codes, Codes]:
    """The subjects and objects of a predicate; of the objects those among `values` where there are any."""
    name = f"<{predicate}>"
    rows = block.rows(name)
    if values:
        code = block.type_code if name == TYPE else block.code
        among = np.zeros(block.count, bool)
        among[[found for value in values if (found := code(f"<{value}>")) >= 0]] = True
        rows = rows[among[block.objects(rows)]]
    return block.subject[rows], block.objects(rows)
