"""The one module that knows httpx: opens requests, hands out bytes, and names what failed on the way.

Importing this costs about 90 ms; `http_client` does it with the first request.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from http.cookiejar import CookieJar, DefaultCookiePolicy
from urllib.parse import urljoin, urlsplit

import httpx

from coderapp import __version__
from coderapp.api.decoding import excerpt
from coderapp.api.dialect import Outgoing, host_of
from coderapp.api.failures import Site, seconds
from coderapp.api.proxies import proxy_for
from coderapp.api.wires import transport_with
from coderapp.core.errors import ConnectionLost, EndpointError, TimedOut, Unreachable
from coderapp.core.profile import Timeouts

MOST_REDIRECTS = 3
_FAIR = 0.004
"""Seconds after which a flood of bytes lets the loop's other tasks go on."""

_GATHER = 0.008
"""Seconds that a stream of small pieces gathers between two reads: a read costs the same for one piece as for many,
0.1 ms, and the window takes what came once a frame."""
_SMALL = 48 * 1024
"""Bytes that a read brings at least where nothing is gained by waiting."""
_STEADY = 4
"""Small reads in quick succession after which a stream is taken to go on like that: the first words never wait."""

_CHECK_ADDRESS = "Check the address in the profile."
_CHECK_PROXY = "Check the system's proxy settings (https_proxy, http_proxy, no_proxy)."
_CHECK_NETWORK = "Check the network connection and the address in the profile, then try again."


class _Silence(logging.Filter):
    """httpx logs each request's address, which may hold a key."""

    def filter(self, record: logging.LogRecord) -> bool:
        return record.levelno >= logging.WARNING


for _name in ("httpx", *(f"httpcore.{part}" for part in ("connection", "http11", "http2", "proxy", "socks"))):
    logging.getLogger(_name).addFilter(_Silence())


