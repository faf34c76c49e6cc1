"""What both dialects' replies have in common: gathering an answer's parts, finish reasons, usage, log probabilities."""

from __future__ import annotations

import json
import math
from typing import Protocol

from coderapp.api.decoding import SurrogateJoiner, clean
from coderapp.api.erasing import KeyEraser, KeyFinder
from coderapp.api.failures import Site, said_in, status_failure
from coderapp.core.errors import EndpointError
from coderapp.core.events import LogprobsDelta, ReasoningDelta, Started, StreamEvent, TextDelta, ToolCallDelta
from coderapp.core.message import FinishReason, JsonValue, TokenLogprob, TokenUsage

JsonObject = dict[str, JsonValue]

IMPOSSIBLE = -9999.0
"""The log probability that stands for "never" in OpenAI's replies; JSON has no minus infinity."""

_FINISH_REASONS = {
    "stop": FinishReason.STOP,
    "length": FinishReason.LENGTH,
    "max_tokens": FinishReason.LENGTH,
    "model_length": FinishReason.LENGTH,
    "tool_calls": FinishReason.TOOL_CALLS,
    "tool_use": FinishReason.TOOL_CALLS,
    "function_call": FinishReason.TOOL_CALLS,
    "content_filter": FinishReason.CONTENT_FILTER,
    "safety": FinishReason.CONTENT_FILTER,
}


class Reader(Protocol):
    """Turns a dialect's JSON into events. `finish`: the reason once the server gave one; `seen`: an answer began."""

    finish: FinishReason | None
    usage: TokenUsage | None
    seen: bool

    def read(self, value: JsonValue, raw: bytes, *, whole: bool) -> list[StreamEvent]:
        """The events of a whole reply or of one chunk. Raises EndpointError where it is a failure or makes no sense."""

    def quick(self, data: bytes) -> str | None:
        """The text of a chunk that is nothing but text, to be given to `text`; None for one that `read` must take."""

    def text(self, value: JsonValue, where: str, raw: bytes) -> list[StreamEvent]:
        """The events of a text, or of a list of content parts."""

    def flush(self) -> list[StreamEvent]:
        """What was held back, at the end."""


class _Channel:
    """A text in pieces, made fit to be kept: surrogate pairs whole, and no key in it."""

    __slots__ = ("_eraser", "_joiner")

    def __init__(self, finder: KeyFinder | None) -> None:
        self._joiner = SurrogateJoiner()
        self._eraser = KeyEraser(finder)

    def feed(self, text: str) -> str:
        return self._eraser.feed(self._joiner.feed(text))

    def flush(self) -> str:
        return self._eraser.feed(self._joiner.flush()) + self._eraser.flush()


