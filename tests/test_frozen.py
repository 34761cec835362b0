"""Immutable classes do what the standard's frozen dataclasses do."""

from __future__ import annotations

import copy
import dataclasses
import pickle
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pytest

from reasoner.frozen import frozen, replace


@frozen(order=True)
class Ours:
    name: str
    size: int = 3

    @cached_property
    def double(self) -> int:
        return 2 * self.size


@dataclass(frozen=True, order=True)
class Theirs:
    name: str
    size: int = 3


@frozen
class One:
    parts: tuple[int, ...]


@frozen
class Other:
    parts: tuple[int, ...]


@frozen(eq=False)
class Alone:
    name: str


@frozen
class Longer(One):
    more: int = 0


ARGUMENTS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    (("a",), {}), (("a", 1), {}), ((), {"name": "a"}), (("a",), {"size": 2}), ((), {"size": 2, "name": "b"}),
    ((), {}), ((), {"size": 1}), (("a", 1, 2), {}), (("a",), {"name": "b"}), (("a",), {"other": 1}),
    (("a", 1), {"size": 1}),
]  # fmt: skip


@pytest.mark.parametrize(("args", "kwargs"), ARGUMENTS)
def test_arguments_are_taken_and_refused_alike(args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
    try:
        theirs = Theirs(*args, **kwargs)
    except TypeError:
        with pytest.raises(TypeError):
            Ours(*args, **kwargs)
    else:
        ours = Ours(*args, **kwargs)
        assert (ours.name, ours.size) == (theirs.name, theirs.size)
        assert repr(ours) == repr(theirs).replace("Theirs", "Ours")


def test_equal_within_one_class_alone() -> None:
    assert Ours("a") == Ours("a", 3) != Ours("a", 4)
    assert hash(Ours("a")) == hash(Ours("a", 3))
    assert One((1,)) != Other((1,)) and One((1,)) != ((1,),)
    assert One((1,)) != Longer((1,)) == Longer((1,), 0)
    assert Alone("a") != Alone("a") and len({Alone("a"), Alone("a")}) == 2


def test_what_is_computed_later_does_not_count() -> None:
    seen, unseen = Ours("a"), Ours("a")
    assert seen.double == 6 and seen == unseen and hash(seen) == hash(unseen)


def test_ordered_like_the_standard() -> None:
    values = [("b", 1), ("a", 2), ("a", 1)]
    assert [(o.name, o.size) for o in sorted(Ours(*v) for v in values)] == sorted(values)
    with pytest.raises(TypeError):
        sorted([One((1,)), One((2,))])  # type: ignore[type-var]


def test_nothing_is_assigned() -> None:
    ours = Ours("a")
    with pytest.raises(AttributeError):
        ours.size = 4  # type: ignore[misc]
    with pytest.raises(AttributeError):
        del ours.name
    assert ours == Ours("a")


def test_the_functions_of_the_standard_take_them() -> None:
    assert dataclasses.is_dataclass(Ours) and dataclasses.asdict(Ours("a")) == {"name": "a", "size": 3}
    assert [(f.name, f.default) for f in dataclasses.fields(Ours)][1] == ("size", 3)
    assert dataclasses.replace(Ours("a"), size=5) == replace(Ours("a"), size=5) == Ours("a", 5)
    assert dataclasses.replace(Longer((1,)), more=2) == Longer((1,), 2)
    with pytest.raises(TypeError):
        replace(Ours("a"), other=1)


def test_matched_copied_and_pickled() -> None:
    match Ours("a", 1):
        case Ours(name, size):
            assert (name, size) == ("a", 1)
    for made in (copy.copy(Ours("a", 1)), copy.deepcopy(Ours("a", 1)), pickle.loads(pickle.dumps(Ours("a", 1)))):
        assert made == Ours("a", 1)
