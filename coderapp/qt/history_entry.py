"""What the list of conversations shows: one conversation, and one group of them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What the list shows of a conversation. `updated` is Unix time; `problem` a sentence on a file that is damaged or
    of a later version (`newer`); `draft`: something stands in its composer that was not sent;
    `kept_until`: for what is in the trash, when it goes for good.
    """

    id: str
    title: str
    updated: float
    problem: str = ""
    busy: bool = False
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False
    newer: bool = False
    draft: bool = False
    kept_until: float = 0.0


class GroupKind(Enum):
    PINNED = "pinned"
    FOLDER = "folder"
    DAYS = "days"


@dataclass(frozen=True, slots=True)
class HistoryGroup:
    """A header row. `key` names the group in the state of the window; `folder` is "" but for a folder."""

    key: str
    kind: GroupKind
    label: str
    count: int
    collapsed: bool
    folder: str = ""


class Scope(Enum):
    """Which conversations a list is about."""

    CURRENT = "current"
    ARCHIVE = "archive"
    TRASH = "trash"


def described(entry: HistoryEntry) -> str:
    """What a row says by its place and its marks, in words."""
    words = [
        entry.problem,
        "an answer is being written" if entry.busy else "",
        "an unsent draft" if entry.draft else "",
        f"in the folder {entry.folder}" if entry.folder else "",
        f"tags: {', '.join(entry.tags)}" if entry.tags else "",
    ]
    return "; ".join(word for word in words if word)


def header_described(group: HistoryGroup) -> str:
    many = "1 conversation" if group.count == 1 else f"{group.count} conversations"
    kind = "Folder " if group.folder else ""
    return f"{kind}{group.label}, {many}, {'collapsed' if group.collapsed else 'expanded'}"
