"""An answer while it arrives: events in, a message out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from coderapp.core.errors import CoderappError, Problem
from coderapp.core.events import (
    LogprobsDelta,
    ReasoningDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from coderapp.core.message import (
    FinishReason,
    Generation,
    JsonValue,
    Message,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    TokenLogprob,
    ToolCallPart,
)


class GrowingAnswer:
    """Collects the events of one stream. `message()` is the answer as it stands; `started` and `now` are Unix times."""

    def __init__(self, message_id: str, now: float, profile: str) -> None:
        self._message = Message(message_id, Role.ASSISTANT, (), now, Generation(profile=profile, started=now))
        self._texts: list[str] = []
        self._reasoning: list[str] = []
        self._calls: dict[int, ToolCallDelta] = {}
        self._logprobs: list[TokenLogprob] = []
        self._started = now
        self._first_after: float | None = None

    @property
    def id(self) -> str:
        return self._message.id

    @property
    def generation(self) -> Generation:
        assert self._message.generation is not None
        return self._message.generation

    def _tell(self, **fields: object) -> None:
        generation = replace(self.generation, **fields)  # type: ignore[arg-type]
        self._message = replace(self._message, generation=generation)

    def will_send(self, parameters: Mapping[str, JsonValue], model: str) -> None:
        """What goes out."""
        self._tell(parameters=dict(parameters), model=model)

    def take(self, event: StreamEvent, now: float) -> str:
        """Takes an event in; returns the text that it adds."""
        match event:
            case TextDelta(text):
                self._mark_first(now)
                self._texts.append(text)
                return text
            case ReasoningDelta(text):
                self._mark_first(now)
                self._reasoning.append(text)
            case ToolCallDelta():
                self._mark_first(now)
                self._take_call(event)
            case LogprobsDelta(tokens):
                self._logprobs += tokens
            case UsageReported(usage):
                self._tell(usage=usage)
            case Started(reply_id, model):
                self._tell(reply_id=reply_id or self.generation.reply_id, model=model or self.generation.model)
            case _:
                pass
        return ""

    def _mark_first(self, now: float) -> None:
        if self._first_after is None:
            self._first_after = max(0.0, now - self._started)

    def _take_call(self, piece: ToolCallDelta) -> None:
        known = self._calls.get(piece.index, ToolCallDelta(piece.index))
        self._calls[piece.index] = ToolCallDelta(
            piece.index, known.id or piece.id, known.name or piece.name, known.arguments + piece.arguments
        )

    @property
    def is_empty(self) -> bool:
        return not (self._texts or self._reasoning or self._calls)

    def message(self) -> Message:
        parts: list[Part] = []
        if self._reasoning:
            parts.append(ReasoningPart("".join(self._reasoning)))
        if self._texts:
            parts.append(TextPart("".join(self._texts)))
        parts += [ToolCallPart(call.id, call.name, call.arguments) for _, call in sorted(self._calls.items())]
        return replace(self._message, parts=tuple(parts))

    def end(self, reason: FinishReason, now: float, error: CoderappError | None = None) -> Message:
        """The finished answer."""
        self._tell(
            finish=reason,
            duration=max(0.0, now - self._started),
            first_token_after=self._first_after,
            logprobs=tuple(self._logprobs),
            problem=Problem.of(error) if error else None,
        )
        return self.message()
