"""Frozen dataclasses to plain JSON and back, checked against their annotations on the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints


def encode(value: Any) -> Any:
    """`value` as JSON can hold it: a dataclass as its class name and its fields in order."""
    if isinstance(value, Decimal):
        return str(value)
    if is_dataclass(value) and not isinstance(value, type):
        return [type(value).__name__, *(encode(getattr(value, field.name)) for field in fields(value))]
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


@cache
def _decoder(kind: Any) -> Callable[[Any], Any]:
    origin, args = get_origin(kind), get_args(kind)
    if origin in (Union, UnionType):
        return _union(args)
    if origin is tuple:
        return _tuple(args)
    if origin in (dict, Mapping):
        return lambda value: {_decoder(args[0])(k): _decoder(args[1])(v) for k, v in value}
    if origin is frozenset:
        return lambda value: frozenset(_decoder(args[0])(item) for item in value)
    if hasattr(kind, "_fields"):
        return lambda value: kind(*(decode(v, t) for v, t in zip(value, get_type_hints(kind).values(), strict=True)))
    return _dataclass(kind) if isinstance(kind, type) and is_dataclass(kind) else _plain(kind)


def _union(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    named = {arg.__name__: arg for arg in args if isinstance(arg, type) and is_dataclass(arg)}
    others = [arg for arg in args if not is_dataclass(arg) and arg is not NoneType]

    def build(value: Any) -> Any:
        if value is None and NoneType in args:
            return None
        return _decoder(named[value[0]] if named else others[0])(value)

    return build


def _tuple(args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if len(args) == 2 and args[1] is Ellipsis:
        return lambda value: tuple(_decoder(args[0])(item) for item in value)
    return lambda value: tuple(_decoder(arg)(item) for arg, item in zip(args, value, strict=True))


def _dataclass(kind: type[Any]) -> Callable[[Any], Any]:
    hints = get_type_hints(kind)
    types = [hints[field.name] for field in fields(kind)]

    def build(value: Any) -> Any:
        if value[0] != kind.__name__:
            raise ValueError(f"{value[0]} stands where {kind.__name__} belongs")
        return kind(*(_decoder(t)(v) for v, t in zip(value[1:], types, strict=True)))

    return build


def _plain(kind: Any) -> Callable[[Any], Any]:
    def build(value: Any) -> Any:
        if kind is Decimal and isinstance(value, str):
            return Decimal(value)
        if type(value) is not kind:
            raise ValueError(f"{value!r} is no {kind.__name__}")
        return value

    return build
