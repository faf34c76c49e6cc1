"""Checks a value against the part of JSON Schema that function tools use."""

from __future__ import annotations

import json
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

from coderapp.core.message import JsonValue
from coderapp.endpoint.tools.patterns import is_cheap

Schema = Mapping[str, JsonValue]

_NAMES: dict[str, str] = {
    "string": "a text",
    "number": "a number",
    "integer": "a whole number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
    "null": "null",
}

_PYTHON: dict[str, type] = {"string": str, "array": list, "object": dict, "null": type(None)}
_BOUNDS: tuple[tuple[str, Callable[[float, float], bool], str], ...] = (
    ("minimum", operator.ge, "at least"),
    ("maximum", operator.le, "at most"),
    ("exclusiveMinimum", operator.gt, "more than"),
    ("exclusiveMaximum", operator.lt, "less than"),
)


def types_of(schema: Schema) -> tuple[str, ...]:
    """The types that a schema allows; empty where it does not say."""
    declared = schema.get("type")
    if isinstance(declared, str):
        return (declared,)
    if isinstance(declared, list):
        return tuple(str(name) for name in declared)
    if "properties" in schema:
        return ("object",)
    enum = schema.get("enum")
    if isinstance(enum, list) and enum and all(isinstance(value, str) for value in enum):
        return ("string",)
    return ()


def fault(value: JsonValue, schema: Schema, name: str = "the value") -> str | None:
    """What is wrong with `value`, as a sentence with `name` as its subject; None where it is right.

    Knows type, enum, const, numbers' bounds and multipleOf, lengths, simple patterns, items, properties, required,
    additionalProperties and anyOf/oneOf/allOf. What else a schema says is not looked at.
    """
    types = types_of(schema)
    if types and not any(_is(value, kind) for kind in types):
        wanted = " or ".join(_NAMES.get(kind, kind) for kind in types)
        return f"{name} must be {wanted}, got {_shown(value)}"
    if "const" in schema and value != schema["const"]:
        return f"{name} must be {_shown(schema['const'])}, got {_shown(value)}"
    enum = schema.get("enum")
    if isinstance(enum, list) and value not in enum:
        return f"{name} must be one of {', '.join(_shown(each) for each in enum)}, got {_shown(value)}"
    found = None
    if isinstance(value, str):
        found = _text_fault(value, schema, name)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        found = _number_fault(value, schema, name)
    elif isinstance(value, list):
        found = _list_fault(value, schema, name)
    elif isinstance(value, dict):
        found = _object_fault(value, schema, name)
    return found or _combined_fault(value, schema, name)


def _is(value: JsonValue, kind: str) -> bool:
    if kind == "boolean":
        return isinstance(value, bool)
    if kind == "integer":
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        return whole and not isinstance(value, bool)
    if kind == "number":
        return isinstance(value, int | float) and not isinstance(value, bool)
    expected: type | None = _PYTHON.get(kind)
    return expected is None or isinstance(value, expected)


def _shown(value: JsonValue) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "…"


def _number(schema: Schema, key: str) -> float | None:
    bound = schema.get(key)
    return bound if isinstance(bound, int | float) and not isinstance(bound, bool) else None


def _text_fault(value: str, schema: Schema, name: str) -> str | None:
    least, most = _number(schema, "minLength"), _number(schema, "maxLength")
    if least is not None and len(value) < least:
        return f"{name} must have at least {least:g} characters"
    if most is not None and len(value) > most:
        return f"{name} must have at most {most:g} characters"
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and is_cheap(pattern, len(value)):
        try:
            matches = re.search(pattern, value) is not None
        except (re.error, OverflowError):
            return None  # a pattern of another dialect of regular expressions
        if not matches:
            return f"{name} must match {pattern}"
    return None


def _number_fault(value: float, schema: Schema, name: str) -> str | None:
    if not math.isfinite(value):
        return f"{name} must be finite"
    for key, holds, words in _BOUNDS:
        bound = _number(schema, key)
        if bound is not None and not holds(value, bound):
            return f"{name} must be {words} {bound:g}, got {value:g}"
    step = _number(schema, "multipleOf")
    if step and abs(value / step - round(value / step)) > 1e-9:
        return f"{name} must be a multiple of {step:g}, got {value:g}"
    return None


def _list_fault(value: Sequence[JsonValue], schema: Schema, name: str) -> str | None:
    least, most = _number(schema, "minItems"), _number(schema, "maxItems")
    if least is not None and len(value) < least:
        return f"{name} must have at least {least:g} entries, got {len(value)}"
    if most is not None and len(value) > most:
        return f"{name} must have at most {most:g} entries, got {len(value)}"
    items = schema.get("items")
    if isinstance(items, dict):
        for place, entry in enumerate(value):
            found = fault(entry, items, f"{name}[{place}]")
            if found:
                return found
    return None


def _object_fault(value: Mapping[str, JsonValue], schema: Schema, name: str) -> str | None:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    required = schema.get("required")
    for wanted in required if isinstance(required, list) else ():
        if wanted not in value:
            return f"{wanted} is missing"
    for key, entry in value.items():
        declared = known.get(key)
        if isinstance(declared, dict):
            found = fault(entry, declared, key)
            if found:
                return found
        elif key not in known and schema.get("additionalProperties") is False:
            return f"{key} is not among the parameters: {', '.join(known) or 'there are none'}"
    return None


def _combined_fault(value: JsonValue, schema: Schema, name: str) -> str | None:
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, list) and options:
            faults = [fault(value, option, name) for option in options if isinstance(option, dict)]
            if faults and all(faults):
                return faults[0]
    parts = schema.get("allOf")
    for part in parts if isinstance(parts, list) else ():
        found = fault(value, part, name) if isinstance(part, dict) else None
        if found:
            return found
    return None
