import json
import urllib.parse
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from coderapp.api.failures import (
    MOST_RAW,
    Redactor,
    Site,
    http_failure,
    retry_after,
    row_in,
    said_in,
    seconds,
    status_failure,
)
from coderapp.core.errors import EndpointError, KeyRefused, RateLimited, RequestRefused, ServerFailed
from coderapp.core.secret import Secret
from tests.unit.api.scenes import KEY, sound

SITE = Site("example.test:8080", "/v1/chat/completions", Redactor(KEY))


def fail(status: int, body: Any, *, body_status: bool = False, wait: str | None = None) -> EndpointError:
    headers = {} if wait is None else {"retry-after": wait}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    error = http_failure(SITE, status, headers, data, body_status=body_status)
    sound(error)
    return error


# the contract's table


@pytest.mark.parametrize(
    ("status", "leaf"),
    [
        (401, KeyRefused),
        (403, KeyRefused),
        (402, RateLimited),
        (429, RateLimited),
        *((status, RequestRefused) for status in (400, 404, 405, 409, 413, 415, 418, 422, 499)),
        *((status, ServerFailed) for status in (500, 501, 502, 503, 504, 529, 599)),
    ],
)
def test_statuses(status: int, leaf: type[EndpointError]) -> None:
    bodies: list[Any] = [
        {"error": "the disk is full"},
        b"",
        b"<html>x",
        b"\xff\xfe",
        [],
        7,
        {"error": 404},
        {"error": "404"},
    ]
    for body in bodies:
        error = fail(status, body)
        assert type(error) is leaf
        assert error.status == status
        assert not error.sentence.strip(".").isdigit()
    assert "the disk is full" in fail(status, {"error": "the disk is full"}).sentence


def test_without_words_each_status_has_a_sentence_of_its_own() -> None:
    sentences = {fail(status, b"").sentence for status in (400, 404, 413, 415, 422, 401, 402, 429, 500, 502, 503, 504)}
    assert len(sentences) == 12
    assert fail(404, b"").sentence == "example.test:8080 has nothing at /v1/chat/completions."
    assert "refused the request as “Bad Request”" in fail(400, b"").sentence
    assert "did not say why" in fail(499, b"").sentence


def test_a_key_that_was_not_sent_was_not_refused() -> None:
    error = status_failure(Site("h", "/", Redactor(None), False), 401, said_in({"error": "no key"}))
    assert error.sentence == "h wants a key: no key"


@pytest.mark.parametrize("status", [401, 402, 403, 429])
def test_a_status_in_the_body_says_it_better(status: int) -> None:
    assert fail(500, {"status": status, "error": "no"}, body_status=True).status == status
    assert fail(500, {"status": status, "error": "no"}).status == 500


# the server's own words


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"status": 400, "error": "temperature must be between 0 and 2, got 3"},
         "temperature must be between 0 and 2, got 3"),
        ({"error": {"message": "This model's maximum context length is 8192 tokens.", "type": "x", "code": None}},
         "This model's maximum context length is 8192 tokens."),
        ({"detail": "Not authenticated"}, "Not authenticated"),
        ({"detail": [{"loc": ["body", "temperature"], "msg": "Input should be a number", "type": "float"},
                     {"loc": ["body", "messages", 0], "msg": "Field required"}]},
         "temperature: Input should be a number; messages.0: Field required"),
        ({"detail": [{"msg": "no place"}]}, "no place"),
        ({"message": "model is loading"}, "model is loading"),
        ({"error": "Bad Request", "message": "stop is too long"}, "stop is too long"),
        ({"error": "Bad Request", "message": ["a is wrong", "b too"]}, "a is wrong; b too"),
        ({"error": {"error": "inner words"}}, "inner words"),
        ({"error": {"code": 7}, "detail": "outer words"}, "outer words"),
        ([{"error": {"message": "in a list"}}], "in a list"),
        ({"error": "[object Object]", "message": "real words"}, "real words"),
        ({"error": "  many\n\n spaces "}, "many spaces"),
        ({"error": "Bad Request"}, "Bad Request"),
        ({"errors": [{"message": "first"}, [], {"message": "second"}]}, "first; second"),
        ({"error": {"loc": 3, "msg": "odd place"}}, "odd place"),
        ({"error": "half \ud83d"}, "half �"),
        ({"error": "[object Object]"}, ""),
        ({"error": "<html>"}, ""),
        ({"error": True}, ""),
        ({"error": {"error": {"error": {}}}}, ""),
        ({}, ""),
        ([1], ""),
        ("x", ""),
    ],
)  # fmt: skip
def test_words(body: Any, words: str) -> None:
    assert said_in(body).words == words


