"""Reads what can be read of a JSON object that is cut off, overwritten in places, or followed by rubbish."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from coderapp.core.message import JsonValue

_SPACE = re.compile(r"[ \t\r\n]*")
# Inside a string the quotes would be escaped, and there is no line end in one: so this is the beginning of a message,
# or of a field, for certain.
_BEGINNING = re.compile(r'\{\s*"id"\s*:|^ {0,2}"([a-z_]+)"\s*:\s*', re.MULTILINE)

MESSAGES = "messages"

_decoder = json.JSONDecoder()


@dataclass(slots=True)
class Salvage:
    """The members of the outermost object that could be read; `whole` says whether that was the whole text."""

    members: dict[str, JsonValue] = field(default_factory=dict)
    whole: bool = True


def salvage(data: bytes, names: Collection[str] = ()) -> Salvage:
    """Takes any bytes. The members up to the first fault, those of `names` behind it too, and every message wherever
    it stands.
    """
    text, whole = _text(data)
    try:
        value = json.loads(text, object_pairs_hook=_together)
        if isinstance(value, dict):
            return Salvage(value, whole)
    except (ValueError, RecursionError):
        pass
    found = Salvage(whole=False)
    place = _members(text, found.members)
    messages = found.members.get(MESSAGES)
    rest = _scan(text, place, found.members, names)
    if rest or isinstance(messages, list):
        found.members[MESSAGES] = [*(messages if isinstance(messages, list) else []), *rest]
    return found


def _text(data: bytes) -> tuple[str, bool]:
    """Also of a file that an editor has saved in another encoding of Unicode."""
    for encoding in ("utf-8-sig", json.detect_encoding(data)):
        try:
            return data.decode(encoding).removeprefix("\ufeff"), True
        except UnicodeDecodeError:
            continue
    return data.removeprefix(b"\xef\xbb\xbf").decode("utf-8", "replace"), False


def _together(pairs: list[tuple[str, JsonValue]]) -> dict[str, JsonValue]:
    """Where messages stand twice, all of them."""
    value = dict(pairs)
    lists = [item for name, item in pairs if name == MESSAGES and isinstance(item, list)]
    if len(lists) > 1 or (lists and not isinstance(value[MESSAGES], list)):
        value[MESSAGES] = [item for one in lists for item in one]
    return value


def _members(text: str, into: dict[str, JsonValue]) -> int:
    """Reads member by member; where it had to stop."""
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
    return place


def _scan(text: str, place: int, into: dict[str, JsonValue], names: Collection[str]) -> list[JsonValue]:
    """Every message from `place` on that reads, and the fields of `names` that are not there yet; after one that
    doesn't read, goes on at the next beginning.
    """
    found: list[JsonValue] = []
    while (start := _BEGINNING.search(text, place)) is not None:
        name = start.group(1)
        if name is not None and (name == MESSAGES or name not in names):
            place = start.end()
            continue
        try:
            value, place = _decoder.raw_decode(text, start.start() if name is None else start.end())
        except (ValueError, RecursionError):
            place = start.end()
            continue
        if name is None:
            found.append(value)
        else:
            into.setdefault(name, value)
    return found


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
