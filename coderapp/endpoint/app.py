"""The endpoint as a Starlette application: routes, keys, limits, errors, streams."""

from __future__ import annotations

import asyncio
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from coderapp.core.message import FinishReason, JsonValue
from coderapp.endpoint.answering import MODEL_NAME, Plan
from coderapp.endpoint.generation import Generation, Limits
from coderapp.endpoint.hosts import HostGuard
from coderapp.endpoint.model import ANSWER_LIMIT, CONTEXT, SampleModel
from coderapp.endpoint.pacing import paced
from coderapp.endpoint.problems import Refusal
from coderapp.endpoint.rendering import Answer
from coderapp.endpoint.replies import OpenAIShape, Outcome, Shape, SimpleShape, Spool, ToolCall, encode
from coderapp.endpoint.requests import Body, ChatRequest, chat_request, read_json
from coderapp.endpoint.sampler import Sampler
from coderapp.endpoint.tokenizer import count_pieces, slices

_LOG = logging.getLogger(__name__)

MAX_BODY = 8 * 1024 * 1024
MAX_ANSWERS = 16
_DRAINED = 64 * 1024 * 1024
_HELD = 2
"""Bodies of the largest size that are held before it is known whether their senders have the key."""
_CREATED = 1_760_000_000


@dataclass(frozen=True, slots=True)
class EndpointSettings:
    """`host`: where it listens. `tokens_per_second`: 0 for no limit. `max_body` in bytes; `max_answers`: how many are
    written at the same time.
    """

    key: str
    host: str = "127.0.0.1"
    tokens_per_second: float = 0.0
    max_body: int = MAX_BODY
    max_answers: int = MAX_ANSWERS

    def __repr__(self) -> str:
        return f"EndpointSettings(host={self.host!r}, tokens_per_second={self.tokens_per_second!r})"


