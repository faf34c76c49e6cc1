"""Replies on the wire: PixLab's simple form and OpenAI's, whole and as server-sent events.

`docs/endpoint.md` describes the streamed simple form, which is our own.
"""

from __future__ import annotations

import json
import secrets
import time
import zlib
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from json.encoder import encode_basestring
from typing import Protocol

from coderapp.core.message import FinishReason, JsonValue
from coderapp.endpoint.answering import MODEL_NAME
from coderapp.endpoint.generation import Written

DONE = b"data: [DONE]\n\n"

Json = dict[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ToolCall:
    """`arguments` is JSON text."""

    name: str
    arguments: str
    id: str = field(default_factory=lambda: f"call_{secrets.token_hex(12)}")

    def entry(self) -> Json:
        return {"id": self.id, "type": "function", "function": {"name": self.name, "arguments": self.arguments}}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What is known when an answer is over."""

    finish: FinishReason
    input_tokens: int
    output_tokens: int
    calls: tuple[ToolCall, ...] = ()


class Shape(Protocol):
    """A reply's form. Streams: `head`, any number of `delta`, `tail`."""

    def whole(self, text: str, outcome: Outcome) -> tuple[bytes, bytes]:
        """The JSON of a whole reply in two parts; the entries of the log probabilities belong in between."""
        ...

    def head(self) -> bytes: ...

    def delta(self, written: Written) -> bytes: ...

    def tail(self, outcome: Outcome) -> bytes: ...


def encode(value: JsonValue) -> bytes:
    try:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError:  # half of a surrogate pair, which a client's JSON can hold: escaped, as it came
        return json.dumps(value, separators=(",", ":")).encode()


def _event(value: JsonValue) -> bytes:
    return b"data: " + encode(value) + b"\n\n"


def _bytes_of(text: str) -> JsonValue:
    return list(text.encode())


def logprob_entries(written: Iterable[Written]) -> list[JsonValue]:
    """OpenAI's `logprobs.content`."""
    return [
        {
            "token": each.text,
            "logprob": each.logprob,
            "bytes": _bytes_of(each.text),
            "top_logprobs": [
                {"token": text, "logprob": logprob, "bytes": _bytes_of(text)} for text, logprob in each.top or ()
            ],
        }
        for each in written
        if each.logprob is not None
    ]


class Spool:
    """The log probabilities of a whole reply as JSON, kept small until they are sent: 60,000 tokens with 20
    alternatives each are 100 MB of it.
    """

    def __init__(self) -> None:
        self.size = 0  # bytes of the JSON
        self._packer = zlib.compressobj(1)
        self._packed: deque[bytes] = deque()

    def add(self, written: Iterable[Written]) -> None:
        for entry in logprob_entries(written):
            piece = encode(entry) if not self.size else b"," + encode(entry)
            self.size += len(piece)
            self._packed.append(self._packer.compress(piece))
            if not self._packed[-1]:
                self._packed.pop()

    def pieces(self) -> Iterator[bytes]:
        """The JSON, once, in pieces of at most 64 KB."""
        self._packed.append(self._packer.flush())
        unpacker = zlib.decompressobj()
        while self._packed:
            left = self._packed.popleft()
            while left:
                piece = unpacker.decompress(left, 65_536)
                left = unpacker.unconsumed_tail
                if piece:
                    yield piece
        rest = unpacker.flush()
        if rest:
            yield rest


def _in_two(reply: Json, end: bytes, *, listed: bool) -> tuple[bytes, bytes]:
    """A reply's JSON, in two where an empty list of log probabilities stands at its end, before `end`."""
    whole = encode(reply)
    return (whole[: -len(end)], end) if listed else (whole, b"")


class SimpleShape:
    """PixLab's form."""

    def __init__(self, style: str, *, logprobs: bool) -> None:
        self._style = style
        self._logprobs = logprobs
        self._id = secrets.token_hex(8).upper()
        self._created = int(time.time())
        head = encode(self._about("chat.chunk"))[:-1]
        self._prefix = "data: " + head.decode() + ',"output":'

    def _about(self, kind: str) -> Json:
        return {"status": 200, "id": self._id, "object": kind, "created": self._created, "model": MODEL_NAME}

    def whole(self, text: str, outcome: Outcome) -> tuple[bytes, bytes]:
        reply: Json = {
            "status": 200,
            "id": self._id,
            "output": text,
            "role": "assistant",
            "format": self._style,
            "object": "chat",
            "created": self._created,
            "model": MODEL_NAME,
            "total_input_tokens": outcome.input_tokens,
            "total_output_tokens": outcome.output_tokens,
            "finish_reason": outcome.finish.value,
        }
        if outcome.calls:
            reply["tool_calls"] = [call.entry() for call in outcome.calls]
        listed = self._logprobs and not outcome.calls
        if listed:
            reply["logprobs"] = {"content": []}
        return _in_two(reply, b"]}}", listed=listed)

    def head(self) -> bytes:
        return b""

    def delta(self, written: Written) -> bytes:
        if written.logprob is None:
            return f"{self._prefix}{encode_basestring(written.text)}}}\n\n".encode()
        logprobs: Json = {"content": logprob_entries([written])}
        return _event({**self._about("chat.chunk"), "output": written.text, "logprobs": logprobs})

    def tail(self, outcome: Outcome) -> bytes:
        last: Json = {
            **self._about("chat.chunk"),
            "output": "",
            "finish_reason": outcome.finish.value,
            "total_input_tokens": outcome.input_tokens,
            "total_output_tokens": outcome.output_tokens,
        }
        if outcome.calls:
            last["tool_calls"] = [call.entry() for call in outcome.calls]
        return _event(last) + DONE


class OpenAIShape:
    """OpenAI's form. On the contract's path it also carries the contract's `status`, and `object` is `chat`."""

    def __init__(self, *, contract: bool, logprobs: bool, include_usage: bool) -> None:
        self._contract = contract
        self._logprobs = logprobs
        self._include_usage = include_usage
        self._id = f"chatcmpl-{secrets.token_hex(12)}"
        self._created = int(time.time())
        head = encode(self._about("chat.completion.chunk"))[:-1].decode()
        self._prefix = f'data: {head},"choices":[{{"index":0,"delta":{{"content":'
        self._suffix = '},"logprobs":null,"finish_reason":null}]}\n\n'

    def _about(self, kind: str) -> Json:
        about: Json = {"id": self._id, "object": kind, "created": self._created, "model": MODEL_NAME}
        return {"status": 200, **about} if self._contract else about

    def whole(self, text: str, outcome: Outcome) -> tuple[bytes, bytes]:
        message: Json = {"role": "assistant", "content": None if outcome.calls else text}
        if outcome.calls:
            message["tool_calls"] = [call.entry() for call in outcome.calls]
        listed = self._logprobs and not outcome.calls
        choice: Json = {
            "index": 0,
            "message": message,
            "finish_reason": outcome.finish.value,
            "logprobs": {"content": []} if listed else None,
        }
        about = self._about("chat" if self._contract else "chat.completion")
        return _in_two({**about, "usage": _usage(outcome), "choices": [choice]}, b"]}}]}", listed=listed)

    def _chunk(self, delta: Json, finish: str | None = None, logprobs: JsonValue = None) -> bytes:
        choice: Json = {"index": 0, "delta": delta, "logprobs": logprobs, "finish_reason": finish}
        return _event({**self._about("chat.completion.chunk"), "choices": [choice]})

    def head(self) -> bytes:
        return self._chunk({"role": "assistant", "content": ""})

    def delta(self, written: Written) -> bytes:
        if written.logprob is None:
            return f"{self._prefix}{encode_basestring(written.text)}{self._suffix}".encode()
        return self._chunk({"content": written.text}, logprobs={"content": logprob_entries([written])})

    def tail(self, outcome: Outcome) -> bytes:
        parts = []
        for place, call in enumerate(outcome.calls):
            opened: Json = {
                "index": place,
                "id": call.id,
                "type": "function",
                "function": {"name": call.name, "arguments": ""},
            }
            parts.append(self._chunk({"tool_calls": [opened]}))
            filled: Json = {"index": place, "function": {"arguments": call.arguments}}
            parts.append(self._chunk({"tool_calls": [filled]}))
        parts.append(self._chunk({}, outcome.finish.value))
        if self._include_usage:
            usage: Json = {**self._about("chat.completion.chunk"), "choices": [], "usage": _usage(outcome)}
            parts.append(_event(usage))
        return b"".join(parts) + DONE


def _usage(outcome: Outcome) -> Json:
    return {
        "prompt_tokens": outcome.input_tokens,
        "completion_tokens": outcome.output_tokens,
        "total_tokens": outcome.input_tokens + outcome.output_tokens,
    }
