"""The active path of a conversation as rows, for the view."""

from __future__ import annotations

from enum import Enum
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from coderapp.core.conversation import BranchPosition
from coderapp.core.message import FinishReason, Message


class RowState(Enum):
    """What a row is doing. WAITING and STREAMING belong to the one answer that is on its way."""

    SETTLED = "settled"
    WAITING = "waiting"
    STREAMING = "streaming"


ONLY = BranchPosition(0, 1)


class Row(NamedTuple):  # made by the ten thousand: a frozen dataclass takes four times as long
    """A message as it stands on screen. `notice`: a passing sentence, e.g. that a request goes out again."""

    message: Message
    branch: BranchPosition = ONLY
    state: RowState = RowState.SETTLED
    notice: str = ""
    starred: bool = False

    @property
    def failed(self) -> bool:
        generation = self.message.generation
        return generation is not None and generation.finish is FinishReason.FAILED


class ConversationModel(QObject):
    """Signals: `was_reset()`: all rows are others. `rows_replaced(first)`: the rows from `first` on are others, those
    before are the same. `row_changed(index)`: anything but its text.
    `text_appended(index, text)`: the text of the last row grew; its `message.text`
    lags behind until it settles.
    """

    was_reset = Signal()
    rows_replaced = Signal(int)
    row_changed = Signal(int)
    text_appended = Signal(int, str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.rows: list[Row] = []
        self._tail: list[str] = []

    def reset(self, rows: list[Row]) -> None:
        self.rows = rows
        self._tail.clear()
        self.was_reset.emit()

    def show(self, rows: list[Row]) -> None:
        """The rows are now these; those at the beginning that stay are left alone."""
        same = 0
        for known, row in zip(self.rows, rows, strict=False):
            if known.message is not row.message or known[1:3] != row[1:3] or known.starred != row.starred:
                break
            same += 1
        if not same:
            self.reset(rows)
        elif same < len(rows) or same < len(self.rows):
            self.rows[same:] = rows[same:]
            self._tail.clear()
            self.rows_replaced.emit(same)

    def change(self, index: int, **fields: object) -> None:
        """Changes fields of a row. A `message` must have the text that was appended so far."""
        self.rows[index] = self.rows[index]._replace(**fields)  # type: ignore[arg-type]
        if "message" in fields:
            self._tail.clear()
        self.row_changed.emit(index)

    def append_text(self, index: int, text: str) -> None:
        self._tail.append(text)
        self.text_appended.emit(index, text)

    def tail(self, index: int) -> str:
        """The text by which a row's message lags behind what was appended: for a view that comes to it late."""
        return "".join(self._tail) if index == len(self.rows) - 1 else ""

    def index_of(self, message_id: str) -> int:
        """The row of a message; -1 where it is not on the active path."""
        for index in range(len(self.rows) - 1, -1, -1):
            if self.rows[index].message.id == message_id:
                return index
        return -1