class Endpoint:
    """The application and what its requests share. `close` ends all answers that are being written."""

    def __init__(self, model: SampleModel, settings: EndpointSettings) -> None:
        self._model = model
        self._settings = settings
        self._key = settings.key.encode()
        self._writing: set[asyncio.Event] = set()
        self._closed = False
        self._held = 0  # bytes of bodies that are being read and may hold the key, or not
        handlers: dict[object, Callable[[Request, Exception], Awaitable[Response]]] = {
            Refusal: _refused,
            HTTPException: _not_routed,
            ClientDisconnect: _left,
            Exception: _failed,
        }
        app = Starlette(
            routes=[
                Route("/coder", self._coder, methods=["POST"]),
                Route("/tools", self._tools, methods=["GET", "POST"]),
                Route("/toolcall", self._toolcall, methods=["POST"]),
                Route("/v1/chat/completions", self._completions, methods=["POST"]),
                Route("/v1/models", self._models, methods=["GET"]),
                Route("/v1/models/{name:path}", self._one_model, methods=["GET"]),
                Route("/openapi.json", self._openapi, methods=["GET"]),
            ],
            exception_handlers=handlers,
        )
        app.router.redirect_slashes = False
        self.app: ASGIApp = HostGuard(app, settings.host)

    def close(self) -> None:
        self._closed = True
        for ended in self._writing:
            ended.set()

    # ------------------------------------------------------------------------------------------------- routes

    async def _coder(self, request: Request) -> Response:
        return await self._answer(request, openai_path=False)

    async def _completions(self, request: Request) -> Response:
        return await self._answer(request, openai_path=True)

    async def _tools(self, request: Request) -> Response:
        if request.method == "POST":
            await self._body(request, may_be_empty=True)
        else:
            self._admit(_key_beside(request))
        from coderapp.endpoint.toolbox import TOOLS

        return _json({"status": 200, "id": secrets.token_hex(8).upper(), "tools": [tool.listed() for tool in TOOLS]})

    async def _toolcall(self, request: Request) -> Response:
        body = await self._body(request)
        from coderapp.endpoint.toolbox import run_calls

        calls = body.get("tools", body.get("tool_calls"))
        if not isinstance(calls, list):
            raise Refusal(400, "tools must be a list of tool calls", param="tools")
        output = await asyncio.to_thread(run_calls, calls)
        return _json({"status": 200, "id": secrets.token_hex(8).upper(), "output": output})

    async def _models(self, request: Request) -> Response:
        self._admit(_key_beside(request))
        return _json({"object": "list", "data": [_model_card()]})

    async def _one_model(self, request: Request) -> Response:
        self._admit(_key_beside(request))
        name = request.path_params["name"]
        if name != MODEL_NAME:
            raise Refusal(404, f"there is no model {name[:80]}; there is {MODEL_NAME}", param="model")
        return _json(_model_card())

    async def _openapi(self, request: Request) -> Response:
        from coderapp.endpoint import openapi

        return _json(openapi.document(str(request.base_url).rstrip("/")))

    # ---------------------------------------------------------------------------------------- keys and bodies

    def _admit(self, given: bytes | None) -> None:
        if given is None:
            raise Refusal(
                401,
                "the API key is missing; send it in the header WWW-Authenticate, as Authorization: Bearer, "
                "in the body as key, or in the query as key",
            )
        if not hmac.compare_digest(given, self._key):
            raise Refusal(401, "the API key is wrong")

    async def _body(self, request: Request, *, may_be_empty: bool = False) -> Body:
        """The body of a request whose key is right. Raises Refusal."""
        beside = _key_beside(request)
        if beside is not None:
            self._admit(beside)
        raw = await self._raw_body(request, is_known=beside is not None)
        if may_be_empty and not raw.strip():
            body: Body = {}
        else:
            _check_content_type(request)
            body = read_json(raw)
        if beside is None:
            key = body.get("key")
            self._admit(key.strip().encode("utf-8", "replace") if isinstance(key, str) and key.strip() else None)
        return body

    async def _raw_body(self, request: Request, *, is_known: bool) -> bytes:
        """`is_known`: the key stood beside the body and is right. Of others, only so much is held at a time."""
        most = self._settings.max_body
        refusal = Refusal(
            413,
            f"the body is larger than {most} bytes, the most that this endpoint takes",
            headers={"Connection": "close"},
        )
        announced = request.headers.get("content-length", "")
        too_large = announced.isdigit() and int(announced) > most
        held = bytearray()
        size = 0
        crowded = False
        try:
            # What is too much is read and dropped, within reason: a client that still sends would miss the answer.
            async for part in request.stream():
                size += len(part)
                too_large = too_large or size > most
                if size > most + _DRAINED:
                    raise refusal
                crowded = crowded or (not is_known and self._held + len(part) > _HELD * most)
                if too_large or crowded:
                    self._held -= 0 if is_known else len(held)
                    held = bytearray()
                else:
                    held += part
                    self._held += 0 if is_known else len(part)
        finally:
            self._held -= 0 if is_known else len(held)
        if too_large:
            raise refusal
        if crowded:
            raise Refusal(
                429,
                "too many large bodies without a key beside them at a time; send the key in the header "
                "WWW-Authenticate, or try again in a second",
                headers={"Retry-After": "1", "Connection": "close"},
            )
        return bytes(held)

    # ------------------------------------------------------------------------------------------------ answers

    async def _answer(self, request: Request, *, openai_path: bool) -> Response:
        body = await self._body(request)
        wanted = chat_request(body, openai_path=openai_path)
        input_tokens = await _count(wanted)
        room = CONTEXT - input_tokens
        if room < 1:
            raise Refusal(
                400,
                f"messages has {input_tokens} tokens, and the model's context holds {CONTEXT}; send fewer",
                param="messages",
            )
        if wanted.openai:
            shape: Shape = OpenAIShape(
                contract=not openai_path,
                logprobs=wanted.logprobs,
                include_usage=wanted.include_usage or not openai_path,
            )
        else:
            shape = SimpleShape(wanted.style, logprobs=wanted.logprobs)
        if len(self._writing) >= self._settings.max_answers:
            raise Refusal(
                429,
                f"{self._settings.max_answers} answers are being written already; try again in a second",
                headers={"Retry-After": "1"},
            )
        calls = await _calls(wanted)
        if calls:
            spent = sum(count_pieces(call.name) + count_pieces(call.arguments) for call in calls)
            outcome = Outcome(FinishReason.TOOL_CALLS, input_tokens, spent, calls)
            if not wanted.stream:
                return Response(b"".join(shape.whole("", outcome)), headers=_WHOLE_HEADERS)
            return Response(shape.head() + shape.tail(outcome), headers=_STREAM_HEADERS)
        generation = self._generation(wanted, room)
        spool = Spool() if wanted.logprobs else None
        return _Writing(self, generation, shape, input_tokens, stream=wanted.stream, spool=spool)

    def _generation(self, wanted: ChatRequest, room: int) -> Generation:
        plan = _plan_for_results(wanted) or self._model.plan(wanted.turns)
        reading, wording = self._model.read(plan, wanted.style)
        most = min(wanted.max_tokens or ANSWER_LIMIT, room)
        closes = wanted.style == "json" and wanted.max_tokens is None
        return Generation(
            reading,
            wording,
            Sampler(wanted.settings, wanted.seed),
            Limits(most, closes, wanted.stop),
            wanted.top_logprobs if wanted.logprobs else None,
        )

    def begin(self) -> asyncio.Event:
        """An answer begins; the event ends it."""
        ended = asyncio.Event()
        if self._closed:
            ended.set()
        self._writing.add(ended)
        return ended

    def end(self, ended: asyncio.Event) -> None:
        self._writing.discard(ended)

    @property
    def tokens_per_second(self) -> float:
        return self._settings.tokens_per_second


