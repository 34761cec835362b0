"""Frozen classes and named tuples to plain JSON and back, checked against their annotations on the way in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from functools import cache
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints

Decoder = Callable[[Any], Any]


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
        return lambda value: frozenset(_decoder(args[0])(item) for item in value)
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
    if len(args) != 2 or args[1] is not Ellipsis:
        return lambda value: tuple(_decoder(arg)(item) for arg, item in zip(args, value, strict=True))

    def build(value: Any) -> Any:
        decoder = _decoder(args[0])
        return tuple([decoder(item) for item in value])

    return build


def _mapping(key: Any, item: Any) -> Decoder:
    def build(value: Any) -> Any:
        keys, items = _decoder(key), _decoder(item)
        return {keys(k): items(v) for k, v in value}

    return build


@cache
def _of_fields(kind: Any) -> list[Decoder]:
    """The decoder of each field of a class."""
    hints = get_type_hints(kind)
    return [_decoder(hints[name]) for name in kind.__match_args__]


def _class(kind: Any) -> Decoder:
    def build(value: Any) -> Any:
        if value[0] != kind.__name__:
            raise ValueError(f"{value[0]} stands where {kind.__name__} belongs")
        decoders = _of_fields(kind)
        return kind(*[decoder(item) for decoder, item in zip(decoders, value[1:], strict=True)])

    return build


def _named_tuple(kind: Any) -> Decoder:
    def build(value: Any) -> Any:
        return kind(*[decoder(item) for decoder, item in zip(_of_fields(kind), value, strict=True)])

    return build


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
