"""A request's JSON as values, each checked against the table of parameters. Every fault is a `Refusal`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Never

from coderapp.core.errors import ParameterError
from coderapp.core.message import JsonValue
from coderapp.core.parameters import PARAMETERS
from coderapp.core.sampling import SamplingSettings
from coderapp.endpoint.answering import Turn
from coderapp.endpoint.problems import Refusal

_ROLES = ("system", "developer", "user", "assistant", "tool", "function")

_MOST_LEVELS = 16
"""Of a tool's schema: objects within each other. One takes two levels of JSON: itself and its `properties`."""
_AROUND = 2
"""Levels of JSON around a tool's schema."""
_MOST_PROPERTIES = 256
_MOST_VALUES = 20_000
"""In all tools of a request."""

Body = Mapping[str, JsonValue]


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a client's tool gave back: the last messages of a conversation, with role `tool`."""

    name: str
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """`openai`: the reply's shape. `tool_choice`: "auto", "none", "required", or the name of the tool to call."""

    turns: tuple[Turn, ...]
    settings: SamplingSettings
    style: str
    openai: bool
    stream: bool = False
    include_usage: bool = False
    max_tokens: int | None = None
    stop: tuple[str, ...] = ()
    seed: int | None = None
    logprobs: bool = False
    top_logprobs: int = 0
    tools: tuple[dict[str, JsonValue], ...] = ()
    tool_choice: str = "auto"
    results: tuple[ToolResult, ...] = field(default=())


def _no_constant(text: str) -> Never:
    raise ValueError(f"{text} is not a JSON number")


def read_json(raw: bytes) -> dict[str, JsonValue]:
    """A body as a JSON object. Raises Refusal."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start} can't be read") from None
    if not text.strip():
        raise Refusal(400, "the body is empty; it must be a JSON object")
    try:
        value = json.loads(text, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        raise Refusal(400, f"the body is not JSON: {error.msg} (line {error.lineno}, column {error.colno})") from None
    except RecursionError:
        raise Refusal(400, "the body is nested too deeply") from None
    except ValueError as error:
        raise Refusal(400, f"the body is not JSON: {error}") from None
    if not isinstance(value, dict):
        raise Refusal(400, "the body must be a JSON object")
    return value


def chat_request(body: Body, *, openai_path: bool) -> ChatRequest:
    """A request for an answer. Fields that nobody knows are ignored, null means not set. Raises Refusal."""
    values = _parameters(_with_openai_names(body) if openai_path else body)
    turns, results = _messages(body)
    default_style = "markdown" if openai_path else "text"
    if "top_logprobs" in values and values.get("logprobs") is not True:
        raise Refusal(400, "top_logprobs requires logprobs to be true", param="top_logprobs")
    tools = values.get("tools") or []
    _check_schemas(_list(tools))
    options = body.get("stream_options")
    if options is not None and not isinstance(options, dict):
        raise Refusal(400, "stream_options must be an object", param="stream_options")
    if openai_path and body.get("n") not in (None, 1):
        raise Refusal(400, f"n must be 1, got {json.dumps(body.get('n'))[:60]}", param="n")
    return ChatRequest(
        turns=turns,
        results=results,
        settings=SamplingSettings(
            *(
                _number(values.get(name), default)
                for name, default in (
                    ("temperature", 1.0),
                    ("top_p", 1.0),
                    ("frequency_penalty", 0.0),
                    ("presence_penalty", 0.0),
                )
            )
        ),
        style=str(values.get("format", default_style)),
        openai=openai_path or values.get("reply_style") == "openai",
        stream=values.get("stream") is True,
        include_usage=bool(options and options.get("include_usage") is True),
        max_tokens=_whole(values.get("max_tokens")),
        stop=tuple(str(text) for text in _list(values.get("stop"))),
        seed=_whole(values.get("seed")),
        logprobs=values.get("logprobs") is True,
        top_logprobs=_whole(values.get("top_logprobs")) or 0,
        tools=tuple(tool for tool in _list(tools) if isinstance(tool, dict)),
        tool_choice=_tool_choice(body.get("tool_choice"), _list(tools)),
    )


def _check_schemas(tools: Sequence[JsonValue]) -> None:
    """Refuses declarations that would take more work than a prompt is worth."""
    values = 0
    for place, tool in enumerate(tools):
        left: list[tuple[JsonValue, int]] = [(tool, -_AROUND)]
        while left:
            value, depth = left.pop()
            values += 1
            if not isinstance(value, dict | list):
                continue
            if depth > 2 * _MOST_LEVELS:
                raise Refusal(
                    400,
                    f"tools[{place}].function.parameters is nested deeper than {_MOST_LEVELS} levels",
                    param="tools",
                )
            properties = value.get("properties") if isinstance(value, dict) else None
            if isinstance(properties, dict) and len(properties) > _MOST_PROPERTIES:
                raise Refusal(
                    400,
                    f"tools[{place}].function.parameters has {len(properties)} properties in one object; "
                    f"{_MOST_PROPERTIES} is the most",
                    param="tools",
                )
            left += [(each, depth + 1) for each in (value.values() if isinstance(value, dict) else value)]
        if values > _MOST_VALUES:
            raise Refusal(
                400, f"the tools hold more than {_MOST_VALUES} values; send fewer or simpler ones", param="tools"
            )


def _with_openai_names(body: Body) -> dict[str, JsonValue]:
    """OpenAI's newer names for two of the fields."""
    renamed = dict(body)
    if renamed.get("max_tokens") is None and renamed.get("max_completion_tokens") is not None:
        renamed["max_tokens"] = renamed["max_completion_tokens"]
    wanted = renamed.get("response_format")
    if isinstance(wanted, dict) and wanted.get("type") in ("json_object", "json_schema") and not renamed.get("format"):
        renamed["format"] = "json"
    renamed.pop("openai-reply", None)
    return renamed


