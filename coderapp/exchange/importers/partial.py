"""Reads what stands before the fault in a JSON text that is cut off or damaged."""

from __future__ import annotations

import json
import re

from coderapp.core.message import JsonValue

DEEPEST = 40
"""Levels that are followed down to a fault."""

_SPACE = re.compile(r"[ \t\r\n]*")
_HALF_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{0,3})?$")


def partial(text: str, decoder: json.JSONDecoder) -> tuple[JsonValue, int]:
    """The value as far as it goes, and where the fault stands; all of it, and the end, where there is none."""
    value, end, _ = _read(text, _skip(text, 0), decoder, 0)
    return value, end


def _read(text: str, place: int, decoder: json.JSONDecoder, depth: int) -> tuple[JsonValue, int, bool]:
    """(value, place behind it or of the fault, whether it is whole)"""
    try:
        value, end = decoder.raw_decode(text, place)
        return value, end, True
    except (ValueError, RecursionError):
        mark = text[place : place + 1]
    if depth >= DEEPEST:
        return None, place, False
    if mark == "{":
        return _object(text, place, decoder, depth)
    if mark == "[":
        return _list(text, place, decoder, depth)
    if mark == '"':
        return _cut_text(text, place)
    return None, place, False


def _object(text: str, place: int, decoder: json.JSONDecoder, depth: int) -> tuple[JsonValue, int, bool]:
    found: dict[str, JsonValue] = {}
    mark = "{"
    while text[place : place + 1] == mark:
        begin = place
        try:
            key, place = decoder.raw_decode(text, _skip(text, place + 1))
        except (ValueError, RecursionError):
            return found, begin, False
        place = _skip(text, place)
        if not isinstance(key, str) or text[place : place + 1] != ":":
            return found, begin, False
        value, place, whole = _read(text, _skip(text, place + 1), decoder, depth + 1)
        if whole or value is not None:
            found[key] = value
        if not whole:
            return found, place if value is not None else begin, False
        place = _skip(text, place)
        mark = ","
    whole = text[place : place + 1] == "}"
    return found, place + whole, whole


def _list(text: str, place: int, decoder: json.JSONDecoder, depth: int) -> tuple[JsonValue, int, bool]:
    found: list[JsonValue] = []
    mark = "["
    while text[place : place + 1] == mark:
        value, place, whole = _read(text, _skip(text, place + 1), decoder, depth + 1)
        if whole or value is not None:
            found.append(value)
        if not whole:
            return found, place, False
        place = _skip(text, place)
        mark = ","
    whole = text[place : place + 1] == "]"
    return found, place + whole, whole


def _cut_text(text: str, place: int) -> tuple[JsonValue, int, bool]:
    """A text that has no end: what there is of it."""
    rest = _HALF_ESCAPE.sub("", text[place + 1 :])
    if rest.endswith("\\") and (len(rest) - len(rest.rstrip("\\"))) % 2:
        rest = rest[:-1]
    try:
        return json.loads(f'"{rest}"', strict=False), len(text), False
    except ValueError:
        return None, place, False


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
