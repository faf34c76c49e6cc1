"""The key in answers: every split, every spelling, every place in an answer."""

import itertools
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coderapp.api.answer import AnswerReader
from coderapp.api.dialect import dialect_of
from coderapp.api.erasing import MARK, KeyEraser, KeyFinder
from coderapp.api.failures import Redactor, Site
from coderapp.core.events import (
    Failed,
    Finished,
    LogprobsDelta,
    Started,
    StreamEvent,
    ToolCallDelta,
    UsageReported,
)
from coderapp.core.message import FinishReason, JsonValue, TokenUsage, ToolCallPart
from coderapp.core.profile import ProfileKind
from coderapp.core.secret import Secret
from tests.helpers.hostile_server import answers, encoded, sse
from tests.unit.api.scenes import ask, completion, delta, finish, reasoning_of, simple, text_of
from tests.unit.api.test_failures import FORMS

PLAIN_KEYS = st.text("abcdkSK0123456789_-.", min_size=8, max_size=24)
ANY_KEYS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=8, max_size=24)
KEY = "sk-Ab+/=9%z_geheim"


def in_pieces(key: str, text: str, cuts: list[int]) -> str:
    eraser = KeyEraser(KeyFinder(key, greedy=False))
    places = [0, *sorted(cut % (len(text) + 1) for cut in cuts), len(text)]
    pieces = [eraser.feed(text[start:end]) for start, end in itertools.pairwise(places)]
    return "".join(pieces) + eraser.flush()


@st.composite
def texts_with_a_key(draw: st.DrawFn, keys: st.SearchStrategy[str], noise: st.SearchStrategy[str]) -> tuple[str, str]:
    """A key, and a text of whole keys, halves of keys and other things."""
    key = draw(keys)
    halves = st.integers(0, len(key)).flatmap(lambda cut: st.sampled_from([key[:cut], key[cut:]]))
    pieces = draw(st.lists(st.one_of(st.just(key), halves, noise), max_size=8))
    return key, "".join([*pieces, key, draw(noise)])


@given(texts_with_a_key(PLAIN_KEYS, st.text(max_size=10)), st.lists(st.integers(0, 300), max_size=12))
def test_any_split_gives_the_text_without_the_key(pair: tuple[str, str], cuts: list[int]) -> None:
    key, text = pair
    assert in_pieces(key, text, cuts) == text.replace(key, MARK)


@given(texts_with_a_key(ANY_KEYS, st.text("xyz äß", max_size=10)), st.lists(st.integers(0, 300), max_size=12))
def test_no_split_lets_a_key_of_any_characters_through(pair: tuple[str, str], cuts: list[int]) -> None:
    key, text = pair
    assert key not in in_pieces(key, text, cuts)


@given(ANY_KEYS, st.lists(st.integers(0, 300), max_size=12))
def test_a_key_alone_of_any_characters(key: str, cuts: list[int]) -> None:
    assert in_pieces(key, f"the key {key} is", cuts) == f"the key {MARK} is"


@pytest.mark.parametrize("form", [*FORMS])
@given(key=ANY_KEYS, cuts=st.lists(st.integers(0, 300), max_size=8))
def test_any_split_of_any_spelling(form: str, key: str, cuts: list[int]) -> None:
    erased = in_pieces(key, f"is {FORMS[form](key)} it", cuts)
    assert MARK in erased
    assert len(erased) <= len(f"is {MARK} it") + 4  # what may stay is a backslash before it, or `25` of a last `%25`


def test_every_split_in_two_and_single_characters() -> None:
    text = f"s sk sk-{KEY[:-1]}{KEY} {json.dumps(KEY)} {KEY}"
    for cut in range(len(text) + 1):
        assert in_pieces(KEY, text, [cut]) == text.replace(KEY, MARK)
    assert in_pieces(KEY, text, [*range(len(text))]) == text.replace(KEY, MARK)


def test_only_what_may_begin_a_key_waits() -> None:
    eraser = KeyEraser(KeyFinder(KEY, greedy=False))
    assert [eraser.feed(piece) for piece in ("It is", " so, sk-", "Ac", "sk-Ab+")] == ["It i", "s so, ", "sk-Ac", ""]
    assert eraser.flush() == "sk-Ab+"


# in answers


def site(key: str) -> Site:
    return Site("example.test", "/v1", Redactor(Secret(key)))


def read(data: bytes, kind: ProfileKind = ProfileKind.OPENAI, key: str = KEY) -> list[StreamEvent]:
    reader = AnswerReader(dialect_of(kind).reader(site(key)), site(key))
    return [*reader.feed(data), *reader.end(complete=True)]


TOKEN = {"token": f"<{KEY}>", "logprob": -1, "top_logprobs": [{"token": KEY, "logprob": -1}]}
SPOKEN: dict[str, Callable[[str], Any]] = {
    "text": lambda text: {"content": text},
    "reasoning": lambda text: {"reasoning_content": text},
    "refusal": lambda text: {"refusal": text},
    "parts": lambda text: {"content": [{"type": "text", "text": text}]},
    "call": lambda text: {"tool_calls": [{"index": 1, "function": {"arguments": text}}]},
}


