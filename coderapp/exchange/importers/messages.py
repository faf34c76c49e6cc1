"""Messages as the chat completions API has them: a list of role and content, a request's body, or a line of JSONL.

Also the words of its many relatives: `conversations` with `from` and `value`, `reasoning_content`, content as parts.
"""

from __future__ import annotations

import json

from coderapp.core.message import JsonValue, Role
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.values import (
    JsonObject,
    as_json,
    first,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "messages"

PICTURES = {"image_url", "image", "input_image", "output_image"}
TEXTS = {"text", "input_text", "output_text", "refusal", "error", "summary_text", ""}
RECORDINGS = {"input_audio", "audio", "video", "video_url"}


def read(value: JsonObject) -> FoundConversation:
    found = FoundConversation(
        SOURCE,
        line_of(first(value, "conversation_id", "id", "uuid")),
        "",
        unix_time(first(value, "created", "created_at", "createdAt", "create_time", "timestamp")),
        unix_time(first(value, "updated", "updated_at", "updatedAt", "update_time")),
        system_prompt=text_of(value.get("system")) if isinstance(value.get("system"), str) else "",
    )
    found.title = found.line("title", first(value, "title", "name", "subject"))
    model = text_of(value.get("model"))
    for item in items(first(value, "messages", "conversations")):
        message = message_of(item, found, model)
        if message is not None:
            found.messages.append(message)
    if not found.system_prompt and not is_blank(system := value.get("system")):
        parts = Parts(found)
        content_into(system, parts)
        found.messages.insert(0, FoundMessage("", None, Role.SYSTEM, parts.done()))
    promote_system(found)
    return found


def promote_system(found: FoundConversation) -> None:
    """A system message at the beginning is the conversation's system prompt, where it is nothing but text."""
    if not found.messages or found.system_prompt:
        return
    opening = found.messages[0]
    is_first = opening.role is Role.SYSTEM and opening.parent in (None, "") and len(opening.parts) == 1
    replies = [message for message in found.messages[1:] if message.parent == opening.id and opening.id]
    if is_first and not replies and len(found.messages) > 1 and not found.raw and not opening.starred:
        text = getattr(opening.parts[0], "text", "")
        if text and type(opening.parts[0]).__name__ == "TextPart":
            found.system_prompt = text
            del found.messages[0]


def message_of(value: JsonValue, found: FoundConversation, model: str = "") -> FoundMessage | None:
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        if isinstance(value, str):
            parts.text(value)
            return FoundMessage("", None, Role.USER, parts.done())
        parts.raw(value, "message")
        return FoundMessage("", None, Role.SYSTEM, parts.done())
    spoken = first(value, "role", "from", "sender", "author")
    role = role_of(mapping(spoken).get("role")) if isinstance(spoken, dict) else role_of(spoken)
    if role is None:
        role = Role.SYSTEM
        if not is_blank(spoken):
            parts.raw(spoken, "role")
    name = line_of(first(value, "name", "tool_name"), 100)
    thought_into(first(value, "reasoning_content", "reasoning", "thinking"), parts)
    content_into(first(value, "content", "value", "text"), parts)
    if not is_blank(refusal := value.get("refusal")):
        content_into(refusal, parts)
    for call in [*items(value.get("tool_calls")), *([value["function_call"]] if value.get("function_call") else [])]:
        call_into(call, parts)
    parts.or_raw(value, "message", "content", "value", "text", "tool_calls", "function_call")
    if parts.is_empty:
        return None
    if role is Role.TOOL and name:
        parts.heading(f"{name}")
    created = unix_time(first(value, "created", "created_at", "createdAt", "timestamp", "create_time"))
    spoken_by = text_of(value.get("model")) or model
    return FoundMessage(
        line_of(first(value, "id", "uuid", "messageId")),
        None,
        role,
        parts.done(),
        created,
        answered(spoken_by, started=created) if role is Role.ASSISTANT else None,
    )


def thought_into(value: JsonValue, parts: Parts) -> None:
    if isinstance(value, str):
        parts.thought(value)
    elif isinstance(value, dict) and isinstance(value.get("content"), str):
        parts.thought(text_of(value.get("content")))
    elif not is_blank(value):
        parts.raw(value, "reasoning")


def content_into(content: JsonValue, parts: Parts) -> None:
    """A text, or a list of parts."""
    if isinstance(content, str):
        parts.text(content)
    elif isinstance(content, list):
        for piece in content:
            piece_into(piece, parts)
    elif isinstance(content, dict):
        piece_into(content, parts)
    elif not is_blank(content):
        parts.raw(content, "content")


def piece_into(piece: JsonValue, parts: Parts) -> None:
    if isinstance(piece, str):
        parts.text(piece)
        return
    if not isinstance(piece, dict):
        if not is_blank(piece):
            parts.raw(piece, "content")
        return
    kind = line_of(piece.get("type"))
    text = piece.get("text")
    if isinstance(text, dict) and isinstance(text.get("value"), str):
        text = text.get("value")
    if kind in PICTURES:
        address = first(piece, "image_url", "url", "image", "data", "storageKey")
        source = mapping(piece.get("source"))
        address = mapping(address).get("url") if isinstance(address, dict) else address
        parts.picture(text_of(address) or text_of(first(source, "url", "data")))
    elif kind in RECORDINGS:
        parts.missing("recording", kind)
    elif kind in ("thinking", "reasoning", "think") and isinstance(
        thought := first(piece, "thinking", "reasoning", "think", "text", "content"), str
    ):
        parts.thought(thought)
    elif kind in TEXTS and isinstance(text, str):
        parts.text(text)
    elif kind == "refusal" and isinstance(piece.get("refusal"), str):
        parts.text(text_of(piece.get("refusal")))
    elif kind in ("tool_use", "tool_call", "tool-call", "function_call"):
        call_into(first(piece, "tool_call") or piece, parts)
    elif kind in ("tool_result", "tool-result", "function_call_output"):
        result_into(first(piece, "content", "result", "output"), line_of(first(piece, "toolName", "name"), 100), parts)
    elif not is_blank({name: item for name, item in piece.items() if name != "type"}):
        parts.raw(piece, kind or "content")


def call_into(call: JsonValue, parts: Parts) -> None:
    """What was given to a tool, and what came back where that stands with it."""
    if not isinstance(call, dict):
        if not is_blank(call):
            parts.raw(call, "tool call")
        return
    function = mapping(call.get("function"))
    name = line_of(first(function, "name") or first(call, "name", "toolName", "tool_name"), 100)
    given = first(function, "arguments") if "arguments" in function else first(call, "arguments", "args", "input")
    output = first(call, "output", "result")
    if not name and is_blank(given) and is_blank(output):
        if not is_blank({key: item for key, item in call.items() if key not in ("id", "type", "index", "progress")}):
            parts.raw(call, "tool call")
        return
    if isinstance(given, str):
        parts.code(pretty(given), "json", f"To {name or 'a tool'}:")
    else:
        parts.code(as_json(given) if not is_blank(given) else "{}", "json", f"To {name or 'a tool'}:")
    result_into(output, name, parts)


def result_into(output: JsonValue, name: str, parts: Parts) -> None:
    if isinstance(output, str):
        parts.code(output, "", f"From {name or 'a tool'}:")
    elif not is_blank(output):
        texts = [text_of(mapping(piece).get("text")) for piece in items(output)]
        plain = (
            isinstance(output, list) and all(texts) and all(set(mapping(piece)) <= {"type", "text"} for piece in output)
        )
        parts.code("\n".join(texts) if plain else as_json(output), "" if plain else "json", f"From {name or 'a tool'}:")


def pretty(arguments: str) -> str:
    """Arguments are JSON in a text, on one line; as they came where they are not, or are long."""
    if len(arguments) > 4000:
        return arguments
    try:
        value = json.loads(arguments)
    except (ValueError, RecursionError):
        return arguments
    return as_json(value) if isinstance(value, dict) and "\\u" not in arguments else arguments
