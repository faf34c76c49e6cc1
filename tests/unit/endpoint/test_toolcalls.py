"""When a prompt is a job for a tool, and which arguments it gives."""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coderapp.core.message import JsonValue
from coderapp.endpoint import schema
from coderapp.endpoint.arguments import read_arguments
from coderapp.endpoint.problems import Refusal
from coderapp.endpoint.requests import ToolResult, chat_request
from coderapp.endpoint.toolbox import TOOLS
from coderapp.endpoint.toolcalls import choose_calls, sentence_for

READY: list[JsonValue] = [tool.listed() for tool in TOOLS]


def tool(
    name: str, description: str, required: list[str] | None = None, **properties: JsonValue
) -> dict[str, JsonValue]:
    parameters: dict[str, JsonValue] = {"type": "object", "properties": dict(properties)}
    if required:
        parameters["required"] = list(required)
    return {"type": "function", "function": {"name": name, "description": description, "parameters": parameters}}


WEATHER = tool(
    "get_weather",
    "Get the current weather for a location",
    ["location"],
    location={"type": "string", "description": "City and country"},
    unit={"type": "string", "enum": ["celsius", "fahrenheit"]},
    days={"type": "integer", "minimum": 1, "maximum": 14},
)


def chosen(prompt: str, tools: list[JsonValue] | None = None, **fields: Any) -> list[tuple[str, dict[str, Any]]]:
    body: dict[str, JsonValue] = {"messages": prompt, "tools": [WEATHER] if tools is None else tools, **fields}
    calls = choose_calls(chat_request(body, openai_path=False))
    return [(call.name, json.loads(call.arguments)) for call in calls]


@pytest.mark.parametrize(
    ("prompt", "arguments"),
    [
        ("What is the weather in Berlin?", {"location": "Berlin"}),
        ("weather for New York, in fahrenheit please", {"location": "New York", "unit": "fahrenheit"}),
        ('Tell me the weather in "San José" for 3 days', {"location": "San José", "days": 3}),
        ("How is the weather in São Paulo over the next 5 days?", {"location": "São Paulo", "days": 5}),
    ],
)
def test_a_custom_tool(prompt: str, arguments: dict[str, JsonValue]) -> None:
    assert chosen(prompt) == [("get_weather", arguments)]


@pytest.mark.parametrize(
    ("prompt", "name", "arguments"),
    [
        (
            "What is the contrast ratio of #777 on white?",
            "contrast_ratio",
            {"foreground": "#777", "background": "white"},
        ),
        (
            "contrast ratio: background #222222, text rgb(200 200 200)",
            "contrast_ratio",
            {"foreground": "rgb(200 200 200)", "background": "#222222"},
        ),
        (
            "Is white text on #3b82f6 enough contrast?",
            "contrast_ratio",
            {"foreground": "white", "background": "#3b82f6"},
        ),
        ("make a color palette from #3b82f6 with 7 steps", "color_palette", {"base": "#3b82f6", "steps": 7}),
        ('format this JSON: {"a": [1, 2]}', "json_format", {"text": '{"a": [1, 2]}'}),
        ("Check this HTML: <div><p>Hi</div>", "html_check", {"html": "<div><p>Hi</div>"}),
        ("minify this css: a { color: red; }", "css_minify", {"css": "a { color: red; }"}),
        ("convert 16px to rem", "convert_css_unit", {"value": 16, "from_unit": "px", "to_unit": "rem"}),
        ("convert to rem from 24 px", "convert_css_unit", {"value": 24, "from_unit": "px", "to_unit": "rem"}),
        ('convert "hello world" to snake case', "text_case", {"text": "hello world", "case": "snake"}),
    ],
)
def test_the_ready_made_tools(prompt: str, name: str, arguments: dict[str, JsonValue]) -> None:
    assert chosen(prompt, READY) == [(name, arguments)]


