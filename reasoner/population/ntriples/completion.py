"""What the compiled contract says of a whole block: how many values there may be, and what rules add.

SHACL shapes and rules (https://www.w3.org/TR/shacl/, https://www.w3.org/TR/shacl-af/#rules) in the fragment of
`reasoner.records.contract`, over columns. Rules are basic graph patterns, patterns that may not match, and groups with
exactly one match: joins of the patterns' rows.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from reasoner.population.ntriples.classifier import TripleClassifier
from reasoner.population.ntriples.triple_block import Codes, Flags, Positions, TripleBlock
from reasoner.records.conform import passes, term_of
from reasoner.records.contract import All, CountShape, Pattern, Rule, Target

#: What a pattern matches: for each variable a column of codes.
Match = dict[str, Codes]


def complete(block: TripleBlock, classifier: TripleClassifier) -> None:
    """Add what rules give; leave to the reference who has too few or too many values of a property somewhere."""
    for shape in classifier.contract.counts:
        _count_values(block, shape)
    while sum(_apply(block, rule) for rule in classifier.contract.rules):
        pass
    for name in classifier.single:
        block.refer(block.root[np.flatnonzero(values_of(block, block.rows(name)) > 1)])


def values_of(block: TripleBlock, rows: Positions) -> Positions:
    """How many different values each node has in these rows, which are of one predicate."""
    found = np.bincount(block.subject[rows], minlength=block.count)
    if (found > 1).any():  # equal triples may stand twice
        width = np.int64(len(block.pair_object))
        found = np.bincount(np.unique(block.subject[rows] * width + block.pair[rows]) // width, minlength=block.count)
    return found


# -- shapes that count --


def _count_values(block: TripleBlock, shape: CountShape) -> None:
    rows = block.rows(f"<{shape.path}>")
    sure, maybe = _passing(block, shape, rows)
    high = len(rows) if shape.high is None else shape.high
    many = values_of(block, maybe) > high if len(maybe) > high else np.zeros(block.count, bool)
    if shape.low > 0 or many.any():
        wrong = _focus(block, shape.targets) & (many | (values_of(block, sure) < shape.low))
        block.refer(block.root[np.flatnonzero(wrong)])
        _refer_naming(block, shape, wrong)


def _passing(block: TripleBlock, shape: CountShape, rows: Positions) -> tuple[Positions, Positions]:
    """The rows whose value certainly counts, and those whose value may."""
    if shape.test == All(()):
        return rows, rows
    values = block.objects(rows)
    sure, maybe = np.zeros(block.count, bool), np.zeros(block.count, bool)
    for code in np.unique(values).tolist():
        verdict = passes(shape.test, term_of(block.term(code)))
        sure[code], maybe[code] = verdict is True, verdict is not False
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
                focus |= block.kind == block.codes.get(f"<{iri}>", block.count)
            else:
                rows = block.rows(f"<{iri}>")
                focus[block.subject[rows] if target.kind == "subjects" else block.objects(rows)] = True
    return focus


# -- rules --


def _apply(block: TripleBlock, rule: Rule) -> bool:
    """Add what one rule gives; whether that was anything new."""
    found = _matches(block, rule)
    if found.is_empty():
        return False
    grown = False
    for give in rule.give:
        subject = found[give.subject].to_numpy()
        value = found[give.object].to_numpy() if not give.values else np.int32(block.codes[f"<{give.values[0]}>"])
        grown |= block.add(subject, f"<{give.predicate}>", np.broadcast_to(value, subject.shape))
    return grown


def _matches(block: TripleBlock, rule: Rule) -> pl.DataFrame:
    """What a rule's match fits: one column of codes for each variable of its match."""
    found = _joined(block, rule.match)
    for absent in rule.absent:
        if not found.is_empty():
            denied = _joined(block, absent)
            found = found.join(denied, on=_shared(found, denied), how="anti")
    if rule.sole and not found.is_empty():
        group, one = rule.sole
        found = found.unique().group_by(group).agg(pl.col(one).first(), pl.len().alias("#"))
        found = found.filter(pl.col("#") == 1).drop("#")
    return found


def _joined(block: TripleBlock, patterns: Sequence[Pattern]) -> pl.DataFrame:
    """The natural join of what the patterns match: from the smallest on, always the smallest that it shares with."""
    left = [pl.DataFrame(match) for match in _reduced(block, [_match(block, pattern) for pattern in patterns])]
    found = left.pop(min(range(len(left)), key=lambda i: left[i].height))
    while left:
        after = left.pop(min(range(len(left)), key=lambda i: (not _shared(found, left[i]), left[i].height)))
        shared = _shared(found, after)
        found = found.join(after, on=shared) if shared else found.join(after, how="cross")
    return found


def _match(block: TripleBlock, pattern: Pattern) -> Match:
    """What one pattern matches."""
    rows = block.rows(f"<{pattern.predicate}>")
    subjects, objects = block.subject[rows], block.objects(rows)
    if pattern.values:
        names = (f"<{value}>" for value in pattern.values)
        among = block.flags([block.codes[name] for name in names if name in block.codes])
        return {pattern.subject: subjects[among[objects]]}
    if pattern.object == pattern.subject:
        return {pattern.subject: subjects[subjects == objects]}
    return {pattern.subject: subjects, pattern.object: objects}


def _reduced(block: TripleBlock, matches: list[Match]) -> list[Match]:
    """The same without rows whose value of a variable another pattern does not have: mostly nothing is left to join."""
    for name in {name: None for match in matches for name in match}:
        common = np.logical_and.reduce([block.flags(match[name]) for match in matches if name in match])
        for match in matches:
            if name in match:
                kept = common[match[name]]
                match.update({other: codes[kept] for other, codes in match.items()})
    return matches


def _shared(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    return [name for name in one.columns if name in other.columns]
