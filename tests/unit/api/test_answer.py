"""Bodies of answers without a network: every cut, lying types, broken ends, garbage."""

import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.api.answer import AnswerReader
from coderapp.api.dialect import dialect_of
from coderapp.api.failures import Redactor, Site
from coderapp.core.errors import (
    BadReply,
    ConnectionLost,
    EndpointError,
    KeyRefused,
    RateLimited,
    RequestRefused,
    ServerFailed,
    TimedOut,
)
from coderapp.core.events import (
    Failed,
    Finished,
    LogprobsDelta,
    ReasoningDelta,
    Started,
    StreamEvent,
    TextDelta,
    ToolCallDelta,
    UsageReported,
)
from coderapp.core.message import FinishReason, TokenLogprob, TokenUsage
from coderapp.core.profile import ProfileKind
from tests.helpers.hostile_server import encoded, sse
from tests.unit.api.scenes import (
    KEY,
    checked,
    completion,
    delta,
    failure,
    finish,
    logprobs_of,
    merged,
    reasoning_of,
    simple,
    text_of,
    usage_of,
)

OPENAI, PIXLAB = ProfileKind.OPENAI, ProfileKind.PIXLAB
SITE = Site("example.test", "/v1", Redactor(KEY))


def read(
    pieces: Iterable[bytes],
    kind: ProfileKind = OPENAI,
    *,
    why: EndpointError | None = None,
    complete: bool = False,
    is_stream_type: bool = False,
) -> list[StreamEvent]:
    reader = AnswerReader(dialect_of(kind).reader(SITE), SITE, is_stream_type=is_stream_type)
    events = [event for piece in pieces for event in reader.feed(piece)]
    events += reader.end(why, complete=complete)
    assert reader.done
    assert reader.feed(b"data: more\n\n") == []
    assert reader.end() == []
    return checked(events)


TOKEN = {"token": "é", "logprob": -0.5, "bytes": [195, 169],
         "top_logprobs": [{"token": "é", "logprob": -0.5}, {"token": "e", "logprob": -1.5}]}  # fmt: skip
CALLS = [
    [{"index": 0, "id": "call_1", "type": "function", "function": {"name": "contrast", "arguments": ""}}],
    [{"index": 0, "function": {"arguments": '{"a":'}}],
    [{"index": 0, "function": {"arguments": '"é"}'}}, {"index": 1, "id": "call_2", "function": {"name": "palette"}}],
]
OPENAI_STREAM = b": OPENROUTER PROCESSING\n\n" + sse(
    {"choices": [], "prompt_filter_results": []},
    delta(role="assistant", content=""),
    delta(reasoning_content="Hm …"),
    delta(content="Hé"),
    {
        **delta(content=None),
        "choices": [{"index": 0, "delta": {"content": "llo 😀"}, "logprobs": {"content": [TOKEN]}}],
    },
    *(delta(tool_calls=calls, content=None) for calls in CALLS),
    delta("tool_calls"),
    {"id": "chatcmpl-7", "choices": [], "usage": {"prompt_tokens": 15, "completion_tokens": 16, "total_tokens": 31}},
    "[DONE]",
)
OPENAI_EVENTS: list[StreamEvent] = [
    Started("chatcmpl-7", "m-1"),
    ReasoningDelta("Hm …"),
    TextDelta("Héllo 😀"),
    LogprobsDelta((TokenLogprob("é", -0.5, (("é", -0.5), ("e", -1.5))),)),
    ToolCallDelta(0, "call_1", "contrast", ""),
    ToolCallDelta(0, "", "", '{"a":'),
    ToolCallDelta(0, "", "", '"é"}'),
    ToolCallDelta(1, "call_2", "palette", ""),
    UsageReported(TokenUsage(15, 16)),
    Finished(FinishReason.TOOL_CALLS),
]
SIMPLE_STREAM = sse(
    simple("Hé", object="chat.chunk"),
    simple("llo 😀", object="chat.chunk", logprobs={"content": [TOKEN]}),
    simple("", object="chat.chunk", finish_reason="length", total_input_tokens=25, total_output_tokens=57),
    "[DONE]",
)
SIMPLE_EVENTS: list[StreamEvent] = [
    Started("6783", "pix-llm"),
    TextDelta("Héllo 😀"),
    LogprobsDelta((TokenLogprob("é", -0.5, (("é", -0.5), ("e", -1.5))),)),
    UsageReported(TokenUsage(25, 57)),
    Finished(FinishReason.LENGTH),
]


