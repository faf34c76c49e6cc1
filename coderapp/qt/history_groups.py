"""In which group of the list a conversation stands, and at which row: what `history_model` tells Qt about."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import accumulate
from math import inf

from coderapp.qt.history_days import Days, label
from coderapp.qt.history_entry import GroupKind, HistoryEntry, HistoryGroup, Scope

PINNED = "pinned"
FOLDER = "folder:"

Member = tuple[float, str]
"""What conversations are sorted by, the newest first; the second is the id."""

Place = tuple[str, Member]
"""The key of a group, and what stands in it."""


@dataclass(slots=True)
class Group:
    """`members` are in their order."""

    key: str
    rank: tuple[int, float, str]
    collapsed: bool
    members: list[Member] = field(default_factory=list)

    @property
    def folder(self) -> str:
        return self.key.removeprefix(FOLDER) if self.key.startswith(FOLDER) else ""

    @property
    def rows(self) -> int:
        return 1 if self.collapsed else 1 + len(self.members)

    def shown(self) -> HistoryGroup:
        if folder := self.folder:
            return HistoryGroup(self.key, GroupKind.FOLDER, folder, len(self.members), self.collapsed, folder)
        kind = GroupKind.PINNED if self.key == PINNED else GroupKind.DAYS
        name = "Pinned" if self.key == PINNED else label(self.key)
        return HistoryGroup(self.key, kind, name, len(self.members), self.collapsed)


class HistoryGroups:
    """The groups in their order. Who changes `members` or `collapsed` calls `recount`."""

    def __init__(self, scope: Scope, days: Days, folders: Mapping[str, int], collapsed: set[str]) -> None:
        """`folders` gives the place of each of the user's folders."""
        self.days = days
        self.groups: list[Group] = []
        self._scope = scope
        self._folders = folders
        self._collapsed = collapsed
        self.row_count = 0
        self._starts = [0]  # the rows of the headers, then how many rows there are

    def fill(self, entries: Mapping[str, HistoryEntry]) -> None:
        """Every conversation that belongs here, and the user's folders, also empty ones."""
        found: dict[str, Group] = {}
        if self._scope is Scope.CURRENT:
            for name in self._folders:
                found[FOLDER + name] = self.new(FOLDER + name)
        members: list[Member] = []
        since = inf  # the last group of days began then: most conversations stand in the group of the one before
        for member in sorted([(-entry.updated, entry.id) for entry in entries.values()]):
            entry = entries[member[1]]
            by_day = not (entry.pinned or entry.folder or entry.archived)
            if by_day and entry.updated >= since:
                members.append(member)
                continue
            key = self.key_of(entry)
            if not key:
                continue
            if key not in found:
                found[key] = self.new(key)
            found[key].members.append(member)
            if by_day:
                members, since = found[key].members, self.days.since(entry.updated)
        self.groups = sorted(found.values(), key=lambda group: group.rank)
        self.recount()

    def recount(self) -> None:
        """At once, and not when it is asked for: a view asks for the number of rows once a row."""
        self._starts = [0, *accumulate(group.rows for group in self.groups)]
        self.row_count = self._starts[-1]

    # where a conversation belongs

    def key_of(self, entry: HistoryEntry) -> str:
        """The key of its group; "" where it does not belong here."""
        if self._scope is Scope.CURRENT:
            if entry.archived:
                return ""
            if entry.pinned:
                return PINNED
            if entry.folder:
                return FOLDER + entry.folder
        elif self._scope is Scope.ARCHIVE and not entry.archived:
            return ""
        return self.days.key(entry.updated)

    def place_of(self, entry: HistoryEntry | None) -> Place | None:
        key = "" if entry is None else self.key_of(entry)
        return (key, (-entry.updated, entry.id)) if entry is not None and key else None

    def new(self, key: str) -> Group:
        if key == PINNED:
            rank: tuple[int, float, str] = (0, 0, "")
        elif key.startswith(FOLDER):
            name = key.removeprefix(FOLDER)
            rank = (1, self._folders.get(name, len(self._folders)), name)
        else:
            rank = (2, self.days.rank[key], "")
        return Group(key, rank, key in self._collapsed)

    def place_for(self, group: Group) -> int:
        """Where a group that is not there yet goes."""
        return bisect_left([other.rank for other in self.groups], group.rank)

    def stays(self, group: Group) -> bool:
        """Also when it is empty: the user's folders do."""
        return bool(group.members) or group.folder in self._folders

    # rows

    def start(self, place: int) -> int:
        """The row of the header of the group at `place`; past the last one, how many rows there are."""
        return self._starts[place]

    def at(self, row: int) -> tuple[Group, int]:
        """The group that a row belongs to, and the place in it: 0 is the header."""
        place = bisect_right(self._starts, row) - 1
        return self.groups[place], row - self._starts[place]

    def find(self, key: str) -> int:
        """-1 where there is no such group."""
        return next((n for n, group in enumerate(self.groups) if group.key == key), -1)

    def row_at(self, place: Place) -> int:
        """The row of what stands at `place`, or would; -1 in a collapsed group."""
        number = self.find(place[0])
        group = self.groups[number]
        return -1 if group.collapsed else self.start(number) + 1 + bisect_left(group.members, place[1])

    def ids(self) -> Iterable[str]:
        """In their order, also in collapsed groups."""
        return (name for group in self.groups for _, name in group.members)
