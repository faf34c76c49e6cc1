"""A real HTTP server on loopback, on bare sockets, that does what a test tells it: nothing about it need be valid.

A behaviour is a coroutine that gets each request as an `Exchange` and writes bytes. Behaviours for the usual
misdeeds stand below.
"""

from __future__ import annotations

import asyncio
import json
import socket
import ssl
import struct
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any


@dataclass
class Received:
    method: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class Exchange:
    """One request, and the connection on which to answer, or not."""

    def __init__(self, server: HostileServer, request: Received, writer: asyncio.StreamWriter) -> None:
        self.server = server
        self.request = request
        self.writer = writer
        self.closing = False

    async def send(self, data: bytes) -> None:
        self.writer.write(data)
        await self.writer.drain()

    async def pieces(self, pieces: Iterable[bytes], pause: float = 0.0) -> None:
        """Each piece in a packet of its own, as far as that can be had."""
        for piece in pieces:
            await self.send(piece)
            await asyncio.sleep(pause)

    async def reply(self, body: bytes | str | dict[str, Any] | list[Any], status: int = 200, **headers: str) -> None:
        """A whole, valid reply."""
        await self.send(whole(body, status, **headers))

    async def stall(self) -> None:
        """Says nothing more until the other side goes away."""
        self.server.stalling.set()
        await self.server.wait_gone(self.writer)

    def close(self) -> None:
        self.closing = True

    def reset(self) -> None:
        """RST instead of FIN."""
        sock = self.writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.writer.transport.abort()
        self.closing = True


Behaviour = Callable[[Exchange], Awaitable[None]]


@dataclass
class HostileServer:
    behaviour: Behaviour
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    open: int = 0
    stalling: asyncio.Event = field(default_factory=asyncio.Event)
    port: int = 0
    scheme: str = "http"
    _readers: dict[asyncio.StreamWriter, asyncio.StreamReader] = field(default_factory=dict)
    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.host}"

    async def wait_gone(self, writer: asyncio.StreamWriter) -> None:
        """Until the client closed its end."""
        try:
            while await self._readers[writer].read(65536):
                pass
        except OSError:
            pass

    async def all_closed(self, limit: float = 2.0) -> None:
        """Until no connection is open."""
        async with asyncio.timeout(limit):
            while self.open:
                self._changed.clear()
                await self._changed.wait()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self.open += 1
        self._readers[writer] = reader
        try:
            while (request := await _receive(reader)) is not None:
                self.requests.append(request)
                exchange = Exchange(self, request, writer)
                await self.behaviour(exchange)
                if exchange.closing:
                    break
        except (OSError, asyncio.IncompleteReadError):
            pass  # the client went away, as clients may
        finally:
            del self._readers[writer]
            writer.close()
            self.open -= 1
            self._changed.set()


async def _receive(reader: asyncio.StreamReader) -> Received | None:
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    method, target, _ = first.split(" ", 2)
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines if line)}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(method, target, headers, body)


@asynccontextmanager
async def hostile_server(behaviour: Behaviour, tls: ssl.SSLContext | None = None) -> AsyncIterator[HostileServer]:
    server = HostileServer(behaviour, scheme="https" if tls else "http")
    tasks: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tasks.add(task)
        try:
            await server.serve(reader, writer)
        except asyncio.CancelledError:
            writer.transport.abort()
        finally:
            tasks.discard(task)

    listener = await asyncio.start_server(serve, "127.0.0.1", 0, ssl=tls, limit=1 << 20, backlog=512)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.sleep(0)


def free_port() -> int:
    """A port of this machine on which nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


# bytes


def encoded(body: bytes | str | dict[str, Any] | list[Any]) -> bytes:
    if isinstance(body, bytes):
        return body
    return body.encode() if isinstance(body, str) else json.dumps(body).encode()


def head(status: int = 200, **headers: str) -> bytes:
    lines = [f"HTTP/1.1 {status} Whatever", *(f"{name.replace('_', '-')}: {value}" for name, value in headers.items())]
    return "\r\n".join([*lines, "", ""]).encode()


def whole(body: bytes | str | dict[str, Any] | list[Any], status: int = 200, **headers: str) -> bytes:
    data = encoded(body)
    headers = {"content_type": "application/json", "content_length": str(len(data)), **headers}
    return head(status, **headers) + data


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(data), data)


def sse(*payloads: str | dict[str, Any]) -> bytes:
    """A stream of events, `[DONE]` included where it is among the payloads."""
    texts = (payload if isinstance(payload, str) else json.dumps(payload, ensure_ascii=False) for payload in payloads)
    return b"".join(f"data: {text}\n\n".encode() for text in texts)


# behaviours


def answers(body: bytes | str | dict[str, Any] | list[Any], status: int = 200, **headers: str) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.reply(body, status, **headers)

    return behave


def streams(data: bytes, pieces: Iterable[int] = (), content_type: str = "text/event-stream") -> Behaviour:
    """`data` in HTTP chunks that end at the places `pieces`."""
    cuts = [0, *pieces, len(data)]

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(content_type=content_type, transfer_encoding="chunked"))
        await exchange.pieces(chunk(data[a:b]) for a, b in pairwise(cuts) if b > a)
        await exchange.send(chunk(b""))

    return behave


def in_turn(*behaviours: Behaviour) -> Behaviour:
    """The first request gets the first, and so on; the last one stays."""
    left = list(behaviours)

    async def behave(exchange: Exchange) -> None:
        await (left.pop(0) if len(left) > 1 else left[0])(exchange)

    return behave


def sends(data: bytes, *, then: str = "close") -> Behaviour:
    """Raw bytes, head and all; then "close", "reset", "stall" or "stay"."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        if then == "stall":
            await exchange.stall()
        elif then == "reset":
            await asyncio.sleep(0.02)  # the bytes first: a reset discards what is not yet read
            exchange.reset()
        elif then == "close":
            exchange.close()

    return behave


async def stalls(exchange: Exchange) -> None:
    """Takes the request and says nothing."""
    await exchange.stall()


def floods(piece: bytes, content_type: str = "text/event-stream") -> Behaviour:
    """The same bytes without end."""

    async def behave(exchange: Exchange) -> None:
        await exchange.send(head(content_type=content_type))
        block = piece * max(1, 65536 // len(piece))
        while True:
            await exchange.send(block)

    return behave
