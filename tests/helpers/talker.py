"""A server on loopback in a thread of its own, for tests whose own thread belongs to Qt; and what it may say."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Any

from tests.helpers.hostile_server import Behaviour, Exchange, HostileServer, Received, chunk, head, hostile_server

STEP = 7
"""Characters in a piece of a streamed answer."""

TOOLS: list[dict[str, Any]] = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": description,
            "parameters": {"type": "object", "properties": {"text": {"type": "string"}}},
        },
    }
    for name, description in (("shout", "Says it loud."), ("whisper", "Says it softly."))
]

LISTS: dict[str, dict[str, Any]] = {
    "/v1/models": {"data": [{"id": "talker-1"}, {"id": "talker-2"}]},
    "/tools": {"status": 200, "tools": TOOLS},
}
"""What a `says` server answers to GET."""


class Gate:
    """A place where the server waits until the test opens it, from any thread."""

    def __init__(self) -> None:
        self._open = False
        self._lock = threading.Lock()
        self._waiting: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    def open(self) -> None:
        with self._lock:
            self._open = True
            for loop, event in self._waiting:
                loop.call_soon_threadsafe(event.set)
            self._waiting.clear()

    async def passed(self) -> None:
        event = asyncio.Event()
        with self._lock:
            if self._open:
                return
            self._waiting.append((asyncio.get_running_loop(), event))
        await event.wait()


class Talker:
    """A running server. `requests` are those to a chat address, in order."""

    def __init__(self, server: HostileServer) -> None:
        self._server = server
        self.url = server.url

    @property
    def coder_url(self) -> str:
        return f"{self.url}/coder"

    @property
    def openai_url(self) -> str:
        return f"{self.url}/v1"

    @property
    def requests(self) -> list[Received]:
        return [request for request in self._server.requests if request.method == "POST"]

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [request.json for request in self.requests]

    @property
    def open_connections(self) -> int:
        return self._server.open

    def behave(self, behaviour: Behaviour) -> None:
        """From the next request on."""
        self._server.behaviour = behaviour


@contextmanager
def talker(behaviour: Behaviour) -> Iterator[Talker]:
    started: Future[HostileServer] = Future()
    loop = asyncio.new_event_loop()
    done = asyncio.Event()

    async def serve() -> None:
        async with hostile_server(behaviour) as server:
            started.set_result(server)
            await done.wait()

    def run() -> None:
        try:
            loop.run_until_complete(serve())
        finally:
            loop.close()

    thread = threading.Thread(target=run, name="talker")
    thread.start()
    try:
        yield Talker(started.result(5))
    finally:
        loop.call_soon_threadsafe(done.set)
        thread.join(5)
        assert not thread.is_alive()


def says(*texts: str, gate: Gate | None = None, before_gate: int = 0, pause: float = 0.0) -> Behaviour:
    """Answers the first request with the first text and so on, the last one ever after: streamed where a stream is
    asked for, in the dialect of the address. With `gate`, `before_gate` characters come before the server waits.
    """
    left = list(texts)

    async def behave(exchange: Exchange) -> None:
        if exchange.request.method == "GET":
            await exchange.reply(LISTS.get(exchange.request.target, {}))
            return
        text = left.pop(0) if len(left) > 1 else left[0]
        body = exchange.request.json
        openai = exchange.request.target.startswith("/v1/") or body.get("openai-reply") is True
        if not body.get("stream"):
            if gate is not None:
                await gate.passed()
            await exchange.reply(_whole(text, openai=openai))
            return
        await exchange.send(head(content_type="text/event-stream", transfer_encoding="chunked"))
        for start in range(0, len(text), STEP):
            if gate is not None and start >= before_gate:
                await gate.passed()
            await _event(exchange, _delta(text[start : start + STEP], openai=openai))
            await asyncio.sleep(pause)
        if gate is not None:
            await gate.passed()
        for last in _tail(text, openai=openai):
            await _event(exchange, last)
        await exchange.send(chunk(b"data: [DONE]\n\n") + chunk(b""))

    return behave


async def _event(exchange: Exchange, value: dict[str, Any]) -> None:
    await exchange.send(chunk(f"data: {json.dumps(value)}\n\n".encode()))


def _delta(piece: str, *, openai: bool) -> dict[str, Any]:
    if openai:
        return {"id": "r1", "model": "talker-1", "choices": [{"index": 0, "delta": {"content": piece}}]}
    return {"status": 200, "id": "r1", "model": "talker-1", "output": piece}


def _tail(text: str, *, openai: bool) -> list[dict[str, Any]]:
    if not openai:
        counts = {"total_input_tokens": 3, "total_output_tokens": len(text)}
        return [{"status": 200, "output": "", "finish_reason": "stop", **counts}]
    usage = {"prompt_tokens": 3, "completion_tokens": len(text)}
    return [
        {"id": "r1", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]},
        {"id": "r1", "choices": [], "usage": usage},
    ]


def _whole(text: str, *, openai: bool) -> dict[str, Any]:
    if openai:
        usage = {"prompt_tokens": 3, "completion_tokens": len(text)}
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        return {"status": 200, "id": "r1", "model": "talker-1", "choices": [choice], "usage": usage}
    counts = {"total_input_tokens": 3, "total_output_tokens": len(text)}
    return {"status": 200, "id": "r1", "output": text, "role": "assistant", "model": "talker-1", **counts}
