"""What a search through every conversation gives back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Order(StrEnum):
    NEWEST = "newest"
    RANK = "rank"


@dataclass(frozen=True, slots=True)
class Hit:
    """A message that fits, or, where `message_id` is "", a conversation by its title.

    `snippet` is one line around the first fitting place, `marks` the (start, end) of what fits in it, in characters.
    `created` is Unix time in seconds; `role` is a Role's value, "" for a title; `model` what an answer came from, ""
    where that is not known.
    """

    conversation_id: str
    message_id: str
    title: str
    role: str
    created: float
    snippet: str
    marks: tuple[tuple[int, int], ...] = ()
    model: str = ""


@dataclass(frozen=True, slots=True)
class Found:
    """`words` are what to highlight in a message that is opened from here. `more`: there are further ones than `hits`.
    `problem` is a sentence where the query could not be understood, "" where it could.
    """

    query: str
    hits: tuple[Hit, ...] = ()
    words: tuple[str, ...] = ()
    more: bool = False
    problem: str = ""
