"""A conversation as coderapp keeps it (docs/storage.md), for another coderapp or for a script."""

from __future__ import annotations

from dataclasses import replace

from coderapp.core.message import Message
from coderapp.storage import schema
from coderapp.storage.document import Document


def as_json(document: Document) -> bytes:
    """The file as it would be folded, without the replies of failed requests as they came: a server may have repeated
    in them what was sent to it.
    """
    conversation = document.conversation
    for message in list(conversation.messages.values()):
        if message.generation and message.generation.problem and message.generation.problem.raw:
            conversation.update(_without_raw(message))
    return schema.encode(document)


def _without_raw(message: Message) -> Message:
    assert message.generation is not None
    assert message.generation.problem is not None
    problem = replace(message.generation.problem, raw="")
    return replace(message, generation=replace(message.generation, problem=problem))
