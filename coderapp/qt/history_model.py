"""The list of conversations: pinned ones, folders, then the rest by day, newest first.

Flat: a header row for each group, then its conversations, unless the group is collapsed. A change of one conversation
moves, adds or removes its row alone.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal

from coderapp.qt.history_days import Days
from coderapp.qt.history_entry import GroupKind, HistoryEntry, HistoryGroup, Scope, described, header_described
from coderapp.qt.history_groups import FOLDER, HistoryGroups, Place
from coderapp.qt.tips import plain_tip

ID_ROLE = Qt.ItemDataRole.UserRole + 1
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 2
GROUP_ROLE = Qt.ItemDataRole.UserRole + 3
"""The group that a header is of, or that a conversation stands in."""

MIME = "application/x-coderapp-conversations"
"""What is dragged: ids, one a line."""

FOLDER_MIME = "application/x-coderapp-folder"

ONE_BY_ONE = 16
"""Changes up to which rows are moved one by one; more are shown by a reset, which costs the same for any number."""

LONGEST_DAY = 90_000
"""Seconds, with an hour of summer time given back."""

Index = QModelIndex | QPersistentModelIndex


class HistoryModel(QAbstractListModel):
    """Signal: `collapsed_changed(keys)`: the groups that are collapsed from now on."""

    collapsed_changed = Signal(list)

    def __init__(
        self,
        parent: QObject | None = None,
        *,
        scope: Scope = Scope.CURRENT,
        now: Callable[[], float] = time.time,
    ) -> None:
        super().__init__(parent)
        self._scope = scope
        self._now = now
        self._entries: dict[str, HistoryEntry] = {}
        self._folders: dict[str, int] = {}
        self._collapsed: set[str] = set()
        self._rows = HistoryGroups(scope, Days(now()), self._folders, self._collapsed)

    # the conversations

    def reset(self, entries: Iterable[HistoryEntry]) -> None:
        self._rebuild({entry.id: entry for entry in entries})

    def put(self, entry: HistoryEntry) -> None:
        """Adds an entry or shows it anew, at its place."""
        old = self._entries.get(entry.id)
        if old == entry:
            return
        before, after = self._rows.place_of(old), self._rows.place_of(entry)
        if before is not None and after is not None and before != after:
            self._move(before, after, entry)
            return
        if before is not None and after is None:
            self._take_out(before)
        self._entries[entry.id] = entry
        if before is None and after is not None:
            self._put_in(after)
        else:
            self._touch(self.row_of(entry.id))

    def put_many(self, entries: Iterable[HistoryEntry], removed: Iterable[str] = ()) -> None:
        """`put` for each, and `remove` for those of `removed`."""
        latest = {entry.id: entry for entry in entries}
        put = [entry for name, entry in latest.items() if self._entries.get(name) != entry]
        gone = [name for name in removed if name in self._entries]
        if len(put) + len(gone) <= ONE_BY_ONE:
            for entry in put:
                self.put(entry)
            for conversation_id in gone:
                self.remove(conversation_id)
            return
        if not gone and self._stay(put):
            for entry in put:
                self._entries[entry.id] = entry
            if self.rowCount():
                self.dataChanged.emit(self.index(0), self.index(self.rowCount() - 1))
            return
        known = self._entries | {entry.id: entry for entry in put}
        for conversation_id in gone:
            known.pop(conversation_id, None)
        self._rebuild(known)

    def _stay(self, entries: Iterable[HistoryEntry]) -> bool:
        """Whether all of them are there and stand where they stood: then a view has nothing to lay out."""
        for new in entries:
            old = self._entries.get(new.id)
            if old is None or (old.updated, old.folder, old.pinned, old.archived) != (
                new.updated,
                new.folder,
                new.pinned,
                new.archived,
            ):
                return False
        return True

    def remove(self, conversation_id: str) -> None:
        if (place := self._rows.place_of(self._entries.get(conversation_id))) is not None:
            self._take_out(place)
        self._entries.pop(conversation_id, None)

    def set_busy(self, conversation_id: str, busy: bool) -> None:
        if entry := self._entries.get(conversation_id):
            self.put(replace(entry, busy=busy))

    def get(self, conversation_id: str) -> HistoryEntry | None:
        """Also of one that is not shown: in a collapsed group, or outside of the scope."""
        return self._entries.get(conversation_id)

    def entries(self) -> list[HistoryEntry]:
        """All, in no particular order."""
        return list(self._entries.values())

    def listed(self) -> list[HistoryEntry]:
        """Those of the scope in their order, also in collapsed groups."""
        return [self._entries[name] for name in self._rows.ids()]

    def neighbour(self, conversation_id: str, without: Iterable[str] = ()) -> str:
        """The id of the one that takes its place when this one and those of `without` go; "" where there is none."""
        order = list(self._rows.ids())
        if conversation_id not in order:
            return ""
        at = order.index(conversation_id)
        gone = {conversation_id, *without}
        return next((name for name in [*order[at + 1 :], *reversed(order[:at])] if name not in gone), "")

    # folders, tags, groups

    @property
    def scope(self) -> Scope:
        return self._scope

    def set_scope(self, scope: Scope) -> None:
        if scope is not self._scope:
            self._scope = scope
            self._rebuild()

    @property
    def folders(self) -> list[str]:
        """In their order: first those that were given, then others that conversations name."""
        named = {entry.folder for entry in self._entries.values() if entry.folder}
        return [*self._folders, *sorted(named - self._folders.keys())]

    def set_folders(self, names: Iterable[str]) -> None:
        """The user's folders, in their order; empty ones are shown too."""
        new, old = list(dict.fromkeys(names)), list(self._folders)
        folders = {name: place for place, name in enumerate(new)}
        if new == old:
            return
        shown = {group.folder for group in self._rows.groups if group.folder}
        if new[: len(old)] == old and self._scope is Scope.CURRENT and shown <= set(old):
            self._folders.update(folders)  # the groups share it
            for name in new[len(old) :]:
                self._make_room(FOLDER + name)
            return
        self._folders = folders
        self._rebuild()

    def rearrange(self, names: Iterable[str], entries: Iterable[HistoryEntry]) -> None:
        """`set_folders` and `put_many`, shown at once: a view lays its rows out anew for each."""
        known = self._entries | {entry.id: entry for entry in entries}
        self._folders = {name: place for place, name in enumerate(dict.fromkeys(names))}
        self._rebuild(known)

    @property
    def tags(self) -> list[str]:
        """Every tag that is in use."""
        return sorted({tag for entry in self._entries.values() for tag in entry.tags}, key=str.casefold)

    def in_folder(self, name: str) -> list[HistoryEntry]:
        """Also pinned and archived ones."""
        return [entry for entry in self._entries.values() if entry.folder == name]

    @property
    def collapsed(self) -> list[str]:
        return sorted(self._collapsed)

    def set_collapsed(self, keys: Iterable[str]) -> None:
        self._collapsed = set(keys)
        self._rebuild()
        self.collapsed_changed.emit(self.collapsed)

    def collapse(self, key: str, collapsed: bool) -> None:
        """Hides or shows the conversations of a group."""
        place = self._rows.find(key)
        if place < 0 or self._rows.groups[place].collapsed is collapsed:
            return
        group, header = self._rows.groups[place], self._rows.start(place)
        (self._collapsed.add if collapsed else self._collapsed.discard)(key)
        first, last = header + 1, header + len(group.members)
        if group.members and collapsed:
            self.beginRemoveRows(QModelIndex(), first, last)
        elif group.members:
            self.beginInsertRows(QModelIndex(), first, last)
        group.collapsed = collapsed
        self._rows.recount()
        if group.members and collapsed:
            self.endRemoveRows()
        elif group.members:
            self.endInsertRows()
        self._touch(header)
        self.collapsed_changed.emit(self.collapsed)

    def group_of(self, conversation_id: str) -> str:
        """The key of the group that it stands in; "" where it is not of the scope."""
        place = self._rows.place_of(self._entries.get(conversation_id))
        return "" if place is None else place[0]

    def refresh(self) -> None:
        """For a timer: groups anew where the day is over, or the clock was set."""
        if not self._rows.days.until - LONGEST_DAY <= self._now() < self._rows.days.until:
            self._rebuild()

    # rows

    def row_of(self, conversation_id: str) -> int:
        """-1 where it is not shown."""
        place = self._rows.place_of(self._entries.get(conversation_id))
        return -1 if place is None else self._rows.row_at(place)

    def header_row(self, key: str) -> int:
        """-1 where there is no such group."""
        place = self._rows.find(key)
        return -1 if place < 0 else self._rows.start(place)

    def folder_row(self, name: str) -> int:
        return self.header_row(FOLDER + name)

    def entry(self, row: int) -> HistoryEntry | None:
        """None for a header."""
        group, inside = self._rows.at(row)
        return self._entries[group.members[inside - 1][1]] if inside else None

    def group(self, row: int) -> HistoryGroup:
        return self._rows.at(row)[0].shown()

    def _rebuild(self, entries: dict[str, HistoryEntry] | None = None) -> None:
        self.beginResetModel()  # who listens may still ask for what was there before
        if entries is not None:
            self._entries = entries
        self._rows = HistoryGroups(self._scope, Days(self._now()), self._folders, self._collapsed)
        self._rows.fill(self._entries)
        self.endResetModel()

    def _touch(self, row: int) -> None:
        if row >= 0:
            self.dataChanged.emit(self.index(row), self.index(row))

    def _make_room(self, key: str) -> None:
        """The group's header, where there is none yet."""
        if self._rows.find(key) >= 0:
            return
        group = self._rows.new(key)
        place = self._rows.place_for(group)
        row = self._rows.start(place)
        self.beginInsertRows(QModelIndex(), row, row)
        self._rows.groups.insert(place, group)
        self._rows.recount()
        self.endInsertRows()

    def _tidy(self, key: str) -> None:
        """The header's count; a group that has nothing to show goes."""
        place = self._rows.find(key)
        row = self._rows.start(place)
        if self._rows.stays(self._rows.groups[place]):
            self._touch(row)
            return
        self.beginRemoveRows(QModelIndex(), row, row)
        del self._rows.groups[place]
        self._rows.recount()
        self.endRemoveRows()

    def _put_in(self, place: Place) -> None:
        self._make_room(place[0])
        members, row = self._rows.groups[self._rows.find(place[0])].members, self._rows.row_at(place)
        if row >= 0:
            self.beginInsertRows(QModelIndex(), row, row)
        members.insert(bisect_left(members, place[1]), place[1])
        self._rows.recount()
        if row >= 0:
            self.endInsertRows()
        self._tidy(place[0])

    def _take_out(self, place: Place) -> None:
        members, row = self._rows.groups[self._rows.find(place[0])].members, self._rows.row_at(place)
        if row >= 0:
            self.beginRemoveRows(QModelIndex(), row, row)
        del members[bisect_left(members, place[1])]
        self._rows.recount()
        if row >= 0:
            self.endRemoveRows()
        self._tidy(place[0])

    def _move(self, before: Place, after: Place, entry: HistoryEntry) -> None:
        self._make_room(after[0])
        source, target = self._rows.row_at(before), self._rows.row_at(after)
        old, new = (self._rows.groups[self._rows.find(place[0])].members for place in (before, after))
        end: Callable[[], None] | None = None
        if source >= 0 and target >= 0:
            if target not in (source, source + 1):
                self.beginMoveRows(QModelIndex(), source, source, QModelIndex(), target)
                end = self.endMoveRows
        elif source >= 0:
            self.beginRemoveRows(QModelIndex(), source, source)
            end = self.endRemoveRows
        elif target >= 0:
            self.beginInsertRows(QModelIndex(), target, target)
            end = self.endInsertRows
        del old[bisect_left(old, before[1])]
        new.insert(bisect_left(new, after[1]), after[1])
        self._entries[entry.id] = entry
        self._rows.recount()
        if end is not None:
            end()
        self._touch(self.row_of(entry.id))
        for key in {before[0], after[0]}:
            self._tidy(key)

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else self._rows.row_count

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not index.isValid() or not 0 <= index.row() < self.rowCount():
            return None
        entry = self.entry(index.row())
        if role == GROUP_ROLE:
            return self.group(index.row())
        if role == ENTRY_ROLE:
            return entry
        if role == ID_ROLE:
            return entry.id if entry else ""
        return self._words(entry, role) if entry else self._header_words(self.group(index.row()), role)

    @staticmethod
    def _words(entry: HistoryEntry, role: int) -> str | None:
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.EditRole:
                return entry.title
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(entry.problem or entry.title)
            case Qt.ItemDataRole.AccessibleDescriptionRole:
                return described(entry)
        return None

    @staticmethod
    def _header_words(group: HistoryGroup, role: int) -> str | None:
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.EditRole:
                return group.label
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(group.label) if group.folder else None
            case Qt.ItemDataRole.AccessibleTextRole:
                return header_described(group)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        if not index.isValid() or not 0 <= index.row() < self.rowCount():
            return Qt.ItemFlag.ItemIsDropEnabled
        usual = Qt.ItemFlag.ItemIsEnabled | Qt.ItemFlag.ItemNeverHasChildren | Qt.ItemFlag.ItemIsDropEnabled
        editable = Qt.ItemFlag.ItemIsEditable | Qt.ItemFlag.ItemIsDragEnabled
        if self.entry(index.row()) is not None:
            usual |= Qt.ItemFlag.ItemIsSelectable | Qt.ItemFlag.ItemIsDragEnabled
            return usual if self._scope is Scope.TRASH else usual | editable
        return usual | editable if self.group(index.row()).folder else usual

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Renaming in place goes through the sidebar's signal; the model itself changes with the conversation."""
        return False

    def mimeTypes(self) -> list[str]:
        return [MIME, FOLDER_MIME]

    def mimeData(self, indexes: Iterable[Index]) -> QMimeData:
        made = QMimeData()
        shown = list(indexes)
        if ids := [index.data(ID_ROLE) for index in shown if index.data(ID_ROLE)]:
            made.setData(MIME, "\n".join(ids).encode())
        elif shown:
            made.setData(FOLDER_MIME, shown[0].data(GROUP_ROLE).folder.encode())
        return made


__all__ = ["GroupKind", "HistoryEntry", "HistoryGroup", "HistoryModel", "Scope"]
