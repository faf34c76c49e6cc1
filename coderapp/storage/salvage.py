"""Reads what can be read of a JSON object that is cut off, overwritten in places, or followed by rubbish."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass, field

from coderapp.core.message import JsonValue
from coderapp.storage.numbers import decoder

_SPACE = re.compile(r"[ \t\r\n]*")
# Inside a string the quotes would be escaped, and there is no line end in one: so this is the beginning of a message,
# or of a field, for certain.
_BEGINNING = re.compile(r'\{\s*"id"\s*:|^ {0,2}"([a-z_]+)"\s*:\s*', re.MULTILINE)
_LIST = re.compile(r'^ {0,2}"messages"\s*:\s*\[', re.MULTILINE)

MESSAGES = "messages"

_decoder = decoder()


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
        value = decoder(_together).decode(text)
        if isinstance(value, dict) and not _lacks_messages(value):
            return Salvage(value, whole)
    except (ValueError, RecursionError):
        pass
    found = Salvage(whole=False)
    place = _members(text, found.members)
    if "role" in found.members and MESSAGES not in found.members:
        found.members, place = {}, 0  # a message: what stood before the messages is gone
    begun = _LIST.search(text)
    rows = _scan(text, min(place, begun.end()) if begun else place, found.members, names)
    messages = found.members.get(MESSAGES)
    if rows and not (isinstance(messages, list) and len(messages) >= len(rows)):
        found.members[MESSAGES] = rows
    return found


def _lacks_messages(value: dict[str, JsonValue]) -> bool:
    """As where one that is torn has taken those behind it for its own."""
    count, messages = value.get("message_count"), value.get(MESSAGES)
    return isinstance(count, int) and isinstance(messages, list) and len(messages) < count


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
        read = _message(text, start) if name is None else _read(text, start.end())
        if read is None:
            place = start.end()
            continue
        value, place = read
        if name is None:
            found.append(value)
        else:
            into.setdefault(name, value)
    return found


def _message(text: str, start: re.Match[str]) -> tuple[JsonValue, int] | None:
    """A message, where it ends before the next begins, or stands on one line. One that is torn would take what follows
    for its own.
    """
    following = _BEGINNING.search(text, start.end())
    read = _read(text, start.start(), following.start() if following else len(text))
    if read is None and following:
        line_end = text.find("\n", start.end())
        read = _read(text, start.start(), line_end if line_end >= 0 else len(text))
    return read


def _read(text: str, place: int, end: int | None = None) -> tuple[JsonValue, int] | None:
    """The value that stands there, and where it ends."""
    piece, begin = (text, place) if end is None else (text[place:end], 0)
    try:
        value, stop = _decoder.raw_decode(piece, begin)
    except (ValueError, RecursionError):
        return None
    return value, stop if end is None else place + stop


def _skip(text: str, place: int) -> int:
    match = _SPACE.match(text, place)
    return match.end() if match else place
