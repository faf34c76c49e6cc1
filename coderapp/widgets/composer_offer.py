"""What can be done with a text that is too long to be pasted: a bar above the prompt."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QLabel, QPushButton, QVBoxLayout, QWidget

from coderapp.core.attachments import byte_count, line_count, size_words
from coderapp.widgets import metrics
from coderapp.widgets.flow import FlowLayout

MOST_PASTED = 2_000_000
"""Characters up to which a text may be put into the prompt all the same."""


class PasteOffer(QFrame):
    """Hidden while nothing is offered. Signals: `attached(text)`, `pasted(text)`: what was chosen for the text;
    `settled()`: one of the three was chosen.
    """

    attached = Signal(object)  # texts, passed as they are: Qt would copy them
    pasted = Signal(object)
    settled = Signal()

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._text = ""
        self._sentence = QLabel()
        self._sentence.setTextFormat(Qt.TextFormat.PlainText)
        self._sentence.setWordWrap(True)
        self._attach = _button("Attach as a file")
        self._attach.setProperty("kind", "primary")
        self._paste = _button("Paste into the prompt")
        self._discard = _button("Discard")
        row = FlowLayout()
        row.setSpacing(metrics.GAP)
        for button in (self._attach, self._paste, self._discard):
            row.addWidget(button)
        rows = QVBoxLayout(self)
        rows.setContentsMargins(0, metrics.GAP_SMALL, 0, metrics.GAP)
        rows.setSpacing(metrics.GAP)
        rows.addWidget(self._sentence)
        rows.addLayout(row)
        self._attach.clicked.connect(lambda: self._settle(self.attached.emit))
        self._paste.clicked.connect(lambda: self._settle(self.pasted.emit))
        self._discard.clicked.connect(lambda: self._settle(None))
        self.hide()

    @property
    def sentence(self) -> str:
        return self._sentence.text() if not self.isHidden() else ""

    @property
    def last_button(self) -> QPushButton:
        return self._discard

    def offer(self, text: str) -> None:
        """Shows the bar for `text`, in place of one that was shown; the first button has the focus."""
        self._text = text
        size, lines = size_words(byte_count(text)), line_count(text)
        self._sentence.setText(f"The pasted text is long ({size}, {lines:,} {'line' if lines == 1 else 'lines'}).")
        self.setAccessibleName(self._sentence.text())
        self._paste.setVisible(len(text) <= MOST_PASTED)
        self.show()
        self._attach.setFocus(Qt.FocusReason.PopupFocusReason)

    def drop(self) -> None:
        """Nothing is offered any more."""
        self._text = ""
        self.hide()

    def _settle(self, chosen: Callable[[str], object] | None) -> None:
        text = self._text
        self.drop()
        if chosen is not None:
            chosen(text)
        self.settled.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            for button in (self._attach, self._paste, self._discard):
                if button.hasFocus():
                    button.click()
        elif event.key() == Qt.Key.Key_Escape:
            self._discard.click()
        else:
            super().keyPressEvent(event)


def _button(text: str) -> QPushButton:
    button = QPushButton(text)
    button.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
    return button
