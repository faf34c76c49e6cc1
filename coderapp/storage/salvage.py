"""Reads what can be read of a JSON object that is cut off, overwritten in places, or followed by rubbish."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field

from coderapp.core.message import JsonValue

_SPACE = re.compile(r"[ \t\r\n]*")
# Inside a string the quotes would be escaped, so this is the beginning of a message for certain.
_MESSAGE = re.compile(r'\{\s*"id"\s*:')
_MESSAGES = re.compile(r'"messages"\s*:\s*\[')

_decoder = json.JSONDecoder()


@dataclass(slots=True)
class Salvage:
    """The members of the outermost object that could be read; `whole` says whether that was the whole text."""

    members: dict[str, JsonValue] = field(default_factory=dict)
    whole: bool = True


def salvage(data: bytes) -> Salvage:
    """Takes any bytes. The members up to the first fault, and every message before and after it."""
    data = data.removeprefix(b"\xef\xbb\xbf")
    try:
        text, whole = data.decode(), True
    except UnicodeDecodeError:
        text, whole = data.decode("utf-8", "replace"), False
    try:
        value = json.loads(text)
        if isinstance(value, dict):
            return Salvage(value, whole)
    except (ValueError, RecursionError):
        pass
    found = Salvage(whole=False)
    place = _members(text, found.members)
    if place is not None and "messages" not in found.members:
        start = _MESSAGES.search(text, place)
        found.members["messages"] = _messages(text, start.end() if start else place)
    return found


def _members(text: str, into: dict[str, JsonValue]) -> int | None:
    """Reads member by member; where it had to stop, None at the end of the object."""
    place = _skip(text, 0)
    if text[place : place + 1] != "{":
        return place
    mark = "{"
    while text[place : place + 1] == mark:
        begin = place
        try:
            name, place = _decoder.raw_decode(text, _skip(text, place + 1))
            place = _skip(text, place)
            if not isinstance(name, str) or text[place : place + 1] != ":":
                return begin
            value, place = _decoder.raw_decode(text, _skip(text, place + 1))
        except (ValueError, RecursionError):
            return begin
        into[name] = value
        place = _skip(text, place)
        mark = ","
    return None if text[place : place + 1] == "}" else place


def _messages(text: str, place: int) -> list[JsonValue]:
    """Every object from `place` on that reads; after one that doesn't, goes on at the next beginning of a message."""
    found: list[JsonValue] = []
    while (start := _MESSAGE.search(text, place)) is not None:
        try:
            value, place = _decoder.raw_decode(text, start.start())
        except (ValueError, RecursionError):
            place = start.end()
        else:
            found.append(value)
    return found


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
