"""A client that plays a script: for tests, benchmarks and demonstrations. No network, the real protocol."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterable, Mapping, Sequence

from coderapp.api.client import CheckResult, Tool
from coderapp.core.errors import EndpointError, KeyMissing
from coderapp.core.events import Failed, Finished, Started, StreamEvent, TextDelta
from coderapp.core.message import FinishReason, ToolCallPart, ToolResultPart
from coderapp.core.profile import Profile
from coderapp.core.request import GenerationRequest
from coderapp.core.secret import Secret

Script = Sequence[tuple[float, StreamEvent]]
"""Pairs of the seconds to wait before an event, and the event."""


class ScriptedClient:
    """Each `generate` plays the next of `scripts`; after the last, the last again. A script that lacks an end gets
    Finished(STOP); what follows an end is not played. `requests` and `keys_given` tell what was asked, in order;
    `closed` whether `aclose` was called. `failure`, where given, is raised by the lists and is the result of `check`.
    """

    def __init__(
        self,
        *scripts: Script,
        models: Iterable[str] = ("scripted",),
        tools: Iterable[Tool] = (),
        tool_results: Mapping[str, str] | None = None,
        failure: EndpointError | None = None,
    ) -> None:
        self._scripts = scripts or (answer("Nothing is scripted."),)
        self._models = tuple(models)
        self._tools = tuple(tools)
        self._tool_results = dict(tool_results or {})
        self._failure = failure
        self.requests: list[GenerationRequest] = []
        self.keys_given: list[bool] = []
        self.closed = False

    async def generate(self, request: GenerationRequest, key: Secret | None) -> AsyncGenerator[StreamEvent]:
        script = self._scripts[min(len(self.requests), len(self._scripts) - 1)]
        self.requests.append(request)
        self.keys_given.append(bool(key))
        if request.profile.needs_key and not key:
            yield Failed(KeyMissing(f"{request.profile.name} wants an API key, and none is stored."))
            return
        for delay, event in script:
            if delay > 0:
                await asyncio.sleep(delay)
            yield event
            if isinstance(event, Finished | Failed):
                return
        yield Finished(FinishReason.STOP)

    async def models(self, profile: Profile, key: Secret | None) -> tuple[str, ...]:
        self._may_fail()
        return self._models

    async def check(self, profile: Profile, key: Secret | None) -> CheckResult:
        if self._failure is not None:
            return CheckResult.failed(self._failure, key_accepted=None)
        model = profile.model or next(iter(self._models), "")
        return CheckResult(True, "The script answers.", True, bool(key) or None, model, self._models)

    async def tools(self, profile: Profile, key: Secret | None) -> tuple[Tool, ...]:
        self._may_fail()
        return self._tools

    async def run_tools(
        self, profile: Profile, key: Secret | None, calls: Sequence[ToolCallPart]
    ) -> tuple[ToolResultPart, ...]:
        self._may_fail()
        return tuple(ToolResultPart(call.id, call.name, self._tool_results.get(call.name, "{}")) for call in calls)

    async def aclose(self) -> None:
        self.closed = True

    def _may_fail(self) -> None:
        if self._failure is not None:
            raise self._failure


def answer(text: str, *, delay: float = 0.0, piece: int = 4, model: str = "scripted") -> Script:
    """A script that writes `text` in pieces of `piece` characters, `delay` seconds apart."""
    pieces = [(delay, TextDelta(text[start : start + piece])) for start in range(0, len(text), piece)]
    return [(0.0, Started("scripted-1", model)), *pieces, (0.0, Finished(FinishReason.STOP))]
