"""PixLab CODER, and the built-in endpoint, which speaks the same: see the contract in `docs/client.md`."""

from __future__ import annotations

from coderapp.api.chat_completions import ChatCompletionsReader, common_body
from coderapp.api.failures import Site
from coderapp.api.quick import text_of_chunk, text_of_simple
from coderapp.api.replies import JsonObject, Reader
from coderapp.core.events import StreamEvent
from coderapp.core.message import JsonValue
from coderapp.core.request import GenerationRequest


class Pixlab:
    body_status = True

    def body(self, request: GenerationRequest) -> JsonObject:
        return common_body(request)

    def key_header(self, key: str) -> tuple[str, str]:
        return "WWW-Authenticate", key

    def reader(self, site: Site) -> Reader:
        return PixlabReader(site)


class PixlabReader(ChatCompletionsReader):
    """Reads the simple style, whole and streamed, and OpenAI's, which `openai-reply` asks for."""

    def quick(self, data: bytes) -> str | None:
        return text_of_simple(data) if b'"choices"' not in data else text_of_chunk(data)

    def read(self, value: JsonValue, raw: bytes, *, whole: bool) -> list[StreamEvent]:
        if not isinstance(value, dict):
            raise self.wrong_type("the reply", value, "an object", raw)
        status = failing_status(value)
        if status or value.get("error"):
            raise self.failure(value, raw, status)
        if "choices" in value:
            return self.read_choices(value, raw, whole=whole)
        return self._read_simple(value, raw, whole=whole)

    def _read_simple(self, value: JsonObject, raw: bytes, *, whole: bool) -> list[StreamEvent]:
        calls = value.get("tool_calls")
        if whole and value.get("output") is None and not calls:
            raise self.site.bad_reply("sent a reply without the field `output`", raw)
        self.count(value, "total_input_tokens", "total_output_tokens")
        if not whole and not {"output", "tool_calls", "finish_reason"} & value.keys():
            return []
        events = self.begin(value)
        events += self.text(value.get("output"), "output", raw)
        events += self.tool_calls(calls, raw)
        events += self.logprobs(value.get("logprobs"))
        if whole:
            self.end_whole(value.get("finish_reason"))
        else:
            self.end(value.get("finish_reason"))
        return events


def failing_status(value: JsonObject) -> int | None:
    """The `status` in a body, if it means failure: anything but 200. What is no HTTP status counts as 500."""
    status = value.get("status")
    if isinstance(status, str) and status.isascii() and status.isdigit():
        status = int(status[:9])
    if status is None or (status == 200 and not isinstance(status, bool)):
        return None
    if isinstance(status, int) and not isinstance(status, bool) and 400 <= status <= 599:
        return status
    return 500
