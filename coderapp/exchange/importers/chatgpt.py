"""ChatGPT's `conversations.json`: a list of conversations, each a tree of nodes (`mapping`) with every branch.

A node has `id`, `parent`, `children` and, mostly, a `message`: author, content (`content_type` says of which kind),
times and metadata. `current_node` is where the shown path ends. Nodes without words, and system messages that the site
itself hides, are passed over; their replies move up.
"""

from __future__ import annotations

from coderapp.core.message import FinishReason, JsonValue, Role
from coderapp.exchange.importers.found import PLACING, FoundConversation, FoundMessage, Parts, answered, role_of
from coderapp.exchange.importers.values import (
    JsonObject,
    first,
    has_words,
    is_blank,
    items,
    line_of,
    mapping,
    text_of,
    unix_time,
)

SOURCE = "chatgpt"

_FINISH = {
    "stop": FinishReason.STOP,
    "max_tokens": FinishReason.LENGTH,
    "interrupted": FinishReason.STOPPED,
    "content_filter": FinishReason.CONTENT_FILTER,
}


def read(value: JsonObject) -> FoundConversation:
    found = FoundConversation(
        SOURCE,
        line_of(first(value, "conversation_id", "id")),
        "",
        unix_time(value.get("create_time")),
        unix_time(value.get("update_time")),
        archived=value.get("is_archived") is True,
        pinned=value.get("is_starred") is True,
    )
    found.title = found.line("title", value.get("title"))
    nodes = _nodes(value.get("mapping"), found)
    kept: dict[str, FoundMessage] = {}
    for name, node in nodes.items():
        message = node.get("message")
        if message is None and has_words({key: item for key, item in node.items() if key not in PLACING | {"message"}}):
            message = {"content": {"content_type": "node", **node}}
        if message is not None and (read_one := _message(name, message, found)) is not None:
            kept[name] = read_one
    for name, one in kept.items():
        one.parent = _kept_parent(name, nodes, kept)
    found.messages = list(kept.values())
    found.leaf = _leaf(text_of(value.get("current_node")), nodes, kept)
    return found


def _nodes(value: JsonValue, found: FoundConversation) -> dict[str, JsonObject]:
    """Name → node. A list of nodes is taken as well; what is no node is kept as raw text."""
    named = value.items() if isinstance(value, dict) else enumerate(items(value))
    nodes: dict[str, JsonObject] = {}
    for key, node in named:
        if isinstance(node, dict):
            name = key if isinstance(key, str) else text_of(node.get("id")) or f"node-{key}"
            while name in nodes:
                name += "'"
            nodes[name] = node
        elif not is_blank(node):
            nodes[f"{key}"] = {"message": {"author": {"role": "system"}, "content": node}, "parent": None}
    return nodes


def _message(name: str, value: JsonValue, found: FoundConversation) -> FoundMessage | None:
    """None where there is nothing to see in it."""
    parts = Parts(found)
    if not isinstance(value, dict):
        if is_blank(value):
            return None
        parts.raw(value, "message")
        return FoundMessage(name, None, Role.SYSTEM, parts.done())
    author = mapping(value.get("author"))
    about = mapping(value.get("metadata"))
    role = role_of(author.get("role") or value.get("role"))
    content = value.get("content")
    if about.get("is_visually_hidden_from_conversation") is True:
        if role is Role.SYSTEM and _only_text(content):
            if not is_blank(mapping(content).get("parts")):
                found.left_out["hidden system message"] += 1
            return None
        if mapping(content).get("content_type") == "user_editable_context":
            return None  # custom instructions, which stand before every conversation: kept beside it
    if role is None:
        role = Role.SYSTEM
        if not is_blank(author):
            parts.raw(value.get("author"), "author")
    called = line_of(value.get("recipient"), 100)
    if role is Role.ASSISTANT and called not in ("", "all"):
        _call(content, called, parts)
    else:
        _content(content, parts)
        if role is Role.TOOL and not parts.is_empty and (tool := line_of(author.get("name"), 100)):
            parts.heading(f"{tool}")
    parts.or_raw(value, "message", "content")
    for attached in items(about.get("attachments")):
        if attached_name := line_of(mapping(attached).get("name")):
            parts.missing("attached file", attached_name)
        elif isinstance(attached, str) and attached.strip():
            parts.raw(attached, "attachment")
    if parts.is_empty:
        return None
    created = unix_time(first(value, "create_time", "update_time"))
    generation = None
    if role is Role.ASSISTANT:
        finish = mapping(about.get("finish_details")).get("type")
        generation = answered(
            text_of(first(about, "model_slug", "resolved_model_slug")),
            started=created,
            finish=_FINISH.get(finish, FinishReason.STOP) if isinstance(finish, str) else FinishReason.STOP,
        )
    return FoundMessage(name, None, role, parts.done(), created, generation)


def _only_text(content: JsonValue) -> bool:
    kind = mapping(content).get("content_type")
    return kind in ("text", "model_editable_context") and all(
        isinstance(part, str) for part in items(mapping(content).get("parts"))
    )


def _call(content: JsonValue, called: str, parts: Parts) -> None:
    """What the model wrote to a tool: code, a query, the text of a document."""
    inside = mapping(content)
    kind = inside.get("content_type")
    code = inside.get("text")
    if kind == "code" and isinstance(code, str):
        language = text_of(inside.get("language"))
        parts.code(code, "" if language == "unknown" else language, f"To {called}:")
    elif kind == "text" and all(isinstance(part, str) for part in items(inside.get("parts"))):
        words = "\n".join(text_of(part) for part in items(inside.get("parts")))
        parts.code(words, "json" if words.lstrip().startswith("{") else "", f"To {called}:")
    else:
        _content(content, parts)


