"""The trash: what was deleted, how long it stays, the way back, and the way out."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QPoint, Qt, Signal
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QMenu, QPushButton, QVBoxLayout, QWidget

from coderapp.qt.history_model import ENTRY_ROLE, ID_ROLE, HistoryModel
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics
from coderapp.widgets.history_list import HistoryList


class HistoryTrash(QWidget):
    """Signals: `restore_requested(keys)`; `destroy_requested(keys)`: after it was asked for twice; `left()`: Esc."""

    restore_requested = Signal(list)
    destroy_requested = Signal(list)
    left = Signal()

    def __init__(self, theme: Theme, model: HistoryModel, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._model = model
        self._doomed: list[str] = []
        self._note = QLabel()
        self._note.setProperty("kind", "muted")
        self._note.setWordWrap(True)
        self._note.setContentsMargins(
            metrics.PANEL_PADDING, metrics.GAP_SMALL, metrics.PANEL_PADDING, metrics.GAP_SMALL
        )
        self._list = HistoryList(theme, model)
        self._list.setObjectName("trashList")
        self._list.setAccessibleName("Recently deleted conversations")
        self._restore = QPushButton("Restore")
        self._destroy = QPushButton("Delete for good…")
        self._empty = QPushButton("Empty…")
        self._question = QLabel()
        self._question.setWordWrap(True)
        self._question.setTextFormat(Qt.TextFormat.PlainText)
        self._yes = QPushButton("Delete for good")
        self._no = QPushButton("Keep")
        self._confirmation = QFrame()
        self._confirmation.setObjectName("confirmation")
        self._build()
        self._connect()
        self._show()

    def _build(self) -> None:
        inside = QVBoxLayout(self._confirmation)
        inside.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP)
        inside.addWidget(self._question)
        answers = QHBoxLayout()
        answers.addWidget(self._yes)
        answers.addWidget(self._no)
        answers.addStretch(1)
        inside.addLayout(answers)
        self._buttons = QWidget()
        row = QVBoxLayout(self._buttons)
        row.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP)
        row.setSpacing(metrics.GAP_SMALL)
        above = QHBoxLayout()
        above.addWidget(self._restore, 1)
        above.addWidget(self._empty, 1)
        row.addLayout(above)
        row.addWidget(self._destroy)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.setSpacing(0)
        for widget, stretch in ((self._note, 0), (self._list, 1), (self._buttons, 0), (self._confirmation, 0)):
            rows.addWidget(widget, stretch)
        self._confirmation.hide()

    def _connect(self) -> None:
        self._restore.clicked.connect(lambda: self.restore_requested.emit(self._list.selected()))
        self._destroy.clicked.connect(lambda: self._ask(self._list.selected()))
        self._empty.clicked.connect(lambda: self._ask([entry.id for entry in self._model.listed()]))
        self._list.delete_requested.connect(lambda: self._ask(self._list.selected()))
        self._list.left.connect(self._on_left)
        self._list.customContextMenuRequested.connect(self._on_menu)
        self._list.selectionModel().selectionChanged.connect(lambda *_: self._show())
        self._model.modelReset.connect(self._show)
        self._yes.clicked.connect(self._on_yes)
        self._no.clicked.connect(self._end_question)

    def set_theme(self, theme: Theme) -> None:
        self._list.set_theme(theme)

    # asking

    def _ask(self, keys: list[str]) -> None:
        """In a line of its own; the only thing in the history that can't be undone."""
        if not keys:
            return
        self._doomed = keys
        entry = self._model.get(keys[0])
        what = f"“{entry.title}”" if len(keys) == 1 and entry is not None else f"{len(keys)} conversations"
        self._question.setText(f"Delete {what} for good? This can't be undone.")
        self._buttons.hide()
        self._confirmation.show()
        self._no.setFocus()

    def _on_yes(self) -> None:
        doomed = self._doomed
        self._end_question()
        self.destroy_requested.emit(doomed)

    def _end_question(self) -> None:
        self._doomed = []
        self._confirmation.hide()
        self._buttons.setVisible(bool(self._model.listed()))
        self._list.setFocus()

    def _on_left(self) -> None:
        if self._doomed:
            self._end_question()
        else:
            self.left.emit()

    def _on_menu(self, at: QPoint) -> None:
        index = self._list.indexAt(at)
        if not index.isValid() or index.data(ENTRY_ROLE) is None:
            return
        chosen = self._list.selected()
        keys = chosen if index.data(ID_ROLE) in chosen else [index.data(ID_ROLE)]
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        _act(menu, "Restore", lambda: self.restore_requested.emit(keys))
        _act(menu, "Delete for good…", lambda: self._ask(keys))
        menu.popup(self._list.viewport().mapToGlobal(at))

    def _show(self) -> None:
        there = bool(self._model.listed())
        if self._doomed and any(self._model.get(key) is None for key in self._doomed):
            self._end_question()  # of what is gone meanwhile
        self._note.setText(
            "Deleted conversations stay here for 30 days." if there else "Nothing was deleted in the last 30 days."
        )
        self._buttons.setVisible(there and not self._doomed)
        for button in (self._restore, self._destroy):
            button.setEnabled(bool(self._list.selected()))


def _act(menu: QMenu, text: str, act: Callable[[], None]) -> None:
    menu.addAction(text).triggered.connect(lambda _=False: act())
