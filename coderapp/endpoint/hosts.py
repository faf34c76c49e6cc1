"""Refuses requests that were meant for another host: the defence against DNS rebinding."""

from __future__ import annotations

import ipaddress
import socket

from starlette.types import ASGIApp, Receive, Scope, Send

from coderapp.endpoint.problems import Refusal
from coderapp.endpoint.replies import encode


class HostGuard:
    """Lets pass what is addressed to this machine: localhost, the host that it listens on, and, where that is every
    address, any address and the machine's name. A web page that points its own name at us is refused with 421.
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self._app = app
        host = host.strip("[]").casefold()
        self._names = {"localhost", "127.0.0.1", "::1", host}
        self._any_address = host in ("0.0.0.0", "::", "")
        if self._any_address:
            self._names.add(socket.gethostname().casefold())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        named = [value.decode("latin-1") for name, value in scope["headers"] if name == b"host"]
        if len(named) == 1 and self._is_ours(named[0], scope):
            await self._app(scope, receive, send)
            return
        sentence = f"this endpoint is not {named[0][:80]}" if named else "the request names no host"
        body = encode(Refusal(421, sentence).body(openai=scope["path"].startswith("/v1/")))
        headers = [
            (b"content-type", b"application/json"),
            (b"content-length", str(len(body)).encode()),
            (b"connection", b"close"),
        ]
        await send({"type": "http.response.start", "status": 421, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    def _is_ours(self, named: str, scope: Scope) -> bool:
        host, port = _split(named.strip())
        if port and scope.get("server") and port != str(scope["server"][1]):
            return False
        host = host.casefold().rstrip(".")
        return host in self._names or (self._any_address and _is_address(host))


def _split(named: str) -> tuple[str, str]:
    """Host and port of a Host header; the port is "" where there is none."""
    if named.startswith("["):
        host, _, rest = named[1:].partition("]")
        return host, rest.removeprefix(":")
    host, _, port = named.partition(":")
    return host, port


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
