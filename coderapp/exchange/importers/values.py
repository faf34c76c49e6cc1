"""Plain values out of JSON that anybody may have written: each reader takes anything and never raises."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from datetime import UTC, datetime

from coderapp.core.message import JsonValue
from coderapp.storage.records import whole

JsonObject = dict[str, JsonValue]

LAST_TIME = 253_402_300_799.0
"""The end of the year 9999, as Unix time; what lies beyond is no time."""


def clean(text: str) -> str:
    """The text as JSON gives it back: the halves of characters that were split are one again, NULs are gone."""
    return whole(text).replace("\x00", "") if text else text


def text_of(value: JsonValue) -> str:
    """A text or a number as text; "" for anything else."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return repr(value)[:40]
    return ""


def line_of(value: JsonValue, most: int = 300) -> str:
    """One line, for titles and names."""
    return " ".join(text_of(value).split())[:most]


def first_text(*values: JsonValue) -> JsonValue:
    """The first that is a text with something in it; where none is, the first that is there at all."""
    return next(
        (value for value in values if isinstance(value, str) and value.strip()),
        next((value for value in values if value is not None), None),
    )


def mapping(value: JsonValue) -> JsonObject:
    return value if isinstance(value, dict) else {}


def items(value: JsonValue) -> list[JsonValue]:
    """The members of a list; of an object its values, for lists come as objects with numbers for names too; of a text
    that is a list or an object once more, those in it. Any other text is a member by itself: it must not get lost.
    """
    if isinstance(value, str):
        value = _unpacked(value) if value.strip() else None
    if isinstance(value, list):
        return value
    return list(value.values()) if isinstance(value, dict) else []


def _unpacked(text: str) -> JsonValue:
    if text.lstrip()[:1] in ("[", "{"):
        try:
            value: JsonValue = json.loads(text, strict=False)
        except (ValueError, RecursionError):
            return [text]
        return value
    return [text]


def first(value: JsonObject, *names: str) -> JsonValue:
    """The first of the fields that is there and not null."""
    return next((found for name in names if (found := value.get(name)) is not None), None)


def unix_time(value: JsonValue) -> float:
    """Seconds from a number (seconds, milli-, micro- or nanoseconds) or an ISO 8601 text; 0.0 where there is none."""
    if isinstance(value, str):
        value = _time_of_text(value.strip())
    elif isinstance(value, dict):
        value = value.get("$date")  # as databases write it
        if isinstance(value, dict):
            value = value.get("$numberLong")
        return unix_time(value) if isinstance(value, str | int | float) else 0.0
    if isinstance(value, bool) or not isinstance(value, int | float):
        return 0.0
    try:
        number = float(value)
    except OverflowError:
        return 0.0
    if not math.isfinite(number):
        return 0.0
    for beyond in (1e17, 1e14, 1e11):
        if number > beyond:
            number /= {1e17: 1e9, 1e14: 1e6, 1e11: 1e3}[beyond]
            break
    return round(number, 3) if 0.0 < number <= LAST_TIME else 0.0


def _time_of_text(text: str) -> float:
    if not text:
        return 0.0
    try:
        if text.replace(".", "", 1).isdecimal():
            return float(text)
        moment = datetime.fromisoformat(text)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, OSError):
        return 0.0


def count_of(value: JsonValue) -> int | None:
    """A whole number that is not negative and fits a file."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    ok = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53
    return value if ok and isinstance(value, int) else None


def legal(value: JsonValue, depth: int = 0) -> JsonValue:
    """The same as standard JSON can hold it. What lies deeper than any person nests is written out as text."""
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, int):
        return value if isinstance(value, bool) or abs(value) < 2**63 else text_of(float_or_text(value))
    if isinstance(value, list | dict) and depth > 60:
        return "".join(strings_in(value)) or "…"
    if isinstance(value, list):
        return [legal(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {clean(str(name)): legal(item, depth + 1) for name, item in value.items()}
    return value


def float_or_text(value: int) -> JsonValue:
    """A whole number that is too large for a file."""
    try:
        return float(value)
    except OverflowError:
        return "a number of more than 300 digits"


def as_json(value: JsonValue) -> str:
    """For people to read."""
    return json.dumps(legal(value), ensure_ascii=False, indent=2)


def strings_in(value: JsonValue) -> Iterator[str]:
    """Every text inside a value, at any depth."""
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, str):
            yield item
        elif isinstance(item, list):
            waiting.extend(reversed(item))
        elif isinstance(item, dict):
            waiting.extend(reversed(item.values()))


def has_words(value: JsonValue) -> bool:
    """Whether there is a text in it."""
    return any(text.strip() for text in strings_in(value))


def is_blank(value: JsonValue) -> bool:
    """Whether there is nothing in it that a person could miss."""
    if value is None or isinstance(value, bool):
        return True
    if isinstance(value, str):
        return not value.strip()
    if isinstance(value, list | dict):
        return not any(text.strip() for text in strings_in(value)) and not _has_number(value)
    return False


def _has_number(value: JsonValue) -> bool:
    waiting = [value]
    while waiting:
        item = waiting.pop()
        if isinstance(item, list):
            waiting.extend(item)
        elif isinstance(item, dict):
            waiting.extend(item.values())
        elif isinstance(item, int | float) and not isinstance(item, bool):
            return True
    return False
