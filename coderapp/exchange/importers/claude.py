"""Claude's export: `conversations.json`, a list of conversations with `chat_messages`.

A message has `uuid`, `sender`, `created_at`, `text` and, since 2024, `content`: blocks of type text, thinking,
tool_use, tool_result and others. `attachments` hold the text that was taken out of files, `files` only their names.
`parent_message_uuid` makes a tree of them where it stands.
"""

from __future__ import annotations

from coderapp.core.message import JsonValue, Role
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.values import (
    JsonObject,
    as_json,
    clean,
    first,
    has_words,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "claude"

NO_PARENT = "00000000-0000-4000-8000-000000000000"
"""Stands for the parent of a first message."""

NOT_SHOWN = "This block is not supported on your current device yet."
"""Stands in the flat text for a block that is no text."""


_ABOUT_FILES = {"file_name", "file_size", "file_type", "id", "created_at", "extracted_content"}


def read(value: JsonObject) -> FoundConversation:
    found = FoundConversation(
        SOURCE,
        line_of(first(value, "uuid", "id")),
        "",
        unix_time(value.get("created_at")),
        unix_time(value.get("updated_at")),
        folder=line_of(mapping(value.get("project")).get("name"), 80),
        pinned=value.get("is_starred") is True,
        leaf=line_of(value.get("current_leaf_message_uuid")),
    )
    found.title = found.line("title", first(value, "name", "title"))
    model = text_of(value.get("model"))
    in_tree = any("parent_message_uuid" in mapping(item) for item in items(value.get("chat_messages")))
    skipped: dict[str, str | None] = {}
    for item in items(value.get("chat_messages")):
        message = _message(item, found, model, in_tree)
        if message is not None and message.parts:
            found.messages.append(message)
        elif message is not None and message.id:
            skipped[message.id] = message.parent
    found.move_up(skipped)
    return found


def _message(value: JsonValue, found: FoundConversation, model: str, in_tree: bool) -> FoundMessage | None:
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        parts.raw(value, "message")
        return FoundMessage("", None, Role.SYSTEM, parts.done())
    role = role_of(first(value, "sender", "role"))
    if role is None:
        role = Role.SYSTEM
        if not is_blank(sender := value.get("sender")):
            parts.raw(sender, "sender")
    for attached in items(value.get("attachments")):
        _attachment(attached, parts)
    for named in items(value.get("files")) + items(value.get("files_v2")):
        if name := line_of(first(mapping(named), "file_name", "name")):
            parts.missing("attached file", name)
    _content(value, parts)
    parts.or_raw(value, "message", "content", "text")
    created = unix_time(first(value, "created_at", "updated_at"))
    parent: str | None = None
    if in_tree:
        before = value.get("parent_message_uuid")
        parent = line_of(before) if isinstance(before, str) else None
        parent = "" if parent == NO_PARENT else parent
    return FoundMessage(
        line_of(first(value, "uuid", "id")),
        parent,
        role,
        parts.done(),
        created,
        answered(model, started=created) if role is Role.ASSISTANT else None,
    )


def _content(value: JsonObject, parts: Parts) -> None:
    """The blocks; of the flat text what is not in them. It has notes instead of what tools did."""
    content, text = value.get("content"), value.get("text")
    if isinstance(content, str):
        parts.text(content)
    else:
        for block in items(content):
            _block(block, parts)
    if isinstance(text, str):
        told = parts.everything
        for piece in text.split(NOT_SHOWN):
            piece = piece.replace("```\n\n```", "").strip().removesuffix("```").removeprefix("```").strip()
            if clean(piece) not in told:
                parts.text(piece)
    elif not is_blank(text):
        parts.raw(text, "text")


def _block(block: JsonValue, parts: Parts) -> None:
    if isinstance(block, str):
        parts.text(block)
        return
    if not isinstance(block, dict):
        if not is_blank(block):
            parts.raw(block, "content")
        return
    kind = block.get("type")
    match kind:
        case "text" if isinstance(block.get("text"), str):
            parts.text(text_of(block.get("text")))
        case "thinking" if isinstance(block.get("thinking"), str):
            parts.thought(text_of(block.get("thinking")))
        case "tool_use" if "input" in block:
            _use(block, parts)
        case "tool_result" if "content" in block:
            _result(block, parts)
        case "image":
            parts.picture(text_of(first(mapping(block.get("source")), "url", "file_uuid")))
        case "token_budget" | "flag":
            return
        case _:
            if not is_blank({name: item for name, item in block.items() if name != "type"}):
                parts.raw(block, line_of(kind) or "content")


def _use(block: JsonObject, parts: Parts) -> None:
    name = line_of(block.get("name"), 100) or "a tool"
    given = block.get("input")
    if name == "artifacts" and isinstance(code := mapping(given).get("content"), str):
        title = line_of(mapping(given).get("title")) or "artifact"
        kind = line_of(mapping(given).get("language"))
        parts.code(code, kind, f"{title}")
        rest: JsonValue = {key: item for key, item in mapping(given).items() if key in ("old_str", "new_str") and item}
        if rest:
            parts.code(as_json(rest), "json")
    elif isinstance(given, str):
        parts.code(given, "", f"To {name}:")
    elif not is_blank(given):
        parts.code(as_json(given), "json", f"To {name}:")


def _result(block: JsonObject, parts: Parts) -> None:
    name = line_of(block.get("name"), 100) or "a tool"
    texts = []
    for piece in items(block.get("content")) if not isinstance(block.get("content"), str) else [block.get("content")]:
        if isinstance(piece, str):
            texts.append(piece)
        elif mapping(piece).get("type") == "text" and isinstance(mapping(piece).get("text"), str):
            texts.append(text_of(mapping(piece).get("text")))
        elif not is_blank(piece):
            texts.append(as_json(piece))
    whole = "\n".join(texts)
    if whole.strip() not in ("", "OK"):
        parts.code(whole, "", f"From {name}:")


def _attachment(value: JsonValue, parts: Parts) -> None:
    inside = mapping(value)
    text = inside.get("extracted_content")
    name = line_of(inside.get("file_name"), 200) or "attachment.txt"
    if isinstance(text, str) and text.strip():
        parts.file(name, line_of(inside.get("file_type"), 100) or "text/plain", text)
    elif (
        not is_blank(text)
        or (not isinstance(value, dict) and not is_blank(value))
        or has_words({key: item for key, item in inside.items() if key not in _ABOUT_FILES})
    ):
        parts.raw(value, "attachment")
    elif inside:
        parts.missing("attached file", name)
