"""What a foreign conversation holds besides what its importer understands: texts, which are kept beside it as they
came, and parameters, which have a place here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from coderapp.core.errors import ParameterError
from coderapp.core.message import FilePart, JsonValue, ReasoningPart, TextPart, ToolCallPart, ToolResultPart
from coderapp.core.parameters import BY_NAME
from coderapp.exchange.importers.found import PLACING, FoundConversation
from coderapp.exchange.importers.values import JsonObject, clean, mapping

MOST = 200_000
"""Characters that are kept beside a conversation; what is more is counted."""

SEARCHED = 2_000_000
"""Characters of a conversation up to which a text is looked for inside of others, as in the arguments of a call."""

NAMED = PLACING | {"name", "label", "display_name", "modelLabel", "modelName", "model_name", "mime_type", "language"}
"""Fields whose few words nobody wrote."""

WORDED = {
    "summary", "notes", "note", "comment", "feedback", "description", "title", "caption", "query", "text", "content",
    "prompt", "instruction", "instructions", "output", "stdout", "stderr", "code", "result", "followUps", "follow_ups",
    "transcript", "extracted_content", "systemPrompt", "system", "error", "url", "uri", "link", "href",
    "user_profile", "user_instructions", "about_user_message", "about_model_message",
}  # fmt: skip
"""Fields in which also a single word was written by somebody, or leads somewhere."""

SAMPLED = ("temperature", "top_p", "max_tokens", "frequency_penalty", "presence_penalty", "seed", "stop")

_WORD = re.compile(r"[^\W\d_]{2,}")


def left_over(value: JsonValue, found: FoundConversation) -> dict[str, list[str]]:
    """The texts that are nowhere in what was found, by the fields that they stand in. One word says something in the
    fields of WORDED only: most others hold kinds and states.
    """
    whole = "\n".join(_told(found))
    lines = {_flat(line) for line in whole.splitlines()}
    kept: dict[str, list[str]] = {}
    for name, text in _texts(value):
        if not (text.strip() if name in WORDED else name not in NAMED and " " in text and _says_something(text)):
            continue
        if text.startswith("data:"):
            continue  # told as a picture or recording
        text = clean(text)
        if all(_flat(line) in lines for line in text.splitlines()):
            continue
        if len(whole) <= SEARCHED and (text.strip() in whole or json.dumps(text, ensure_ascii=False)[1:-1] in whole):
            continue
        kept.setdefault(name[:60], []).append(text)
    return kept


def bounded(kept: dict[str, list[str]]) -> JsonObject:
    """As much of it as is kept."""
    room = MOST
    made: JsonObject = {}
    for name, texts in kept.items():
        fit: list[JsonValue] = []
        for text in texts:
            if len(text) <= room:
                room -= len(text)
                fit.append(text)
        if fit:
            made[name] = fit
    return made


def parameters_in(value: JsonObject) -> dict[str, JsonValue]:
    """Those that were set for the conversation and mean the same here; the first place that names one counts."""
    chat = mapping(value.get("chat"))
    made: dict[str, JsonValue] = {}
    for holder in (value, *(mapping(place.get(name)) for place in (value, chat) for name in ("params", "settings"))):
        for name in SAMPLED:
            if name in made or holder.get(name) is None:
                continue
            try:
                made[name] = BY_NAME[name].validate(holder[name])
            except ParameterError:
                continue
    return made


def _told(found: FoundConversation) -> Iterator[str]:
    yield from (found.title, found.system_prompt, found.folder, *found.tags)
    for message in found.messages:
        for part in message.parts:
            match part:
                case TextPart(text) | ReasoningPart(text):
                    yield text
                case FilePart(name, _, text):
                    yield name
                    yield text
                case ToolCallPart(_, name, text) | ToolResultPart(_, name, text):
                    yield name
                    yield text


def _texts(value: JsonValue) -> Iterator[tuple[str, str]]:
    """(the field that it stands in, the text) at any depth."""
    waiting: list[tuple[str, JsonValue]] = [("", value)]
    while waiting:
        name, item = waiting.pop()
        if isinstance(item, str):
            yield name, item
        elif isinstance(item, list):
            waiting.extend((name, inner) for inner in reversed(item))
        elif isinstance(item, dict):
            repeats = isinstance(item.get("content"), list)  # then the text beside it says the same once more
            waiting.extend((key, inner) for key, inner in reversed(item.items()) if key != "text" or not repeats)


def _says_something(text: str) -> bool:
    """Two words with letters."""
    found = _WORD.finditer(text, 0, 2000)
    return next(found, None) is not None and next(found, None) is not None


def _flat(line: str) -> str:
    return " ".join(line.split())