def _content(content: JsonValue, parts: Parts) -> None:
    if isinstance(content, str):
        parts.text(content)
        return
    if not isinstance(content, dict):
        if not is_blank(content):
            parts.raw(content, "content")
        return
    kind = content.get("content_type")
    match kind:
        case "text" | "multimodal_text" | None:
            _pieces(content, parts)
        case "code":
            language = text_of(content.get("language"))
            _words(content, "text", parts, code="" if language == "unknown" else language)
        case "execution_output":
            _words(content, "text", parts, code="")
        case "thoughts":
            for thought in items(content.get("thoughts")):
                _thought(thought, parts)
        case "reasoning_recap":
            _words(content, "content", parts, thought=True)
        case "tether_quote":
            where = " · ".join(filter(None, (line_of(content.get(name)) for name in ("title", "url", "domain"))))
            if where:
                parts.text(f"{where}")
            _words(content, "text", parts)
        case "tether_browsing_display":
            _words(content, "result", parts)
            _words(content, "summary", parts)
        case "system_error":
            _words(content, "text", parts)
        case "user_editable_context":
            for name in ("user_profile", "user_instructions"):
                _words(content, name, parts)
        case "model_editable_context":
            _words(content, "model_set_context", parts)
        case _:
            parts.raw(content, line_of(kind) or "content")


def _words(content: JsonObject, name: str, parts: Parts, *, code: str | None = None, thought: bool = False) -> None:
    value = content.get(name)
    if isinstance(value, str):
        if code is not None:
            parts.code(value, code)
        elif thought:
            parts.thought(value)
        else:
            parts.text(value)
    elif not is_blank(value):
        parts.raw(value, f"{line_of(content.get('content_type'))} {name}")


def _thought(value: JsonValue, parts: Parts) -> None:
    if isinstance(value, str):
        parts.thought(value)
        return
    inside = mapping(value)
    told = [text for name in ("summary", "content") if isinstance(text := inside.get(name), str) and text.strip()]
    if told:
        parts.thought("\n\n".join(told))
    rest: JsonValue = {
        name: item for name, item in inside.items() if not isinstance(item, str) and name in ("summary", "content")
    }
    if not isinstance(value, dict) and not is_blank(value):
        parts.raw(value, "thought")
    elif not is_blank(rest):
        parts.raw(rest, "thought")


def _pieces(content: JsonObject, parts: Parts) -> None:
    """The parts of a text, which pictures and sounds may stand between."""
    pieces = content.get("parts")
    if isinstance(content.get("text"), str):
        parts.text(text_of(content.get("text")))
    if pieces is None:
        if not isinstance(content.get("text"), str) and has_words(
            {name: item for name, item in content.items() if name not in ("content_type", "language")}
        ):
            parts.raw(content, "content")
        return
    if not isinstance(pieces, list):
        if isinstance(pieces, str):
            parts.text(pieces)
        elif not is_blank(pieces):
            parts.raw(pieces, "parts")
        return
    for piece in pieces:
        if isinstance(piece, str):
            parts.text(piece)
        elif isinstance(piece, dict):
            _piece(piece, parts)
        elif not is_blank(piece):
            parts.raw(piece, "part")


def _piece(piece: JsonObject, parts: Parts) -> None:
    kind = piece.get("content_type")
    if kind == "image_asset_pointer" and isinstance(piece.get("asset_pointer"), str):
        prompt = mapping(mapping(piece.get("metadata")).get("dalle")).get("prompt")
        parts.picture(text_of(piece.get("asset_pointer")))
        if isinstance(prompt, str):
            parts.text(prompt)
    elif kind == "audio_transcription" and isinstance(piece.get("text"), str):
        parts.text(text_of(piece.get("text")))
    elif kind in ("audio_asset_pointer", "video_container_asset_pointer", "real_time_user_audio_video_asset_pointer"):
        parts.missing("recording", line_of(piece.get("asset_pointer")))
    elif kind in ("text", None) and isinstance(piece.get("text"), str):
        parts.text(text_of(piece.get("text")))
    elif isinstance(piece.get("content"), str) and isinstance(piece.get("title"), str):  # a document of the canvas
        parts.text(f"{line_of(piece.get('title'))}")
        parts.text(text_of(piece.get("content")))
    elif not is_blank(piece):
        parts.raw(piece, line_of(kind) or "part")


def _kept_parent(name: str, nodes: dict[str, JsonObject], kept: dict[str, FoundMessage]) -> str | None:
    """The nearest node above that has words; "" where there is none, None where the chain breaks off."""
    seen = {name}
    parent = nodes[name].get("parent")
    while isinstance(parent, str) and parent in nodes:
        if parent in kept:
            return parent
        if parent in seen:
            return ""
        seen.add(parent)
        parent = nodes[parent].get("parent")
    if parent is None or parent == "":
        return ""
    return None


def _leaf(current: str, nodes: dict[str, JsonObject], kept: dict[str, FoundMessage]) -> str:
    if current in kept or current not in nodes:
        return current
    return _kept_parent(current, nodes, kept) or ""
