"""A client, a server that misbehaves, and what came of it."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, TypeVar

from coderapp.api.http_client import HttpClient
from coderapp.api.retries import RetryPolicy
from coderapp.core.errors import CoderappError, EndpointError
from coderapp.core.events import Failed, Finished, LogprobsDelta, ReasoningDelta, StreamEvent, TextDelta, UsageReported
from coderapp.core.message import FinishReason, JsonValue, Message, Role, TextPart, TokenLogprob, TokenUsage
from coderapp.core.profile import KeyPlacement, Profile, ProfileKind, Timeouts
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret
from tests.helpers.hostile_server import Behaviour, HostileServer, hostile_server

T = TypeVar("T")

KEY = Secret("sk-Ab+/=9%z_geheim")
PATIENT = Timeouts()
HURRIED = Timeouts(connect=2.0, first_byte=0.3, between_bytes=0.15)


def run(scene: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(scene)


class Waits:
    """Notes what a client would have slept between its tries."""

    def __init__(self) -> None:
        self.spans: list[float] = []

    async def sleep(self, span: float) -> None:
        self.spans.append(span)

    def policy(self) -> RetryPolicy:
        return RetryPolicy(sleep=self.sleep)


def request_to(
    url: str,
    kind: ProfileKind = ProfileKind.OPENAI,
    *,
    parameters: dict[str, JsonValue] | None = None,
    messages: Sequence[Message] | None = None,
    stream: bool = True,
    model: str = "",
    placement: KeyPlacement = KeyPlacement.HEADER,
    timeouts: Timeouts = PATIENT,
) -> GenerationRequest:
    profile = Profile("p", "Mine", kind, url, key_placement=placement, timeouts=timeouts)
    hello = Message("1", Role.USER, (TextPart("hi"),))
    return GenerationRequest(profile, tuple(messages or (hello,)), parameters or {}, model, stream)


async def collect(client: HttpClient, request: GenerationRequest, key: Secret | None = KEY) -> list[StreamEvent]:
    return merged([event async for event in client.generate(request, key)])


def merged(events: list[StreamEvent]) -> list[StreamEvent]:
    """Neighbouring texts joined: where the cuts lie decides only how many deltas there are."""
    joined: list[StreamEvent] = []
    for event in events:
        last = joined[-1] if joined else None
        if isinstance(event, TextDelta) and isinstance(last, TextDelta):
            joined[-1] = TextDelta(last.text + event.text)
        else:
            joined.append(event)
    return joined


def ask(
    behaviour: Behaviour,
    kind: ProfileKind = ProfileKind.OPENAI,
    *,
    key: Secret | None = KEY,
    waits: Waits | None = None,
    servers: list[HostileServer] | None = None,
    **options: Any,
) -> list[StreamEvent]:
    """The events of one request to a server that behaves so. Leaves no connection open."""

    async def scene() -> list[StreamEvent]:
        client = HttpClient((waits or Waits()).policy())
        async with hostile_server(behaviour) as server:
            if servers is not None:
                servers.append(server)
            events = await collect(client, request_to(server.url, kind, **options), key)
            await client.aclose()
            await server.all_closed()
            return events

    return checked(run(scene()))


def checked(events: list[StreamEvent]) -> list[StreamEvent]:
    """What holds for every answer: one end, at the end; errors of the tree, which tell something and no secret."""
    ends = [place for place, event in enumerate(events) if isinstance(event, Finished | Failed)]
    assert ends == [len(events) - 1]
    if isinstance(events[-1], Failed):
        sound(events[-1].error)
    return events


def sound(error: CoderappError) -> None:
    assert isinstance(error, EndpointError)
    assert any(letter.isalpha() for letter in error.sentence)
    assert error.advice
    assert "[object" not in error.sentence
    assert "Traceback" not in error.sentence
    for text in (error.sentence, error.advice, error.raw, repr(error)):
        assert KEY.reveal() not in text
        assert "geheim" not in text
    assert len(error.raw.encode()) <= 64 * 1024
    error.raw.encode()
    error.sentence.encode()


def failure(events: list[StreamEvent]) -> EndpointError:
    end = events[-1]
    assert isinstance(end, Failed), end
    assert isinstance(end.error, EndpointError)
    return end.error


def finish(events: list[StreamEvent]) -> FinishReason:
    end = events[-1]
    assert isinstance(end, Finished), end
    return end.reason


def text_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextDelta))


def reasoning_of(events: list[StreamEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ReasoningDelta))


def usage_of(events: list[StreamEvent]) -> TokenUsage | None:
    return next((event.usage for event in events if isinstance(event, UsageReported)), None)


def logprobs_of(events: list[StreamEvent]) -> list[TokenLogprob]:
    return [token for event in events if isinstance(event, LogprobsDelta) for token in event.tokens]


def delta(finish_reason: str | None = None, **fields: Any) -> dict[str, Any]:
    """A chunk of OpenAI's dialect."""
    choice = {"index": 0, "delta": fields, "finish_reason": finish_reason}
    return {"id": "chatcmpl-7", "object": "chat.completion.chunk", "created": 1, "model": "m-1", "choices": [choice]}


def completion(finish_reason: str | None = "stop", **fields: Any) -> dict[str, Any]:
    """A whole reply of OpenAI's dialect."""
    message = {"role": "assistant", **fields}
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return {"id": "chatcmpl-7", "object": "chat.completion", "created": 1, "model": "m-1", "choices": [choice]}


def simple(output: Any, **fields: Any) -> dict[str, Any]:
    """A whole reply, or a chunk, in PixLab's simple style."""
    return {"status": 200, "id": 6783, "object": "chat", "created": 1, "model": "pix-llm", "output": output, **fields}
