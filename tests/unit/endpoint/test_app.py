"""The contract, over HTTP on loopback: replies of both shapes, streams, keys, limits, every kind of error."""

from __future__ import annotations

import asyncio
import json
import math
import socket
import threading
import time
import tracemalloc
from collections.abc import Iterator
from contextlib import suppress
from itertools import pairwise
from typing import Any

import httpx
import pytest

from coderapp.core.message import JsonValue
from coderapp.core.parameters import PARAMETERS
from coderapp.endpoint.app import Endpoint, EndpointSettings
from coderapp.endpoint.generation import Written
from coderapp.endpoint.model import SampleModel
from coderapp.endpoint.pacing import paced
from coderapp.endpoint.problems import Refusal
from coderapp.endpoint.replies import Spool
from coderapp.endpoint.requests import ToolResult, chat_request
from tests.unit.endpoint.support import KEY, Running, run_server

JSON = {"Content-Type": "application/json"}


def events(response: httpx.Response) -> list[dict[str, Any]]:
    """A stream's events; the last must be [DONE]."""
    assert response.headers["content-type"].startswith("text/event-stream")
    lines = [part.removeprefix("data: ") for part in response.text.split("\n\n") if part]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


# ----------------------------------------------------------------------------------------------------- whole replies


def test_a_simple_reply(endpoint: Running) -> None:
    reply = endpoint.post("/coder", {"messages": "login form", "temperature": 0}).json()
    assert reply["status"] == 200
    assert (reply["role"], reply["object"], reply["format"], reply["finish_reason"]) == (
        "assistant",
        "chat",
        "text",
        "stop",
    )
    assert isinstance(reply["id"], str)
    assert abs(reply["created"] - time.time()) < 60
    assert reply["total_input_tokens"] == 2
    assert reply["total_output_tokens"] > 300
    assert "<form" in reply["output"]
    assert "```" not in reply["output"]
    assert "logprobs" not in reply
    assert "tool_calls" not in reply


def test_an_openai_reply_on_the_contracts_path(endpoint: Running) -> None:
    body = {
        "messages": [{"role": "user", "content": "card"}],
        "openai-reply": True,
        "format": "markdown",
        "temperature": 0,
    }
    reply = endpoint.post("/coder", body).json()
    assert (reply["status"], reply["object"]) == (200, "chat")
    (choice,) = reply["choices"]
    assert choice["finish_reason"] == "stop"
    assert "```html" in choice["message"]["content"]
    usage = reply["usage"]
    assert usage["total_tokens"] == usage["prompt_tokens"] + usage["completion_tokens"]


def test_openais_path_answers_in_markdown(endpoint: Running) -> None:
    reply = endpoint.post("/v1/chat/completions", {"messages": [{"role": "user", "content": "card"}]}).json()
    assert reply["object"] == "chat.completion"
    assert "status" not in reply
    assert "```" in reply["choices"][0]["message"]["content"]


def test_formats(endpoint: Running) -> None:
    wanted: dict[str, Any] = {"messages": "dark dashboard", "temperature": 0}
    markdown = endpoint.post("/coder", {**wanted, "format": "markdown"}).json()["output"]
    assert markdown.count("```") == 2
    found = json.loads(endpoint.post("/coder", {**wanted, "format": "json"}).json()["output"])
    assert found["framework"] == "html"
    assert found["code"] in markdown


def test_response_format_is_understood(endpoint: Running) -> None:
    body = {"messages": "card", "response_format": {"type": "json_object"}}
    content = endpoint.post("/v1/chat/completions", body).json()["choices"][0]["message"]["content"]
    assert "code" in json.loads(content)


@pytest.mark.parametrize("name", ["max_tokens", "max_completion_tokens"])
def test_max_tokens(endpoint: Running, name: str) -> None:
    reply = endpoint.post("/v1/chat/completions", {"messages": "card", name: 7}).json()
    assert reply["usage"]["completion_tokens"] == 7
    assert reply["choices"][0]["finish_reason"] == "length"


def test_stop_and_seed(endpoint: Running) -> None:
    body: dict[str, Any] = {"messages": "card", "seed": 4, "stop": ["<body", "class"], "format": "markdown"}
    first, second = (endpoint.post("/coder", body).json() for _ in range(2))
    assert first["output"] == second["output"]
    assert "<body" not in first["output"]
    assert first["finish_reason"] == "stop"


