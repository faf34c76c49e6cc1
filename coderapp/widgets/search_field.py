"""The field to search every conversation with."""

from __future__ import annotations

from PySide6.QtCore import QEvent, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QLineEdit, QToolButton, QVBoxLayout, QWidget

from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

LONGEST = 1_000
"""Characters of a query."""

PROGRESS_AFTER = 400
"""Milliseconds that the index may take until its progress is told: mostly it is behind for a moment only."""


class _Edit(QLineEdit):
    """Leaves the keys that move in the results to whoever listens. Signals: `stepped(int)`, `chosen()`, `left()`,
    `entered()`: it got the focus by a key of its own or the mouse.
    """

    stepped = Signal(int)
    chosen = Signal()
    left = Signal()
    entered = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        match event.key():
            case Qt.Key.Key_Down | Qt.Key.Key_Up:
                self.stepped.emit(1 if event.key() == Qt.Key.Key_Down else -1)
            case Qt.Key.Key_PageDown | Qt.Key.Key_PageUp:
                self.stepped.emit(5 if event.key() == Qt.Key.Key_PageDown else -5)
            case Qt.Key.Key_Return | Qt.Key.Key_Enter:
                self.chosen.emit()
            case Qt.Key.Key_Escape:
                self.left.emit()
            case _:
                super().keyPressEvent(event)

    def event(self, event: QEvent) -> bool:
        # Esc stops an answer elsewhere in the window; here it leaves the search.
        override = event.type() is QEvent.Type.ShortcutOverride
        if override and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        # Not by Tab: who goes on to the list must find it in its place.
        if event.reason() in (Qt.FocusReason.ShortcutFocusReason, Qt.FocusReason.MouseFocusReason):
            self.entered.emit()


class SearchField(QFrame):
    """Signals: `query_changed(text)`; `stepped(int)`: to a result further on, or back; `chosen()`: the result is to be
    opened; `left()`: back to the list; `entered()`: the user came to search.
    """

    query_changed = Signal(str)
    stepped = Signal(int)
    chosen = Signal()
    left = Signal()
    entered = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("searchField")
        self._edit = _Edit()
        self._edit.setAccessibleName("Search all conversations")
        self._edit.setPlaceholderText("Search everything")
        self._edit.setToolTip("Search all conversations (Ctrl+Shift+F)")
        self._edit.setMaxLength(LONGEST)
        self._glass = QAction(self)
        self._edit.addAction(self._glass, QLineEdit.ActionPosition.LeadingPosition)
        self._clear = QAction("Leave the search (Esc)", self)
        self._clear.triggered.connect(self.left)
        self._edit.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self._clear.setVisible(False)
        names = ("Search", "Leave the search")
        for button, name in zip(self._edit.findChildren(QToolButton), names, strict=True):
            button.setAccessibleName(name)
        self._progress = QLabel()
        self._progress.setProperty("kind", "muted")
        self._progress.setTextFormat(Qt.TextFormat.PlainText)
        self._progress.hide()
        self._patience = QTimer(self, singleShot=True, interval=PROGRESS_AFTER)
        self._patience.timeout.connect(self._progress.show)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(metrics.GAP, 0, metrics.GAP, metrics.GAP)
        rows.setSpacing(metrics.GAP_SMALL)
        rows.addWidget(self._edit)
        rows.addWidget(self._progress)
        self.setFocusProxy(self._edit)
        self._edit.textChanged.connect(self._on_text)
        self._edit.stepped.connect(self.stepped)
        self._edit.chosen.connect(self.chosen)
        self._edit.left.connect(self.left)
        self._edit.entered.connect(self.entered)
        self.set_theme(theme)

    def set_theme(self, theme: Theme) -> None:
        self._glass.setIcon(icons.icon("search", theme.text_muted))
        self._clear.setIcon(icons.icon("close", theme.text_muted))

    @property
    def text(self) -> str:
        return self._edit.text()

    @property
    def has_focus(self) -> bool:
        return self._edit.hasFocus()

    def begin(self) -> None:
        """The user wants to search: the cursor stands in the field, what was typed last is selected."""
        self._edit.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self._edit.selectAll()

    def clear(self) -> None:
        self._edit.clear()

    def add(self, words: str) -> None:
        """Puts something behind what was typed."""
        before = self._edit.text()
        self._edit.setText(f"{before.rstrip()} {words}".lstrip() if before.strip() else words)
        self._edit.setFocus(Qt.FocusReason.OtherFocusReason)
        self._edit.end(False)

    def show_progress(self, done: int, total: int) -> None:
        """How much of what there is can be found; nothing is shown when all of it can."""
        if done >= total:
            self._patience.stop()
            self._progress.hide()
            return
        self._progress.setText(f"Indexing… {done:,} of {total:,}")
        if not self._progress.isVisible() and not self._patience.isActive():
            self._patience.start()

    def _on_text(self, text: str) -> None:
        self._clear.setVisible(bool(text))
        self.query_changed.emit(text)
