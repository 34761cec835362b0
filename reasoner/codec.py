"""Frozen classes and named tuples to plain JSON and back, checked against their annotations on the way in."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Collection, Mapping
from decimal import Decimal
from functools import cache, partial
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

Decoder = Callable[[Any], Any]

#: What JSON holds as it is.
_PLAIN = frozenset({str, int, bool})


def encode(value: Any) -> Any:
    """`value` as JSON can hold it: what has fields as the name of its class and the fields in order."""
    if isinstance(value, Decimal):
        return str(value)
    if _has_fields(type(value)):
        return [type(value).__name__, *(encode(getattr(value, name)) for name in type(value).__match_args__)]
    if isinstance(value, Mapping):
        return [[encode(k), encode(v)] for k, v in value.items()]
    if isinstance(value, tuple | list):
        return [encode(item) for item in value]
    if isinstance(value, frozenset):
        return sorted(encode(item) for item in value)
    return value


def decode(value: Any, kind: Any) -> Any:
    """What `encode` made of a value of the type `kind`. Raises ValueError where the two do not fit."""
    return _decoder(kind)(value)


def texts(value: Any) -> list[str]:
    """Each field of `value` as the text of JSON."""
    return [json.dumps(encode(getattr(value, name)), ensure_ascii=False, separators=(",", ":"))
            for name in type(value).__match_args__]  # fmt: skip


def field(kind: Any, name: str, text: bytes) -> Any:
    """The field of a class that `texts` wrote so. Raises ValueError where the two do not fit."""
    return _fields(kind)[0][kind.__match_args__.index(name)](json.loads(text))


def _has_fields(kind: Any) -> bool:
    """Whether a type is a class with fields, and no tuple."""
    return hasattr(kind, "__match_args__") and not issubclass(kind, tuple)


@cache
def _decoder(kind: Any) -> Decoder:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _union(args)
    if origin is tuple:
        return _tuple(args)
    if origin in (dict, Mapping):
        return _mapping(*args)
    if origin is frozenset:
        return _many(frozenset, args[0])
    if hasattr(kind, "__match_args__"):
        return _class(kind) if _has_fields(kind) else _named_tuple(kind)
    return _decimal if kind is Decimal else _plain(kind)


def _union(args: tuple[Any, ...]) -> Decoder:
    named = {arg.__name__: arg for arg in args if _has_fields(arg)}
    others = [arg for arg in args if not _has_fields(arg) and arg is not NoneType]

    def build(value: Any) -> Any:
        if value is None and NoneType in args:
            return None
        return _decoder(named[value[0]] if named else others[0])(value)

    return build


def _tuple(args: tuple[Any, ...]) -> Decoder:
    if len(args) == 2 and args[1] is Ellipsis:
        return _many(tuple, args[0])
    if _PLAIN.issuperset(args):
        return partial(_as_typed, list(args))
    return lambda value: tuple([_decoder(arg)(item) for arg, item in zip(args, value, strict=True)])


def _as_typed(types: list[type], value: Any) -> tuple[Any, ...]:
    """A tuple of plain values of these types."""
    if list(map(type, value)) != types:
        raise ValueError(f"{value!r:.80} are not {types}")
    return tuple(value)


def _many(made: Callable[[Any], Any], item: Any) -> Decoder:
    """Builds a tuple or a set of items of one type, plain ones all at once."""
    if item in _PLAIN:
        return lambda value: made(_all_of(item, value))
    return lambda value: made(map(_decoder(item), value))


def _mapping(key: Any, item: Any) -> Decoder:
    def build(value: Any) -> Any:
        found = dict(value)
        keys = _all_of(key, found) if key in _PLAIN else map(_decoder(key), found)
        items = _all_of(item, found.values()) if item in _PLAIN else map(_decoder(item), found.values())
        return dict(zip(keys, items, strict=True))

    return build


def _all_of(kind: type, values: Collection[Any]) -> Collection[Any]:
    """The values as they are. Raises ValueError where one is not of the type."""
    if not set(map(type, values)) <= {kind}:
        raise ValueError(f"{values!r:.80} are not all {kind.__name__}")
    return values


@cache
def _fields(kind: Any) -> tuple[list[Decoder], list[Any]]:
    """The decoder of each field of a class, and its type."""
    hints: dict[str, Any] = {}
    for base in reversed(kind.__mro__):
        if own := vars(base).get("__annotations__"):
            texts = [text if isinstance(text, str) else text.__forward_arg__ for text in own.values()]
            hints |= zip(own, eval(f"[{', '.join(texts)}]", vars(sys.modules[base.__module__])), strict=True)
    types = [hints[name] for name in kind.__match_args__]
    return [_decoder(one) for one in types], types


def _class(kind: Any) -> Decoder:
    def build(value: Any) -> Any:
        if value[0] != kind.__name__:
            raise ValueError(f"{value[0]} stands where {kind.__name__} belongs")
        return _of_fields(kind, value[1:])

    return build


def _named_tuple(kind: Any) -> Decoder:
    return lambda value: _of_fields(kind, value)


def _of_fields(kind: Any, values: Any) -> Any:
    """What has these values in its fields; where all are plain, nothing is to be decoded."""
    decoders, types = _fields(kind)
    if list(map(type, values)) != types:
        values = [decoder(item) for decoder, item in zip(decoders, values, strict=True)]
    return kind(*values)


def _decimal(value: Any) -> Decimal:
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is no text of a number")
    return Decimal(value)


def _plain(kind: Any) -> Decoder:
    def build(value: Any) -> Any:
        if type(value) is not kind:
            raise ValueError(f"{value!r} is no {kind.__name__}")
        return value

    return build