@pytest.mark.parametrize(
    "prompt",
    ["login form", "write a JSON parser in Python", "make a dashboard with good contrast", "hello", "", "weather"],
)
def test_what_is_no_job_for_a_tool(prompt: str) -> None:
    assert chosen(prompt, [*READY, WEATHER]) == []


def test_a_tool_without_parameters() -> None:
    assert chosen("what time is it now?", [tool("get_current_time", "Tells the time of day")]) == []
    assert chosen("get the current time", [tool("get_current_time", "Tells the time of day")]) == [
        ("get_current_time", {})
    ]


def test_several_tools_at_once() -> None:
    tools: list[JsonValue] = [
        WEATHER,
        tool("get_forecast_map", "Draws a map", ["location"], location={"type": "string", "description": "City"}),
    ]
    calls = chosen("weather and forecast map for Paris", tools)
    assert {name for name, _ in calls} == {"get_weather", "get_forecast_map"}


def test_tool_choice() -> None:
    assert chosen("weather in Rome", tool_choice="none") == []
    assert chosen("login form", tool_choice="required")[0][0] == "get_weather"
    named = {"type": "function", "function": {"name": "get_weather"}}
    name, arguments = chosen("something about Oslo", tool_choice=named)[0]
    assert (name, arguments["location"]) == ("get_weather", "Oslo")


def test_results_are_answered_and_not_called_again() -> None:
    messages: JsonValue = [
        {"role": "user", "content": "weather in Berlin"},
        {"role": "assistant", "content": None, "tool_calls": [{"id": "1", "function": {"name": "get_weather"}}]},
        {"role": "tool", "tool_call_id": "1", "content": '{"temperature": 7, "sky": "grey"}'},
    ]
    request = chat_request({"messages": messages, "tools": [WEATHER]}, openai_path=False)
    assert choose_calls(request) == ()
    assert sentence_for(request.results) == "get_weather found temperature 7; sky grey."


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("t", "12 degrees", "t answered: 12 degrees"),
        ("", "", "The tool gave an empty result."),
        ("t", '{"error": "no such city"}', "t failed: no such city"),
        ("t", '{"output": {"ok": true, "items": [1, 2], "none": null}}', "t found ok yes; items 1, 2; none nothing."),
        ("t", '{"a": {"b": 1}}', "t found a: b 1."),
        ("t", "[1, 2]", "t answered: 1, 2"),
        ("t", '[{"hex": "#fff"}, {"x": 1}]', "t answered: #fff"),
        ("t", "[[1]]", "t answered: 1 entries"),
        ("t", "{}", "t answered: 0 fields"),
        ("t", "true", "t answered: yes"),
    ],
)
def test_sentences_for_results(name: str, content: str, sentence: str) -> None:
    assert sentence_for([ToolResult(name, content)]) == sentence


def test_long_results_are_cut() -> None:
    assert len(sentence_for([ToolResult("t", "x" * 5000)])) < 700


# ------------------------------------------------------------------------------------------------------ arguments


def read(text: str, required: list[str] | None = None, **properties: JsonValue) -> dict[str, JsonValue]:
    declared: dict[str, JsonValue] = {"type": "object", "properties": dict(properties)}
    if required:
        declared["required"] = list(required)
    return read_arguments(declared, text).all


STRING: JsonValue = {"type": "string"}


