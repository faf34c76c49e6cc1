"""The endpoint's ready-made tools: what they are called, what they take, how a call is run."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from coderapp.core.message import JsonValue
from coderapp.endpoint import schema
from coderapp.endpoint.tools import colors, markup, texts
from coderapp.endpoint.tools.color import ColorError

MOST_CALLS = 64
_MOST_TEXT = 1_000_000


@dataclass(frozen=True, slots=True)
class Tool:
    """`function` takes the arguments that `parameters` declares and gives a JSON object."""

    name: str
    description: str
    parameters: dict[str, JsonValue]
    function: Callable[..., dict[str, JsonValue]]

    def listed(self) -> dict[str, JsonValue]:
        """In OpenAI's function format."""
        return {
            "type": "function",
            "function": {"name": self.name, "description": self.description, "parameters": self.parameters},
        }


TOOLS: tuple[Tool, ...] = (
    Tool(
        "contrast_ratio",
        "Contrast ratio of two colours by WCAG 2.2, with AA and AAA verdicts for text and controls",
        colors.CONTRAST_SCHEMA,
        colors.contrast_ratio,
    ),
    Tool(
        "color_palette",
        "A palette of shades from light to dark made from one base colour, with readable text colours",
        colors.PALETTE_SCHEMA,
        colors.color_palette,
    ),
    Tool(
        "json_format",
        "Pretty-prints and validates JSON; where it is not valid, says in which line and column",
        texts.JSON_SCHEMA,
        texts.json_format,
    ),
    Tool(
        "html_check",
        "Checks whether HTML is well-formed and lists problems with line numbers, missing labels and alt texts too",
        markup.SCHEMA,
        markup.html_check,
    ),
    Tool("css_minify", "Minifies CSS: without comments and needless white space", texts.CSS_SCHEMA, texts.css_minify),
    Tool(
        "text_case",
        "Converts a name or phrase to camel, pascal, snake, kebab, constant, title or sentence case",
        texts.CASE_SCHEMA,
        texts.text_case,
    ),
    Tool(
        "convert_css_unit",
        "Converts a CSS length between px, rem, em, pt, pc, in, cm, mm and q",
        texts.UNIT_SCHEMA,
        texts.convert_css_unit,
    ),
)

_BY_NAME = {tool.name: tool for tool in TOOLS}


def run_calls(calls: Sequence[JsonValue]) -> list[JsonValue]:
    """Results of calls in the shape of a reply's `tool_calls`, in their order, each with `output` or `error`."""
    results: list[JsonValue] = [_run(call) for call in calls[:MOST_CALLS]]
    refused: dict[str, JsonValue] = {"error": f"not run: at most {MOST_CALLS} calls are run at a time"}
    return [*results, *(_entry(call, refused) for call in calls[MOST_CALLS:])]


def _entry(call: JsonValue, outcome: dict[str, JsonValue]) -> dict[str, JsonValue]:
    function = call.get("function") if isinstance(call, dict) else None
    source = function if isinstance(function, dict) else call if isinstance(call, dict) else {}
    name = source.get("name")
    entry: dict[str, JsonValue] = {"type": "function", "name": name if isinstance(name, str) else ""}
    if isinstance(call, dict) and isinstance(call.get("id"), str | int):
        entry["id"] = call["id"]
    return {**entry, **outcome}


def _run(call: JsonValue) -> dict[str, JsonValue]:
    if not isinstance(call, dict):
        return _entry(call, {"error": "a tool call must be an object with a function"})
    function = call.get("function")
    source = function if isinstance(function, dict) else call
    name = source.get("name")
    if not isinstance(name, str) or not name:
        return _entry(call, {"error": "the call names no tool"})
    tool = _BY_NAME.get(name)
    if tool is None:
        return _entry(call, {"error": f"there is no tool {name[:60]}; there are {', '.join(_BY_NAME)}"})
    arguments = source.get("arguments")
    if isinstance(arguments, str):
        try:
            arguments = json.loads(arguments) if arguments.strip() else {}
        except (ValueError, RecursionError) as error:
            return _entry(call, {"error": f"the arguments of {name} are not JSON: {error}"})
    if arguments is None:
        arguments = {}
    if not isinstance(arguments, dict):
        return _entry(call, {"error": f"the arguments of {name} must be an object"})
    found = schema.fault(arguments, tool.parameters, "the arguments")
    if found:
        return _entry(call, {"error": f"{name}: {found}"})
    if any(isinstance(value, str) and len(value) > _MOST_TEXT for value in arguments.values()):
        return _entry(call, {"error": f"{name}: a text is longer than {_MOST_TEXT} characters"})
    declared = tool.parameters["properties"]
    assert isinstance(declared, dict)
    for key, value in arguments.items():
        field = declared[key]
        if isinstance(value, float) and isinstance(field, dict) and field.get("type") == "integer":
            arguments[key] = int(value)
    try:
        return _entry(call, {"output": tool.function(**arguments)})
    except (ColorError, texts.TextError) as error:
        return _entry(call, {"error": f"{name}: {error}"})
