"""Terms that are valid and canonical at first sight, which in most files are nearly all: the others are looked at.

These are IRIs of HTTP and labels of blank nodes, of letters, digits and a few marks. Compiled.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from reasoner.population.ntriples.jit import compiled

_LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_ALNUM = np.isin(np.arange(256), [*_LETTERS])
_IN_IRI = np.isin(np.arange(256), [*_LETTERS, *b"-._~/"])
_HTTP, _HTTPS, _LABEL = (np.frombuffer(text, np.uint8) for text in (b"<http://", b"<https://", b"_:"))
_HASH, _CLOSED = ord("#"), ord(">")


@compiled
def simple(texts: NDArray[np.uint8], offsets: NDArray[np.int32]) -> NDArray[np.bool_]:
    """Which of the texts between neighbouring offsets are such terms."""
    found = np.zeros(len(offsets) - 1, np.bool_)
    for i in range(len(found)):
        start, stop = np.int64(offsets[i]), np.int64(offsets[i + 1])
        if _begins(texts, start, stop, _LABEL):
            found[i] = _end_of(texts, start + len(_LABEL), stop, _ALNUM) == stop
        elif _begins(texts, start, stop, _HTTPS):
            found[i] = _is_rest(texts, start + len(_HTTPS), stop)
        elif _begins(texts, start, stop, _HTTP):
            found[i] = _is_rest(texts, start + len(_HTTP), stop)
    return found


@compiled
def _is_rest(texts: Any, start: Any, stop: Any) -> bool:
    """Whether an IRI may go on like that: a host, a path, and perhaps a fragment."""
    at = _end_of(texts, start, stop, _IN_IRI)
    if at < stop and texts[at] == _HASH:
        at = _end_of(texts, at + 1, stop, _IN_IRI)
    return bool(at == stop - 1 and texts[at] == _CLOSED)


@compiled
def _begins(texts: Any, start: Any, stop: Any, wanted: Any) -> bool:
    """Whether a text begins so, and goes on."""
    if stop - start <= len(wanted):
        return False
    for i in range(len(wanted)):  # noqa: SIM110 - what is compiled knows no generators
        if texts[start + i] != wanted[i]:
            return False
    return True


@compiled
def _end_of(texts: Any, start: Any, stop: Any, among: Any) -> Any:
    """Where the first byte from `start` on is that is not among some; `stop` if there is none."""
    while start < stop and among[texts[start]]:
        start += 1
    return start
