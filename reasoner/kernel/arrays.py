"""Arrow arrays of Python's values."""

from __future__ import annotations

from collections.abc import Iterable

import pyarrow as pa


def strings(texts: Iterable[str]) -> pa.StringArray:
    """An Arrow array of texts, in their order; of type string even where there are none."""
    return pa.array(list(texts), pa.string())
