"""What a client reports while an answer arrives. A stream ends with exactly one Finished or Failed."""

from __future__ import annotations

from dataclasses import dataclass

from coderapp.core.errors import CoderappError
from coderapp.core.message import FinishReason, TokenLogprob, TokenUsage


@dataclass(frozen=True, slots=True)
class Started:
    """The reply's head has come: the server's id of it and the model's name, "" where it does not tell."""

    reply_id: str = ""
    model: str = ""


@dataclass(frozen=True, slots=True)
class TextDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningDelta:
    text: str


@dataclass(frozen=True, slots=True)
class ToolCallDelta:
    """A piece of the tool call at place `index`; `id` and `name` come with its first piece."""

    index: int
    id: str = ""
    name: str = ""
    arguments: str = ""


@dataclass(frozen=True, slots=True)
class LogprobsDelta:
    tokens: tuple[TokenLogprob, ...]


@dataclass(frozen=True, slots=True)
class UsageReported:
    usage: TokenUsage


@dataclass(frozen=True, slots=True)
class RetryScheduled:
    """The request failed before the first byte and goes out again in `delay` seconds. `attempt` counts from 1."""

    attempt: int
    most: int
    delay: float
    reason: str


@dataclass(frozen=True, slots=True)
class Finished:
    reason: FinishReason


@dataclass(frozen=True, slots=True)
class Failed:
    error: CoderappError


StreamEvent = (
    Started
    | TextDelta
    | ReasoningDelta
    | ToolCallDelta
    | LogprobsDelta
    | UsageReported
    | RetryScheduled
    | Finished
    | Failed
)
