"""Open WebUI's export: a list of rows with `chat`, which has `history` (a tree: `messages` by id, `currentId`) and the
shown path once more as `messages`.
"""

from __future__ import annotations

from coderapp.core.message import JsonValue, Role, TokenUsage
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts, above, answered, role_of
from coderapp.exchange.importers.messages import content_into, promote_system, thought_into
from coderapp.exchange.importers.values import (
    JsonObject,
    count_of,
    first,
    first_text,
    has_words,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "open-webui"

_ABOUT_FILES = {"type", "name", "filename", "id", "url", "status", "size", "itemId", "collection_name"}
"""What is known of a file beside its text."""


def read(value: JsonObject) -> FoundConversation:
    chat = mapping(value.get("chat")) or value
    labels = items(mapping(value.get("meta")).get("tags"))
    tags = [line_of(first(mapping(label), "name", "id") or label, 60) for label in labels]
    found = FoundConversation(
        SOURCE,
        line_of(first(value, "id") or first(chat, "id")),
        "",
        unix_time(first(value, "created_at", "timestamp") or first(chat, "timestamp")),
        unix_time(first(value, "updated_at")),
        tags=tuple(dict.fromkeys(tag for tag in tags if tag)),
        pinned=value.get("pinned") is True,
        archived=value.get("archived") is True,
    )
    names = [name for name in (value.get("title"), chat.get("title")) if name is not None]
    found.title = found.line("title", first_text(*names))
    found.odd += [("title", name) for name in names[:1] if found.title and isinstance(name, dict | list)]
    prompt = first(chat, "system") or mapping(chat.get("params")).get("system") or chat.get("params")
    found.system_prompt = found.words("system prompt", prompt)
    models = [line_of(model) for model in items(chat.get("models"))]
    model = models[0] if models else ""
    history = mapping(chat.get("history"))
    if not isinstance(history.get("messages"), dict | list) and has_words(chat.get("history")):
        found.odd.append(("history", chat.get("history")))
    skipped: dict[str, str | None] = {}
    _take(history.get("messages"), True, found, model, skipped)
    flat = chat.get("messages")
    # The flat list repeats the shown path. Where the tree lacks something of it, or there is no tree, it counts.
    if flat is not None:
        extra = FoundConversation(SOURCE)
        _take(flat, False, extra, model, skipped)
        if not found.messages:
            found.messages = extra.messages
            found.raw += extra.raw
            found.left_out += extra.left_out
        else:
            words = {message.parts for message in found.messages}
            missing = [one for one in extra.messages if one.parts not in words]
            found.messages += missing
            if missing:
                found.raw += extra.raw
    found.move_up(skipped)
    found.leaf = line_of(first(history, "currentId", "current_id"))
    found.leaf = above(found.leaf, skipped) or ""
    promote_system(found)
    return found


def _take(value: JsonValue, tree: bool, found: FoundConversation, model: str, skipped: dict[str, str | None]) -> None:
    rows = value.items() if isinstance(value, dict) else ((None, item) for item in items(value))
    for key, item in rows:
        message = _message(key or "", item, found, model, tree)
        if message is None:
            continue
        if message.parts:
            found.messages.append(message)
        elif message.id:
            skipped[message.id] = message.parent


def _message(key: str, value: JsonValue, found: FoundConversation, model: str, tree: bool) -> FoundMessage | None:
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        parts.raw(value, "message")
        return FoundMessage(key, None, Role.SYSTEM, parts.done())
    role = role_of(value.get("role"))
    if role is None:
        role = Role.SYSTEM
        if not is_blank(said := value.get("role")):
            parts.raw(said, "role")
    for attached in items(value.get("files")):
        _file(attached, parts)
    thought_into(value.get("reasoning_content"), parts)
    content_into(value.get("content"), parts)
    error = value.get("error")
    if isinstance(error, str | dict) and not is_blank(error):
        content_into(first(mapping(error), "content", "detail", "message") or error, parts)
    for source in items(value.get("sources")):
        if name := line_of(first(mapping(mapping(source).get("source")), "name", "url")):
            parts.text(f"Source: {name}")
    parts.or_raw(value, "message", "content", "files", "error")
    created = unix_time(value.get("timestamp"))
    before = first(value, "parentId", "parent_id")
    parent = (line_of(before) if isinstance(before, str) else "") if tree or "parentId" in value else None
    usage = mapping(value.get("usage"))
    counts = TokenUsage(
        count_of(first(usage, "prompt_tokens", "prompt_eval_count", "input_tokens")),
        count_of(first(usage, "completion_tokens", "eval_count", "output_tokens")),
    )
    return FoundMessage(
        line_of(value.get("id")) or line_of(key),
        parent,
        role,
        parts.done(),
        created,
        answered(text_of(value.get("model")) or model, started=created, usage=counts)
        if role is Role.ASSISTANT
        else None,
    )


def _file(value: JsonValue, parts: Parts) -> None:
    inside = mapping(value)
    file = mapping(inside.get("file"))
    name = line_of(first(inside, "name", "filename") or first(file, "filename", "name"), 200)
    text = mapping(file.get("data")).get("content")
    if inside.get("type") == "image":
        parts.picture(text_of(inside.get("url")))
    elif isinstance(text, str) and text.strip():
        parts.file(name or "attachment.txt", "text/plain", text)
    elif has_words(text) or (not isinstance(value, dict) and has_words(value)):
        parts.raw(value, "file")
    elif name and has_words(rest := {key: each for key, each in inside.items() if key not in _ABOUT_FILES}):
        parts.raw(rest, "file")
    elif name:
        parts.missing("attached file", name)
    elif not is_blank(value):
        parts.raw(value, "file")
