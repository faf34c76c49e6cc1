"""A line over the foot of the conversation for what just happened, with at most one thing to do about it."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QHideEvent
from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QPushButton, QToolButton, QWidget

from coderapp.qt import icons
from coderapp.qt.theme import Theme
from coderapp.widgets import metrics

SHORT_MS = 2500
LONG_MS = 10_000


class NoticeBar(QFrame):
    """Shows one notice at a time; the newest wins, and a warning that something short has covered comes back. Floats:
    nothing moves for it.

    Signal: `changed()`: shown, hidden, or of another size.
    """

    changed = Signal()

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setObjectName("noticeBar")
        self._act: Callable[[], None] | None = None
        self._warning = ""
        self._text = QLabel()
        self._text.setTextFormat(Qt.TextFormat.PlainText)
        self._text.setWordWrap(True)
        self._button = QPushButton()
        self._close = QToolButton()
        self._close.setAccessibleName("Close notice")
        row = QHBoxLayout(self)
        row.setContentsMargins(metrics.PANEL_PADDING, metrics.GAP_SMALL, metrics.GAP, metrics.GAP_SMALL)
        row.addWidget(self._text, 1)
        row.addWidget(self._button)
        row.addWidget(self._close)
        self._timer = QTimer(self, singleShot=True)
        self._timer.timeout.connect(self._on_over)
        self._button.clicked.connect(self.act)
        self._close.clicked.connect(self._on_closed)
        self.set_theme(theme)
        self.hide()

    def set_theme(self, theme: Theme) -> None:
        self._close.setIcon(icons.icon("close", theme.text_muted))

    @property
    def text(self) -> str:
        return self._text.text() if self.isVisible() else ""

    def tell(self, sentence: str) -> None:
        """Something went as wished; gone after a moment."""
        self._show(sentence, SHORT_MS)

    def warn(self, sentence: str) -> None:
        """Something to know; stays until it is closed or another comes."""
        self._warning = sentence
        self._show(sentence, 0)

    def mention(self, sentence: str) -> None:
        """Something to know that is worth less than what stands here already, if that is a warning."""
        if not (self._warning and self.isVisible()):
            self.warn(sentence)

    def offer(self, sentence: str, label: str, act: Callable[[], None]) -> None:
        """Something that can be taken back, or acted on, for ten seconds."""
        self._warning = ""
        self._show(sentence, LONG_MS)
        self._act = act
        self._button.setText(label)
        self._button.show()
        self.changed.emit()

    def act(self) -> None:
        """Does what is offered, if something is."""
        act, self._act = self._act, None
        self.hide()
        if act is not None:
            act()

    @property
    def offers(self) -> bool:
        return self._act is not None and self.isVisible()

    def _show(self, sentence: str, lasts: int) -> None:
        self._act = None
        self._button.hide()
        self._text.setText(sentence)
        self.show()
        self._timer.stop()
        if lasts:
            self._timer.start(lasts)
        self.changed.emit()

    def _on_over(self) -> None:
        if self._warning:
            self._show(self._warning, 0)
        else:
            self.hide()

    def _on_closed(self) -> None:
        self._warning = ""
        self.hide()

    def hideEvent(self, event: QHideEvent) -> None:
        super().hideEvent(event)
        self.changed.emit()
