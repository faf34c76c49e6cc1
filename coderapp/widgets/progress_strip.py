"""How far long work is, and a button to end it. Floats over the foot of the conversation, above the notice."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QProgressBar, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from coderapp.qt.tips import plain_tip
from coderapp.widgets import metrics

STEPS = 1000
SHOW_AFTER_MS = 300
"""What is done sooner needs no strip."""


class ProgressStrip(QFrame):
    """Signal: `changed()`: shown, hidden, or of another size."""

    changed = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self._cancel_work: Callable[[], None] | None = None
        self._words = ""
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        # Titles come and go: they must not push the strip wider.
        self._text.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._bar = QProgressBar()
        self._bar.setTextVisible(False)
        self._bar.setFixedHeight(metrics.PROGRESS_HEIGHT)
        self._cancel = QPushButton("Cancel")
        column = QVBoxLayout()
        column.setSpacing(metrics.GAP_SMALL)
        column.addWidget(self._text)
        column.addWidget(self._bar)
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP)
        row.setSpacing(metrics.PANEL_PADDING)
        row.addLayout(column, 1)
        row.addWidget(self._cancel)
        self._cancel.clicked.connect(self._on_cancel)
        self._timer = QTimer(self, singleShot=True, interval=SHOW_AFTER_MS)
        self._timer.timeout.connect(self._appear)
        self.hide()

    def begin(self, words: str, cancel: Callable[[], None]) -> None:
        """`words` say what is done ("Exporting"); the strip appears in a moment, if it is not over by then."""
        self._words = words
        self._cancel_work = cancel
        self._bar.setRange(0, 0)  # it is not known yet how far it is
        self._bar.setAccessibleName(words)
        self._cancel.setAccessibleName(f"Cancel: {words}")
        self._cancel.setEnabled(True)
        self._text.setText(f"{words}…")
        self._timer.start()

    def show_part(self, part: float, title: str = "") -> None:
        """`part` is 0 to 1."""
        self._bar.setRange(0, STEPS)
        self._bar.setValue(round(part * STEPS))
        line = " ".join(f"{self._words}: {title}".split()) if title else f"{self._words}…"
        self._text.setText(self._text.fontMetrics().elidedText(line, Qt.TextElideMode.ElideRight, self._text.width()))
        self._text.setToolTip(plain_tip(title))

    def end(self) -> None:
        self._timer.stop()
        self._cancel_work = None
        self.hide()

    def _appear(self) -> None:
        self.show()
        self.changed.emit()

    def _on_cancel(self) -> None:
        self._cancel.setEnabled(False)
        self._text.setText("Cancelling…")
        cancel, self._cancel_work = self._cancel_work, None
        if cancel is not None:
            cancel()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.changed.emit()
