"""A conversation as it is read from top to bottom: sections of messages, each with its author, facts and pieces."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from coderapp.core.attachments import shown_name
from coderapp.core.conversation import ROOT, UNTITLED, Conversation
from coderapp.core.errors import in_words
from coderapp.core.exporting import ExportOptions
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    JsonValue,
    Message,
    ReasoningPart,
    Role,
    TextPart,
    ToolCallPart,
    ToolResultPart,
)
from coderapp.text.blocks import Block, CodeBlock
from coderapp.text.prompt import prompt_blocks

AUTHORS = {Role.USER: "You", Role.SYSTEM: "System", Role.TOOL: "Tool", Role.ASSISTANT: "Answer"}

_ENDINGS = {
    FinishReason.LENGTH: "Cut at the token limit.",
    FinishReason.CONTENT_FILTER: "Cut by the server's content filter.",
    FinishReason.STOPPED: "Stopped by the user.",
    FinishReason.INTERRUPTED: "Interrupted when the program ended.",
}


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a message. `source` is its text as it is kept; `title` names what is not the message's own words."""

    source: str
    title: str = ""
    file_name: str = ""
    language: str = ""
    is_words: bool = False
    is_thought: bool = False
    is_prompt: bool = False

    def blocks(self) -> list[Block]:
        """What a person typed is shown as it was typed; what a model wrote is Markdown."""
        if not (self.is_words or self.is_thought):
            return [self.code()]
        if self.is_prompt:
            return prompt_blocks(self.source)
        from coderapp.text.stream import parse

        return parse(self.source)

    def code(self) -> CodeBlock:
        lines = self.source.replace("\r\n", "\n").split("\n")
        if len(lines) > 1 and not lines[-1]:
            lines.pop()
        return CodeBlock(self.language or "text", lines)


@dataclass(frozen=True, slots=True)
class Entry:
    """A message as it is shown. `number` counts along its path; versions of one message share it. `ending` is a
    sentence where an answer did not end by itself, `facts` how it came about.
    """

    message: Message
    number: int
    author: str
    when: str
    version: str
    pieces: tuple[Piece, ...]
    ending: str = ""
    facts: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Section:
    """The path that is shown, without a title, or another branch from where it leaves those before."""

    title: str
    entries: tuple[Entry, ...]


def title_of(conversation: Conversation) -> str:
    """One line."""
    return " ".join(conversation.title.split()) or UNTITLED


def moment(seconds: float) -> str:
    """Like 2026-11-22 17:03, in local time; "" for none, or one that no calendar has."""
    if not seconds:
        return ""
    try:
        return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
    except (OverflowError, OSError, ValueError):
        return ""


def models(conversation: Conversation) -> list[str]:
    """That answered on the path that is shown, each once."""
    found = (message.generation.model for message in conversation.path() if message.generation)
    return list(dict.fromkeys(model for model in found if model))


def transcript(conversation: Conversation, options: ExportOptions) -> list[Section]:
    """Each message once: the path that is shown, then, if wanted, every other branch."""
    path = _below(conversation, ROOT)
    sections = [Section("", tuple(_entries(conversation, path, 1, options)))]
    if not options.branches:
        return sections
    waiting = [(path, 1)]
    while waiting:
        line, first = waiting.pop()
        further: list[tuple[list[Message], int]] = []
        for number, message in enumerate(line, first):
            if number == first and line is not path:
                continue  # its siblings were seen from the branch that it leaves
            siblings = conversation.children[conversation.parents[message.id]]
            for place, sibling in enumerate(siblings):
                if sibling == message.id:
                    continue
                branch = [conversation.messages[sibling], *_below(conversation, sibling)]
                title = f"Message {number}, version {place + 1} of {len(siblings)}"
                sections.append(Section(title, tuple(_entries(conversation, branch, number, options))))
                further.append((branch, number))
        waiting += further
    return sections


def single_entry(message: Message, options: ExportOptions) -> Entry:
    """Of a message that stands alone."""
    facts = tuple(_facts(message.generation)) if options.details and message.generation else ()
    return Entry(
        message,
        1,
        _author(message),
        moment(message.created),
        "",
        tuple(_pieces(message, options)),
        _ending(message),
        facts,
    )


