"""What an importer finds: a conversation in the words of its source, before it is one of ours."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from coderapp.core.attachments import longest_run, shown_name, size_words
from coderapp.core.message import (
    FilePart,
    FinishReason,
    Generation,
    JsonValue,
    Part,
    ReasoningPart,
    Role,
    TextPart,
    TokenUsage,
)
from coderapp.exchange.importers.values import JsonObject, as_json, clean, has_words, line_of, text_of

LARGE_DATA = 16_384
"""Characters of a picture or the like, written as text, from which it is left out: a conversation of ours is text."""


LONGEST = 1_000_000
"""Characters of a line that are looked at."""

PLACING = {
    "id", "uuid", "messageId", "parent", "parentId", "parentMessageId", "parent_message_uuid", "children",
    "childrenIds", "conversationId", "role", "sender", "from", "author", "model", "created_at", "updated_at",
    "createdAt", "updatedAt", "timestamp", "type", "senderInfo", "user", "status", "currentlySelected",
}  # fmt: skip
"""Fields of a message that place it; there are no words in them that somebody wrote."""


@dataclass(slots=True)
class FoundMessage:
    """`id` is the source's, "" where it has none. `parent` is the id of the message before it, "" for a first one, and
    None where the order of the list says it.
    """

    id: str
    parent: str | None
    role: Role
    parts: tuple[Part, ...]
    created: float = 0.0
    generation: Generation | None = None
    starred: bool = False


@dataclass(slots=True)
class FoundConversation:
    """`leaf` is the id of the message that the active path ends with, "" where the source does not tell. `raw` counts
    what is kept as raw text, by what it was; `left_out` what is not here, by what it was. `odd` are fields of a wrong
    type with words in them: `keep_odd` makes a message of them.
    """

    source: str
    id: str = ""
    title: str = ""
    created: float = 0.0
    updated: float = 0.0
    system_prompt: str = ""
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    messages: list[FoundMessage] = field(default_factory=list)
    leaf: str = ""
    odd: list[tuple[str, JsonValue]] = field(default_factory=list)
    raw: Counter[str] = field(default_factory=Counter)
    left_out: Counter[str] = field(default_factory=Counter)

    def line(self, what: str, value: JsonValue, most: int = 300) -> str:
        """One line of a text; one that is too long, and anything else with words in it, is kept."""
        line = line_of(value, LONGEST)
        if len(line) > most or (not isinstance(value, str | int | float) and has_words(value)):
            self.odd.append((what, value))
        return line[:most]

    def words(self, what: str, value: JsonValue) -> str:
        """A text; anything else with words in it is kept."""
        if not isinstance(value, str) and has_words(value):
            self.odd.append((what, value))
        return text_of(value) if isinstance(value, str) else ""

    def move_up(self, skipped: Mapping[str, str | None]) -> None:
        """Messages whose parents were passed over (id → the parent's own parent) follow what stood before those."""
        for message in self.messages:
            message.parent = above(message.parent, skipped)

    def keep_odd(self) -> None:
        """At the end, after the message that the path ends with."""
        if self.odd:
            parts = Parts(self)
            for what, value in self.odd:
                parts.raw(value, what)
            above = self.leaf or (self.messages[-1].id if self.messages else "")
            self.messages.append(FoundMessage("kept-as-it-came", above or None, Role.SYSTEM, parts.done()))
            self.odd = []


def above(parent: str | None, skipped: Mapping[str, str | None]) -> str | None:
    """The nearest that was not passed over. A ring of those that were ends anywhere."""
    steps = 0
    while parent is not None and parent in skipped and steps <= len(skipped):
        parent, steps = skipped[parent], steps + 1
    return parent


class Parts:
    """Gathers what a message is made of. Texts that follow each other become one, a blank line between them."""

    def __init__(self, conversation: FoundConversation) -> None:
        self._conversation = conversation
        self._files: list[FilePart] = []
        self._thoughts: list[str] = []
        self._texts: list[str] = []

    def text(self, text: str) -> None:
        text = clean(text)
        if text.strip():
            self._texts.append(text)

    def heading(self, text: str) -> None:
        """Stands before the texts so far."""
        self._texts.insert(0, clean(text))

    def thought(self, text: str) -> None:
        text = clean(text)
        if text.strip():
            self._thoughts.append(text)

    def code(self, code: str, language: str = "", heading: str = "") -> None:
        """In a fence that nothing in it can close."""
        code = clean(code)
        if not code.strip():
            return
        fence = "`" * max(3, longest_run(code, "`") + 1)
        word = "".join(letter for letter in language if letter.isalnum() or letter in "+-#._")[:30]
        head = f"{heading}\n\n" if heading else ""
        self._texts.append(f"{head}{fence}{word}\n{code}{'' if code.endswith(chr(10)) else chr(10)}{fence}")

    def file(self, name: str, media_type: str, text: str) -> None:
        self._files.append(FilePart(shown_name(clean(name)), line_of(media_type, 100), clean(text)))

    def raw(self, value: JsonValue, what: str) -> None:
        """What can't be understood, as it came."""
        self._conversation.raw[line_of(what, 60) or "unknown content"] += 1
        text = value if isinstance(value, str) else as_json(value)
        if len(text) > LARGE_DATA:
            self.file(f"{line_of(what, 60) or 'unknown'}.json", "application/json", text)
        else:
            self.code(text, "json", f"Kept as it came: {line_of(what, 60) or 'unknown content'}.")

    def or_raw(self, value: JsonObject, what: str, *contents: str) -> None:
        """The whole value where it said nothing and has none of the fields that could have."""
        if self.is_empty and not any(name in value for name in contents):
            rest: JsonValue = {name: item for name, item in value.items() if name not in PLACING}
            if has_words(rest):
                self.raw(value, what)

    def picture(self, address: str, what: str = "picture") -> None:
        """A picture or a sound is named; its bytes are not kept."""
        address = clean(address).strip()
        if address.startswith("data:") or len(address) > 2000:
            kind = address[5:].partition(";")[0][:60] if address.startswith("data:") else ""
            size = size_words(len(address) * 3 // 4)
            self.missing(what, f"{kind}, {size}" if kind else size)
        elif address:
            self.missing(what, address)
        else:
            self.missing(what, "")

    def missing(self, what: str, name: str) -> None:
        """Something that the file only names, or that is no text."""
        self._conversation.left_out[what] += 1
        name = line_of(name, 500)
        self._texts.append(f"[{what}{': ' if name else ''}{name}]")

    @property
    def is_empty(self) -> bool:
        return not (self._files or self._thoughts or self._texts)

    @property
    def count(self) -> int:
        """How many texts, thoughts and files there are so far."""
        return len(self._files) + len(self._thoughts) + len(self._texts)

    @property
    def everything(self) -> str:
        """All texts and thoughts so far."""
        return "\n\n".join([*self._thoughts, *self._texts])

    def done(self) -> tuple[Part, ...]:
        parts: list[Part] = [*self._files]
        if self._thoughts:
            parts.append(ReasoningPart("\n\n".join(self._thoughts)))
        if self._texts:
            parts.append(TextPart("\n\n".join(self._texts)))
        return tuple(parts)


def answered(
    model: str = "",
    *,
    started: float = 0.0,
    duration: float | None = None,
    first_token_after: float | None = None,
    usage: TokenUsage | None = None,
    finish: FinishReason = FinishReason.STOP,
) -> Generation:
    """How an answer came about, as far as its source tells. It has an end: nothing is under way in an import."""
    return Generation(
        model=line_of(model, 200),
        started=started,
        duration=duration,
        first_token_after=first_token_after,
        usage=usage or TokenUsage(),
        finish=finish,
    )


ROLES = {
    "system": Role.SYSTEM,
    "developer": Role.SYSTEM,
    "user": Role.USER,
    "human": Role.USER,
    "prompter": Role.USER,
    "assistant": Role.ASSISTANT,
    "ai": Role.ASSISTANT,
    "bot": Role.ASSISTANT,
    "gpt": Role.ASSISTANT,
    "model": Role.ASSISTANT,
    "tool": Role.TOOL,
    "function": Role.TOOL,
    "observation": Role.TOOL,
}
"""The words for who speaks."""


def role_of(value: JsonValue) -> Role | None:
    return ROLES.get(value.strip().lower()) if isinstance(value, str) else None
