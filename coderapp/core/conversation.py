"""A conversation: a tree of messages with an active path.

Regenerate adds a sibling, edit a branch; nothing is overwritten.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from coderapp.core.message import FilePart, JsonValue, Message, Role, TextPart

TITLE_LENGTH = 60
"""Characters that a title made from a prompt has at most."""

UNTITLED = "New conversation"

_UNSEEN = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u00ad\u200b\u202a-\u202e\u2060\u2066-\u2069\ufeff\ud800-\udfff]+")
"""White space, control characters, what turns the direction of the text around it, halves of characters."""

_FLAG_LETTERS = "".join(map(chr, range(0x1F1E6, 0x1F200)))
_JOINER = "\u200d"

ROOT = ""
"""The parent of first messages."""


class BranchPosition(NamedTuple):
    """Where a message stands among its siblings: `place` from 0, `of` in all."""

    place: int
    of: int


@dataclass(slots=True)
class Conversation:
    """Everything about one conversation but the open text of the window.

    `parents` maps message id → parent id (ROOT for a first message); children keep the order in which they were
    added; `chosen` maps parent id → the child that the active path takes (by default the newest).
    `parameters` holds only what the user set. `folder` is "" for none; `starred` holds ids of messages. `origin` says
    where an imported conversation came from (see exchange/origin). `read_only` is the sentence why it can't be
    changed, "" where it can. Adding and updating raise ValueError on an unknown parent or message
    or a reused id; questions about a message that is not there raise KeyError.
    """

    id: str
    created: float
    title: str = ""
    titled_by_user: bool = False
    updated: float = 0.0
    profile_id: str = ""
    system_prompt: str = ""
    parameters: dict[str, JsonValue] = field(default_factory=dict)
    draft: str = ""
    draft_files: tuple[FilePart, ...] = ()
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    starred: set[str] = field(default_factory=set)
    origin: dict[str, JsonValue] = field(default_factory=dict)
    read_only: str = ""
    messages: dict[str, Message] = field(default_factory=dict)
    parents: dict[str, str] = field(default_factory=dict)
    children: dict[str, list[str]] = field(default_factory=dict)
    chosen: dict[str, str] = field(default_factory=dict)

    @classmethod
    def restore(
        cls,
        conversation_id: str,
        created: float,
        nodes: Iterable[tuple[str, Message]],
        chosen: Mapping[str, str],
        **fields: object,
    ) -> Conversation:
        """From (parent id, message) pairs, parents first, as a file holds them."""
        conversation = cls(conversation_id, created)
        for parent, message in nodes:
            conversation.add(message, parent=parent)
        conversation.chosen.update(
            {p: child for p, child in chosen.items() if child in conversation.children.get(p, ())}
        )
        for name, value in fields.items():
            setattr(conversation, name, value)
        return conversation

    # growing

    def add(self, message: Message, *, parent: str | None = None) -> None:
        """Adds under `parent` (default: the end of the active path) and makes it the chosen of its siblings.

        It is on the active path if `parent` is.
        """
        parent = self.leaf_id if parent is None else parent
        if message.id in self.messages or message.id == ROOT:
            raise ValueError(f"message id {message.id!r} is in use")
        if parent != ROOT and parent not in self.messages:
            raise ValueError(f"no message {parent!r}")
        self.messages[message.id] = message
        self.parents[message.id] = parent
        self.children.setdefault(parent, []).append(message.id)
        self.chosen[parent] = message.id
        self.updated = max(self.updated, message.created)
        if not self.title and message.role is Role.USER:
            self.title = _title_of(message)

    def add_sibling(self, of: str, message: Message) -> None:
        """Adds beside the message `of`: a regenerated answer, or an edited prompt."""
        self.add(message, parent=self.parents[of])

    def update(self, message: Message) -> None:
        """Replaces the value of a message that is still growing; its place stays."""
        if message.id not in self.messages:
            raise ValueError(f"no message {message.id!r}")
        self.messages[message.id] = message

    def is_blank(self, parameters: Mapping[str, JsonValue]) -> bool:
        """Whether nobody would miss it: no message, nothing written or prepared, and no `parameters` but those that it
        started with.
        """
        written = self.draft.strip() or self.draft_files or self.system_prompt.strip() or self.titled_by_user
        sorted_in = self.folder or self.tags or self.pinned or self.archived or self.origin
        return not (self.messages or written or sorted_in) and self.parameters == dict(parameters)

    # the active path

    @property
    def leaf_id(self) -> str:
        node = ROOT
        while (child := self.chosen.get(node)) is not None:
            node = child
        return node

    def path(self) -> Iterator[Message]:
        """The active path, from the first message to the last."""
        node = ROOT
        while (child := self.chosen.get(node)) is not None:
            yield self.messages[child]
            node = child

    def path_to(self, message_id: str) -> tuple[Message, ...]:
        """From the first message to `message_id`, that one included; empty for ROOT."""
        found = []
        while message_id != ROOT:
            found.append(self.messages[message_id])
            message_id = self.parents[message_id]
        return tuple(reversed(found))

    def branch(self, message_id: str) -> BranchPosition:
        siblings = self.children[self.parents[message_id]]
        return BranchPosition(siblings.index(message_id), len(siblings))

    def sibling(self, message_id: str, step: int) -> str:
        """The id `step` places on among the siblings, held at the ends."""
        siblings = self.children[self.parents[message_id]]
        place = min(max(siblings.index(message_id) + step, 0), len(siblings) - 1)
        return siblings[place]

    def choose(self, message_id: str) -> None:
        """Leads the active path through `message_id`; below it, the branch chosen last."""
        while message_id != ROOT:
            parent = self.parents[message_id]
            self.chosen[parent] = message_id
            message_id = parent

    @property
    def has_branches(self) -> bool:
        """Whether any message has siblings: as many have children as there are messages, where none has."""
        return len(self.messages) > len(self.children)

    def __len__(self) -> int:
        return len(self.messages)


def _title_of(prompt: Message) -> str:
    """From its words; where it has none, from the name of its first file."""
    if prompt.files and not prompt.text.strip():
        return title_from(prompt.files[0].name)
    return title_from(prompt.text)


def title_from(prompt: str) -> str:
    """A one-line title of at most TITLE_LENGTH characters, cut at a word; "New conversation" for blank text."""
    line = _UNSEEN.sub(" ", prompt.lstrip()[:400]).lstrip("#>-*` ").rstrip()
    if len(line) <= TITLE_LENGTH:
        return line or UNTITLED
    cut = line.rfind(" ", TITLE_LENGTH // 2, TITLE_LENGTH)
    kept = line[: cut if cut > 0 else _clean_cut(line, TITLE_LENGTH - 1)].rstrip(" ,.;:")
    return f"{kept}…" if kept else UNTITLED


def _clean_cut(line: str, most: int) -> int:
    """The last place up to `most` that parts no letter from its marks, no emoji from its pieces, no flag in two."""
    from unicodedata import category

    def joined(before: str, after: str) -> bool:
        return (
            _JOINER in (before, after)
            or category(after).startswith("M")
            or "\U0001f3fb" <= after <= "\U0001f3ff"  # skin tones
            or "\U000e0020" <= after <= "\U000e007f"  # tags, as in the flag of Scotland
        )

    cut = most
    while cut > 0 and joined(line[cut - 1], line[cut]):
        cut -= 1
    before = line[:cut]
    if "\U0001f1e6" <= line[cut] <= "\U0001f1ff":
        cut -= (len(before) - len(before.rstrip(_FLAG_LETTERS))) % 2
    return cut or most


def with_text(message: Message, text: str) -> Message:
    """A prompt with other words: parts that are not text stay, files before the words."""
    kept = tuple(part for part in message.parts if not isinstance(part, TextPart))
    first = tuple(part for part in kept if isinstance(part, FilePart))
    rest = tuple(part for part in kept if not isinstance(part, FilePart))
    return replace(message, parts=(*first, TextPart(text), *rest))