@pytest.mark.parametrize(
    ("stream", "kind", "expected"),
    [
        (OPENAI_STREAM, OPENAI, OPENAI_EVENTS),
        (OPENAI_STREAM, PIXLAB, OPENAI_EVENTS),
        (SIMPLE_STREAM, PIXLAB, SIMPLE_EVENTS),
        (SIMPLE_STREAM, ProfileKind.BUILT_IN, SIMPLE_EVENTS),
    ],
)
def test_streams_at_every_cut(stream: bytes, kind: ProfileKind, expected: list[StreamEvent]) -> None:
    for data in (
        stream,
        b"\xef\xbb\xbf" + stream.replace(b"\n", b"\r\n"),
        stream.replace(b"\n", b"\r"),
        b"\n" + stream,
    ):
        assert merged(read([data], kind)) == expected
        assert merged(read([bytes([byte]) for byte in data], kind)) == expected
    for cut in range(len(stream)):
        assert merged(read([stream[:cut], stream[cut:]], kind)) == expected


def test_streams_that_end_anywhere() -> None:
    """Whatever stands before the end is kept; the end counts as one only after a finish reason."""
    finished_at = OPENAI_STREAM.index(b'"finish_reason": "tool_calls"')
    closed_at = OPENAI_STREAM.index(b"}", OPENAI_STREAM.index(b"}]", finished_at))
    for cut in range(len(OPENAI_STREAM) - 1):
        events = merged(read([OPENAI_STREAM[:cut]], complete=True))
        if cut > closed_at + 4:
            assert finish(events) is FinishReason.TOOL_CALLS
        elif cut < finished_at:
            assert isinstance(failure(events), ConnectionLost if cut > 7 else ConnectionLost | BadReply), cut
            kept = [event for event in events[:-1] if not isinstance(event, TextDelta)]
            assert kept == [event for event in OPENAI_EVENTS if not isinstance(event, TextDelta)][: len(kept)]
            assert "Héllo 😀".startswith(text_of(events))


def test_whole_replies_at_every_cut() -> None:
    usage = {"prompt_tokens": 1, "completion_tokens": 2}
    body = encoded({**completion(content="Hé 😀", reasoning="Hm"), "usage": usage})
    expected = [
        Started("chatcmpl-7", "m-1"),
        ReasoningDelta("Hm"),
        TextDelta("Hé 😀"),
        UsageReported(TokenUsage(1, 2)),
        Finished(FinishReason.STOP),
    ]
    for prefix in (b"", b"\xef\xbb\xbf", b" \r\n\n"):
        data = prefix + body
        for kind, cut in itertools.product((OPENAI, PIXLAB), range(len(data))):
            assert read([data[:cut], data[cut:]], kind, complete=True) == expected
    for cut in range(1, len(body)):
        assert isinstance(failure(read([body[:cut]])), ConnectionLost), body[:cut]
        assert isinstance(failure(read([body[:cut]], complete=True)), BadReply)


def test_a_type_that_lies_changes_nothing() -> None:
    whole = encoded(completion(content="x"))
    assert read([OPENAI_STREAM]) == read([OPENAI_STREAM], is_stream_type=True)
    assert read([whole]) == read([whole], is_stream_type=True)
    odd = b"x-unknown: 1\n" + OPENAI_STREAM
    assert read([odd], is_stream_type=True) == read([OPENAI_STREAM])
    assert isinstance(failure(read([odd])), BadReply)


# what servers make of the dialects


def chunks(*payloads: Any, kind: ProfileKind = OPENAI) -> list[StreamEvent]:
    return read([sse(*payloads, "[DONE]")], kind)


def test_variants_of_reasoning() -> None:
    for fields in ({"reasoning_content": "Hm"}, {"reasoning": "Hm"}, {"thinking": "Hm"},
                   {"reasoning_content": "Hm", "reasoning": "Hm"},
                   {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "Hm"}]}]},
                   {"content": [{"type": "thinking", "thinking": "Hm"}]}):  # fmt: skip
        assert reasoning_of(chunks(delta(**fields), delta("stop"))) == "Hm"
        assert reasoning_of(read([encoded(completion(**fields))])) == "Hm"