@pytest.mark.parametrize(
    ("text", "name", "declared", "value"),
    [
        ("mail bob@example.org today", "email", STRING, "bob@example.org"),
        ("open https://example.org/a?b=1.", "url", STRING, "https://example.org/a?b=1"),
        ("book for 2026-11-22", "date", STRING, "2026-11-22"),
        ("alarm at 07:30", "time", STRING, "07:30"),
        ("when: 2026-01-02", "when", {"type": "string", "format": "date"}, "2026-01-02"),
        ("the width is 40 and the height 30", "height", {"type": "integer"}, 30),
        ("a box of 12.5 by 3", "size", {"type": "number"}, 12.5),
        ("only 12.5 here", "count", {"type": "integer"}, None),
        ("make it bold", "bold", {"type": "boolean"}, True),
        ("not bold at all", "bold", {"type": "boolean"}, False),
        ("verbose: off", "verbose", {"type": "boolean"}, False),
        ("verbose = true", "verbose", {"type": "boolean"}, True),
        ("add 1, 2 and 3", "numbers", {"type": "array", "items": {"type": "number"}}, [1, 2, 3]),
        ("average [4, 5.5]", "numbers", {"type": "array", "items": {"type": "number"}}, [4, 5.5]),
        ('tag it "a" and "b"', "tags", {"type": "array", "items": STRING}, ["a", "b"]),
        (
            "tags: red wine, cheese and bread",
            "tags",
            {"type": "array", "items": STRING},
            ["red wine", "cheese", "bread"],
        ),
        ("mix red and #00f", "colors", {"type": "array", "items": STRING}, ["red", "#00f"]),
        ("days mon and fri", "days", {"type": "array", "items": {"enum": ["mon", "tue", "fri"]}}, ["mon", "fri"]),
        ('store {"a": 1}', "data", {"type": "object"}, {"a": 1}),
        ("search for cheap flights", "query", STRING, "cheap flights"),
        ("name: Ada", "name", STRING, "Ada"),
        ('set title to "Hello"', "title", STRING, "Hello"),
        ("a file called notes.txt", "filename", STRING, "notes.txt"),
        ("run\n```sql\nselect 1\n```", "sql", STRING, "select 1"),
        ("check `a{}`", "css", STRING, "a{}"),
        ("level 3", "level", {"enum": [1, 2, 3]}, 3),
        ("in dark_mode", "mode", {"enum": ["light mode", "dark mode"]}, None),
    ],
)
def test_arguments_by_type_and_name(text: str, name: str, declared: JsonValue, value: JsonValue) -> None:
    assert read(text, [name], **{name: declared}).get(name) == value or value is None


def test_nested_objects_are_read() -> None:
    size: JsonValue = {
        "type": "object",
        "properties": {"width": {"type": "integer"}, "height": {"type": "integer"}},
        "required": ["width"],
    }
    assert read("width 3, height 4", ["size"], size=size) == {"size": {"width": 3, "height": 4}}


def test_numbers_are_used_once() -> None:
    number: JsonValue = {"type": "integer"}
    assert read("from 3 to 9", ["a", "b"], a=number, b=number) == {"a": 3, "b": 9}


@pytest.mark.parametrize(
    ("declared", "value"),
    [
        ({"type": "integer", "minimum": 5}, 5),
        ({"type": "integer", "exclusiveMinimum": 5, "multipleOf": 7}, 7),
        ({"type": "number", "maximum": -2}, -2),
        ({"type": "boolean"}, False),
        ({"type": "array", "items": {"type": "boolean"}, "minItems": 2}, [False, False]),
        ({"type": "object", "properties": {"x": {"type": "boolean"}}, "required": ["x"]}, {"x": False}),
        ({"const": 7}, 7),
        ({"type": "number", "default": 2.5}, 2.5),
        ({"type": "integer", "examples": [4]}, 4),
        ({"enum": ["p", "q"]}, "p"),
        ({"type": "string", "maxLength": 3}, "zzz"),
        ({"type": "string", "pattern": "^$"}, ""),
    ],
)
def test_required_ones_are_made_up_by_the_schema(declared: dict[str, JsonValue], value: JsonValue) -> None:
    assert read("zzz zzz", ["wanted"], wanted=declared)["wanted"] == value
    assert schema.fault(value, declared) is None


