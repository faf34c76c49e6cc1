"""The one way to an endpoint: an asynchronous protocol, and what a test of a connection tells. Light to import."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Protocol

from coderapp.core.errors import CoderappError, KeyMissing, Problem, TimedOut, Unreachable
from coderapp.core.events import StreamEvent
from coderapp.core.message import JsonValue, ToolCallPart, ToolResultPart
from coderapp.core.profile import Profile
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret

Tool = dict[str, JsonValue]
"""A function tool in OpenAI's format: `{"type": "function", "function": {"name", "description", "parameters"}}`."""


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What "Test" found, in one sentence. `key_accepted` is None where no key was needed or nothing can be said;
    `models` is what the server lists, () where it lists none; `seconds` is how long the test took.
    """

    ok: bool
    sentence: str
    reached: bool = True
    key_accepted: bool | None = None
    model: str = ""
    models: tuple[str, ...] = ()
    seconds: float = 0.0
    problem: Problem | None = None

    @classmethod
    def failed(cls, error: CoderappError, *, key_accepted: bool | None, sentence: str = "") -> CheckResult:
        reached = not isinstance(error, Unreachable | TimedOut | KeyMissing)
        return cls(False, sentence or error.sentence, reached, key_accepted, problem=Problem.of(error))


class Client(Protocol):
    """Implemented by `HttpClient` and by `ScriptedClient`. Belongs to event loops, not to threads."""

    def generate(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        """The answer as it arrives. The last event is exactly one Finished or Failed; nothing is raised but
        CancelledError and GeneratorExit. Who stops reading before the end closes it (`contextlib.aclosing`).
        """

    async def models(self, profile: Profile, key: Secret | None) -> tuple[str, ...]:
        """The names of the server's models, in its order; () in a dialect that lists none. Raises EndpointError."""

    async def check(self, profile: Profile, key: Secret | None) -> CheckResult:
        """Whether the server answers, takes the key, and with which model. A failure is a result, not raised."""

    async def tools(self, profile: Profile, key: Secret | None) -> tuple[Tool, ...]:
        """The provider's ready-made tools (LLM-TOOLS), usable as the parameter `tools`. Raises EndpointError."""

    async def run_tools(
        self, profile: Profile, key: Secret | None, calls: Sequence[ToolCallPart]
    ) -> tuple[ToolResultPart, ...]:
        """Lets the provider run tool calls (TOOLCALL): one result for each call, in order. Raises EndpointError."""

    async def aclose(self) -> None:
        """Closes the connections of the running loop."""