def test_contents() -> None:
    assert text_of(chunks(delta(content=["a", {"type": "text", "text": "b"}, {"type": "image"}]))) == "ab"
    assert text_of(chunks(delta(content=None), delta(refusal="I won't."))) == "I won't."
    assert text_of(chunks({"choices": [{"message": {"content": "whole in a stream"}, "finish_reason": "stop"}]}))
    assert text_of(read([encoded({"choices": [{"delta": {"content": "chunk as a whole"}}]})]))
    assert finish(chunks(delta(content=""))) is FinishReason.STOP


def test_torn_surrogates_are_joined() -> None:
    halves = [b'data: {"choices":[{"delta":{"content":"a\\ud83d"}}]}\n\n',
              b'data: {"choices":[{"delta":{"content":"\\ude00b\\ud83d"}}]}\n\n', b"data: [DONE]\n\n"]  # fmt: skip
    assert text_of(read(halves)) == "a😀b�"
    thought = [half.replace(b"content", b"reasoning") for half in halves]
    assert reasoning_of(read(thought)) == "a😀b�"


@pytest.mark.parametrize(
    ("word", "reason"),
    [("stop", "stop"), ("STOP", "stop"), ("eos", "stop"), ("length", "length"), ("max_tokens", "length"),
     ("tool_calls", "tool_calls"), ("function_call", "tool_calls"), ("content_filter", "content_filter")],
)  # fmt: skip
def test_finish_reasons(word: str, reason: str) -> None:
    assert finish(chunks(delta(content="x"), delta(word))) == reason
    assert finish(read([encoded(completion(word, content="x"))])) == reason
    assert finish(read([encoded(simple("x", finish_reason=word))], PIXLAB)) == reason


def test_tool_calls_without_an_index_or_with_objects() -> None:
    events = chunks(
        delta(tool_calls=[{"id": "a", "function": {"name": "one", "arguments": {"x": "é"}}}]),
        delta(tool_calls=[{"id": "b", "function": {"name": "two", "arguments": "{"}}]),
        delta(tool_calls=[{"function": {"arguments": "}"}}]),
        delta(tool_calls=[{"id": "b", "function": {"arguments": ""}}]),
        delta(tool_calls=[{"id": 9, "name": "flat"}]),
        delta("stop"),
    )
    assert [event for event in events if isinstance(event, ToolCallDelta)] == [
        ToolCallDelta(0, "a", "one", '{"x": "é"}'),
        ToolCallDelta(1, "b", "two", "{"),
        ToolCallDelta(1, "", "", "}"),
        ToolCallDelta(1, "b", "", ""),
        ToolCallDelta(2, "9", "flat", ""),
    ]
    assert finish(events) is FinishReason.TOOL_CALLS
    nameless = chunks(delta(tool_calls=[{"function": {"name": "one"}}, {"function": {"name": "two"}}]))
    assert [event.index for event in nameless if isinstance(event, ToolCallDelta)] == [0, 1]


def test_tool_calls_of_whole_replies() -> None:
    calls = [{"id": "a", "type": "function", "function": {"name": "one", "arguments": "{}"}}]
    for body, kind in ((completion("tool_calls", content=None, tool_calls=calls), OPENAI),
                       (completion("stop", content=None, tool_calls=calls), PIXLAB),
                       (simple(None, tool_calls=calls), PIXLAB)):  # fmt: skip
        events = read([encoded(body)], kind)
        assert ToolCallDelta(0, "a", "one", "{}") in events
        assert finish(events) is FinishReason.TOOL_CALLS


def test_log_probabilities_in_all_their_places() -> None:
    expected = [TokenLogprob("é", -0.5, (("é", -0.5), ("e", -1.5)))]
    for place in ({"content": [TOKEN]}, [TOKEN]):
        assert logprobs_of(read([encoded(completion(content="é", logprobs=place))])) == expected
        assert logprobs_of(read([encoded(simple("é", logprobs=place))], PIXLAB)) == expected
        reply = completion(content="é")
        reply["choices"][0]["logprobs"] = place
        assert logprobs_of(read([encoded(reply)], PIXLAB)) == expected