_WHOLE_HEADERS = {"Content-Type": "application/json", "Cache-Control": "no-store"}
_STREAM_HEADERS = {"Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store"}


class _Writing(Response):
    """An answer that is written while it is sent, or, where no stream is asked for, before. It ends where the client
    leaves or the endpoint closes.
    """

    def __init__(
        self,
        endpoint: Endpoint,
        generation: Generation,
        shape: Shape,
        input_tokens: int,
        *,
        stream: bool,
        spool: Spool | None,
    ) -> None:
        self._spool = spool
        self._endpoint = endpoint
        self._generation = generation
        self._shape = shape
        self._input_tokens = input_tokens
        self._stream = stream
        self.background = None
        self._ended = endpoint.begin()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        ended = self._ended
        watch = asyncio.create_task(_watch(receive, ended))
        try:
            if self._stream:
                await self._send_stream(send, ended)
            else:
                await self._send_whole(scope, receive, send, ended)
        finally:
            watch.cancel()
            self._endpoint.end(ended)

    def _outcome(self) -> Outcome:
        finish = self._generation.finish or FinishReason.STOP
        return Outcome(finish, self._input_tokens, self._generation.count)

    async def _send_stream(self, send: Send, ended: asyncio.Event) -> None:
        headers = [(name.lower().encode(), value.encode()) for name, value in _STREAM_HEADERS.items()]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        delta = self._shape.delta
        head = self._shape.head()
        if head:
            await send({"type": "http.response.body", "body": head, "more_body": True})
        async for batch in paced(self._generation, ended, self._endpoint.tokens_per_second):
            await send({"type": "http.response.body", "body": b"".join(map(delta, batch)), "more_body": True})
        # Where the endpoint closes, the stream breaks off without a reason to finish: it did not.
        body = b"" if ended.is_set() else self._shape.tail(self._outcome())
        await send({"type": "http.response.body", "body": body, "more_body": False})

    async def _send_whole(self, scope: Scope, receive: Receive, send: Send, ended: asyncio.Event) -> None:
        texts: list[str] = []
        spool = self._spool or Spool()
        async for batch in paced(self._generation, ended, self._endpoint.tokens_per_second):
            texts += [each.text for each in batch]
            if self._spool is not None:
                spool.add(batch)
        if ended.is_set():
            refusal = Refusal(503, "the endpoint is closing", headers={"Connection": "close"})
            await _refusal_reply(refusal, openai=scope["path"].startswith("/v1/"))(scope, receive, send)
            return
        before, after = self._shape.whole("".join(texts), self._outcome())
        headers = {**_WHOLE_HEADERS, "Content-Length": str(len(before) + spool.size + len(after))}
        raw = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        await send({"type": "http.response.start", "status": 200, "headers": raw})
        await send({"type": "http.response.body", "body": before, "more_body": True})
        for piece in spool.pieces() if spool.size else ():
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": after, "more_body": False})


