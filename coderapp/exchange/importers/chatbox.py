"""Chatbox: the export of everything (`chat-sessions-list` and a `session:…` for each), or of one session.

A session has `messages` with `contentParts`, older `threads`, and `messageForksHash`: for a message the continuations
that were tried after it, without the one that is shown.
"""

from __future__ import annotations

from coderapp.core.message import JsonValue, Role, TokenUsage
from coderapp.exchange.importers.found import LONGEST, FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.messages import content_into, piece_into, promote_system, thought_into
from coderapp.exchange.importers.values import (
    JsonObject,
    count_of,
    first,
    has_words,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "chatbox"


def read(value: JsonObject) -> FoundConversation:
    """One session, or one of its threads as made by `sessions`."""
    found = FoundConversation(
        SOURCE,
        line_of(value.get("id")),
        "",
        unix_time(value.get("createdAt")),
        pinned=value.get("starred") is True,
        tags=("chatbox thread",) if value.get("is-thread") is True else (),
    )
    found.title = found.line("name", first(value, "name", "threadName"))
    last = _list(value.get("messages"), "", found)
    forks = mapping(value.get("messageForksHash"))
    if not isinstance(value.get("messageForksHash"), dict) and has_words(value.get("messageForksHash")):
        found.odd.append(("messageForksHash", value.get("messageForksHash")))
    for place, (after, fork) in enumerate(forks.items()):
        lists = mapping(fork).get("lists")
        if not isinstance(lists, list | dict):
            if has_words(fork):
                found.odd.append(("fork of messages", fork))
            continue
        for row in items(lists):
            if isinstance(row, dict) and "messages" in row:
                _list(row.get("messages"), after, found, f"fork-{place}")
            elif has_words(row):
                found.odd.append(("fork of messages", row))
    found.leaf = last
    if not forks:
        promote_system(found)
    return found


def sessions(value: JsonObject) -> list[JsonObject]:
    """The session, then each of its older threads as a session of its own, named after both."""
    value = mapping(value.get("session")) or value
    rows = [value]
    for place, thread in enumerate(items(value.get("threads"))):
        if isinstance(thread, dict) and thread.get("messages") is not None:
            own = line_of(thread.get("id")) or f"{line_of(value.get('id'))}-thread-{place}"
            if not isinstance(thread.get("name"), str) and has_words(thread.get("name")):
                rows.append({**thread, "id": own, "is-thread": True})
                continue
            name = " – ".join(filter(None, (line_of(value.get("name")), line_of(thread.get("name"), LONGEST))))
            rows.append({**thread, "id": own, "name": name, "is-thread": True})
        elif not is_blank(thread):
            rows.append({"name": line_of(value.get("name")), "messages": [thread], "is-thread": True})
    return rows


def _list(value: JsonValue, above: str, found: FoundConversation, prefix: str = "place") -> str:
    """Messages that follow each other, the first one `above`; the id of the last."""
    taken = {message.id for message in found.messages}
    for item in items(value):
        message = _message(item, found)
        if message is None:
            continue
        if not message.id or message.id in taken:
            message.id = f"{prefix}-{len(found.messages)}"
        message.parent = above
        above = message.id
        taken.add(above)
        found.messages.append(message)
    return above


def _message(value: JsonValue, found: FoundConversation) -> FoundMessage | None:
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        parts.raw(value, "message")
        return FoundMessage("", None, Role.SYSTEM, parts.done())
    role = role_of(value.get("role"))
    if role is None:
        role = Role.SYSTEM
        if not is_blank(value.get("role")):
            parts.raw(value.get("role"), "role")
    for named in [*items(value.get("files")), *items(value.get("links"))]:
        if name := line_of(first(mapping(named), "name", "title", "url"), 300):
            parts.missing("attached file" if "fileType" in mapping(named) else "attachment", name)
    thought_into(value.get("reasoningContent"), parts)
    content = value.get("contentParts")
    if isinstance(content, list | dict):
        for piece in items(content):
            _piece(piece, parts)
    else:
        content_into(content, parts)
    if not (isinstance(older := value.get("content"), str) and not is_blank(content)):
        content_into(older, parts)
    for picture in items(value.get("pictures")):
        parts.picture(text_of(first(mapping(picture), "url", "storageKey")))
    if not is_blank(error := value.get("error")):
        content_into(error, parts)
    parts.or_raw(value, "message", "contentParts", "content")
    if parts.is_empty:
        return None
    created = unix_time(first(value, "timestamp", "updatedAt"))
    usage = mapping(value.get("usage"))
    counts = TokenUsage(count_of(usage.get("inputTokens")), count_of(usage.get("outputTokens")))
    model = text_of(value.get("model"))
    return FoundMessage(
        line_of(value.get("id")),
        None,
        role,
        parts.done(),
        created,
        answered(model, started=created, usage=counts) if role is Role.ASSISTANT else None,
    )


def _piece(piece: JsonValue, parts: Parts) -> None:
    inside = mapping(piece)
    kind = inside.get("type")
    if kind == "image":
        parts.picture(text_of(first(inside, "url", "storageKey")))
        if isinstance(inside.get("ocrResult"), str):
            parts.text(text_of(inside.get("ocrResult")))
    elif kind == "info" and isinstance(inside.get("text"), str):
        parts.text(text_of(inside.get("text")))
    else:
        piece_into(piece, parts)
