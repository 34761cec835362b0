"""Functions over arrays, compiled to machine code when they are first called: https://numba.readthedocs.io/.

They hold no lock of Python's, so that threads run them side by side. Compiled code is kept beside the module, or where
that cannot be written in numba's cache directory; where nothing can be written, each process compiles anew.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

from llvmlite import ir
from numba import njit, types
from numba.extending import intrinsic

Function = TypeVar("Function", bound=Callable[..., object])


def compiled(function: Function) -> Function:
    """The function, compiled for the types that it is called with. Bounds are not checked; nothing is logged."""
    try:
        return cast(Function, njit(nogil=True, cache=True, error_model="numpy")(function))
    except RuntimeError:  # numba finds no directory for its cache
        return cast(Function, njit(nogil=True, error_model="numpy")(function))


def _instruction(function: Callable[..., Any]) -> Callable[..., Any]:
    """What compiled functions may call, by the code that `function` generates for it."""
    return cast(Callable[..., Any], intrinsic(function))


@_instruction
def eight(_context: Any, data: Any, at: Any) -> Any:
    """`eight(data, at)`: the eight bytes of a contiguous array of bytes from any at on, the first lowest."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        return builder.load(_pointer(context, builder, signature, values), align=1)

    return types.uint64(data, at), generate


@_instruction
def put_eight(_context: Any, data: Any, at: Any, _word: Any) -> Any:
    """`put_eight(data, at, word)`: write the eight bytes of a word there, the lowest first."""

    def generate(context: Any, builder: Any, signature: Any, values: Any) -> Any:
        builder.store(values[2], _pointer(context, builder, signature, values), align=1)
        return context.get_dummy_value()

    return types.void(data, at, types.uint64), generate


def _pointer(context: Any, builder: Any, signature: Any, values: Any) -> Any:
    """A pointer to a word that begins at any byte of an array."""
    array = context.make_array(signature.args[0])(context, builder, values[0])
    return builder.bitcast(builder.gep(array.data, [values[1]]), ir.IntType(64).as_pointer())