async def _watch(receive: Receive, ended: asyncio.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
    ended.set()


# What only some requests need is imported by the first of them: the endpoint is ready sooner.


async def _calls(wanted: ChatRequest) -> tuple[ToolCall, ...]:
    if not wanted.tools:
        return ()
    from coderapp.endpoint.toolcalls import choose_calls

    return await asyncio.to_thread(choose_calls, wanted)  # others have their turn meanwhile


def _plan_for_results(wanted: ChatRequest) -> Plan | None:
    if not wanted.results:
        return None
    from coderapp.endpoint.toolcalls import sentence_for

    return Plan(Answer(sentence_for(wanted.results)))


async def _count(wanted: ChatRequest) -> int:
    """The tokens of all messages; a long text is counted bit by bit, others have their turn in between."""
    total = 0
    for turn in wanted.turns:
        for part in slices(turn.text):
            total += count_pieces(part)
            if len(part) > 16_384:
                await asyncio.sleep(0)
    return total


def _key_beside(request: Request) -> bytes | None:
    """The key that stands beside the body: in one of the two headers, else in the query. None where there is none."""
    headers = request.headers
    bare = headers.get("www-authenticate", "").strip()
    if bare:
        return bare.encode("latin-1")
    scheme, _, token = headers.get("authorization", "").strip().partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip().encode("latin-1")
    key = request.query_params.get("key", "").strip()
    return key.encode("utf-8", "replace") if key else None


def _check_content_type(request: Request) -> None:
    given = request.headers.get("content-type", "")
    kind, _, rest = given.partition(";")
    charset = rest.partition("charset=")[2].strip(' "').lower()
    if kind.strip().lower() != "application/json" or charset not in ("", "utf-8", "utf8"):
        got = f"got {given[:80]}" if given else "it is missing"
        raise Refusal(415, f"the Content-Type must be application/json, {got}")


def _model_card() -> dict[str, JsonValue]:
    return {"id": MODEL_NAME, "object": "model", "created": _CREATED, "owned_by": "coderapp", "context_length": CONTEXT}


def _json(value: JsonValue, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(
        encode(value), status, headers={"Cache-Control": "no-store", **(headers or {})}, media_type="application/json"
    )


def _refusal_reply(refusal: Refusal, *, openai: bool) -> Response:
    return _json(refusal.body(openai=openai), refusal.status, refusal.headers)


def _is_openai(request: Request) -> bool:
    return request.url.path.startswith("/v1/")


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refusal)
    return _refusal_reply(error, openai=_is_openai(request))


async def _not_routed(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path[:120]
    allowed = (error.headers or {}).get("Allow", "")
    if error.status_code == 405:
        refusal = Refusal(405, f"{path} takes {allowed}, not {request.method}", headers={"Allow": allowed})
    else:
        refusal = Refusal(404, f"there is nothing at {path}; see /openapi.json for what there is")
    return _refusal_reply(refusal, openai=_is_openai(request))


async def _left(request: Request, error: Exception) -> Response:
    """The client went away while it sent; nobody reads this."""
    return Response(status_code=400)


async def _failed(request: Request, error: Exception) -> Response:
    refusal = Refusal(500, f"the endpoint failed with {type(error).__name__}; please report this with what you sent")
    return _refusal_reply(refusal, openai=_is_openai(request))
