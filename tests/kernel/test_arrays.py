"""Arrow arrays of texts."""

from __future__ import annotations

import pyarrow as pa

from reasoner.kernel.arrays import strings


def test_texts_stay_as_they_are() -> None:
    texts = ["", "a", "ä\0b", "𝔄" * 100]
    for given in (texts, iter(texts), dict.fromkeys(texts)):
        found = strings(given)
        assert found.type == pa.string() and found.to_pylist() == texts
    assert strings([]).type == pa.string() and len(strings([])) == 0
