"""Contexts of JSON-LD that define a name as nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reasoner.json_contexts import without_nulls

UNDEFINED = {"@vocab": "u:", "@base": "r:"}


@pytest.mark.parametrize(
    ("given", "right"),
    [
        ({"a": [None, 1]}, {"a": [None, 1]}),
        ({"@context": None, "a": None}, {"@context": [None, UNDEFINED], "a": None}),
        ({"@context": [{"a": "x:a"}, None]}, {"@context": [{"a": "x:a"}, None, UNDEFINED]}),
        ({"@context": {"a": None, "b": "x:b"}}, {"@context": {"a": "u:a", "b": "x:b"}}),
        ({"@context": {"a": {"@id": None}}}, {"@context": {"a": "u:a"}}),
        (
            {"@context": {"@vocab": None, "@base": None, "@language": None}},
            {"@context": {**UNDEFINED, "@language": None}},
        ),
        (
            {"@context": {"a": {"@id": "x:a", "@context": None}}},
            {"@context": {"a": {"@id": "x:a", "@context": [None, UNDEFINED]}}},
        ),
        ([{"b": {"@context": None}}], [{"b": {"@context": [None, UNDEFINED]}}]),
    ],
)
def test_what_is_nothing_is_undefined(given: Any, right: Any) -> None:
    assert json.loads(without_nulls(json.dumps(given), UNDEFINED)) == right


def test_the_rest_stays_as_it_is_written() -> None:
    text = '{"a":1.50,"a":[12345678901234567890123,1e400,true,null,"é\\n"]}'
    assert without_nulls(text, UNDEFINED) == text.replace("é", "\\u00e9")
