"""The client over HTTP. httpx is imported with the first request, or by `warm_up`."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from coderapp.api.answer import AnswerReader
from coderapp.api.catalog import models_in, results_in, tools_in
from coderapp.api.chat_completions import encode_calls
from coderapp.api.checking import check_connection
from coderapp.api.client import CheckResult, Tool
from coderapp.api.decoding import NotJson, decode_json
from coderapp.api.dialect import Dialect, Outgoing, dialect_of, get, post
from coderapp.api.failures import http_failure, retry_after, said_in, status_failure
from coderapp.api.pixlab import failing_status
from coderapp.api.retries import RetryPolicy
from coderapp.core.errors import (
    BadReply,
    EndpointError,
)
from coderapp.core.events import Failed, RetryScheduled, StreamEvent
from coderapp.core.message import JsonValue, ToolCallPart, ToolResultPart
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret

if TYPE_CHECKING:
    from coderapp.api.transport import Reply, Transport

_log = logging.getLogger(__name__)

_MOST_ERROR_BODY = 256 * 1024
_MOST_LIST = 16 * 1024 * 1024
_ERROR_BODY_PATIENCE = 5.0
_DRAIN = 0.25


class HttpClient:
    """`Client` over httpx: one pool of connections for each event loop, made with its first request."""

    def __init__(self, retries: RetryPolicy | None = None) -> None:
        self._retries = retries or RetryPolicy()
        self._transports: WeakKeyDictionary[asyncio.AbstractEventLoop, Transport] = WeakKeyDictionary()

    def warm_up(self) -> None:
        """Imports what the first request needs (about 0.1 s); may run in any thread."""
        import msgspec.json

        from coderapp.api import chat_completions, pixlab, transport

        del msgspec, chat_completions, pixlab, transport

    async def generate(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        attempt = 1
        while True:
            begun, failure = False, None
            async with aclosing(self._attempt(request, key)) as events:
                async for event in events:
                    if isinstance(event, Failed) and not begun and isinstance(event.error, EndpointError):
                        failure = event.error
                        continue
                    begun = True
                    yield event
            if failure is None:
                return
            delay = self._retries.delay(failure, attempt)
            if delay is None:
                yield Failed(failure)
                return
            yield RetryScheduled(attempt, self._retries.most, delay, failure.sentence)
            await self._retries.sleep(delay)
            attempt += 1

    async def _attempt(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        """One try: events, of which the last is Finished or Failed."""
        reply: Reply | None = None
        ended = False
        try:
            dialect = dialect_of(request.profile.kind)
            outgoing = post(request.profile, request.profile.chat_url, key, dialect.body(request), dialect)
            reply = await self._open(outgoing, request.profile, dialect)
            site = replace(outgoing.site, wait=retry_after(reply.headers.get("retry-after")))
            is_stream_type = reply.headers.get("content-type", "").lower().startswith("text/event-stream")
            reader = AnswerReader(dialect.reader(site), site, is_stream_type=is_stream_type)
            while not reader.done:
                events = await _next_events(reply, reader)
                ended = reader.done
                for event in events:
                    yield event
            if reader.drainable:
                await reply.drain(_DRAIN)
        except EndpointError as error:
            yield Failed(error)
        except Exception as error:  # noqa: BLE001 a fault of ours must not cost the answer its end; it is logged
            failure = _our_fault(error)
            if not ended:
                yield Failed(failure)
        finally:
            if reply is not None:
                await reply.aclose()

    async def models(self, profile: Profile, key: Secret | None) -> tuple[str, ...]:
        if profile.kind is ProfileKind.PIXLAB:
            return ()
        # The built-in endpoint lists its models where OpenAI's clients look for them.
        url = profile.models_url if profile.kind is ProfileKind.OPENAI else profile.beside("/v1/models")
        outgoing = get(profile, url, key, dialect_of(ProfileKind.OPENAI))
        value, raw = await self._fetch(outgoing, profile, dialect_of(profile.kind))
        return models_in(value, outgoing.site, raw)

    async def tools(self, profile: Profile, key: Secret | None) -> tuple[Tool, ...]:
        dialect, url = dialect_of(profile.kind), profile.tools_address
        in_body = profile.key_placement is KeyPlacement.BODY
        outgoing = post(profile, url, key, {}, dialect) if in_body else get(profile, url, key, dialect)
        value, raw = await self._fetch(outgoing, profile, dialect)
        return tools_in(value, outgoing.site, raw)

    async def run_tools(
        self, profile: Profile, key: Secret | None, calls: Sequence[ToolCallPart]
    ) -> tuple[ToolResultPart, ...]:
        if not calls:
            return ()
        dialect = dialect_of(profile.kind)
        outgoing = post(profile, profile.toolcall_address, key, {"tools": encode_calls(calls)}, dialect)
        value, raw = await self._fetch(outgoing, profile, dialect)
        return results_in(value, calls, outgoing.site, raw)

    async def check(self, profile: Profile, key: Secret | None) -> CheckResult:
        return await check_connection(self.models, self._attempt, profile, key)

    async def aclose(self) -> None:
        transport = self._transports.pop(asyncio.get_running_loop(), None)
        if transport is not None:
            await transport.aclose()

    async def _open(self, outgoing: Outgoing, profile: Profile, dialect: Dialect) -> Reply:
        """A reply with a status of success. Raises EndpointError for every other."""
        from coderapp.api.transport import Transport

        loop = asyncio.get_running_loop()
        transport = self._transports.get(loop)
        if transport is None:
            transport = self._transports[loop] = Transport()
        reply = await transport.open(outgoing, profile.timeouts)
        if 200 <= reply.status < 300:
            return reply
        try:
            body = await _error_body(reply)
        finally:
            await reply.aclose()
        raise http_failure(outgoing.site, reply.status, reply.headers, body, body_status=dialect.body_status)

    async def _fetch(self, outgoing: Outgoing, profile: Profile, dialect: Dialect) -> tuple[JsonValue, bytes]:
        """A whole JSON reply, and its bytes. Raises EndpointError."""
        reply = await self._open(outgoing, profile, dialect)
        site, body = outgoing.site, bytearray()
        try:
            while chunk := await reply.read():
                body += chunk
                if len(body) > _MOST_LIST:
                    raise site.bad_reply(f"sent more than {_MOST_LIST >> 20} MB, which no list has")
        finally:
            await reply.aclose()
        raw = bytes(body)
        try:
            value = decode_json(raw)
        except NotJson as error:
            what = "sent a web page instead of a list" if raw.lstrip()[:1] == b"<" else f"sent no JSON ({error.why})"
            raise site.bad_reply(what, raw) from None
        if isinstance(value, dict):
            status = failing_status(value) if dialect.body_status else None
            if status or value.get("error"):
                said = said_in(value)
                raise status_failure(site, status or said.status or 500, said, raw=site.redact.raw(raw))
        return value, raw


async def _next_events(reply: Reply, reader: AnswerReader) -> list[StreamEvent]:
    try:
        chunk = await reply.read(reader.patience)
    except EndpointError as error:
        return reader.end(error)
    return reader.feed(chunk) if chunk else reader.end(complete=reply.has_length)


async def _error_body(reply: Reply) -> bytes:
    """As much of an error's text as comes without much ado: the status counts, not how the text ends."""
    body = bytearray()
    try:
        async with asyncio.timeout(_ERROR_BODY_PATIENCE):
            while len(body) < _MOST_ERROR_BODY and (chunk := await reply.read()):
                body += chunk
    except (TimeoutError, EndpointError):
        return bytes(body)
    return bytes(body[:_MOST_ERROR_BODY])


def _our_fault(error: Exception) -> BadReply:
    """The message of an error may quote the request, and with it the key: only its kind and place are logged."""
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("unexpected %s in the client:\n%s", type(error).__name__, place)
    return BadReply(
        f"coderapp failed to handle the reply (an unexpected {type(error).__name__}).",
        advice="Your prompt is kept. Please report this with the lines in the log.",
    )
