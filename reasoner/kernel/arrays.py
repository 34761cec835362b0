"""Arrow arrays of Python's values."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pyarrow as pa


def strings(texts: Iterable[str]) -> pa.StringArray:
    """An array of texts. Of a list pyarrow asks pandas, where that is installed, and half a second goes by."""
    return pa.array(np.array(list(texts), object), pa.string())