def test_odd_log_probabilities_do_no_harm() -> None:
    top = [{"token": "c"}, None, {"token": "d", "logprob": -1}]
    odd = [7, {}, {"token": 1, "logprob": 0}, {"token": "a", "logprob": True},
           {"token": "b", "logprob": 0, "top_logprobs": top}, {"token": "e", "logprob": -1}]  # fmt: skip
    body = json.dumps(completion(content="x", logprobs={"content": odd}))
    assert logprobs_of(read([body.encode()])) == [TokenLogprob("b", 0.0, (("d", -1.0),)), TokenLogprob("e", -1.0)]
    for number in ("-Infinity", "NaN", "-1e999", "-" + "9" * 400):
        infinite = json.dumps(completion(content="x", logprobs=[{"token": "a", "logprob": 5}])).replace("5", number)
        assert logprobs_of(read([infinite.encode()])) == [TokenLogprob("a", -9999.0)]
    assert logprobs_of(read([encoded(completion(content="x", logprobs={"content": None}))])) == []


def test_usage_is_told_once_at_the_end() -> None:
    counted = [{**delta(content="x"), "usage": {"prompt_tokens": 3, "completion_tokens": n}} for n in range(4)]
    events = chunks(*counted)
    assert [event for event in events if isinstance(event, UsageReported)] == [UsageReported(TokenUsage(3, 3))]
    odd: list[Any] = [None, [], {"prompt_tokens": "3"}, {"prompt_tokens": -1}, {"completion_tokens": True}]
    for usage in odd:
        assert usage_of(chunks({**delta(content="x"), "usage": usage})) is None
    assert usage_of(read([sse(counted[1])])) == TokenUsage(3, 1)
    assert usage_of(read([encoded(simple("x", total_output_tokens=5))], PIXLAB)) == TokenUsage(None, 5)


def test_ids_and_models_of_any_type() -> None:
    for given_id, shown in ((7, "7"), ("x\ud83d", "x�"), (None, ""), ([], ""), (True, "")):
        body = json.dumps({"choices": [{"message": {"content": "x"}}], "id": given_id}).encode()
        assert Started(shown, "") in read([body])


# failures inside a reply


@pytest.mark.parametrize("kind", [OPENAI, PIXLAB])
@pytest.mark.parametrize(
    ("error", "leaf"),
    [
        ({"message": "no", "code": 401}, KeyRefused),
        ({"message": "no", "code": "429"}, RateLimited),
        ({"message": "no", "type": "insufficient_quota"}, RateLimited),
        ({"message": "no", "code": "invalid_api_key"}, KeyRefused),
        ({"message": "no", "type": "invalid_request_error", "param": "top_p"}, RequestRefused),
        ({"message": "no", "code": 502}, ServerFailed),
        ({"message": "no", "code": 7}, ServerFailed),
        ("the model has crashed", ServerFailed),
    ],
)
def test_an_error_object_in_mid_stream(kind: ProfileKind, error: Any, leaf: type[EndpointError]) -> None:
    events = read([sse(delta(content="kept"), {"error": error}, delta(content="lost"), "[DONE]")], kind)
    assert text_of(events) == "kept"
    assert type(failure(events)) is leaf
    assert failure(events).raw
    assert type(failure(read([encoded({"error": error})], kind))) is leaf


def test_errors_in_other_clothes() -> None:
    in_choice = {"choices": [{"delta": {}, "error": {"message": "upstream died", "code": 502}}]}
    assert "upstream died" in failure(chunks(in_choice)).sentence
    assert "old style" in failure(chunks({"object": "error", "message": "old style", "code": 400})).sentence
    named = read([b'event: error\ndata: {"message": "named", "code": 429}\n\n'])
    assert isinstance(failure(named), RateLimited)
    assert "named" in failure(named).sentence
    assert "bare words" in failure(read([b"event: error\ndata: bare words of an error\n\n"])).sentence
    assert isinstance(failure(read([b"event: error\ndata: {}\n\n"])), ServerFailed)


@pytest.mark.parametrize(
    ("status", "leaf"),
    [(401, KeyRefused), ("403", KeyRefused), (429, RateLimited), (402, RateLimited), (400, RequestRefused),
     (422, RequestRefused), (500, ServerFailed), (503, ServerFailed), (0, ServerFailed), ("failed", ServerFailed),
     (201, ServerFailed), (True, ServerFailed), (9.5, ServerFailed), ([], ServerFailed), ("9" * 5000, ServerFailed)],
)  # fmt: skip
def test_the_status_in_pixlabs_body(status: Any, leaf: type[EndpointError]) -> None:
    body = {"status": status, "error": "temperature must be between 0 and 2, got 3"}
    for data in (encoded(body), sse(body)):
        error = failure(read([data], PIXLAB))
        assert type(error) is leaf
        assert "temperature must be between 0 and 2, got 3" in error.sentence
        if isinstance(error, RequestRefused):
            assert error.parameter == "temperature"
    assert type(failure(read([encoded({"status": status, "output": "x"})], PIXLAB))) is leaf