def _below(conversation: Conversation, node: str) -> list[Message]:
    found = []
    while (child := conversation.chosen.get(node)) is not None:
        found.append(conversation.messages[child])
        node = child
    return found


def _entries(
    conversation: Conversation, line: Iterable[Message], first: int, options: ExportOptions
) -> Iterator[Entry]:
    for number, message in enumerate(line, first):
        branch = conversation.branch(message.id)
        version = f"version {branch.place + 1} of {branch.of}" if options.branches and branch.of > 1 else ""
        yield replace(single_entry(message, options), number=number, version=version)


def _author(message: Message) -> str:
    generation = message.generation
    if message.role is Role.ASSISTANT and generation and (generation.model or generation.profile):
        return shown_name(generation.model or generation.profile)
    return AUTHORS[message.role]


def _pieces(message: Message, options: ExportOptions) -> Iterator[Piece]:
    prompt = message.role in (Role.USER, Role.SYSTEM)
    for part in _joined(message):
        match part:
            case TextPart(text) if text.strip():
                yield Piece(text, is_words=True, is_prompt=prompt)
            case ReasoningPart(text) if text.strip() and options.reasoning:
                yield Piece(text, "Thoughts", is_thought=True)
            case FilePart(name, _, text):
                shown = shown_name(name)
                yield Piece(text, f"Attached: {shown}", shown, _language(shown))
            case ToolCallPart(_, name, arguments):
                yield Piece(_pretty(arguments), f"Calls the tool {shown_name(name)}", language="json")
            case ToolResultPart(_, name, content):
                yield Piece(content, f"Result of the tool {shown_name(name)}", language=_data_language(content))
            case _:
                pass


def _joined(message: Message) -> Iterator[object]:
    """The parts, with neighbouring texts in one piece: they are one text to whoever reads."""
    text = thought = ""
    for part in message.parts:
        if isinstance(part, TextPart):
            if thought:
                yield ReasoningPart(thought)
            text, thought = text + part.text, ""
            continue
        if text:
            yield TextPart(text)
        text = ""
        if isinstance(part, ReasoningPart):
            thought += part.text
            continue
        if thought:
            yield ReasoningPart(thought)
        thought = ""
        yield part
    if text:
        yield TextPart(text)
    if thought:
        yield ReasoningPart(thought)


def _language(file_name: str) -> str:
    """By the ending of its name."""
    from coderapp.text.languages import fence

    stem, dot, ending = file_name.rpartition(".")
    return fence(f"file.{ending}" if dot and stem else file_name.strip(".")).language.name


def _pretty(arguments: str) -> str:
    """JSON text, indented; as it came where it does not parse."""
    try:
        return json.dumps(json.loads(arguments or "{}"), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return arguments


def _data_language(content: str) -> str:
    try:
        json.loads(content)
    except (ValueError, RecursionError):
        return ""
    return "json"


def _ending(message: Message) -> str:
    generation = message.generation
    if generation is None:
        return ""
    if (problem := generation.problem) is not None:
        return in_words(problem.sentence, "")  # the reply as it came is not for other people
    if generation.finish is None:
        return "This answer was still being written."
    return _ENDINGS.get(generation.finish, "")


def _facts(generation: Generation) -> Iterator[str]:
    if generation.profile and generation.model:
        yield f"profile {shown_name(generation.profile)}"
    for name, value in generation.parameters.items():
        yield f"{shown_name(name)} {value_words(value)}"
    usage = generation.usage
    if usage.input_tokens is not None:
        yield f"{usage.input_tokens:,} tokens in"
    if usage.output_tokens is not None:
        yield f"{usage.output_tokens:,} tokens out"
    if generation.duration is not None:
        yield f"{generation.duration:.1f} s"


def value_words(value: JsonValue) -> str:
    """A parameter's value in one line, shortened."""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    line = " ".join(text.split())
    return line if len(line) <= 60 else f"{line[:59]}…"


def settings_facts(conversation: Conversation) -> Sequence[str]:
    """What is set for the conversation as a whole."""
    return [f"{shown_name(name)} {value_words(value)}" for name, value in conversation.parameters.items()]
