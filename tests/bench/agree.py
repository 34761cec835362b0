"""Whether two files of answers agree: `agree.py ONE OTHER` prints patients, answers and differences as JSON.

Compared are the patients that both have, by row where both have the same ones in the same order, else by name.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl
from peers import COLUMNS


def main(one: Path, other: Path) -> None:
    """Compare two files, one column at a time, so that the largest fit into memory."""
    left, right = (pl.scan_parquet(path).select("patient", *COLUMNS) for path in (one, other))
    patients = left.select("patient").collect()["patient"]
    if not patients.equals(right.select("patient").collect()["patient"]):
        both = left.join(right, on="patient", suffix="'").collect()
        patients, left = both["patient"], both.lazy()
        right = both.lazy().select(pl.col(f"{name}'").alias(name) for name in COLUMNS)
    differences = {name: int(_column(left, name).ne_missing(_column(right, name)).sum()) for name in COLUMNS}
    told = {"patients": patients.n_unique(), "answers": len(patients) * len(COLUMNS)}
    print(json.dumps({**told, "differences": {name: count for name, count in differences.items() if count}}))


def _column(frame: pl.LazyFrame, name: str) -> pl.Series:
    return frame.select(name).collect()[name]


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
