"""Matching the patterns of compiled rules against columns of triples, by joins.

SHACL rules (https://www.w3.org/TR/shacl-af/#rules) in the fragment of `reasoner.records.contract`: basic graph
patterns, patterns that may not match, and groups with exactly one match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import polars as pl

from reasoner.population.ntriples.triple_block import Codes
from reasoner.records.contract import Pattern, Rule

#: The subjects and objects of a predicate's triples; of the objects only those among the IRIs given.
Rows = Callable[[str, tuple[str, ...]], tuple[Codes, Codes]]
#: What a pattern matches: a column for each variable.
Match = dict[str, Codes]


def matches(rule: Rule, rows: Rows) -> pl.DataFrame:
    """What a rule's match fits: one column for each variable of its match."""
    found = _joined(rule.match, rows)
    for absent in rule.absent:
        denied = _joined(absent, rows) if not found.is_empty() else found
        if not denied.is_empty():
            found = found.join(denied, on=_shared(found, denied), how="anti")
    if rule.sole and not found.is_empty():
        group, one = rule.sole
        counted = found.unique().group_by(group).agg(pl.col(one).first(), pl.len().alias("#"))
        found = counted.filter(pl.col("#") == 1).drop("#")
    return found


def _joined(patterns: Sequence[Pattern], rows: Rows) -> pl.DataFrame:
    """The natural join of what the patterns match: from the smallest on, what makes the fewest rows next."""
    columns = _reduced([_match(pattern, rows) for pattern in patterns])
    left = sorted((pl.DataFrame(found) for found in columns), key=lambda frame: frame.height)
    if left[0].is_empty():
        names = {name for found in columns for name in found}
        return pl.DataFrame(schema=dict.fromkeys(sorted(names), pl.Int32))
    found = left.pop(0)
    while left:
        chosen = min(range(len(left)), key=lambda i: _growth(found, left[i])) if len(left) > 1 else 0
        after = left.pop(chosen)
        shared = _shared(found, after)
        found = found.join(after, on=shared, how="inner") if shared else found.join(after, how="cross")
    return found


def _match(pattern: Pattern, rows: Rows) -> Match:
    """What one pattern matches."""
    subjects, objects = rows(pattern.predicate, pattern.values)
    if pattern.values:
        return {pattern.subject: subjects}
    if pattern.object == pattern.subject:
        return {pattern.subject: subjects[subjects == objects]}
    return {pattern.subject: subjects, pattern.object: objects}


def _reduced(given: list[Match]) -> list[Match]:
    """The same without rows whose value of a variable another pattern does not have: mostly nothing is left to join."""
    found = list(given)
    for name in sorted({name for match in found for name in match}):
        having = [i for i, match in enumerate(found) if name in match]
        if len(having) == 1:
            continue
        size = 1 + max(int(found[i][name].max(initial=-1)) for i in having)
        having_it = np.zeros(size, np.uint8)
        for i in having:
            codes = np.zeros(size, np.uint8)
            codes[found[i][name]] = 1
            having_it += codes
        for i in having:
            kept = having_it[found[i][name]] == len(having)
            found[i] = {other: codes[kept] for other, codes in found[i].items()} if not kept.all() else found[i]
    return found


def _growth(found: pl.DataFrame, after: pl.DataFrame) -> float:
    """About how many rows of `after` meet one row of `found`."""
    shared = _shared(found, after)
    return after.height / max(1, after.select(shared).n_unique()) if shared else float("inf")


def _shared(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    return [name for name in one.columns if name in other.columns]
