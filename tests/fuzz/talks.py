"""A conversation on disk as the program leaves it: a JSON, and mostly a journal beside it."""

from __future__ import annotations

from random import Random

from coderapp.core.conversation import ROOT, Conversation
from coderapp.core.errors import Problem
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    TokenLogprob,
    TokenUsage,
    ToolCallPart,
    ToolResultPart,
)
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths

ONE = "20261122-170355-ab12cd"

_WORDS = (
    "def", "useEffect", "größer", "日本語", "😀", '"quoted"', "{", "}", '{"id": 1', "back\\slash", "\n```\n", "\t",
    "\0",     "\ud83d", "[1, 2]", '"messages": [', "é", "x = 1", "\u2028",
)  # fmt: skip


def text(random: Random, mark: str) -> str:
    return f"{mark} " + " ".join(random.choices(_WORDS, k=random.choice((0, 3, 12, 60))))


def talk(random: Random, paths: Paths) -> None:
    """Makes it; ends without closing, as a program that was killed does."""
    conversation = Conversation(ONE, 1_800_000_000.125, title=text(random, "title")[:50])
    count = random.choice((0, 1, 4, 12, 40))
    for number in range(count):
        _grow(conversation, number, random)
    conversation.draft = text(random, "draft") if random.random() < 0.5 else ""
    conversation.parameters = {"temperature": 0.5, "stop": ["a", "b"]} if random.random() < 0.5 else {}
    conversation.tags = ("one", "zwei") if random.random() < 0.5 else ()
    if conversation.messages and random.random() < 0.4:
        conversation.starred = {random.choice(list(conversation.messages))}
    if random.random() < 0.3:
        conversation.draft_files = (FilePart("a.py", "text/x-python", text(random, "file")),)
    if random.random() < 0.3:
        conversation.origin = {"program": "elsewhere", "id": "77"}
    store = ConversationStore(paths)
    store.create(conversation)
    for number in range(count, count + random.choice((0, 0, 2, 6))):
        _say(store, number, random)
    store.sync()
    for opened in store._open.values():
        opened.journal.close()  # as the system does with the files of a program that was killed


def _grow(conversation: Conversation, number: int, random: Random) -> None:
    role = Role.USER if number % 2 == 0 else random.choice((Role.ASSISTANT, Role.ASSISTANT, Role.TOOL))
    branch = conversation.messages and random.random() < 0.2
    parent = random.choice([ROOT, *conversation.messages]) if branch else conversation.leaf_id
    parts: list[Part] = [TextPart(text(random, f"words of {number}"))]
    if random.random() < 0.2:
        parts.insert(0, FilePart("notes.txt", "text/plain", text(random, "attached")))
    if role is Role.ASSISTANT and random.random() < 0.3:
        parts.insert(0, ReasoningPart(text(random, "thought")))
        parts.append(ToolCallPart("call1", "look", '{"a": 1}'))
    if role is Role.TOOL:
        parts.append(ToolResultPart("call1", "look", text(random, "found")))
    generation = _generation(random) if role is Role.ASSISTANT else None
    conversation.add(Message(f"m{number:04}", role, tuple(parts), 1_800_000_000.0 + number, generation), parent=parent)


def _generation(random: Random) -> Generation:
    failed = random.random() < 0.2
    return Generation(
        profile="Mine",
        model="coder-1",
        parameters={"temperature": 0.7},
        usage=TokenUsage(12, None if failed else 99),
        started=1_800_000_000.5,
        first_token_after=0.25,
        duration=3.5,
        finish=FinishReason.FAILED if failed else FinishReason.STOP,
        problem=Problem("timeout", "It took too long.", "Try again.") if failed else None,
        logprobs=(TokenLogprob("a", -0.5, (("b", -1.5), ("c", float("-inf")))),) if random.random() < 0.3 else (),
    )


def _say(store: ConversationStore, number: int, random: Random) -> None:
    """A prompt and its answer, by way of the journal."""
    prompt, answer = f"m{number:04}", f"a{number:04}"
    store.add_message(ONE, Message(prompt, Role.USER, (TextPart(text(random, f"words of {number}")),), 1.8e9 + number))
    store.add_message(ONE, Message(answer, Role.ASSISTANT, (), 1.8e9 + number, Generation(model="coder-1")))
    words = ""
    for _ in range(random.randrange(6)):
        piece = text(random, "piece").replace("\ud83d", "")
        words += piece
        store.append_text(ONE, answer, piece)
    if random.random() < 0.7:
        parts = (TextPart(words),) if words else ()
        end = Generation(model="coder-1", finish=FinishReason.STOP)
        store.update_message(ONE, Message(answer, Role.ASSISTANT, parts, 1.8e9 + number, end))
    if random.random() < 0.3:
        store.set_fields(ONE, draft=text(random, "draft"), title="Another title", tags=["x"])
    if random.random() < 0.2:
        store.star(ONE, prompt, True)
    if random.random() < 0.2:
        store.choose(ONE, prompt)
    if random.random() < 0.1:
        store.fold(ONE)