def test_temperature_is_felt(endpoint: Running) -> None:
    def answers(temperature: float) -> int:
        body = {"messages": "login form", "temperature": temperature, "max_tokens": 300}
        return len({endpoint.post("/coder", body).json()["output"] for _ in range(4)})

    assert answers(0) == 1
    assert answers(2) == 4


def test_content_may_be_parts_and_messages_may_be_strings(endpoint: Running) -> None:
    parts = [
        {"type": "text", "text": "login"},
        {"type": "image_url", "image_url": {"url": "x"}},
        {"type": "text", "text": "form"},
    ]
    several: tuple[list[Any], ...] = ([{"role": "user", "content": parts}], ["login form"])
    for messages in several:
        reply = endpoint.post("/coder", {"messages": messages, "temperature": 0}).json()
        assert "<form" in reply["output"]


def test_multi_turn(endpoint: Running) -> None:
    messages = [
        {"role": "user", "content": "login form"},
        {"role": "assistant", "content": "…"},
        {"role": "user", "content": "now in SwiftUI"},
    ]
    assert "import SwiftUI" in endpoint.post("/coder", {"messages": messages, "temperature": 0}).json()["output"]


@pytest.mark.parametrize("prompt", ["", "x", "🎉", "写一首诗", "a\x00b", "\ud83d", "word " * 40_000])
def test_any_prompt_gets_an_answer(endpoint: Running, prompt: str) -> None:
    raw = json.dumps({"messages": prompt})
    reply = endpoint.client.post("/coder", content=raw, headers={**JSON, "WWW-Authenticate": KEY}).json()
    assert reply["status"] == 200
    assert reply["output"]


def test_log_probabilities(endpoint: Running) -> None:
    body: dict[str, Any] = {"messages": "login form", "logprobs": True, "top_logprobs": 5, "max_tokens": 40}
    simple = endpoint.post("/coder", body).json()
    entries = simple["logprobs"]["content"]
    assert "".join(entry["token"] for entry in entries) == simple["output"]
    assert len(entries) == simple["total_output_tokens"] == 40
    for entry in entries:
        assert bytes(entry["bytes"]).decode() == entry["token"]
        assert len(entry["top_logprobs"]) == 5
        assert sum(math.exp(other["logprob"]) for other in entry["top_logprobs"]) <= 1 + 1e-9
    openai = endpoint.post("/v1/chat/completions", {**body, "top_logprobs": 0}).json()
    assert len(openai["choices"][0]["logprobs"]["content"]) == 40


def test_tools_are_called(endpoint: Running) -> None:
    listed = endpoint.client.get("/tools", headers={"WWW-Authenticate": KEY}).json()
    assert listed["status"] == 200
    assert len(listed["tools"]) >= 5
    body: dict[str, Any] = {"messages": "contrast ratio of #000 on #fff", "tools": listed["tools"]}
    simple = endpoint.post("/coder", body).json()
    assert (simple["output"], simple["finish_reason"]) == ("", "tool_calls")
    openai = endpoint.post("/v1/chat/completions", body).json()["choices"][0]
    assert openai["message"]["content"] is None
    assert openai["finish_reason"] == "tool_calls"
    ran = endpoint.post("/toolcall", {"tools": simple["tool_calls"]}).json()
    assert ran["status"] == 200
    assert ran["output"][0]["output"]["ratio"] == 21
    told = [
        {"role": "user", "content": body["messages"]},
        {"role": "assistant", "content": None, "tool_calls": simple["tool_calls"]},
        {
            "role": "tool",
            "tool_call_id": simple["tool_calls"][0]["id"],
            "content": json.dumps(ran["output"][0]["output"]),
        },
    ]
    answer = endpoint.post("/coder", {"messages": told, "tools": listed["tools"]}).json()["output"]
    assert answer.startswith("contrast_ratio found")
    assert "21" in answer


def test_tools_take_the_key_in_the_body(endpoint: Running) -> None:
    assert endpoint.client.post("/tools", json={"key": KEY}).json()["status"] == 200
    assert endpoint.client.post("/tools").status_code == 401
    with_header = endpoint.client.post("/tools", headers={"WWW-Authenticate": KEY})
    assert with_header.json()["status"] == 200


