"""What stands in an empty conversation: four prompts worth trying."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QResizeEvent
from PySide6.QtWidgets import QGridLayout, QHBoxLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from coderapp.widgets import metrics

SUGGESTIONS = (
    ("A login form", "A login form in HTML and CSS with validation"),
    ("A pricing page", "A pricing section with three plans in Tailwind"),
    ("A native list", "A list with swipe actions in SwiftUI"),
    ("A useful function", "Debounce and throttle in JavaScript"),
)


class SuggestionButton(QPushButton):
    """A name over the prompt that it sends."""

    def __init__(self, name: str, prompt: str) -> None:
        super().__init__()
        self.setProperty("kind", "suggestion")
        self.setAccessibleName(prompt)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP, metrics.PANEL_PADDING, metrics.GAP)
        rows.setSpacing(metrics.GAP_SMALL)
        for text, kind in ((name, "strong"), (prompt, "muted")):
            label = QLabel(text)
            label.setProperty("kind", kind)
            label.setWordWrap(True)
            label.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
            rows.addWidget(label)
        self.setMinimumHeight(metrics.SUGGESTION_HEIGHT)


class EmptyState(QWidget):
    """Signal: `chosen(prompt)`."""

    chosen = Signal(str)

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("emptyState")
        title = QLabel("What shall we build?")
        font = title.font()
        font.setPointSizeF(font.pointSizeF() * 1.7)
        font.setWeight(font.Weight.DemiBold)
        title.setFont(font)
        title.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._about = QLabel()
        self._about.setTextFormat(Qt.TextFormat.PlainText)
        self._about.setProperty("kind", "muted")
        self._about.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._about.setWordWrap(True)
        self._grid = QGridLayout()
        self._grid.setSpacing(metrics.GAP)
        self._buttons: list[QPushButton] = []
        for name, prompt in SUGGESTIONS:
            button = SuggestionButton(name, prompt)
            button.clicked.connect(lambda _=False, text=prompt: self.chosen.emit(text))
            self._buttons.append(button)
        self._columns = 0
        self._arrange(2)
        column = QWidget()
        column.setMaximumWidth(metrics.COLUMN_WIDTH - 160)
        rows = QVBoxLayout(column)
        rows.setSpacing(metrics.GAP)
        rows.addWidget(title)
        rows.addWidget(self._about)
        rows.addSpacing(metrics.GAP_LARGE)
        rows.addLayout(self._grid)
        outside = QVBoxLayout(self)
        outside.addStretch(2)
        centred = QHBoxLayout()
        centred.addStretch(1)
        centred.addWidget(column, 1000)
        centred.addStretch(1)
        outside.addLayout(centred)
        outside.addStretch(3)

    def _arrange(self, columns: int) -> None:
        if columns != self._columns:
            self._columns = columns
            for place, button in enumerate(self._buttons):
                self._grid.addWidget(button, place // columns, place % columns)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange(2 if event.size().width() >= metrics.TWO_COLUMNS_FROM else 1)

    def show_about(self, sentence: str) -> None:
        """Who will answer."""
        self._about.setText(sentence)
