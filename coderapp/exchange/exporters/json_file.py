"""A conversation as coderapp keeps it (docs/storage.md), for another coderapp or for a script."""

from __future__ import annotations

from dataclasses import replace

from coderapp.core.message import JsonValue, Message
from coderapp.storage import schema
from coderapp.storage.document import Document

RAW = "raw"
"""The field of a problem that holds the reply of a failed request as it came."""


def as_json(document: Document) -> bytes:
    """The file as it would be folded, without the replies of failed requests as they came: a server may have repeated
    in them what was sent to it. They may also stand in what was set aside of a damaged file.
    """
    conversation = document.conversation
    for message in list(conversation.messages.values()):
        if message.generation and message.generation.problem and message.generation.problem.raw:
            conversation.update(_without_raw(message))
    held = replace(
        document,
        extras=_cleared_fields(document.extras),
        message_extras={name: _cleared_fields(extras) for name, extras in document.message_extras.items()},
        set_aside=[_cleared(value) for value in document.set_aside],
    )
    return schema.encode(held)


def _without_raw(message: Message) -> Message:
    assert message.generation is not None
    assert message.generation.problem is not None
    problem = replace(message.generation.problem, raw="")
    return replace(message, generation=replace(message.generation, problem=problem))


def _cleared_fields(fields: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: "" if name == RAW else _cleared(value) for name, value in fields.items()}


def _cleared(value: JsonValue) -> JsonValue:
    """Without any such reply at any depth, also where a piece of a file was kept as text."""
    try:
        return _walked(value)
    except RecursionError:  # nobody has nested that much of their own
        return ""


def _walked(value: JsonValue) -> JsonValue:
    match value:
        case dict():
            return {name: "" if name == RAW else _walked(inner) for name, inner in value.items()}
        case list():
            return [_walked(inner) for inner in value]
        case str() if f'"{RAW}"' in value:
            return ""
    return value