def test_models(endpoint: Running) -> None:
    headers = {"Authorization": f"Bearer {KEY}"}
    (card,) = endpoint.client.get("/v1/models", headers=headers).json()["data"]
    assert endpoint.client.get(f"/v1/models/{card['id']}", headers=headers).json() == card
    missing = endpoint.client.get("/v1/models/gpt-9", headers=headers)
    assert missing.status_code == 404
    assert missing.json()["error"]["param"] == "model"


def test_the_openapi_document(endpoint: Running) -> None:
    document = endpoint.client.get("/openapi.json").json()
    assert document["openapi"] == "3.1.0"
    assert document["servers"] == [{"url": endpoint.url}]
    fields = document["components"]["schemas"]["CoderRequest"]["properties"]
    for row in PARAMETERS:
        assert row.field in fields
    assert fields["temperature"]["maximum"] == 2
    assert fields["openai-reply"]["type"] == "boolean"
    for path, operations in document["paths"].items():
        for method in operations:
            if path != "/openapi.json":
                assert endpoint.client.request(method, path).status_code in (401, 415)
    references = [part.split('"')[0] for part in json.dumps(document).split("#/components/schemas/")[1:]]
    assert set(references) <= document["components"]["schemas"].keys()


# ----------------------------------------------------------------------------------------------------------- streams


def test_a_simple_stream(endpoint: Running) -> None:
    body: dict[str, Any] = {"messages": "login form", "temperature": 0, "stream": True}
    *deltas, last = events(endpoint.post("/coder", body))
    whole = endpoint.post("/coder", {**body, "stream": False}).json()
    assert "".join(delta["output"] for delta in deltas) == whole["output"]
    assert all((delta["status"], delta["object"]) == (200, "chat.chunk") for delta in deltas)
    assert len({delta["id"] for delta in deltas}) == 1
    assert len(deltas) == last["total_output_tokens"] == whole["total_output_tokens"]
    assert (last["finish_reason"], last["total_input_tokens"]) == ("stop", whole["total_input_tokens"])


def test_an_openai_stream(endpoint: Running) -> None:
    body = {"messages": "card", "stream": True, "stream_options": {"include_usage": True}, "max_tokens": 12}
    first, *deltas, last, usage = events(endpoint.post("/v1/chat/completions", body))
    assert first["choices"][0]["delta"] == {"role": "assistant", "content": ""}
    assert len(deltas) == 12
    assert all(chunk["object"] == "chat.completion.chunk" for chunk in deltas)
    assert all(chunk["choices"][0]["finish_reason"] is None for chunk in deltas)
    assert last["choices"][0]["finish_reason"] == "length"
    assert usage["choices"] == []
    assert usage["usage"]["completion_tokens"] == 12


def test_usage_where_it_is_asked_for_and_always_on_the_path_of_the_contract(endpoint: Running) -> None:
    body = {"messages": "card", "stream": True, "max_tokens": 5}
    assert all("usage" not in chunk for chunk in events(endpoint.post("/v1/chat/completions", body)))
    *_, last = events(endpoint.post("/coder", {**body, "openai-reply": True}))
    assert last["usage"]["completion_tokens"] == 5


@pytest.mark.parametrize("path", ["/coder", "/v1/chat/completions"])
def test_log_probabilities_in_a_stream(endpoint: Running, path: str) -> None:
    body = {"messages": "card", "stream": True, "logprobs": True, "top_logprobs": 2, "max_tokens": 9}
    chunks = events(endpoint.post(path, body))
    held = [chunk.get("logprobs") or (chunk.get("choices") or [{}])[0].get("logprobs") for chunk in chunks]
    entries = [entry for each in held if each for entry in each["content"]]
    assert len(entries) == 9
    assert all(len(entry["top_logprobs"]) == 2 for entry in entries)