class Gathering:
    """The part of a reader that does not depend on the dialect."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.finish: FinishReason | None = None
        self.usage: TokenUsage | None = None
        self.seen = False
        self._text = _Channel(site.redact.finder_in_answers)
        self._reasoning = _Channel(site.redact.finder_in_answers)
        self._arguments: dict[int, KeyEraser] = {}
        self._calls: dict[int, str] = {}

    def begin(self, chunk: JsonObject) -> list[StreamEvent]:
        """Started, once."""
        if self.seen:
            return []
        self.seen = True
        return [Started(self._name(chunk.get("id")), self._name(chunk.get("model")))]

    def text(self, value: JsonValue, where: str, raw: bytes) -> list[StreamEvent]:
        """A text, or OpenAI's list of content parts."""
        if value is None or value == "":
            return []
        if isinstance(value, str):
            text = self._text.feed(value)
            return [TextDelta(text)] if text else []
        if isinstance(value, list):
            return [event for part in value for event in self._content_part(part, where, raw)]
        raise self.wrong_type(where, value, "text", raw)

    def reasoning(self, value: JsonValue) -> list[StreamEvent]:
        if not isinstance(value, str) or not value:
            return []
        text = self._reasoning.feed(value)
        return [ReasoningDelta(text)] if text else []

    def flush(self) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        if text := self._reasoning.flush():
            events.append(ReasoningDelta(text))
        if text := self._text.flush():
            events.append(TextDelta(text))
        for index, arguments in self._arguments.items():
            if text := arguments.flush():
                events.append(ToolCallDelta(index, arguments=text))
        return events

    def tool_calls(self, value: JsonValue, raw: bytes) -> list[StreamEvent]:
        """Whole calls or pieces of them. Where `index` is missing, a new id begins a new call."""
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong_type("tool_calls", value, "a list", raw)
        return [self._tool_call(call, raw) for call in value]

    def end(self, reason: JsonValue) -> None:
        """Takes a finish reason over. A server that called tools and says "stop" means the calls."""
        if isinstance(reason, str) and reason:
            self.finish = _FINISH_REASONS.get(reason.casefold(), FinishReason.STOP)
        if self.finish is FinishReason.STOP and self._calls:
            self.finish = FinishReason.TOOL_CALLS

    def end_whole(self, reason: JsonValue) -> None:
        """The same for a whole reply, which need not give a reason."""
        self.end(reason if isinstance(reason, str) and reason else "stop")

    def count(self, tokens: JsonValue, input_name: str, output_name: str) -> None:
        if not isinstance(tokens, dict):
            return
        taken, made = _count(tokens.get(input_name)), _count(tokens.get(output_name))
        if taken is not None or made is not None:
            self.usage = TokenUsage(taken, made)

    def failure(self, value: JsonObject, raw: bytes, status: int | None = None) -> EndpointError:
        """The error that an error object under HTTP 200 means."""
        said = said_in(value)
        return status_failure(self.site, status or said.status or 500, said, raw=self.site.redact.raw(raw))

    def wrong_type(self, where: str, value: JsonValue, wanted: str, raw: bytes) -> EndpointError:
        got = {dict: "an object", list: "a list", str: "text", bool: "true or false", type(None): "nothing"}
        came = got.get(type(value), "a number")
        return self.site.bad_reply(f"sent a reply of another shape: `{where}` is {came} instead of {wanted}", raw)

    def _content_part(self, part: JsonValue, where: str, raw: bytes) -> list[StreamEvent]:
        if isinstance(part, str):
            return self.text(part, where, raw)
        if not isinstance(part, dict):
            raise self.wrong_type(where, part, "text", raw)
        if isinstance(part.get("text"), str):
            return self.text(part["text"], where, raw)
        thought = part.get("thinking")
        pieces = thought if isinstance(thought, list) else [thought]
        texts = (piece.get("text") if isinstance(piece, dict) else piece for piece in pieces)
        return [event for text in texts for event in self.reasoning(text)]

    def _tool_call(self, call: JsonValue, raw: bytes) -> ToolCallDelta:
        if not isinstance(call, dict):
            raise self.wrong_type("tool_calls", call, "a list of objects", raw)
        function = call.get("function", call)
        if not isinstance(function, dict):
            raise self.wrong_type("tool_calls.function", function, "an object", raw)
        call_id, name = self._name(call.get("id")), self._name(function.get("name"))
        arguments = function.get("arguments")
        if arguments is None:
            arguments = ""
        elif not isinstance(arguments, str):
            arguments = json.dumps(arguments, ensure_ascii=False)
        index = self._index(call.get("index"), call_id, name)
        arguments = clean(arguments)
        if arguments and (finder := self.site.redact.finder_in_answers):
            arguments = self._arguments.setdefault(index, KeyEraser(finder)).feed(arguments)
        return ToolCallDelta(index, call_id, name, arguments)

    def _name(self, value: JsonValue) -> str:
        """An id or a name as text; servers send numbers, too."""
        if isinstance(value, str):
            return self.site.redact.answer(clean(value))
        return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""

    def logprobs(self, *places: JsonValue) -> list[StreamEvent]:
        """From the first of `places` that has them: `{"content": [...]}`, or the list itself. What is malformed in
        them is left out: an answer does not fail for its annotations.
        """
        for place in places:
            content = place.get("content") if isinstance(place, dict) else place
            if isinstance(content, list):
                tokens = tuple(token for item in content if (token := self._token(item)) is not None)
                if tokens:
                    return [LogprobsDelta(tokens)]
        return []

    def _token(self, item: JsonValue) -> TokenLogprob | None:
        pair = self._pair(item)
        if pair is None or not isinstance(item, dict):
            return None
        top = item.get("top_logprobs")
        alternatives = (self._pair(other) for other in top) if isinstance(top, list) else ()
        return TokenLogprob(*pair, tuple(other for other in alternatives if other is not None))

    def _pair(self, item: JsonValue) -> tuple[str, float] | None:
        if not isinstance(item, dict):
            return None
        token, value = item.get("token"), item.get("logprob")
        if not isinstance(token, str) or isinstance(value, bool) or not isinstance(value, int | float):
            return None
        try:
            number = float(value)
        except OverflowError:
            number = -math.inf
        return self.site.redact.answer(clean(token)), number if math.isfinite(number) else IMPOSSIBLE

    def _index(self, given: JsonValue, call_id: str, name: str) -> int:
        if isinstance(given, int) and not isinstance(given, bool) and given >= 0:
            self._calls[given] = call_id or self._calls.get(given, "")
            return given
        last = max(self._calls, default=-1)
        begins = last < 0 or (call_id != self._calls[last] if call_id else bool(name))
        index = last + 1 if begins else last
        self._calls[index] = call_id or self._calls.get(index, "")
        return index


def _count(value: JsonValue) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None
