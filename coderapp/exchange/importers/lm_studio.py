"""LM Studio's `*.conversation.json`: `messages`, each with `versions` and `currentlySelected`.

A version is `singleStep` (`content`: parts) or `multiStep` (`steps`: blocks of content with what produced them, states
of tools). Versions become branches; what follows stands below the selected one.
"""

from __future__ import annotations

from coderapp.core.message import Generation, JsonValue, Role, TokenUsage
from coderapp.exchange.importers.found import FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.messages import call_into, piece_into, result_into
from coderapp.exchange.importers.values import (
    JsonObject,
    count_of,
    first,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "lm-studio"


def read(value: JsonObject) -> FoundConversation:
    model = text_of(first(mapping(value.get("lastUsedModel")), "identifier", "name", "indexedModelIdentifier"))
    found = FoundConversation(
        SOURCE,
        line_of(value.get("id")),
        "",
        unix_time(value.get("createdAt")),
        unix_time(first(value, "userLastMessagedAt", "assistantLastMessagedAt", "updatedAt")),
        pinned=value.get("pinned") is True,
    )
    found.title = found.line("name", value.get("name"))
    found.system_prompt = found.words("system prompt", _system_prompt(value))
    above = ""
    for place, item in enumerate(items(value.get("messages"))):
        above = _turn(place, item, above, found, model)
    found.leaf = above
    return found


def _system_prompt(value: JsonObject) -> JsonValue:
    if value.get("systemPrompt"):
        return value.get("systemPrompt")
    for field in items(mapping(value.get("perChatPredictionConfig")).get("fields")):
        if mapping(field).get("key") == "llm.prediction.systemPrompt":
            return mapping(field).get("value")
    return ""


def _turn(place: int, item: JsonValue, above: str, found: FoundConversation, model: str) -> str:
    """All versions of one message; the id of what the next one follows."""
    versions = mapping(item).get("versions")
    rows = items(versions) if isinstance(versions, list | dict) else [item]
    if versions is not None and not isinstance(versions, list | dict) and is_blank(versions):
        rows = []
    selected = mapping(item).get("currentlySelected")
    chosen = selected if isinstance(selected, int) and not isinstance(selected, bool) else 0
    below = ""
    first_made = ""
    for number, row in enumerate(rows):
        parts = Parts(found)
        inside = mapping(row)
        role, generation = _version(row, parts, model)
        if parts.is_empty:
            continue
        name = f"turn-{place}-{number}"
        created = unix_time(first(inside, "createdAt", "timestamp"))
        found.messages.append(FoundMessage(name, above, role, parts.done(), created, generation))
        first_made = first_made or name
        if number == chosen:
            below = name
    return below or first_made or above


def _version(row: JsonValue, parts: Parts, model: str) -> tuple[Role, Generation | None]:
    if not isinstance(row, dict):
        if not is_blank(row):
            parts.raw(row, "message")
        return Role.SYSTEM, None
    role = role_of(row.get("role"))
    if role is None:
        role = Role.SYSTEM
        if not is_blank(row.get("role")):
            parts.raw(row.get("role"), "role")
    info: JsonObject = {}
    content = row.get("content")
    if isinstance(content, str):
        parts.text(content)
    else:
        for piece in items(content):
            _piece(piece, parts)
        if content is not None and not isinstance(content, list | dict) and not is_blank(content):
            parts.raw(content, "content")
    for step in items(row.get("steps")):
        info = _step(step, parts) or info
    parts.or_raw(row, "message", "content", "steps")
    if role is not Role.ASSISTANT:
        return role, None
    stats = mapping(info.get("stats"))
    usage = TokenUsage(count_of(stats.get("promptTokensCount")), count_of(stats.get("predictedTokensCount")))
    name = text_of(first(info, "identifier", "indexedModelIdentifier"))
    return role, answered(
        name or text_of(mapping(row.get("senderInfo")).get("senderName")) or model,
        usage=usage,
        duration=_seconds(stats.get("totalTimeSec")),
        first_token_after=_seconds(stats.get("timeToFirstTokenSec")),
    )


def _seconds(value: JsonValue) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return round(float(value), 4) if 0 <= value < 1e9 else None


def _step(step: JsonValue, parts: Parts) -> JsonObject:
    """Adds what the step says; how it was generated."""
    if not isinstance(step, dict):
        if not is_blank(step):
            parts.raw(step, "step")
        return {}
    kind = step.get("type")
    content = step.get("content")
    if kind == "contentBlock" or (kind is None and content is not None):
        thinking = mapping(step.get("style")).get("type") == "thinking"
        for piece in items(content) if isinstance(content, list | dict) else [content]:
            text = mapping(piece).get("text")
            if thinking and isinstance(text, str):
                parts.thought(text)
            else:
                _piece(piece, parts)
        return mapping(step.get("genInfo"))
    if kind in ("debugInfoBlock", "status"):
        return {}
    rest = {
        name: item
        for name, item in step.items()
        if name not in ("type", "stepIdentifier", "genInfo", "statusState", "callId", "toolCallRequestId")
    }
    if not is_blank(rest):
        parts.raw(step, line_of(kind) or "step")
    return {}


def _piece(piece: JsonValue, parts: Parts) -> None:
    inside = mapping(piece)
    kind = inside.get("type")
    if kind == "file":
        name = line_of(first(inside, "fileIdentifier", "fileName", "name"), 200)
        if inside.get("fileType") == "image":
            parts.picture(name)
        elif name:
            parts.missing("attached file", name)
        elif not is_blank(piece):
            parts.raw(piece, "file")
    elif kind == "toolCallRequest":
        call = {**inside, "arguments": first(inside, "parameters", "arguments"), "result": None, "output": None}
        call_into(call, parts)
    elif kind == "toolCallResult":
        result_into(inside.get("content"), line_of(inside.get("name")), parts)
    else:
        piece_into(piece, parts)