@pytest.mark.parametrize("path", ["/coder", "/v1/chat/completions"])
def test_tool_calls_in_a_stream(endpoint: Running, path: str) -> None:
    tools = endpoint.client.get("/tools", headers={"WWW-Authenticate": KEY}).json()["tools"]
    body = {"messages": "contrast ratio of #000 on #fff", "tools": tools, "stream": True}
    chunks = events(endpoint.post(path, body))
    if path == "/coder":
        assert chunks[-1]["tool_calls"][0]["function"]["name"] == "contrast_ratio"
        assert chunks[-1]["finish_reason"] == "tool_calls"
    else:
        deltas = [call for chunk in chunks for call in chunk["choices"][0]["delta"].get("tool_calls", [])]
        arguments = json.loads("".join(delta["function"]["arguments"] for delta in deltas))
        assert arguments == {"foreground": "#000", "background": "#fff"}
        assert chunks[-1]["choices"][0]["finish_reason"] == "tool_calls"


def test_a_pace_is_kept_evenly(narrow: Running) -> None:
    arrived: list[float] = []
    body = {"messages": "login form", "stream": True, "max_tokens": 11}
    with narrow.client.stream("POST", "/coder", json=body, headers={"WWW-Authenticate": KEY}) as response:
        arrived.extend(time.perf_counter() for line in response.iter_lines() if line.startswith("data: {"))
    assert 0.4 < arrived[-1] - arrived[0] < 1.2
    gaps = [later - earlier for earlier, later in pairwise(arrived[:10])]
    assert max(gaps) < 0.3


def test_a_pace_faster_than_the_clock_comes_in_batches(small_model: SampleModel) -> None:
    for running in run_server(small_model, EndpointSettings(KEY, tokens_per_second=3000)):
        reply = running.post("/coder", {"messages": "login form", "temperature": 0, "format": "markdown"}).json()
        assert reply["output"] == small_model.snippets[1].body


def test_too_many_answers_at_a_time(narrow: Running) -> None:
    body = {"messages": "login form", "stream": True}
    with narrow.client.stream("POST", "/coder", json=body, headers={"WWW-Authenticate": KEY}) as response:
        lines = response.iter_lines()
        next(lines)
        refused = narrow.post("/coder", body)
        assert refused.status_code == 429
        assert refused.headers["retry-after"] == "1"
        assert refused.json()["status"] == 429
    # The client has gone away: its answer ends, and there is room for the next.
    deadline = time.monotonic() + 3
    while (found := narrow.post("/coder", {"messages": "thanks", "max_tokens": 1})).status_code == 429:
        assert time.monotonic() < deadline
    assert found.status_code == 200


def test_others_have_their_turn_while_an_answer_is_written(endpoint: Running) -> None:
    took: list[float] = []

    def ask_meanwhile() -> None:
        with httpx.Client(base_url=endpoint.url, trust_env=False) as client:
            for _ in range(5):
                began = time.perf_counter()
                client.get("/v1/models", headers={"WWW-Authenticate": KEY})
                took.append(time.perf_counter() - began)

    thread = threading.Thread(target=ask_meanwhile)
    thread.start()
    endpoint.post("/coder", {"messages": "dashboard", "temperature": 2, "seed": 1})
    thread.join()
    assert sorted(took)[2] < 0.2


def test_streams_end_when_the_server_stops(small_model: SampleModel) -> None:
    servers: Iterator[Running] = run_server(small_model, EndpointSettings(KEY, tokens_per_second=2))
    running = next(servers)
    host, port = running.url.removeprefix("http://").split(":")
    body = json.dumps({"messages": "login form", "stream": True})
    request = (
        f"POST /coder HTTP/1.1\r\nHost: {host}\r\nWWW-Authenticate: {KEY}\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\n\r\n{body}"
    )
    whole = json.dumps({"messages": "login form"})
    with (
        socket.create_connection((host, int(port))) as connection,
        socket.create_connection((host, int(port))) as other,
    ):
        connection.sendall(request.encode())
        assert connection.recv(4096).startswith(b"HTTP/1.1 200")
        other.sendall(request.replace(str(len(body)), str(len(whole))).replace(body, whole).encode())
        began = time.monotonic()
        assert next(servers, None) is None
        assert time.monotonic() - began < 1.0
        connection.settimeout(2)
        rest = b""
        try:
            while part := connection.recv(65536):
                rest += part
        except ConnectionResetError:
            pass
        assert b"[DONE]" not in rest


# ------------------------------------------------------------------------------------------------------------ errors