def test_words_of_a_plain_text_and_of_an_event() -> None:
    assert fail(400, b"stop must be a list\n").sentence == "stop must be a list"
    assert fail(400, b"{broken words").sentence.startswith("example.test:8080 refused")
    assert fail(400, b'data: {"error": {"message": "in a stream"}}\n\n').sentence == "in a stream"
    assert fail(400, b'event: error\ndata: {"error": "it is named"}\n\n').sentence == "it is named"


def test_one_word_is_put_into_a_sentence() -> None:
    assert fail(400, {"error": "no"}).sentence == "example.test:8080 refused the request: no"


def test_long_words_are_cut() -> None:
    assert len(fail(400, {"error": "word " * 5000}).sentence) < 700


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"error": {"message": "x", "param": "temperature"}}, "temperature"),
        ({"error": {"message": "x", "param": "body.top_p"}}, "top_p"),
        ({"error": {"message": "x", "param": "tools[0].function"}}, "tools"),
        ({"error": {"message": "x", "param": "openai-reply"}}, "reply_style"),
        ({"error": {"message": "x", "param": "messages"}}, None),
        ({"error": {"message": "x", "param": 5}}, None),
        ({"detail": [{"loc": ["body", "max_tokens"], "msg": "too large"}]}, "max_tokens"),
        ({"detail": [{"loc": 5, "msg": "too large"}, 5]}, None),
        ({"status": 400, "error": "top_logprobs must be a whole number, got 2.5"}, "top_logprobs"),
        ({"error": "openai-reply must be true or false"}, "reply_style"),
    ],
)
def test_the_parameter(body: Any, parameter: str | None) -> None:
    error = fail(400, body)
    assert isinstance(error, RequestRefused)
    assert error.parameter == parameter


@pytest.mark.parametrize(
    ("sentence", "parameter"),
    [
        ("temperature must be between 0 and 2, got 3", "temperature"),
        ("The value of frequency_penalty is out of range", "frequency_penalty"),
        ("Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead.", "max_tokens"),
        ("max_completion_tokens is too large", None),
        ("logprobs are not supported; top_logprobs neither", "logprobs"),
        ("stop must be a text or a list of texts", "stop"),
        ("The server will stop now, its model is too large", None),
        ("The model `gpt-9` does not exist", None),
        ("unknown field 'model'", "model"),
        ("body.seed: not a number", "seed"),
        ("Please use another format of words", None),
        ("temperatures rise", None),
        ("", None),
    ],
)
def test_a_parameter_in_a_sentence(sentence: str, parameter: str | None) -> None:
    assert row_in(sentence) == parameter


# waiting


def test_the_wait_is_told() -> None:
    error = fail(429, {"error": "Slow down"}, wait="125")
    assert isinstance(error, RateLimited)
    assert error.retry_after == 125
    assert error.sentence == ("example.test:8080 limits the rate of requests: Slow down. It asks to wait 2 min 5 s.")
    unnamed = fail(429, {})
    assert isinstance(unnamed, RateLimited)
    assert unnamed.retry_after is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [(None, None), ("0", 0), ("3", 3), (" 7 ", 7), ("1.5", 1.5), ("-4", None), ("soon", None), ("", None),
     ("inf", None), ("nan", None), ("1e9", None), ("٣", None), ("9" * 40, None),
     ("Wed, 21 Oct 2015 07:28:00 GMT", 0), ("Wed, 99 Oct 2015 07:28:00 GMT", None)],
)  # fmt: skip
def test_retry_after(value: str | None, expected: float | None) -> None:
    assert retry_after(value) == expected


@pytest.mark.parametrize(
    ("wait", "words"), [("86400", "wait 24 h."), ("86401", "wait more than a day."), ("999999999", "more than a day.")]
)
def test_a_wait_of_days_is_not_counted(wait: str, words: str) -> None:
    error = http_failure(SITE, 429, {"retry-after": wait}, b"{}", body_status=False)
    assert isinstance(error, RateLimited)
    assert error.sentence.endswith(words)
    assert error.retry_after == float(wait)


