"""Messages as frozen values: a role and parts. Identity of a conversation and storage live elsewhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from coderapp.core.errors import Problem

JsonValue = None | bool | int | float | str | list["JsonValue"] | dict[str, "JsonValue"]
"""What `json.loads` can give."""


class Role(StrEnum):
    SYSTEM = "system"
    USER = "user"
    ASSISTANT = "assistant"
    TOOL = "tool"


@dataclass(frozen=True, slots=True)
class TextPart:
    text: str


@dataclass(frozen=True, slots=True)
class ReasoningPart:
    """What a model thought aloud before it answered (`reasoning_content` and the like)."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCallPart:
    """A call that the model chose. `arguments` is JSON text as it came; it may not parse."""

    id: str
    name: str
    arguments: str


@dataclass(frozen=True, slots=True)
class ToolResultPart:
    """What a tool gave back for the call `call_id`."""

    call_id: str
    name: str
    content: str


@dataclass(frozen=True, slots=True)
class FilePart:
    """A text file that goes along with a prompt. `name` is what the user sees; `text` is all of it."""

    name: str
    media_type: str
    text: str


Part = TextPart | ReasoningPart | ToolCallPart | ToolResultPart | FilePart


class FinishReason(StrEnum):
    """Why an answer ended. The first four are the server's words, the others ours."""

    STOP = "stop"
    LENGTH = "length"
    TOOL_CALLS = "tool_calls"
    CONTENT_FILTER = "content_filter"
    STOPPED = "stopped"  # by the user
    FAILED = "failed"
    INTERRUPTED = "interrupted"  # the program ended while the answer streamed


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Token counts; None where the server does not tell."""

    input_tokens: int | None = None
    output_tokens: int | None = None


@dataclass(frozen=True, slots=True)
class TokenLogprob:
    """One generated token with its natural-log probability and the likeliest alternatives at its position."""

    token: str
    logprob: float
    top: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Generation:
    """How an answer came about. `parameters` are exactly the ones sent. Times in seconds, `started` is Unix time."""

    profile: str = ""
    model: str = ""
    parameters: Mapping[str, JsonValue] = field(default_factory=dict)
    usage: TokenUsage = TokenUsage()
    started: float = 0.0
    first_token_after: float | None = None
    duration: float | None = None
    finish: FinishReason | None = None
    problem: Problem | None = None
    reply_id: str = ""
    logprobs: tuple[TokenLogprob, ...] = ()


@dataclass(frozen=True, slots=True)
class Message:
    """`id` is unique in its conversation; `created` is Unix time in seconds."""

    id: str
    role: Role
    parts: tuple[Part, ...] = ()
    created: float = 0.0
    generation: Generation | None = field(default=None)

    @property
    def text(self) -> str:
        """The text parts, joined; reasoning, tool parts and files left out."""
        if len(self.parts) == 1 and isinstance(self.parts[0], TextPart):
            return self.parts[0].text
        return "".join(part.text for part in self.parts if isinstance(part, TextPart))

    @property
    def reasoning(self) -> str:
        return "".join(part.text for part in self.parts if isinstance(part, ReasoningPart))

    @property
    def files(self) -> tuple[FilePart, ...]:
        """What is attached, in its order."""
        return tuple(part for part in self.parts if isinstance(part, FilePart))

    @property
    def tool_calls(self) -> tuple[ToolCallPart, ...]:
        return tuple(part for part in self.parts if isinstance(part, ToolCallPart))
