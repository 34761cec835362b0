"""Immutable classes by their annotations, as `dataclasses` makes them, and quickly.

The standard decorator compiles the source text of six methods for each class; for the classes that answer for one
patient that takes longer than starting Python. Here the methods are shared. They keep to the standard's contract:
fields in order, equal only within one class, hashed by value, compared on request, never assigned to; and `replace`,
`fields` and `asdict` of `dataclasses` take these classes too.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, TypeVar, dataclass_transform, overload

T = TypeVar("T")

#: Makes a named tuple of a tuple of all its fields. Calling its class does the same in twice the time.
made = tuple.__new__


@overload
def frozen(cls: type[T]) -> type[T]: ...


@overload
def frozen(*, eq: bool = True, order: bool = False) -> Callable[[type[T]], type[T]]: ...


@dataclass_transform(frozen_default=True)
def frozen(cls: type[T] | None = None, *, eq: bool = True, order: bool = False) -> Any:
    """Make a class immutable. Without `eq` an instance equals itself alone; with `order` instances can be sorted."""
    if cls is None:
        return lambda cls: _made(cls, eq, order)
    return _made(cls, eq, order)


def replace(instance: T, **changes: Any) -> T:
    """The instance with other values in some fields, as `dataclasses.replace` gives it, without importing that."""
    names: tuple[str, ...] = type(instance).__match_args__  # type: ignore[attr-defined]
    return type(instance)(**{name: getattr(instance, name) for name in names} | changes)


class _Fields:
    """What `dataclasses` looks for in a class: made when it does, so that its functions take these classes too."""

    def __get__(self, _: Any, owner: Any) -> Any:
        from dataclasses import field, make_dataclass

        names = owner.__match_args__
        given = [(name, Any, field(default=getattr(owner, name))) if hasattr(owner, name) else (name, Any)
                 for name in names]  # fmt: skip
        owner.__dataclass_fields__ = vars(make_dataclass(owner.__name__, given))["__dataclass_fields__"]
        return owner.__dataclass_fields__


def _made(cls: Any, eq: bool, order: bool) -> Any:
    own = cls.__dict__
    names = (*getattr(cls, "__match_args__", ()), *own.get("__annotations__", ()))
    defaults = {name: getattr(cls, name) for name in names if hasattr(cls, name)}
    methods: dict[str, Any] = {
        "__match_args__": names, "__dataclass_fields__": _Fields(),
        "__init__": _initialiser(cls.__qualname__, names, defaults), "__repr__": _shown,
        "__setattr__": _refuse, "__delattr__": _refuse,
    }  # fmt: skip
    if eq:
        methods |= {"__eq__": _equal, "__hash__": _hashed}
    if order:
        methods |= {f"__{name}__": _comparison(getattr(operator, name)) for name in ("lt", "le", "gt", "ge")}
    for name, method in methods.items():
        if name not in own:
            setattr(cls, name, method)
    cls._values_of = operator.attrgetter(*names or ["__class__"])
    return cls


def _initialiser(called: str, names: tuple[str, ...], defaults: Mapping[str, Any]) -> Callable[..., None]:
    """What sets the fields of a new instance. Raises TypeError where the arguments do not fit."""
    expected = frozenset(names)

    def initialise(self: Any, *args: Any, **kwargs: Any) -> None:
        if not kwargs and len(args) == len(names):
            self.__dict__.update(zip(names, args, strict=True))
            return
        if not args and kwargs.keys() == expected:
            self.__dict__.update(kwargs)
            return
        given = dict(zip(names, args, strict=False))
        if len(args) > len(names) or not kwargs.keys().isdisjoint(given):
            raise TypeError(f"{called} takes {', '.join(names)}")
        given = {**defaults, **given, **kwargs}
        if given.keys() != expected:
            raise TypeError(f"{called} takes {', '.join(names)}")
        self.__dict__.update(given)

    return initialise


def _shown(self: Any) -> str:
    return f"{type(self).__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self.__match_args__)})"


def _refuse(self: Any, name: str, *_: Any) -> None:
    raise AttributeError(f"cannot assign to field {name!r} of {type(self).__qualname__}")


def _equal(self: Any, other: Any) -> bool:
    return bool(self._values_of(self) == other._values_of(other)) if type(other) is type(self) else NotImplemented


def _hashed(self: Any) -> int:
    return hash(self._values_of(self))


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    def compared(self: Any, other: Any) -> bool:
        return compare(self._values_of(self), other._values_of(other)) if type(other) is type(self) else NotImplemented

    return compared