def test_retry_after_a_date() -> None:
    moment = datetime.now(UTC) + timedelta(seconds=90)
    for text in (format_datetime(moment, usegmt=True), format_datetime(moment.replace(tzinfo=None))):
        wait = retry_after(text)
        assert wait is not None
        assert 85 < wait <= 90


@pytest.mark.parametrize(
    ("span", "words"),
    [(0.5, "0.5 s"), (0, "0 s"), (9.96, "10 s"), (12, "12 s"), (119, "119 s"), (120, "2 min"), (125, "2 min 5 s"),
     (7200, "2 h"), (7321, "2 h 2 min")],
)  # fmt: skip
def test_seconds(span: float, words: str) -> None:
    assert seconds(span) == words


# the key


FORMS: dict[str, Callable[[str], str]] = {
    "plain": lambda key: key,
    "JSON": lambda key: json.dumps(key)[1:-1],
    "JSON with slashes": lambda key: json.dumps(key)[1:-1].replace("/", "\\/"),
    "JSON, all escaped": lambda key: "".join(f"\\u{ord(c):04x}" for c in key),
    "JSON, upper case": lambda key: "".join(f"\\u{ord(c):04X}" for c in key),
    "percent": lambda key: urllib.parse.quote(key, safe=""),
    "percent, lower case": lambda key: "".join(f"%{ord(c):02x}" if not c.isalnum() else c for c in key),
    "form": urllib.parse.quote_plus,
    "HTML": lambda key: "".join(f"&#{ord(c)};" if not c.isalnum() else c for c in key),
}


@given(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40), st.sampled_from([*FORMS]))
def test_no_form_of_the_key_comes_through(key: str, form: str) -> None:
    written = FORMS[form](key)
    redact = Redactor(Secret(key))
    assert redact(f"«{written}»") == "«[key]»"
    assert redact.raw(f"«{written}»".encode()) == "«[key]»"


@pytest.mark.parametrize("form", [*FORMS])
@given(key=st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=4, max_size=40))
def test_a_request_that_is_quoted_in_an_error(form: str, key: str) -> None:
    """A server that puts what it was sent, JSON or an address, into the sentence of its JSON error."""
    assume(key not in json.dumps({"error": {"message": "bad request: the key [key] is odd"}}))
    site = Site("h", "/", Redactor(Secret(key)))
    body = json.dumps({"error": {"message": f"bad request: the key {FORMS[form](key)} is odd"}}).encode()
    error = http_failure(site, 400, {}, body, body_status=False)
    assert error.sentence == "bad request: the key [key] is odd"
    assert error.raw == json.dumps({"error": {"message": "bad request: the key [key] is odd"}})


def test_without_a_key_nothing_is_erased() -> None:
    for redact in (Redactor(None), Redactor(Secret(""))):
        assert redact("text") == "text"
        assert redact.raw(b"text\xff") == "text�"


@pytest.mark.usefixtures("untraced")
def test_raw_is_bounded_and_holds_no_half_of_a_key() -> None:
    key = Secret("abcdefgh" * 10)
    for padding in range(0, 90, 7):
        raw = Redactor(key).raw(b"x" * padding + key.reveal().encode() * 10_000)
        assert len(raw) <= MOST_RAW
        assert "abcdefgh" not in raw
    assert len(Redactor(None).raw("é" * MOST_RAW).encode()) <= MOST_RAW
    assert len(Redactor(key).raw(b"y" * 5 * MOST_RAW)) == MOST_RAW


def test_a_key_at_the_edge_of_what_is_shown() -> None:
    for padding in range(540, 620, 3):
        fail(400, {"error": "w" * padding + " " + KEY.reveal() + " tail"})
    for padding in range(150, 220, 3):
        sound(SITE.bad_reply("sent something", b"w" * padding + KEY.reveal().encode()))


@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text() | st.just(KEY.reveal()),
                    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(
                        ["error", "message", "detail", "msg", "loc", "param", "status", "code", "type"]), inner)),
       st.integers(400, 599), st.booleans())  # fmt: skip
def test_any_json_makes_a_sentence(body: Any, status: int, body_status: bool) -> None:
    fail(status, body, body_status=body_status)