def spoken(events: list[StreamEvent]) -> str:
    arguments = "".join(event.arguments for event in events if isinstance(event, ToolCallDelta))
    return text_of(events) + reasoning_of(events) + arguments


@pytest.mark.parametrize("place", [*SPOKEN])
def test_deltas_of_every_kind(place: str) -> None:
    said = SPOKEN[place]
    for cut in range(len(KEY) + 1):
        stream = sse(
            delta(**said(f"a {KEY[:cut]}")), delta(**said(f"{KEY[cut:]} b {KEY[:7]}")), delta("stop"), "[DONE]"
        )
        events = read(stream)
        assert spoken(events) == f"a {MARK} b {KEY[:7]}"
        assert isinstance(events[-1], Finished)
    torn = read(sse(delta(**said(f"a {KEY[:9]}"))))
    assert isinstance(torn[-1], Failed)
    assert spoken(torn) == f"a {KEY[:9]}"


def test_the_calls_of_one_answer_do_not_mix() -> None:
    pieces = [(0, KEY[:5]), (1, KEY[:4]), (0, KEY[5:]), (1, "!")]
    calls: Iterator[dict[str, Any]] = (
        {"tool_calls": [{"index": index, "function": {"arguments": text}}]} for index, text in pieces
    )
    events = read(sse(*(delta(**call) for call in calls), delta("stop")))
    for index, expected in enumerate((MARK, KEY[:4] + "!")):
        told = [event for event in events if isinstance(event, ToolCallDelta) and event.index == index]
        assert "".join(event.arguments for event in told) == expected


def test_whole_replies_names_and_tokens() -> None:
    call = {"id": f"id {KEY}", "function": {"name": KEY, "arguments": {"key": KEY}}}
    whole = {**completion(content=f"{KEY}{KEY[:3]}", tool_calls=[call]), "id": KEY, "model": f"m {KEY}"}
    whole["choices"][0]["logprobs"] = {"content": [TOKEN]}
    events = read(encoded(whole))
    assert events[0] == Started(MARK, f"m {MARK}")
    assert text_of(events) == MARK + KEY[:3]
    assert ToolCallDelta(0, f"id {MARK}", MARK, json.dumps({"key": MARK})) in events
    tokens = next(event.tokens for event in events if isinstance(event, LogprobsDelta))
    assert (tokens[0].token, tokens[0].top) == (f"<{MARK}>", ((MARK, -1.0),))
    assert KEY not in repr(read(encoded(simple(KEY, model=KEY, logprobs={"content": [TOKEN]})), ProfileKind.PIXLAB))


def test_over_the_network() -> None:
    assert (
        text_of(ask(answers(completion(content=f"you sent Bearer {KEY}")), key=Secret(KEY)))
        == f"you sent Bearer {MARK}"
    )


def test_a_short_key_is_left_alone_in_answers() -> None:
    assert (
        text_of(read(encoded(completion(content="the secret1 of secrets")), key="secret1")) == "the secret1 of secrets"
    )
    assert text_of(read(encoded(completion(content="the secret12")), key="secret12")) == f"the {MARK}"


def test_lists_and_results() -> None:
    from coderapp.api.catalog import models_in, results_in, tools_in

    here = site(KEY)
    assert models_in([f"m {KEY}"], here, b"") == (f"m {MARK}",)
    tool: JsonValue = {"name": "t", "description": KEY, "parameters": {KEY: [KEY]}}
    assert KEY not in repr(tools_in([tool], here, b""))
    results = results_in([{"name": "t", "output": {"echo": KEY}}], [ToolCallPart("1", "t", "{}")], here, b"")
    assert results[0].content == json.dumps({"echo": MARK}, separators=(",", ":"))


# nothing is lost


@pytest.mark.parametrize("content", [None, ""])
def test_an_answer_in_which_nothing_came(content: str | None) -> None:
    usage = {"usage": {"prompt_tokens": 3, "completion_tokens": 0}}
    expected = [Started("chatcmpl-7", "m-1"), UsageReported(TokenUsage(3, 0)), Finished(FinishReason.LENGTH)]
    stream = sse(delta(role="assistant", content=content), delta("length"), {"choices": [], **usage}, "[DONE]")
    assert read(stream) == expected
    assert read(encoded({**completion("length", content=content), **usage})) == expected


def test_older_dialects_words_are_not_lost() -> None:
    texts = [{"id": "1", "model": "m", "choices": [{"text": text, "finish_reason": None}]} for text in ("He", "llo")]
    assert text_of(read(sse(*texts, {"choices": [{"text": "", "finish_reason": "stop"}]}))) == "Hello"
    assert text_of(read(encoded({**texts[0], "choices": [{"text": "He", "finish_reason": "stop"}]}))) == "He"
    pieces = ({"name": "t", "arguments": ""}, {"arguments": '{"a"'}, {"arguments": ":1}"})
    events = read(sse(*(delta(function_call=piece) for piece in pieces), delta("function_call")))
    calls = [event for event in events if isinstance(event, ToolCallDelta)]
    assert [call.index for call in calls] == [0, 0, 0]
    assert (calls[0].name, "".join(call.arguments for call in calls)) == ("t", '{"a":1}')
    assert finish(events) is FinishReason.TOOL_CALLS