def test_a_status_of_200_in_any_type() -> None:
    for status in (200, "200", None):
        assert text_of(read([encoded({"status": status, "output": "x"})], PIXLAB)) == "x"
    assert text_of(read([encoded({"output": "x", "role": "assistant", "unknown": {"a": []}})], PIXLAB)) == "x"


@pytest.mark.parametrize(
    ("body", "kind", "words"),
    [
        ({"status": 200}, PIXLAB, "without the field `output`"),
        ({"status": 200, "output": 7}, PIXLAB, "`output` is a number instead of text"),
        ({"status": 200, "output": {"a": 1}}, PIXLAB, "`output` is an object instead of text"),
        ([], PIXLAB, "`the reply` is a list"),
        ([], OPENAI, "`the reply` is a list instead of an object"),
        ({}, OPENAI, "without an answer in it"),
        ({"choices": []}, OPENAI, "without an answer in it"),
        ({"choices": {}}, OPENAI, "`choices` is an object instead of a list"),
        ({"choices": [7]}, OPENAI, "`choices[0]` is a number"),
        ({"choices": [{}]}, OPENAI, "`choices[0].message` is nothing"),
        ({"choices": [{"message": "x"}]}, OPENAI, "`choices[0].message` is text instead of an object"),
        ({"choices": [{"message": {"content": True}}]}, OPENAI, "`content` is true or false instead of text"),
        ({"choices": [{"message": {"content": [7]}}]}, OPENAI, "`content` is a number"),
        ({"choices": [{"message": {"tool_calls": {}}}]}, OPENAI, "`tool_calls` is an object instead of a list"),
        ({"choices": [{"message": {"tool_calls": [7]}}]}, OPENAI, "`tool_calls` is a number"),
        ({"choices": [{"message": {"tool_calls": [{"function": 7}]}}]}, OPENAI, "`tool_calls.function` is a number"),
    ],
)
def test_wrong_shapes(body: Any, kind: ProfileKind, words: str) -> None:
    error = failure(read([encoded(body)], kind, complete=True))
    assert isinstance(error, BadReply)
    assert words in error.sentence
    assert error.raw == encoded(body).decode()


def test_the_documentations_own_sample_with_its_trailing_comma() -> None:
    body = b'{"status": 200, "id": "6783E34342", "output": "Hello", "total_output_tokens": 57,}'
    error = failure(read([body], PIXLAB, complete=True))
    assert isinstance(error, BadReply)
    assert "not JSON" in error.sentence
    assert '{"status": 200, "id": "6783E34342"' in error.sentence


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"<!DOCTYPE html><title>Hi</title>" + b"x" * 3000, "a web page instead of an answer"),
        (b" \n<html>", "a web page instead of an answer"),
        (b"\xff\xfe\x00garbage", "not UTF-8 (byte 1)"),
        (b"caf\xe9 is latin", "not UTF-8 (byte 4)"),
        (b"Internal error, sorry", "not JSON"),
        (b"dat", "not JSON"),
        (b"data", "not JSON"),
        (b"true", "JSON of another shape (true or false where"),
        (b'"text"', "JSON of another shape (text where"),
        (b"null", "JSON of another shape (null where"),
        (b" 7\n", "JSON of another shape (a number where"),
        (b"nul", "not JSON"),
        (b'{"output": "\xff"}', "not UTF-8 at byte 13"),
        (b'{"output": "x"} trailing', "extra data"),
        (b"", "nothing at all"),
        (b" \r\n\xef\xbb\xbf"[:3], "nothing at all"),
        (b"data: [DONE]\n\n", "without an answer"),
        (b"data: [DONE]", "without an answer"),
        (b"data: {broken}\n\n", "a piece that is not JSON"),
        (b"data: 7\n\n", "is a number instead of an object"),
        (b'data: {"choices": 7}\n\n', "`choices` is a number"),
    ],
)
def test_garbage(body: bytes, words: str) -> None:
    for pieces in ([body], [bytes([byte]) for byte in body]):
        error = failure(read(pieces, complete=True))
        assert isinstance(error, BadReply)
        assert words in error.sentence
        assert len(error.sentence) < 400