def _parameters(body: Body) -> dict[str, JsonValue]:
    """The table's fields of a body, by the rows' names."""
    values: dict[str, JsonValue] = {}
    for row in PARAMETERS:
        value = body.get(row.field)
        if value is None:
            continue
        if row.name == "tools" and value == []:
            continue  # OpenAI's clients send an empty list where there is no tool
        if row.name == "stop" and (value == "" or (isinstance(value, list) and "" in value)):
            raise Refusal(
                400, "stop must not be an empty text; leave it out where nothing stops the answer", param="stop"
            )
        try:
            values[row.name] = row.from_the_wire(value)
        except ParameterError as error:
            raise Refusal(400, error.sentence, param=row.field) from None
    return values


def _number(value: JsonValue, default: float) -> float:
    return default if not isinstance(value, int | float) else float(value)


def _whole(value: JsonValue) -> int | None:
    return value if isinstance(value, int) else None


def _list(value: JsonValue) -> Sequence[JsonValue]:
    return value if isinstance(value, list) else ()


def _tool_choice(value: JsonValue, tools: Sequence[JsonValue]) -> str:
    if value is None:
        return "auto"
    if value in ("auto", "none", "required"):
        return str(value)
    function = value.get("function") if isinstance(value, dict) else None
    name = function.get("name") if isinstance(function, dict) else None
    if not isinstance(name, str):
        raise Refusal(400, "tool_choice must be auto, none, required or a function", param="tool_choice")
    known = [tool["function"]["name"] for tool in tools if isinstance(tool, dict)]  # type: ignore[index,call-overload]
    if name not in known:
        raise Refusal(400, f"tool_choice names {name[:60]}, which is not among the tools", param="tool_choice")
    return name


def clean(text: str) -> str:
    """Without halves of surrogate pairs, which no UTF-8 can carry."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _messages(body: Body) -> tuple[tuple[Turn, ...], tuple[ToolResult, ...]]:
    messages = body.get("messages")
    if messages is None:
        raise Refusal(
            400, "messages is required: a text, or a list of messages with role and content", param="messages"
        )
    if isinstance(messages, str):
        return (Turn("user", clean(messages)),), ()
    if not isinstance(messages, list):
        raise Refusal(400, "messages must be a text or a list of messages", param="messages")
    if not messages:
        raise Refusal(400, "messages must not be empty", param="messages")
    turns = [_turn(message, place) for place, message in enumerate(messages)]
    results: list[ToolResult] = []
    for place in range(len(turns) - 1, -1, -1):
        if turns[place].role not in ("tool", "function"):
            break
        results.insert(0, ToolResult(_called(messages, place), turns[place].text))
    return tuple(turns), tuple(results)


def _turn(message: JsonValue, place: int) -> Turn:
    where = f"messages[{place}]"
    if isinstance(message, str):
        return Turn("user", clean(message))
    if not isinstance(message, dict):
        raise Refusal(400, f"{where} must be an object with role and content", param="messages")
    role = message.get("role")
    if role not in _ROLES:
        got = json.dumps(role, ensure_ascii=False)[:60]
        raise Refusal(400, f"{where}.role must be one of {', '.join(_ROLES)}, got {got}", param="messages")
    content = message.get("content")
    if content is None and (role == "assistant" or "tool_calls" in message):
        return Turn(str(role), "")
    if isinstance(content, str):
        return Turn(str(role), clean(content))
    if isinstance(content, list) and all(
        isinstance(part, dict) and isinstance(part.get("type"), str) for part in content
    ):
        texts = [part.get("text") for part in content if isinstance(part, dict) and part["type"] == "text"]
        if all(isinstance(text, str) for text in texts):
            return Turn(str(role), clean("\n".join(map(str, texts))))
    raise Refusal(400, f"{where}.content must be a text or a list of parts with a type", param="messages")


def _called(messages: Sequence[JsonValue], place: int) -> str:
    """The name of the tool whose result stands at `place`: given there, or found in the call that it answers."""
    message = messages[place]
    if not isinstance(message, dict):
        return ""
    if isinstance(message.get("name"), str):
        return str(message["name"])
    wanted = message.get("tool_call_id")
    for earlier in messages[:place]:
        calls = earlier.get("tool_calls") if isinstance(earlier, dict) else None
        for call in _list(calls):
            if isinstance(call, dict) and call.get("id") == wanted and isinstance(call.get("function"), dict):
                name = call["function"].get("name")  # type: ignore[union-attr]
                if isinstance(name, str):
                    return name
    return ""