def refusal(response: httpx.Response, status: int) -> str:
    """The sentence of a refusal in the contract's shape."""
    assert response.status_code == status
    body = response.json()
    assert body.keys() == {"status", "error"}
    assert body["status"] == status
    return str(body["error"])


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"temperature": 3}, "temperature must be between 0 and 2, got 3"),
        ({"temperature": "hot"}, 'temperature must be a number, got "hot"'),
        ({"top_p": -0.1}, "top_p must be between 0 and 1, got -0.1"),
        ({"max_tokens": 0}, "max_tokens must be between 1 and 180000, got 0"),
        ({"max_tokens": 1.5}, "max_tokens must be a whole number, got 1.5"),
        ({"frequency_penalty": 2.5}, "frequency_penalty must be between -2 and 2, got 2.5"),
        ({"presence_penalty": True}, "presence_penalty must be a number, got true"),
        ({"format": "xml"}, 'format must be one of text, json, markdown, got "xml"'),
        ({"openai-reply": "yes"}, 'openai-reply must be true or false, got "yes"'),
        ({"logprobs": 1}, "logprobs must be true or false, got 1"),
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs must be between 0 and 20, got 21"),
        ({"top_logprobs": 3}, "top_logprobs requires logprobs to be true"),
        ({"top_logprobs": 3, "logprobs": False}, "top_logprobs requires logprobs to be true"),
        ({"tools": [{"type": "x"}]}, 'tools: entry 1 must be {"type": "function", "function": {…}}'),
        ({"stop": [""]}, "stop must not be an empty text; leave it out where nothing stops the answer"),
        ({"stream": "no"}, 'stream must be true or false, got "no"'),
        ({"tool_choice": 3}, "tool_choice must be auto, none, required or a function"),
        (
            {"tool_choice": {"type": "function", "function": {"name": "f"}}},
            "tool_choice names f, which is not among the tools",
        ),
        ({"stream_options": 1}, "stream_options must be an object"),
        ({"messages": None}, "messages is required: a text, or a list of messages with role and content"),
        ({"messages": 3}, "messages must be a text or a list of messages"),
        ({"messages": []}, "messages must not be empty"),
        ({"messages": [3]}, "messages[0] must be an object with role and content"),
        (
            {"messages": [{"role": "wizard", "content": ""}]},
            'messages[0].role must be one of system, developer, user, assistant, tool, function, got "wizard"',
        ),
        ({"messages": [{"role": "user"}]}, "messages[0].content must be a text or a list of parts with a type"),
        (
            {"messages": [{"role": "user", "content": [{}]}]},
            "messages[0].content must be a text or a list of parts with a type",
        ),
    ],
)
def test_faults_of_fields(endpoint: Running, fields: dict[str, Any], sentence: str) -> None:
    assert refusal(endpoint.post("/coder", {"messages": "hi", **fields}), 400) == sentence
    response = endpoint.post("/v1/chat/completions", {"messages": "hi", **fields})
    if "openai-reply" in fields:  # a field that this path does not know
        assert response.status_code == 200
        return
    assert response.status_code == 400
    error = response.json()["error"]
    assert error["message"] == sentence
    assert error["type"] == "invalid_request_error"
    assert error["param"] in fields or error["param"] == "messages"
    assert error["code"] is None


def test_only_one_choice(endpoint: Running) -> None:
    response = endpoint.post("/v1/chat/completions", {"messages": "hi", "n": 2})
    assert response.json()["error"]["message"] == "n must be 1, got 2"


def test_null_and_unknown_fields_are_ignored(endpoint: Running) -> None:
    body: dict[str, Any] = {
        "messages": "thanks",
        "temperature": None,
        "model": "anything",
        "user": "me",
        "tools": [],
        "max_tokens": None,
    }
    for path in ("/coder", "/v1/chat/completions"):
        assert endpoint.post(path, body).status_code == 200


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "the body is empty"),
        (b"{", "the body is not JSON: Expecting property name enclosed in double quotes (line 1, column 2)"),
        (b"[1]", "the body must be a JSON object"),
        (b'{"messages": "\xff"}', "the body is not UTF-8: byte 14"),
        (b'{"temperature": NaN}', "NaN is not a JSON number"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"seed": ' + b"9" * 5000 + b"}", "the body is not JSON"),
    ],
)
def test_bodies_that_are_no_json(endpoint: Running, raw: bytes, sentence: str) -> None:
    response = endpoint.client.post("/coder", content=raw, headers={**JSON, "WWW-Authenticate": KEY})
    assert sentence in refusal(response, 400)


