"""Matching the patterns of compiled rules against columns of triples, by joins.

SHACL rules (https://www.w3.org/TR/shacl-af/#rules) in the fragment of `reasoner.records.contract`: basic graph
patterns, patterns that may not match, and groups with exactly one match.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import polars as pl

from reasoner.records.contract import Pattern, Rule

#: The triples of a predicate as a frame with the columns `s` and `o`; of the objects only those among the IRIs given.
Rows = Callable[[str, tuple[str, ...]], pl.DataFrame]


def matches(rule: Rule, rows: Rows) -> pl.DataFrame:
    """Each way in which a rule applies: one column for each variable of its match."""
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
    left = sorted((_frame(pattern, rows) for pattern in patterns), key=lambda frame: frame.height)
    found = left.pop(0)
    while left and not found.is_empty():
        place = min(range(len(left)), key=lambda i: _growth(found, left[i])) if len(left) > 1 else 0
        after = left.pop(place)
        shared = _shared(found, after)
        found = found.join(after, on=shared, how="inner") if shared else found.join(after, how="cross")
    names = {name for frame in (found, *left) for name in frame.columns}
    return found if not left else pl.DataFrame(schema=dict.fromkeys(sorted(names), pl.Int32))


def _growth(found: pl.DataFrame, after: pl.DataFrame) -> float:
    """About how many rows of `after` meet one row of `found`."""
    shared = _shared(found, after)
    return after.height / max(1, after.select(shared).n_unique()) if shared else float("inf")


def _shared(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    return [name for name in one.columns if name in other.columns]


def _frame(pattern: Pattern, rows: Rows) -> pl.DataFrame:
    """What one pattern matches, under the names of its variables."""
    found = rows(pattern.predicate, pattern.values)
    if pattern.values:
        return found.select(pl.col("s").alias(pattern.subject))
    if pattern.object == pattern.subject:
        return found.filter(pl.col("s") == pl.col("o")).select(pl.col("s").alias(pattern.subject))
    return found.select(pl.col("s").alias(pattern.subject), pl.col("o").alias(pattern.object))
