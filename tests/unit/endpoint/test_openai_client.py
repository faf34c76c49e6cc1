"""Used the way OpenAI's client libraries use a server: bearer key, /v1 paths, chunks put together by their rules."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import Any

import httpx
import pytest

from tests.unit.endpoint.support import KEY, Running


@pytest.fixture
def client(endpoint: Running) -> Generator[httpx.Client]:
    headers = {"Authorization": f"Bearer {KEY}", "Accept": "application/json", "User-Agent": "OpenAI/Python 1.0"}
    with httpx.Client(base_url=f"{endpoint.url}/v1/", headers=headers, trust_env=False) as found:
        yield found


def streamed(client: httpx.Client, **fields: Any) -> tuple[dict[str, Any], str, dict[str, Any] | None]:
    """The message that the chunks make, why it ended, and the usage."""
    message: dict[str, Any] = {"content": None, "tool_calls": []}
    finish = ""
    usage = None
    body = {"model": "gpt-4o-mini", "stream": True, "stream_options": {"include_usage": True}, **fields}
    with client.stream("POST", "chat/completions", json=body) as response:
        assert response.status_code == 200
        for line in response.iter_lines():
            if not line:
                continue
            data = line.removeprefix("data: ")
            if data == "[DONE]":
                break
            chunk = json.loads(data)
            assert chunk.keys() >= {"id", "object", "created", "model", "choices"}
            usage = chunk.get("usage") or usage
            for choice in chunk["choices"]:
                delta = choice["delta"]
                message["role"] = delta.get("role", message.get("role"))
                if delta.get("content") is not None:
                    message["content"] = (message["content"] or "") + delta["content"]
                for call in delta.get("tool_calls", []):
                    if call["index"] == len(message["tool_calls"]):
                        message["tool_calls"].append(
                            {"id": call["id"], "arguments": "", "name": call["function"]["name"]}
                        )
                    message["tool_calls"][call["index"]]["arguments"] += call["function"].get("arguments", "")
                finish = choice["finish_reason"] or finish
    return message, finish, usage


def test_models_are_listed(client: httpx.Client) -> None:
    page = client.get("models").json()
    assert page["object"] == "list"
    assert {"id", "object", "created", "owned_by"} <= page["data"][0].keys()


def test_a_completion(client: httpx.Client) -> None:
    messages = [{"role": "system", "content": "You write SwiftUI."}, {"role": "user", "content": "a login form"}]
    body = {
        "model": "gpt-4o-mini",
        "messages": messages,
        "temperature": 0,
        "n": 1,
        "user": "me",
        "parallel_tool_calls": True,
    }
    completion = client.post("chat/completions", json=body).json()
    assert completion.keys() == {"id", "object", "created", "model", "choices", "usage"}
    (choice,) = completion["choices"]
    assert choice.keys() == {"index", "message", "logprobs", "finish_reason"}
    assert "```swift" in choice["message"]["content"]


def test_a_stream_is_the_completion(client: httpx.Client) -> None:
    fields: dict[str, Any] = {"messages": [{"role": "user", "content": "a toast"}], "temperature": 0}
    whole = client.post("chat/completions", json=fields).json()
    message, finish, usage = streamed(client, **fields)
    assert message["content"] == whole["choices"][0]["message"]["content"]
    assert message["role"] == "assistant"
    assert finish == "stop"
    assert usage == whole["usage"]


def test_a_round_with_a_tool(client: httpx.Client) -> None:
    tool = {
        "type": "function",
        "function": {
            "name": "get_weather",
            "description": "Current weather of a city",
            "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
        },
    }
    messages: list[dict[str, Any]] = [{"role": "user", "content": "What's the weather in Lisbon?"}]
    message, finish, _ = streamed(client, messages=messages, tools=[tool])
    assert finish == "tool_calls"
    assert message["content"] in (None, "")
    (call,) = message["tool_calls"]
    assert json.loads(call["arguments"]) == {"city": "Lisbon"}
    messages += [
        {
            "role": "assistant",
            "tool_calls": [
                {
                    "id": call["id"],
                    "type": "function",
                    "function": {"name": call["name"], "arguments": call["arguments"]},
                }
            ],
        },
        {"role": "tool", "tool_call_id": call["id"], "content": '{"sky": "clear", "celsius": 21}'},
    ]
    message, finish, _ = streamed(client, messages=messages, tools=[tool], temperature=0)
    assert finish == "stop"
    assert message["content"] == "get_weather found sky clear; celsius 21."


def test_errors_have_openais_shape(client: httpx.Client) -> None:
    response = client.post("chat/completions", json={"messages": [{"role": "user", "content": "x"}], "temperature": 9})
    assert response.status_code == 400
    assert response.json() == {
        "error": {
            "message": "temperature must be between 0 and 2, got 9",
            "type": "invalid_request_error",
            "param": "temperature",
            "code": None,
        }
    }
    refused = client.post("chat/completions", json={}, headers={"Authorization": "Bearer nope"})
    assert refused.status_code == 401
    assert refused.json()["error"]["type"] == "authentication_error"
