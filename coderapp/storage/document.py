"""A conversation with what its file holds beside it."""

from __future__ import annotations

from dataclasses import dataclass, field

from coderapp.core.conversation import Conversation
from coderapp.core.message import JsonValue


@dataclass(slots=True)
class Document:
    """A conversation with what its file holds beside it.

    `journal` is the number of the last journal record that is folded in. `extras` and `message_extras` (by message
    id) are fields of unknown meaning, kept. `set_aside` holds values that are no message, or only in part. `version` is
    that of the form that it was read from, 0 for none.
    """

    conversation: Conversation
    journal: int = 0
    extras: dict[str, JsonValue] = field(default_factory=dict)
    message_extras: dict[str, dict[str, JsonValue]] = field(default_factory=dict)
    set_aside: list[JsonValue] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    version: int = 0
