"""Runs the endpoint: the listening socket, uvicorn around the application, an end in good order."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType

import httptools
import uvicorn
from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from coderapp.core.resources import resource_path
from coderapp.endpoint.app import Endpoint, EndpointSettings
from coderapp.endpoint.library import SnippetError, load_library
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.parent import end_at_last, watch_parent
from coderapp.endpoint.problems import Refusal
from coderapp.endpoint.replies import encode

_GRACE = 0.3
"""Seconds that open replies have to end when the server is told to stop."""

MAX_HEAD = 64 * 1024
"""Bytes of a request's line and headers, and of what else comes before, between and after the parts of its body."""


class _UntilClose(RequestResponseCycle):
    """A reply to HTTP/1.0, which knows no chunks: a body of unannounced length ends with the connection."""

    async def send(self, message: ASGISendEvent) -> None:
        if message["type"] == "http.response.start":
            if not any(name.lower() == b"content-length" for name, _ in message.get("headers", ())):
                self.chunked_encoding = False
        elif message["type"] == "http.response.body" and not self._counts:
            self.expected_content_length = len(message.get("body", b""))
        await super().send(message)
        if message["type"] == "http.response.start":
            self._counts = self.expected_content_length > 0

    _counts = False  # whether uvicorn holds the body against a length that the headers gave


class Protocol(HttpToolsProtocol):
    """HTTP/1 with an end to what a request may hold beside its body, and refusals in the contract's form."""

    _head = 0  # bytes of the message's line and headers
    _unread = 0  # bytes that came since the parser last found something whole

    def data_received(self, data: bytes) -> None:
        """As uvicorn's, which logs a client's fault as a warning of ours and answers it as plain text."""
        self._unset_keepalive_if_required()
        self._unread += len(data)
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserInvalidMethodError:
            self._refuse(Refusal(405, "the request's method is none that HTTP knows; send GET or POST"))
        except httptools.HttpParserError:
            fault = Refusal(400, "what came is not an HTTP/1.1 request; check the client and any proxy between")
            self._refuse(_TOO_MUCH if self._head > MAX_HEAD else fault)
        except httptools.HttpParserUpgrade:
            return  # no other protocol is spoken here: the request is answered as any other
        else:
            if self._unread > MAX_HEAD:
                self._refuse(_TOO_MUCH)

    def _refuse(self, refusal: Refusal) -> None:
        body = encode(refusal.body(openai=False))
        reason = {400: "Bad Request", 405: "Method Not Allowed", 431: "Request Header Fields Too Large"}
        allow = "Allow: GET, POST\r\n" if refusal.status == 405 else ""
        head = (
            f"HTTP/1.1 {refusal.status} {reason[refusal.status]}\r\nContent-Type: application/json\r\n{allow}"
            f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        )
        self.transport.write(head.encode() + body)
        self.transport.close()

    def on_message_begin(self) -> None:
        self._head = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        self._add(len(url))
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        self._add(len(name) + len(value) + 4)
        super().on_header(name, value)

    def _add(self, size: int) -> None:
        self._head += size
        if self._head > MAX_HEAD:
            raise ValueError("the head is too large")  # the parser ends with an error of its own

    def on_headers_complete(self) -> None:
        self._unread = 0
        before = self.cycle
        super().on_headers_complete()
        if self.parser.get_http_version() == "1.0" and self.cycle is not before:
            self.cycle.__class__ = _UntilClose  # its task begins later; uvicorn has no place to name a class

    def on_body(self, body: bytes) -> None:
        self._unread = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._unread = 0
        super().on_message_complete()


_TOO_MUCH = Refusal(431, f"the request's headers are larger than {MAX_HEAD} bytes; send smaller ones")


@dataclass(frozen=True, slots=True)
class Listening:
    """Where the endpoint answers: `url` without a slash at its end."""

    url: str


class EndpointServer(uvicorn.Server):
    """A uvicorn server that says when it is ready and ends within half a second, also with open streams.

    `stop` may be called from any thread.
    """

    def __init__(
        self, endpoint: Endpoint, listener: socket.socket, ready: Callable[[Listening], None] | None = None
    ) -> None:
        super().__init__(
            uvicorn.Config(
                endpoint.app,
                http=Protocol,
                loop="asyncio",
                ws="none",
                lifespan="off",
                interface="asgi3",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=75,
                timeout_graceful_shutdown=1,
            )
        )
        self._endpoint = endpoint
        self._listener = listener
        self._ready = ready
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopping = asyncio.Event()

    @property
    def listening(self) -> Listening:
        host, port = self._listener.getsockname()[:2]
        return Listening(f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}")

    def run_here(self) -> None:
        """Serve in this thread until `stop`."""
        asyncio.run(self.serve(sockets=[self._listener]))

    def stop(self) -> None:
        self.should_exit = True
        loop = self._loop
        if loop is not None and not loop.is_closed():
            with suppress(RuntimeError):  # closed in between: it has ended
                loop.call_soon_threadsafe(self._stopping.set)

    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """Ours are set by `serve`, which wants an exit status and no second raising of the signal."""
        yield

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        await super().startup(sockets)
        if self._ready is not None:
            self._ready(self.listening)

    async def main_loop(self) -> None:
        """uvicorn's own looks for an end every 0.1 s; this one is told of it."""
        counter = 0
        while not await self.on_tick(counter):
            counter = (counter + 10) % 864_000
            try:
                await asyncio.wait_for(self._stopping.wait(), 1.0)
            except TimeoutError:
                continue

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._endpoint.close()
        if self.server_state.tasks:
            await asyncio.wait(self.server_state.tasks, timeout=_GRACE)
        for connection in list(self.server_state.connections):
            transport = connection.transport
            if transport is not None:
                transport.abort()
        await super().shutdown(sockets)


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises OSError."""
    family, kind, protocol, _, address = socket.getaddrinfo(
        host.strip("[]"), port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
    )[0]
    listener = socket.socket(family, kind, protocol)
    try:
        if sys.platform != "win32":
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(256)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def sample_model() -> SampleModel:
    """The model over the shipped library. Raises SnippetError."""
    model = SampleModel(load_library(resource_path("snippets")))
    model.warm("markdown")
    return model


def serve(
    host: str,
    port: int,
    key: str,
    tokens_per_second: float,
    parent_pid: int | None,
    ready: Callable[[Listening], None],
) -> int:
    """Blocks until SIGTERM, SIGINT or the parent's end. Returns the exit status."""
    try:
        listener = bind(host, port)
    except OSError as error:
        reason = error.strerror or str(error)
        print(f"coderapp serve: can't listen on {host} port {port}: {reason}. Choose another port.", file=sys.stderr)
        return 1
    try:
        model = sample_model()
    except SnippetError as error:
        listener.close()
        print(f"coderapp serve: {error}", file=sys.stderr)
        return 1
    gc.freeze()  # the library's tables stay; later collections need not walk them
    gc.enable()
    server = EndpointServer(Endpoint(model, EndpointSettings(key, host, tokens_per_second)), listener, ready)

    ended = threading.Event()

    def told(number: int, frame: FrameType | None) -> None:
        server.stop()
        end_at_last(0, ended)

    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), told)
    watch_parent(parent_pid, server.stop)
    try:
        server.run_here()
    finally:
        ended.set()
    return 0