def test_a_byte_order_mark_is_read(endpoint: Running) -> None:
    raw = b'\xef\xbb\xbf{"messages": "thanks"}'
    headers = {"Content-Type": "application/json; charset=utf-8", "WWW-Authenticate": KEY}
    assert endpoint.client.post("/coder", content=raw, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "application/json; charset=latin-1", ""]
)
def test_other_content_types(endpoint: Running, content_type: str) -> None:
    headers = {"Content-Type": content_type, "WWW-Authenticate": KEY}
    response = endpoint.client.post("/coder", content=b"{}", headers=headers)
    assert "must be application/json" in refusal(response, 415)


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/coder"), ("PUT", "/toolcall"), ("DELETE", "/tools"), ("OPTIONS", "/coder")]
)
def test_other_methods(endpoint: Running, method: str, path: str) -> None:
    response = endpoint.client.request(method, path)
    assert f"not {method}" in refusal(response, 405)
    assert "POST" in response.headers["allow"]
    assert not [name for name in response.headers if name.startswith("access-control")]


def test_other_paths(endpoint: Running) -> None:
    assert "/nothing" in refusal(endpoint.client.get("/nothing"), 404)
    assert "/nothing" in endpoint.client.get("/v1/nothing").json()["error"]["message"]


@pytest.mark.parametrize(
    ("headers", "query", "field", "status"),
    [
        ({"WWW-Authenticate": KEY}, "", None, 200),
        ({"Authorization": f"Bearer {KEY}"}, "", None, 200),
        ({"Authorization": f"bearer  {KEY}"}, "", None, 200),
        ({}, f"?key={KEY}", None, 200),
        ({}, "", KEY, 200),
        ({}, "", None, 401),
        ({}, "", "wrong", 401),
        ({}, "", 5, 401),
        ({}, "?key=wrong", None, 401),
        ({"WWW-Authenticate": "wrong"}, "", KEY, 401),
        ({"WWW-Authenticate": "schlüssel".encode("latin-1")}, "", None, 401),
        ({"Authorization": "Basic abc"}, "", None, 401),
    ],
)
def test_keys(endpoint: Running, headers: dict[str, str], query: str, field: Any, status: int) -> None:
    body: dict[str, Any] = {"messages": "thanks"} if field is None else {"messages": "thanks", "key": field}
    response = endpoint.client.post(f"/coder{query}", json=body, headers=headers)
    assert response.status_code == status
    if status == 401:
        assert "key" in refusal(response, 401)
        assert "wrong" not in response.text.replace("the API key is wrong", "")


def test_missing_keys_in_openais_shape(endpoint: Running) -> None:
    response = endpoint.client.get("/v1/models")
    assert response.status_code == 401
    assert response.json()["error"]["code"] == "invalid_api_key"


@pytest.mark.parametrize("chunked", [False, True])
def test_large_bodies(narrow: Running, chunked: bool) -> None:
    raw = json.dumps({"messages": "x" * 3000}).encode()
    content: Any = iter([raw[:1000], raw[1000:]]) if chunked else raw
    response = narrow.client.post("/coder", content=content, headers={**JSON, "WWW-Authenticate": KEY})
    assert "larger than 2000 bytes" in refusal(response, 413)


def test_more_than_the_context_holds(endpoint: Running) -> None:
    response = endpoint.post("/coder", {"messages": "a " * 200_001})
    assert "the model's context holds 200000" in refusal(response, 400)


@pytest.mark.parametrize("body", [{}, {"tools": "x"}, {"tools": {}}])
def test_toolcall_wants_a_list(endpoint: Running, body: dict[str, Any]) -> None:
    assert refusal(endpoint.post("/toolcall", body), 400) == "tools must be a list of tool calls"


@pytest.mark.parametrize("host", ["evil.example", "localhost:1", "127.0.0.1.evil.example", "[::1]:1", ""])
def test_other_hosts(endpoint: Running, host: str) -> None:
    response = endpoint.client.post("/coder", json={"messages": "hi"}, headers={"Host": host, "WWW-Authenticate": KEY})
    assert response.status_code == 421
    assert response.json()["status"] == 421


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]", "LOCALHOST."])
def test_own_hosts(endpoint: Running, host: str) -> None:
    assert endpoint.client.get("/openapi.json", headers={"Host": host}).status_code == 200


