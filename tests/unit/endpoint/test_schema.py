from __future__ import annotations

import pytest

from coderapp.core.message import JsonValue
from coderapp.endpoint.schema import fault

OBJECT: dict[str, JsonValue] = {
    "type": "object",
    "properties": {"a": {"type": "integer"}, "b": {"type": "array", "items": {"type": "string"}}},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("value", "schema"),
    [
        ("x", {"type": "string", "minLength": 1, "maxLength": 1, "pattern": "^x$"}),
        ("x", {"type": "string", "pattern": "(?<broken"}),
        (3, {"type": "integer", "minimum": 3, "maximum": 3, "multipleOf": 3}),
        (3.0, {"type": "integer"}),
        (None, {"type": ["string", "null"]}),
        (True, {"type": "boolean"}),
        (["x"], {"type": "array", "minItems": 1, "maxItems": 1, "items": {"enum": ["x"]}}),
        ({"a": 1, "b": ["x"]}, OBJECT),
        (5, {"anyOf": [{"type": "string"}, {"type": "integer"}]}),
        (5, {"allOf": [{"minimum": 1}, {"maximum": 9}]}),
        ("x", {}),
        ("x", {"const": "x"}),
        ("x", {"type": "unheard-of"}),
    ],
)
def test_right_values(value: JsonValue, schema: dict[str, JsonValue]) -> None:
    assert fault(value, schema) is None


@pytest.mark.parametrize(
    ("value", "schema", "sentence"),
    [
        (1, {"type": "string"}, "v must be a text, got 1"),
        (True, {"type": "integer"}, "v must be a whole number, got true"),
        (True, {"type": "number"}, "v must be a number, got true"),
        (1.5, {"type": "integer"}, "v must be a whole number, got 1.5"),
        (1, {"type": ["string", "null"]}, "v must be a text or null, got 1"),
        ("z", {"enum": ["x", "y"]}, 'v must be one of "x", "y", got "z"'),
        ("z", {"const": "x"}, 'v must be "x", got "z"'),
        ("", {"minLength": 1}, "v must have at least 1 characters"),
        ("xx", {"maxLength": 1}, "v must have at most 1 characters"),
        ("x", {"pattern": "^y"}, "v must match ^y"),
        (1, {"minimum": 2}, "v must be at least 2, got 1"),
        (3, {"maximum": 2}, "v must be at most 2, got 3"),
        (2, {"exclusiveMinimum": 2}, "v must be more than 2, got 2"),
        (2, {"exclusiveMaximum": 2}, "v must be less than 2, got 2"),
        (5, {"multipleOf": 2}, "v must be a multiple of 2, got 5"),
        (float("inf"), {"type": "number"}, "v must be finite"),
        ([], {"minItems": 1}, "v must have at least 1 entries, got 0"),
        ([1, 2], {"maxItems": 1}, "v must have at most 1 entries, got 2"),
        (["x", 1], {"items": {"type": "string"}}, "v[1] must be a text, got 1"),
        ({}, OBJECT, "a is missing"),
        ({"a": "x"}, OBJECT, 'a must be a whole number, got "x"'),
        ({"a": 1, "c": 2}, OBJECT, "c is not among the parameters: a, b"),
        ([], {"properties": {}}, "v must be an object, got []"),
        (1.5, {"oneOf": [{"type": "string"}, {"type": "integer"}]}, "v must be a text, got 1.5"),
        (0, {"allOf": [{"minimum": 1}]}, "v must be at least 1, got 0"),
        ("long " * 30, {"type": "null"}, "…"),
    ],
)
def test_wrong_values(value: JsonValue, schema: dict[str, JsonValue], sentence: str) -> None:
    assert sentence in (fault(value, schema, "v") or "")
