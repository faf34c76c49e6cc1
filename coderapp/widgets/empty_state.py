"""What stands in an empty conversation: four prompts worth trying."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QVBoxLayout, QWidget

from coderapp.widgets import metrics

SUGGESTIONS = (
    ("A login form", "A login form in HTML and CSS with validation"),
    ("A pricing page", "A pricing section with three plans in Tailwind"),
    ("A native list", "A list with swipe actions in SwiftUI"),
    ("A useful function", "Debounce and throttle in JavaScript"),
)


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
        self._about.setProperty("kind", "muted")
        self._about.setAlignment(Qt.AlignmentFlag.AlignHCenter)
        self._about.setWordWrap(True)
        grid = QGridLayout()
        grid.setSpacing(metrics.GAP)
        for place, (name, prompt) in enumerate(SUGGESTIONS):
            button = QPushButton(f"{name}\n{prompt}")
            button.setProperty("kind", "suggestion")
            button.setAccessibleName(prompt)
            button.setMinimumHeight(62)
            button.clicked.connect(lambda _=False, text=prompt: self.chosen.emit(text))
            grid.addWidget(button, place // 2, place % 2)
        column = QWidget()
        column.setMaximumWidth(metrics.COLUMN_WIDTH - 160)
        rows = QVBoxLayout(column)
        rows.setSpacing(metrics.GAP)
        rows.addWidget(title)
        rows.addWidget(self._about)
        rows.addSpacing(metrics.GAP_LARGE)
        rows.addLayout(grid)
        outside = QVBoxLayout(self)
        outside.addStretch(2)
        outside.addWidget(column, 0, Qt.AlignmentFlag.AlignHCenter)
        outside.addStretch(3)

    def show_about(self, sentence: str) -> None:
        """Who will answer."""
        self._about.setText(sentence)