def test_no_host_at_all(endpoint: Running) -> None:
    address, port = endpoint.url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port))) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.0\r\n\r\n")
        assert b"names no host" in connection.makefile("rb").read()


def test_settings_do_not_show_the_key() -> None:
    assert KEY not in repr(EndpointSettings(KEY))


def test_a_client_that_leaves_while_it_sends(endpoint: Running) -> None:
    address, port = endpoint.url.removeprefix("http://").split(":")
    with socket.create_connection((address, int(port))) as connection:
        head = f"POST /coder HTTP/1.1\r\nHost: localhost\r\nWWW-Authenticate: {KEY}\r\n"
        connection.sendall(f"{head}Content-Type: application/json\r\nContent-Length: 100\r\n\r\n{{".encode())
    assert endpoint.client.get("/openapi.json").status_code == 200


@pytest.mark.expected_log("Exception in ASGI application")
def test_a_fault_of_ours_is_a_sentence(small_model: SampleModel, monkeypatch: pytest.MonkeyPatch) -> None:
    def break_down(self: SampleModel, turns: object) -> None:
        raise ZeroDivisionError("secret detail")

    monkeypatch.setattr(SampleModel, "plan", break_down)
    for running in run_server(small_model, EndpointSettings(KEY)):
        response = running.post("/coder", {"messages": "hi"})
        sentence = refusal(response, 500)
        assert "ZeroDivisionError" in sentence
        assert "secret detail" not in sentence


@pytest.mark.parametrize("rate", [0, 25, 100_000])
def test_pacing_ends_where_it_is_told_to(rate: float) -> None:
    async def count() -> int:
        ended = asyncio.Event()
        found = 0
        async for batch in paced(iter([Written("x")] * 1_000_000), ended, rate):
            found += len(batch)
            if found >= 2:
                ended.set()
        return found

    assert 2 <= asyncio.run(count()) < 100_000


def test_pacing_gives_all() -> None:
    async def gather(rate: float) -> int:
        return sum([len(batch) async for batch in paced(iter([Written("x")] * 500), asyncio.Event(), rate)])

    assert asyncio.run(gather(0)) == 500
    assert asyncio.run(gather(50_000)) == 500


def test_an_endpoint_that_is_closed_writes_no_more(small_model: SampleModel) -> None:
    endpoint = Endpoint(small_model, EndpointSettings(KEY))
    endpoint.close()
    assert endpoint.begin().is_set()


def test_half_a_surrogate_pair_in_a_tool_call_comes_back(endpoint: Running) -> None:
    raw = '{"tools": [{"name": "json_format", "arguments": {"text": "[\\"\\\\ud83d\\"]"}}]}'
    response = endpoint.client.post("/toolcall", content=raw, headers={**JSON, "WWW-Authenticate": KEY})
    assert response.json()["output"][0]["output"]["valid"] is True


def test_old_function_messages_and_results_without_a_call() -> None:
    named: list[JsonValue] = [{"role": "user", "content": "x"}, {"role": "function", "name": "f", "content": "1"}]
    assert chat_request({"messages": named}, openai_path=True).results == (ToolResult("f", "1"),)
    orphan: list[JsonValue] = [{"role": "user", "content": "x"}, {"role": "tool", "tool_call_id": "9", "content": "1"}]
    assert chat_request({"messages": orphan}, openai_path=True).results == (ToolResult("", "1"),)
    with pytest.raises(Refusal, match="content must be a text"):
        chat_request({"messages": [{"role": "user", "content": [{"type": "text", "text": 5}]}]}, openai_path=True)


def _exchange(endpoint: Running, *pieces: bytes) -> bytes:
    """What comes back until the end of the connection."""
    host, port = endpoint.url.removeprefix("http://").split(":")
    received = b""
    with socket.create_connection((host, int(port)), 10) as connection:
        with suppress(ConnectionError):
            for piece in pieces:
                connection.sendall(piece)
        with suppress(ConnectionError):
            while part := connection.recv(65_536):
                received += part
    return received


_CHUNKED = b"POST /coder HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n"


