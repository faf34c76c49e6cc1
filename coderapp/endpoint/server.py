"""Runs the endpoint: the listening socket, uvicorn around the application, an end in good order."""

from __future__ import annotations

import asyncio
import gc
import signal
import socket
import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from coderapp.core.resources import resource_path
from coderapp.endpoint.app import Endpoint, EndpointSettings
from coderapp.endpoint.library import SnippetError, load_library
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.parent import watch_parent

_GRACE = 0.3
"""Seconds that open replies have to end when the server is told to stop."""


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
                http="httptools",
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
    for name in ("SIGINT", "SIGTERM", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: server.stop())
    watch_parent(parent_pid, server.stop)
    server.run_here()
    return 0
