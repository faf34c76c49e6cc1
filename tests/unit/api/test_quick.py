"""The quick way through a chunk finds what the thorough one finds, or leaves the chunk to it."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.api.answer import AnswerReader
from coderapp.api.dialect import dialect_of
from coderapp.api.failures import Redactor, Site
from coderapp.core.errors import EndpointError
from coderapp.core.events import Finished, LogprobsDelta, StreamEvent, TextDelta, ToolCallDelta, UsageReported
from coderapp.core.profile import ProfileKind
from tests.helpers.hostile_server import sse
from tests.unit.api.scenes import delta

SITE = Site("example.test", "/v1", Redactor(None))


def chunk_of(choice: dict[str, Any], **fields: Any) -> bytes:
    return json.dumps({"id": "1", "object": "chat.completion.chunk", "choices": [choice], **fields}).encode()


QUICK = [
    chunk_of({"index": 0, "delta": {"content": "word"}, "logprobs": None, "finish_reason": None}),
    chunk_of({"index": 0, "delta": {"role": "assistant", "content": "word"}}, usage=None, service_tier="default"),
    chunk_of({"delta": {"content": "word", "reasoning_content": None, "tool_calls": None}, "stop_reason": None}),
    b' {"choices":[{"delta":{"content":"word"}}],"created":1e9,"timings":{"n":[1,2]}} ',
]
SLOW = [
    chunk_of({"delta": {"content": "word", "reasoning_content": "hm"}}),
    chunk_of({"delta": {"content": "word", "new_field": 1}}),
    chunk_of({"delta": {"content": "word"}, "logprobs": {"content": []}}),
    chunk_of({"delta": {"content": "word"}, "finish_reason": "stop"}),
    chunk_of({"delta": {"content": "word"}}, usage={"prompt_tokens": 1}),
    chunk_of({"delta": {"content": "word"}}, error={"message": "no"}),
    chunk_of({"delta": {"content": [{"text": "word"}]}}),
    chunk_of({"delta": {}}),
    chunk_of({"text": "word"}),
    b'{"choices":[]}',
    b'{"choices":[{"delta":{"content":"\\ud83d"}}]}',
    b'{"choices":[{"delta":{"content":"\xff"}}]}',
    b"[" * 5000,
    b"",
]


@pytest.mark.parametrize("kind", [ProfileKind.OPENAI, ProfileKind.PIXLAB])
def test_which_chunks_are_quick(kind: ProfileKind) -> None:
    reader = dialect_of(kind).reader(SITE)
    assert [reader.quick(data) for data in QUICK] == ["word"] * len(QUICK)
    assert [reader.quick(data) for data in SLOW] == [None] * len(SLOW)


def test_the_simple_style_has_quick_chunks_too() -> None:
    reader = dialect_of(ProfileKind.PIXLAB).reader(SITE)
    assert reader.quick(b'{"id":"1","object":"chat.chunk","output":"word","status":200}') == "word"
    for more in (
        '"status":500',
        '"tool_calls":[{}]',
        '"finish_reason":"stop"',
        '"total_output_tokens":3',
        '"choices":0',
    ):
        assert reader.quick(b'{"output":"word",%s}' % more.encode()) is None


VALUES = st.none() | st.text(max_size=4) | st.sampled_from([200, 500, 1.5, True, [], {}, ["x"], {"content": "y"}])
DELTA_FIELDS = ["content", "role", "reasoning_content", "tool_calls", "refusal", "logprobs", "other", "function_call"]
CHOICE_FIELDS = ["finish_reason", "logprobs", "error", "text", "message", "index"]
CHUNK_FIELDS = ["id", "object", "error", "usage", "status", "output", "finish_reason", "tool_calls", "logprobs"]


@given(
    st.fixed_dictionaries({"content": st.text(max_size=6)}) | st.dictionaries(st.sampled_from(DELTA_FIELDS), VALUES),
    st.dictionaries(
        st.sampled_from(["finish_reason", "logprobs", "error", "text", "message", "index"]), VALUES, max_size=2
    ),
    st.dictionaries(st.sampled_from(CHUNK_FIELDS), VALUES, max_size=2),
    st.sampled_from([ProfileKind.OPENAI, ProfileKind.PIXLAB]),
    st.booleans(),
)
@settings(max_examples=200, deadline=None)
def test_what_is_quick_is_what_would_have_been_read(
    inner: dict[str, Any], choice: dict[str, Any], fields: dict[str, Any], kind: ProfileKind, simple: bool
) -> None:
    value = {**fields, **({} if simple else {"choices": [{"delta": inner, **choice}]})}
    data = json.dumps(value).encode()
    reader = dialect_of(kind).reader(SITE)
    reader.seen = True
    text = reader.quick(data)
    if text is None:
        return
    try:
        events = reader.read(json.loads(data), data, whole=False)
    except EndpointError as error:
        raise AssertionError(f"{data!r} is a failure: {error}") from error
    assert events == ([TextDelta(text)] if text else [])
    assert reader.finish is None
    assert reader.usage is None


def test_texts_of_one_read_are_one_and_keep_their_place() -> None:
    token = {"token": "c", "logprob": -1.0}
    call = {"index": 0, "id": "x", "function": {"name": "f", "arguments": "{}"}}
    stream = sse(
        *(delta(content=letter) for letter in "xab"),
        {"choices": [{"delta": {"content": "c"}, "logprobs": {"content": [token]}}]},
        delta(content="d"),
        delta(tool_calls=[call]),
        *(delta(content=letter) for letter in "ef"),
        {"choices": [{"delta": {"content": "g"}}], "usage": {"prompt_tokens": 1, "completion_tokens": 2}},
        delta("stop"),
        "[DONE]",
    )
    reader = AnswerReader(dialect_of(ProfileKind.OPENAI).reader(SITE), SITE)
    kinds: list[StreamEvent] = reader.feed(stream)
    assert [event.text for event in kinds if isinstance(event, TextDelta)] == ["xabc", "d", "efg"]
    order = [type(event) for event in kinds[1:]]
    assert order == [TextDelta, LogprobsDelta, TextDelta, ToolCallDelta, TextDelta, UsageReported, Finished]


def test_what_came_before_a_failure_in_the_same_read_is_kept() -> None:
    reader = AnswerReader(dialect_of(ProfileKind.OPENAI).reader(SITE), SITE)
    events = reader.feed(sse(delta(content="a"), delta(content="b"), delta(content="c"), {"error": {"message": "no"}}))
    assert "".join(event.text for event in events if isinstance(event, TextDelta)) == "abc"
    assert reader.done
