"""Conversations that are there before the program runs for the first time."""

from __future__ import annotations

import json
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, ReasoningPart, Role, TextPart
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.ids import new_id
from coderapp.storage.migrations import NEW_IN_2
from coderapp.storage.paths import Paths

LARGE = 10_000
"""Messages of the large conversation."""

OLDER = 3
"""Conversations of format version 1."""

THEN = 1_790_000_000.0


def make_large(paths: Paths, messages: int = LARGE) -> Conversation:
    words = "Some words about a function that sorts, and the code of it. " * 10
    return _made(paths, "Ten thousand", messages // 2, words)


def make_older(paths: Paths, files: dict[str, bytes]) -> list[Conversation]:
    """As version 1 of the format had them, each with a second answer to its first prompt; `files` gets the bytes."""
    found = []
    for number in range(OLDER):
        conversation = _made(paths, f"Of version 1, {number}", 40, "A few words. ")
        path = paths.conversations / f"{conversation.id}.json"
        value: dict[str, Any] = json.loads(path.read_bytes()) | {"version": 1}
        for name in NEW_IN_2:
            value.pop(name, None)
        path.write_text(json.dumps(value, indent=1), encoding="utf-8")
        files[conversation.id] = path.read_bytes()
        found.append(conversation)
    return found


def _made(paths: Paths, title: str, prompts: int, words: str) -> Conversation:
    conversation = Conversation(new_id(THEN), THEN, title=title, titled_by_user=True)
    generation = Generation(profile="Mine", model="words-1", finish=FinishReason.STOP)
    parts = (ReasoningPart("So. "), TextPart("Another answer."))
    conversation.add(Message("p0", Role.USER, (TextPart("Prompt 0"),), THEN))
    conversation.add(Message("other", Role.ASSISTANT, parts, THEN, generation), parent="p0")
    conversation.add(Message("a0", Role.ASSISTANT, (TextPart(f"0 {words}"),), THEN, generation), parent="p0")
    for number in range(1, prompts):
        when = THEN + number
        conversation.add(Message(f"p{number}", Role.USER, (TextPart(f"Prompt {number}"),), when))
        conversation.add(Message(f"a{number}", Role.ASSISTANT, (TextPart(f"{number} {words}"),), when, generation))
    store = ConversationStore(paths)
    store.create(conversation)
    store.close()
    return conversation
