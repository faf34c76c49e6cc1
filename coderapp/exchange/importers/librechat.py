"""LibreChat's export of a conversation: `messages`, a list or a tree by `children`, or `messagesTree`.

A message has `messageId`, `parentMessageId`, `sender`, `isCreatedByUser`, and `text` or `content` (parts).
"""

from __future__ import annotations

from coderapp.core.message import FinishReason, JsonValue, Role
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.messages import call_into, content_into, piece_into
from coderapp.exchange.importers.values import (
    JsonObject,
    first,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "librechat"

NO_PARENT = "00000000-0000-0000-0000-000000000000"
"""Stands for the parent of a first message."""


def read(value: JsonObject) -> FoundConversation:
    options = mapping(value.get("options"))
    found = FoundConversation(
        SOURCE,
        line_of(first(value, "conversationId", "_id")),
        "",
        unix_time(value.get("createdAt")),
        unix_time(value.get("updatedAt")),
        tags=tuple(dict.fromkeys(tag for tag in map(line_of, items(value.get("tags"))) if tag)),
        archived=value.get("isArchived") is True,
    )
    found.title = found.line("title", value.get("title"))
    prompt = first(options, "promptPrefix", "system") or value.get("promptPrefix")
    found.system_prompt = found.words("system prompt", prompt if prompt or options else value.get("options"))
    model = text_of(first(options, "model", "modelLabel") or value.get("model"))
    top = first(value, "messagesTree", "messages")
    roots = [top] if isinstance(top, dict) and "messageId" in top else items(top)
    skipped: dict[str, str | None] = {}
    # Not by recursion: a conversation of a thousand turns is nested a thousand deep.
    waiting: list[tuple[JsonValue, str | None]] = [(root, None) for root in reversed(roots)]
    while waiting:
        item, above = waiting.pop()
        message = _message(item, above, found, model)
        below = above
        if message is not None:
            if message.parts:
                if not message.id:
                    message.id = f"place-{len(found.messages)}"
                found.messages.append(message)
            elif message.id:
                skipped[message.id] = message.parent
            below = message.id or above
        waiting += [(child, below) for child in reversed(items(mapping(item).get("children")))]
    found.move_up(skipped)
    return found


def _message(value: JsonValue, above: str | None, found: FoundConversation, model: str) -> FoundMessage | None:
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        parts.raw(value, "message")
        return FoundMessage("", above, Role.SYSTEM, parts.done())
    by_user, sender = value.get("isCreatedByUser"), value.get("sender")
    if isinstance(by_user, bool):
        role = Role.USER if by_user else Role.ASSISTANT
    else:
        role = (
            role_of(value.get("role"))
            or role_of(sender)
            or (Role.ASSISTANT if isinstance(sender, str) and sender.strip() else Role.SYSTEM)
        )
        if not is_blank(by_user):
            parts.raw(by_user, "isCreatedByUser")
    if not isinstance(sender, str) and not is_blank(sender):
        parts.raw(sender, "sender")
    for attached in [*items(value.get("files")), *items(value.get("attachments"))]:
        inside = mapping(attached)
        name = line_of(first(inside, "filename", "name"), 200)
        if isinstance(inside.get("text"), str):
            kind = line_of(inside.get("type")) or "text/plain"
            parts.file(name or "attachment.txt", kind, text_of(inside.get("text")))
        elif name:
            parts.missing("attached file", name)
        elif isinstance(attached, str) and attached.strip():
            parts.raw(attached, "file")
    content, text = value.get("content"), value.get("text")
    before = parts.count
    if isinstance(content, list):
        for piece in content:
            _piece(piece, parts)
    elif not is_blank(content):
        content_into(content, parts)
    if not (isinstance(text, str) and parts.count > before):
        content_into(text, parts)
    parts.or_raw(value, "message", "content", "text")
    parent = value.get("parentMessageId")
    if parent == NO_PARENT:
        parent = ""
    created = unix_time(first(value, "createdAt", "timestamp"))
    return FoundMessage(
        line_of(first(value, "messageId", "_id", "id")),
        line_of(parent) if isinstance(parent, str) else above,
        role,
        parts.done(),
        created,
        answered(text_of(value.get("model")) or model, started=created, finish=_finish(value))
        if role is Role.ASSISTANT
        else None,
    )


def _finish(value: JsonObject) -> FinishReason:
    return FinishReason.LENGTH if value.get("finish_reason") == "length" else FinishReason.STOP


def _piece(piece: JsonValue, parts: Parts) -> None:
    inside = mapping(piece)
    call = inside.get("tool_call")
    if inside.get("type") == "tool_call" and isinstance(call, dict):
        call_into(mapping(call.get("code_interpreter")) or call, parts)
    elif inside.get("type") == "image_file":
        image = mapping(inside.get("image_file"))
        parts.picture(text_of(first(image, "filepath", "filename", "file_id")))
    elif inside.get("type") == "error" and isinstance(inside.get("error"), str):
        parts.text(text_of(inside.get("error")))
    else:
        piece_into(piece, parts)
