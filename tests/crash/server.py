"""Answers each request with numbered words at a known pace, and notes when it sent each.

A request says who it is by its parameter `seed`; the words of its answer carry that number.
"""

from __future__ import annotations

import asyncio
import json
import random
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from tests.helpers.hostile_server import Exchange, chunk, head
from tests.helpers.talker import talker

PROMPT = re.compile(r"P\d+;")
"""What a prompt of the program under test holds, so that it can be told from any other."""


@dataclass(slots=True)
class Sent:
    """One answer as far as it went: (monotonic time when it had been sent, text). `thoughts` come before the words."""

    prompts: list[str]
    thoughts: list[tuple[float, str]] = field(default_factory=list)
    words: list[tuple[float, str]] = field(default_factory=list)


@dataclass
class WordServer:
    """`answers` by the number of their request."""

    seed: int
    url: str = ""
    answers: dict[int, Sent] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)

    async def __call__(self, exchange: Exchange) -> None:
        exchange.server.requests.clear()  # a request holds its whole conversation
        if exchange.request.method == "GET":
            await exchange.reply({"data": [{"id": "words-1"}]})
            return
        body: dict[str, Any] = exchange.request.json
        number = int(body["seed"])
        prompts = [found for message in body["messages"] for found in PROMPT.findall(str(message["content"]))]
        sent = self.answers[number] = Sent(prompts)
        length, pause, at_once = self._random.choice(
            ((8, 0.004, 1), (60, 0.005, 1), (400, 0.01, 1), (2_000, 0.02, 3), (30_000, 0.01, 150), (3_000, 0.03, 1))
        )
        thinks = self._random.random() < 0.25
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        if thinks:
            for place in range(60):
                await self._say(exchange, f"t{number}n{place} ", "reasoning_content", sent.thoughts)
                await asyncio.sleep(0.02)
        for start in range(0, length, at_once):
            words = "".join(f"r{number}w{place} " for place in range(start, min(length, start + at_once)))
            await self._say(exchange, words, "content", sent.words)
            await asyncio.sleep(pause)
        end = _event({"delta": {}, "finish_reason": "stop"})
        if body.get("stream_options", {}).get("include_usage"):
            end += _event(None, usage={"prompt_tokens": number, "completion_tokens": length})
        await exchange.send(end + chunk(b"data: [DONE]\n\n") + chunk(b""))

    @staticmethod
    async def _say(exchange: Exchange, text: str, name: str, said: list[tuple[float, str]]) -> None:
        # Noted before: what was noted too early only makes the test stricter, what was not noted would look invented.
        said.append((time.monotonic(), text))
        await exchange.send(_event({"delta": {name: text}}))


def _event(choice: dict[str, Any] | None, **fields: Any) -> bytes:
    choices = [] if choice is None else [{"index": 0, **choice}]
    return chunk(f"data: {json.dumps({'id': 'r', 'model': 'words-1', 'choices': choices, **fields})}\n\n".encode())


@contextmanager
def word_server(seed: int) -> Iterator[WordServer]:
    server = WordServer(seed)
    with talker(server) as running:
        server.url = running.openai_url
        yield server
