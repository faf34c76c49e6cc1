"""Lists that endpoints give: models, tools, and the results of tool calls. JSON values in, ours out."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from coderapp.api.client import Tool
from coderapp.api.decoding import clean, encode_json
from coderapp.api.failures import Site
from coderapp.core.message import JsonValue, ToolCallPart, ToolResultPart


def models_in(value: JsonValue, site: Site, raw: bytes) -> tuple[str, ...]:
    """OpenAI's `{"data": [{"id"}]}`, Ollama's `{"models": [{"name"}]}`, or a bare list. Raises BadReply."""
    entries = _entries(value, ("data", "models"), site, "models", raw)
    names = (_first_text(entry, ("id", "name", "model")) for entry in entries)
    return tuple(dict.fromkeys(site.redact.answer(name) for name in names if name))


def tools_in(value: JsonValue, site: Site, raw: bytes) -> tuple[Tool, ...]:
    """From `{"tools": […]}`, `{"output": […]}`, `{"data": […]}` or a bare list; bare functions are wrapped. Raises
    BadReply if there are entries and none is a tool.
    """
    entries = _entries(value, ("tools", "output", "data"), site, "tools", raw)
    tools = tuple(tool for entry in entries if (tool := _tool(entry)) is not None)
    if entries and not tools:
        raise site.bad_reply("sent a list of tools in which there is none", raw)
    try:
        return tuple(_erased_object(tool, site.redact.answer) for tool in tools)
    except RecursionError:
        raise site.bad_reply("sent tools that are nested too deeply", raw) from None


def _erased_object(value: dict[str, JsonValue], erase: Callable[[str], str]) -> dict[str, JsonValue]:
    return {erase(name): _erased(item, erase) for name, item in value.items()}


def _erased(value: JsonValue, erase: Callable[[str], str]) -> JsonValue:
    if isinstance(value, str):
        return erase(value)
    if isinstance(value, list):
        return [_erased(item, erase) for item in value]
    return _erased_object(value, erase) if isinstance(value, dict) else value


def _tool(entry: JsonValue) -> Tool | None:
    if not isinstance(entry, dict):
        return None
    function = entry.get("function") if "function" in entry else {k: v for k, v in entry.items() if k != "type"}
    if not isinstance(function, dict) or not isinstance(function.get("name"), str) or not function["name"]:
        return None
    if not isinstance(function.get("parameters", {}), dict):
        return None
    return {"type": "function", "function": function}


def results_in(value: JsonValue, calls: Sequence[ToolCallPart], site: Site, raw: bytes) -> tuple[ToolResultPart, ...]:
    """One result for each call: by the call's id where the entry has it, else the next entry of the tool's name."""
    left = list(_entries(value, ("output", "results", "tools"), site, "results", raw))
    found = []
    for call in calls:
        entry = _take(left, call)
        content = _content(entry) if entry is not None else '{"error": "the server gave no result for this call"}'
        found.append(ToolResultPart(call.id, call.name, site.redact.answer(content)))
    return tuple(found)


def _take(left: list[JsonValue], call: ToolCallPart) -> dict[str, JsonValue] | None:
    named = [entry for entry in left if isinstance(entry, dict) and _called(entry) in (call.name, "")]
    ids = ("id", "tool_call_id", "call_id")
    best = next((entry for entry in named if call.id and _first_text(entry, ids) == call.id), None)
    best = best or next((entry for entry in named if _called(entry) == call.name), None) or next(iter(named), None)
    if best is not None:
        left.remove(best)
    return best


def _called(entry: dict[str, JsonValue]) -> str:
    function = entry.get("function")
    return _first_text(function if isinstance(function, dict) else entry, ("name",))


def _content(entry: dict[str, JsonValue]) -> str:
    for name in ("output", "result", "content", "response"):
        if name in entry:
            value = entry[name]
            return clean(value) if isinstance(value, str) else encode_json(value).decode()
    about = ("type", "name", "id", "tool_call_id", "call_id", "function")
    return encode_json({name: value for name, value in entry.items() if name not in about}).decode()


def _entries(value: JsonValue, names: tuple[str, ...], site: Site, what: str, raw: bytes) -> list[JsonValue]:
    if isinstance(value, dict):
        value = next((value[name] for name in names if isinstance(value.get(name), list)), None)
    if not isinstance(value, list):
        raise site.bad_reply(f"sent no list of {what}", raw)
    return value


def _first_text(entry: JsonValue, names: tuple[str, ...]) -> str:
    if isinstance(entry, str):
        return clean(entry)
    if isinstance(entry, dict):
        for name in names:
            text = entry.get(name)
            if isinstance(text, str) and text:
                return clean(text)
    return ""
