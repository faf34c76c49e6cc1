"""Bytes that reach the files of a conversation for each byte of a streamed answer.

Answers arrive in pieces as the window hands them to the store: one each JOURNAL_EVERY milliseconds, or where that is
little each second time, at some number of characters a second. Counted is what the process gives to `write`
(/proc/self/io) from the answer's first record to its settling, the JSON included where it is written anew. What is
written when the conversation is left is counted apart.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from coderapp.core.conversation import Conversation
from coderapp.core.message import FinishReason, Generation, Message, Role, TextPart, TokenUsage
from coderapp.qt.session import JOURNAL_EVERY, WORTH_WRITING
from coderapp.storage.conversations import ConversationStore
from coderapp.storage.paths import Paths
from tests.benchmarks.texts import conversation as long_conversation

NAME = "20261122-170355-ab12cd"
WORDS = "The list is filtered as one types, and `useEffect` clears the timer; naïve, but quick.\n"


@dataclass(frozen=True, slots=True)
class Shape:
    """`messages` are there before; then `answers` of `size` characters each arrive at `pace` characters a second."""

    name: str
    messages: int
    answers: int
    size: int
    pace: int


SHAPES = (
    Shape("first_answer", 0, 1, 4_000, 1_200),
    Shape("first_short_answer", 0, 1, 600, 1_200),
    Shape("thirty_answers", 0, 30, 2_000, 1_200),
    Shape("slow_answer", 20, 1, 1_000, 20),
    Shape("quick_answer", 20, 1, 200_000, 20_000),
    Shape("in_1000_messages", 1_000, 5, 2_000, 400),
    Shape("in_10000_messages", 10_000, 1, 2_000, 400),
    Shape("long_in_10000_messages", 10_000, 1, 700_000, 4_000),
)


def written() -> int:
    """Bytes that this process gave to `write` so far (Linux)."""
    lines = Path("/proc/self/io").read_text(encoding="ascii").splitlines()
    return int(next(line for line in lines if line.startswith("wchar:")).split()[1])


def pieces(shape: Shape) -> Iterator[str]:
    step = max(1, shape.pace * JOURNAL_EVERY // 1000)
    if step < WORTH_WRITING:
        step *= 2
    text = (WORDS * (shape.size // len(WORDS) + 1))[: shape.size]
    for start in range(0, len(text), step):
        yield text[start : start + step]


def measured(shape: Shape, folder: str) -> dict[str, float]:
    """The ratio for its answers, and the one with the leaving of the conversation."""
    store = ConversationStore(Paths.under(folder))
    made = long_conversation(shape.messages, NAME) if shape.messages else Conversation(NAME, time.time())
    store.create(made)
    store.release(NAME)
    bytes_of_answers = counted = 0
    for number in range(shape.answers):
        now = time.time()
        prompt = Message(f"prompt {number}", Role.USER, (TextPart("Make it shorter, and explain."),), now)
        store.add_message(NAME, prompt)
        before = written()
        answer = Message(f"answer {number}", Role.ASSISTANT, (), now, Generation("Built-in", "model", started=now))
        store.add_message(NAME, answer, sync=False)
        text = ""
        for piece in pieces(shape):
            store.append_text(NAME, answer.id, piece)
            text += piece
        assert answer.generation is not None
        about = replace(
            answer.generation,
            parameters={"temperature": 0.7, "format": "markdown"},
            usage=TokenUsage(20, shape.size // 4),
            first_token_after=0.2,
            duration=shape.size / shape.pace,
            finish=FinishReason.STOP,
        )
        store.update_message(NAME, replace(answer, parts=(TextPart(text),), generation=about))
        store.set_fields(NAME, updated=now)
        store.settle(NAME)
        counted += written() - before
        bytes_of_answers += len(text.encode())
    before = written()
    store.close()
    left = written() - before
    return {"ratio": counted / bytes_of_answers, "with_leaving": (counted + left) / bytes_of_answers}


def measure(*, quick: bool = False) -> dict[str, Any]:
    """`write_amplification`: the worst of all shapes; each of them beside it."""
    found: dict[str, float] = {}
    leaving: dict[str, float] = {}
    for shape in SHAPES:
        if quick and shape.messages > 1_000:
            continue
        with tempfile.TemporaryDirectory(prefix="coderapp-benchmark-") as folder:
            one = measured(shape, folder)
        found[shape.name] = round(one["ratio"], 2)
        leaving[shape.name] = round(one["with_leaving"], 2)
    return {
        "write_amplification": max(found.values()),
        "write_amplification_by_shape": found,
        "write_amplification_with_leaving": leaving,
    }
