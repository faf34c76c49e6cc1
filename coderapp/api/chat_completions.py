"""OpenAI's chat completions: messages and parameters out, whole replies and stream chunks in."""

from __future__ import annotations

from collections.abc import Iterable

from coderapp.api.failures import Site
from coderapp.api.quick import text_of_chunk
from coderapp.api.replies import Gathering, JsonObject, Reader
from coderapp.core import parameters
from coderapp.core.attachments import text_for_model
from coderapp.core.events import StreamEvent
from coderapp.core.message import JsonValue, Message, Role, ToolCallPart, ToolResultPart
from coderapp.core.request import GenerationRequest


class ChatCompletions:
    body_status = False

    def body(self, request: GenerationRequest) -> JsonObject:
        fields = common_body(request)
        if request.stream and request.profile.include_usage:
            fields["stream_options"] = {"include_usage": True}
        return fields

    def key_header(self, key: str) -> tuple[str, str]:
        return "Authorization", f"Bearer {key}"

    def reader(self, site: Site) -> Reader:
        return ChatCompletionsReader(site)


def common_body(request: GenerationRequest) -> JsonObject:
    """What both dialects send: the messages, the model where there is one, and the parameters that are set."""
    fields: JsonObject = {"messages": encode_messages(request.messages)}
    if request.model:
        fields["model"] = request.model
    fields.update(parameters.to_wire(request.parameters))
    if request.model:
        fields["model"] = request.model
    if request.stream:
        fields["stream"] = True
    return fields


def encode_messages(messages: Iterable[Message]) -> list[JsonValue]:
    """Reasoning is not sent back: servers ignore or refuse it. An answer in which nothing came is left out."""
    return [encoded for message in messages for encoded in _encode(message)]


def _encode(message: Message) -> list[JsonValue]:
    encoded: list[JsonValue] = [
        {"role": "tool", "tool_call_id": part.call_id, "content": part.content}
        for part in message.parts
        if isinstance(part, ToolResultPart)
    ]
    if message.role is Role.TOOL:
        return encoded
    text = text_for_model(message)
    if message.role is Role.ASSISTANT:
        if message.tool_calls:
            calls = encode_calls(message.tool_calls)
            return [{"role": "assistant", "content": text or None, "tool_calls": calls}, *encoded]
        return [{"role": "assistant", "content": text}, *encoded] if text else encoded
    return [*encoded, {"role": str(message.role), "content": text}] if text or not encoded else encoded


def encode_calls(calls: Iterable[ToolCallPart]) -> list[JsonValue]:
    return [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in calls
    ]


class ChatCompletionsReader(Gathering):
    """Reads `chat.completion` and `chat.completion.chunk`, and the variants that servers make of them."""

    def quick(self, data: bytes) -> str | None:
        return text_of_chunk(data)

    def read(self, value: JsonValue, raw: bytes, *, whole: bool) -> list[StreamEvent]:
        if not isinstance(value, dict):
            raise self.wrong_type("the reply", value, "an object", raw)
        if value.get("error") or value.get("object") == "error":
            raise self.failure(value, raw)
        return self.read_choices(value, raw, whole=whole)

    def read_choices(self, value: JsonObject, raw: bytes, *, whole: bool) -> list[StreamEvent]:
        self.count(value.get("usage"), "prompt_tokens", "completion_tokens")
        choices = value.get("choices")
        if choices is not None and not isinstance(choices, list):
            raise self.wrong_type("choices", choices, "a list", raw)
        if not choices:
            if whole:
                raise self.site.bad_reply("sent a reply without an answer in it", raw)
            return []  # the chunk with the usage, or a server's own
        choice = choices[0]
        if not isinstance(choice, dict):
            raise self.wrong_type("choices[0]", choice, "an object", raw)
        if choice.get("error"):
            raise self.failure(choice, raw)
        delta = choice.get("delta") or choice.get("message")
        if not delta and isinstance(choice.get("text"), str):
            delta = {"content": choice["text"]}  # servers that only know completions
        if delta is None and not whole:
            delta = {}
        if not isinstance(delta, dict):
            raise self.wrong_type("choices[0].message", delta, "an object", raw)
        events = [] if self.seen else self.begin(value)
        if len(delta) > 1 or "content" not in delta:  # a bare text is what comes thousands of times a second
            events += self.reasoning(delta.get("reasoning_content") or delta.get("reasoning") or delta.get("thinking"))
        events += self.text(delta.get("content"), "content", raw)
        if len(delta) > 1 or "content" not in delta:
            events += self.text(delta.get("refusal"), "refusal", raw)
            events += self.tool_calls(delta.get("tool_calls"), raw)
            if isinstance(delta.get("function_call"), dict):  # the one call of OpenAI's older dialect
                events += self.tool_calls([{"function": delta["function_call"]}], raw)
        if "logprobs" in choice or "logprobs" in delta:
            events += self.logprobs(choice.get("logprobs"), delta.get("logprobs"))
        if whole:
            self.end_whole(choice.get("finish_reason"))
        else:
            self.end(choice.get("finish_reason"))
        return events
