"""Which format a JSON value is of, and what it says."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from coderapp.core.message import JsonValue
from coderapp.exchange.importers import (
    chatbox,
    chatgpt,
    claude,
    librechat,
    lm_studio,
    messages,
    open_webui,
    ours,
)
from coderapp.exchange.importers.found import FoundConversation, role_of
from coderapp.exchange.importers.values import JsonObject, has_words, items, mapping
from coderapp.storage.document import Document

Found = FoundConversation | Document


@dataclass(frozen=True, slots=True)
class Format:
    """`name` for people, `fits` by the fields that no other format has."""

    name: str
    source: str
    fits: Callable[[JsonObject], bool]
    read: Callable[[JsonObject], Found]


def _some(value: JsonValue, test: Callable[[JsonObject], bool]) -> bool:
    """Whether one of the first members of a list or object passes; most that is looked at is bounded."""
    return any(test(mapping(item)) for item in items(value)[:50])


def _is_turn(item: JsonObject) -> bool:
    said = item.get("role") or item.get("from") or item.get("sender")
    return role_of(said) is not None and any(
        name in item for name in ("content", "value", "text", "tool_calls", "function_call")
    )


FORMATS: tuple[Format, ...] = (
    Format("coderapp", ours.SOURCE, ours.is_ours, ours.read),
    Format("ChatGPT", chatgpt.SOURCE, lambda value: isinstance(value.get("mapping"), dict | list), chatgpt.read),
    Format("Claude", claude.SOURCE, lambda value: isinstance(value.get("chat_messages"), dict | list), claude.read),
    Format(
        "Open WebUI",
        open_webui.SOURCE,
        lambda value: (
            (isinstance(chat := value.get("chat"), dict) and ("history" in chat or "messages" in chat))
            or "messages" in mapping(value.get("history"))
        ),
        open_webui.read,
    ),
    Format(
        "LibreChat",
        librechat.SOURCE,
        lambda value: (
            isinstance(value.get("messagesTree"), dict | list)
            or ("conversationId" in value and isinstance(value.get("messages"), dict | list))
            or _some(value.get("messages"), lambda item: "messageId" in item and "isCreatedByUser" in item)
        ),
        librechat.read,
    ),
    Format(
        "LM Studio",
        lm_studio.SOURCE,
        lambda value: _some(value.get("messages"), lambda item: "versions" in item),
        lm_studio.read,
    ),
    Format(
        "Chatbox",
        chatbox.SOURCE,
        lambda value: (
            _some(value.get("messages"), lambda item: "contentParts" in item)
            or (isinstance(value.get("messages"), list) and ("threads" in value or "messageForksHash" in value))
        ),
        chatbox.read,
    ),
    Format(
        "messages",
        messages.SOURCE,
        lambda value: _some(value.get("messages"), _is_turn) or _some(value.get("conversations"), _is_turn),
        messages.read,
    ),
)
"""In this order: the more particular ones first."""

CONTAINERS = ("conversations", "chats", "data", "items", "sessions", "history", "state", "threads")
"""Names of fields that hold a list of conversations."""


def format_of(value: JsonValue) -> Format | None:
    if not isinstance(value, dict):
        return None
    return next((known for known in FORMATS if known.fits(value)), None)


def is_message(value: JsonValue) -> bool:
    """Whether it is one message of a list, and no conversation."""
    return isinstance(value, dict) and _is_turn(value) and format_of(value) is None


def conversations_in(value: JsonValue, depth: int = 0) -> Iterator[tuple[Format, JsonObject]]:
    """The conversations in a value: itself, or what it contains."""
    if isinstance(value, list):
        if value and is_message(value[0]):
            yield from conversations_in({"messages": value})
            return
        for item in value:
            if depth < 4:
                yield from conversations_in(item, depth + 1)
        return
    if not isinstance(value, dict):
        return
    if "chat-sessions-list" in value or any(name.startswith("session:") for name in value):
        names = {
            row.get("id"): row.get("name")
            for row in map(mapping, items(value.get("chat-sessions-list")))
            if isinstance(row.get("id"), str)
        }
        for name, session in value.items():
            if name.startswith("session:") and isinstance(session, dict):
                if not isinstance(session.get("name"), str):
                    session = {**session, "name": session.get("name") or names.get(name.removeprefix("session:"))}
                yield from _of_chatbox(session)
            elif name.startswith("session:") and has_words(session):
                yield from _of_chatbox({"id": name, "messages": [session]})
        return
    if value.get("__source") == "chatbox" and isinstance(value.get("session"), dict):
        yield from _of_chatbox(value)
        return
    known = format_of(value)
    if known is not None:
        yield from _of_chatbox(value) if known.source == chatbox.SOURCE else [(known, value)]
        return
    for name in CONTAINERS:
        if isinstance(value.get(name), list | dict) and depth < 4:
            yield from conversations_in(value[name], depth + 1)


def _of_chatbox(value: JsonObject) -> Iterator[tuple[Format, JsonObject]]:
    known = next(each for each in FORMATS if each.source == chatbox.SOURCE)
    for row in chatbox.sessions(value):
        yield known, row