@pytest.mark.parametrize(
    ("head", "times"),
    [
        (b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nX: ", 40),
        (b"GET /", 40),
        (_CHUNKED + b"0\r\nX: ", 40),
        (_CHUNKED + b"1;", 40),
    ],
)
def test_headers_have_an_end(endpoint: Running, head: bytes, times: int) -> None:
    received = _exchange(endpoint, head, *([b"a" * 1_000_000] * times))
    # A client that still sends may miss the words, but not the end of the connection.
    assert b" 200 " not in received
    assert endpoint.client.get("/openapi.json").status_code == 200


@pytest.mark.parametrize("padding", [b"X: " + b"a" * 70_000, b"\r\n".join([b"X: aaaaaaaa"] * 8_000)])
def test_large_headers_are_refused_in_words(endpoint: Running, padding: bytes) -> None:
    head = b"GET /openapi.json HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
    received = _exchange(endpoint, head + padding + b"\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 431 ")
    body = json.loads(received.partition(b"\r\n\r\n")[2])
    assert body == {"status": 431, "error": "the request's headers are larger than 65536 bytes; send smaller ones"}


def test_headers_of_60_kilobytes_pass(endpoint: Running) -> None:
    head = b"GET /v1/models HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nX: " + b"a" * 60_000
    assert b'"authentication_error"' in _exchange(endpoint, head + b"\r\n\r\n")


def test_a_method_that_nobody_knows(endpoint: Running) -> None:
    received = _exchange(endpoint, b"FOO /coder HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 405 ")
    assert b"Allow: GET, POST" in received
    assert json.loads(received.partition(b"\r\n\r\n")[2])["status"] == 405


def test_what_is_no_http_gets_a_sentence(endpoint: Running) -> None:
    received = _exchange(endpoint, b"GET / HTTP/1.1\r\nno header\r\n\r\n")
    assert received.startswith(b"HTTP/1.1 400 ")
    assert json.loads(received.partition(b"\r\n\r\n")[2])["error"].startswith("what came is not an HTTP/1.1 request")


@pytest.mark.parametrize("stream", [True, False])
def test_http_1_0_gets_a_plain_body(endpoint: Running, stream: bool) -> None:
    body = json.dumps({"messages": "a login form", "stream": stream, "max_tokens": 30}).encode()
    head = f"POST /coder HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\nWWW-Authenticate: {KEY}\r\n"
    received = _exchange(endpoint, f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    headers, _, reply = received.partition(b"\r\n\r\n")
    assert b"chunked" not in headers
    if stream:
        assert reply.startswith(b"data: {")
        assert reply.endswith(b"data: [DONE]\n\n")
    else:
        assert json.loads(reply)["total_output_tokens"] == 30


def test_whole_log_probabilities_are_those_of_the_stream(endpoint: Running) -> None:
    body = {"messages": "card", "seed": 3, "max_tokens": 1500, "logprobs": True, "top_logprobs": 5}

    def read(each: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = each["choices"][0] if "choices" in each else each
        return found

    for path in ("/coder", "/v1/chat/completions"):
        whole = endpoint.post(path, body)
        assert int(whole.headers["content-length"]) == len(whole.content)
        streamed = [read(each).get("logprobs") for each in events(endpoint.post(path, {**body, "stream": True}))]
        expected = [entry for each in streamed if each for entry in each["content"]]
        assert read(whole.json())["logprobs"]["content"] == expected
        assert len(expected) > 100


def test_long_log_probabilities_take_little_memory() -> None:
    top = [(f"token {number}", -1 / (number + 3)) for number in range(20)]
    spool = Spool()
    tracemalloc.start()
    try:
        for number in range(3000):
            spool.add([Written("text", -1 / (number + 7), top)])
        total = sum(map(len, spool.pieces()))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert total == spool.size > 3_000_000
    assert peak < 1_500_000


def test_the_document_names_every_path_and_the_end(endpoint: Running) -> None:
    document = endpoint.client.get("/openapi.json").json()
    described = document["paths"]["/v1/models/{name}"]["get"]
    assert {"200", "401", "404", "503"} <= set(described["responses"])
    assert described["parameters"][0]["name"] == "name"
    assert "503" in document["paths"]["/coder"]["post"]["responses"]
