"""Functions over arrays, compiled to machine code when they are first called: https://numba.readthedocs.io/.

They hold no lock of Python's, so that threads run them side by side. Compiled code is kept beside the module, or where
that cannot be written in numba's cache directory; where nothing can be written, each process compiles anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar, cast

from numba import njit

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function, compiled for the types that it is called with. Bounds are not checked; nothing is logged."""
    try:
        return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba finds no directory for its cache
        return cast(Function, njit(nogil=True, error_model="numpy")(function))