_SCHEMAS: st.SearchStrategy[dict[str, Any]] = st.sampled_from(
    [
        {"type": "string"},
        {"type": "integer", "minimum": 0, "maximum": 100},
        {"type": "number"},
        {"type": "boolean"},
        {"type": "array", "items": {"type": "string"}},
        {"type": "array", "items": {"type": "integer"}},
        {"enum": ["red", "green"]},
        {"type": ["string", "null"]},
        {},
    ]
)


@settings(max_examples=80)
@given(
    st.text("ab \"'`{}[]:,.#<>123 red green\n", max_size=60),
    st.dictionaries(
        st.sampled_from(["color", "json", "count", "city", "query", "flag", "items"]), _SCHEMAS, max_size=4
    ),
)
def test_whatever_is_read_satisfies_its_schema(text: str, properties: dict[str, Any]) -> None:
    found = read_arguments({"type": "object", "properties": properties, "required": [*properties]}, text)
    for name, value in found.all.items():
        assert schema.fault(value, properties[name], name) is None


def nested(levels: int) -> dict[str, JsonValue]:
    declared: dict[str, JsonValue] = {"type": "string"}
    for _ in range(levels):
        declared = {"type": "object", "properties": {"a": declared}, "required": ["a"]}
    return declared


def with_schema(parameters: JsonValue) -> dict[str, JsonValue]:
    return {"type": "function", "function": {"name": "nest", "parameters": parameters}}


def test_nested_schemas_take_no_longer_at_each_level() -> None:
    began = perf_counter()
    ((_, arguments),) = chosen("call nest", [with_schema(nested(16))], tool_choice="required")
    assert perf_counter() - began < 0.5
    for _ in range(15):
        arguments = arguments["a"]
    assert arguments == {"a": "call nest"}


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        (nested(17), "tools[0].function.parameters is nested deeper than 16 levels"),
        (nested(300), "tools[0].function.parameters is nested deeper than 16 levels"),
        (
            {"properties": {f"p{number}": {} for number in range(257)}},
            "tools[0].function.parameters has 257 properties in one object; 256 is the most",
        ),
        ({"enum": [*range(20_000)]}, "the tools hold more than 20000 values; send fewer or simpler ones"),
    ],
)
def test_schemas_without_measure_are_refused(parameters: JsonValue, sentence: str) -> None:
    with pytest.raises(Refusal) as refused:
        chosen("call nest", [with_schema(parameters)])
    assert (refused.value.status, refused.value.sentence) == (400, sentence)


def _lists(levels: int) -> JsonValue:
    declared: dict[str, JsonValue] = {"type": "integer"}
    for _ in range(levels):
        declared = {"type": "array", "minItems": 100, "items": declared}
    return {"type": "object", "properties": {"a": declared}, "required": ["a"]}


@pytest.mark.parametrize(
    ("declared", "text"),
    [
        ({"type": "object", "properties": {"_".join("a" * 40): {"type": "boolean"}}}, "a" * 200),
        ({"type": "object", "properties": {"a": {"enum": ["_" * 40]}}}, "_" * 200),
        ({"type": "object", "properties": {"a": {"enum": ["_ " * 40]}}}, " " * 200),
        (_lists(6), "x"),
        ({"properties": {"email": {"type": "string"}}, "required": ["email"]}, "a" * 100_000),
        ({"properties": {"html": {"type": "string"}}, "required": ["html"]}, "<a" * 50_000),
        ({"properties": {"css": {"type": "string"}}, "required": ["css"]}, "a" * 100_000),
        ({"properties": {"css": {"type": "string"}}, "required": ["css"]}, "a{" * 50_000),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "“" * 100_000),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "for " + "." * 99_000 + "x"),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "a" + " " * 99_000 + "x"),
        ({"properties": {"a": {"type": "string"}}, "required": ["a"]}, "```a" * 25_000),
    ],
)
def test_no_prompt_and_no_schema_takes_long_to_read(declared: dict[str, JsonValue], text: str) -> None:
    began = perf_counter()
    read_arguments(declared, text)
    assert perf_counter() - began < 1.0
