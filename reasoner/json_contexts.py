"""JSON-LD whose contexts define a name as nothing, written so that the name is undefined instead.

JSON-LD 1.1 drops what stands under a name that a context defines as null, and every undefined name after a context
that is null (https://www.w3.org/TR/json-ld11/#context-definitions). A record that loses a fact so loses it in silence.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any


class _Pairs(list[tuple[str, Any]]):
    """An object as it is written: a name may stand twice."""


class _Number(str):
    """A number as it is written."""

    __slots__ = ()


def without_nulls(text: str, undefined: Mapping[str, str]) -> str:
    """A document in which no context is null and none defines a name as nothing.

    `undefined` is the context that is in force instead: @vocab begins the IRIs of names that are not defined, @base
    those of relative ones. The text has to be JSON.
    """
    document = json.loads(text, object_pairs_hook=_Pairs, parse_int=_Number, parse_float=_Number)
    return _written(_mended(document, undefined))


def _mended(value: Any, undefined: Mapping[str, str]) -> Any:
    if isinstance(value, _Pairs):
        return _Pairs((key, _context(inner, undefined) if key == "@context" else _mended(inner, undefined))
                      for key, inner in value)  # fmt: skip
    return [_mended(one, undefined) for one in value] if isinstance(value, list) else value


def _context(context: Any, undefined: Mapping[str, str]) -> Any:
    if isinstance(context, _Pairs):
        return _Pairs((key, _definition(key, value, undefined)) for key, value in context)
    if isinstance(context, list):
        return [inner for part in context for inner in _as_list(_context(part, undefined))]
    return [None, _Pairs(undefined.items())] if context is None else context


def _as_list(context: Any) -> Iterable[Any]:
    return context if isinstance(context, list) and not isinstance(context, _Pairs) else [context]


def _definition(key: str, value: Any, undefined: Mapping[str, str]) -> Any:
    """The definition of a name; of one that is defined as nothing, as one that is undefined."""
    if isinstance(value, _Pairs):
        if ("@id", None) in value:
            return undefined["@vocab"] + key
        return _Pairs((name, _context(inner, undefined) if name == "@context" else inner) for name, inner in value)
    if value is not None or key in ("@language", "@direction"):
        return value
    return undefined.get(key, undefined["@vocab"] + key)


def _written(value: Any) -> str:
    if isinstance(value, _Pairs):
        return f"{{{','.join(f'{json.dumps(key)}:{_written(inner)}' for key, inner in value)}}}"
    if isinstance(value, list):
        return f"[{','.join(map(_written, value))}]"
    return str(value) if isinstance(value, _Number) else json.dumps(value)
