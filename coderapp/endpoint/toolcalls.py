"""Decides whether a prompt is a job for one of the request's tools, and says what a tool's result means."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from coderapp.core.message import JsonValue
from coderapp.endpoint import schema
from coderapp.endpoint.arguments import Arguments, read_arguments
from coderapp.endpoint.replies import ToolCall
from coderapp.endpoint.requests import ChatRequest, ToolResult
from coderapp.endpoint.wishes import ends_of
from coderapp.endpoint.words import STOP_WORDS, terms, words

_THRESHOLD = 2.2
_MOST_CALLS = 4
_MOST_SHOWN = 600


@dataclass(frozen=True, slots=True)
class _Candidate:
    """`literal`: the prompt spells the tool's name. `named`: it has all words of it. `sound`: the arguments satisfy the
    schema.
    """

    name: str
    score: float
    literal: bool
    named: bool
    arguments: Arguments
    sound: bool


def choose_calls(request: ChatRequest) -> tuple[ToolCall, ...]:
    """The calls that answer the last user turn; none where it is not a job for the tools, or where their results
    have just come.
    """
    choice = request.tool_choice
    if not request.tools or choice == "none" or request.results:
        return ()
    prompt = next((turn.text for turn in reversed(request.turns) if turn.role == "user"), "")
    candidates = [_weigh(tool, prompt) for tool in request.tools]
    if choice not in ("auto", "required"):
        chosen = [each for each in candidates if each.name == choice][:1]
    elif choice == "required":
        chosen = [max(candidates, key=lambda each: each.score)]
    else:
        chosen = _suitable(candidates)
    return tuple(ToolCall(each.name, json.dumps(each.arguments.all, ensure_ascii=False)) for each in chosen)


def _suitable(candidates: Sequence[_Candidate]) -> list[_Candidate]:
    fit = [
        each
        for each in candidates
        if each.sound and each.score >= _THRESHOLD and (each.literal or not each.arguments.filled)
    ]
    if not fit:
        return []
    best = max(fit, key=lambda each: each.score)
    others = [each for each in fit if each is not best and each.named and not each.arguments.filled]
    return [best, *others][:_MOST_CALLS]


def _weigh(tool: Mapping[str, JsonValue], prompt: str) -> _Candidate:
    function = tool["function"]
    assert isinstance(function, dict)
    name = str(function["name"])
    declared = function.get("parameters")
    parameters = declared if isinstance(declared, dict) else {}
    description = function.get("description")
    prompt_ends = ends_of(prompt)
    arguments = read_arguments(parameters, prompt_ends if len(prompt) > 100_000 else prompt)
    sound = schema.fault(arguments.all, parameters, "the arguments") is None
    said = set(words(prompt_ends))
    spoken = name.replace("_", " ").replace("-", " ").replace(".", " ")
    own = set(terms(spoken)) or set(words(spoken))
    about = set(terms(description)) if isinstance(description, str) else set()
    properties = parameters.get("properties")
    fields = set(words(" ".join(properties).replace("_", " "))) if isinstance(properties, dict) else set()
    fields |= {
        word
        for field in (properties.values() if isinstance(properties, dict) else ())
        if isinstance(field, dict) and isinstance(field.get("description"), str)
        for word in terms(str(field["description"]))
    }
    said_terms = {word for word in said if word not in STOP_WORDS}
    score = 3.0 * len(own & said) / max(len(own), 1)
    score += 0.6 * min(len((about - own) & said_terms), 3)
    score += 0.3 * min(len((fields - own - about) & said_terms), 3)
    if arguments.found and not arguments.filled:
        score += 0.8
    literal = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", prompt_ends, re.IGNORECASE) is not None
    if literal:
        score += 3.0
    return _Candidate(name, score, literal, literal or own <= said, arguments, sound)


def sentence_for(results: Sequence[ToolResult]) -> str:
    """What the tools gave, in sentences."""
    return "\n\n".join(_sentence(result) for result in results)


def _sentence(result: ToolResult) -> str:
    name = result.name or "The tool"
    text = result.content.strip()
    if not text:
        return f"{name} gave an empty result."
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return f"{name} answered: {_short(text)}"
    if isinstance(value, dict) and set(value) >= {"output"} and isinstance(value["output"], dict):
        value = value["output"]
    if isinstance(value, dict) and isinstance(value.get("error"), str):
        return f"{name} failed: {_short(value['error'])}"
    if isinstance(value, dict) and value:
        facts = [fact for key, each in value.items() for fact in _facts(key, each)]
        return f"{name} found {_short('; '.join(facts))}."
    return f"{name} answered: {_short(_spoken(value))}"


def _facts(key: str, value: JsonValue) -> list[str]:
    label = key.replace("_", " ")
    if isinstance(value, dict):
        return [f"{label}: {fact}" for inner, each in value.items() for fact in _facts(inner, each)]
    return [f"{label} {_spoken(value)}"]


def _spoken(value: JsonValue) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if value is None:
        return "nothing"
    if isinstance(value, list):
        simple = [_spoken(each) for each in value[:12] if not isinstance(each, dict | list)]
        named = [
            str(each.get("hex") or each.get("message") or each.get("name"))
            for each in value[:12]
            if isinstance(each, dict)
        ]
        shown = ", ".join([*simple, *(each for each in named if each != "None")])
        return shown or f"{len(value)} entries"
    if isinstance(value, dict):
        return f"{len(value)} fields"
    return str(value)


def _short(text: str) -> str:
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 1] + "…"