class Reply:
    """A reply whose head has come. `read` gives its bytes, b"" at the end."""

    def __init__(self, response: httpx.Response, site: Site, timeouts: Timeouts, first_byte_by: float) -> None:
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._site = site
        self._timeouts = timeouts
        self._first_byte_by: float | None = first_byte_by
        self._received = 0
        self._turn = asyncio.get_running_loop().time()
        self._quick_reads = 0
        encoded = response.headers.get("content-encoding", "identity") not in ("identity", "")
        self._chunks: AsyncIterator[bytes] = response.aiter_bytes() if encoded else response.aiter_raw()

    @property
    def has_length(self) -> bool:
        """Whether the head says how the end is to be known, other than by the connection's."""
        return "content-length" in self.headers or "chunked" in self.headers.get("transfer-encoding", "").lower()

    async def read(self, patience: float | None = None) -> bytes:
        """The next bytes. `patience` shortens the limit between bytes. Raises EndpointError."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if self._quick_reads >= _STEADY or now - self._turn > _FAIR:
            await asyncio.sleep(_GATHER if self._quick_reads >= _STEADY else 0)
            self._turn = now = loop.time()
        limit = self._timeouts.between_bytes if patience is None else min(patience, self._timeouts.between_bytes)
        deadline = self._first_byte_by if self._first_byte_by is not None else now + limit
        try:
            async with asyncio.timeout_at(deadline):
                chunk = await anext(self._chunks, b"")
        except TimeoutError:
            raise self._timed_out() from None
        except httpx.HTTPError as error:
            raise self._lost(error) from None
        is_quick = len(chunk) < _SMALL and loop.time() - now < _GATHER
        self._quick_reads = self._quick_reads + 1 if is_quick else 0
        if chunk:
            self._first_byte_by = None
            self._received += len(chunk)
        return chunk

    async def aclose(self) -> None:
        with contextlib.suppress(httpx.HTTPError, OSError):  # nothing is lost with a connection that is given up
            await self._response.aclose()

    async def drain(self, limit: float) -> None:
        """Reads the end of a reply that is complete as far as one cares, so that the connection can be used again."""
        try:
            async with asyncio.timeout(limit):
                while await self.read(limit):
                    pass
        except (TimeoutError, EndpointError):
            return

    def _timed_out(self) -> TimedOut:
        host = self._site.host
        if self._first_byte_by is not None:
            return TimedOut(f"{host} took the request but did not answer within {seconds(self._timeouts.first_byte)}.")
        return TimedOut(f"{host} fell silent in mid-answer: nothing came for {seconds(self._timeouts.between_bytes)}.")

    def _lost(self, error: httpx.HTTPError) -> EndpointError:
        if isinstance(error, httpx.DecodingError):
            coding = self.headers.get("content-encoding", "")
            return self._site.bad_reply(f"sent a reply that is not {excerpt(coding, 40)}, though its head says so")
        promised = self.headers.get("content-length")
        if promised and promised.isdigit():
            return self._site.cut_short(f"{self._received} of {promised} bytes came")
        if "incomplete chunked read" in str(error) or isinstance(error, httpx.NetworkError):
            reset = "was reset" if isinstance(error, httpx.NetworkError) else "closed"
            return self._site.cut_short(f"the connection {reset} after {self._received} bytes")
        return self._site.bad_reply(f"broke the rules of HTTP in mid-answer ({excerpt(str(error), 120)})")


class Transport:
    """Connections of one event loop, kept alive between requests."""

    def __init__(self) -> None:
        self._clients: dict[tuple[str, bool], httpx.AsyncClient] = {}

    async def open(self, outgoing: Outgoing, timeouts: Timeouts) -> Reply:
        """Sends a request; follows redirects on the same scheme, host and port only. Raises EndpointError."""
        url = outgoing.url
        for _ in range(MOST_REDIRECTS + 1):
            reply = await self._send(outgoing, url, timeouts)
            if not 300 <= reply.status < 400:
                return reply
            await reply.aclose()
            url = _redirected(outgoing, url, reply)
        raise Unreachable(f"{outgoing.site.host} sends the request around in circles.", advice=_CHECK_ADDRESS)

    async def aclose(self) -> None:
        clients = list(self._clients.values())
        self._clients.clear()
        for client in clients:
            await client.aclose()

    async def _send(self, outgoing: Outgoing, url: str, timeouts: Timeouts) -> Reply:
        loop = asyncio.get_running_loop()
        site, proxy = outgoing.site, ""
        first_byte_by = 0.0
        limit = asyncio.timeout(None)

        async def trace(event: str, _details: object) -> None:
            nonlocal first_byte_by
            if event == "http11.send_request_headers.started":  # connected: from here on the server is waited for
                first_byte_by = loop.time() + timeouts.first_byte
                limit.reschedule(first_byte_by)

        try:
            proxy = proxy_for(url)
            client = self._client(proxy, url.startswith("https:"), site)
            request = client.build_request(
                outgoing.method,
                url,
                headers=outgoing.headers,
                content=outgoing.body,
                timeout=httpx.Timeout(None, connect=timeouts.connect),
                extensions={"trace": trace},
            )
            async with limit:
                response = await client.send(request, stream=True)
        except TimeoutError:
            span = seconds(timeouts.first_byte)
            raise TimedOut(f"{site.host} took the request but did not answer within {span}.") from None
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError, ValueError, OSError) as error:
            raise _failure(error, site, proxy, timeouts) from _refusal(error)
        return Reply(response, site, timeouts, first_byte_by or loop.time() + timeouts.first_byte)

    def _client(self, proxy: str, tls: bool, site: Site) -> httpx.AsyncClient:
        client = self._clients.get((proxy, tls))
        if client is None:
            client = self._clients[proxy, tls] = _new_client(proxy, tls, site)
        return client


def _new_client(proxy: str, tls: bool, site: Site) -> httpx.AsyncClient:
    if proxy.casefold().startswith("socks"):
        raise Unreachable(
            f"The system's proxy for {site.host} is a SOCKS proxy, which coderapp does not speak.",
            advice="Set an HTTP proxy (https_proxy, http_proxy), or name the host in no_proxy.",
        )
    context = _certificates() if tls or proxy.startswith("https:") else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        usable = not proxy or (urlsplit(proxy).hostname and urlsplit(proxy).port != 0)
        via = httpx.Proxy(proxy, ssl_context=context if proxy.startswith("https:") else None) if proxy else None
    except (ValueError, httpx.InvalidURL):
        usable, via = False, None
    if not usable:
        raise Unreachable(f"The address of the system's proxy for {site.host} can't be used.", advice=_CHECK_PROXY)
    limits = httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=15)
    return httpx.AsyncClient(
        transport=transport_with(via, context, limits),
        trust_env=False,
        cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
        headers={
            "Accept": "text/event-stream, application/json",
            "Accept-Encoding": "identity",  # packed streams arrive in lumps
            "User-Agent": f"coderapp/{__version__}",
        },
    )


def _certificates() -> ssl.SSLContext:
    """The certificate authorities of httpx (SSL_CERT_FILE and SSL_CERT_DIR among them) and of the system."""
    try:
        context = httpx.create_ssl_context()
    except OSError as error:
        raise Unreachable(
            f"The certificates can't be read: {error.strerror or 'wrong content'}.",
            advice="Check the environment variables SSL_CERT_FILE and SSL_CERT_DIR.",
        ) from None
    context.load_default_certs()
    return context


def _redirected(outgoing: Outgoing, url: str, reply: Reply) -> str:
    """Where a redirect leads, if the request may follow. Raises Unreachable."""
    site, location = outgoing.site, reply.headers.get("location", "")
    if not location:
        raise Unreachable(f"{site.host} redirects to nowhere.", advice=_CHECK_ADDRESS, status=reply.status)
    try:
        target = urljoin(url, location)
        same = _origin(target) == _origin(url)
        shown = site.redact(excerpt(urlsplit(target)._replace(query="", fragment="").geturl()))
    except ValueError:
        raise _unreadable_redirect(site) from None
    if not same:
        raise Unreachable(
            f"{site.host} redirects to {shown}, which is another server. The request was not sent there.",
            advice="If you trust that address, enter it in the profile.",
            status=reply.status,
        )
    if outgoing.method == "POST" and reply.status not in (307, 308):
        raise Unreachable(
            f"{site.host} redirects to {shown} in a way that loses the request.",
            advice="Enter that address in the profile.",
            status=reply.status,
        )
    return _with_key_of(url, target)


def _unreadable_redirect(site: Site) -> Unreachable:
    return Unreachable(f"{site.host} redirects to an address that can't be read.", advice=_CHECK_ADDRESS)


def _with_key_of(url: str, target: str) -> str:
    """A key in the query stays there, on the same server, where the redirect dropped it."""
    parts = urlsplit(target)
    query = parts.query or urlsplit(url).query
    return parts._replace(query=query, fragment="").geturl()


def _origin(url: str) -> tuple[str, str | None, int | None]:
    parts = urlsplit(url)
    return parts.scheme, parts.hostname, parts.port or {"http": 80, "https": 443}.get(parts.scheme)


# what failed


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        if isinstance(error, BaseExceptionGroup):
            for part in error.exceptions:
                yield from _causes(part)
        error = error.__cause__ or error.__context__


def _refusal(error: BaseException) -> BaseException | None:
    """The refused connection behind an error: it makes the request worth repeating."""
    return next((cause for cause in _causes(error) if isinstance(cause, ConnectionRefusedError)), None)


def _failure(error: Exception, site: Site, proxy: str, timeouts: Timeouts) -> EndpointError:
    host = site.host
    at = f"the proxy {host_of(proxy)}" if proxy else host
    if isinstance(error, httpx.ConnectTimeout):
        return TimedOut(
            f"{_sentence_case(at)} did not take the connection within {seconds(timeouts.connect)}.",
            advice=_CHECK_NETWORK,
        )
    if isinstance(error, httpx.ProxyError):
        return Unreachable(
            f"{_sentence_case(at)} does not let the request through to {host}: {excerpt(str(error), 120)}.",
            advice=_CHECK_PROXY,
        )
    if isinstance(error, httpx.ConnectError):
        return _not_connected(error, at, proxy)
    if isinstance(error, httpx.RemoteProtocolError):
        if "without sending a response" in str(error):
            return ConnectionLost(f"{_sentence_case(at)} closed the connection without an answer.")
        if "location header" in str(error):
            return _unreadable_redirect(site)
        return site.bad_reply("does not answer in HTTP", excerpt(str(error)))
    if isinstance(error, httpx.NetworkError):
        return ConnectionLost(f"The connection to {at} was reset before the answer came.")
    if isinstance(error, UnicodeError | ValueError | httpx.InvalidURL | httpx.UnsupportedProtocol):
        return Unreachable(f"The address of {host} can't be used.", advice=_CHECK_ADDRESS)
    return Unreachable(f"No connection to {at} came about ({type(error).__name__}).", advice=_CHECK_NETWORK)


def _not_connected(error: httpx.ConnectError, at: str, proxy: str) -> Unreachable:
    causes = list(_causes(error))
    name = at.rsplit(":", 1)[0] if at.count(":") == 1 else at
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return Unreachable(
                f"The certificate of {at} can't be trusted: {cause.verify_message}.",
                advice="If your network has an authority of its own, name its file in SSL_CERT_FILE.",
            )
        if isinstance(cause, ssl.SSLError):
            plain = (cause.reason or "") in ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "HTTP_REQUEST")
            return Unreachable(
                f"No secure connection (TLS) to {at} came about: "
                + ("it does not speak TLS." if plain else f"{(cause.reason or 'unknown').replace('_', ' ').lower()}."),
                advice="Try http:// instead of https:// in the address, if the server is your own." if plain else None,
            )
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        return Unreachable(f"The name {name} can't be found (DNS).", advice=_CHECK_NETWORK)
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return Unreachable(
            f"{_sentence_case(at)} refused the connection: nothing listens there.",
            advice=_CHECK_PROXY if proxy else None,
        )
    numbers = {cause.errno for cause in causes if isinstance(cause, OSError)}
    if numbers & {errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN}:
        return Unreachable(f"There is no way through the network to {at}.", advice=_CHECK_NETWORK)
    return Unreachable(f"No connection to {at} came about: it was closed at once.", advice=_CHECK_NETWORK)


def _sentence_case(at: str) -> str:
    return at[:1].upper() + at[1:] if at.startswith("the ") else at
