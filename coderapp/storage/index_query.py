"""What is typed into the search becomes a Query. Pure; any text gives one, with a sentence where it says nothing.

Words must all be there; "phrases" stand as they are; a minus leaves out; `name:value` filters (docs/search.md). A
`name:` that is not known is text, for code is full of colons.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from coderapp.storage.index_words import fold, has_signs, stands_alone, tokens

MOST_TERMS = 32
"""Words and filters of one query; what is typed beyond them is left out."""

HAS = ("code", "file", "reasoning", "tool")
IS = ("archived", "pinned", "starred")
ROLES = ("assistant", "system", "tool", "user")
_OTHER_ROLES = {"me": "user", "you": "user", "prompt": "user", "answer": "assistant", "model": "assistant"}

FREE = ("model", "lang", "tag", "folder", "title")
"""Filters whose values are the user's own."""

_NAMES = {
    **{name: name for name in (*FREE, "has", "is", "role", "before", "after")},
    "language": "lang", "in": "folder", "from": "role", "since": "after", "until": "before",
}  # fmt: skip

_PIECE = re.compile(r'(-?)(?:([A-Za-z]+):)?(?:"([^"]*)(?:"|$)|(\S+))')
_SPAN = re.compile(r"(\d{1,4})([dwmy])")
_DAY = re.compile(r"(\d{4})(?:-(\d{1,2})(?:-(\d{1,2}))?)?")


_ENDS = ".,;:!?…。、，！？；："
"""What ends a word in a sentence and is no part of it, where it is not quoted."""


@dataclass(frozen=True, slots=True)
class Word:
    """`tokens` stand one after the other, with the signs between them that were typed. Where it is not quoted
    (`whole`), and `text` begins or ends with a letter, the first may be the end, the last the beginning of a longer
    word.
    """

    tokens: tuple[str, ...]
    text: str
    whole: bool = False
    negated: bool = False

    @property
    def open_left(self) -> bool:
        return not self.whole and fold(self.text)[:1].isalnum() and not stands_alone(self.tokens[0])

    @property
    def open_right(self) -> bool:
        return not self.whole and fold(self.text)[-1:].isalnum() and not stands_alone(self.tokens[-1])

    @property
    def literal(self) -> str:
        """What has to stand in the folded text, with its signs; "" where the tokens say it all."""
        folded = " ".join(fold(self.text).split()).strip("' ")
        if not self.whole:
            folded = folded.rstrip(_ENDS)
        return folded if has_signs(folded) else ""


@dataclass(frozen=True, slots=True)
class Filter:
    """`name` is one of FREE, has, is, role; `value` is folded."""

    name: str
    value: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """`after` (this moment too) and `before` (not this one) are Unix times. `typing`: the last word may go on."""

    words: tuple[Word, ...] = ()
    filters: tuple[Filter, ...] = ()
    after: float | None = None
    before: float | None = None
    typing: bool = False
    problem: str = ""

    @property
    def is_empty(self) -> bool:
        return not self.words and not self.filters and self.after is None and self.before is None


def parse(text: str, now: datetime) -> Query:
    """`now` is what "7d" counts from, and its zone is the one that days begin in."""
    query = Query()
    terms = 0
    text = text.encode("utf-8", "replace").decode()  # without halves of characters
    text = text.replace("“", '"').replace("”", '"').replace("\x00", " ")
    typing = False
    for match in _PIECE.finditer(text):
        typing = False
        terms += 1
        if terms > MOST_TERMS:
            break
        minus, name, quoted, run = match.groups()
        if name is None and run and run.endswith(":") and run[:-1].lower() in _NAMES:
            continue  # its value is yet to come
        known = _NAMES.get((name or "").lower())
        if quoted is None and run.startswith("-") and minus:
            minus, run = "", f"-{run}"  # an option of a command: --verbose
        if known is None:
            typed = (f"{name}:" if name else "") + (quoted if quoted is not None else run)
            query = _with_word(query, typed, whole=quoted is not None, negated=bool(minus))
            typing = quoted is None and match.end() == len(text) and bool(query.words)
        else:
            query = _with_filter(query, known, quoted if quoted is not None else run, bool(minus), now)
        if query.problem:
            return query
    if query.is_empty and (said := text.strip()) and not _unfinished(said):
        return replace(query, problem=f"There is no letter or digit in “{_shortened(said)}” to search for.")
    return replace(query, typing=typing)


def _with_word(query: Query, typed: str, *, whole: bool, negated: bool) -> Query:
    found = tuple(tokens(fold(typed)))
    return replace(query, words=(*query.words, Word(found, typed, whole, negated))) if found else query


def _with_filter(query: Query, name: str, value: str, negated: bool, now: datetime) -> Query:
    value = value.strip().strip('"')
    if not value:
        return query
    if name in ("before", "after"):
        moment = _moment(value, now)
        if moment is None:
            example = f"{now:%Y-%m-%d}, {now:%Y-%m} or 7d"
            return replace(query, problem=f"“{_shortened(value)}” is not a date. Write {name}:{example}.")
        if (name == "before") != negated:
            return replace(query, before=moment if query.before is None else min(moment, query.before))
        return replace(query, after=moment if query.after is None else max(moment, query.after))
    folded = fold(value)
    if name in FREE:
        return replace(query, filters=(*query.filters, Filter(name, folded, negated)))
    allowed = {"has": HAS, "is": IS, "role": ROLES}[name]
    if name == "role":
        folded = _OTHER_ROLES.get(folded, folded)
    fitting = [one for one in allowed if one.startswith(folded)]
    if not fitting:
        known = ", ".join(f"{name}:{one}" for one in allowed)
        return replace(query, problem=f"There is no {name}:{_shortened(value)}. There is {known}.")
    return replace(query, filters=(*query.filters, Filter(name, fitting[0], negated)))


def _moment(value: str, now: datetime) -> float | None:
    """The beginning of a day, month or year, or so long ago; None where it is no date."""
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    value = value.lower()
    try:
        if value == "today":
            return today.timestamp()
        if value == "yesterday":
            return (today - timedelta(days=1)).timestamp()
        if match := _SPAN.fullmatch(value):
            days = int(match[1]) * {"d": 1, "w": 7, "m": 30, "y": 365}[match[2]]
            return (today - timedelta(days=days)).timestamp()
        if match := _DAY.fullmatch(value):
            year, month, day = (int(part) if part else 1 for part in match.groups())
            return datetime(year, month, day, tzinfo=now.tzinfo).timestamp()
    except (ValueError, OverflowError, OSError):
        return None
    return None


def _unfinished(said: str) -> bool:
    """A filter whose value is yet to come, a quotation mark, a minus: nothing is wrong so far."""
    last = said.rsplit(maxsplit=1)[-1].lstrip("-").rstrip('"')
    return not last or (last.endswith(":") and last[:-1].lower() in _NAMES)


def _shortened(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:39]}…"