def test_two_hundred_characters_of_garbage_are_shown() -> None:
    error = failure(read([b"z" * 5000]))
    assert "z" * 200 in error.sentence
    assert "z" * 201 not in error.sentence
    assert "z" * 1000 in error.raw


def test_the_reason_of_the_end_is_the_failure() -> None:
    stalled = TimedOut("it fell silent")
    assert failure(read([], why=stalled)) is stalled
    assert failure(read([b" "], why=stalled)) is stalled
    assert failure(read([sse(delta(content="a"))], why=stalled)) is stalled
    assert failure(read([b'{"choices": ['], why=stalled)) is stalled
    assert stalled.raw == '{"choices": ['
    events = read([encoded(completion(content="kept"))], why=stalled)
    assert (text_of(events), failure(events)) == ("kept", stalled)
    assert finish(read([sse(delta(content="a"), delta("stop"))], why=stalled)) is FinishReason.STOP
    assert isinstance(failure(read([b"<html>"], why=stalled)), BadReply)
    assert isinstance(failure(read([sse({"usage": {}})])), ConnectionLost)


def test_patience_is_short_where_nothing_can_come() -> None:
    def fed(data: bytes) -> AnswerReader:
        reader = AnswerReader(dialect_of(OPENAI).reader(SITE), SITE)
        reader.feed(data)
        return reader

    assert fed(sse(delta(content="a"))).patience is None
    assert fed(b'{"a"').patience is None
    assert fed(sse(delta("stop"))).patience == 5
    assert fed(b"<html>").patience == 0.5


def test_floods_end() -> None:
    reader = AnswerReader(dialect_of(OPENAI).reader(SITE), SITE, most=1 << 20)
    block = b": ping\n" * 1000
    events: list[StreamEvent] = []
    for _ in range(1000):
        events += reader.feed(block)
    assert "sent more than 1 MB" in failure(checked(events)).sentence
    endless = AnswerReader(dialect_of(OPENAI).reader(SITE), SITE)
    events = endless.feed(b"data: ")
    while not events:
        events = endless.feed(b"x" * (1 << 20))
    assert "a line of more than 16 MB" in failure(checked(events)).sentence


# anything at all


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["choices", "delta", "message", "content", "tool_calls", "function", "name", "arguments", "index", "id",
                 "logprobs", "token", "logprob", "top_logprobs", "usage", "prompt_tokens", "finish_reason", "output",
                 "status", "error", "code", "detail", "reasoning", "refusal", "object", "text", "thinking"]
            ),
            inner,
            max_size=4,
        )
    ),
    max_leaves=15,
)  # fmt: skip


@given(st.lists(JSON, max_size=4), st.sampled_from([*ProfileKind]), st.booleans())
@settings(max_examples=150)
def test_any_json_gives_one_end(values: list[Any], kind: ProfileKind, complete: bool) -> None:
    stream = b"".join(b"data: " + json.dumps(value).encode() + b"\n\n" for value in values)
    read([stream, b"data: [DONE]\n\n"], kind, complete=complete)
    for value in values:
        read([json.dumps(value).encode()], kind, complete=complete)
        for key in ("choices", "output"):
            shaped = {key: [{"message": value, "delta": value}] if key == "choices" else value}
            read([json.dumps(shaped).encode()], kind, complete=complete)


@given(st.data(), st.sampled_from([OPENAI_STREAM, SIMPLE_STREAM, encoded(completion(content="x"))]))
@settings(max_examples=150)
def test_damaged_replies_give_one_end(data: st.DataObject, reply: bytes) -> None:
    damaged = bytearray(reply)
    for _ in range(data.draw(st.integers(1, 4))):
        place = data.draw(st.integers(0, len(damaged)))
        damaged[place : place + data.draw(st.integers(0, 5))] = data.draw(st.binary(max_size=4))
    cut = data.draw(st.integers(0, len(damaged)))
    kind = data.draw(st.sampled_from([*ProfileKind]))
    read([bytes(damaged[:cut]), bytes(damaged[cut:])], kind, complete=data.draw(st.booleans()))


@given(st.lists(st.binary(max_size=30), max_size=6), st.booleans())
def test_garbage_gives_one_failure(pieces: list[bytes], is_stream_type: bool) -> None:
    assert isinstance(read(pieces, is_stream_type=is_stream_type)[-1], Failed)
