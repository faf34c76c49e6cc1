"""What the index holds of a message: its words, and tokens of our own about it that filters look for."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from coderapp.core.message import FilePart, Message, ReasoningPart, TextPart, ToolCallPart, ToolResultPart

MOST_TEXT = 1_000_000
"""Characters of a message that are searched; the rest of a longer one (a log that was attached) is not."""

LanguageOf = Callable[[str], str]
"""The name of a language from what stands behind a fence."""

_FENCE = re.compile(r"^[ \t>]*(?:(?:[-*+]|\d{1,9}[.)])[ \t>]+)*(?:`{3,}|~{3,})[ \t]*([^\s`{]*)", re.MULTILINE)
# Code by its indentation, where no list is that things stand indented in.
_INDENTED = re.compile(r"\n[ \t]*\n(?: {4}|\t)[ \t]*\S")
_LIST = re.compile(r"^[ \t>]*(?:[-*+]|\d{1,9}[.)])[ \t]", re.MULTILINE)


_SPELLED = "\ufdd0"
"""Before an id that is spelled out; no character of any text."""


@dataclass(frozen=True, slots=True)
class Row:
    """`id` is as stored_id gives it. `labels` are (kind, name): the model, the languages of its code. `marks` are
    tokens for the other filters.
    """

    id: str
    role: str
    created: float
    text: str
    marks: str
    labels: tuple[tuple[str, str], ...] = ()


def row_of(message: Message, *, starred: bool, language_of: LanguageOf) -> Row:
    texts: list[str] = []
    said: list[str] = []
    thoughts: list[str] = []
    marks = ["isstarred"] if starred else []
    marks += ["all", f"role{message.role.value}"]
    languages: set[str] = set()
    for part in message.parts:
        match part:
            case TextPart(text):
                texts.append(text)
                said.append(text)
            case ReasoningPart(text):
                thoughts.append(text)
                marks.append("hasreasoning")
            case FilePart(name, _, text):
                texts.append(f"{name}\n{text}")
                marks.append("hasfile")
                if language := _of_file(name, language_of):
                    languages.add(language)
                    marks += ["hascode"] if language != "markdown" else []
            case ToolCallPart(_, name, arguments):
                texts.append(f"{name} {arguments}")
                marks.append("hastool")
            case ToolResultPart(_, name, content):
                texts.append(f"{name}\n{content}")
                marks.append("hastool")
    text = "\n\n".join([*texts, *thoughts])[:MOST_TEXT]
    labels: list[tuple[str, str]] = []
    if message.generation is not None and message.generation.model:
        labels.append(("model", storable(message.generation.model)))
    if "```" in text or "~~~" in text:
        fences = {info for info in _FENCE.findall(text) if len(info) <= 40}
        languages |= {language_of(info) for info in fences if info}
        if fences:
            marks.append("hascode")
    if "hascode" not in marks and any(_INDENTED.search(text) and not _LIST.search(text) for text in said):
        marks.append("hascode")
    labels += [("lang", language) for language in sorted(languages)]
    marks = list(dict.fromkeys(marks))
    return Row(
        stored_id(message.id), message.role.value, message.created, storable(text), " ".join(marks), tuple(labels)
    )


def _of_file(name: str, language_of: LanguageOf) -> str:
    """The language of a file by its name, "" where that says none."""
    stem, dot, ending = name.rpartition(".")
    language = language_of(f"file.{ending}" if dot and stem else name)
    return "" if "." in language or language in ("text", name.lower()) else language


def stored_id(message_id: str) -> str:
    """The id as a database takes it: one with half a character in it is spelled out, so that a hit still opens it."""
    if not message_id.startswith(_SPELLED) and storable(message_id) == message_id:
        return message_id
    return _SPELLED + message_id.encode("utf-8", "surrogatepass").hex()


def id_of(stored: str) -> str:
    """Raises ValueError where it is none of `stored_id`."""
    if not stored.startswith(_SPELLED):
        return stored
    return bytes.fromhex(stored.removeprefix(_SPELLED)).decode("utf-8", "surrogatepass")


def storable(text: str) -> str:
    """Without halves of characters, which can't be written to a database."""
    return text if text.isascii() else text.encode("utf-8", "replace").decode()
