"""The branches of a conversation as a list that is drawn as a tree."""

from __future__ import annotations

from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractListModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from coderapp.core.branches import Run, outline, place_of
from coderapp.core.conversation import Conversation, title_from
from coderapp.core.message import Message, Role
from coderapp.qt.tips import plain_tip

TWIG_ROLE = Qt.ItemDataRole.UserRole + 1

MOST_LANES = 16
"""Lanes that are drawn side by side; what branches off deeper, from 65,000 messages on, stands in the last one."""

Index = QModelIndex | QPersistentModelIndex


class Twig(NamedTuple):
    """A run and what is drawn of it. Of the lines that pass it in the lanes to its left, `passing` says which are part
    of the active path below it, `entering` which above it; `leaving`: the one that goes on below the run itself.
    """

    run: Run
    entering: tuple[bool, ...]
    passing: tuple[bool, ...]
    leaving: bool

    @property
    def lane(self) -> int:
        return min(self.run.lane, MOST_LANES)


def twigs_of(runs: list[Run]) -> list[Twig]:
    """With the lines between them: from the last to the first, for a line is active where something below it is."""
    below = [False] * (MOST_LANES + 1)
    found: list[Twig] = []
    for run in reversed(runs):
        lane = min(run.lane, MOST_LANES)
        passing, leaving = tuple(below[:lane]), below[lane]
        below[lane] = run.joined and run.active
        if not run.joined and lane:
            below[lane - 1] = below[lane - 1] or run.active
        found.append(Twig(run, tuple(below[:lane]), passing, leaving))
    found.reverse()
    return found


class BranchModel(QAbstractListModel):
    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._conversation = Conversation("", 0.0)
        self._runs: list[Run] = []
        self._twigs: list[Twig] = []

    def show(self, conversation: Conversation) -> None:
        self.beginResetModel()
        self._conversation = conversation
        self._runs = outline(conversation)
        self._twigs = twigs_of(self._runs)
        self.endResetModel()

    def row_of(self, message_id: str) -> int:
        """The row of the run that a message belongs to; -1 where it is not there."""
        return place_of(self._runs, self._conversation, message_id)

    @property
    def branches(self) -> int:
        """How many ends the conversation has."""
        return sum(not run.goes_on for run in self._runs)

    def first_message(self, row: int) -> str:
        return self._runs[row].first

    # Qt

    def rowCount(self, parent: Index | None = None) -> int:
        return 0 if parent is not None and parent.isValid() else len(self._runs)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Any:
        if not 0 <= index.row() < len(self._twigs):
            return None
        twig = self._twigs[index.row()]
        message = self._conversation.messages[twig.run.first]
        match role:
            case Qt.ItemDataRole.DisplayRole:
                return _words(message)
            case Qt.ItemDataRole.AccessibleTextRole:
                return _told(twig.run, message)
            case Qt.ItemDataRole.ToolTipRole:
                return plain_tip(f"{_who(message)}: {message.text.strip()[:300] or _words(message)}")
            case _ if role == TWIG_ROLE:
                return twig
        return None


def _who(message: Message) -> str:
    return "You" if message.role is Role.USER else "Answer"


def _words(message: Message) -> str:
    if not message.text.strip():
        return message.files[0].name if message.files else f"{_who(message)} without words"
    return title_from(message.text)


def _told(run: Run, message: Message) -> str:
    """For a screen reader, which does not see the lines."""
    where = f"Branch {run.place + 1} of {run.of}, level {run.lane + 1}" if run.of > 1 else "Beginning"
    shown = ", shown" if run.active else ""
    count = "1 message" if run.count == 1 else f"{run.count:,} messages"
    return f"{where}{shown}. {_who(message)}: {_words(message)}. {count}"
