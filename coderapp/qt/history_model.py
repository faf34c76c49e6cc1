"""The list of conversations, newest first."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from coderapp.qt.tips import plain_tip

ID_ROLE = Qt.ItemDataRole.UserRole + 1
ENTRY_ROLE = Qt.ItemDataRole.UserRole + 2

Index = QModelIndex | QPersistentModelIndex


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """What the list shows of a conversation. `updated` is Unix time; `problem` a sentence on a file that is damaged."""

    id: str
    title: str
    updated: float
    problem: str = ""
    busy: bool = False
    folder: str = ""
    tags: tuple[str, ...] = ()
    pinned: bool = False
    archived: bool = False


class HistoryModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._entries: list[HistoryEntry] = []

    def reset(self, entries: list[HistoryEntry]) -> None:
        self.beginResetModel()
        self._entries = sorted(entries, key=lambda entry: entry.updated, reverse=True)
        self.endResetModel()

    def put(self, entry: HistoryEntry) -> None:
        """Adds an entry or shows it anew, at its place."""
        row = self.row_of(entry.id)
        if row >= 0 and self._entries[row].updated == entry.updated:
            self._entries[row] = entry
            index = self.index(row)
            self.dataChanged.emit(index, index)
            return
        target = next(
            (n for n, other in enumerate(self._entries) if entry.updated >= other.updated), len(self._entries)
        )
        if row < 0:
            self.beginInsertRows(QModelIndex(), target, target)
            self._entries.insert(target, entry)
            self.endInsertRows()
            return
        if target not in (row, row + 1):
            self.beginMoveRows(QModelIndex(), row, row, QModelIndex(), target)
            self._entries.pop(row)
            row = target if target < row else target - 1
            self._entries.insert(row, entry)
            self.endMoveRows()
        self._entries[row] = entry
        index = self.index(row)
        self.dataChanged.emit(index, index)

    def remove(self, conversation_id: str) -> None:
        row = self.row_of(conversation_id)
        if row >= 0:
            self.beginRemoveRows(QModelIndex(), row, row)
            del self._entries[row]
            self.endRemoveRows()

    def set_busy(self, conversation_id: str, busy: bool) -> None:
        row = self.row_of(conversation_id)
        if row >= 0:
            self._entries[row] = replace(self._entries[row], busy=busy)
            self.dataChanged.emit(self.index(row), self.index(row))

    def row_of(self, conversation_id: str) -> int:
        return next((row for row, entry in enumerate(self._entries) if entry.id == conversation_id), -1)

    def entry(self, row: int) -> HistoryEntry:
        return self._entries[row]

    def neighbour(self, conversation_id: str) -> str:
        """The id of the entry that takes its place when this one goes; "" where there is none."""
        row = self.row_of(conversation_id)
        others = [self._entries[n].id for n in (row + 1, row - 1) if 0 <= n < len(self._entries)]
        return others[0] if row >= 0 and others else ""

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._entries):
            return None
        entry = self._entries[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole | Qt.ItemDataRole.AccessibleTextRole | Qt.ItemDataRole.EditRole:
                return entry.title
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(entry.problem or entry.title)
            case _ if role == ID_ROLE:
                return entry.id
            case _ if role == ENTRY_ROLE:
                return entry
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsEditable if index.isValid() else flags

    def setData(self, index: Index, value: Any, role: int = Qt.ItemDataRole.EditRole) -> bool:
        """Renaming in place goes through the sidebar's signal; the model itself changes with the conversation."""
        return False
