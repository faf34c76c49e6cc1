"""What a search through every conversation found, as a list."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt, SignalInstance

from coderapp.core.search import Found, Hit, Order
from coderapp.qt.tips import plain_tip

HIT_ROLE = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex

WHO = {"user": "You", "assistant": "Answer", "system": "System", "tool": "Tool result", "": "Title"}
"""By the role of a hit."""


class Searching(Protocol):
    """What searches: `done(found)` is called in the UI thread, for the newest query only.

    Signal: `progress(done, total)`: so much of what there is can be found; all of it where they are equal.
    """

    @property
    def progress(self) -> SignalInstance: ...

    def search(self, query: str, order: Order, done: Callable[[Found], None]) -> None: ...


class SearchModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._hits: tuple[Hit, ...] = ()

    def show(self, hits: tuple[Hit, ...]) -> None:
        if hits != self._hits:
            self.beginResetModel()
            self._hits = hits
            self.endResetModel()

    def hit(self, row: int) -> Hit:
        return self._hits[row]

    def row_of(self, hit: Hit) -> int:
        """The row of the same place; -1 where it was not found."""
        wanted = (hit.conversation_id, hit.message_id)
        places = [(other.conversation_id, other.message_id) for other in self._hits]
        return places.index(wanted) if wanted in places else -1

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._hits)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._hits):
            return None
        hit = self._hits[index.row()]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return hit.title
            case Qt.ItemDataRole.AccessibleTextRole:
                when = time.strftime("%d %B %Y", time.localtime(hit.created))
                return f"{hit.title}. {who(hit)}, {when}: {hit.snippet}"
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(f"{hit.title}\n{hit.snippet}")
            case _ if role == HIT_ROLE:
                return hit
        return None


def who(hit: Hit) -> str:
    """Who said it: the model where it is known."""
    return hit.model or WHO.get(hit.role, hit.role)
