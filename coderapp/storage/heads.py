"""What a list of conversations shows, read from the beginning of each file."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from coderapp.core.conversation import Conversation
from coderapp.storage import schema
from coderapp.storage.ids import is_valid, time_of
from coderapp.storage.lenient import Fields
from coderapp.storage.migrations import migrate

HEAD_BYTES = 2048


NEWER_REASON = "It was saved by a newer coderapp; here it can be read, not changed."


class HeadState(StrEnum):
    READY = "ready"
    DAMAGED = "damaged"  # opens with what can be read
    NEWER = "newer"  # of a later version of the program; does not open


@dataclass(frozen=True, slots=True)
class ConversationHead:
    """Times are Unix times in seconds. `title` may be empty. `reason` is a sentence where `state` is not READY."""

    id: str
    title: str
    created: float
    updated: float
    message_count: int
    state: HeadState = HeadState.READY
    reason: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False


def head_of(conversation: Conversation) -> ConversationHead:
    return ConversationHead(
        conversation.id,
        conversation.title,
        conversation.created,
        max(conversation.updated, conversation.created),
        len(conversation),
        folder=conversation.folder,
        tags=conversation.tags,
        pinned=conversation.pinned,
        archived=conversation.archived,
    )


def in_one_sentence(troubled: Sequence[tuple[str, str]]) -> str:
    """For the titles and reasons of conversations that are damaged or newer; a hundred are one sentence too."""
    (title, reason), *others = troubled
    first = f"The conversation “{title}”: {reason}"
    if not others:
        return first
    return (
        f"{len(troubled)} conversations are damaged or can't be changed; each opens with what can be read of it, and"
        f" its file is kept. {first}"
    )


def damaged_head(conversation_id: str, reason: str) -> ConversationHead:
    created = time_of(conversation_id)
    return ConversationHead(conversation_id, "", created, created, 0, HeadState.DAMAGED, reason)


def read_head(path: str, conversation_id: str) -> ConversationHead | None:
    """None where the file has to be read whole to tell. Raises OSError."""
    descriptor = os.open(path, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    try:
        data = os.read(descriptor, HEAD_BYTES)
    finally:
        os.close(descriptor)
    if schema.HEAD_END not in data:
        return None
    value = schema.read_head(data)
    return None if value is None else from_fields(conversation_id, value)


def from_fields(conversation_id: str, value: dict[str, object]) -> ConversationHead | None:
    """From the head fields of a file; None where one has a wrong type, or a number that none can have."""
    version = value.get("version")
    migrate(value, schema.VERSION)  # type: ignore[arg-type]  # parsed JSON
    fields = Fields(value)  # type: ignore[arg-type]
    title = fields.text("title")
    created = fields.number("created") or time_of(conversation_id)
    updated = max(fields.number("updated") or 0.0, created)
    count = fields.count("message_count") or 0
    folder, pinned, archived = fields.text("folder"), bool(fields.flag("pinned")), bool(fields.flag("archived"))
    tags = fields.texts("tags")
    if isinstance(version, int) and schema.VERSION < version <= schema.ANY_VERSION:
        return ConversationHead(conversation_id, title, created, updated, count, HeadState.NEWER, NEWER_REASON)
    if fields.faults or value.get("version") != schema.VERSION or not 0 <= count <= schema.MOST_MESSAGES:
        return None
    return ConversationHead(
        conversation_id, title, created, updated, count, folder=folder, tags=tags, pinned=pinned, archived=archived
    )


def files(folder: str) -> Mapping[str, set[str]]:
    """Conversation id → which of "json" and "journal" are there. Raises OSError but for a missing folder."""
    found: dict[str, set[str]] = {}
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return found
    for name in names:
        stem, _, suffix = name.partition(".")
        if suffix in ("json", "journal") and is_valid(stem):
            found.setdefault(stem, set()).add(suffix)
    return found
